import dataclasses

import numpy as np
import pytest

from charrnn import model_folder
from charrnn.arrays import log_softmax
from charrnn.inference import Classifier, Generator, load
from charrnn.ngrams import NGramAutomaton, NGramHashTable
from charrnn.onnx.export import export
from charrnn.onnx.graphs import classifier_graph, generator_graph
from charrnn.text import Vocabulary
from tests.conftest import CLASSIFIER_CASES, config, network, random_names

KINDS = {"kinds": ["given", "surname"], "class_counts": [5, 3, 2, 1, 4, 2]}
SHAPES = [(1, 1), (1, 30), (2, 7), (37, 12), (300, 30)]


@pytest.mark.parametrize(("cell", "bidirectional", "pooling"), [*CLASSIFIER_CASES, ("gru", True, "mean-last")])
def test_a_classifier_answers_alike(cell, bidirectional, pooling, session):
    cfg = config("classifier", cell=cell, hidden=20, embedding=12, bidirectional=bidirectional, pooling=pooling)
    weights = network(cfg)[1]
    model, running = Classifier(cfg, weights), session(classifier_graph(cfg, weights))
    for n, longest in SHAPES:
        names = random_names(n, longest, seed=n)
        chars, lengths = model.vocabulary.encode_batch(names)
        (found,) = running.run(None, {"chars": chars, "lengths": lengths.astype(np.int32)})
        assert np.abs(found - model.probabilities(names)).max() < 1e-5


@pytest.mark.parametrize("kinds", [{}, KINDS])
def test_a_classifier_with_ngrams_gives_each_class(kinds, session):
    cfg = config("classifier", cell="gru", hidden=20, embedding=12, bidirectional=True, pooling="mean")
    experts = {"network": 0.7, "ngrams": 0.4, "prior": 0.2, "memory": 0.0}
    cfg = dataclasses.replace(cfg, calibration={"weights": experts}, **kinds)
    vocabulary, names = Vocabulary(cfg.alphabet), random_names(100)
    labels = [i % 3 for i in range(100)]
    table = NGramHashTable.fit([vocabulary.encode(name) for name in names], labels, 3, len(vocabulary))
    weights = network(cfg)[1] | table.weights()
    model, running = Classifier(cfg, weights), session(classifier_graph(cfg, weights))
    chars, lengths = vocabulary.encode_batch(names)
    ngrams = model.model.ngram_scores(chars, lengths)
    feed = {"chars": chars, "lengths": lengths.astype(np.int32), "ngrams": ngrams.astype(np.float32)}
    (found,) = running.run(None, feed)
    assert found.shape == (100, len(cfg.class_counts)) and found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(found - np.exp(log_softmax(model.model.scores(chars, lengths, ngrams)))).max() < 1e-5
    by_label = found.reshape(100, 3, cfg.kind_count).sum(axis=2)
    assert np.abs(by_label - model.probabilities(names)).max() < 1e-5


@pytest.mark.parametrize("kinds", [{}, KINDS])
@pytest.mark.parametrize("with_ngrams", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_generator_steps_alike(cell, with_ngrams, kinds, session):
    cfg = dataclasses.replace(config("generator", cell=cell, hidden=20, embedding=12, label_embedding=5), **kinds)
    weights = network(cfg)[1]
    if with_ngrams:
        cfg = dataclasses.replace(cfg, calibration={"weights": {"network": 0.3, "ngrams": 0.7}})
        vocabulary = Vocabulary(cfg.alphabet)
        names = [vocabulary.encode(name) for name in random_names(100)]
        labels, own_kinds = [i % 4 for i in range(100)], [i // 4 % cfg.kind_count for i in range(100)]
        tree = NGramAutomaton.fit(names, labels, 4, len(vocabulary), 4, own_kinds, cfg.kind_count)
        weights |= tree.weights()
    check_steps(Generator(cfg, weights), session(generator_graph(cfg, weights)))


def check_steps(generator, running):
    model, rng = generator.model, np.random.default_rng(0)
    for n, steps in SHAPES:
        conditions = rng.integers(0, model.label_rows * model.kind_rows, n)
        state, context = model.layer.initial_state(n), conditions // model.kind_rows
        for _ in range(steps):
            symbols = rng.integers(1, len(model.vocabulary), n)
            feed = {"symbols": symbols, "conditions": conditions, "state": state}
            logits, state, context = model.step(symbols, conditions, state, context)
            if model.ngrams is not None:
                feed["ngrams"] = model.ngram_scores(context, conditions % model.kind_rows)
            found_logits, found_state = running.run(["logits", "new_state"], feed)
            assert np.abs(found_logits - logits).max() < 1e-5 * max(1, np.abs(logits).max())
            assert np.abs(found_state - state).max() < 1e-5


def test_the_shipped_models_with_their_ngrams(shipped, tmp_path, session):
    generator = load("names/generator")
    check_steps(generator, session(export(shipped / "generator", tmp_path / "generator")))
    classifier = load("names/classifier")
    running = session(export(shipped / "classifier", tmp_path / "classifier"))
    names = ["Satoshi", "Papadopoulos", "O'Sullivan", "Li", "Xqz"]
    chars, lengths = classifier.vocabulary.encode_batch(classifier.reader.read(names)[0])
    ngrams = classifier.model.ngram_scores(chars, lengths).astype(np.float32)
    (found,) = running.run(None, {"chars": chars, "lengths": lengths.astype(np.int32), "ngrams": ngrams})
    expected = classifier.without_memory().probabilities(names)
    assert np.abs(found.reshape((*expected.shape, -1)).sum(axis=2) - expected).max() < 1e-5
    assert model_folder.read_config(tmp_path / "classifier") == classifier.config
