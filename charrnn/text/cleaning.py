"""Cleaning of names: Unicode, white space, ASCII, letter case; and why a name cannot be scored."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from numbers import Number
from typing import Any

from unidecode import unidecode

from charrnn.text.romanisation import is_latin, is_readable, romanise, script, script_runs

MAX_LENGTH = 100
"""Longest name in characters that is scored or trained on."""
_MISSING_NAMES = "NaN nan None NULL null NA N/A <NA> - #N/A #REF! #VALUE! #NAME? #NUM! #NULL! #DIV/0!"
MISSING_NAMES = frozenset(_MISSING_NAMES.split())
"""What other programs write into a table where a name is missing. ``Null``, ``Na`` and ``Nan`` are names."""


_OWN_SPELLINGS = str.maketrans({"ə": "a", "Ə": "A", "ʻ": "'"})
"""Letters that Unidecode takes for symbols: Əliyev is Aliyev in passports, not @liyev; Hawaiʻi is Hawai'i."""


class Compose:
    """Apply transforms one after the other: ``Compose(str.strip, to_ascii)(" Dvořák ") == "Dvorak"``.

    Args:
        transforms: each is called with the result of the one before.
    """

    def __init__(self, *transforms: Callable[[Any], Any]) -> None:
        self.transforms = transforms

    def __call__(self, value: Any) -> Any:
        """The result of the last transform."""
        for transform in self.transforms:
            value = transform(value)
        return value

    def __repr__(self) -> str:
        return f"Compose({', '.join(getattr(t, '__name__', repr(t)) for t in self.transforms)})"


def clean(text: str) -> str:
    """Unicode NFC, white space collapsed to single spaces and stripped from the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def to_ascii(text: str) -> str:
    """Transliterate to ASCII: ``ł`` → ``l``, ``ß`` → ``ss``, ``ə`` → ``a``.

    With Unidecode (Sean M. Burke's Text::Unidecode tables), but for the letters that it takes for symbols.
    """
    if text.isascii():
        return text
    # Unidecode warns of lone surrogates, which are no characters.
    whole = "".join(c for c in text if not "\ud800" <= c <= "\udfff").translate(_OWN_SPELLINGS)
    ascii_text: str = unidecode(whole)
    return ascii_text


def has_letters(text: str) -> bool:
    """Whether the text holds a letter of any script."""
    return text[:1].isalpha() or any(c.isalpha() for c in text)


_fold = Compose(clean, romanise, to_ascii, str.casefold, clean)


def fold(text: str) -> str:
    """ASCII in folded case: two spellings with the same fold are one name. Splits group by it, classifiers read it."""
    # For ASCII, which most names are, the five steps come to these two.
    return " ".join(text.split()).casefold() if text.isascii() else _fold(text)


_OTHER = "\ud800"
"""Stands for letters of other scripts; a lone surrogate, which folding leaves out of everything else."""


class CharacterTable(dict[int, str]):
    """A table for :meth:`str.translate`, by code point: what a function makes of a character, when it is first met.

    Args:
        function: of a character.
    """

    MOST = 10_000
    """Characters that are kept; names in use have fewer."""

    def __init__(self, function: Callable[[str], str]) -> None:
        super().__init__()
        self.function = function

    def __missing__(self, code: int) -> str:
        found = self.function(chr(code))
        if len(self) < self.MOST:
            self[code] = found
        return found


def _fold_character(character: str) -> str:
    if not is_latin(unicodedata.normalize("NFKC", character)):
        return _OTHER
    return " " if character.isspace() else to_ascii(character).casefold()


_LATIN_FOLDS = CharacterTable(_fold_character)


def fold_latin(text: str) -> str:
    """Unicode NFKC in folded case, white space as by :func:`clean`, Latin letters in ASCII; other scripts stay.

    ``Dvořák`` → ``dvorak``, ``СААКАШВІЛІ`` → ``саакашвілі``, ``Ｓatō 佐藤`` → ``sato 佐藤``.
    """
    if text.isascii():
        return " ".join(text.split()).casefold()
    folded = unicodedata.normalize("NFC", text).translate(_LATIN_FOLDS)
    if _OTHER not in folded:
        return " ".join(folded.split())
    compatible = unicodedata.normalize("NFKC", text)
    if compatible[0].isalpha() and not any(script(c) in ("latin", "common") for c in set(compatible) if c.isalpha()):
        return clean(compatible.casefold())  # nothing is to be written in ASCII
    runs = script_runs(compatible)
    return clean("".join(to_ascii(run) if is_latin(run) else run for run in runs).casefold())


def name_key(name: str) -> str:
    """What makes two spellings one name: the folded name, or the name itself where nothing of it becomes ASCII."""
    return fold(name) or name


PIPELINES: dict[str, Callable[[str], str]] = {
    "ascii": Compose(clean, romanise, to_ascii, clean),
    "ascii-folded": fold,
    "folded": fold_latin,
    "latin": Compose(clean, romanise, clean),
    "native": Compose(clean),
    "native-folded": Compose(clean, str.lower, clean),
}
"""Text pipelines that a model folder may name. ``ascii`` writes names in ASCII; ``latin`` in Latin letters with their
marks; ``native`` keeps marks and scripts, in Unicode NFC. ``folded`` is :func:`fold_latin`. Generators keep letter
case, classifiers do not."""
EVERY_SCRIPT = ("folded", "native", "native-folded")
"""Pipelines that keep scripts, so that no name is rejected for its script."""


def is_missing(value: object) -> bool:
    """Whether a value stands for no value: None, NaN, or the markers NA and NaT of pandas."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return value is None or (isinstance(value, Number) and value != value)


def rejection_reason(name: object, pipeline: str = "ascii") -> str | None:
    """Why a name cannot be scored, or None if it can.

    Args:
        name: as it was given.
        pipeline: key of :data:`PIPELINES`.

    Returns:
        ``missing-name`` (see :func:`is_missing`; empty or blank), ``not-text``, ``too-long`` (over
        :data:`MAX_LENGTH` characters without surplus white space, or as a model reads it), ``no-letters`` (no letter,
        or none that Unidecode can write in ASCII), ``unsupported-script`` (letters whose reading as a name is not
        known, see :mod:`charrnn.text.romanisation`; ``ascii`` and ``latin`` only), or None.
    """
    if isinstance(name, str) and name.isascii() and name.isalpha() and len(name) <= MAX_LENGTH:
        return None  # most names, answered without the checks of the others
    return read_name(name, pipeline)[1]


def read_name(name: object, pipeline: str = "ascii") -> tuple[str, None] | tuple[None, str]:
    """A name as a model reads it; or None, and why it cannot be scored, as by :func:`rejection_reason`."""
    if not isinstance(name, str):
        return None, "missing-name" if is_missing(name) else "not-text"
    if not name.strip():
        return None, "missing-name"
    if len(name) > MAX_LENGTH and len(clean(name)) > MAX_LENGTH:
        return None, "too-long"
    if not has_letters(name):
        return None, "no-letters"
    if pipeline not in EVERY_SCRIPT and not name.isascii():
        if not has_letters(to_ascii(name)):
            return None, "no-letters"
        if not is_readable(name):
            return None, "unsupported-script"
    text = PIPELINES[pipeline](name)
    if not has_letters(text):
        return None, "no-letters"
    # Some characters become several.
    return (text, None) if len(text) <= MAX_LENGTH else (None, "too-long")
