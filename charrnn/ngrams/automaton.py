"""Character n-grams of each label as an automaton: a state gives the distribution of the next character.

Witten-Bell interpolation (Witten and Bell 1991, method C; Chen and Goodman 1999, section 2.5), with the lower orders
weighed by W as in :mod:`charrnn.ngrams.hash_table`:

    p(c | h) = (count(h c) + W · types(h) · q(c | h)) / (count(h) + W · types(h))

where q(c | h) = p(c | h'), h' being h without its first character, down to the distribution of ``lowest_order``. Of
names with kinds, the same counts are kept for each kind. Under a kind, q takes ``ALL_KINDS`` of p(c | h) under all
kinds together, the rest of p(c | h') under the kind: a kind of few names learns from the others.

The states are the contexts h that were seen with a label; reading a character leads to the longest suffix of h c that
is a state (the back-off automaton of Allauzen, Mohri and Roark 2003). Distributions are computed when a state is first
met. Shapes: B states or names, T characters, V vocabulary, R roots, K kinds, N n-grams.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Floats, Floats32, Ints
from charrnn.hash_index import COUNTS
from charrnn.ngrams.counting import count_ngrams, lowest_order
from charrnn.ngrams.storage import StoredNGrams
from charrnn.text import BOS, add_bos_eos, pad

LOWER_ORDER_WEIGHT = 4.0
"""W of the module's equation; 1 is Witten and Bell's own. Chosen on validation names among 1 to 6."""
ALL_KINDS = 0.3
"""Validation names are as likely with 0.5, but then names of one kind look more like the others than true ones do."""
MAX_CELLS = 8_000_000
"""Numbers of computed distributions that are kept, 32 MB; beyond that they are computed anew."""
FLOOR = 1e-12
"""Probability of padding and BOS, which never come next; above 0, so that its logarithm is finite."""


class NGramAutomaton(StoredNGrams):
    """The n-grams of R labels over one vocabulary.

    The arrays hold a tree, breadth first: a root for each label, then the n-grams of one character, of two, and so on.

    - ``symbols``: last character of each n-gram, (N,); those of one context stand together, in rising order.
    - ``children``: how many n-grams have each root or n-gram as their context, (R + N,), less the longest n-grams at
      the end, which are the context of none.
    - ``rows``: where ``counts`` says how often each n-gram was seen, (N,).
    - ``roots``: R, (1,).
    - ``counts``: rows of K numbers, one behind the other; 0 for BOS, which is a context but never comes next.

    Args:
        arrays: as above.
        vocabulary_size: V, specials included.
        roots: R.
        kinds: K, at least 1.
        lower_order_weight: W of the module's equation.

    Raises:
        ModelFolderError: the arrays are no such tree.
    """

    DTYPES: ClassVar = {"symbols": COUNTS, "children": COUNTS, "rows": COUNTS, "counts": COUNTS, "roots": COUNTS}

    def __init__(
        self,
        arrays: Mapping[str, NDArray[Any]],
        vocabulary_size: int,
        roots: int,
        kinds: int = 1,
        lower_order_weight: float = LOWER_ORDER_WEIGHT,
    ) -> None:
        self.roots, self.kinds, self.lower_order_weight = roots, kinds, lower_order_weight
        super().__init__(arrays, vocabulary_size)

    def prepare(self) -> None:
        """Check the arrays, and find each n-gram's context."""
        symbols, children, rows, counts, roots = (self.arrays[name] for name in self.DTYPES)
        total = int(children.sum(dtype=np.int64))
        fits = len(symbols) == len(rows) == total and self.roots <= len(children) <= self.roots + total
        fits = fits and len(counts) % self.kinds == 0 and roots.tolist() == [self.roots]
        if not fits or (total and (symbols.max() >= self.vocabulary_size or rows.max() >= len(counts) // self.kinds)):
            raise self.misfit()
        self.children = np.zeros(self.roots + total, np.int64)
        self.children[: len(children)] = children
        self.first_child = self.roots + np.cumsum(self.children) - self.children
        context_of = np.repeat(np.arange(len(self.children)), self.children)
        self.parent: Ints = np.concatenate([np.full(self.roots, -1), context_of])
        # An n-gram's context and last character, which rise with its index.
        self.keys: Ints = self.parent[self.roots :] * self.vocabulary_size + symbols
        if (self.keys[1:] <= self.keys[:-1]).any() or (self.parent >= np.arange(len(self.parent))).any():
            raise self.misfit()
        self.symbols = symbols
        self.lowest = lowest_order(symbols, self.vocabulary_size)
        self.counts: Ints = counts.astype(np.int64).reshape(-1, self.kinds)
        self.suffix = np.full(len(self.children), -1, np.int64)
        self.suffix[: self.roots] = np.arange(self.roots)
        # A state's distribution takes those of all its suffixes, under the kind and under all kinds.
        self.longest_chain = 2 * (self._depth() + 1)
        self.lock = threading.RLock()  # the service asks from several threads
        self.capacity = max(MAX_CELLS // self.vocabulary_size, 64 * self.longest_chain)
        self._forget()

    @property
    def start_state(self) -> Ints:
        """Each label's state after BOS, (R,)."""
        return self.next_states(np.arange(self.roots), np.full(self.roots, BOS))

    def next_states(self, states: Ints, symbols: Ints) -> Ints:
        """The states (B,) after ``symbols`` (B,); the first states are the indices of the labels."""
        result = np.full(len(states), -1, np.int64)
        rest, at = np.arange(len(states)), np.asarray(states, np.int64)
        while len(rest):
            child = self._child(at, symbols[rest])
            found = (child >= 0) & (self.children[child] > 0)
            result[rest[found]] = child[found]
            at_root = ~found & (at < self.roots)
            result[rest[at_root]] = at[at_root]
            rest, at = rest[~found & ~at_root], at[~found & ~at_root]
            at = self._suffixes(at)
        return result

    def log_p(self, states: Ints, kind: int | None = None) -> Floats32:
        """log p(next character) in each of ``states`` (B,), nats, (B, V).

        Args:
            states: of the automaton.
            kind: index; K, or None, for all kinds together.
        """
        size = self.capacity // self.longest_chain
        if len(states) > size:
            return np.concatenate([self.log_p(states[i : i + size], kind) for i in range(0, len(states), size)])
        with self.lock:
            places = self._computed(np.asarray(states, np.int64), self._kind(kind))  # may replace self.computed
            return self.computed[places]

    def log_p_of(self, states: Ints, symbols: Ints, kind: int | None = None) -> Floats:
        """log p(symbol) in nats, (B,), of ``symbols`` (B,) in ``states`` (B,); for few symbols of many states."""
        own = self._kind(kind)
        if own < self.kinds:
            return np.take_along_axis(self.log_p(states, kind), symbols[:, None], 1)[:, 0].astype(np.float64)
        chain, contexts = list[Ints](), np.asarray(states, np.int64)
        while len(chain) == 0 or (chain[-1] >= self.roots).any():
            chain.append(contexts)
            contexts = np.where(contexts < self.roots, contexts, self._suffixes(contexts))
        p = self.lowest[symbols]
        for above, context in zip([None, *chain[:0:-1]], chain[::-1], strict=True):
            total, types = self._totals(context)
            child = self._child(context, symbols)
            seen = np.where(child >= 0, self._counts_of(np.maximum(child, self.roots)), 0)
            weight = self.lower_order_weight * types
            better = (seen + weight * p) / np.maximum(total + weight, 1e-300)
            applies = total > 0 if above is None else (total > 0) & (context != above)
            p = np.where(applies, better, p)
        return np.asarray(np.log(np.maximum(p, FLOOR)))

    def states(self, chars: Ints, labels: Ints) -> Ints:
        """The state after each of ``chars`` (B, T), BOS first, for labels (B,): (B, T)."""
        result = np.zeros(chars.shape, np.int64)
        state = labels
        for t in range(chars.shape[1]):
            result[:, t] = state = self.next_states(state, chars[:, t])
        return result

    def log_likelihoods(self, names: Sequence[Sequence[int]]) -> Floats:
        """log p(name, EOS | label) of encoded names, all kinds together, (B, R), in nats."""
        symbols = add_bos_eos(*pad(names))
        total = np.zeros((len(names), self.roots))
        states = np.broadcast_to(self.start_state, total.shape).copy()
        for t in range(1, symbols.shape[1]):
            inside = np.flatnonzero(symbols[:, t] > 0)
            own, symbol = states[inside].ravel(), np.repeat(symbols[inside, t], self.roots)
            total[inside] += self.log_p_of(own, symbol).reshape(-1, self.roots)
            states[inside] = self.next_states(own, symbol).reshape(-1, self.roots)
        return total

    @classmethod
    def fit(
        cls,
        names: Sequence[Sequence[int]],
        labels: Sequence[int],
        label_count: int,
        vocabulary_size: int,
        order: int = 4,
        kinds: Sequence[int] | None = None,
        kind_count: int = 1,
        max_ngrams: int = 10**9,
        lower_order_weight: float = LOWER_ORDER_WEIGHT,
    ) -> NGramAutomaton:
        """Count the n-grams of names.

        Args:
            names: encoded, without BOS and EOS.
            labels: index of each name's label.
            label_count: R.
            vocabulary_size: V, specials included.
            order: longest n-gram; 4 means three characters of context.
            kinds: index of each name's kind; None: there are none.
            kind_count: K.
            max_ngrams: beyond that, the rarest contexts are left out, with the n-grams that they are contexts of.
            lower_order_weight: W.
        """
        arrays = count_ngrams(names, labels, label_count, vocabulary_size, order, kinds, kind_count, max_ngrams)
        return cls(arrays, vocabulary_size, label_count, kind_count, lower_order_weight)

    def _depth(self) -> int:
        """Characters of the longest n-gram."""
        depth, first, last = 0, 0, self.roots
        while count := int(self.children[first:last].sum()):
            depth, first, last = depth + 1, last, last + count
        return depth

    def _kind(self, kind: int | None) -> int:
        """The row of computed distributions of a kind; with one kind, all together are that kind."""
        return self.kinds if kind is None or self.kinds == 1 else kind

    def _child(self, states: Ints, symbols: Ints) -> Ints:
        """The n-gram (B,) that each symbol makes with each context; -1 where it was not seen."""
        if not len(self.keys):
            return np.full(len(states), -1)
        wanted = states * self.vocabulary_size + symbols
        index = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[index] == wanted, index + self.roots, -1)

    def _suffixes(self, states: Ints) -> Ints:
        """The states (B,) without their first characters."""
        unknown = np.unique(states[self.suffix[states] < 0])
        if len(unknown):
            parents = self.parent[unknown]
            is_one = parents < self.roots
            # A context of one character shortens to the root, a longer one to what its parent's suffix reaches.
            found = parents.copy()
            longer = unknown[~is_one]
            if len(longer):
                found[~is_one] = self.next_states(self._suffixes(parents[~is_one]), self.symbols[longer - self.roots])
            self.suffix[unknown] = found
        return np.asarray(self.suffix[states])

    def _counts_of(self, nodes: Ints, kind: int | None = None) -> Ints:
        """How often n-grams were seen, (B,)."""
        if not len(self.keys):
            return np.zeros(len(nodes), np.int64)
        counts: Ints = self.counts[self.arrays["rows"][nodes - self.roots]]
        return np.asarray(counts.sum(axis=1) if kind is None else counts[:, kind])

    def _children_of(self, states: Ints) -> tuple[Ints, Ints]:
        """All n-grams of the contexts (B,), and for each the index of its context."""
        sizes = self.children[states]
        which = np.repeat(np.arange(len(states)), sizes)
        starts = np.cumsum(sizes) - sizes
        return self.first_child[states][which] + np.arange(len(which)) - starts[which], which

    def _totals(self, states: Ints) -> tuple[Floats, Floats]:
        """count(h) and types(h) of contexts (B,), all kinds together."""
        distinct, index = np.unique(states, return_inverse=True)
        nodes, which = self._children_of(distinct)
        counts = self._counts_of(nodes)
        total = np.bincount(which, counts, minlength=len(distinct))
        types = np.bincount(which, counts > 0, minlength=len(distinct))
        return np.asarray(total[index], np.float64), np.asarray(types[index], np.float64)

    def _forget(self) -> None:
        self.computed = np.empty((self.capacity, self.vocabulary_size), np.float32)
        self.places = np.full((self.kinds + 1, len(self.children)), -1, np.int32)
        self.used = 0

    def _computed(self, states: Ints, kind: int) -> Ints:
        """Where :attr:`computed` holds the distributions of states (B,); computes those that it lacks."""
        if (self.places[kind][states] < 0).any():
            if self.used + self.longest_chain * len(states) > self.capacity:
                self._forget()
            self._compute(np.unique(states), kind)
        return np.asarray(self.places[kind][states])

    def _compute(self, states: Ints, kind: int) -> None:
        states = states[self.places[kind][states] < 0]
        if not len(states):
            return
        is_root = states < self.roots
        lower = np.tile(self.lowest, (len(states), 1))
        shorter = states[~is_root]
        if len(shorter):
            suffixes = self._suffixes(shorter)
            self._compute(np.unique(suffixes), kind)
            lower[~is_root] = np.exp(self.computed[self.places[kind][suffixes]].astype(np.float64))
        if kind < self.kinds:
            self._compute(states, self.kinds)
            lower += ALL_KINDS * (np.exp(self.computed[self.places[self.kinds][states]].astype(np.float64)) - lower)
        nodes, which = self._children_of(states)
        counts = self._counts_of(nodes, kind if kind < self.kinds else None)
        total = np.bincount(which, counts, minlength=len(states))
        weight = self.lower_order_weight * np.bincount(which, counts > 0, minlength=len(states))
        p = lower * np.where(total > 0, weight / np.maximum(total + weight, 1e-300), 1)[:, None]
        p[which, self.symbols[nodes - self.roots]] += counts / np.maximum(total + weight, 1e-300)[which]
        places = np.arange(self.used, self.used + len(states))
        self.computed[places] = np.log(np.maximum(p, FLOOR))
        self.places[kind][states] = places
        self.used += len(states)
