"""Both worlds compute the same numbers."""

import numpy as np
import pytest
import torch

from charrnn.inference.classifier import Classifier
from charrnn.inference.generator import Generator
from charrnn.text import PIPELINES, Compose
from charrnn.training.dataset import NameDataset, collate_classifier, collate_generator
from tests.conftest import CLASSIFIER_CASES, config, network, random_names


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


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("n", [1, 2, 37, 300])
def test_generator(cell, n):
    cfg = config("generator", cell=cell, hidden=20, embedding=12, label_embedding=5)
    module, weights = network(cfg, seed=n)
    model = Generator(cfg, weights)
    names = random_names(n, longest=30, seed=n)
    labels = [i % 3 for i in range(n)]
    transform = Compose(PIPELINES[cfg.pipeline], model.vocabulary.encode)
    data = NameDataset(names, labels, transform)
    batch = collate_generator([data[i] for i in range(n)])
    with torch.no_grad():
        logp = torch.log_softmax(module(*batch.inputs), -1)
    targets = batch.targets.clamp(min=0)
    expected = (logp.gather(-1, targets.unsqueeze(-1)).squeeze(-1) * (batch.targets >= 0)).sum(1).numpy()
    got = model.log_probabilities(names, [cfg.labels[i] for i in labels])
    characters = np.array([model.count_characters(name) for name in names])
    assert (np.abs(got - expected) / characters).max() < 1e-5


def test_saturated_states_do_not_overflow():
    cfg = config("classifier", cell="lstm", hidden=4, embedding=4, bidirectional=True, pooling="last")
    _, weights = network(cfg)
    huge = {name: array * 1e4 for name, array in weights.items()}
    with np.errstate(all="raise", under="ignore"):
        p = Classifier(cfg, huge).probabilities(["abc"])
    assert p.sum() == pytest.approx(1)
