"""Names that are new: not among the training names, which are ASCII in folded case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from charrnn.generation.request import Sample
from charrnn.text import name_key

MAX_STALE = 20_000
"""Draws in a row that give no new name, after which no more are searched for."""


class Neighbour(NamedTuple):
    """A training name that is spelled like another name.

    Attributes:
        name: as the list of training names holds it.
        distance: insertions, deletions and substitutions (Levenshtein 1966); 0 for a training name.
    """

    name: str
    distance: int


def novel_samples(samples: Iterator[Sample], training_names: frozenset[str], draws: int = 1) -> Iterator[Sample]:
    """The samples that are no training names, each name once; ends after :data:`MAX_STALE` draws without a new one.

    Args:
        samples: names.
        training_names: ASCII in folded case.
        draws: behind each sample (see :class:`charrnn.generation.request.Request`, ``resample``).
    """
    seen: set[str] = set()
    stale = 0
    for sample in samples:
        key = name_key(sample.name)
        if key not in training_names and key not in seen:
            seen.add(key)
            stale = 0
            yield sample
        elif (stale := stale + draws) >= MAX_STALE:
            return


def nearest_names(name: str, training_names: Sequence[str], count: int) -> list[Neighbour]:
    """The neighbours of a name, nearest first; of those that are equally near, the first ones.

    Args:
        name: any.
        training_names: at least one, ASCII in folded case.
        count: of neighbours at most.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    found = process.extract(name_key(name), training_names, scorer=Levenshtein.distance, limit=count)
    return [Neighbour(nearest, distance) for nearest, distance, _ in found]
