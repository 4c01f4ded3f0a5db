"""Scores by label, by confidence and by set of labels: which names a model gets wrong, and how far it can be trusted.

The names may be those of several models, as in cross-validation: each is scored by its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from charrnn import metrics
from charrnn.arrays import Floats, Ints
from charrnn.corpus import Corpus
from charrnn.inference.classifier import Classifier
from charrnn.inference.evaluation import nats_of, probabilities_of, targets_of
from charrnn.inference.generator import Generator
from charrnn.model_config import ModelConfig

HeldOut = Sequence[tuple[Classifier | Generator, Corpus]]
"""Models of one task with the same labels, and the names that each of them did not learn."""


def with_details(config: ModelConfig, held_out: HeldOut) -> ModelConfig:
    """A config with the scores of this module; as it is where there are no names.

    Args:
        config: of the finished model.
        held_out: of it, or of the models of cross-validation.
    """
    if not held_out:
        return config
    config = replace(config, by_label=evaluate_labels(held_out))
    if config.task == "generator":
        return config
    measured = {"test": evaluate_sets(held_out), "reliability": evaluate_reliability(held_out).T.tolist()}
    return replace(config, calibration=config.calibration | measured)


def evaluate_labels(held_out: HeldOut) -> dict[str, dict[str, Any]]:
    """Scores of each label: ``names``, ``precision``, ``recall``, ``f1`` and, as ``answers``, how many of its names got
    each label as their most probable one; of a generator ``names``, ``nats_per_char``.
    """
    classifiers = _classified(held_out)
    if not classifiers:
        return _by_label(held_out)
    labels = classifiers[0][0].labels
    matrix: Ints = np.sum(
        [
            metrics.confusion_matrix(
                targets_of(model, corpus), probabilities_of(model, corpus).argmax(axis=1), len(labels)
            )
            for model, corpus in classifiers
        ],
        axis=0,
    )
    report = {
        key: dict(zip(labels, values.tolist(), strict=True)) for key, values in metrics.label_report(matrix).items()
    }
    answers = {
        true: {label: count for label, count in zip(labels, row, strict=True) if count}
        for true, row in zip(labels, matrix.tolist(), strict=True)
    }
    return {
        label: {**{key: by_label[label] for key, by_label in report.items()}, "answers": answers[label]}
        for label in sorted({label for _, corpus in classifiers for label in corpus.labels})
    }


def _by_label(held_out: HeldOut) -> dict[str, dict[str, Any]]:
    generators = [(model, corpus) for model, corpus in held_out if isinstance(model, Generator)]
    nats = np.concatenate([nats_of(model, corpus) for model, corpus in generators])
    characters = np.array([model.count_characters(name) for model, corpus in generators for name in corpus.names])
    labels = np.array([label for _, corpus in generators for label in corpus.labels])
    own = {label: labels == label for label in sorted(set(labels.tolist()))}
    return {
        label: {"names": int(rows.sum()), "nats_per_char": float(nats[rows].sum() / characters[rows].sum())}
        for label, rows in own.items()
    }


def evaluate_reliability(held_out: HeldOut) -> Floats:
    """Names, summed confidence and hits of classifiers in bins of confidence (see
    :func:`charrnn.metrics.reliability_bins`), which hold sums and so add up.
    """
    bins = [
        metrics.reliability_bins(probabilities_of(model, corpus), targets_of(model, corpus))
        for model, corpus in _classified(held_out)
    ]
    return np.asarray(np.sum(bins, axis=0))


def evaluate_sets(held_out: HeldOut) -> dict[str, dict[str, float]]:
    """For each coverage of calibrated classifiers: the share of names whose set holds their label, ``coverage``, and
    the mean set ``size``.
    """
    classifiers = _classified(held_out)
    report: dict[str, dict[str, float]] = {}
    for coverage in classifiers[0][0].config.calibration["thresholds"]:
        hits, sizes = [], []
        for model, corpus in classifiers:
            for label, answer in zip(
                corpus.labels, model.predict(corpus.names, coverage=float(coverage), whole=True), strict=True
            ):
                own = {scored.label for scored in answer.predictions}
                hits.append(label in own)
                sizes.append(len(own))
        report[coverage] = {"coverage": float(np.mean(hits)), "size": float(np.mean(sizes))}
    return report


def _classified(held_out: HeldOut) -> list[tuple[Classifier, Corpus]]:
    """The classifiers, and their names, repeated (name, label) pairs once."""
    return [
        (model, corpus.distinct_pairs(model.config.pipeline))
        for model, corpus in held_out
        if isinstance(model, Classifier)
    ]
