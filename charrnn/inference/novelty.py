"""What proves that a name is new: the names of the training list. All are ASCII in folded case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from charrnn.inference.drawing import Made
from charrnn.text import fold

STALE = 20_000
"""Names in a row that are not new after which the search for new ones is over."""


class Neighbour(NamedTuple):
    """The name of the list that is spelled most alike.

    Attributes:
        name: as the list holds it.
        distance: characters to put in, take out or replace (Levenshtein 1966); 0 for a name of the list.
    """

    name: str
    distance: int


def new_ones(made: Iterator[Made], known: frozenset[str]) -> Iterator[Made]:
    """Those that are not known, none twice; the end comes after :data:`STALE` in a row that are not new.

    Args:
        made: names.
        known: the names of the list.
    """
    seen: set[str] = set()
    stale = 0
    for one in made:
        key = _key(one.name)
        if key not in known and key not in seen:
            seen.add(key)
            stale = 0
            yield one
        elif (stale := stale + 1) >= STALE:
            return


def nearest(name: str, known: Sequence[str]) -> Neighbour:
    """The neighbour of a name, the first of those that are equally near.

    Args:
        name: any.
        known: the names of the list, at least one.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    found, distance, _ = process.extractOne(_key(name), known, scorer=Levenshtein.distance)
    return Neighbour(found, distance)


def _key(name: str) -> str:
    return fold(name) or name
