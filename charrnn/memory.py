"""What a list says of exactly one name: under which classes it has it. Hashes of whole names, without the names.

Shapes: B names, T characters, C classes, G listed names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Ints
from charrnn.errors import ModelFolderError
from charrnn.hash_index import COUNTS, HashIndex, smallest
from charrnn.text import FEW, code_points

PREFIX = "memory."
DTYPES: dict[str, tuple[type[np.generic], ...]] = {
    "buckets": COUNTS,
    "low_bits": (np.uint16,),
    "sets": COUNTS,
    "sizes": COUNTS,
    "classes": COUNTS,
}
_64_BITS = 2**64 - 1
_MULTIPLIER, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


class Memory:
    """The classes of each listed name.

    - ``buckets``, ``low_bits``: hashes of the names, see :class:`charrnn.hash_index.HashIndex`. Of names that are not
      listed, one in 2^32 / G is taken for a listed one.
    - ``sets``: which set of classes each name has, (G,).
    - ``sizes``, ``classes``: how many classes each set has; its classes, one set behind the other.

    Args:
        arrays: as above.
        class_count: C.

    Raises:
        ModelFolderError: an array is missing, of another type, or they do not fit together.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], class_count: int) -> None:
        misfit = ModelFolderError("weights memory: do not fit together. Copy the model folder again.")
        for name, dtypes in DTYPES.items():
            if name not in arrays or arrays[name].dtype not in dtypes or arrays[name].ndim != 1:
                raise misfit
        self.arrays = {name: arrays[name] for name in DTYPES}
        buckets, low_bits, sets, sizes, classes = self.arrays.values()
        try:
            self.index = HashIndex(buckets, low_bits)
        except ValueError as error:
            raise misfit from error
        self.ends: Ints = np.cumsum(sizes, dtype=np.int64)
        fits = len(sets) == len(low_bits) and len(classes) == int(sizes.sum(dtype=np.int64))
        if not fits or (len(sets) and sets.max() >= len(sizes)) or classes.max(initial=0) >= class_count:
            raise misfit

    @classmethod
    def of(cls, texts: Sequence[str], classes: Sequence[int], class_count: int) -> Memory:
        """The memory of names.

        Args:
            texts: names as a model reads them.
            classes: of each name; a name may stand several times.
            class_count: C.
        """
        hashes = hash_texts(texts)
        pairs = np.unique(hashes.astype(np.int64) * class_count + np.asarray(classes, np.int64))
        distinct, first = np.unique(pairs // class_count, return_index=True)
        own = [tuple(part.tolist()) for part in np.split(pairs % class_count, first[1:])] if len(pairs) else []
        known = {classes_of: i for i, classes_of in enumerate(sorted(set(own)))}
        buckets, low_bits = HashIndex.store(distinct.astype(np.uint32))
        arrays = {
            "buckets": smallest(buckets),
            "low_bits": low_bits,
            "sets": smallest(np.array([known[classes_of] for classes_of in own], np.int64)),
            "sizes": smallest(np.array([len(classes_of) for classes_of in known], np.int64)),
            "classes": smallest(np.array([c for classes_of in known for c in classes_of], np.int64)),
        }
        return cls(arrays, class_count)

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[Any]], class_count: int) -> Memory | None:
        """The memory of a model folder; None if it holds none.

        Raises:
            ModelFolderError: it is incomplete or does not fit together.
        """
        own = {name.removeprefix(PREFIX): array for name, array in weights.items() if name.startswith(PREFIX)}
        return cls(own, class_count) if own else None

    def weights(self) -> dict[str, NDArray[Any]]:
        """The arrays under the names that they have in a model folder."""
        return {f"{PREFIX}{name}": array for name, array in self.arrays.items()}

    def listed(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Which of the names (B,) are listed under which classes: rows and classes, one for each such pair."""
        if not len(texts):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        found = self.index.find(hash_texts(texts))
        rows = np.flatnonzero(found >= 0)
        sets = self.arrays["sets"][found[rows]]
        sizes = self.arrays["sizes"][sets].astype(np.int64)
        places = np.repeat(self.ends[sets] - np.cumsum(sizes), sizes) + np.arange(sizes.sum())
        return np.repeat(rows, sizes), self.arrays["classes"][places].astype(np.int64)


def hash_texts(texts: Sequence[str]) -> NDArray[np.uint32]:
    """A 32-bit hash of each text, (B,), the same on every machine."""
    if len(texts) <= FEW:
        return np.array([_hash_text(text) for text in texts], np.uint32)
    codes, lengths = code_points(texts)  # (B, T), (B,)
    result = lengths.astype(np.uint64)
    for t in range(codes.shape[1]):
        inside = t < lengths
        result[inside] = (result[inside] + codes[inside, t]) * _MULTIPLIER
        result[inside] ^= result[inside] >> np.uint64(29)
    result = (result ^ (result >> np.uint64(32))) * _MIX
    return np.asarray((result >> np.uint64(32)).astype(np.uint32))


def _hash_text(text: str) -> int:
    """The hash of one text, which takes longer with arrays."""
    result = len(text)
    for character in text:
        result = (result + ord(character)) * int(_MULTIPLIER) & _64_BITS
        result ^= result >> 29
    return ((result ^ result >> 32) * int(_MIX) & _64_BITS) >> 32
