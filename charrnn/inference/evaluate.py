"""Scores of a model on a corpus, under the keys of ``charrnn evaluate --format json``."""

from __future__ import annotations

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
    corpus = corpus.distinct_pairs()
    index = {label: i for i, label in enumerate(model.labels)}
    targets = np.array([index[label] for label in _known(model, corpus)])
    probabilities = model.probabilities(corpus.names, prior)
    return metrics.classification_report(probabilities, targets)


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
    unseen = other.without(seen.keys)
    known = set(model.labels)
    if isinstance(model, Generator):
        kept = unseen.select([i for i, label in enumerate(unseen.labels) if len(known) == 1 or label in known])
        return {"corpus": other.source, **evaluate(model, kept)}
    unseen = unseen.distinct_pairs()
    counts = unseen.label_counts
    kept = unseen.select([i for i, lab in enumerate(unseen.labels) if lab in known and counts[lab] >= LEAST])
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


def _known(model: Classifier | Generator, corpus: Corpus) -> list[str]:
    unknown = sorted(set(corpus.labels) - set(model.labels))
    if unknown:
        raise CorpusError(
            f"{corpus.source}: the model does not know the labels {', '.join(unknown)}; it knows "
            f"{', '.join(model.labels)}. Rename or remove them."
        )
    return list(corpus.labels)
