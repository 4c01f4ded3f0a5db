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

ORDER = 5
"""Longest n-gram: four characters of context."""
TYPES = 2.0
"""Weight of the lower order; 1 is Witten and Bell's own. Chosen on validation names."""
_BITS = 11
"""Low bits of a hash that lookup leaves out: 2^31 hashes share 2^20 buckets."""
_PRIME, _STEP, _MIX = 2**31 - 1, 1_000_003, 40_503
_DTYPES = {"hashes": np.uint32, "labels": np.uint16, "values": np.float16, "base": np.float32}


def hash_ngrams(symbols: Ints, order: int) -> list[Ints]:
    """Hashes of the n-grams that end at each position, from 1 to 2^31 - 2; 0 stands for one with padding in it.

    Args:
        symbols: (B, T), indices of a vocabulary with padding (0) behind.
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
        found.append((hashes * _MIX % (_PRIME - 1) + 1) * inside[:, n - 1 :])
    return found


class HashedNGrams:
    """A log-likelihood for each label.

    Args:
        hashes: n-gram of each entry, (N,) uint32, rising.
        labels: label of each entry, (N,) uint16.
        values: what the n-gram adds to the label's score each time, (N,) float16, nats.
        base: what each character adds to each label's score, (L,) float32, nats.

    Raises:
        ModelFolderError: shapes, types or order are not these.
    """

    def __init__(self, hashes: NDArray[Any], labels: NDArray[Any], values: NDArray[Any], base: NDArray[Any]) -> None:
        self._arrays = {"hashes": hashes, "labels": labels, "values": values, "base": base}
        holds = all(self._arrays[name].dtype == kind for name, kind in _DTYPES.items())
        holds = holds and len(hashes) == len(labels) == len(values)
        if holds and len(hashes):
            rising = bool((hashes[1:] >= hashes[:-1]).all()) and 0 < hashes[-1] < _PRIME
            holds = rising and bool(labels.max() < len(base))
        if not holds or not (np.isfinite(values).all() and np.isfinite(base).all()):
            raise ModelFolderError("weights ngrams: not those of an n-gram table. Copy the model folder again.")
        self.hashes, self.base = hashes, base
        self.labels, self.values = labels.astype(np.int64), values.astype(np.float64)
        edges = np.arange((_PRIME >> _BITS) + 2, dtype=np.uint32) << np.uint32(_BITS)
        self.first = np.searchsorted(hashes, edges).astype(np.int32)  # (buckets + 1,)

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
                keys.append(context)
                values.append(backoff)
            lower_keys, lower = event, share
        key, where = np.unique(np.concatenate(keys), return_inverse=True)
        value = np.bincount(where, np.concatenate(values), minlength=len(key))
        return cls(
            (key // label_count).astype(np.uint32),
            (key % label_count).astype(np.uint16),
            value.astype(np.float16),
            base.astype(np.float32),
        )

    def scores(self, chars: Ints, lengths: Ints) -> NDArray[np.float64]:
        """log p(name, end | label), (B, L), in nats, less what is the same for every label.

        Args:
            chars: (B, T), padded with 0; a 0 inside a name takes all n-grams with it out of the sum.
            lengths: (B,).
        """
        labels, size = len(self.base), len(chars)
        symbols = enclose(chars, lengths)
        hashes = np.concatenate(hash_ngrams(symbols, ORDER), axis=1)  # (B, K)
        buckets = hashes.ravel() >> _BITS
        starts = self.first[buckets]
        counts = self.first[buckets + 1] - starts
        # The entries of hash k's bucket stand at starts[k], starts[k] + 1, …; few of them are another n-gram's.
        ends = np.cumsum(counts)
        entries = np.repeat(starts - ends + counts, counts) + np.arange(ends[-1] if len(ends) else 0)
        values = np.where(self.hashes[entries] == np.repeat(hashes.ravel(), counts), self.values[entries], 0)
        rows = np.repeat(np.repeat(np.arange(size) * labels, hashes.shape[1]), counts)
        cells = rows + self.labels[entries]
        total = np.bincount(cells, values, minlength=size * labels)
        known = (symbols[:, 1:] > 0).sum(axis=1, keepdims=True)
        result: NDArray[np.float64] = total.reshape(size, labels) + known * self.base
        return result

    def weights(self) -> dict[str, NDArray[Any]]:
        """As arrays of a model folder."""
        return {f"ngrams.{name}": array for name, array in self._arrays.items()}

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[Any]]) -> HashedNGrams | None:
        """Read them again; None if the folder holds none.

        Raises:
            ModelFolderError: they are not whole.
        """
        if not any(name.startswith("ngrams.") for name in weights):
            return None
        try:
            return cls(**{name: weights[f"ngrams.{name}"] for name in _DTYPES})
        except KeyError as error:
            raise ModelFolderError(f"weight {error.args[0]}: missing. Copy the model folder again.") from error
