import numpy as np
import pytest

from charrnn.arrays import (
    FEW_RANKS,
    label_prior,
    label_probabilities,
    largest,
    log_softmax,
    mix_experts,
    sum_of_kinds,
)


def test_log_softmax_gives_distributions_and_does_not_overflow():
    logits = np.array([[1.0, 2.0, 3.0], [1e4, 0.0, -1e4], [-1e4, -1e4, -1e4]], np.float32)
    with np.errstate(over="raise", invalid="raise"):
        log_p = log_softmax(logits)
    assert log_p.dtype == np.float64
    assert np.exp(log_p).sum(axis=1) == pytest.approx(1)
    assert log_p[0] == pytest.approx(np.log(np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum()))
    assert log_p[2] == pytest.approx(np.log([1 / 3] * 3))


def test_experts_are_weighted_and_left_as_they_were():
    network, prior = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 20.0])
    assert mix_experts([0.5, 2.0], [network, prior]).tolist() == [[20.5, 41.0], [21.5, 42.0]]
    assert network.tolist() == [[1, 2], [3, 4]] and prior.tolist() == [10, 20]


def test_an_expert_without_a_weight_is_refused():
    with pytest.raises(ValueError):
        mix_experts([1.0], [np.zeros(2), np.zeros(2)])


def test_a_label_without_names_counts_as_half_a_name():
    assert label_prior([3, 1, 0]) == pytest.approx([3 / 4.5, 1 / 4.5, 0.5 / 4.5])


CLASSES = np.log([[0.1, 0.2, 0.3, 0.4], [0.5, 0.25, 0.25, 0.0001]])


@pytest.mark.parametrize("shift", [0, 1e4, -1e4])
def test_a_label_has_the_probability_of_its_kinds_together(shift):
    expected = np.array([[0.3, 0.7], [0.75 / 1.0001, 0.2501 / 1.0001]])
    assert label_probabilities(CLASSES + shift, 2) == pytest.approx(expected)
    assert np.exp(log_softmax(sum_of_kinds(CLASSES + shift, 2))) == pytest.approx(expected)


def test_without_kinds_a_label_is_a_class():
    assert sum_of_kinds(CLASSES, 1) is CLASSES
    assert label_probabilities(CLASSES, 1) == pytest.approx(np.exp(log_softmax(CLASSES)))


def test_a_class_that_is_impossible_adds_nothing():
    possible = np.where([True, False, True, True], CLASSES, -np.inf)
    assert label_probabilities(possible, 2)[0] == pytest.approx([0.1 / 0.8, 0.7 / 0.8])
    assert sum_of_kinds(possible, 2)[0] == pytest.approx(np.log([0.1, 0.7]))


def test_of_no_names_there_are_no_probabilities():
    assert label_probabilities(np.zeros((0, 6)), 3).shape == (0, 2)


@pytest.mark.parametrize("kind_count", [1, 2])
def test_label_probabilities_of_single_precision_are_those_of_double_and_sum_to_one(kind_count):
    found = label_probabilities(CLASSES.astype(np.float32), kind_count)
    assert found.dtype == np.float64 and found.sum(axis=1) == pytest.approx(1, abs=1e-15)
    assert found == pytest.approx(label_probabilities(CLASSES, kind_count), abs=1e-6)


@pytest.mark.parametrize("count", [0, 1, FEW_RANKS, FEW_RANKS + 1, 12])
def test_the_largest_come_first_and_of_equal_ones_the_first(count):
    values = np.random.default_rng(0).integers(0, 5, (300, 12)) / 4
    values[:2] = [[np.nan], [0]]
    before = values.copy()
    assert np.array_equal(largest(values, count), np.argsort(-values, axis=1, kind="stable")[:, :count])
    assert np.array_equal(values, before, equal_nan=True)


def test_of_no_rows_there_are_no_largest_values():
    assert largest(np.zeros((0, 3)), 2).shape == (0, 2)
