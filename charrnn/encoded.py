"""Encoded names as arrays. Shapes: B names, T characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from charrnn.text import END, START

Ints = NDArray[np.int64]


def pad(encoded: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Encoded names as one array (B, T), padded with 0, and their lengths (B,)."""
    lengths = np.array([len(e) for e in encoded], np.int64)
    chars = np.zeros((len(encoded), int(lengths.max(initial=0))), np.int64)
    chars[np.arange(chars.shape[1]) < lengths[:, None]] = [i for e in encoded for i in e]
    return chars, lengths


def enclose(chars: Ints, lengths: Ints) -> Ints:
    """Names (B, T), padded with 0, between the start and the end symbol: (B, T + 2)."""
    symbols = np.pad(chars, ((0, 0), (1, 1)))
    symbols[:, 0] = START
    symbols[np.arange(len(chars)), lengths + 1] = END
    return symbols
