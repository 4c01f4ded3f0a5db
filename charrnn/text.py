"""From what people type to what a model reads: cleaning, ASCII, vocabularies."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from unidecode import unidecode

from charrnn.errors import SettingsError
from charrnn.romanise import readable, romanise

PAD, UNKNOWN, START, END = 0, 1, 2, 3
"""Indices of the special symbols, the same in every vocabulary."""
SPECIALS = 4

MAX_LENGTH = 100
"""Longest name in characters that is scored or trained on; anything longer is no name."""


class Compose:
    """Apply transforms one after the other: ``Compose(str.strip, to_ascii)(" Dvořák ") == "Dvorak"``."""

    def __init__(self, *transforms: Callable[[Any], Any]) -> None:
        self.transforms = transforms

    def __call__(self, value: Any) -> Any:
        """What the last transform gives, each being called with the result of the one before."""
        for transform in self.transforms:
            value = transform(value)
        return value

    def __repr__(self) -> str:
        return f"Compose({', '.join(getattr(t, '__name__', repr(t)) for t in self.transforms)})"


def clean(text: str) -> str:
    """Unicode NFC, white space collapsed to single spaces and stripped from the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def to_ascii(text: str) -> str:
    """Transliterate to ASCII with Unidecode (Sean M. Burke's Text::Unidecode tables): ``ł`` → ``l``, ``ß`` → ``ss``."""
    if text.isascii():
        return text
    # A lone surrogate is no character: Unidecode warns about it, so it is left out beforehand.
    ascii_text: str = unidecode("".join(c for c in text if not "\ud800" <= c <= "\udfff"))
    return ascii_text


def is_vacant(text: str) -> bool:
    """Whether there is no letter of any script in the text."""
    return not any(c.isalpha() for c in text)


_fold = Compose(clean, romanise, to_ascii, str.casefold, clean)


def fold(text: str) -> str:
    """What makes two spellings one name: ASCII in folded case. Splits group by it and classifiers read it."""
    # Most names are ASCII, for which the five steps come to this.
    return " ".join(text.split()).casefold() if text.isascii() else _fold(text)


PIPELINES: dict[str, Callable[[str], str]] = {
    "ascii": Compose(clean, romanise, to_ascii, clean),
    "ascii-folded": fold,
    "native": Compose(clean),
    "native-folded": Compose(clean, str.lower, clean),
}
"""Text pipelines a model folder may name. ``native`` keeps diacritics and scripts, in Unicode NFC; ``ascii`` writes
them in ASCII. Generators keep letter case, classifiers read it ``folded``."""


def abstention(name: str | None, pipeline: str = "ascii") -> str | None:
    """Why a name cannot be scored, or None if it can.

    Args:
        name: as it was given.
        pipeline: key of :data:`PIPELINES`.

    Returns:
        ``missing-name`` (None, empty or blank), ``too-long`` (over :data:`MAX_LENGTH` characters as it is given, white
        space aside, or as a model reads it), ``no-letters``
        (no letter, or none that Unidecode can write in ASCII), ``unsupported-script`` (letters whose reading as a
        name is not known: see :mod:`charrnn.romanise`; ``ascii`` only), or None.
    """
    if name is None or not name.strip():
        return "missing-name"
    if name.isascii() and name.isalpha() and len(name) <= MAX_LENGTH:
        return None  # most names: spare them the rest
    if len(name) > MAX_LENGTH and len(clean(name)) > MAX_LENGTH:
        return "too-long"
    native = pipeline.startswith("native")
    if is_vacant(name) or (not native and is_vacant(to_ascii(name))):
        return "no-letters"
    if native or name.isascii():
        return None
    if not readable(name):
        return "unsupported-script"
    # Some characters become many.
    return "too-long" if len(PIPELINES[pipeline](name)) > MAX_LENGTH else None


class Vocabulary:
    """Characters as indices, behind four special symbols (padding, unknown, start, end).

    Args:
        alphabet: the characters, each once, in the order of their indices.

    Raises:
        SettingsError: a character stands twice.
    """

    def __init__(self, alphabet: str) -> None:
        if len(set(alphabet)) != len(alphabet):
            raise SettingsError(f"alphabet {alphabet!r} holds a character twice; give each one once.")
        self.alphabet = alphabet
        self._index = {c: i for i, c in enumerate(alphabet, start=SPECIALS)}

    @classmethod
    def build(cls, texts: Iterable[str], min_count: int = 2) -> Vocabulary:
        """The characters of the texts that occur at least ``min_count`` times; rarer ones train "unknown"."""
        counts = Counter(c for text in texts for c in text)
        return cls("".join(sorted(c for c, n in counts.items() if n >= min_count)))

    def __len__(self) -> int:
        return SPECIALS + len(self.alphabet)

    def encode(self, text: str) -> list[int]:
        """Indices of the characters, without start and end."""
        index = self._index
        return [index.get(c, UNKNOWN) for c in text]

    def decode(self, indices: Iterable[int]) -> str:
        """The characters of the indices; special symbols are left out."""
        return "".join(self.alphabet[i - SPECIALS] for i in indices if i >= SPECIALS)
