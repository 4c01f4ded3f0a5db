"""A generator, as :mod:`charrnn.inference.sampling` draws from it. Shapes: B slots, V vocabulary, G gates, H hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from charrnn.inference.recurrent import Floats, Ints

if TYPE_CHECKING:
    from charrnn.inference.generator import Generator


class LabelReader:
    """A generator under a label or a blend, reading :data:`charrnn.inference.sampling.SLOTS` names at once.

    A blend mixes the labels' embeddings for the network, and multiplies their n-grams with the weights as exponents.

    Args:
        model: the generator.
        labels: indices of K labels.
        weights: theirs, which sum to 1, (K,).
    """

    def __init__(self, model: Generator, labels: list[int], weights: NDArray[np.float64]) -> None:
        self.model, self.labels, self.weights = model, labels, weights.astype(np.float32)
        self.row = self.weights @ model.label_table[labels]  # (GH,)

    def begin(self, slots: int) -> None:
        """Forget all; so many names begin."""
        self.state = self.model.layer.start(slots)
        # Of the n-grams, whose first states are the labels'.
        self.contexts = [np.full(slots, label) for label in self.labels]

    def begin_again(self, slots: Ints) -> None:
        """New names begin in these slots."""
        self.state[slots] = 0
        for label, context in zip(self.labels, self.contexts, strict=True):
            context[slots] = label

    def read(self, symbols: Ints) -> Floats:
        """Logits (B, V) of what follows ``symbols`` (B,)."""
        model = self.model
        self.state = model.layer.step(model.char_table[symbols] + self.row, self.state)
        logits: Floats = self.state[:, : model.layer.hidden] @ model.head + model.head_bias  # (B, V)
        if model.ngrams is None:
            return logits
        network, ngrams = model.expert_weights
        logits *= network
        for i, (context, weight) in enumerate(zip(self.contexts, self.weights.tolist(), strict=True)):
            self.contexts[i] = model.ngrams.next[context, symbols].astype(np.int64)
            logits += ngrams * weight * model.ngrams.log_p[self.contexts[i]]
        return logits

    def spell(self, symbols: list[int]) -> str:
        """Symbols as text."""
        return self.model.vocabulary.decode(symbols)
