"""Letters of large scripts that a list holds too rarely to be learned: one symbol stands for all of a script.

A name of such letters still says its script, and how many they are. The symbols are private-use characters, which no
name holds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from charrnn.text.romanisation import unicode_script


class LargeScript(NamedTuple):
    """A script, and the code points of its letters, first and last of each range."""

    script: str
    ranges: tuple[tuple[int, int], ...]


RARE_LETTERS = {
    "\ue000": LargeScript("han", ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))),
    "\ue001": LargeScript("hangul", ((0xAC00, 0xD7A3),)),
    "\ue002": LargeScript("ethiopic", ((0x1200, 0x135A), (0x1380, 0x138F), (0x2D80, 0x2DDE), (0xAB01, 0xAB2E))),
}
"""The symbol of each large script."""


def rare_letter(character: str) -> str:
    """The symbol that stands for a letter if it is rare; an empty text for letters of small scripts."""
    code = ord(character)
    for symbol, large in RARE_LETTERS.items():
        if any(first <= code <= last for first, last in large.ranges):
            return symbol
    return ""


@lru_cache(maxsize=4096)
def symbol_script(symbol: str) -> str:
    """The script of a character of an alphabet, as by :func:`charrnn.text.unicode_script`, or of such a symbol."""
    return RARE_LETTERS[symbol].script if symbol in RARE_LETTERS else unicode_script(symbol)
