"""Calibration on validation names, which neither the network nor the n-grams were fitted on.

It gives the weights of the experts, the thresholds of a classifier's label sets, and what it finds unlike its list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from charrnn import metrics
from charrnn.arrays import Floats, Ints, label_prior, log_softmax, mix_experts
from charrnn.likeness import Likeness, Measures
from charrnn.model_config import EXPERTS, ModelConfig, embedding_rows
from charrnn.ngrams import NGramAutomaton, NGramHashTable
from charrnn.text import pad
from charrnn.training.dataset import COLLATE, IGNORE, LengthBuckets, NameDataset
from charrnn.training.fitting import FittedModel

PULLS = {"classifier": (0.5, 0.25, 0.25), "generator": (0.6, 0.35)}
"""Weights that fitting starts from and is pulled to, in the order of :data:`charrnn.model_config.EXPERTS`; memory
has none, for it says nothing of validation names."""
MAX_FITTING_NAMES = 20_000
"""Names on which a classifier is calibrated at most."""
COVERAGES = (0.8, 0.9, 0.95)
MAX_FITTING_CELLS = 3_000_000
"""Characters times vocabulary on which a generator's two weights are fitted at most."""
BATCH = 512


class ExpertScores(NamedTuple):
    """What the experts of a model say of names that it was not fitted on; R names or characters, C classes or symbols.

    Attributes:
        network: logits of a classifier, log-probabilities of a generator, (R, C).
        ngrams: log-likelihoods of the labels (R, labels), or log-probabilities of the symbols (R, C).
        targets: true classes or symbols, (R,).
        log_prior: of the classes, (R, C), of a classifier; without columns of a generator.
        measures: of a classifier with n-grams.
    """

    network: Floats
    ngrams: Floats
    targets: Ints
    log_prior: Floats
    measures: Measures | None = None


@torch.no_grad()
def expert_scores(config: ModelConfig, model: FittedModel, data: NameDataset, device: torch.device) -> ExpertScores:
    """What the experts of a model say of names.

    Args:
        config: of the model.
        model: to be calibrated.
        data: names that it was not fitted on.
        device: of the network.
    """
    model.network.eval()
    if config.task == "generator":
        batches = list(LengthBuckets(data.lengths, BATCH, seed=0))
        network, ngrams, targets = _sample_characters(model, data, device, batches)
        return ExpertScores(network, ngrams, targets, np.zeros((len(targets), 0)))
    if len(data) > MAX_FITTING_NAMES:
        data = data.select(np.random.default_rng(0).permutation(len(data))[:MAX_FITTING_NAMES].tolist())
    network, ngrams = _classifier_scores(model, data, device, len(config.labels))
    measures = None
    if likeness := _likeness(config, model):
        encoded = [name.tolist() for name in data.encoded]
        texts = [likeness.vocabulary.decode(name) for name in encoded]
        measures = likeness.measure(texts, *pad(encoded), ngrams)
    log_prior = np.broadcast_to(np.log(label_prior(model.class_counts)), network.shape)
    return ExpertScores(network, ngrams, np.array(data.labels, np.int64), log_prior, measures)


def calibrate(config: ModelConfig, model: FittedModel, scores: Sequence[ExpertScores]) -> dict[str, Any]:
    """The ``calibration`` of a model's config (see :func:`calibrate_classifier`, :func:`calibrate_generator`).

    Args:
        config: of the model.
        model: to be calibrated, or one of the models that the scores are of.
        scores: of names that none of their models was fitted on; of several models in cross-validation.
    """
    network, ngrams, targets, log_prior = (np.concatenate([own[i] for own in scores]) for i in range(4))
    if config.task == "generator":
        return calibrate_generator(network, ngrams, targets)
    calibration = calibrate_classifier(network, ngrams, log_prior, targets, config.kind_count)
    if likeness := _likeness(config, model):
        measures = [own.measures for own in scores if own.measures is not None]
        calibration["likeness"] = likeness.fit(Measures(*map(np.concatenate, zip(*measures, strict=True))))
    return calibration


def _likeness(config: ModelConfig, model: FittedModel) -> Likeness | None:
    if not isinstance(model.ngrams, NGramHashTable):
        return None
    by_label = label_prior(np.reshape(model.class_counts, (len(config.labels), -1)).sum(axis=1))
    return Likeness(model.ngrams, by_label, config.alphabet, {})


