"""The parts of a full name, told apart: words with their particles, without titles, initials and nicknames."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from charrnn.inference.name_words import (
    AFTER_VAN,
    CONJUNCTIONS,
    GIVEN_TOO,
    NAMES_TOO,
    PARTICLES,
    SUFFIXES,
    TITLES,
    is_particle,
)
from charrnn.text import MAX_LENGTH, unicode_script

MAX_UNITS = 8
"""A text of more units is no name of one person."""
_TOLD_APART = PARTICLES | TITLES | SUFFIXES | NAMES_TOO
_BIRTH_NAMES = re.compile(r"(?<=\s)(née|nee|né|geb\.|born|NÉE|GEB\.)\s[^,]*")
UNSPACED = ("han", "hangul")
LONGEST_UNSPACED, LONGEST_UNSPACED_SURNAME = 5, 3
EAST_ASIAN = frozenset(["han", "kana", "hangul"])
_QUOTED = r"""("[^"]*"|“[^“”]*[”“]|„[^„“”]*[“”]|«[^«»]*»|‹[^‹›]*›|\([^)]*\)|\[[^\]]*\]|'[^']*'|‘[^‘’]*’)"""
_NICKNAMES = re.compile(rf"(?<=\s){_QUOTED}(?=[\s,]|$)")
_FIRST_NICKNAME = re.compile(rf"^{_QUOTED}\s+(?=\S+\s)")
_EDGES = "!#%&*+,-/:;<=>?@\\^_`|~¡¿·•…‐‑‒–—―、。，；：！？"
"""Signs that belong to no name where they stand before or behind it, like all symbols and what is not visible."""
_AS_EMOJI = "\ufe0f"
_ENCLOSED = re.compile(_QUOTED)
_BETWEEN_WORDS = re.compile(r"(?<=[^\W\d_]{2})[._](?=[^\W\d_]{2})(?!(ra|na|ssa)\b)")
_SYMBOLS = re.compile(r"[\d_<>=@#{}\[\]()|\\/:;!?*%$+~^&]")
_PATRONYMICS = re.compile(
    r".+(ович|евич|йович|ьич|овна|евна|ична|івна|ovich|evich|ovych|evych|yich|ovna|evna|ichna|ivna)", re.IGNORECASE
)
_AFTER_INITIALS = re.compile(r"(?<=\b[^\W\d_]\.)(?=[^\W\d_]{2})")
_WITH_DOTS = re.compile(r"[^\W\d_]\.(-?[^\W\d_]\.)*[^\W\d_]?")


class Units(NamedTuple):
    """The parts of a text that are scored one by one.

    Attributes:
        texts: in their order, as written.
        surnames: how many of the first ones are known to be the surname, as where a comma follows; 0 where nothing is
            known.
    """

    texts: tuple[str, ...]
    surnames: int = 0


def unspaced_prefixes(text: str) -> list[str]:
    """A text in Han or Hangul without a space, and the surnames that it may begin with, longest first; none of another
    text.
    """
    if text.isascii():
        return []
    word = _without_last_dot(_without_signs(unicodedata.normalize("NFKC", text)))
    if not 2 <= len(word) <= LONGEST_UNSPACED or {unicode_script(c) for c in word} - set(UNSPACED):
        return []
    return [word, *(word[:size] for size in range(min(LONGEST_UNSPACED_SURNAME, len(word) - 1), 0, -1))]


