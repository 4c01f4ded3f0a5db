"""Character n-grams of each label as an automaton: a state gives the distribution of the next character.

Witten-Bell interpolation (Witten and Bell 1991, method C; Chen and Goodman 1999, section 2.5):

    p(c | h) = (count(h c) + types(h) · p(c | h')) / (count(h) + types(h)),   h' = h without its first character

down to the uniform distribution over the vocabulary. The states are the contexts h that were seen with a label; reading
a character leads to the longest suffix of h c that is a state (the back-off automaton of Allauzen, Mohri and Roark
2003). :mod:`charrnn.ngrams.hash_table` gives the lower orders twice this weight.
Shapes: B names, T characters, V vocabulary, L labels, N n-grams, S states.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Bools, Floats, Floats32, Ints
from charrnn.ngrams.storage import StoredNGrams
from charrnn.text import BOS, EOS, PAD, add_bos_eos, pad

MAX_CELLS = 8_000_000
"""States times vocabulary of a shipped automaton at most; the rarest contexts are left out beyond that."""
FLOOR = 1e-12
"""Probability of padding and BOS, which never come next; above 0, so that its logarithm is finite."""


class NGramAutomaton(StoredNGrams):
    """The n-grams of L labels over one vocabulary.

    The arrays hold a tree, breadth first: a root for each label, then the n-grams of one character, of two, and so on.

    - ``symbols``: last character of each n-gram, (N,) uint16; those of one context stand together, in rising order.
    - ``counts``: how often it was seen, (N,) uint32; 0 for BOS, which is a context but never comes next.
    - ``children``: how many n-grams have each root or n-gram as their context, (L + N,) uint16.

    Args:
        arrays: as above.
        vocabulary_size: V, specials included.

    Attributes:
        log_p: log p(next character) in each state, (S, V) float32, nats.
        next_state: the state after each character, (S, V) int32.
        start_state: each label's state after BOS, (L,).

    Raises:
        ModelFolderError: the arrays are no such tree.
    """

    DTYPES: ClassVar[dict[str, type[np.generic]]] = {"symbols": np.uint16, "counts": np.uint32, "children": np.uint16}

    def prepare(self) -> None:
        """Fill the tables of the automaton."""
        symbols, counts, children = (self.arrays[name] for name in self.DTYPES)
        labels = len(children) - len(symbols)
        fits = labels > 0 and len(counts) == len(symbols) == int(children.sum())
        if not fits or (len(symbols) and int(symbols.max()) >= self.vocabulary_size):
            raise self.misfit()
        is_state = (children > 0) | (np.arange(len(children)) < labels)
        states = int(is_state.sum())
        self.log_p: Floats32 = np.zeros((states, self.vocabulary_size), np.float32)
        self.next_state = np.zeros((states, self.vocabulary_size), np.int32)
        self._fill(is_state, labels)
        self.start_state: Ints = self.next_state[np.arange(labels), BOS].astype(np.int64)

    def _fill(self, is_state: Bools, labels: int) -> None:
        """Compute the rows of the tables, shorter contexts first.

        Each row starts as the row of the context without its first character, the lower order.
        """
        symbols, counts, children = (self.arrays[name].astype(np.int64) for name in self.DTYPES)
        state = np.where(is_state, np.cumsum(is_state) - 1, -1)  # of each node
        parent = np.concatenate([np.full(labels, -1), np.repeat(np.arange(len(children)), children)])
        suffix = np.zeros(len(self.log_p), np.int64)  # of each state: the state without its first character
        lower = np.full((1, self.vocabulary_size), 1 / (self.vocabulary_size - 2))
        lower[:, [PAD, BOS]] = 0
        first, last, lowest = 0, labels, 0  # the nodes of this length, and the first state of the previous length
        while first < last:
            nodes = np.flatnonzero(is_state[first:last]) + first
            own = state[nodes]
            if first == 0:
                lower = lower[np.zeros(len(own), np.int64)]
            else:
                above = state[parent[nodes]]
                # A context of one character shortens to the root, a longer one to the state that the suffix of its
                # parent reaches by the last character.
                is_one = first == labels
                suffix[own] = above if is_one else self.next_state[suffix[above], symbols[nodes - labels]]
                lower = lower[suffix[own] - lowest]
            self.next_state[own] = own[:, None] if first == 0 else self.next_state[suffix[own]]
            lowest = int(own[0]) if len(own) else 0
            first, last = last, last + int(children[first:last].sum())
            symbol, count = symbols[first - labels : last - labels], counts[first - labels : last - labels]
            row = state[parent[first:last]] - lowest
            total = np.bincount(row, count, minlength=len(own))
            types = np.bincount(row, count > 0, minlength=len(own))
            weight = np.maximum(total + types, 1)
            lower = lower * np.where(total > 0, types / weight, 1)[:, None]
            lower[row, symbol] += count / weight[row]
            self.log_p[own] = np.log(np.maximum(lower, FLOOR))
            deeper = state[first:last] >= 0
            self.next_state[row[deeper] + lowest, symbol[deeper]] = state[first:last][deeper]

    @classmethod
    def fit(
        cls,
        names: Sequence[Sequence[int]],
        labels: Sequence[int],
        label_count: int,
        vocabulary_size: int,
        order: int = 4,
        min_count: int = 1,
        max_cells: int = 8 * MAX_CELLS,
    ) -> NGramAutomaton:
        """Count the n-grams of names.

        Args:
            names: encoded, without BOS and EOS.
            labels: index of each name's label.
            label_count: L.
            vocabulary_size: V, specials included.
            order: longest n-gram; 4 means three characters of context.
            min_count: how often a context must have been seen to become a state.
            max_cells: states times vocabulary at most; the rarest contexts are left out beyond that.
        """
        symbols = add_bos_eos(*pad(names))
        position = np.broadcast_to(np.arange(symbols.shape[1]), symbols.shape)
        # The node of the context that ends at each position; -1 where it is no state.
        context = np.broadcast_to(np.array(labels, np.int64)[:, None], symbols.shape)
        nodes, room = label_count, max_cells // vocabulary_size - label_count
        levels: dict[str, list[NDArray[Any]]] = {name: [] for name in cls.DTYPES}
        for n in range(1, order + 1):
            prefix = context if n == 1 else np.pad(context[:, :-1], ((0, 0), (1, 0)), constant_values=-1)
            there = (symbols > 0) & (prefix >= 0)
            keys, where, which, seen = np.unique(
                (prefix * vocabulary_size + symbols)[there], return_index=True, return_inverse=True, return_counts=True
            )
            above = label_count if n == 1 else len(levels["symbols"][-1])
            levels["children"].append(np.bincount(keys // vocabulary_size - (nodes - above), minlength=above))
            levels["symbols"].append(keys % vocabulary_size)
            levels["counts"].append(np.bincount(which, position[there] > 0, minlength=len(keys)))
            kept = (seen >= min_count) & (keys % vocabulary_size != EOS) & (context[there][where] >= 0)
            if n == order:
                break
            if kept.sum() > room:
                kept[np.argsort(-np.where(kept, seen, 0), kind="stable")[max(room, 0) :]] = False
            room -= int(kept.sum())
            context = np.full(symbols.shape, -1)
            context[there] = np.where(kept, nodes + np.arange(len(keys)), -1)[which]
            nodes += len(keys)
        levels["children"].append(np.zeros(len(levels["symbols"][-1]), np.int64))
        return cls({k: np.concatenate(levels[k]).astype(dtype) for k, dtype in cls.DTYPES.items()}, vocabulary_size)

    def states(self, chars: Ints, labels: Ints) -> Ints:
        """The state after each of ``chars`` (B, T), BOS first, for labels (B,): (B, T)."""
        result = np.zeros(chars.shape, np.int64)
        state = labels  # the first states are the roots of the labels
        for t in range(chars.shape[1]):
            state = self.next_state[state, chars[:, t]].astype(np.int64)
            result[:, t] = state
        return result

    def log_likelihoods(self, names: Sequence[Sequence[int]]) -> Floats:
        """log p(name, EOS | label) of encoded names, (B, L), in nats."""
        symbols = add_bos_eos(*pad(names))
        total = np.zeros((len(names), len(self.start_state)))
        states = np.broadcast_to(self.start_state, total.shape)
        for t in range(1, symbols.shape[1]):
            inside = symbols[:, t] > 0
            total[inside] += self.log_p[states[inside], symbols[inside, t, None]]
            states = self.next_state[states, symbols[:, t, None]].astype(np.int64)
        return total

    def probabilities(self, names: Sequence[Sequence[int]], prior: Floats) -> Floats:
        """p(label | name) by Bayes' rule, (B, L).

        Args:
            names: encoded.
            prior: p(label), (L,); 0 makes a label impossible.
        """
        with np.errstate(divide="ignore"):
            joint = self.log_likelihoods(names) + np.log(prior)
        p = np.exp(joint - joint.max(axis=1, keepdims=True))
        return np.asarray(p / p.sum(axis=1, keepdims=True))
