import math

import numpy as np
import pytest

from charrnn.ngrams import NGram, NGramClassifier
from charrnn.text import END, START

A, B, C = 4, 5, 6
SIZE = 7


def test_probabilities_of_what_can_follow_sum_to_one():
    model = NGram([[A, B], [A, C], [B]], SIZE)
    for context in [(START, START, START), (START, START, A), (A, B, C), (C, C, C)]:
        total = sum(model.probability(context, s) for s in (1, END, A, B, C))
        assert total == pytest.approx(1)


def test_witten_bell_by_hand():
    # One name "A": the bigram count(start A) = 1 with one type; each order halves the mass left below.
    model = NGram([[A]], SIZE, order=2)
    uniform = 1 / 5
    unigram = (1 + 2 * uniform) / (2 + 2)
    assert model.probability((START,), A) == pytest.approx((1 + unigram) / 2)


def test_training_names_are_likelier_than_strangers():
    model = NGram([[A, B, A, B]] * 5, SIZE)
    assert model.log_probability([A, B, A, B]) > model.log_probability([C, C, C, C])
    assert math.isfinite(model.log_probability([]))


def test_bayes_rule_finds_the_label_and_sums_to_one():
    model = NGramClassifier([[A, A], [A, A, A], [B, B], [B]], [0, 0, 1, 1], 2, SIZE)
    p = model.probabilities([[A, A], [B, B]])
    assert p.sum(axis=1) == pytest.approx(1)
    assert (p.argmax(axis=1) == np.array([0, 1])).all()
