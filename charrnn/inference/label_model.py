"""Scores of all labels for a name: a recurrent network, n-grams and label frequencies, mixed.

Shapes: B names, T characters, V vocabulary, G gates, H hidden, L labels, C classes (a label and a kind each).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from charrnn.arrays import Floats, Floats32, Ints, label_prior
from charrnn.errors import ModelFolderError
from charrnn.inference.recurrent import (
    GATES,
    POOLINGS,
    Recurrent,
    checked_architecture,
    checked_weight,
    reverse,
    vector_count,
)
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights
from charrnn.ngrams import NGramHashTable
from charrnn.text import Vocabulary

ARCHITECTURE: dict[str, type | Collection[str]] = {
    "cell": GATES,
    "hidden": int,
    "embedding": int,
    "bidirectional": bool,
    "pooling": POOLINGS,
}


class LabelModel:
    """Logits of the classes, the weighted sum of a network's logits, n-gram log-likelihoods and log class frequencies.

    Args:
        config: of a model folder, task ``classifier``.
        weights: of the same folder.

    Attributes:
        prior: class frequencies of the training names, (C,).

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.vocabulary = Vocabulary(config.alphabet)
        self.prior = label_prior(config.class_counts)
        self.kind_count = config.kind_count
        architecture = checked_architecture(config, ARCHITECTURE)
        self.pooling = architecture["pooling"]
        cell, hidden, embedding = architecture["cell"], architecture["hidden"], architecture["embedding"]
        directions = ["forward_rnn", "backward_rnn"] if architecture["bidirectional"] else ["forward_rnn"]
        table = checked_weight(weights, "embed.weight", (len(self.vocabulary), embedding))
        self.layers = [Recurrent(cell, weights, prefix, hidden, embedding) for prefix in directions]
        self.tables = [table @ layer.input_weights + layer.bias for layer in self.layers]  # (V, GH)
        width = hidden * len(directions) * vector_count(self.pooling)
        self.head = checked_weight(weights, "head.weight", (len(self.prior), width)).T
        self.head_bias = checked_weight(weights, "head.bias", (len(self.prior),))
        self.ngrams = NGramHashTable.from_weights(weights, len(self.vocabulary))
        self.network_weight, self.ngram_weight, prior_weight, _ = config.expert_weights(self.ngrams is not None)
        self.log_prior = prior_weight * np.log(self.prior)
        if self.ngrams is not None and len(self.ngrams.base) != len(config.labels):
            raise ModelFolderError("weights ngrams: not of this model's labels. Copy the model folder again.")

    def scores(self, chars: Ints, lengths: Ints, chars_for_ngrams: Ints | None = None) -> Floats:
        """Logits (B, C) of all experts together but memory.

        Args:
            chars: (B, T), padded with 0.
            lengths: (B,), at least 1.
            chars_for_ngrams: what the n-grams read instead of ``chars``; a 0 inside a name leaves a character out.
        """
        scores = self.network_weight * self.logits(chars, lengths) + self.log_prior
        if self.ngrams is not None:
            by_label = self.ngrams.scores(chars if chars_for_ngrams is None else chars_for_ngrams, lengths)
            scores += self.ngram_weight * np.repeat(by_label, self.kind_count, axis=1)
        return scores

    def logits(self, chars: Ints, lengths: Ints) -> Floats32:
        """Logits (B, C) of the network alone; arguments as for :meth:`scores`."""
        pooled = [
            layer.pooled(table, directed, lengths, self.pooling)
            for layer, table, directed in zip(self.layers, self.tables, (chars, reverse(chars, lengths)), strict=False)
        ]
        return np.asarray(np.concatenate(pooled, axis=1) @ self.head + self.head_bias)
