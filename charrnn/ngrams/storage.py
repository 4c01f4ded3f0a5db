"""The arrays of an n-gram model as weights of a model folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import ModelFolderError

PREFIX = "ngrams."


def has_ngrams(weights: Mapping[str, NDArray[Any]]) -> bool:
    """Whether the weights of a model folder hold n-grams."""
    return any(name.startswith(PREFIX) for name in weights)


class StoredNGrams(ABC):
    """An n-gram model that is made of one-dimensional arrays.

    A subclass names them in ``DTYPES`` and computes in ``prepare`` what it needs to answer.

    Args:
        arrays: by the names of ``DTYPES``.
        vocabulary_size: number of symbols, specials included.

    Raises:
        ModelFolderError: an array is missing or of another type, or the arrays do not fit together.
    """

    DTYPES: ClassVar[Mapping[str, tuple[type[np.generic], ...]]]

    def __init__(self, arrays: Mapping[str, NDArray[Any]], vocabulary_size: int) -> None:
        for name, dtype in self.DTYPES.items():
            if name not in arrays:
                raise ModelFolderError(f"weight {PREFIX}{name}: missing. Copy the model folder again.")
            if arrays[name].dtype not in dtype or arrays[name].ndim != 1:
                raise self.misfit()
        self.arrays = {name: arrays[name] for name in self.DTYPES}
        self.vocabulary_size = vocabulary_size
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Check that :attr:`arrays` fit together, and compute from them what the model needs to answer.

        Raises:
            ModelFolderError: the arrays do not fit together.
        """

    @staticmethod
    def misfit() -> ModelFolderError:
        """The error for arrays that are not those of an n-gram model."""
        return ModelFolderError("weights ngrams: not those of an n-gram model. Copy the model folder again.")

    def weights(self) -> dict[str, NDArray[Any]]:
        """The arrays under the names that they have in a model folder."""
        return {f"{PREFIX}{name}": array for name, array in self.arrays.items()}

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[Any]], vocabulary_size: int, *shape: Any) -> Self | None:
        """The n-grams of a model folder; None if it holds none.

        Args:
            weights: of the folder.
            vocabulary_size: number of symbols, specials included.
            shape: further arguments of the subclass.

        Raises:
            ModelFolderError: they are incomplete or do not fit together.
        """
        if not has_ngrams(weights):
            return None
        own = {name.removeprefix(PREFIX): array for name, array in weights.items() if name.startswith(PREFIX)}
        return cls(own, vocabulary_size, *shape)
