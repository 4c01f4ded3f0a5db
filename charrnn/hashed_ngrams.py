"""How likely a name is under each label, by hashed character n-grams: the generative half of the classifier.

One interpolated n-gram model a label (Witten and Bell 1991, method C, with ``types`` counted ``TYPES`` times):

    p(c | h) = (count(h c) + TYPES · types(h) · p(c | h')) / (count(h) + TYPES · types(h)),   h' = h without its first

written as a sum. At each position log p is the sum over n of log p_n - log p_{n-1}, and that difference depends on the
n-gram and on whether its context was seen with the label. So each n-gram carries, for each label that it was seen with,
one number: what it adds as the end of an n-gram, plus what it adds as the context of the next character (a back-off
weight, Katz 1987). Labels that an n-gram was not seen with need no entry. N-grams are known by a 31-bit hash alone, so
there is no dictionary of strings. Shapes: B names, T characters, L labels, N entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.encoded import Ints, enclose, pad
from charrnn.errors import ModelFolderError
from charrnn.prefixes import prefix_levels

ORDER = 5
"""Longest n-gram: four characters of context."""
TYPES = 2.0
"""Weight of the lower order; 1 is Witten and Bell's own. Chosen on validation names."""
_BITS = 11
"""Low bits of a hash that lookup leaves out: 2^31 hashes share 2^20 buckets."""
MOST_PAIRS = 2_000_000
"""Cells of the table of pairs of characters, 16 MB."""
_PRIME, _STEP, _MIX = 2**31 - 1, 1_000_003, 40_507
_DTYPES = {"hashes": np.uint32, "labels": np.uint16, "values": np.float16, "backoffs": np.float16, "base": np.float32}


def hash_ngrams(symbols: Ints, order: int) -> list[Ints]:
    """Hashes of the n-grams that end at each position, from 1 to 2^31 - 2; 0 stands for one with padding in it.

    Args:
        symbols: (B, T), indices of a vocabulary; 0 is padding, or a character that is left out.
        order: longest n-gram.

    Returns:
        For n = 1 … ``order`` an array (B, max(T - n + 1, 0)), whose column t belongs to symbols t … t + n - 1.
    """
    inside = symbols > 0
    hashes = symbols
    found: list[Ints] = []
    for n in range(1, order + 1):
        if n > 1:
            # Below 2^51: nothing overflows.
            hashes = (hashes[:, :-1] * _STEP + symbols[:, n - 1 :] + n) % _PRIME
            inside = inside[:, :-1] & (symbols[:, n - 1 :] > 0)
        found.append((hashes * _MIX % (_PRIME - 1) + 1) * inside)
    return found


def _ending(hashes: list[Ints], names: Ints, ends: Ints) -> Ints:
    """Hashes of the n-grams of ``names`` (R,) that end at ``ends`` (R,), shortest first, (R, ORDER); 0 for none."""
    found = np.zeros((len(names), len(hashes)), np.int64)
    for n, own in enumerate(hashes, start=1):
        there = ends >= n - 1
        found[there, n - 1] = own[names[there], ends[there] - n + 1]
    return found


