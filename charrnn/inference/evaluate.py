"""Scores of a model on a corpus, under the keys of ``charrnn evaluate --format json``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from charrnn import metrics
from charrnn.corpus import Corpus
from charrnn.errors import CorpusError
from charrnn.inference.classifier import Classifier
from charrnn.inference.generator import Generator


def evaluate(model: Classifier | Generator, corpus: Corpus, prior: str = "model") -> dict[str, float]:
    """Figures of a model on a corpus.

    Classifiers: repeated (name, label) pairs count once; keys of :func:`charrnn.metrics.classification_report`.
    Generators: repeats count; ``nats_per_char`` (the end of a name is a character), ``names``, ``characters``.

    Args:
        model: to be scored.
        corpus: its labels must be labels of the model.
        prior: ``model`` leaves the answers alone; ``uniform`` divides them by the training frequencies of the labels.

    Raises:
        CorpusError: there are no names, or a label that the model does not know.
    """
    if not len(corpus):
        raise CorpusError(f"{corpus.source}: no names are left to score. Give other names, or exclude fewer.")
    if isinstance(model, Generator):
        # A model with one label scores any list: which names, is what it is asked.
        labels = [None] * len(corpus) if len(model.labels) == 1 else _known(model, corpus)
        total = -model.log_probabilities(corpus.names, labels).sum()
        characters = sum(model.characters(name) for name in corpus.names)
        return {"nats_per_char": float(total / characters), "names": len(corpus), "characters": characters}
    corpus = corpus.distinct_pairs(model.config.pipeline)
    index = {label: i for i, label in enumerate(model.labels)}
    targets = np.array([index[label] for label in _known(model, corpus)])
    probabilities = model.probabilities(corpus.names, prior)
    return metrics.classification_report(probabilities, targets)


def evaluate_labels(model: Classifier | Generator, corpus: Corpus) -> dict[str, dict[str, float]]:
    """Figures of each label: ``names``, ``precision``, ``recall``, ``f1``; or ``names``, ``nats_per_char``.

    Args:
        model: to be scored.
        corpus: its labels must be labels of the model.
    """
    if isinstance(model, Generator):
        nats = -model.log_probabilities(corpus.names, corpus.labels)
        sums = {label: [0, 0.0, 0] for label in corpus.label_set}
        for name, label, n in zip(corpus.names, corpus.labels, nats.tolist(), strict=True):
            total = sums[label]
            sums[label] = [total[0] + 1, total[1] + n, total[2] + model.characters(name)]
        return {label: {"names": n, "nats_per_char": s / c} for label, (n, s, c) in sums.items()}
    corpus = corpus.distinct_pairs(model.config.pipeline)
    targets = np.array([model.labels.index(label) for label in corpus.labels])
    answers = model.probabilities(corpus.names).argmax(axis=1)
    report = metrics.label_report(metrics.confusion_matrix(targets, answers, len(model.labels)))
    return {
        label: {key: float(values[model.labels.index(label)]) for key, values in report.items()}
        for label in corpus.label_set
    }


def evaluate_sets(model: Classifier, corpus: Corpus) -> dict[str, dict[str, float]]:
    """By promised coverage: the share of names whose set holds their label, ``coverage``, and the mean ``size``.

    Args:
        model: a calibrated classifier.
        corpus: its labels must be labels of the model.
    """
    corpus = corpus.distinct_pairs(model.config.pipeline)
    found: dict[str, dict[str, float]] = {}
    for coverage in model.config.calibration["thresholds"]:
        answers = model.predict(corpus.names, coverage=float(coverage))
        sets = [{scored.label for scored in answer.predictions} for answer in answers]
        held = [label in own for label, own in zip(corpus.labels, sets, strict=True)]
        found[coverage] = {"coverage": float(np.mean(held)), "size": float(np.mean([len(own) for own in sets]))}
    return found


LEAST = 30
"""Names a label needs to count in :func:`out_of_source`; fewer say too little about it."""


def out_of_source(model: Classifier | Generator, seen: Corpus, other: Corpus) -> dict[str, Any]:
    """Figures on names of another source that the model never saw.

    Labels that the model does not know are left out. Classifiers: uniform prior, labels with at least :data:`LEAST`
    unseen names; ``balanced_accuracy``, ``top3_accuracy``, ``names`` and ``recall`` by label. Generators: as
    :func:`evaluate`.

    Args:
        model: trained on ``seen``.
        seen: all of its names are taken out of ``other``, whatever split they were in.
        other: the names to score.

    Raises:
        CorpusError: nothing is left to score.
    """
    if isinstance(model, Generator):
        unseen, known = other.without(seen.keys), set(model.labels)
        kept = unseen.select([i for i, label in enumerate(unseen.labels) if len(known) == 1 or label in known])
        return {"corpus": other.source, **evaluate(model, kept)}
    kept = unseen_names(model.labels, seen, other, model.config.pipeline)
    report = evaluate(model, kept, "uniform")
    answers = model.probabilities(kept.names, "uniform").argmax(axis=1)
    labels = np.array(kept.labels)
    right = np.array(model.labels)[answers] == labels
    return {
        "corpus": other.source,
        "balanced_accuracy": report["balanced_accuracy"],
        "top3_accuracy": report["top3_accuracy"],
        "names": report["n"],
        "recall": {label: float(right[labels == label].mean()) for label in kept.label_set},
    }


def unseen_names(labels: Collection[str], seen: Corpus, other: Corpus, pipeline: str = "ascii") -> Corpus:
    """Distinct pairs of ``other`` that are not in ``seen``, of the labels that have at least :data:`LEAST` of them."""
    unseen = other.without(seen.keys).distinct_pairs(pipeline)
    counts = unseen.label_counts
    return unseen.select([i for i, lab in enumerate(unseen.labels) if lab in labels and counts[lab] >= LEAST])


def _known(model: Classifier | Generator, corpus: Corpus) -> list[str]:
    unknown = sorted(set(corpus.labels) - set(model.labels))
    if unknown:
        raise CorpusError(
            f"{corpus.source}: the model does not know the labels {', '.join(unknown)}; it knows "
            f"{', '.join(model.labels)}. Rename or remove them."
        )
    return list(corpus.labels)
