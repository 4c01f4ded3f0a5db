"""Names that are new: not among the training names, which are folded (see :func:`charrnn.text.fold_latin`)."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from charrnn.text import fold_latin

MOST_DRAWS = 20_000
"""Draws without a new name, after which no more are searched for."""
DRAWS_FOR_A_NAME = 500
"""Draws that each new name adds to those that are left, up to :data:`MOST_DRAWS`. So the search ends, too, where fewer
than one draw in so many gives a new name: those that remain are hardly names, and finding them takes minutes."""


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str:
        """The name."""


Drawn = TypeVar("Drawn", bound=Named)


class Neighbour(NamedTuple):
    """A training name that is spelled like another name.

    Attributes:
        name: as the list of training names holds it.
        distance: insertions, deletions and substitutions (Levenshtein 1966); 0 for a training name.
    """

    name: str
    distance: int


def spelling_key(name: str) -> str:
    """What makes two spellings one name where a new one is wanted: letters and their marks. MacColla is Mac Colla."""
    key = fold_latin(name)
    return "".join(c for c in key if c.isalnum() or unicodedata.category(c)[0] == "M") or key


def novel_samples(
    samples: Iterator[Drawn], known: Collection[str], draws: int = 1, repeats: bool = False
) -> Iterator[Drawn]:
    """The samples that are not known, until new ones are rare (see :data:`DRAWS_FOR_A_NAME`).

    Args:
        samples: names.
        known: keys (see :func:`spelling_key`) of names that are not new.
        draws: behind each sample (see :class:`charrnn.generation.request.Request`, ``resample``).
        repeats: whether a name may come twice.
    """
    seen: set[str] = set()
    left = MOST_DRAWS
    for sample in samples:
        key = spelling_key(sample.name)
        if key not in known and key not in seen:
            if not repeats:
                seen.add(key)
            left = min(left + DRAWS_FOR_A_NAME, MOST_DRAWS)
            yield sample
        elif (left := left - draws) <= 0:
            return


def nearest_names(name: str, training_names: Sequence[str], count: int) -> list[Neighbour]:
    """The neighbours of a name, nearest first; of those that are equally near, the first ones.

    Args:
        name: any.
        training_names: at least one, folded.
        count: of neighbours at most.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    found = process.extract(fold_latin(name), training_names, scorer=Levenshtein.distance, limit=count)
    return [Neighbour(nearest, distance) for nearest, distance, _ in found]
