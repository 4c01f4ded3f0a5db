"""How likely a name is under each label, by hashed character n-grams.

One interpolated n-gram model a label (Witten and Bell 1991, method C, with the number of types multiplied by
``LOWER_ORDER_WEIGHT``):

    p(c | h) = (count(h c) + W · types(h) · p(c | h')) / (count(h) + W · types(h)),   h' = h less its first character

With W = 1 this is the model of :mod:`charrnn.ngrams.automaton`; here W is 2. At each position log p is the sum over n
of log p_n - log p_{n-1}, a difference that depends on the n-gram and on whether its context was seen with the label. So
each n-gram carries, for each label that it was seen with, one number: what it adds as the end of an n-gram, plus what
it adds as the context of the next character (a back-off weight, Katz 1987). Labels that an n-gram was not seen with
need no entry. An n-gram is stored as its 31-bit hash, without its characters.
Shapes: B names, T characters, L labels, N entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from charrnn.arrays import Floats, Ints
from charrnn.ngrams.storage import StoredNGrams
from charrnn.text import FEW, add_bos_eos, pad, prefix_levels

ORDER = 5
"""Longest n-gram: four characters of context."""
LOWER_ORDER_WEIGHT = 2.0
"""W of the module's equation; 1 is Witten and Bell's own. Chosen on validation names."""
MAX_PAIR_CELLS = 2_000_000
"""Cells of the table of pairs of characters at most, 16 MB."""
_BITS = 11
"""Low bits of a hash that lookup leaves out: 2^31 hashes share 2^20 buckets."""
_PRIME, _STEP, _MIX = 2**31 - 1, 1_000_003, 40_507


def hash_ngrams(symbols: Ints, order: int) -> list[Ints]:
    """Hashes of the n-grams that end at each position, from 1 to 2^31 - 2; 0 for an n-gram that holds padding.

    Args:
        symbols: (B, T), indices of a vocabulary; 0 is padding, or a character that is left out.
        order: longest n-gram.

    Returns:
        For n = 1 … ``order`` an array (B, max(T - n + 1, 0)), whose column t belongs to symbols t … t + n - 1.
    """
    inside = symbols > 0
    hashes = symbols
    by_length: list[Ints] = []
    for n in range(1, order + 1):
        if n > 1:
            # Below 2^51: nothing overflows.
            hashes = (hashes[:, :-1] * _STEP + symbols[:, n - 1 :] + n) % _PRIME
            inside = inside[:, :-1] & (symbols[:, n - 1 :] > 0)
        by_length.append((hashes * _MIX % (_PRIME - 1) + 1) * inside)
    return by_length


class NGramHashTable(StoredNGrams):
    """A log-likelihood for each label. An entry belongs to one n-gram and one label.

    - ``hashes``: the n-gram of each entry, (N,) uint32, rising.
    - ``labels``: the label of each entry, (N,) uint16.
    - ``values``: what the n-gram adds to the label's score each time it occurs, (N,) float16, nats.
    - ``backoffs``: the part of it that it adds as the context of the next character, (N,) float16, nats.
    - ``base``: what each character adds to each label's score, (L,) float32, nats.

    Args:
        arrays: as above.
        vocabulary_size: V, specials included.

    Attributes:
        pairs: what the last one and the last two of two characters add, (V, V, L); None where that is too large. Three
            quarters of the entries that a name meets are of these short n-grams.

    Raises:
        ModelFolderError: the arrays do not fit together.
    """

    DTYPES: ClassVar[dict[str, type[np.generic]]] = {
        "hashes": np.uint32,
        "labels": np.uint16,
        "values": np.float16,
        "backoffs": np.float16,
        "base": np.float32,
    }

    def prepare(self) -> None:
        """Check the arrays, index the buckets, and add up the table of pairs."""
        hashes, labels, values, backoffs, base = (self.arrays[name] for name in self.DTYPES)
        fits = len(hashes) == len(labels) == len(values) == len(backoffs)
        if fits and len(hashes):
            rising = bool((hashes[1:] >= hashes[:-1]).all()) and 0 < hashes[-1] < _PRIME
            fits = rising and bool(labels.max() < len(base))
        if not fits or not all(np.isfinite(array).all() for array in (values, backoffs, base)):
            raise self.misfit()
        self.hashes, self.base = hashes, base
        self.labels: Ints = labels.astype(np.int64)
        self.values: Floats = values.astype(np.float64)
        self.backoffs: Floats = backoffs.astype(np.float64)
        edges = np.arange((_PRIME >> _BITS) + 2, dtype=np.uint32) << np.uint32(_BITS)
        self.bucket_starts = np.searchsorted(hashes, edges).astype(np.int32)  # (buckets + 1,)
        self.pairs: Floats | None = None
        size = self.vocabulary_size
        if size**2 * len(base) <= MAX_PAIR_CELLS:
            first, second = np.divmod(np.arange(size**2), size)
            one, two = hash_ngrams(np.stack([first, second], axis=1), 2)
            sums = self._lookup(np.concatenate([one[:, 1:], two], axis=1), self.values)
            self.pairs = sums.reshape(size, size, len(base))

    @classmethod
    def fit(
        cls, names: Sequence[Sequence[int]], labels: Sequence[int], label_count: int, vocabulary_size: int
    ) -> NGramHashTable:
        """Count the n-grams of names.

        Args:
            names: encoded, without BOS and EOS.
            labels: index of each name's label.
            label_count: L.
            vocabulary_size: number of symbols, specials included.
        """
        grams = hash_ngrams(add_bos_eos(*pad(names)), ORDER)
        own_label = np.array(labels, np.int64)[:, None]
        # An event is an n-gram with its label, a context the same without the last character: hash times L plus label.
        event_keys: list[Ints] = []
        event_values: list[Floats] = []
        context_keys: list[Ints] = []
        context_backoffs: list[Floats] = []
        base = np.zeros(label_count)
        lower_keys, lower_p = np.zeros(0, np.int64), np.zeros(0)
        for n, hashes in enumerate(grams, start=1):
            # BOS is a context, never an event.
            ends = hashes[:, 1:] if n == 1 else hashes
            there = ends > 0
            events = (ends * label_count + own_label)[there]
            if n == 1:
                contexts = np.broadcast_to(own_label, ends.shape)[there]
            else:
                contexts = (grams[n - 2][:, : ends.shape[1]] * label_count + own_label)[there]
            event, where, counts = np.unique(events, return_index=True, return_counts=True)
            context, which = np.unique(contexts[where], return_inverse=True)
            totals = np.bincount(np.searchsorted(context, contexts), minlength=len(context))
            types = LOWER_ORDER_WEIGHT * np.bincount(which, minlength=len(context))
            if n == 1:
                lower = np.full(len(event), 1 / (vocabulary_size - 2))
            else:
                shorter = (grams[n - 2][:, 1:] * label_count + own_label)[there][where]
                lower = lower_p[np.searchsorted(lower_keys, shorter)]
            p = (counts + types[which] * lower) / (totals + types)[which]
            backoff = np.log(types / (totals + types))
            event_keys.append(event)
            event_values.append(np.log(p) - np.log(lower) - backoff[which])
            if n == 1:
                base[context] = backoff
            else:
                context_keys.append(context)
                context_backoffs.append(backoff)
            lower_keys, lower_p = event, p
        key, where = np.unique(np.concatenate(event_keys + context_keys), return_inverse=True)
        events_in_all = sum(map(len, event_values))
        backoffs = np.bincount(where[events_in_all:], np.concatenate(context_backoffs), minlength=len(key))
        values = np.bincount(where[:events_in_all], np.concatenate(event_values), minlength=len(key)) + backoffs
        columns = (key // label_count, key % label_count, values, backoffs, base)
        arrays = {name: column.astype(cls.DTYPES[name]) for name, column in zip(cls.DTYPES, columns, strict=True)}
        return cls(arrays, vocabulary_size)

    def scores(self, chars: Ints, lengths: Ints) -> Floats:
        """log p(name, EOS | label) up to a constant that is equal for all labels, (B, L), in nats.

        Args:
            chars: (B, T), padded with 0; a 0 inside a name is a character that is left out: it is not counted, and
                n-grams that hold it are not looked up.
            lengths: (B,), at least 1.
        """
        symbols = add_bos_eos(chars, lengths)
        hashes = hash_ngrams(symbols, ORDER)
        result = self._of_few(symbols, hashes) if len(chars) <= FEW else self._of_many(chars, lengths, symbols, hashes)
        counted = (symbols[:, 1:] > 0).sum(axis=1, keepdims=True)
        # An n-gram right before a left-out character is no context of it: its back-off weight is taken away again.
        names, ends = np.nonzero((symbols[:, :-1] > 0) & (symbols[:, 1:] == 0))
        within = ends < lengths[names]
        if within.any():
            names, ends = names[within], ends[within]
            np.subtract.at(result, names, self._lookup(_ngrams_ending(hashes, names, ends), self.backoffs))
        return np.asarray(result + counted * self.base)

    def _of_few(self, symbols: Ints, hashes: list[Ints]) -> Floats:
        """Sums over all n-grams of few names, (B, L), in one lookup."""
        if self.pairs is None:
            return self._lookup(np.concatenate(hashes, axis=1), self.values)
        total = self._lookup(np.concatenate([hashes[0][:, :1], *hashes[2:]], axis=1), self.values)
        return np.asarray(total + self.pairs[symbols[:, :-1], symbols[:, 1:]].sum(axis=1))

    def _of_many(self, chars: Ints, lengths: Ints, symbols: Ints, hashes: list[Ints]) -> Floats:
        """Sums over all n-grams of names, (B, L); those that end in a shared prefix are looked up once."""
        bos = self._lookup(hashes[0][:1, :1], self.values)  # (1, L), BOS as a context
        result = self._ending(symbols, hashes, np.arange(len(chars)), lengths + 1)
        for levels in prefix_levels(chars, lengths, int(chars.max(initial=0)) + 1):
            names = np.concatenate([level.names for level in levels])
            ends = np.repeat(np.arange(1, len(levels) + 1), [len(level.names) for level in levels])
            by_level = np.split(self._ending(symbols, hashes, names, ends), np.flatnonzero(np.diff(ends)) + 1)
            total = bos
            for level, added in zip(levels, by_level, strict=True):
                total = total[level.parent] + added  # (U, L)
                result[level.ended] += total[level.prefix_index]
        return result

    def _ending(self, symbols: Ints, hashes: list[Ints], names: Ints, ends: Ints) -> Floats:
        """Sums over the n-grams of ``names`` (R,) that end at positions ``ends`` (R,), at least 1: (R, L)."""
        ending = _ngrams_ending(hashes, names, ends)
        total = self._lookup(ending if self.pairs is None else ending[:, 2:], self.values)
        if self.pairs is not None:
            total += self.pairs[symbols[names, ends - 1], symbols[names, ends]]
        return total

    def _lookup(self, hashes: Ints, values: Floats) -> Floats:
        """Sums of the values (N,) of n-grams (R, K) for each label, (R, L)."""
        labels, size = len(self.base), len(hashes)
        wanted = hashes.ravel().astype(np.uint32)
        buckets = wanted >> np.uint32(_BITS)
        starts = self.bucket_starts[buckets]
        counts = self.bucket_starts[buckets + 1] - starts
        # The entries of hash k's bucket stand at starts[k], starts[k] + 1, …; few of them are another n-gram's.
        ends = np.cumsum(counts, dtype=np.int32)
        entries = np.repeat(starts - ends + counts, counts)
        entries += np.arange(len(entries), dtype=np.int32)
        matching = values[entries] * (self.hashes[entries] == np.repeat(wanted, counts))
        cells = np.repeat(np.arange(size) * labels, counts.reshape(hashes.shape).sum(axis=1))
        cells += self.labels[entries]
        total = np.bincount(cells, matching, minlength=size * labels).reshape(size, labels)
        return total.astype(np.float64, copy=False)  # without any entry, bincount gives integers


def _ngrams_ending(hashes: list[Ints], names: Ints, ends: Ints) -> Ints:
    """Hashes of the n-grams of ``names`` (R,) that end at ``ends`` (R,), shortest first, (R, ORDER); 0 for none."""
    result = np.zeros((len(names), len(hashes)), np.int64)
    for n, own in enumerate(hashes, start=1):
        there = ends >= n - 1
        result[there, n - 1] = own[names[there], ends[there] - n + 1]
    return result
