import dataclasses

import numpy as np
import pytest

from charrnn.corpus import Corpus
from charrnn.corpus.split import Split
from charrnn.errors import CorpusError
from charrnn.inference.classifier import Classifier
from charrnn.inference.evaluation import (
    MIN_NAMES,
    evaluate,
    evaluate_baseline,
    evaluate_labels,
    evaluate_out_of_source,
    unseen_names,
)
from charrnn.inference.generator import Generator
from tests.conftest import config, network


@pytest.fixture(scope="module")
def classifier():
    cfg = config("classifier", cell="gru", hidden=8, embedding=6, bidirectional=False, pooling="last")
    return Classifier(cfg, network(cfg)[1])


def test_repeated_pairs_count_once(classifier):
    corpus = Corpus(["Abc", "ABC", "abd"], ["A", "A", "B"])
    assert evaluate(classifier, corpus)["n"] == 2


def test_uniform_prior_undoes_the_training_frequencies(classifier):
    corpus = Corpus(["abc"], ["C"])
    p = classifier.probabilities(["abc"])[0] / np.array([0.5, 0.3, 0.2])
    assert evaluate(classifier, corpus, "uniform")["nll"] == pytest.approx(-np.log(p[2] / p.sum()))


def test_generators_keep_repeats_and_count_the_end():
    cfg = config("generator", cell="gru", hidden=8, embedding=6, label_embedding=2)
    model = Generator(cfg, network(cfg)[1])
    report = evaluate(model, Corpus(["abc", "abc"], ["A", "A"]))
    assert report["names"] == 2 and report["characters"] == 8
    assert report["nats_per_char"] == pytest.approx(-model.log_probabilities(["abc"], ["A"])[0] / 4)


@pytest.mark.parametrize(
    ("corpus", "message"), [(Corpus([], []), "no names are left"), (Corpus(["x"], ["Elvish"]), "labels Elvish")]
)
def test_what_cannot_be_scored_is_refused(classifier, corpus, message):
    with pytest.raises(CorpusError, match=message):
        evaluate(classifier, corpus)


def names_of(label, n):
    return [f"{label.lower()}{a}{b}" for a in "abcdefgh" for b in "aeiou"][:n]


def test_names_of_another_source_are_unseen_and_of_large_known_labels(classifier):
    seen = Corpus(["aaa", "Abb"], ["A", "B"])
    sizes = {"A": MIN_NAMES + 1, "B": MIN_NAMES - 1, "Elvish": MIN_NAMES + 5}
    pairs = [(name, label) for label, n in sizes.items() for name in names_of(label, n)]
    # Two names of A are known, one of them under another label.
    pairs += [("aaa", "A"), ("ABB", "A"), (names_of("A", 1)[0].upper(), "A")]
    other = Corpus(*map(list, zip(*pairs, strict=True)), "other")
    unseen = unseen_names(classifier.labels, seen, other)
    assert unseen.label_counts == {"A": MIN_NAMES + 1 - len({"aaa", "abb"} & set(names_of("A", MIN_NAMES + 1)))}
    assert not set(unseen.keys) & set(seen.keys)
    report = evaluate_out_of_source(classifier, seen, other)
    predictions = classifier.probabilities(unseen.names, "uniform").argmax(axis=1)
    assert report["names"] == len(unseen) and report["corpus"] == "other"
    assert report["recall"] == {"A": pytest.approx((predictions == 0).mean())}


def test_scores_of_labels_add_up_to_those_of_the_corpus():
    cfg = config("generator", cell="gru", hidden=8, embedding=6, label_embedding=2)
    model = Generator(cfg, network(cfg)[1])
    corpus = Corpus(["abc", "de", "abcd", "abc"], ["A", "A", "B", "A"])
    labels = evaluate_labels(model, corpus)
    assert {label: scores["names"] for label, scores in labels.items()} == {"A": 3, "B": 1}
    nats = labels["A"]["nats_per_char"] * 11 + labels["B"]["nats_per_char"] * 5
    assert nats / 16 == pytest.approx(evaluate(model, corpus)["nats_per_char"])


def test_the_baseline_learns_from_what_the_model_learned_from():
    train, validation = Corpus(["abab", "abba", "cdcd", "ccdd"], list("AABB")), Corpus(["xyxy", "yxyx"], list("CC"))
    splits = Split(train, validation, Corpus(["xyyx", "abab"], ["C", "A"]))
    for task, key in (("classifier", "nll"), ("generator", "nats_per_char")):
        alone, both = (
            evaluate_baseline(dataclasses.replace(config(task), training={"refit": refit}), splits)
            for refit in (None, {"names": 6})
        )
        # Only the validation names show what C looks like.
        assert both[key] < 0.7 * alone[key]
    assert both["names"] == 2 and both["characters"] == 10
