"""The next character under a label: a recurrent network and n-grams, mixed.

Shapes: B names, T characters, V vocabulary, G gates, H hidden, K labels of a blend.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from charrnn.arrays import Floats, Floats32, Ints, log_softmax
from charrnn.inference.recurrent import GATES, Recurrent, checked_architecture, checked_weight
from charrnn.model_config import ModelConfig, embedding_rows
from charrnn.model_folder import Weights
from charrnn.ngrams import NGramAutomaton
from charrnn.text import EOS, Vocabulary

ARCHITECTURE: dict[str, type | Collection[str]] = {
    "cell": GATES,
    "hidden": int,
    "embedding": int,
    "label_embedding": int,
}


class CharacterModel:
    """Logits of the next character, the weighted sum of a network's logits and the n-grams' log-probabilities.

    A *condition* is a label and a kind, ``label * kind_rows + kind``; where there are several labels, the last one
    stands for any, and likewise of kinds.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.

    Attributes:
        label_rows: labels, and any.
        kind_rows: kinds, and any.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.vocabulary = Vocabulary(config.alphabet)
        size = len(self.vocabulary)
        architecture = checked_architecture(config, ARCHITECTURE)
        cell, hidden = architecture["cell"], architecture["hidden"]
        embedding, label_embedding = architecture["embedding"], architecture["label_embedding"]
        self.label_rows, self.kind_rows = embedding_rows(len(config.labels)), embedding_rows(config.kind_count)
        self.layer = Recurrent(cell, weights, "rnn", hidden, embedding + label_embedding)
        chars = checked_weight(weights, "embed.weight", (size, embedding))
        conditions = checked_weight(weights, "embed_label.weight", (self.label_rows, label_embedding))
        if self.kind_rows > 1:
            kinds = checked_weight(weights, "embed_kind.weight", (self.kind_rows, label_embedding))
            conditions = (conditions[:, None] + kinds).reshape(-1, label_embedding)
        self.char_table = chars @ self.layer.input_weights[:embedding] + self.layer.bias  # (V, GH)
        self.condition_table = conditions @ self.layer.input_weights[embedding:]  # (conditions, GH)
        self.head = checked_weight(weights, "head.weight", (size, hidden)).T.copy()
        self.head_bias = checked_weight(weights, "head.bias", (size,))
        self.ngrams = NGramAutomaton.from_weights(weights, size, self.label_rows, config.kind_count)
        network_weight, self.ngram_weight = config.expert_weights(self.ngrams is not None)
        # The output layer contains the network's weight.
        self.head *= np.float32(network_weight)
        self.head_bias = np.float32(network_weight) * self.head_bias

    def step_log_probabilities(self, chars: Ints, lengths: Ints, conditions: Ints) -> Floats:
        """log p of the character after each of the given ones, (B, T), 0 beyond the end.

        Args:
            chars: (B, T), BOS first, padded with 0; the longest name first.
            lengths: (B,), BOS counted; after the last character comes EOS.
            conditions: (B,).
        """
        targets = np.concatenate([chars[:, 1:], np.zeros((len(chars), 1), np.int64)], axis=1)
        targets[np.arange(len(chars)), lengths - 1] = EOS
        result = np.zeros(chars.shape)
        state, context = self.layer.initial_state(len(chars)), conditions // self.kind_rows
        for t in range(chars.shape[1]):
            active = int(np.searchsorted(-lengths, -t))
            logits, state, context = self.step(chars[:active, t], conditions[:active], state[:active], context[:active])
            result[:active, t] = log_softmax(logits)[np.arange(active), targets[:active, t]]
        return result

    def step(self, symbols: Ints, conditions: Ints, state: Floats32, context: Ints) -> tuple[Floats32, Floats32, Ints]:
        """Logits (B, V) of what follows ``symbols`` (B,), and the new states of network and n-grams.

        Args:
            symbols: the characters that are read, (B,).
            conditions: (B,).
            state: of the network, (B, size); zeros at first.
            context: of the n-grams, (B,); the labels at first.
        """
        state = self.layer.step(self.char_table[symbols] + self.condition_table[conditions], state)
        context = self.next_context(context, symbols)
        return self.logits(state, [context], conditions % self.kind_rows, [1.0]), state, context

    def next_context(self, context: Ints, symbols: Ints) -> Ints:
        """The n-gram states (B,) after ``symbols`` (B,); the first states are the indices of the labels."""
        return context if self.ngrams is None else self.ngrams.next_states(context, symbols)

    def logits(
        self, state: Floats32, contexts: Sequence[Ints], kinds: Ints | int, weights: Sequence[float]
    ) -> Floats32:
        """Logits of the next character, (B, V).

        Args:
            state: of the network, (B, size).
            contexts: n-gram states (B,) under each label of a blend.
            kinds: (B,), or one for all.
            weights: of these labels; they sum to 1.
        """
        logits: Floats32 = state[:, : self.layer.hidden] @ self.head  # (B, V)
        logits += self.head_bias
        if self.ngrams is not None:
            for context, weight in zip(contexts, weights, strict=True):
                scores = self.ngram_scores(context, kinds)
                scores *= np.float32(self.ngram_weight * weight)
                logits += scores
        return logits

    def ngram_scores(self, context: Ints, kinds: Ints | int) -> Floats32:
        """log p of the n-grams for all next characters, (B, V), in states (B,) under kinds (B,), or one for all."""
        assert self.ngrams is not None
        if isinstance(kinds, int):
            return self.ngrams.log_p(context, kinds)
        result = np.empty((len(context), len(self.vocabulary)), np.float32)
        for kind in np.unique(kinds).tolist():
            rows = kinds == kind
            result[rows] = self.ngrams.log_p(context[rows], kind)
        return result
