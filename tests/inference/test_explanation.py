import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import InputError, SettingsError, UnknownLabelError
from charrnn.inference import explanation
from charrnn.inference.classifier import Classifier
from charrnn.inference.explanation import shapley_values
from charrnn.inference.generator import Generator
from charrnn.ngrams import NGramHashTable
from tests.conftest import config, network

TEXT = st.text(st.sampled_from("abcdefgxyzäß'- 9ABC"), min_size=1, max_size=20).filter(
    lambda t: any(c in t for c in "abcABC")
)


def make_classifier():
    weights = {"network": 0.6, "ngrams": 0.3, "prior": 0.2, "memory": 0.0}
    cfg = config("classifier", cell="gru", hidden=8, embedding=6, bidirectional=True, pooling="mean")
    ngrams = NGramHashTable.fit([[6, 7, 8], [9, 10], [6, 10]], [0, 1, 2], 3, 32)
    return Classifier(dataclasses.replace(cfg, calibration={"weights": weights}), network(cfg)[1] | ngrams.weights())


def make_generator():
    cfg = config("generator", cell="gru", hidden=8, embedding=6, label_embedding=2)
    return Generator(cfg, network(cfg)[1])


CLASSIFIER, GENERATOR = make_classifier(), make_generator()


@given(TEXT, st.sampled_from(["model", "uniform", {"A": 1.0, "C": 3.0}]))
def test_a_classifiers_attributions_add_up_to_its_log_odds(name, prior):
    why = CLASSIFIER.explain(name, prior)
    assert len(why.attributions) == len(why.characters)
    assert abs(sum(why.attributions) + why.remainder - why.score) < 1e-6
    first, second = CLASSIFIER.predict([name], 2, prior)[0].predictions
    assert (why.label, why.other) == (first.label, second.label)
    assert abs(why.score - math.log(first.probability / second.probability)) < 1e-6


@given(TEXT, st.permutations(["A", "B", "C", "*"]))
def test_a_generators_attributions_add_up_to_its_log_likelihood_ratio(name, labels):
    why = GENERATOR.explain(name, labels[0], labels[1])
    first, second = GENERATOR.log_probabilities([name, name], labels[:2])
    assert len(why.attributions) == len(why.characters)
    assert abs(sum(why.attributions) + why.remainder - why.score) < 1e-6
    assert abs(why.score - (first - second)) < 1e-6


def test_players_who_do_not_meet_get_what_they_bring():
    gains = np.array([2.0, -1.0, 0.5, 0.0])
    values, nobody, everybody = shapley_values(lambda coalitions: coalitions @ gains + 3, 4)
    assert values == pytest.approx(gains) and (nobody, everybody) == pytest.approx((3, 4.5))


def test_an_order_and_its_reverse_are_exact_for_pairs(monkeypatch):
    """Of what two players bring together, one order gives all to the second of them, its reverse all to the first."""
    monkeypatch.setattr(explanation, "ORDERS", 1)
    pairs = np.triu(np.random.default_rng(2).normal(size=(6, 6)), 1)
    values, _, _ = shapley_values(lambda coalitions: np.einsum("ki,ij,kj->k", coalitions, pairs, coalitions), 6)
    assert values == pytest.approx((pairs.sum(axis=0) + pairs.sum(axis=1)) / 2)


def test_sampled_values_are_near_the_exact_ones():
    size, rng = 5, np.random.default_rng(1)
    worth = rng.normal(size=2**size)

    def value(coalitions):
        return worth[coalitions @ (1 << np.arange(size))]

    exact = np.zeros(size)
    for order in itertools.permutations(range(size)):
        inside = 0
        for player in order:
            exact[player] += (worth[inside | 1 << player] - worth[inside]) / math.factorial(size)
            inside |= 1 << player
    sampled = np.mean([shapley_values(value, size, seed)[0] for seed in range(200)], axis=0)
    assert np.abs(sampled - exact).max() < 0.1


def test_the_same_question_gets_the_same_answer():
    assert CLASSIFIER.explain("abcdefg") == CLASSIFIER.explain("abcdefg")


@pytest.mark.parametrize("name", ["", "42", "x" * 101, "عمر"])
def test_what_cannot_be_scored_is_not_explained(name):
    with pytest.raises(InputError, match="nothing to explain"):
        CLASSIFIER.explain(name)
    with pytest.raises(InputError, match="nothing to explain"):
        GENERATOR.explain(name, "A", "B")


def test_a_decision_needs_two_labels():
    with pytest.raises(SettingsError, match="only one label"):
        CLASSIFIER.explain("abc", {"A": 1.0})
    with pytest.raises(SettingsError, match="compare two labels"):
        GENERATOR.explain("abc", "A", "A")
    with pytest.raises(UnknownLabelError, match="'D'"):
        GENERATOR.explain("abc", "A", "D")