class HashedNGrams:
    """A log-likelihood for each label.

    Args:
        hashes: n-gram of each entry, (N,) uint32, rising.
        labels: label of each entry, (N,) uint16.
        values: what the n-gram adds to the label's score each time, (N,) float16, nats.
        backoffs: the part of it that it adds as the context of the next character, (N,) float16, nats.
        base: what each character adds to each label's score, (L,) float32, nats.
        vocabulary: V, specials included.

    Attributes:
        pairs: what the last one and the last two of two characters add, (V, V, L); None where that is too much. Three
            quarters of the entries that a name meets are of these, for short n-grams occur with most labels.

    Raises:
        ModelFolderError: shapes, types or order are not these.
    """

    def __init__(
        self,
        hashes: NDArray[Any],
        labels: NDArray[Any],
        values: NDArray[Any],
        backoffs: NDArray[Any],
        base: NDArray[Any],
        vocabulary: int,
    ) -> None:
        arrays = (hashes, labels, values, backoffs, base)
        self._arrays = dict(zip(_DTYPES, arrays, strict=True))
        holds = all(self._arrays[name].dtype == kind for name, kind in _DTYPES.items())
        holds = holds and len(hashes) == len(labels) == len(values) == len(backoffs)
        if holds and len(hashes):
            rising = bool((hashes[1:] >= hashes[:-1]).all()) and 0 < hashes[-1] < _PRIME
            holds = rising and bool(labels.max() < len(base))
        if not holds or not all(np.isfinite(array).all() for array in (values, backoffs, base)):
            raise ModelFolderError("weights ngrams: not those of an n-gram table. Copy the model folder again.")
        self.hashes, self.base = hashes, base
        self.labels = labels.astype(np.int64)
        self.values, self.backoffs = values.astype(np.float64), backoffs.astype(np.float64)
        edges = np.arange((_PRIME >> _BITS) + 2, dtype=np.uint32) << np.uint32(_BITS)
        self.first = np.searchsorted(hashes, edges).astype(np.int32)  # (buckets + 1,)
        self.pairs: NDArray[np.float64] | None = None
        if vocabulary**2 * len(base) <= MOST_PAIRS:
            first, second = np.divmod(np.arange(vocabulary**2), vocabulary)
            one, two = hash_ngrams(np.stack([first, second], axis=1), 2)
            found = self._lookup(np.concatenate([one[:, 1:], two], axis=1), self.values)
            self.pairs = found.reshape(vocabulary, vocabulary, len(base))

    @classmethod
    def fit(
        cls, names: Sequence[Sequence[int]], labels: Sequence[int], label_count: int, vocabulary: int
    ) -> HashedNGrams:
        """Count the n-grams of names.

        Args:
            names: encoded, without start and end.
            labels: index of each name's label.
            label_count: L.
            vocabulary: number of symbols, specials included.
        """
        symbols = enclose(*pad(names))
        grams = hash_ngrams(symbols, ORDER)
        own = np.array(labels, np.int64)[:, None]
        keys: list[Ints] = []
        values: list[NDArray[np.float64]] = []
        contexts_of: list[Ints] = []
        backoffs: list[NDArray[np.float64]] = []
        base = np.zeros(label_count)
        lower_keys, lower = np.zeros(0, np.int64), np.zeros(0)
        for n, hashes in enumerate(grams, start=1):
            # The start symbol is a context, never an event.
            ends = hashes[:, 1:] if n == 1 else hashes
            there = ends > 0
            events = (ends * label_count + own)[there]
            if n == 1:
                contexts = np.broadcast_to(own, ends.shape)[there]
            else:
                contexts = (grams[n - 2][:, : ends.shape[1]] * label_count + own)[there]
            event, where, counts = np.unique(events, return_index=True, return_counts=True)
            context, which = np.unique(contexts[where], return_inverse=True)
            totals = np.bincount(np.searchsorted(context, contexts), minlength=len(context))
            types = TYPES * np.bincount(which, minlength=len(context))
            if n == 1:
                before = np.full(len(event), 1 / (vocabulary - 2))
            else:
                shorter = (grams[n - 2][:, 1:] * label_count + own)[there][where]
                before = lower[np.searchsorted(lower_keys, shorter)]
            share = (counts + types[which] * before) / (totals + types)[which]
            backoff = np.log(types / (totals + types))
            keys.append(event)
            values.append(np.log(share) - np.log(before) - backoff[which])
            if n == 1:
                base[context] = backoff
            else:
                contexts_of.append(context)
                backoffs.append(backoff)
            lower_keys, lower = event, share
        key, where = np.unique(np.concatenate(keys + contexts_of), return_inverse=True)
        ended = sum(map(len, values))
        after = np.bincount(where[ended:], np.concatenate(backoffs), minlength=len(key))
        value = np.bincount(where[:ended], np.concatenate(values), minlength=len(key)) + after
        return cls(
            (key // label_count).astype(np.uint32),
            (key % label_count).astype(np.uint16),
            value.astype(np.float16),
            after.astype(np.float16),
            base.astype(np.float32),
            vocabulary=vocabulary,
        )

    def scores(self, chars: Ints, lengths: Ints) -> NDArray[np.float64]:
        """log p(name, end | label), (B, L), in nats, less what is the same for every label.

        The n-grams that end in a prefix depend on it alone, so those of each distinct prefix are looked up once.

        Args:
            chars: (B, T), padded with 0; a 0 inside a name is a character that is neither counted nor known to the
                characters after it.
            lengths: (B,), at least 1.
        """
        symbols = enclose(chars, lengths)
        hashes = hash_ngrams(symbols, ORDER)
        result = self._of_one(symbols, hashes) if len(chars) == 1 else self._of_many(chars, lengths, symbols, hashes)
        known = (symbols[:, 1:] > 0).sum(axis=1, keepdims=True)
        # What stands before a character that is left out is the context of nothing.
        names, ends = np.nonzero((symbols[:, :-1] > 0) & (symbols[:, 1:] == 0))
        within = ends < lengths[names]
        if within.any():
            names, ends = names[within], ends[within]
            np.subtract.at(result, names, self._lookup(_ending(hashes, names, ends), self.backoffs))
        return np.asarray(result + known * self.base)

    def _of_one(self, symbols: Ints, hashes: list[Ints]) -> NDArray[np.float64]:
        """Sums of all n-grams of a single name, (1, L): nothing is shared, and one look is quicker."""
        if self.pairs is None:
            return self._lookup(np.concatenate(hashes, axis=1), self.values)
        total = self._lookup(np.concatenate([hashes[0][:, :1], *hashes[2:]], axis=1), self.values)
        return np.asarray(total + self.pairs[symbols[0, :-1], symbols[0, 1:]].sum(axis=0))

    def _of_many(self, chars: Ints, lengths: Ints, symbols: Ints, hashes: list[Ints]) -> NDArray[np.float64]:
        start = self._lookup(hashes[0][:1, :1], self.values)  # (1, L), the start as a context
        result = self._ending(symbols, hashes, np.arange(len(chars)), lengths + 1)
        for levels in prefix_levels(chars, lengths, int(chars.max(initial=0)) + 1):
            names = np.concatenate([level.names for level in levels])
            ends = np.repeat(np.arange(1, len(levels) + 1), [len(level.names) for level in levels])
            found = np.split(self._ending(symbols, hashes, names, ends), np.flatnonzero(np.diff(ends)) + 1)
            total = start
            for level, added in zip(levels, found, strict=True):
                total = total[level.before] + added  # (U, L)
                result[level.over] += total[level.whole]
        return result

    def _ending(self, symbols: Ints, hashes: list[Ints], names: Ints, ends: Ints) -> NDArray[np.float64]:
        """Sums of the n-grams of ``names`` (R,) that end at positions ``ends`` (R,), at least 1: (R, L)."""
        found = _ending(hashes, names, ends)
        total = self._lookup(found if self.pairs is None else found[:, 2:], self.values)
        if self.pairs is not None:
            total += self.pairs[symbols[names, ends - 1], symbols[names, ends]]
        return total

    def _lookup(self, hashes: Ints, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums of the values (N,) of n-grams (R, K) for each label, (R, L)."""
        labels, size = len(self.base), len(hashes)
        asked = hashes.ravel().astype(np.uint32)
        buckets = asked >> np.uint32(_BITS)
        starts = self.first[buckets]
        counts = self.first[buckets + 1] - starts
        # The entries of hash k's bucket stand at starts[k], starts[k] + 1, …; few of them are another n-gram's.
        ends = np.cumsum(counts, dtype=np.int32)
        entries = np.repeat(starts - ends + counts, counts)
        entries += np.arange(len(entries), dtype=np.int32)
        found = values[entries] * (self.hashes[entries] == np.repeat(asked, counts))
        cells = np.repeat(np.arange(size) * labels, counts.reshape(hashes.shape).sum(axis=1))
        cells += self.labels[entries]
        total = np.bincount(cells, found, minlength=size * labels).reshape(size, labels)
        return total.astype(np.float64, copy=False)  # of nothing at all, it is whole numbers

    def weights(self) -> dict[str, NDArray[Any]]:
        """As arrays of a model folder."""
        return {f"ngrams.{name}": array for name, array in self._arrays.items()}

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[Any]], vocabulary: int) -> HashedNGrams | None:
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
