"""The character 4-gram that every trained model is printed beside."""

from __future__ import annotations

import numpy as np

from charrnn import metrics
from charrnn.corpus.split import Split
from charrnn.model_folder import ModelConfig
from charrnn.ngrams import NGrams
from charrnn.text import PIPELINES, Vocabulary


def baseline(config: ModelConfig, parts: Split) -> dict[str, float]:
    """Figures of the interpolated 4-gram on the test part, fitted on what the model was fitted on.

    The same text pipeline, alphabet and metrics as the model's: with Bayes' rule for a classifier, nats per character
    of the label's own 4-gram for a generator.
    """
    vocabulary = Vocabulary(config.alphabet)
    pipeline = PIPELINES[config.pipeline]
    index = {label: i for i, label in enumerate(config.labels)}
    (train, train_labels), (more, more_labels), (test, test_labels) = (
        ([vocabulary.encode(pipeline(n)) for n in part.names], [index[label] for label in part.labels])
        for part in parts
    )
    if config.training.get("refit"):
        train, train_labels = train + more, train_labels + more_labels
    model = NGrams.fit(train, train_labels, len(config.labels), len(vocabulary))
    if config.task == "classifier":
        counts = np.maximum(np.bincount(train_labels, minlength=len(config.labels)), 0.5)
        probabilities = model.probabilities(test, counts / counts.sum())
        return metrics.classification_report(probabilities, np.array(test_labels))
    nats = -float(model.log_likelihoods(test)[np.arange(len(test)), test_labels].sum())
    characters = sum(len(name) + 1 for name in test)
    return {"nats_per_char": nats / characters, "names": len(test), "characters": characters}
