"""A character model under given labels, as names are drawn from it.

Shapes: B slots, V vocabulary, G gates, H hidden, K labels of a blend, N nodes.
"""

from __future__ import annotations

import numpy as np

from charrnn.arrays import Floats, Floats32, Ints
from charrnn.inference.character_model import CharacterModel

SHARED_LENGTH = 4
"""Prefixes of up to this many symbols, BOS among them, are computed once for all slots that read them. Of the symbols
of names that one label draws side by side, two of five are in such prefixes that another slot has read before."""
MAX_SHARED = 4096
MAX_CELLS = 1_000_000
"""Shared prefixes at most, and their probabilities, 4 MB."""


class ConditionalDecoder:
    """A character model under a label or a blend, and a kind, as :mod:`charrnn.generation.sampling` draws from it.

    A blend mixes the labels' embeddings for the network, and multiplies their n-grams with the weights as exponents.

    A node is a prefix and what the model computes of it. The first nodes are a tree of the shortest prefixes, which
    grows until :meth:`reset`; the root has read nothing. Behind them each slot has a node of its own for longer ones.

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
        self.vocabulary_size = len(model.vocabulary)
        self.shared = min(MAX_SHARED, max(MAX_CELLS // self.vocabulary_size, 1))

    def reset(self, slots: int) -> None:
        """Begin ``slots`` new names, and forget all prefixes."""
        nodes = self.shared + slots
        self.state = self.model.layer.initial_state(nodes)  # (N, size)
        self.contexts = [np.full(nodes, label) for label in self.label_indices]  # (N,) each
        self.log_p = np.empty((nodes, self.vocabulary_size), np.float32)
        self.child = np.full(self.shared * self.vocabulary_size, -1, np.int32)  # by node and symbol
        self.used = 1
        self.node, self.length = np.zeros(slots, np.int64), np.zeros(slots, np.int64)  # of each slot

    def reset_slots(self, slots: Ints) -> None:
        """Begin new names in these slots; the others go on."""
        self.node[slots] = self.length[slots] = 0

    def next_log_p(self, symbols: Ints) -> Floats32:
        """log p (B, V) of what follows ``symbols`` (B,), which every slot reads."""
        parents, slots = self.node, len(self.node)
        self.node = np.arange(self.shared, self.shared + slots)
        sharing = np.flatnonzero((self.length < SHARED_LENGTH) & (parents < self.shared))
        keys = parents[sharing] * self.vocabulary_size + symbols[sharing]
        new = np.unique(keys[self.child[keys] < 0])[: self.shared - self.used]
        grown = np.arange(self.used, self.used + len(new))
        self.child[new] = grown
        self.used += len(new)
        children = self.child[keys]
        self.node[sharing] = np.where(children >= 0, children, self.node[sharing])
        own = np.flatnonzero(self.node >= self.shared)
        self._compute(
            np.concatenate([grown, self.node[own]]),
            np.concatenate([new // self.vocabulary_size, parents[own]]),
            np.concatenate([new % self.vocabulary_size, symbols[own]]),
        )
        self.length += 1
        return self.log_p[self.node]

    def _compute(self, nodes: Ints, parents: Ints, symbols: Ints) -> None:
        """Fill in nodes (R,), each of which reads a symbol behind its parent."""
        if not len(nodes):
            return
        model = self.model
        state = model.layer.step(model.char_table[symbols] + self.label_input, self.state[parents])
        contexts = [model.next_context(context[parents], symbols) for context in self.contexts]
        logits = model.logits(state, contexts, self.kind, self.weights)
        logits -= logits.max(axis=1, keepdims=True)  # in place, which is faster
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        self.state[nodes], self.log_p[nodes] = state, logits
        for context, own in zip(self.contexts, contexts, strict=True):
            context[nodes] = own

    def bigrams(self) -> Floats32 | None:
        """log p of what follows each symbol by the n-grams, (V, V), row by row; None without n-grams."""
        model, symbols = self.model, np.arange(self.vocabulary_size)
        if model.ngrams is None:
            return None
        total = np.zeros((len(symbols), len(symbols)), np.float32)
        for label, weight in zip(self.label_indices, self.weights, strict=True):
            contexts = model.next_context(np.full(len(symbols), label), symbols)
            total += np.float32(weight) * model.ngram_scores(contexts, self.kind)
        return total

    def decode(self, symbols: list[int]) -> str:
        """The text of symbols."""
        return self.model.vocabulary.decode(symbols)
