"""Encoded names as arrays. Shapes: B names, T characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from charrnn.text import END, SPECIALS, START, UNKNOWN, Vocabulary

Ints = NDArray[np.int64]


def pad(encoded: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Encoded names as one array (B, T), padded with 0, and their lengths (B,)."""
    lengths = np.array([len(e) for e in encoded], np.int64)
    chars = np.zeros((len(encoded), int(lengths.max(initial=0))), np.int64)
    chars[np.arange(chars.shape[1]) < lengths[:, None]] = [i for e in encoded for i in e]
    return chars, lengths


class Encoder:
    """Texts as indices of a vocabulary, all at once.

    Args:
        vocabulary: whose indices they become; characters outside it are "unknown".
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        codes = [ord(c) for c in vocabulary.alphabet]
        self._index = np.full(max(codes, default=0) + 2, UNKNOWN, np.int64)  # the last one for all code points beyond
        self._index[codes] = np.arange(SPECIALS, len(vocabulary))

    def __call__(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Indices (B, T), padded with 0, and lengths (B,)."""
        lengths = np.array([len(text) for text in texts], np.int64)
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
        chars = np.zeros((len(texts), int(lengths.max(initial=0))), np.int64)
        inside = np.arange(chars.shape[1]) < lengths[:, None]
        chars[inside] = self._index[np.minimum(codes, len(self._index) - 1)]
        return chars, lengths


def enclose(chars: Ints, lengths: Ints) -> Ints:
    """Names (B, T), padded with 0, between the start and the end symbol: (B, T + 2)."""
    symbols = np.pad(chars, ((0, 0), (1, 1)))
    symbols[:, 0] = START
    symbols[np.arange(len(chars)), lengths + 1] = END
    return symbols
