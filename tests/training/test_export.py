import numpy as np
import onnx
import onnxruntime
import pytest

from charrnn import model_folder
from charrnn.inference import load
from charrnn.inference.classifier import Classifier
from charrnn.inference.generator import Generator
from charrnn.training.export import classifier_graph, export, generator_graph
from tests.conftest import CLASSIFIER_CASES, config, network, random_names

SHAPES = [(1, 1), (1, 30), (2, 7), (37, 12), (300, 30)]


def session(graph):
    return onnxruntime.InferenceSession(
        graph if isinstance(graph, str) else graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )


@pytest.mark.parametrize(("cell", "bidirectional", "pooling"), CLASSIFIER_CASES)
def test_a_classifier_answers_alike(cell, bidirectional, pooling):
    cfg = config("classifier", cell=cell, hidden=20, embedding=12, bidirectional=bidirectional, pooling=pooling)
    weights = network(cfg)[1]
    model, running = Classifier(cfg, weights), session(classifier_graph(cfg, weights))
    for n, longest in SHAPES:
        names = random_names(n, longest, seed=n)
        chars, lengths = model.encode(names)
        (found,) = running.run(None, {"chars": chars, "lengths": lengths.astype(np.int32)})
        assert np.abs(found - model.probabilities(names)).max() < 1e-5


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_generator_steps_alike(cell):
    cfg = config("generator", cell=cell, hidden=20, embedding=12, label_embedding=5)
    weights = network(cfg)[1]
    check_steps(Generator(cfg, weights), session(generator_graph(cfg, weights)))


def check_steps(model, running):
    rng = np.random.default_rng(0)
    for n, steps in SHAPES:
        labels = rng.integers(0, len(model.labels), n)
        state, context = model.layer.start(n), labels
        for _ in range(steps):
            symbols = rng.integers(1, len(model.vocabulary), n)
            feed = {"symbols": symbols, "labels": labels, "state": state, "context": context}
            found = dict(
                zip(
                    [one.name for one in running.get_outputs()],
                    running.run(None, {one.name: feed[one.name] for one in running.get_inputs()}),
                    strict=True,
                )
            )
            state = model.layer.step(model.char_table[symbols] + model.label_table[labels], state)
            logits, context = model._mixed(state, context, symbols)
            assert np.abs(found["logits"] - logits).max() < 1e-5 * max(1, np.abs(logits).max())
            assert np.abs(found["new_state"] - state).max() < 1e-5
            assert "new_context" not in found or (found["new_context"] == context).all()


def test_the_shipped_models_with_their_ngrams(shipped, tmp_path):
    generator = load("names/generator")
    check_steps(generator, session(str(export(shipped / "generator", tmp_path / "generator"))))
    classifier = load("names/classifier")
    running = session(str(export(shipped / "classifier", tmp_path / "classifier")))
    names = ["Satoshi", "Papadopoulos", "O'Sullivan", "Li", "Xqz"]
    chars, lengths = classifier.encode([classifier.pipeline(name) for name in names])
    ngrams = classifier.ngrams.scores(chars, lengths).astype(np.float32)
    (found,) = running.run(None, {"chars": chars, "lengths": lengths.astype(np.int32), "ngrams": ngrams})
    assert np.abs(found - classifier.probabilities(names)).max() < 1e-5
    assert model_folder.read_config(tmp_path / "classifier") == classifier.config


def test_equal_models_are_equal_bytes(shipped, tmp_path):
    paths = [export(shipped / "classifier", tmp_path / name) for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    onnx.checker.check_model(onnx.load(paths[0]), full_check=True)
