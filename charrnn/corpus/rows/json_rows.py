"""JSON Lines, an object a line, and JSON arrays of objects. The objects keep the text that they have in the file."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from charrnn.corpus.lines import TextLines
from charrnn.corpus.rows.blocks import RecordBlock
from charrnn.corpus.rows.table_file import TableFile
from charrnn.errors import InputError

BLOCK_RECORDS = 4096
LONGEST_ROW = 1 << 26
"""Characters of a line of JSON Lines."""
NAME = "name"
_SPACE = re.compile(r"[ \t\n\r]*")


class LiteralFloat(float):
    """A number of JSON with a fraction or an exponent.

    Attributes:
        text: the number as it stands in the file.
    """

    text: str

    def __new__(cls, text: str) -> LiteralFloat:  # noqa: D102 - the class describes it
        number = super().__new__(cls, text)
        number.text = text
        return number


_DECODER = json.JSONDecoder(parse_float=LiteralFloat)


def read_json_lines(file: TableFile, stream: BinaryIO) -> Iterator[RecordBlock]:
    """Read JSON Lines; arguments and errors are those of :func:`charrnn.corpus.rows.reading.read_blocks`.

    Blank lines are no rows.
    """
    lines = TextLines(str(file), stream, file.options.encoding, "\n", LONGEST_ROW)
    numbered = enumerate(lines, start=1)
    while block := list(islice(numbered, BLOCK_RECORDS)):
        found = _Records(file)
        for number, line in block:
            text = line.strip()
            if not text:
                continue
            try:
                found.add(number, text, _DECODER.decode(text))
            except (ValueError, RecursionError) as error:
                column = line.index(text) + getattr(error, "pos", 0) + 1
                found.refuse(f"row {number}, column {column}", _reason(error))
        yield found.block()


def read_json_array(file: TableFile, stream: BinaryIO) -> Iterator[RecordBlock]:
    """As :func:`read_json_lines`, for one array of objects, which is held in memory as text.

    A text in the place of an object is an object with the key :data:`NAME`: arrays of names are common.
    """
    lines = TextLines(str(file), stream, file.options.encoding, "\n", sys.maxsize)
    text = "".join(lines)
    lines.line = 1
    position = _skip_space(text, 0)
    if text[position : position + 1] != "[":
        raise InputError(f"{file}: no JSON array. If it has an object a line, call it .jsonl.")
    position = _skip_space(text, position + 1)
    found, number, separator = _Records(file), 0, text[position : position + 1]
    if separator == "]":
        position = _skip_space(text, position + 1)
    while separator != "]":
        number += 1
        try:
            record, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            at = lines.place(text[: getattr(error, "pos", position)])
            raise InputError(f"{file}, row {number}, {at}: {_reason(error)}. Mend it there.") from error
        own = text[position:end]
        if record is None or isinstance(record, str):
            own, record = f'{{"{NAME}": {own}}}', {NAME: record}
        found.add(number, own, record)
        position = _skip_space(text, end)
        separator = text[position : position + 1]
        if separator not in (",", "]"):
            at = lines.place(text[:position])
            raise InputError(f"{file}, row {number}, {at}: no comma and no ] behind the object. Mend it there.")
        position = _skip_space(text, position + 1)
        if len(found.records) == BLOCK_RECORDS:
            yield found.block()
            found = _Records(file)
    if position < len(text):
        raise InputError(f"{file}, {lines.place(text[:position])}: text behind the array. Remove it.")
    yield found.block()


class _Records:
    """The rows of a block, gathered one by one."""

    def __init__(self, file: TableFile) -> None:
        self.file = file
        self.numbers: list[int] = []
        self.records: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.bad_rows: list[str] = []

    def add(self, number: int, text: str, record: object) -> None:
        """Add a row: its number, the text of the record, and what the text says.

        Raises:
            InputError: as :meth:`refuse`, if the record is no object.
        """
        if isinstance(record, dict):
            self.numbers.append(number)
            self.records.append(record)
            self.texts.append(text)
        else:
            self.refuse(f"row {number}", "no JSON object")

    def refuse(self, place: str, reason: str) -> None:
        """Leave a malformed row out.

        Raises:
            InputError: the options do not tell to leave such rows out.
        """
        message = f"{self.file}, {place}: {reason}"
        if not self.file.options.skip_bad_rows:
            raise InputError(f"{message}. Write one object a row; or set --bad-rows skip.")
        self.bad_rows.append(message)

    def block(self) -> RecordBlock:
        """The rows as a block."""
        return RecordBlock(self.numbers, self.records, self.texts, self.bad_rows)


def _reason(error: Exception) -> str:
    return f"no JSON ({error.msg if isinstance(error, json.JSONDecodeError) else error})"


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    assert match is not None
    return match.end()
