"""Scores of classifiers, in NumPy. Rows of a confusion matrix are true labels, columns are predictions."""

from __future__ import annotations

import math

import numpy as np

from charrnn.arrays import Floats, Ints


def confusion_matrix(targets: Ints, predictions: Ints, label_count: int) -> Ints:
    """Counts, (labels, labels): row true label, column predicted label."""
    cells = np.bincount(targets * label_count + predictions, minlength=label_count**2)
    return cells.reshape(label_count, label_count)


def top_k_accuracy(probabilities: Floats, targets: Ints, k: int) -> float:
    """Share of names whose label is among the ``k`` most probable ones. Of equally probable ones, the first counts as
    more probable, as for ``argmax``; so the share for 1 is the accuracy."""
    own = probabilities[np.arange(len(targets)), targets][:, None]
    comes_before = np.arange(probabilities.shape[1]) < targets[:, None]
    rank = ((probabilities > own) | ((probabilities == own) & comes_before)).sum(axis=1)
    return float((rank < k).mean())


def f1_by_label(matrix: Ints) -> Floats:
    """F1 of each label, (labels,): 2·hits / (true + predicted); 0 for a label that is neither true nor predicted."""
    counts = matrix.sum(axis=1) + matrix.sum(axis=0)
    return np.asarray(2 * matrix.diagonal() / np.maximum(counts, 1))


def macro_f1(matrix: Ints) -> float:
    """Unweighted mean of F1 over the labels that occur."""
    return float(f1_by_label(matrix)[matrix.sum(axis=1) > 0].mean())


def balanced_accuracy(matrix: Ints) -> float:
    """Mean recall over the labels that occur."""
    true = matrix.sum(axis=1)
    present = true > 0
    return float((matrix.diagonal()[present] / true[present]).mean())


def negative_log_likelihood(probabilities: Floats, targets: Ints) -> float:
    """Mean of -log p(true label), in nats."""
    own = probabilities[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(own, np.finfo(np.float64).tiny)).mean())


def reliability_bins(probabilities: Floats, targets: Ints, bins: int = 15) -> Floats:
    """Names, summed confidence and hits in bins of equal width over confidence, (3, bins)."""
    confidence = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == targets
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return np.stack([np.bincount(index, values, minlength=bins) for values in (np.ones(len(hits)), confidence, hits)])


def bootstrap_interval(sums: Floats, counts: Floats, resamples: int = 2000) -> tuple[float, float]:
    """95 % interval of ``sums.sum() / counts.sum()`` by the percentile bootstrap over names (Efron 1979).

    Args:
        sums: of each name, such as 1 for a hit, (names,).
        counts: what they are divided by, such as 1, (names,).
        resamples: how often as many names are drawn with replacement.
    """
    drawn = np.random.default_rng(0).integers(len(sums), size=(resamples, len(sums)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), which is no single point either where all or none are hits.

    Args:
        hits: at most ``count``.
        count: at least 1.
    """
    z2 = 1.959964**2
    share, weight = hits / count, count / (count + z2)
    half = math.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count**2)))
    middle = share + z2 / (2 * count)
    return max(0.0, weight * (middle - half)), min(1.0, weight * (middle + half))


def expected_calibration_error(bins: Floats) -> float:
    """Mean gap between confidence and accuracy over the bins, weighted by their names (Guo et al. 2017).

    Args:
        bins: of :func:`reliability_bins`, (3, bins).
    """
    names, confidence, hits = bins
    return float(np.abs(hits - confidence).sum() / names.sum())


def label_report(matrix: Ints) -> dict[str, Floats]:
    """``names``, ``precision``, ``recall`` and ``f1`` of each label, (labels,) each; 0 where there is nothing to count.

    Args:
        matrix: a confusion matrix.
    """
    hits, names, predicted = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    return {
        "names": names.astype(np.float64),
        "precision": hits / np.maximum(predicted, 1),
        "recall": hits / np.maximum(names, 1),
        "f1": f1_by_label(matrix),
    }


def classification_report(probabilities: Floats, targets: Ints) -> dict[str, float]:
    """All scores of a classifier, under the keys of ``charrnn evaluate --format json``.

    Args:
        probabilities: (names, labels), rows sum to 1.
        targets: true labels, (names,).
    """
    matrix = confusion_matrix(targets, probabilities.argmax(axis=1), probabilities.shape[1])
    return {
        "accuracy": float(matrix.diagonal().sum() / matrix.sum()),
        "balanced_accuracy": balanced_accuracy(matrix),
        "top3_accuracy": top_k_accuracy(probabilities, targets, 3),
        "macro_f1": macro_f1(matrix),
        "nll": negative_log_likelihood(probabilities, targets),
        "ece": expected_calibration_error(reliability_bins(probabilities, targets)),
        "n": len(targets),
    }
