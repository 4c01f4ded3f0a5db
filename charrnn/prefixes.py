"""Distinct prefixes of many names: what depends on a prefix alone is computed once. Shapes: B names, T characters.

Of all characters of a list of surnames, fewer than half end a prefix that no other name has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charrnn.encoded import Ints

CHUNK = 2048
"""Names that are taken together, so that their states stay in the processor's cache."""


@dataclass(frozen=True)
class Level:
    """The distinct prefixes of one length, U of them.

    Attributes:
        names: a name that begins with each, (U,).
        before: the prefix that is one shorter, an index into the level above, (U,).
        over: names that are no longer than this.
        whole: for each of them, which prefix it is.
    """

    names: Ints
    before: Ints
    over: Ints
    whole: Ints


def prefix_levels(chars: Ints, lengths: Ints, vocabulary: int) -> Iterator[list[Level]]:
    """The levels of prefixes of names, :data:`CHUNK` neighbours in sorted order at a time.

    Args:
        chars: (B, T), padded with 0.
        lengths: (B,), at least 1.
        vocabulary: number of symbols.
    """
    order = prefix_order(chars, vocabulary)
    for first in range(0, len(order), CHUNK):
        yield list(_levels(chars, lengths, order[first : first + CHUNK]))


def _levels(chars: Ints, lengths: Ints, rows: Ints) -> Iterator[Level]:
    prefix: NDArray[np.intp] = np.zeros(len(rows), np.intp)
    length = 0
    while len(rows):
        symbols = chars[rows, length]
        differs = np.ones(len(rows), bool)
        differs[1:] = (symbols[1:] != symbols[:-1]) | (prefix[1:] != prefix[:-1])
        first = np.flatnonzero(differs)
        before = prefix[first]
        prefix = np.cumsum(differs) - 1
        length += 1
        over = lengths[rows] == length
        yield Level(rows[first], before, rows[over], prefix[over])
        rows, prefix = rows[~over], prefix[~over]


def prefix_order(chars: Ints, vocabulary: int) -> Ints:
    """An order of names (B, T) in which equal prefixes are neighbours, as far as they fit into one integer, (B,)."""
    bits = max(vocabulary - 1, 1).bit_length()
    key = np.zeros(len(chars), np.int64)
    for t in range(min(63 // bits, chars.shape[1])):
        key = (key << bits) | chars[:, t]
    return np.argsort(key, kind="stable")
