"""The seam: inference on the exported graph gives what inference in NumPy gives."""

import dataclasses

import numpy as np
import pytest

from charrnn import model_folder
from charrnn.corpus import Corpus
from charrnn.inference import load
from charrnn.inference.evaluation import evaluate
from charrnn.onnx.export import export
from charrnn.onnx.runtime import load_graph
from tests.conftest import config, network, random_names

NAMES = ["Satoshi", "Papadopoulos", "", "O'Sullivan", "Li", "42", "Xqz", "Юрьев", "Li", *random_names(40)]


@pytest.fixture(scope="module")
def models(shipped, tmp_path_factory):
    """Each model in NumPy and in ONNX Runtime: the shipped ones, and LSTMs without n-grams, some of kinds."""
    out = tmp_path_factory.mktemp("graphs")
    folders = {f"shipped-{task}": shipped / task for task in ("classifier", "generator")}
    lstms = {
        "classifier": {"bidirectional": True, "pooling": "max"},
        "generator": {"label_embedding": 5},
    }
    for task, architecture in lstms.items():
        cfg = config(task, cell="lstm", hidden=20, embedding=12, **architecture)
        of_kinds = dataclasses.replace(cfg, kinds=["given", "surname"], class_counts=[5, 3, 2, 1, 4, 2])
        for source, own in (("lstm", cfg), ("kinds", of_kinds)):
            folder = folders[f"{source}-{task}"] = out / f"{source}-folder" / task
            model_folder.write(folder, own, network(own)[1], card="")
    return {name: (load(folder), load_graph(folder, export(folder, out / name))) for name, folder in folders.items()}


@pytest.mark.parametrize("source", ["shipped", "lstm", "kinds"])
def test_a_classifier_answers_alike(models, source):
    own, graph = models[f"{source}-classifier"]
    for prior in ("model", "uniform"):
        expected, found = own.probabilities(NAMES, prior), graph.probabilities(NAMES, prior)
        assert (np.isnan(found) == np.isnan(expected)).all()
        assert np.nanmax(np.abs(found - expected)) < 1e-5
    for kind in own.config.kinds:
        expected, found = own.probabilities(NAMES, kind=kind), graph.probabilities(NAMES, kind=kind)
        assert np.nanmax(np.abs(found - expected)) < 1e-5
    assert [p.reason for p in graph.predict(NAMES)] == [p.reason for p in own.predict(NAMES)]
    assert graph.probabilities(["", "42"]).shape == (2, len(own.labels))
    for name in ("O'Sullivan", "Papadopoulos"):
        expected, found = own.explain(name), graph.explain(name)
        assert found.label == expected.label
        assert np.abs(np.subtract(found.attributions, expected.attributions)).max() < 1e-3


@pytest.mark.parametrize("source", ["shipped", "lstm", "kinds"])
def test_a_generator_scores_alike(models, source):
    own, graph = models[f"{source}-generator"]
    names = [name for name in NAMES if name]
    labels = [[*own.labels, "*"][i % (len(own.labels) + 1)] for i in range(len(names))]
    expected, found = own.log_probabilities(names, labels), graph.log_probabilities(names, labels)
    assert np.abs(found - expected).max() < 1e-4
    for kind in own.config.kinds:
        expected, found = (m.log_probabilities(names, labels, [kind] * len(names)) for m in (own, graph))
        assert np.abs(found - expected).max() < 1e-4
    assert graph.sample(own.labels[0], n=20, seed=3) == own.sample(own.labels[0], n=20, seed=3)


def test_evaluate_takes_a_model_in_onnx_runtime(models, small_corpus_dir):
    corpus = Corpus.read(small_corpus_dir)
    for task in ("classifier", "generator"):
        own, graph = models[f"shipped-{task}"]
        expected, found = evaluate(own, corpus), evaluate(graph, corpus)
        assert found == pytest.approx(expected, abs=1e-4)