def calibrate_classifier(
    network: Floats, ngrams: Floats, log_prior: Floats, targets: Ints, kind_count: int = 1
) -> dict[str, Any]:
    """The ``calibration`` of a classifier's config.

    Args:
        network: logits (names, classes).
        ngrams: log-likelihoods (names, labels).
        log_prior: (names, classes), or (classes,).
        targets: true classes (names,).
        kind_count: classes of each label.

    Returns:
        ``weights`` of the experts; and of labels, over all kinds, ``thresholds`` (see :func:`conformal_thresholds`),
        ``names``, and ``nll`` and ``ece`` of the network alone, ``before``, and of the mixture, ``after``.
    """
    experts = [network, np.repeat(ngrams, kind_count, axis=1), log_prior]
    labels = targets // kind_count
    weights = fit_weights(experts, labels, PULLS["classifier"], kind_count)
    before, after = (
        np.exp(log_softmax(scores)).reshape(len(scores), -1, kind_count).sum(axis=2)
        for scores in (network, mix_experts(weights, experts))
    )
    return {
        "weights": dict(zip(EXPERTS["classifier"], weights, strict=False)),
        "thresholds": conformal_thresholds(after, labels),
        "names": len(targets),
        "before": _classifier_losses(before, labels),
        "after": _classifier_losses(after, labels),
    }


def calibrate_generator(network: Floats, ngrams: Floats, targets: Ints) -> dict[str, Any]:
    """The ``calibration`` of a generator's config.

    Args:
        network: log-probabilities of the symbols (characters, symbols).
        ngrams: likewise.
        targets: true symbols (characters,).

    Returns:
        ``weights`` of the experts; ``characters`` and, of these, nats per character of the network alone, ``before``,
        and of the mixture, ``after``.
    """
    weights = fit_weights([network, ngrams], targets, PULLS["generator"])
    return {
        "weights": dict(zip(EXPERTS["generator"], weights, strict=True)),
        "characters": len(targets),
        "before": {"nats_per_char": _mean_nats(network, targets)},
        "after": {"nats_per_char": _mean_nats(mix_experts(weights, [network, ngrams]), targets)},
    }


