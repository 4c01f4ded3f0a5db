"""Characters as indices, and batches of encoded names. Shapes: B names, T characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Ints
from charrnn.errors import SettingsError
from charrnn.text.rare_letters import RARE_LETTERS, rare_letter

PAD, UNKNOWN, BOS, EOS = 0, 1, 2, 3
"""Indices of the special symbols, the same in every vocabulary: padding, unknown, begin and end of a name."""
SPECIALS = 4
MANY = 1000
"""Texts from which on a vocabulary leaves out characters that occur once. Generators of ten and thirty names a label
give unseen names more probability with all characters: 3.64 and 2.90 nats per character in place of 3.75 and 2.98."""


class Vocabulary:
    """Characters as indices, behind the four special symbols.

    Args:
        alphabet: the characters, each once, in the order of their indices.

    Raises:
        SettingsError: a character stands twice.
    """

    def __init__(self, alphabet: str) -> None:
        if len(set(alphabet)) != len(alphabet):
            raise SettingsError(f"alphabet {alphabet!r} holds a character twice; give each one once.")
        self.alphabet = alphabet
        self._index = {c: i for i, c in enumerate(alphabet, start=SPECIALS)}

    @classmethod
    def build(cls, texts: Sequence[str], with_rare: bool = False) -> Vocabulary:
        """The characters of the texts. Of :data:`MANY` texts or more they must occur twice; others train "unknown".

        In a short list a letter that occurs once is rarely a mistake, and every model should be able to write it.

        Args:
            texts: names.
            with_rare: whether letters of large scripts that occur too rarely train a symbol of their script (see
                :mod:`charrnn.text.rare_letters`); of no use to a model that writes names.
        """
        min_count = 2 if len(texts) >= MANY else 1
        counts = Counter(c for text in texts for c in text)
        known = {c for c, n in counts.items() if n >= min_count}
        if with_rare:
            known |= {rare_letter(c) for c in counts.keys() - known} - {""}
        return cls("".join(sorted(known)))

    def __len__(self) -> int:
        return SPECIALS + len(self.alphabet)

    def encode(self, text: str) -> list[int]:
        """Indices of the characters, without BOS and EOS; characters outside the alphabet are "unknown"."""
        index = self._index
        return [index[c] if c in index else index.get(rare_letter(c), UNKNOWN) for c in text]

    def encode_batch(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """As :meth:`encode`, for many texts at once: indices (B, T), padded with 0, and lengths (B,)."""
        codes, lengths = _codes(texts)
        return _padded(self._index_of_code[np.minimum(codes, len(self._index_of_code) - 1)], lengths), lengths

    def decode(self, indices: Iterable[int]) -> str:
        """The characters of the indices; special symbols are left out."""
        return "".join(map(self._character.__getitem__, indices))

    @cached_property
    def _character(self) -> list[str]:
        """The text of each index."""
        return [""] * SPECIALS + list(self.alphabet)

    @cached_property
    def _index_of_code(self) -> Ints:
        """The index of each code point; the last entry stands for all code points beyond."""
        codes = [ord(c) for c in self.alphabet]
        large = [(self._index[s], script.ranges) for s, script in RARE_LETTERS.items() if s in self._index]
        ends = [last for _, ranges in large for _, last in ranges]
        index = np.full(max(codes + ends, default=0) + 2, UNKNOWN, np.int64)
        for symbol, ranges in large:
            for first, last in ranges:
                index[first : last + 1] = symbol
        index[codes] = np.arange(SPECIALS, len(self))
        return index


def pad(encoded: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Encoded names as one array (B, T), padded with 0, and their lengths (B,)."""
    lengths = np.array([len(e) for e in encoded], np.int64)
    return _padded(np.array([i for e in encoded for i in e], np.int64), lengths), lengths


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint64], Ints]:
    """Unicode code points of the characters, (B, T), padded with 0, and lengths (B,)."""
    codes, lengths = _codes(texts)
    return _padded(codes.astype(np.int64), lengths).astype(np.uint64), lengths


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint32], Ints]:
    """Code points of all texts, one behind the other, and the length of each text."""
    lengths = np.array([len(text) for text in texts], np.int64)
    return np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32), lengths


def add_bos_eos(chars: Ints, lengths: Ints) -> Ints:
    """Names (B, T), padded with 0, between BOS and EOS: (B, T + 2)."""
    symbols = np.zeros((len(chars), chars.shape[1] + 2), np.int64)
    symbols[:, 0], symbols[:, 1:-1] = BOS, chars
    symbols[np.arange(len(chars)), lengths + 1] = EOS
    return symbols


def _padded(flat: Ints, lengths: Ints) -> Ints:
    """Names that stand one behind the other as rows (B, T), padded with 0."""
    chars = np.zeros((len(lengths), int(lengths.max(initial=0))), np.int64)
    chars[np.arange(chars.shape[1]) < lengths[:, None]] = flat
    return chars
