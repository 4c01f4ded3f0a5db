"""How likely a name is under each label, by hashed character n-grams.

One interpolated n-gram model a label (Witten and Bell 1991, method C, with the number of types multiplied by
``LOWER_ORDER_WEIGHT``):

    p(c | h) = (count(h c) + W · types(h) · p(c | h')) / (count(h) + W · types(h)),   h' = h less its first character

This is the model of :mod:`charrnn.ngrams.automaton` without kinds. At each position log p is the sum over n
of log p_n - log p_{n-1}, a difference that depends on the n-gram and on whether its context was seen with the label. So
each n-gram carries, for each label that it was seen with, one number: what it adds as the end of an n-gram, plus what
it adds as the context of the next character (a back-off weight, Katz 1987). Labels that an n-gram was not seen with
need no entry. An n-gram is stored as its 31-bit hash, without its characters.
Shapes: B names, T characters, L labels, N entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np

from charrnn.arrays import Floats, Floats32, Ints
from charrnn.hash_index import COUNTS, HashIndex, smallest
from charrnn.ngrams.counting import lowest_order
from charrnn.ngrams.storage import StoredNGrams
from charrnn.text import FEW, PAD, add_bos_eos, pad, prefix_levels

ORDER = 5
"""Longest n-gram: four characters of context."""
LOWER_ORDER_WEIGHT = 6.0
"""W of the module's equation; 1 is Witten and Bell's own. Chosen on validation names among 1 to 12."""
MAX_TRIPLE_CELLS = 3_000_000
"""Cells of the table of three characters at most, 12 MB."""
_BACKOFF_BITS = 6
_BACKOFF_MASK = 2**_BACKOFF_BITS - 1
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

    - ``buckets``, ``low_bits``: the hashes of the G n-grams, see :class:`charrnn.hash_index.HashIndex`.
    - ``sizes``: entries of each n-gram, (G,).
    - ``labels``: the label of each entry, (N,).
    - ``codes``: of each entry, (N,) uint16. The high 10 bits are an index of ``values``: what the n-gram adds to the
      label's score each time it occurs. The low 6 bits are one of ``backoffs``: the part of it that it adds as the
      context of the next character.
    - ``values``, ``backoffs``: at most 1024 and 64 numbers, float32, nats.
    - ``base``: what each character adds to each label's score, (L,) float32, nats.

    Args:
        arrays: as above.
        vocabulary_size: V, specials included.

    Raises:
        ModelFolderError: the arrays do not fit together.
    """

    DTYPES: ClassVar = {
        "buckets": COUNTS,
        "low_bits": (np.uint16,),
        "sizes": COUNTS,
        "labels": COUNTS,
        "codes": (np.uint16,),
        "values": (np.float32,),
        "backoffs": (np.float32,),
        "base": (np.float32,),
    }

    def prepare(self) -> None:
        """Check the arrays, and find the entries of each n-gram."""
        buckets, low_bits, sizes, labels, codes, values, backoffs, base = (self.arrays[name] for name in self.DTYPES)
        try:
            self.index = HashIndex(buckets, low_bits)
        except ValueError as error:
            raise self.misfit() from error
        total = int(sizes.sum(dtype=np.int64))
        fits = len(low_bits) == len(sizes) and total == len(labels) == len(codes) and bool(sizes.all())
        if fits and total:
            fits = bool(labels.max() < len(base) and codes.max() >> _BACKOFF_BITS < len(values))
            fits = fits and bool((codes & _BACKOFF_MASK).max() < len(backoffs))
        if not fits or not all(np.isfinite(array).all() for array in (values, backoffs, base)):
            raise self.misfit()
        self.base, self.labels, self.codes = base, labels, codes
        self.ends: Ints = np.cumsum(sizes, dtype=np.int64)
        # By code.
        self.values: Floats32 = np.repeat(values, _BACKOFF_MASK + 1)
        self.backoffs: Floats32 = np.tile(np.resize(backoffs, _BACKOFF_MASK + 1), len(values))
        self.core = min(self.vocabulary_size, max(int((MAX_TRIPLE_CELLS / max(len(base), 1)) ** (1 / 3)), 1))

    @cached_property
    def triples(self) -> Floats32:
        """What the last one, two and three of three characters add, (core³, L); of the vocabulary's first symbols.

        Most entries that names meet are of these short n-grams. It takes longer to compute than a few names.
        """
        size = self.core
        symbols = np.stack(np.unravel_index(np.arange(size**3), (size,) * 3), axis=1)
        one, two, three = hash_ngrams(symbols, 3)
        return self._lookup(np.concatenate([one[:, 2:], two[:, 1:], three], axis=1), self.values).astype(np.float32)

    @classmethod
    def fit(
        cls,
        names: Sequence[Sequence[int]],
        labels: Sequence[int],
        label_count: int,
        vocabulary_size: int,
        lower_order_weight: float = LOWER_ORDER_WEIGHT,
        max_entries: int = 10**9,
    ) -> NGramHashTable:
        """Count the n-grams of names.

        Args:
            names: encoded, without BOS and EOS.
            labels: index of each name's label.
            label_count: L.
            vocabulary_size: number of symbols, specials included.
            lower_order_weight: W of the module's equation.
            max_entries: beyond that, the entries that add least are left out.
        """
        grams = hash_ngrams(add_bos_eos(*pad(names)), ORDER)
        own_label = np.array(labels, np.int64)[:, None]
        # An event is an n-gram with its label, a context the same without the last character: hash times L plus label.
        event_keys: list[Ints] = []
        event_values: list[Floats] = []
        context_keys: list[Ints] = []
        context_backoffs: list[Floats] = []
        lowest = lowest_order(np.array([symbol for name in names for symbol in name], np.int64), vocabulary_size).max()
        # Scores are relative to the uniform distribution over the whole vocabulary.
        surplus = np.log((vocabulary_size - 2) * lowest)
        base = np.full(label_count, surplus)
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
            types = lower_order_weight * np.bincount(which, minlength=len(context))
            if n == 1:
                lower = np.full(len(event), lowest)
            else:
                shorter = (grams[n - 2][:, 1:] * label_count + own_label)[there][where]
                lower = lower_p[np.searchsorted(lower_keys, shorter)]
            p = (counts + types[which] * lower) / (totals + types)[which]
            backoff = np.log(types / (totals + types))
            event_keys.append(event)
            event_values.append(np.log(p) - np.log(lower) - backoff[which])
            if n == 1:
                base[context] = backoff + surplus
            else:
                context_keys.append(context)
                context_backoffs.append(backoff)
            lower_keys, lower_p = event, p
        key, where = np.unique(np.concatenate(event_keys + context_keys), return_inverse=True)
        events_in_all = sum(map(len, event_values))
        backoffs = np.bincount(where[events_in_all:], np.concatenate(context_backoffs), minlength=len(key))
        values = np.bincount(where[:events_in_all], np.concatenate(event_values), minlength=len(key)) + backoffs
        if len(key) > max_entries:
            kept = np.sort(np.argsort(-np.abs(values), kind="stable")[:max_entries])
            key, values, backoffs = key[kept], values[kept], backoffs[kept]
        hashes, sizes = np.unique(key // label_count, return_counts=True)
        buckets, low_bits = HashIndex.store(hashes.astype(np.uint32))
        (value, value_levels), (backoff, backoff_levels) = (
            _levels(values.astype(np.float64), 1024),
            _levels(backoffs.astype(np.float64), _BACKOFF_MASK + 1),
        )
        arrays = {
            "buckets": smallest(buckets),
            "low_bits": low_bits,
            "sizes": smallest(sizes),
            "labels": smallest(key % label_count),
            "codes": (value << _BACKOFF_BITS | backoff).astype(np.uint16),
            "values": value_levels,
            "backoffs": backoff_levels,
            "base": base.astype(np.float32),
        }
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
        result = self._of_few(hashes) if len(chars) <= FEW else self._of_many(chars, lengths, symbols, hashes)
        counted = (symbols[:, 1:] > 0).sum(axis=1, keepdims=True)
        # An n-gram right before a left-out character is no context of it: its back-off weight is taken away again.
        names, ends = np.nonzero((symbols[:, :-1] > 0) & (symbols[:, 1:] == 0))
        within = ends < lengths[names]
        if within.any():
            names, ends = names[within], ends[within]
            np.subtract.at(result, names, self._lookup(_ngrams_ending(hashes, names, ends), self.backoffs))
        return np.asarray(result + counted * self.base)

    def _of_few(self, hashes: list[Ints]) -> Floats:
        """Sums over all n-grams of few names, (B, L), in one lookup."""
        return self._lookup(np.concatenate(hashes, axis=1), self.values)

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
        first = np.where(ends > 1, symbols[names, np.maximum(ends - 2, 0)], PAD)
        second, third = symbols[names, ends - 1], symbols[names, ends]
        in_core = np.maximum(np.maximum(first, second), third) < self.core
        ending[in_core, :3] = 0
        total = self._lookup(ending, self.values)
        rows = np.flatnonzero(in_core)
        total[rows] += self.triples[((first * self.core + second) * self.core + third)[rows]]
        return total

    def _lookup(self, hashes: Ints, by_code: Floats32) -> Floats:
        """Sums of what n-grams (R, K) add to each label, (R, L); ``by_code`` says what a code stands for."""
        labels, size = len(self.base), len(hashes)
        rows, columns = np.nonzero(hashes)
        gram = self.index.find(hashes[rows, columns].astype(np.uint32))
        known = gram >= 0
        gram, rows = gram[known], rows[known]
        counts = self.arrays["sizes"][gram].astype(np.int64)
        # The entries of an n-gram stand one behind the other, before its end.
        entries = np.repeat(self.ends[gram] - np.cumsum(counts), counts) + np.arange(counts.sum())
        cells = np.repeat(rows * labels, counts) + self.labels[entries]
        total = np.bincount(cells, by_code[self.codes[entries]], minlength=size * labels).reshape(size, labels)
        return total.astype(np.float64, copy=False)  # without any entry, bincount gives integers


def _levels(values: Floats, most: int) -> tuple[Ints, Floats32]:
    """Values as indices of levels; half of the levels are dense where values are, half at equal distances."""
    if not len(values):
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    dense, even = np.quantile(values, np.linspace(0, 1, most // 2)), np.linspace(values.min(), values.max(), most // 2)
    levels = np.unique(np.concatenate([dense, even]).astype(np.float32))
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, values), levels


def _ngrams_ending(hashes: list[Ints], names: Ints, ends: Ints) -> Ints:
    """Hashes of the n-grams of ``names`` (R,) that end at ``ends`` (R,), shortest first, (R, ORDER); 0 for none."""
    result = np.zeros((len(names), len(hashes)), np.int64)
    for n, own in enumerate(hashes, start=1):
        there = ends >= n - 1
        result[there, n - 1] = own[names[there], ends[there] - n + 1]
    return result
