"""Full names: what their parts say together of each label, and what each part is.

Shapes: N names of U units each, L labels, R readings.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Floats32, Ints, log_sum_exp
from charrnn.inference.name_parts import Units
from charrnn.name_forms import GIVEN, SURNAME


class Part(NamedTuple):
    """A part of a full name, and what it was taken for: ``given`` or ``surname``."""

    text: str
    kind: str


class FullNameWeights(NamedTuple):
    """How parts are put together; chosen on ``benchmarks/full_names/development.tsv``.

    Attributes:
        weight: of the sum over the parts of log p(part | label, kind) - log p(part); below 1, for parts are not
            independent.
        foreign: share of parts that say nothing of the label, such as a foreign given name.
        surname_first: share of names with the surname before the given name.
        further_surname: how much rarer a surname of one part more is than one of a part less.
    """

    weight: float = 0.85
    foreign: float = 0.15
    surname_first: float = 0.25
    further_surname: float = 0.2


def may_be_foreign(ratios: NDArray[Any], weights: FullNameWeights) -> Floats32:
    """What units say of each label, if each may be a foreign name.

    Args:
        ratios: log p(unit | label, kind) - log p(unit), of any shape.
        weights: how many are foreign.
    """
    mixed = (1 - weights.foreign) * np.exp(ratios.astype(np.float32)) + np.float32(weights.foreign)
    return np.log(mixed, out=mixed)


def combine(
    given: NDArray[Any], surname: NDArray[Any], known_surnames: int, weights: FullNameWeights
) -> tuple[NDArray[Any], Ints]:
    """What the units of names say together of each label.

    Args:
        given: of :func:`may_be_foreign`, under each kind of given names, (N, U, L, kinds).
        surname: likewise under surnames, (N, U, L).
        known_surnames: of :class:`Units`, of all names.
        weights: how.

    Returns:
        The logarithm of the likelihood ratio of each label, (N, L), and the most likely reading under it, (N, L): the
        number of units of the given name if that is first, else minus the number of units of the surname.
    """
    count = given.shape[1]
    g, s = given.cumsum(axis=1), surname.cumsum(axis=1)
    rarity = weights.further_surname ** np.arange(max(count - 1, 1))
    rarity = np.ones(count) if known_surnames else rarity / rarity.sum()
    scores: list[NDArray[Any]] = []
    readings: list[int] = []
    for size in [known_surnames] if known_surnames else range(1, count):
        for first in ("surname",) if known_surnames else ("given", "surname"):
            surnames = size if first == "surname" else count - size
            share = weights.surname_first if first == "surname" else 1 - weights.surname_first
            share *= rarity[surnames - 1]
            if first == "given":
                own = g[:, size - 1] + (s[:, -1] - s[:, size - 1])[..., None]
            else:
                own = s[:, size - 1][..., None] + (g[:, -1] - g[:, size - 1])
            # A person's given names are of one kind.
            scores.append(log_sum_exp(own) + float(np.log(share / own.shape[-1])))
            readings.append(size if first == "given" else -size)
    stacked = np.stack(scores)  # (R, N, L)
    best = np.array(readings)[stacked.argmax(axis=0)]
    return weights.weight * log_sum_exp(np.moveaxis(stacked, 0, -1)), best


def parts_of(units: Units, reading: int) -> tuple[Part, ...]:
    """What each unit was taken for, by a reading of :func:`combine`."""
    kinds = (GIVEN, SURNAME) if reading > 0 else (SURNAME, GIVEN)
    return tuple(Part(text, kinds[i >= abs(reading)]) for i, text in enumerate(units.texts))


def joined(parts: Iterable[Part]) -> list[Part]:
    """Neighbouring parts of one kind as one part, with a space between their texts."""
    return [Part(" ".join(part.text for part in own), kind) for kind, own in groupby(parts, lambda part: part.kind)]
