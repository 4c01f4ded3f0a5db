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
        self.head = np.ascontiguousarray(checked_weight(weights, "head.weight", (size, hidden)).T)
        self.head_bias = checked_weight(weights, "head.bias", (size,))
        self.ngrams = NGramAutomaton.from_weights(weights, size, self.label_rows, config.kind_count)
        self.network_weight, self.ngram_weight = config.expert_weights(self.ngrams is not None)

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
        network: Floats32 = state[:, : self.layer.hidden] @ self.head + self.head_bias  # (B, V)
        logits: Floats32 = network * np.float32(self.network_weight)
        if self.ngrams is not None:
            for context, weight in zip(contexts, weights, strict=True):
                logits += np.float32(self.ngram_weight * weight) * self.ngram_scores(context, kinds)
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


class ConditionalDecoder:
    """A character model under a label or a blend, and a kind, as :mod:`charrnn.generation.sampling` draws from it.

    A blend mixes the labels' embeddings for the network, and multiplies their n-grams with the weights as exponents.

    Args:
        model: the network and its n-grams.
        labels: indices of K labels.
        weights: of the labels, (K,); they sum to 1.
        kind: index, that of any by default.

    Attributes:
        conditions: of the labels and the kind.
    """

    def __init__(self, model: CharacterModel, labels: list[int], weights: Floats, kind: int | None = None) -> None:
        self.model, self.label_indices = model, labels
        self.kind = model.kind_rows - 1 if kind is None else kind
        self.conditions = [label * model.kind_rows + self.kind for label in labels]
        weights32 = weights.astype(np.float32)
        self.weights: list[float] = weights32.tolist()
        self.label_input = weights32 @ model.condition_table[self.conditions]  # (GH,)

    def reset(self, slots: int) -> None:
        """Begin ``slots`` new names."""
        self.state = self.model.layer.initial_state(slots)
        self.contexts = [np.full(slots, label) for label in self.label_indices]

    def reset_slots(self, slots: Ints) -> None:
        """Begin new names in these slots; the others go on."""
        self.state[slots] = 0
        for label, context in zip(self.label_indices, self.contexts, strict=True):
            context[slots] = label

    def next_logits(self, symbols: Ints) -> Floats32:
        """Logits (B, V) of what follows ``symbols`` (B,), which every slot reads."""
        model = self.model
        self.state = model.layer.step(model.char_table[symbols] + self.label_input, self.state)
        self.contexts = [model.next_context(context, symbols) for context in self.contexts]
        return model.logits(self.state, self.contexts, self.kind, self.weights)

    def decode(self, symbols: list[int]) -> str:
        """The text of symbols."""
        return self.model.vocabulary.decode(symbols)
