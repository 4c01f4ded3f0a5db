import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn import metrics

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
TARGETS = np.array([0, 1, 1, 2])


def test_report_equals_figures_by_hand():
    report = metrics.classification_report(P, TARGETS)
    assert report["accuracy"] == 0.75
    assert report["balanced_accuracy"] == pytest.approx((1 + 0.5 + 1) / 3)
    assert report["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert report["nll"] == pytest.approx(-np.log([0.7, 0.6, 0.3, 0.6]).mean())
    assert report["top3_accuracy"] == 1
    assert report["n"] == 4


def test_labels_that_do_not_occur_do_not_count():
    matrix = metrics.confusion_matrix(np.array([0, 0]), np.array([0, 1]), 3)
    assert metrics.balanced_accuracy(matrix) == 0.5


def test_ties_go_against_the_name():
    assert metrics.top_k_accuracy(np.full((2, 4), 0.25), np.array([0, 3]), 1) == 0


def test_ece_of_a_calibrated_model_tends_to_zero_and_of_a_boaster_to_its_boast():
    rng = np.random.default_rng(0)
    targets = (rng.random(100_000) > 0.8).astype(int)
    honest = np.tile([0.8, 0.2], (100_000, 1))
    boaster = np.tile([0.99, 0.01], (100_000, 1))
    assert metrics.expected_calibration_error(honest, targets) < 0.005
    assert metrics.expected_calibration_error(boaster, targets) == pytest.approx(0.19, abs=0.01)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_confusion_matrix_counts_every_name_once(pairs):
    targets, answers = map(np.array, zip(*pairs, strict=True))
    matrix = metrics.confusion_matrix(targets, answers, 5)
    assert matrix.sum() == len(pairs)
    assert (matrix.sum(axis=1) == np.bincount(targets, minlength=5)).all()
