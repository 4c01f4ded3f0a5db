"""CSV and TSV: rows of cells between delimiters, which are found out where they are not told."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from charrnn.corpus.lines import TextLines
from charrnn.corpus.rows.blocks import TextBlock
from charrnn.corpus.rows.table_file import DELIMITERS, TableFile
from charrnn.errors import InputError

BLOCK_ROWS = 512
"""With 4096, reading takes up to twice as long: the garbage collector runs over the rows."""
LONGEST_ROW = 1 << 26
"""Characters of a line, and of a cell."""
MOST_PLACED = 20
"""Malformed rows whose column is found out, which takes a millisecond each."""
SAMPLE_LINES = 200
"""First lines of a file, from which its delimiter is found out."""
_KNOWN = (",", ";", "\t", "|")
_NOT_CLOSED = "a quote that is never closed"
_LINE_BREAK = re.compile(r"\r\n?|\n")
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')


def read_delimited(file: TableFile, stream: BinaryIO) -> Iterator[TextBlock]:
    """Read CSV or TSV; arguments and errors are those of :func:`charrnn.corpus.rows.reading.read_blocks`."""
    csv.field_size_limit(LONGEST_ROW)  # of the whole process; the default is 128 KiB
    lines = TextLines(str(file), stream, file.options.encoding, "", LONGEST_ROW)
    source = iter(lines)
    delimiter = file.options.delimiter
    if delimiter is None:
        sample = list(islice(source, SAMPLE_LINES))
        delimiter = find_delimiter(sample, DELIMITERS[file.table_format])
        source = chain(sample, source)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    try:
        columns = next(reader, [])
    except csv.Error as error:
        raise InputError(f"{_malformed(file, lines, error, 1, 1, delimiter)}. Mend it there.") from error
    if not columns:
        raise InputError(f"{file}, row 1: it is empty. Write the names of the columns there.")
    count = 0  # of malformed rows
    first, line, is_empty = 2, reader.line_num + 1, True  # the row and the line that a block starts with
    while True:
        rows: list[list[str]] = []
        malformed: list[str] = []
        try:
            rows.extend(islice(reader, BLOCK_ROWS))  # keeps the rows before a malformed one
        except csv.Error as error:
            at = line + sum(map(_line_count, rows))
            count += 1
            message = _malformed(file, lines, error, first + len(rows), at, delimiter, count <= MOST_PLACED)
            # A quote that is not closed where it should be swallows good rows, which must not be lost without a word.
            if reader.line_num > at or _NOT_CLOSED in message:
                raise InputError(f"{message}. Mend it there.") from error
            if not file.options.skip_bad_rows:
                raise InputError(f"{message}. Mend it there; or set --bad-rows skip.") from error
            malformed = [message]
        if not rows and not malformed:
            break
        yield _block(file, columns, rows, first, line, delimiter, malformed)
        first, line, is_empty = first + len(rows) + len(malformed), reader.line_num + 1, False
    if is_empty:
        yield TextBlock(range(2, 2), columns, [], delimiter)


def find_delimiter(lines: list[str], usual: str) -> str:
    """The delimiter of the first lines of a table.

    It is the one whose rows have as many cells as the header the most often; among equals one that no space follows in
    the header, then the usual one of the format, then the one with the most cells. Another than the usual one needs
    that most rows agree, and that not all names behind it are words after a space, as behind a comma in prose.
    """
    best, highest = usual, (0.0, False, False, 0)
    for delimiter in _KNOWN:
        rows = list(csv.reader(lines, delimiter=delimiter))
        if len(lines) == SAMPLE_LINES and len(rows) > 1:
            rows.pop()  # may be cut off
        header = rows[0] if rows else []
        agreement = sum(len(row) == len(header) for row in rows) / max(len(rows), 1)
        is_tight = not all(name.startswith(" ") and name.strip() for name in header[1:])
        merit = (agreement, is_tight, delimiter == usual, len(header))
        if len(header) > 1 and merit > highest and (delimiter == usual or (is_tight and agreement > 0.5)):
            best, highest = delimiter, merit
    return best


def _block(
    file: TableFile,
    columns: list[str],
    rows: list[list[str]],
    first: int,
    line: int,
    delimiter: str,
    malformed: list[str],
) -> TextBlock:
    """A block of rows, without those that have more or fewer cells than the header.

    Raises:
        InputError: there is such a row, and the options do not tell to leave it out.
    """
    numbers = range(first, first + len(rows))
    if not rows or set(map(len, rows)) == {len(columns)}:
        return TextBlock(numbers, columns, rows, delimiter, malformed)
    kept: list[tuple[int, list[str]]] = []
    bad_rows: list[str] = []
    for number, row in zip(numbers, rows, strict=True):
        if len(row) == len(columns):
            kept.append((number, row))
        elif not row and len(columns) == 1:
            kept.append((number, [""]))  # in a table of one column, a blank line is an empty cell
        else:
            message = f"{_at(file, number, line)}: {len(row)} cells where the header has {len(columns)}"
            remedy = "Put quotes around cells that hold the delimiter, or mend the row"
            if not row:
                message, remedy = f"{_at(file, number, line)}: a blank line", "Remove it"
            if _line_count(row) > 1:
                # A quote that is not closed where it should be may have swallowed good rows.
                raise InputError(f"{message}, over {_line_count(row)} lines. {remedy}.")
            if not file.options.skip_bad_rows:
                raise InputError(f"{message}. {remedy}; or set --bad-rows skip.")
            bad_rows.append(message)
        line += _line_count(row)
    return TextBlock([number for number, _ in kept], columns, [row for _, row in kept], delimiter, bad_rows + malformed)


def _malformed(
    file: TableFile, lines: TextLines, error: csv.Error, row: int, line: int, delimiter: str, is_placed: bool = True
) -> str:
    """A line about a row that is malformed, with its place if the row starts in the lines that are being read."""
    reason = str(error)
    if "expected after" in reason:
        reason = "text behind a closing quote"
    elif "unexpected end" in reason:
        reason = _NOT_CLOSED
    place = f"line {line}"
    if is_placed and line >= lines.line:
        text = "".join(list(io.StringIO(lines.chunk, newline=""))[line - lines.line :])
        offset = _bad_quote(text, delimiter)
        place = place if offset is None else lines.place(text[:offset], line)
    return f"{file}, row {row} ({place}): malformed, {reason}"


def _bad_quote(text: str, delimiter: str) -> int | None:
    """Where, in a text that starts with a row, a quoted cell goes wrong: behind its end, or where it opens."""
    start = 0
    while start < len(text):
        if text[start] == '"':
            cell = _QUOTED.match(text, start)
            if cell is None:
                return start
            end = cell.end()
            if text[end : end + 1] not in (delimiter, "\r", "\n", ""):
                return end
            start = end + 1
        else:
            ends = [end for end in (text.find(delimiter, start), text.find("\n", start)) if end >= 0]
            start = min(ends, default=len(text)) + 1
    return None


def _line_count(row: list[str]) -> int:
    """Lines that a row takes in the file."""
    return 1 + sum(len(_LINE_BREAK.findall(cell)) for cell in row)


def _at(file: TableFile, row: int, line: int) -> str:
    return f"{file}, row {row}" + (f" (line {line})" if line != row else "")