def units_of(text: str, is_surname: Callable[[str], bool], is_name: Callable[[str], bool]) -> Units:
    """The units of a text; one unit where it has no parts.

    A particle (*van*, *al*, *de la*) belongs to the unit that follows. Signs around the text, titles, initials,
    nicknames in quotes or brackets and, in names of three parts, East Slavic patronymics are left out. A text with
    digits, with symbols that names do not have or of two people is one unit. Han and Hangul without a space are cut
    after a listed surname.

    Args:
        text: what somebody typed.
        is_surname: whether the list has a text as a surname; asked about :func:`unspaced_prefixes`.
        is_name: whether the list has a text at all; asked about the second of two words.
    """
    first, _, second = text.partition(" ")
    if " " not in second and len(text) <= MAX_LENGTH and _is_plain(first) and _is_plain(second):
        return Units((first, second))  # most full names, without the work on the others
    whole = _BETWEEN_WORDS.sub(" ", _without_signs(unicodedata.normalize("NFKC", text).replace("・", " ")))
    whole = _without_last_dot(whole)
    bare = _BIRTH_NAMES.sub("", _NICKNAMES.sub("", _FIRST_NICKNAME.sub("", whole)))
    bare = _AFTER_INITIALS.sub(" ", bare).strip()
    if _SYMBOLS.search(bare) or _is_of_two_people(bare):
        return Units((text,))
    tokens = [piece.split() for piece in bare.split(",")]
    tells_case = bare != bare.upper()
    pieces = [_without_titles(piece, i == 0, tells_case) for i, piece in enumerate(tokens)]
    if len(pieces) > 1 and not pieces[0]:
        name = _without_suffixes(tokens[0], 1, tells_case)
        pieces[0] = [] if name and name[-1].endswith(".") else name  # King, Stephen
    if pieces[0] and tokens[1:] and all(_is_initial(token, False) for piece in tokens[1:] for token in piece):
        surnames = _surnames(pieces[0], is_name)  # Du Bois, W. E. B.
        return Units(tuple(surnames), len(surnames) if len(surnames) > 1 else 0)
    pieces = [piece for piece in pieces if piece]
    if len(pieces) == 2:
        surname, given = pieces
        while given and _is_particle_behind(given, bare):
            surname = [given.pop(), *surname]
        words = _words(given, is_name, False)
        # A patronymic is the last word, as the surname does not stand there.
        words = words[:1] if len(words) == 2 and _PATRONYMICS.fullmatch(words[1]) else words
        surnames = _surnames(surname, is_name)
        return Units((*surnames, *words), len(surnames) if words or len(surnames) > 1 else 0)
    if len(pieces) != 1:
        return Units((text,))
    first_word = next((token for piece in tokens for token in piece if token.casefold() not in TITLES), "")
    words = _without_patronymic(_words(pieces[0], is_name, bool(_WITH_DOTS.fullmatch(first_word))))
    if len(words) > 1:
        return Units(tuple(words))
    if words != [whole]:
        return Units(tuple(words) or (text,))
    _, *prefixes = unspaced_prefixes(whole) or [""]
    surname_of = next((prefix for prefix in prefixes if not is_surname(whole) and is_surname(prefix)), "")
    return Units((surname_of, whole[len(surname_of) :]), 1) if surname_of else Units((whole or text,))


def _without_signs(text: str) -> str:
    """A text without the signs, quotes and brackets around all of it: ``"Ana García";`` is *Ana García*."""
    while True:
        start, end = 0, len(text)
        while start < end and _is_edge(text[start]):
            start += 1
        while start < end and _is_edge(text[end - 1]):
            end -= 1
        inner = text[start:end]
        inner = inner[1:-1] if _ENCLOSED.fullmatch(inner) else inner
        if inner == text:
            return text
        text = inner


def _is_edge(character: str) -> bool:
    return character in _EDGES or character == _AS_EMOJI or unicodedata.category(character)[0] in "CSZ"


def _without_last_dot(text: str) -> str:
    """Without the full stop behind a word; that of an initial or a suffix stays."""
    if not text.endswith("."):
        return text
    text = text.rstrip(".") + "."
    last = text.split(" ")[-1]
    is_short = last.casefold() in SUFFIXES or "." in last[:-1] or sum(c.isalpha() for c in last) < 2
    return text if is_short else text.removesuffix(".")


@lru_cache(maxsize=100_000)
def _is_plain(word: str) -> bool:
    """Whether a word beside another one is a unit as it stands: of letters, their marks and hyphens, and none of the
    words that are told apart here."""
    are_letters = (
        all(c.isalpha() or c == "-" or unicodedata.category(c)[0] == "M" for c in word) and _AS_EMOJI not in word
    )
    is_usual = len(word) > 1 and "-" not in (word[0], word[-1]) and word.casefold() not in _TOLD_APART
    return is_usual and are_letters and unicodedata.is_normalized("NFKC", word)


