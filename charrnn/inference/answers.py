"""What a classifier answers, name by name or in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Scored(NamedTuple):
    """A label and its probability."""

    label: str
    probability: float


class Prediction(NamedTuple):
    """The answer for one name.

    Attributes:
        name: as it was given.
        predictions: the most probable labels, or those of a set (see :meth:`Classifier.predict`), best first; empty
            where the model abstains.
        reason: why it abstains (see :meth:`Classifier.predict`), or None.
    """

    name: str
    predictions: tuple[Scored, ...]
    reason: str | None = None

    @property
    def abstained(self) -> bool:
        """Whether there is no answer."""
        return self.reason is not None


@dataclass(frozen=True)
class Ranking:
    """Answers as arrays, a row for each of N names, K labels the most that any of them shows.

    Attributes:
        labels: indices of the labels, most probable first, (N, K).
        probabilities: theirs, (N, K); NaN where the name cannot be scored.
        sizes: how many of them are shown, (N,); 0 where the name cannot be scored.
        reasons: why the model abstains, or None.
    """

    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    sizes: NDArray[np.int64]
    reasons: list[str | None]
