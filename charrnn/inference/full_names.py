"""Full names: which parts they have, and what the parts say together.

Shapes: N names of U units each, L labels, R readings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Floats32, Ints, log_sum_exp
from charrnn.text import unicode_script

GIVEN, SURNAME = "given", "surname"
GIVEN_KINDS = ("female", "male")
MAX_UNITS = 8
"""A text of more units is no name of one person."""
_PARTICLES = """
    abd abdel abdul abu af al ait am ap at bar ben bin bint bou da dal de degli dei del della den der di do dos das du
    el ibn la las le li lo los mac mc nic ní o' ould san st te ten ter und van vom von y zu zum zur ó
    عبد ابو أبو ابن بن بنت آل
"""
PARTICLES = frozenset(_PARTICLES.split())
"""What stays with the word that follows: articles, prepositions, words for *son* and *daughter*."""
GIVEN_TOO = PARTICLES & {"abdel", "abdul", "al", "bar", "ben", "der", "do", "le", "li", "lo", "mac", "san", "te", "van"}
"""Particles that may be the first part of a name themselves, where capitals do not tell: ben, van, te, le, li, lo."""
_TITLES = "dr prof mr mrs ms sir dame lord jr sr ii iii iv phd md hon"
TITLES = frozenset(f"{title}{dot}" for title in _TITLES.split() for dot in ("", "."))
UNSPACED = ("han", "hangul")
LONGEST_UNSPACED = 5
EAST_ASIAN = frozenset(["han", "kana", "hangul"])
_NICKNAMES = re.compile(r"""(?<=\s)("[^"]*"|“[^”]*”|\([^)]*\)|'[^']*')(?=\s|$)""")
_SYMBOLS = re.compile(r"[\d_<>=@#{}\[\]()|\\/:;!?*%$+~^&]")
_PATRONYMICS = re.compile(r".+(ович|евич|йович|ьич|овна|евна|ична|івна|ovich|evich|ovna|evna)", re.IGNORECASE)
_INITIALS = re.compile(r"[A-Za-z]|[A-Za-z]\.-?(?:[A-Za-z]\.)*")


class Part(NamedTuple):
    """A part of a full name, and what it was taken for: ``given`` or ``surname``."""

    text: str
    kind: str


class Units(NamedTuple):
    """The parts of a text that are scored one by one.

    Attributes:
        texts: in their order, as written.
        surnames: how many of the first ones are known to be the surname, as where a comma follows; 0 where nothing is
            known.
    """

    texts: tuple[str, ...]
    surnames: int = 0


def units_of(text: str, listed_surname: Callable[[str], bool]) -> Units:
    """The units of a text; one unit, the text, where it has no parts.

    A particle (*van*, *al*, *de la*) belongs to the unit that follows. Titles, initials, nicknames in quotes or
    brackets and, in names of three parts, East Slavic patronymics are left out; what they leave alone is a surname. A
    text with digits or symbols that names do not have is one unit. Han and Hangul without a space are cut after a
    listed surname.

    Args:
        text: what somebody typed.
        listed_surname: whether the list has a text as a surname.
    """
    text = _NICKNAMES.sub("", unicodedata.normalize("NFKC", text)).replace("・", " ").strip()
    if _SYMBOLS.search(text) or " and " in text.casefold():
        return Units((text,))
    before, comma, after = text.partition(",")
    given = _words(after)
    if comma and given and "," not in after:
        surname = " ".join(word for word in before.split() if word.casefold() not in TITLES)
        return Units((surname, *given), 1) if surname else Units((text,))
    words = _words(before if comma and not given else text)
    if len(words) > 1:
        return Units(tuple(words))
    if words and words[0] == text:
        size = _unspaced(text, listed_surname)
        return Units((text[:size], text[size:]), 1) if size else Units((text,))
    return Units((words[0],), 1) if words and " " in text else Units((text,))


def are_of_several_scripts(units: Units) -> bool:
    """Whether the units are of scripts that no name is written in together; those of East Asia are."""
    scripts = [{unicode_script(c) for c in unit if c.isalpha()} - {"common"} for unit in units.texts]
    return any(not own & scripts[0] and not (own | scripts[0] <= EAST_ASIAN) for own in scripts if own and scripts[0])


def _words(text: str) -> list[str]:
    """Words with their particles, without titles and initials."""
    words: list[str] = []
    held: list[str] = []
    tokens = [token for token in text.split() if token.casefold() not in TITLES]
    for i, token in enumerate(tokens):
        bare = token.casefold()
        alone = i == 0 and ((token != token.lower() and token != "O") or (bare in GIVEN_TOO and text == text.lower()))
        if (bare in PARTICLES or token == "O") and not alone and i + 1 < len(tokens):
            held.append(token)
            continue
        if not held and _INITIALS.fullmatch(token):
            continue
        words.append(" ".join([*held, token]))
        held = []
    return _without_patronymic(words)


def _without_patronymic(words: list[str]) -> list[str]:
    """Three words without the one that is a patronymic: the middle one, or else the last one, where no surname ends so.

    Surnames in Latin letters do end in -ovich (Abramovich, Popovich), so the last word in -ovich stays.
    """
    if len(words) != 3:
        return words
    first, middle, last = words
    if _PATRONYMICS.fullmatch(middle):
        return [first, last]
    is_last = _PATRONYMICS.fullmatch(last) and (not last.isascii() or last.casefold().endswith("na"))
    return [first, middle] if is_last else words


def _unspaced(word: str, listed_surname: Callable[[str], bool]) -> int:
    """Length of the surname that a word in Han or Hangul begins with; 0 if there is none."""
    if not 2 <= len(word) <= LONGEST_UNSPACED or {unicode_script(c) for c in word} - set(UNSPACED):
        return 0
    if listed_surname(word):
        return 0
    longest = range(min(3, len(word) - 1), 0, -1)
    return next((size for size in longest if listed_surname(word[:size])), 0)


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
