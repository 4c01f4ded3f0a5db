"""Figures of merit, in NumPy. Rows of a confusion matrix are true labels, columns are answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


def confusion_matrix(targets: Ints, answers: Ints, labels: int) -> NDArray[np.int64]:
    """Counts, shape (labels, labels): row true label, column answer."""
    cells = np.bincount(targets * labels + answers, minlength=labels * labels)
    return cells.reshape(labels, labels)


def top_k_accuracy(probabilities: Floats, targets: Ints, k: int) -> float:
    """Share of names whose label is among the ``k`` most probable ones. Ties go against the name."""
    own = probabilities[np.arange(len(targets)), targets]
    ahead = (probabilities >= own[:, None]).sum(axis=1) - 1
    return float((ahead < k).mean())


def f1_by_label(matrix: Ints) -> NDArray[np.float64]:
    """2·hits / (true + answered) of each label, shape (labels,); 0 for a label that neither occurs nor is answered."""
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


def expected_calibration_error(probabilities: Floats, targets: Ints, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by size (Guo et al. 2017)."""
    _, confidence, hits = reliability_bins(probabilities, targets, bins)
    return float(np.abs(hits - confidence).sum() / len(targets))


def reliability_bins(probabilities: Floats, targets: Ints, bins: int = 15) -> NDArray[np.float64]:
    """Names, summed confidence and hits of equal-width bins of confidence, (3, bins)."""
    confidence = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == targets
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return np.stack([np.bincount(index, values, minlength=bins) for values in (np.ones(len(hits)), confidence, hits)])


def label_report(matrix: Ints) -> dict[str, NDArray[np.float64]]:
    """``names``, ``precision``, ``recall`` and ``f1`` of each label, (labels,) each; 0 where there is nothing to count.

    Args:
        matrix: a confusion matrix.
    """
    hits, names, answered = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    return {
        "names": names.astype(np.float64),
        "precision": hits / np.maximum(answered, 1),
        "recall": hits / np.maximum(names, 1),
        "f1": f1_by_label(matrix),
    }


def classification_report(probabilities: Floats, targets: Ints) -> dict[str, float]:
    """All figures of a classifier, under the keys of ``charrnn evaluate --format json``.

    Args:
        probabilities: shape (names, labels), rows sum to 1.
        targets: true labels, shape (names,).
    """
    matrix = confusion_matrix(targets, probabilities.argmax(axis=1), probabilities.shape[1])
    return {
        "accuracy": float(matrix.diagonal().sum() / matrix.sum()),
        "balanced_accuracy": balanced_accuracy(matrix),
        "top3_accuracy": top_k_accuracy(probabilities, targets, 3),
        "macro_f1": macro_f1(matrix),
        "nll": negative_log_likelihood(probabilities, targets),
        "ece": expected_calibration_error(probabilities, targets),
        "n": len(targets),
    }


def log_softmax(logits: Floats) -> NDArray[np.float64]:
    """Logarithm of the softmax over the last axis, in double precision."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