def _is_particle_behind(given: list[str], text: str) -> bool:
    """Whether the last word behind a comma belongs to the surname before it: Berg, Jan van; but Johnson, Ben.

    Where the text has capitals and small letters, a particle is in small ones (Zhang, Yi Da); else it is no word that
    may be a name, and not all that is given (WU, DI).
    """
    token = given[-1]
    if text.lower() != text != text.upper():
        return is_particle(token) and token == token.lower()
    may_be_name = token.casefold() in GIVEN_TOO or len(given) == 1 or len(token) == 1
    return is_particle(token) and not may_be_name


def are_of_several_scripts(units: Units) -> bool:
    """Whether the units are of scripts that no name is written in together; those of East Asia are."""
    scripts = {unicode_script(c) for c in set().union(*units.texts)} - {"common"}
    return len(scripts) > 1 and not scripts <= EAST_ASIAN


def _is_of_two_people(text: str) -> bool:
    """Whether a conjunction, in small letters, stands between two names; *y* may stand between two surnames, too."""
    words = text.split()
    inside = [own for before, own in itertools.pairwise(words[:-1]) if not is_particle(before)]  # but von und zu
    return not CONJUNCTIONS.isdisjoint(inside) or (len(words) == 3 and words[1] in ("y", "e"))


def _without_titles(tokens: list[str], is_first: bool, tells_case: bool) -> list[str]:
    """Without the titles before a name, what follows it, and the initials.

    Args:
        tokens: of a text, or of what stands between two commas.
        is_first: whether the text begins with them.
        tells_case: whether the text has small letters.
    """
    size = len(tokens)
    while tokens and tokens[0].casefold() in TITLES:
        tokens = tokens[1:]
    tokens = _without_suffixes(tokens, 2 if len(tokens) == size else 1, tells_case)
    last = len(tokens) - 1
    return [token for i, token in enumerate(tokens) if not _is_initial(token, is_first and i == 0, i == last)]


def _without_suffixes(tokens: list[str], names: int, tells_case: bool) -> list[str]:
    """Without what follows a name; of so many words or fewer, one of :data:`NAMES_TOO` is a name unless it alone is in
    capitals."""
    while tokens and (
        tokens[-1].casefold() in SUFFIXES
        or (tokens[-1].casefold() in NAMES_TOO and (len(tokens) > names or (tells_case and tokens[-1].isupper())))
    ):
        tokens = tokens[:-1]
    return tokens


def _is_initial(token: str, is_first: bool, is_last: bool = True) -> bool:
    """Whether a token is an initial: a letter with a dot or, but at the start, a capital; O and Y only at the end, for
    they are particles."""
    if _WITH_DOTS.fullmatch(token):
        return True
    return len(token) == 1 and not is_first and token != token.lower() and (is_last or not is_particle(token))


def _words(tokens: list[str], is_name: Callable[[str], bool], is_behind_initial: bool) -> list[str]:
    """Words with their particles; behind an initial, a particle at the start is no name of its own."""
    words: list[str] = []
    held: list[str] = []
    for i, token in enumerate(tokens):
        is_held = is_particle(token) and i + 1 < len(tokens)
        if is_held and (held or i > 0 or is_behind_initial or not _is_alone(tokens, is_name)):
            held.append(token)
            continue
        words.append(" ".join([*held, token]))
        held = []
    return words


def _surnames(tokens: list[str], is_name: Callable[[str], bool]) -> list[str]:
    """The surnames that stand before a comma: one that the list has as it is, or each with its particles."""
    whole = " ".join(tokens)
    return [whole] if len(tokens) == 1 or is_name(whole) else _words(tokens, is_name, True)


def _is_alone(tokens: list[str], is_name: Callable[[str], bool]) -> bool:
    """Whether the particle at the start is a name of its own.

    It is one only in capitals, or where there are none. In two words the list decides, by the second one: Van Morrison,
    but Van Dyke.
    """
    first, second = (token.casefold() for token in tokens[:2])
    if first not in GIVEN_TOO or (tokens[0] == tokens[0].lower() and any(t != t.lower() for t in tokens)):
        return False
    if first == "van" and second in AFTER_VAN:
        return False
    return len(tokens) > 2 or is_name(tokens[1])


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
