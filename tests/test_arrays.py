import numpy as np
import pytest

from charrnn.arrays import label_prior, log_softmax, mix_experts


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
