"""A sorted list of 32-bit hashes, stored in little more than two bytes each, and where each one stands in it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Ints
from charrnn.text import FEW

COUNTS = (np.uint8, np.uint16, np.uint32)
"""Types of whole numbers from 0 on; :func:`smallest` chooses."""
_BUCKETS = 2**16
"""Buckets of the stored list: a hash is the number of its bucket and 16 low bits."""
_FINE = 11
"""Low bits that the index of :meth:`HashIndex.find` leaves out: it has 2^21 buckets, most of one hash or none."""


def smallest(array: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers from 0 on, in the smallest type of :data:`COUNTS` that holds them."""
    largest = int(array.max(initial=0))
    return array.astype(next(dtype for dtype in COUNTS if largest <= np.iinfo(dtype).max))


class HashIndex:
    """Distinct hashes in rising order.

    Args:
        bucket_sizes: how many hashes have each value of the high 16 bits, (65536,).
        low_bits: of each hash, (G,) uint16.

    Raises:
        ValueError: the arrays do not fit together.
    """

    def __init__(self, bucket_sizes: NDArray[Any], low_bits: NDArray[Any]) -> None:
        if len(bucket_sizes) != _BUCKETS or int(bucket_sizes.sum(dtype=np.int64)) != len(low_bits):
            raise ValueError("hash index: its arrays do not fit together")
        high = np.repeat(np.arange(_BUCKETS, dtype=np.uint32) << np.uint32(16), bucket_sizes)
        self.hashes: NDArray[np.uint32] = high | low_bits
        if (self.hashes[1:] <= self.hashes[:-1]).any():
            raise ValueError("hash index: hashes do not rise")

    @staticmethod
    def store(hashes: NDArray[np.uint32]) -> tuple[Ints, NDArray[np.uint16]]:
        """The arguments that give an index of distinct hashes in rising order."""
        sizes = np.bincount(hashes >> np.uint32(16), minlength=_BUCKETS)
        return sizes, (hashes & np.uint32(0xFFFF)).astype(np.uint16)

    def find(self, wanted: NDArray[np.uint32]) -> Ints:
        """Where each hash stands, (R,); -1 if it is not there."""
        if not len(self.hashes):
            return np.full(len(wanted), -1, np.int64)
        if len(wanted) <= 16 * FEW:
            place = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
            return np.where(self.hashes[place] == wanted, place, -1)
        result = np.full(len(wanted), -1, np.int64)
        buckets = wanted >> np.uint32(_FINE)
        begin, end = self._starts[buckets], self._starts[buckets + np.uint32(1)]
        left = np.flatnonzero(begin < end)
        place = begin[left]
        while len(left):
            found = self.hashes[place] == wanted[left]
            result[left[found]] = place[found]
            place += 1
            more = ~found & (place < end[left])
            left, place = left[more], place[more]
        return result

    @cached_property
    def _starts(self) -> NDArray[np.int32]:
        """Where each bucket begins, (buckets + 1,). Computed for many hashes; a few are found without it."""
        sizes = np.bincount(self.hashes >> np.uint32(_FINE), minlength=1 << (32 - _FINE))
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
