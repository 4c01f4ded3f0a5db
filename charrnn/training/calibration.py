"""What the validation names say about the probabilities: how to mix the experts, and how large a set of labels must be.

Fitted on names that took no part in training, so that the answers are as sure as they are right.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn import metrics
from charrnn.metrics import log_softmax

Floats = NDArray[np.float64]

COVERAGES = (0.8, 0.9, 0.95)
EXPERTS = ("network", "ngrams", "prior")
START = (0.5, 0.25, 0.25)
"""What the weights of the experts are drawn to, as strongly as by one name."""


def calibrate(network: Floats, ngrams: Floats, log_prior: Floats, targets: NDArray[np.int64]) -> dict[str, Any]:
    """The ``calibration`` of a model's config.

    Args:
        network: logits (names, labels).
        ngrams: log-likelihoods (names, labels).
        log_prior: (labels,).
        targets: true labels (names,).

    Returns:
        ``weights`` of the experts, ``thresholds`` (see :func:`conformal_thresholds`), ``names``, and the ``nll`` and
        ``ece`` of the network before and of the mixture after.
    """
    experts = np.stack([network, ngrams, np.broadcast_to(log_prior, network.shape)], axis=1)  # (B, 3, L)
    weights = fit_weights(experts, targets)
    before, after = np.exp(log_softmax(network)), np.exp(log_softmax(mix(weights, experts)))
    figures = {
        when: {
            "nll": metrics.negative_log_likelihood(p, targets),
            "ece": metrics.expected_calibration_error(p, targets),
        }
        for when, p in (("before", before), ("after", after))
    }
    return {
        "weights": {name: float(weight) for name, weight in zip(EXPERTS, weights, strict=True)},
        "thresholds": conformal_thresholds(after, targets),
        "names": len(targets),
        **figures,
    }


def fit_weights(experts: Floats, targets: NDArray[np.int64], steps: int = 50) -> Floats:
    """Exponents (K,) of a product of experts (Hinton 1999), by Newton's method on the convex log-loss.

    With one expert this is temperature scaling (Guo et al. 2017). A quadratic pull to :data:`START`, as strong as one
    name, keeps a handful of names from sending the weights to infinity.

    Args:
        experts: scores (names, K, labels).
        targets: true labels (names,).
        steps: at most.
    """
    start = np.array(START)
    own = experts[np.arange(len(targets)), :, targets]  # (B, K)

    def loss(weights: Floats) -> float:
        log_p = log_softmax(mix(weights, experts))
        return float(-log_p[np.arange(len(targets)), targets].sum() + 0.5 * ((weights - start) ** 2).sum())

    weights = start
    for _ in range(steps):
        p = np.exp(log_softmax(mix(weights, experts)))
        mean = np.einsum("bl,bkl->bk", p, experts)
        gradient = (mean - own).sum(axis=0) + weights - start
        curvature = np.einsum("bl,bkl,bml->km", p, experts, experts) - mean.T @ mean + np.eye(len(start))
        move = np.linalg.solve(curvature, gradient)
        length, now = 1.0, loss(weights)
        while length > 1e-6 and loss(weights - length * move) > now:
            length /= 2
        weights = weights - length * move
        if np.abs(length * move).max() < 1e-9:
            break
    return weights


def mix(weights: Floats, experts: Floats) -> Floats:
    """Logits (names, labels) of experts (names, K, labels) with weights (K,)."""
    logits: Floats = np.einsum("k,bkl->bl", weights, experts)
    return logits


def conformal_thresholds(probabilities: Floats, targets: NDArray[np.int64]) -> dict[str, float]:
    """For each of :data:`COVERAGES`, the least probability with which a label belongs to the set.

    Split conformal prediction with the score 1 - p(true label) (Vovk et al. 2005; Sadinle, Lei and Wasserman 2019): of
    names drawn like these, at least the share that is asked for has its label in the set. 0 where there are too few
    names to promise it.

    Args:
        probabilities: (names, labels).
        targets: true labels (names,).
    """
    own = np.sort(probabilities[np.arange(len(targets)), targets])
    thresholds: dict[str, float] = {}
    for coverage in COVERAGES:
        left_out = math.floor((len(own) + 1) * (1 - coverage) + 1e-9) - 1
        thresholds[str(coverage)] = float(own[left_out]) if left_out >= 0 else 0.0
    return thresholds
