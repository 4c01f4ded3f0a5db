import numpy as np
import pytest

from charrnn import model_folder
from charrnn.inference import Classifier, Generator, load
from charrnn.onnx.export import export
from charrnn.onnx.graphs import classifier_graph, generator_graph
from tests.conftest import CLASSIFIER_CASES, config, network, random_names

SHAPES = [(1, 1), (1, 30), (2, 7), (37, 12), (300, 30)]


@pytest.mark.parametrize(("cell", "bidirectional", "pooling"), CLASSIFIER_CASES)
def test_a_classifier_answers_alike(cell, bidirectional, pooling, session):
    cfg = config("classifier", cell=cell, hidden=20, embedding=12, bidirectional=bidirectional, pooling=pooling)
    weights = network(cfg)[1]
    model, running = Classifier(cfg, weights), session(classifier_graph(cfg, weights))
    for n, longest in SHAPES:
        names = random_names(n, longest, seed=n)
        chars, lengths = model.vocabulary.encode_batch(names)
        (found,) = running.run(None, {"chars": chars, "lengths": lengths.astype(np.int32)})
        assert np.abs(found - model.probabilities(names)).max() < 1e-5


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_generator_steps_alike(cell, session):
    cfg = config("generator", cell=cell, hidden=20, embedding=12, label_embedding=5)
    weights = network(cfg)[1]
    check_steps(Generator(cfg, weights), session(generator_graph(cfg, weights)))


def check_steps(generator, running):
    model, rng = generator.model, np.random.default_rng(0)
    for n, steps in SHAPES:
        labels = rng.integers(0, len(generator.labels), n)
        state, context = model.layer.initial_state(n), labels
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
            context = model.next_context(context, symbols)
            logits = model.logits(state, [context], [1.0])
            assert np.abs(found["logits"] - logits).max() < 1e-5 * max(1, np.abs(logits).max())
            assert np.abs(found["new_state"] - state).max() < 1e-5
            assert "new_context" not in found or (found["new_context"] == context).all()


def test_the_shipped_models_with_their_ngrams(shipped, tmp_path, session):
    generator = load("names/generator")
    check_steps(generator, session(export(shipped / "generator", tmp_path / "generator")))
    classifier = load("names/classifier")
    running = session(export(shipped / "classifier", tmp_path / "classifier"))
    names = ["Satoshi", "Papadopoulos", "O'Sullivan", "Li", "Xqz"]
    chars, lengths = classifier.vocabulary.encode_batch([classifier.pipeline(name) for name in names])
    ngrams = classifier.model.ngrams.scores(chars, lengths).astype(np.float32)
    (found,) = running.run(None, {"chars": chars, "lengths": lengths.astype(np.int32), "ngrams": ngrams})
    assert np.abs(found - classifier.probabilities(names)).max() < 1e-5
    assert model_folder.read_config(tmp_path / "classifier") == classifier.config
