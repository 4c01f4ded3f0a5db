"""What the validation names say about the probabilities: how to mix the experts, and how large a set of labels must be.

Fitted on names that took no part in training, so that the answers are as sure as they are right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from charrnn import metrics
from charrnn.hashed_ngrams import HashedNGrams
from charrnn.metrics import log_softmax
from charrnn.model_folder import ModelConfig, label_rows
from charrnn.ngrams import LARGEST, NGrams
from charrnn.text import SPECIALS
from charrnn.training.dataset import COLLATE, IGNORE, LengthBuckets, NameDataset

Floats = NDArray[np.float64]

COVERAGES = (0.8, 0.9, 0.95)
CLASSIFIER_EXPERTS = {"network": 0.5, "ngrams": 0.25, "prior": 0.25}
GENERATOR_EXPERTS = {"network": 0.6, "ngrams": 0.35}
"""What the weights of the experts are drawn to, as strongly as by one name or character."""
MOST_CELLS = 3_000_000
"""Characters times vocabulary on which a generator's weights are fitted at most; two numbers need no more."""


ORDER = 5
"""Longest n-gram of a generator: four characters of context. Chosen on validation names, of 4 to 6."""
UNLIKE = 0.005
"""Share of validation names that a generator may call unlike its names; none of fewer than 200."""


def fit_ngrams(config: ModelConfig, parts: list[NameDataset]) -> HashedNGrams | NGrams:
    """The n-grams of all names of the parts, as the task asks about them; a generator's last label is any."""
    names = [name.tolist() for data in parts for name in data.encoded]
    labels = [label for data in parts for label in data.labels]
    size, count = SPECIALS + len(config.alphabet), len(config.labels)
    if config.task == "classifier":
        return HashedNGrams.fit(names, labels, count, size)
    rows = label_rows(count)
    if rows > count:
        names, labels = names * 2, labels + [rows - 1] * len(names)
    return NGrams.fit(names, labels, rows, size, ORDER, largest=LARGEST)


@torch.no_grad()
def calibrate_classifier(
    config: ModelConfig, model: nn.Module, ngrams: HashedNGrams | None, data: NameDataset, device: torch.device
) -> dict[str, Any]:
    """See :func:`calibrate`; of names that neither the network nor the n-grams have learned from."""
    network = np.zeros((len(data), len(config.labels)))
    scores = np.zeros_like(network)
    model.eval()
    for indices in LengthBuckets(data.lengths, 512):
        batch = COLLATE["classifier"]([data[i] for i in indices])
        chars, lengths = (tensor.numpy() for tensor in batch.inputs)
        if ngrams is not None:
            scores[indices] = ngrams.scores(chars, lengths)
        network[indices] = model(*batch.to(device).inputs).double().cpu().numpy()
    counts = np.maximum(np.array(config.label_counts, np.float64), 0.5)
    return calibrate(network, scores, np.log(counts / counts.sum()), np.array(data.labels))


