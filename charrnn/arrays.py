"""Array types, and the arithmetic of scores that training and inference share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

_Scores = TypeVar("_Scores", Floats, Floats32)


def log_softmax(logits: NDArray[Any]) -> Floats:
    """Logarithm of the softmax over the last axis, in double precision."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def label_probabilities(logits: NDArray[Any], kind_count: int) -> Floats:
    """Softmax over all classes, summed over the kinds of each label: (B, labels) from logits (B, classes)."""
    of_classes = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    p = of_classes[:, ::kind_count].astype(np.float64)
    for kind in range(1, kind_count):
        p += of_classes[:, kind::kind_count]
    return np.asarray(p / p.sum(axis=1, keepdims=True))


FEW_RANKS = 8
"""Up to this number of ranks, finding the largest values one after the other is faster than sorting."""


def largest(values: Floats, count: int) -> Ints:
    """Indices of the largest values of each row, largest first, (B, count); of equal ones the first comes first.

    A row holds finite values, or NaN alone.
    """
    if count > FEW_RANKS:
        return np.argsort(-values, axis=1, kind="stable")[:, :count]
    left, rows = values.copy(), np.arange(len(values))
    result = np.empty((len(values), count), np.int64)
    for rank in range(count):
        result[:, rank] = best = left.argmax(axis=1)
        left[rows, best] = -np.inf
    return result


def log_sum_exp(values: NDArray[Any]) -> NDArray[Any]:
    """Logarithm of the sum of exponentials over the last axis."""
    most = values.max(axis=-1)
    return np.asarray(most + np.log(np.exp(values - most[..., None]).sum(axis=-1)))


def sum_of_kinds(scores: NDArray[Any], kind_count: int) -> NDArray[Any]:
    """Log-sum-exp over the kinds of each label: (B, labels) from scores (B, classes)."""
    if kind_count == 1:
        return scores
    return log_sum_exp(scores.reshape(len(scores), scores.shape[1] // kind_count, kind_count))


def mix_experts(weights: Sequence[float], scores: Sequence[_Scores]) -> _Scores:
    """Logits of a product of experts: the sum of their scores, each times its weight (Hinton 1999).

    Args:
        weights: of the experts, such as network, n-grams and label frequencies.
        scores: logits or log-probabilities of each expert, in the first one's shape, or in shapes that
            broadcast to it.
    """
    total = weights[0] * scores[0]
    for weight, score in zip(weights[1:], scores[1:], strict=True):
        total += weight * score
    return total


def label_prior(counts: Sequence[int] | Ints) -> Floats:
    """Label frequencies (labels,) from the number of names of each; a label without names counts as half a name."""
    smoothed = np.maximum(np.asarray(counts, np.float64), 0.5)
    return np.asarray(smoothed / smoothed.sum())
