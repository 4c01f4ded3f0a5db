import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn import metrics

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
TARGETS = np.array([0, 1, 1, 2])


def test_report_equals_scores_by_hand():
    report = metrics.classification_report(P, TARGETS)
    assert report["accuracy"] == 0.75
    assert report["balanced_accuracy"] == pytest.approx((1 + 0.5 + 1) / 3)
    assert report["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert report["nll"] == pytest.approx(-np.log([0.7, 0.6, 0.3, 0.6]).mean())
    # Bins of a fifteenth: 0.7 and 0.5 stand alone, the two 0.6 together.
    assert report["ece"] == pytest.approx((0.3 + 0.5 + 2 * 0.4) / 4)
    assert report["top3_accuracy"] == 1
    assert report["n"] == 4


def test_top_k_counts_the_names_whose_label_is_among_the_first_k():
    p, targets = np.array([[0.4, 0.3, 0.2, 0.1]] * 4), np.array([0, 1, 2, 3])
    assert [metrics.top_k_accuracy(p, targets, k) for k in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1]


@given(st.lists(st.tuples(st.lists(st.integers(0, 2), min_size=4, max_size=4), st.integers(0, 3)), min_size=1))
def test_with_ties_the_first_k_never_hold_fewer_than_the_accuracy_says(names):
    p, targets = np.array([row for row, _ in names], np.float64), np.array([target for _, target in names])
    shares = [metrics.top_k_accuracy(p, targets, k) for k in (1, 2, 3, 4)]
    assert shares[0] == (p.argmax(axis=1) == targets).mean()
    assert shares == sorted(shares) and shares[-1] == 1


def test_rows_of_a_confusion_matrix_are_true_labels():
    matrix = metrics.confusion_matrix(np.array([0, 0, 1]), np.array([1, 1, 1]), 3)
    assert matrix.tolist() == [[0, 2, 0], [0, 1, 0], [0, 0, 0]]


def test_labels_that_do_not_occur_do_not_count():
    matrix = metrics.confusion_matrix(np.array([0, 0]), np.array([0, 1]), 3)
    assert metrics.balanced_accuracy(matrix) == 0.5
    assert metrics.macro_f1(matrix) == pytest.approx(2 / 3)


def test_a_label_report_equals_scores_by_hand():
    # Three names of label 0, one of them predicted as 1; one of label 1; label 2 neither occurs nor is predicted.
    report = metrics.label_report(np.array([[2, 1, 0], [0, 1, 0], [0, 0, 0]]))
    assert report["names"].tolist() == [3, 1, 0]
    assert report["precision"] == pytest.approx([1, 1 / 2, 0])
    assert report["recall"] == pytest.approx([2 / 3, 1, 0])
    assert report["f1"] == pytest.approx([4 / 5, 2 / 3, 0])


def test_calibration_error_is_the_mean_gap_over_the_bins():
    # One bin too sure by 0.2, another too modest by 0.2: the gaps do not cancel.
    bins = np.array([[10.0, 10.0], [9.0, 6.0], [7.0, 8.0]])
    assert metrics.expected_calibration_error(bins) == pytest.approx(0.2)


def test_there_are_fifteen_bins():
    # 0.62 and 0.78 share one of five bins, but none of fifteen.
    bins = metrics.reliability_bins(np.array([[0.62, 0.38], [0.78, 0.22]]), np.array([0, 1]))
    assert bins.shape == (3, 15)
    assert metrics.expected_calibration_error(bins) == pytest.approx((0.38 + 0.78) / 2)


def test_calibration_error_of_a_calibrated_model_tends_to_zero_and_of_an_overconfident_one_to_its_gap():
    rng = np.random.default_rng(0)
    targets = (rng.random(100_000) > 0.8).astype(int)
    calibrated, overconfident = (
        metrics.expected_calibration_error(metrics.reliability_bins(np.tile(p, (100_000, 1)), targets))
        for p in ([0.8, 0.2], [0.99, 0.01])
    )
    assert calibrated < 0.005
    assert overconfident == pytest.approx(0.19, abs=0.01)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_confusion_matrix_counts_every_name_once(pairs):
    targets, predictions = map(np.array, zip(*pairs, strict=True))
    matrix = metrics.confusion_matrix(targets, predictions, 5)
    assert matrix.sum() == len(pairs)
    assert (matrix.sum(axis=1) == np.bincount(targets, minlength=5)).all()


def test_the_bootstrap_interval_holds_the_truth_about_as_often_as_it_says():
    draw = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        hits = (draw.random(150) < 0.8).astype(float)
        low, high = metrics.bootstrap_interval(hits, np.ones(150), 500)
        assert low <= hits.mean() <= high
        held += low <= 0.8 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_an_interval_is_one_of_a_ratio_of_sums():
    nats, characters = np.array([2.0, 30.0] * 40), np.array([2.0, 10.0] * 40)
    low, high = metrics.bootstrap_interval(nats, characters)
    assert 2 < low < 32 / 12 < high < 3
    assert metrics.bootstrap_interval(characters * 1.5, characters) == pytest.approx((1.5, 1.5))


def test_the_interval_of_a_share_is_never_a_point():
    """The bootstrap says "between 1.00 and 1.00" where all of 12 names are right."""
    assert metrics.wilson_interval(12, 12) == pytest.approx((0.7575, 1), abs=1e-4)
    assert metrics.wilson_interval(0, 12) == pytest.approx((0, 0.2425), abs=1e-4)
    rng = np.random.default_rng(0)
    for share in (0.5, 0.9, 0.98):
        intervals = [metrics.wilson_interval(int(hits), 60) for hits in rng.binomial(60, share, 4000)]
        assert 0.92 < np.mean([low <= share <= high for low, high in intervals]) < 0.985
