"""Scores of all labels for a name: a recurrent network, n-grams and label frequencies, mixed.

Shapes: B names, T characters, V vocabulary, G gates, H hidden, L labels.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from charrnn.arrays import Floats, Floats32, Ints, label_prior, mix_experts
from charrnn.errors import ModelFolderError
from charrnn.inference.recurrent import GATES, POOLINGS, Recurrent, checked_architecture, checked_weight, reverse
from charrnn.model_folder import ModelConfig, Weights
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
    """Logits of the labels, the weighted sum of a network's logits, n-gram log-likelihoods and log label frequencies.

    Args:
        config: of a model folder, task ``classifier``.
        weights: of the same folder.

    Attributes:
        prior: label frequencies of the training names, (L,).

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.vocabulary = Vocabulary(config.alphabet)
        self.prior = label_prior(config.label_counts)
        architecture = checked_architecture(config, ARCHITECTURE)
        self.pooling = architecture["pooling"]
        cell, hidden, embedding = architecture["cell"], architecture["hidden"], architecture["embedding"]
        directions = ["forward_rnn", "backward_rnn"] if architecture["bidirectional"] else ["forward_rnn"]
        table = checked_weight(weights, "embed.weight", (len(self.vocabulary), embedding))
        self.layers = [Recurrent(cell, weights, prefix, hidden, embedding) for prefix in directions]
        self.tables = [table @ layer.input_weights + layer.bias for layer in self.layers]  # (V, GH)
        self.head = checked_weight(weights, "head.weight", (len(config.labels), hidden * len(directions))).T
        self.head_bias = checked_weight(weights, "head.bias", (len(config.labels),))
        self.ngrams = NGramHashTable.from_weights(weights, len(self.vocabulary))
        self.network_weight, self.ngram_weight, self.prior_weight = config.expert_weights(self.ngrams is not None)
        if self.ngrams is not None and len(self.ngrams.base) != len(config.labels):
            raise ModelFolderError("weights ngrams: not of this model's labels. Copy the model folder again.")

    def scores(self, chars: Ints, lengths: Ints, chars_for_ngrams: Ints | None = None) -> Floats:
        """Logits (B, L) of all experts together.

        Args:
            chars: (B, T), padded with 0.
            lengths: (B,), at least 1.
            chars_for_ngrams: what the n-grams read instead of ``chars``; a 0 inside a name leaves a character out.
        """
        weights = [self.network_weight, self.prior_weight]
        scores = [self.logits(chars, lengths).astype(np.float64), np.log(self.prior)]
        if self.ngrams is not None:
            weights.append(self.ngram_weight)
            scores.append(self.ngrams.scores(chars if chars_for_ngrams is None else chars_for_ngrams, lengths))
        return mix_experts(weights, scores)

    def logits(self, chars: Ints, lengths: Ints) -> Floats32:
        """Logits (B, L) of the network alone; arguments as for :meth:`scores`."""
        pooled = [
            layer.pooled(table, directed, lengths, self.pooling)
            for layer, table, directed in zip(self.layers, self.tables, (chars, reverse(chars, lengths)), strict=False)
        ]
        return np.asarray(np.concatenate(pooled, axis=1) @ self.head + self.head_bias)
