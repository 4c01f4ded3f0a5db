"""Text on its way out: to a terminal, which obeys control characters, and to a spreadsheet, which runs formulas."""

from __future__ import annotations

import re

FORMULA = r"[=+\-@\t\r]"
"""The first character of a cell that a spreadsheet runs as a formula."""
NUMBER = r"[+\-]?[0-9.,]*[0-9][0-9.,]*([eE][+\-]?[0-9]+)?%?"
"""A whole cell that starts like a formula and is a number. Both patterns mean the same to Python and to RE2."""
_FORMULA, _NUMBER = re.compile(FORMULA), re.compile(NUMBER)
# Control characters, line separators, overrides of the writing direction, and halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL_IN_TABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NOT_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with characters that a terminal obeys written as escapes: ``\\x1b`` for the escape character."""
    return _CONTROL.sub(_escape, text)


def printable_table(text: str) -> str:
    """As :func:`printable`, but line ends and tabs stay, which lay out the rows of a table."""
    return _CONTROL_IN_TABLE.sub(_escape, text)


def printable_json(text: str) -> str:
    """As :func:`printable`, for JSON: its own escapes, so that it reads as the same values."""
    return _NOT_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def without_formula(cell: str) -> str:
    """The cell, with an apostrophe before it if a spreadsheet would run it as a formula; numbers stay as they are.

    After the advice of OWASP on CSV injection.
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
