"""Character n-grams of each label as an automaton, which gives the distribution of the next character at once.

Witten-Bell interpolation (Witten and Bell 1991, method C; Chen and Goodman 1999, section 2.5):

    p(c | h) = (count(h c) + types(h) · p(c | h')) / (count(h) + types(h)),   h' = h without its first character

down to the uniform distribution over the vocabulary. Its states are the contexts h of a label that were seen; reading a
character leads to the longest known ending of h c (the back-off automaton of Allauzen, Mohri and Roark 2003).
:mod:`charrnn.hashed_ngrams` holds the same model for asking about many labels at once.
Shapes: B names, T characters, V vocabulary, L labels, N n-grams, S states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.encoded import Ints, enclose, pad
from charrnn.errors import ModelFolderError
from charrnn.text import END, PAD, START

LARGEST = 8_000_000
"""Cells (states times vocabulary) of an automaton that is kept; contexts seen least are left out beyond that."""
FLOOR = 1e-12
"""Probability of padding and start, which are never next: it keeps the logarithm finite."""
_DTYPES = {"symbols": np.uint16, "counts": np.uint32, "children": np.uint16}


class NGrams:
    """The n-grams of L labels over one vocabulary.

    The arrays hold a tree, breadth first: a root for each label, then the n-grams of one character, of two, and so on.

    Args:
        symbols: last character of each n-gram, (N,) uint16; those of one context stand together and rise.
        counts: how often it was seen, (N,) uint32; the start is a context, but was never next: 0.
        children: how many n-grams have each root or n-gram as their context, (L + N,) uint16.
        vocabulary: V, specials included.

    Attributes:
        log_p: log p(next character) in each state, (S, V) float32, nats.
        next: the state after each character, (S, V) int32.
        start: each label's state after the start symbol, (L,).

    Raises:
        ModelFolderError: the arrays are no such tree.
    """

    def __init__(self, symbols: NDArray[Any], counts: NDArray[Any], children: NDArray[Any], vocabulary: int) -> None:
        self._arrays = {"symbols": symbols, "counts": counts, "children": children}
        labels = len(children) - len(symbols)
        holds = all(self._arrays[name].dtype == kind and self._arrays[name].ndim == 1 for name, kind in _DTYPES.items())
        holds = holds and labels > 0 and len(counts) == len(symbols) == int(children.sum())
        if not holds or (len(symbols) and int(symbols.max()) >= vocabulary):
            raise ModelFolderError("weights ngrams: not those of an n-gram tree. Copy the model folder again.")
        of_context = (children > 0) | (np.arange(len(children)) < labels)
        size = int(of_context.sum())
        self.log_p = np.zeros((size, vocabulary), np.float32)
        self.next = np.zeros((size, vocabulary), np.int32)
        self._fill(of_context, labels)
        self.start: Ints = self.next[np.arange(labels), START].astype(np.int64)

    def _fill(self, of_context: NDArray[np.bool_], labels: int) -> None:
        """The tables, shorter contexts first: each row begins as that of the context without its first character."""
        symbols, counts, children = (self._arrays[name].astype(np.int64) for name in _DTYPES)
        state = np.where(of_context, np.cumsum(of_context) - 1, -1)  # of each node
        parent = np.concatenate([np.full(labels, -1), np.repeat(np.arange(len(children)), children)])
        shorter = np.zeros(len(self.log_p), np.int64)
        before = np.full((1, self.log_p.shape[1]), 1 / (self.log_p.shape[1] - 2))
        before[:, [PAD, START]] = 0
        first, last, lowest = 0, labels, 0
        while first < last:
            nodes = np.flatnonzero(of_context[first:last]) + first
            own = state[nodes]
            if first == 0:
                before = before[np.zeros(len(own), np.int64)]
            else:
                above = state[parent[nodes]]
                # Without its first character, a context of one is the root; others are what their prefix leads to.
                shorter[own] = above if first == labels else self.next[shorter[above], symbols[nodes - labels]]
                before = before[shorter[own] - lowest]
            self.next[own] = own[:, None] if first == 0 else self.next[shorter[own]]
            lowest = int(own[0]) if len(own) else 0
            first, last = last, last + int(children[first:last].sum())
            symbol, count = symbols[first - labels : last - labels], counts[first - labels : last - labels]
            row = state[parent[first:last]] - lowest
            total = np.bincount(row, count, minlength=len(own))
            types = np.bincount(row, count > 0, minlength=len(own))
            weight = np.maximum(total + types, 1)
            before = before * np.where(total > 0, types / weight, 1)[:, None]
            before[row, symbol] += count / weight[row]
            self.log_p[own] = np.log(np.maximum(before, FLOOR))
            deeper = state[first:last] >= 0
            self.next[row[deeper] + lowest, symbol[deeper]] = state[first:last][deeper]

    @classmethod
    def fit(
        cls,
        names: Sequence[Sequence[int]],
        labels: Sequence[int],
        label_count: int,
        vocabulary: int,
        order: int = 4,
        least: int = 1,
        largest: int = 8 * LARGEST,
    ) -> NGrams:
        """Count the n-grams of names.

        Args:
            names: encoded, without start and end.
            labels: index of each name's label.
            label_count: L.
            vocabulary: V, specials included.
            order: longest n-gram; 4 means three characters of context.
            least: how often a context must have been seen to be one.
            largest: cells of the automaton; contexts seen least are left out beyond that.
        """
        symbols = enclose(*pad(names))
        position = np.broadcast_to(np.arange(symbols.shape[1]), symbols.shape)
        # The node of the context that ends at each position; -1 where it is none.
        context = np.broadcast_to(np.array(labels, np.int64)[:, None], symbols.shape)
        nodes, room = label_count, largest // vocabulary - label_count
        found: dict[str, list[NDArray[Any]]] = {"symbols": [], "counts": [], "children": []}
        for n in range(1, order + 1):
            prefix = context if n == 1 else np.pad(context[:, :-1], ((0, 0), (1, 0)), constant_values=-1)
            there = (symbols > 0) & (prefix >= 0)
            keys, where, which, seen = np.unique(
                (prefix * vocabulary + symbols)[there], return_index=True, return_inverse=True, return_counts=True
            )
            above = label_count if n == 1 else len(found["symbols"][-1])
            found["children"].append(np.bincount(keys // vocabulary - (nodes - above), minlength=above))
            found["symbols"].append(keys % vocabulary)
            found["counts"].append(np.bincount(which, position[there] > 0, minlength=len(keys)))
            kept = (seen >= least) & (keys % vocabulary != END) & (context[there][where] >= 0)
            if n == order:
                break
            if kept.sum() > room:
                kept[np.argsort(-np.where(kept, seen, 0), kind="stable")[max(room, 0) :]] = False
            room -= int(kept.sum())
            context = np.full(symbols.shape, -1)
            context[there] = np.where(kept, nodes + np.arange(len(keys)), -1)[which]
            nodes += len(keys)
        found["children"].append(np.zeros(len(found["symbols"][-1]), np.int64))
        arrays = {name: np.concatenate(found[name]).astype(kind) for name, kind in _DTYPES.items()}
        return cls(**arrays, vocabulary=vocabulary)

    def states(self, chars: Ints, labels: Ints) -> Ints:
        """The state after each of ``chars`` (B, T), the start symbol first, for labels (B,): (B, T)."""
        result = np.zeros(chars.shape, np.int64)
        state = labels  # the roots are the first states
        for t in range(chars.shape[1]):
            state = self.next[state, chars[:, t]].astype(np.int64)
            result[:, t] = state
        return result

    def log_likelihoods(self, names: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """log p(name, end | label) of encoded names, (B, L), in nats."""
        symbols = enclose(*pad(names))
        total = np.zeros((len(names), len(self.start)))
        states = np.broadcast_to(self.start, total.shape)
        for t in range(1, symbols.shape[1]):
            going = symbols[:, t] > 0
            total[going] += self.log_p[states[going], symbols[going, t, None]]
            states = self.next[states, symbols[:, t, None]].astype(np.int64)
        return total

    def probabilities(self, names: Sequence[Sequence[int]], prior: NDArray[np.float64]) -> NDArray[np.float64]:
        """p(label | name) by Bayes' rule, (B, L).

        Args:
            names: encoded.
            prior: p(label), (L,); 0 makes a label impossible.
        """
        with np.errstate(divide="ignore"):
            joint = self.log_likelihoods(names) + np.log(prior)
        p: NDArray[np.float64] = np.exp(joint - joint.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p

    def weights(self) -> dict[str, NDArray[Any]]:
        """As arrays of a model folder."""
        return {f"ngrams.{name}": array for name, array in self._arrays.items()}

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[Any]], vocabulary: int) -> NGrams | None:
        """Read them again; None if the folder holds none.

        Raises:
            ModelFolderError: they are not whole.
        """
        if not any(name.startswith("ngrams.") for name in weights):
            return None
        try:
            return cls(**{name: weights[f"ngrams.{name}"] for name in _DTYPES}, vocabulary=vocabulary)
        except KeyError as error:
            raise ModelFolderError(f"weight {error.args[0]}: missing. Copy the model folder again.") from error
