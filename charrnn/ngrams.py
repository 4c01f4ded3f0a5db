"""Character n-grams: those of the shipped classifier, hashed, and the 4-gram that every model is printed beside.

Smoothing of both: Witten-Bell interpolation (Witten and Bell 1991, method C; Chen and Goodman 1999, section 2.5):

    p(c | h) = (count(h c) + types(h) · p(c | h')) / (count(h) + types(h)),   h' = h without its first character

down to the uniform distribution over the vocabulary.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from charrnn.text import END, START


class NGram:
    """An interpolated n-gram over encoded names, from the start symbol to the end symbol.

    Args:
        names: encoded names (indices of a vocabulary, without start and end).
        vocabulary_size: number of symbols of the vocabulary, specials included.
        order: longest n-gram; 4 means three characters of context.
    """

    def __init__(self, names: Iterable[Sequence[int]], vocabulary_size: int, order: int = 4) -> None:
        self.order = order
        # Padding and start are never predicted.
        self.uniform = 1 / (vocabulary_size - 2)
        counts: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for name in names:
            symbols = (*[START] * (order - 1), *name, END)
            for i in range(order - 1, len(symbols)):
                for n in range(order):
                    counts[symbols[i - n : i]][symbols[i]] += 1
        self.counts = dict(counts)
        self.totals = {h: c.total() for h, c in counts.items()}

    def probability(self, context: tuple[int, ...], symbol: int) -> float:
        """p(symbol | context), the context being the ``order - 1`` symbols before it."""
        p = self.uniform
        for n in range(self.order):
            h = context[len(context) - n :]
            seen = self.counts.get(h)
            if seen is None:
                break
            types = len(seen)
            p = (seen[symbol] + types * p) / (self.totals[h] + types)
        return p

    def log_probability(self, name: Sequence[int]) -> float:
        """Natural logarithm of the probability of the whole name, its end included."""
        symbols = (*[START] * (self.order - 1), *name, END)
        k = self.order - 1
        return sum(math.log(self.probability(symbols[i - k : i], symbols[i])) for i in range(k, len(symbols)))


class NGramClassifier:
    """Bayes' rule over one :class:`NGram` a label, with the training names' label frequencies as prior.

    Args:
        names: encoded names, as for :class:`NGram`.
        labels: index of each name's label.
        label_count: number of labels.
        vocabulary_size: number of symbols.
        order: longest n-gram.
    """

    def __init__(
        self,
        names: Sequence[Sequence[int]],
        labels: Sequence[int],
        label_count: int,
        vocabulary_size: int,
        order: int = 4,
    ) -> None:
        groups: list[list[Sequence[int]]] = [[] for _ in range(label_count)]
        for name, label in zip(names, labels, strict=True):
            groups[label].append(name)
        self.models = [NGram(group, vocabulary_size, order) for group in groups]
        sizes = np.array([len(group) for group in groups], dtype=np.float64)
        self.log_prior = np.log(np.maximum(sizes, 0.5) / sizes.sum())

    def log_likelihoods(self, names: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """log p(name | label), shape (names, labels), in nats."""
        return np.array([[m.log_probability(name) for m in self.models] for name in names]).reshape(
            len(names), len(self.models)
        )

    def probabilities(self, names: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """p(label | name), shape (names, labels)."""
        joint = self.log_likelihoods(names) + self.log_prior
        joint -= joint.max(axis=1, keepdims=True)
        p: NDArray[np.float64] = np.exp(joint)
        p /= p.sum(axis=1, keepdims=True)
        return p
