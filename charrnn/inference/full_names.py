"""Full names: what their parts say together of each label, and what each part is.

Shapes: N names of U units each, L labels, C classes (a label and a kind each).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Floats, Floats32, Ints
from charrnn.errors import ModelFolderError
from charrnn.inference.name_parts import Units
from charrnn.inference.name_words import AND
from charrnn.model_config import ModelConfig
from charrnn.name_forms import GIVEN, NAME_ORDERS, ORDERS, SURNAME


class Part(NamedTuple):
    """A part of a full name, and what it was taken for: ``given`` or ``surname``."""

    text: str
    kind: str


class Readings(NamedTuple):
    """How usual the readings of a full name are: numbers for one label, or arrays for all, (L,).

    Attributes:
        surname_first: share of names with the surname before the given name.
        further_surname: how much rarer a surname of one part more is than one of a part less.
    """

    surname_first: Any
    further_surname: Any


class FullNameWeights(NamedTuple):
    """How parts are put together; chosen on ``benchmarks/full_names/development.tsv``.

    Attributes:
        weight: of the sum over the parts of log p(part | label, kind) - log p(part); below 1, for parts are not
            independent.
        foreign: share of parts that say nothing of the label, such as a foreign given name.
        any_order: the readings under a label whose usual order is not known.
        given_first: likewise, where the given name is usually first.
        surname_first: likewise, where the surname is. Foreign texts often have these names the other way round.
    """

    weight: float = 0.85
    foreign: float = 0.15
    any_order: Readings = Readings(0.25, 0.2)
    given_first: Readings = Readings(0.1, 0.2)
    surname_first: Readings = Readings(0.6, 0.01)


def usual_readings(config: ModelConfig, weights: FullNameWeights) -> Readings:
    """How usual the readings are under each label of a classifier, (L,).

    Raises:
        ModelFolderError: what the config says of their order is malformed.
    """
    orders = config.data.get(NAME_ORDERS, {})
    if not isinstance(orders, dict) or not all(isinstance(own, str) and own in ORDERS for own in orders.values()):
        raise ModelFolderError(f"config.json: {NAME_ORDERS} is no order by label. Copy the model folder again.")
    usual = {GIVEN: weights.given_first, SURNAME: weights.surname_first}
    known = {label: usual[ORDERS[order][0]] for label, order in orders.items()}
    return Readings(*np.array([known.get(label, weights.any_order) for label in config.labels]).T)


def likelihood_ratios(logits: NDArray[Any], prior: Floats, weights: FullNameWeights) -> Floats32:
    """p(unit | class) / p(unit), where each unit may be a foreign name, (U, C).

    Args:
        logits: of the classes, (U, C).
        prior: frequencies of the classes, (C,).
        weights: how many units are foreign.
    """
    p: Floats32 = np.exp(logits.astype(np.float32) - logits.max(axis=1, keepdims=True))
    p *= (1 - weights.foreign) / p.sum(axis=1, keepdims=True)
    p /= prior.astype(np.float32)
    p += np.float32(weights.foreign)
    return p


def combine(
    given: NDArray[Any], surname: NDArray[Any], known_surnames: int, usual: Readings, weights: FullNameWeights
) -> tuple[Floats, Ints]:
    """What the units of names say together of each label.

    Args:
        given: of :func:`likelihood_ratios`, under each kind of given names, (N, U, L, kinds).
        surname: likewise under surnames, (N, U, L).
        known_surnames: of :class:`Units`, of all names.
        usual: of :func:`usual_readings`; of no account where surnames are known.
        weights: how.

    Returns:
        The logarithm of the likelihood ratio of each label, (N, L), and the most likely reading under it, (N, L): the
        number of units of the given name if that is first, else minus the number of units of the surname.
    """
    count = given.shape[1]
    rarity = np.power.outer(usual.further_surname, np.arange(max(count - 1, 1))).T  # (U - 1, L)
    rarity /= rarity.sum(axis=0)
    total = np.zeros(surname[:, 0].shape)  # (N, L)
    most, best = total.copy(), np.zeros(total.shape, np.int64)
    for size in [known_surnames] if known_surnames else range(1, count):
        for first in ("surname",) if known_surnames else ("given", "surname"):
            is_given = first == "given"
            order = 1 - usual.surname_first if is_given else usual.surname_first
            share = 1 if known_surnames else order * rarity[(count - size if is_given else size) - 1]
            own_given, own_surname = (slice(size), slice(size, None)) if is_given else (slice(size, None), slice(size))
            # A person's given names are of one kind.
            p = _product(given[:, own_given]).mean(axis=-1) * _product(surname[:, own_surname]) * share
            total += p
            is_more = p > most
            most[is_more], best[is_more] = p[is_more], size if is_given else -size
    return weights.weight * np.log(total), best


def _product(ratios: NDArray[Any]) -> Floats:
    """Over the units, which single precision may not hold; 1 of none."""
    return np.asarray(np.multiply.reduce(ratios, axis=1, dtype=np.float64))


class FullNames(Mapping[int, tuple[Part, ...]]):
    """The parts of full names, by the index of the name; put together when they are asked for.

    Args:
        units: of the names.
        readings: of :func:`combine`.
    """

    def __init__(self, units: Mapping[int, Units], readings: Mapping[int, int]) -> None:
        self.units, self.readings = units, readings

    def __getitem__(self, i: int) -> tuple[Part, ...]:
        return parts_of(self.units[i], self.readings[i])

    def __iter__(self) -> Iterator[int]:
        return iter(self.readings)

    def __len__(self) -> int:
        return len(self.readings)

    def __contains__(self, i: object) -> bool:
        return i in self.readings


def parts_of(units: Units, reading: int) -> tuple[Part, ...]:
    """What each unit was taken for, by a reading of :func:`combine`."""
    kinds, begins = (GIVEN, SURNAME) if reading > 0 else (SURNAME, GIVEN), abs(reading)
    # Behind a given name, "and" joins two surnames: Ortega y Gasset.
    if reading > 1 and units.texts[reading].split(" ")[0] in AND:
        begins -= 1
    return tuple(Part(text, kinds[i >= begins]) for i, text in enumerate(units.texts))


def text_by_kind(parts: Sequence[Part]) -> dict[str, str]:
    """The texts of the parts of each kind, in their order, with a space between them."""
    kinds = {kind: [part.text for part in parts if part.kind == kind] for kind in (GIVEN, SURNAME)}
    return {kind: " ".join(texts) for kind, texts in kinds.items()}


def joined(parts: Iterable[Part]) -> list[Part]:
    """Neighbouring parts of one kind as one part, with a space between their texts."""
    return [Part(" ".join(part.text for part in own), kind) for kind, own in groupby(parts, lambda part: part.kind)]