@torch.no_grad()
def calibrate_generator(
    config: ModelConfig, model: nn.Module, ngrams: NGrams | None, data: NameDataset, device: torch.device
) -> dict[str, Any]:
    """The ``calibration`` of a generator's config; of names that neither the network nor the n-grams have learned from.

    Returns:
        ``weights`` of the experts, ``characters`` and, of these, nats per character of the network ``before`` and the
        mixture ``after``, and :func:`likeness`.
    """
    model.eval()

    def answers(indices: list[int], any_label: bool) -> tuple[Floats, NDArray[np.int64]]:
        """Scores of both experts (B, T, 2, V) and targets (B, T)."""
        batch = COLLATE["generator"]([data[i] for i in indices])
        chars, labels = batch.inputs
        if any_label:
            labels = torch.full_like(labels, label_rows(len(config.labels)) - 1)
        logits = model(chars.to(device), labels.to(device)).double().cpu().numpy()  # (B, T, V)
        scores = np.zeros_like(logits) if ngrams is None else ngrams.log_p[ngrams.states(chars.numpy(), labels.numpy())]
        return np.stack([log_softmax(logits), scores], axis=2), batch.targets.numpy()

    batches = list(LengthBuckets(data.lengths, 512, seed=0))
    parts: list[tuple[Floats, NDArray[np.int64]]] = []
    for indices in batches:
        experts, targets = answers(indices, any_label=False)
        parts.append((experts[targets != IGNORE], targets[targets != IGNORE]))
        if sum(scores.shape[0] * scores.shape[2] for scores, _ in parts) >= MOST_CELLS:
            break
    experts, targets = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    weights = fit_weights(experts, targets, np.array(list(GENERATOR_EXPERTS.values())))

    nats, characters = np.zeros(len(data)), np.zeros(len(data), np.int64)
    for indices in batches:
        scores, following = answers(indices, any_label=True)
        own = np.maximum(following, 0)[..., None]
        log_p = np.take_along_axis(log_softmax(np.einsum("k,btkv->btv", weights, scores)), own, axis=2)[..., 0]
        nats[indices] = -np.where(following != IGNORE, log_p, 0).sum(axis=1)
        characters[indices] = (following != IGNORE).sum(axis=1)
    return {
        "weights": {name: float(weight) for name, weight in zip(GENERATOR_EXPERTS, weights, strict=True)},
        "characters": len(targets),
        "before": {"nats_per_char": _nats(experts[:, 0], targets)},
        "after": {"nats_per_char": _nats(mix(weights, experts), targets)},
        **likeness(nats, characters),
    }


def _nats(scores: Floats, targets: NDArray[np.int64]) -> float:
    return float(-log_softmax(scores)[np.arange(len(targets)), targets].mean())


def likeness(nats: Floats, characters: NDArray[np.int64]) -> dict[str, Any]:
    """Beyond what a name is unlike the list.

    Args:
        nats: -log p(name) under no label in particular (names,).
        characters: of each name, its end included (names,).
    """
    per_char = np.sort(nats / characters)
    kept = min(math.ceil((len(per_char) + 1) * (1 - UNLIKE)), len(per_char))
    share = 1 - kept / len(per_char)
    return {"likeness": {"nats_per_char": float(per_char[kept - 1]), "share": share, "names": len(per_char)}}


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
    weights = fit_weights(experts, targets, np.array(list(CLASSIFIER_EXPERTS.values())))
    before, after = np.exp(log_softmax(network)), np.exp(log_softmax(mix(weights, experts)))
    figures = {
        when: {
            "nll": metrics.negative_log_likelihood(p, targets),
            "ece": metrics.expected_calibration_error(p, targets),
        }
        for when, p in (("before", before), ("after", after))
    }
    return {
        "weights": {name: float(weight) for name, weight in zip(CLASSIFIER_EXPERTS, weights, strict=True)},
        "thresholds": conformal_thresholds(after, targets),
        "names": len(targets),
        **figures,
    }


def fit_weights(experts: Floats, targets: NDArray[np.int64], start: Floats, steps: int = 50) -> Floats:
    """Exponents (K,) of a product of experts (Hinton 1999), by Newton's method on the convex log-loss.

    With one expert this is temperature scaling (Guo et al. 2017). A quadratic pull to ``start``, as strong as one row,
    keeps a handful of rows from sending the weights to infinity.

    Args:
        experts: scores (rows, K, classes).
        targets: true classes (rows,).
        start: where to begin, (K,).
        steps: at most.
    """
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
    # An expert that says nothing of any class was left where it began.
    weights[(experts == experts[:, :, :1]).all(axis=(0, 2))] = 0
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


CALIBRATE: dict[str, Callable[..., dict[str, Any]]] = {
    "classifier": calibrate_classifier,
    "generator": calibrate_generator,
}