def fit_weights(
    experts: Sequence[Floats], targets: Ints, pull: Sequence[float], kind_count: int = 1, steps: int = 50
) -> list[float]:
    """Weights of a product of experts (Hinton 1999), by Newton's method on the log-loss.

    With one expert this is temperature scaling (Guo et al. 2017). A quadratic pull to ``pull``, as strong as one row,
    keeps the weights finite where few rows are separated without error. An expert whose scores are equal for all
    classes gets weight 0.

    The loss is that of labels, whose probability is the sum over their classes, for answers are labels: the loss of
    classes would have the experts tell kinds, of which n-grams know nothing.

    Args:
        experts: scores, the first (rows, classes), the others of that shape or broadcastable to it.
        targets: true labels (rows,).
        pull: where the weights are pulled to and the search begins, one number for each expert.
        kind_count: classes of each label.
        steps: at most.
    """
    scores = np.stack(np.broadcast_arrays(*experts), axis=1)  # (R, K, C)
    start = np.array(pull)
    own = np.arange(scores.shape[2]) // kind_count == targets[:, None]  # (R, C), the classes of the true label

    def log_p(weights: Floats) -> Floats:
        return log_softmax(mix_experts(weights.tolist(), experts))

    def loss(weights: Floats) -> float:
        right = np.where(own, np.exp(log_p(weights)), 0).sum(axis=1)
        return float(-np.log(np.maximum(right, np.finfo(np.float64).tiny)).sum() + 0.5 * ((weights - start) ** 2).sum())

    def moments(p: Floats) -> tuple[Floats, Floats]:
        """Mean (R, K) and summed covariance (K, K) of the experts' scores."""
        mean = np.einsum("rc,rkc->rk", p, scores)
        return mean, np.einsum("rc,rkc,rmc->km", p, scores, scores) - mean.T @ mean

    weights = start
    for _ in range(steps):
        p = np.exp(log_p(weights))
        of_label = np.where(own, p, 0)
        of_label /= np.maximum(of_label.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        (mean, spread), (mean_of_label, spread_of_label) = moments(p), moments(of_label)
        gradient = (mean - mean_of_label).sum(axis=0) + weights - start
        curvature = spread - spread_of_label + np.eye(len(start))
        if np.linalg.eigvalsh(curvature).min() < 1:  # the loss of labels need not be convex; that of classes is
            curvature = spread + np.eye(len(start))
        move = np.linalg.solve(curvature, gradient)
        length, now = 1.0, loss(weights)
        while length > 1e-6 and loss(weights - length * move) > now:
            length /= 2
        weights = weights - length * move
        if np.abs(length * move).max() < 1e-9:
            break
    # The loss does not depend on the weight of an expert that scores all classes alike.
    is_constant = (scores == scores[:, :, :1]).all(axis=(0, 2))
    return [0.0 if constant else float(weight) for weight, constant in zip(weights, is_constant, strict=True)]


def conformal_thresholds(probabilities: Floats, targets: Ints) -> dict[str, float]:
    """For each of :data:`COVERAGES`, the least probability with which a label belongs to the set.

    Split conformal prediction with the score 1 - p(true label) (Vovk et al. 2005; Sadinle, Lei and Wasserman 2019): of
    names drawn like these, at least the share ``coverage`` has its label in the set. The threshold is 0 where there
    are too few names for the guarantee.

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


def _classifier_scores(
    model: FittedModel, data: NameDataset, device: torch.device, label_count: int
) -> tuple[Floats, Floats]:
    """Logits of the network (names, classes) and log-likelihoods of the n-grams (names, labels); 0 without n-grams."""
    network = np.zeros((len(data), len(model.class_counts)))
    ngrams = np.zeros((len(data), label_count))
    for indices in LengthBuckets(data.lengths, BATCH):
        batch = COLLATE["classifier"]([data[i] for i in indices])
        if isinstance(model.ngrams, NGramHashTable):
            chars, lengths = (tensor.numpy() for tensor in batch.inputs)
            ngrams[indices] = model.ngrams.scores(chars, lengths)
        network[indices] = model.network(*batch.to(device).inputs).double().cpu().numpy()
    return network, ngrams


def _generator_scores(
    model: FittedModel, data: NameDataset, device: torch.device, indices: list[int]
) -> tuple[list[Floats], Ints]:
    """Log-probabilities of network and n-grams, (B, T, V) each, and targets (B, T).

    Args:
        model: of a generator.
        data: names.
        device: of the network.
        indices: of the names of the batch.
    """
    batch = COLLATE["generator"]([data[i] for i in indices])
    chars, conditions = batch.inputs
    network = log_softmax(model.network(chars.to(device), conditions.to(device)).double().cpu().numpy())
    ngrams = np.zeros_like(network)
    if isinstance(model.ngrams, NGramAutomaton):
        labels, kinds = np.divmod(conditions.numpy(), embedding_rows(model.ngrams.kinds))
        states = model.ngrams.states(chars.numpy(), labels)  # (B, T)
        for kind in np.unique(kinds):
            rows = kinds == kind
            own = model.ngrams.log_p(states[rows].ravel(), int(kind))
            ngrams[rows] = own.reshape(*states[rows].shape, -1)
    return [network, ngrams], batch.targets.numpy()


def _sample_characters(
    model: FittedModel, data: NameDataset, device: torch.device, batches: list[list[int]]
) -> tuple[Floats, Floats, Ints]:
    """Scores of network and n-grams, (R, V) each, and targets (R,), of the first :data:`MAX_FITTING_CELLS` cells."""
    samples: list[tuple[Floats, Floats, Ints]] = []
    cells = 0
    for indices in batches:
        (network, ngrams), targets = _generator_scores(model, data, device, indices)
        inside = targets != IGNORE
        samples.append((network[inside], ngrams[inside], targets[inside]))
        cells += samples[-1][0].size
        if cells >= MAX_FITTING_CELLS:
            break
    networks, all_ngrams, all_targets = zip(*samples, strict=True)
    return np.concatenate(networks), np.concatenate(all_ngrams), np.concatenate(all_targets)


def _classifier_losses(probabilities: Floats, targets: Ints) -> dict[str, float]:
    ece = metrics.expected_calibration_error(metrics.reliability_bins(probabilities, targets))
    return {"nll": metrics.negative_log_likelihood(probabilities, targets), "ece": ece}


def _mean_nats(scores: Floats, targets: Ints) -> float:
    return float(-log_softmax(scores)[np.arange(len(targets)), targets].mean())
