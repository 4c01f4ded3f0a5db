"""Scores of all labels for a name: a recurrent network, n-grams and label frequencies, mixed.

Shapes: B names, T characters, V vocabulary, D directions, G gates, H hidden, L labels, C classes (each a label and a
kind).
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
    SideBySide,
    checked_architecture,
    checked_weight,
    reverse,
    vector_count,
)
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights
from charrnn.ngrams import NGramHashTable
from charrnn.text import FEW, Vocabulary

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
        self.tables = np.stack([table @ layer.input_weights + layer.bias for layer in self.layers])  # (D, V, GH)
        self.side_by_side = SideBySide(self.layers, self.tables)
        width = hidden * len(directions) * vector_count(self.pooling)
        head = checked_weight(weights, "head.weight", (len(self.prior), width)).T
        head_bias = checked_weight(weights, "head.bias", (len(self.prior),))
        self.ngrams = NGramHashTable.from_weights(weights, len(self.vocabulary))
        network_weight, self.ngram_weight, prior_weight, _ = config.expert_weights(self.ngrams is not None)
        # The output layer contains the weights of the experts, and the label frequencies.
        self.head = network_weight * head
        self.head_bias = (network_weight * head_bias + prior_weight * np.log(self.prior)).astype(np.float32)
        if self.ngrams is not None and len(self.ngrams.base) != len(config.labels):
            raise ModelFolderError("weights ngrams: not of this model's labels. Copy the model folder again.")

    def scores(self, chars: Ints, lengths: Ints, ngrams: Floats | None) -> Floats32:
        """Logits (B, C) of all experts together but memory.

        Args:
            chars: (B, T), padded with 0.
            lengths: (B,), at least 1.
            ngrams: of :meth:`ngram_scores`.
        """
        scores: Floats32 = self._pooled(chars, lengths) @ self.head + self.head_bias
        if ngrams is not None:
            by_kind = scores.reshape(len(scores), scores.shape[1] // self.kind_count, self.kind_count)
            by_kind += (self.ngram_weight * _relative(ngrams)).astype(np.float32)[:, :, None]
        return scores

    def ngram_scores(self, chars: Ints, lengths: Ints) -> Floats | None:
        """What the n-grams say, (B, L) (see :meth:`charrnn.ngrams.NGramHashTable.scores`); None without n-grams."""
        return None if self.ngrams is None else self.ngrams.scores(chars, lengths)

    def _pooled(self, chars: Ints, lengths: Ints) -> Floats32:
        directed = [chars, reverse(chars, lengths)][: len(self.layers)]
        if len(chars) <= FEW:
            return self.side_by_side.pooled(np.stack(directed), lengths, self.pooling)
        parts = zip(self.layers, self.tables, directed, strict=True)
        return np.concatenate([layer.pooled(table, own, lengths, self.pooling) for layer, table, own in parts], axis=1)


def _relative(scores: Floats) -> Floats:
    """Scores less the largest of each row, which single precision holds more exactly."""
    return np.asarray(scores - scores.max(axis=1, keepdims=True))
