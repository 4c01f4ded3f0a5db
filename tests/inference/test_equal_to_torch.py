"""Both worlds compute the same numbers."""

import dataclasses

import numpy as np
import pytest
import torch

from charrnn.inference.classifier import Classifier
from charrnn.inference.generator import Generator
from charrnn.model_config import ANY, ANY_KIND
from charrnn.text import PIPELINES, Compose, pad
from charrnn.training.dataset import NameDataset, collate_classifier, collate_generator
from tests.conftest import CLASSIFIER_CASES, KINDS, config, network, random_names


@pytest.mark.parametrize(("cell", "bidirectional", "pooling"), CLASSIFIER_CASES)
@pytest.mark.parametrize("n", [1, 2, 37, 300])
def test_classifier(cell, bidirectional, pooling, n):
    cfg = config("classifier", cell=cell, hidden=20, embedding=12, bidirectional=bidirectional, pooling=pooling)
    module, weights = network(cfg, seed=n)
    model = Classifier(cfg, weights)
    names = random_names(n, longest=30, seed=n)
    transform = Compose(PIPELINES[cfg.pipeline], model.vocabulary.encode)
    data = NameDataset(names, [0] * n, transform)
    batch = collate_classifier([data[i] for i in range(n)])
    with torch.no_grad():
        expected = torch.softmax(module(*batch.inputs), -1).numpy()
    assert np.abs(model.probabilities(names) - expected).max() < 1e-5


@pytest.mark.parametrize("n", [1, 37])
def test_classifier_of_kinds(n):
    cfg = config("classifier", cell="gru", hidden=20, embedding=12, bidirectional=True, pooling="mean-last")
    cfg = dataclasses.replace(cfg, **KINDS)
    module, weights = network(cfg, seed=n)
    model, names = Classifier(cfg, weights), random_names(n, seed=n)
    chars, lengths = pad([model.vocabulary.encode(name) for name in names])
    with torch.no_grad():
        p = torch.softmax(module(torch.from_numpy(chars), torch.from_numpy(lengths)), -1).numpy().reshape(n, 3, 2)
    assert np.abs(model.probabilities(names) - p.sum(axis=2)).max() < 1e-5
    for i, kind in enumerate(cfg.kinds):
        own = p[:, :, i] / p[:, :, i].sum(axis=1, keepdims=True)
        assert np.abs(model.probabilities(names, kind=kind) - own).max() < 1e-5


@pytest.mark.parametrize("kinds", [{}, KINDS])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("n", [1, 2, 37, 300])
def test_generator(cell, n, kinds):
    cfg = dataclasses.replace(config("generator", cell=cell, hidden=20, embedding=12, label_embedding=5), **kinds)
    module, weights = network(cfg, seed=n)
    model = Generator(cfg, weights)
    names = random_names(n, longest=30, seed=n)
    labels = [[*cfg.labels, ANY][i % 4] for i in range(n)]
    own_kinds = [[*cfg.kinds, ANY_KIND][i // 4 % model.model.kind_rows] for i in range(n)]
    rows = [
        model.label_index(label) * model.model.kind_rows + model.kind_index(kind)
        for label, kind in zip(labels, own_kinds, strict=True)
    ]
    transform = Compose(PIPELINES[cfg.pipeline], model.vocabulary.encode)
    data = NameDataset(names, rows, transform)
    batch = collate_generator([data[i] for i in range(n)])
    with torch.no_grad():
        logp = torch.log_softmax(module(*batch.inputs), -1)
    targets = batch.targets.clamp(min=0)
    expected = (logp.gather(-1, targets.unsqueeze(-1)).squeeze(-1) * (batch.targets >= 0)).sum(1).numpy()
    got = model.log_probabilities(names, labels, own_kinds)
    characters = np.array([model.count_characters(name) for name in names])
    assert (np.abs(got - expected) / characters).max() < 1e-5


def test_saturated_states_do_not_overflow():
    cfg = config("classifier", cell="lstm", hidden=4, embedding=4, bidirectional=True, pooling="last")
    _, weights = network(cfg)
    huge = {name: array * 1e4 for name, array in weights.items()}
    with np.errstate(all="raise", under="ignore"):
        p = Classifier(cfg, huge).probabilities(["abc"])
    assert p.sum() == pytest.approx(1)
