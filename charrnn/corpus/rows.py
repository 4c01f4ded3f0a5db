"""The one reader of table rows and text lines: CSV, TSV, JSON Lines, Parquet, plain lists.

Content is streamed in blocks of rows. A file whose name ends in ``.gz`` is uncompressed on the way; ``-`` is standard
input. Errors name file, row or line, and the next move. Rows count from 1, the header of CSV and TSV included.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from charrnn.corpus.lines import decoded_lines, open_input, shown
from charrnn.errors import InputError, needs_extra

FORMATS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""Format of a table by suffix."""
DELIMITERS = {"csv": ",", "tsv": "\t"}
BLOCK_ROWS = 512
"""Of CSV and TSV. With 4096, reading takes up to twice as long: the garbage collector runs over the rows."""
BLOCK_RECORDS = 4096
"""Lines of JSON Lines. Arrow finds the types of columns block by block, so another number may change types."""
LONGEST_LINE = 1_000_000
"""Bytes of a line of text; a longer one is no name."""
LONGEST_ROW = 1 << 26
"""Bytes of a line of a table, and characters of a cell."""
_LINE_BREAK = re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class TextBlock:
    """Rows of CSV or TSV, whose cells are text as it stands in the file.

    Attributes:
        first: number of the first row.
        columns: names of the columns.
        rows: cells of each row, as many as there are columns.
    """

    first: int
    columns: list[str]
    rows: list[list[str]]

    def column(self, name: str) -> Sequence[object]:
        """The cells of a column."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]


@dataclass(frozen=True)
class RecordBlock:
    """Rows of JSON Lines.

    Attributes:
        first: number of the first row.
        records: JSON objects, whose keys may differ.
    """

    first: int
    records: list[dict[str, Any]]

    def column(self, name: str) -> Sequence[object]:
        """The values of a key, None where a record lacks it."""
        return [record.get(name) for record in self.records]


@dataclass(frozen=True)
class ArrowBlock:
    """Rows of Parquet.

    Attributes:
        first: number of the first row.
        batch: a ``pyarrow.RecordBatch``.
    """

    first: int
    batch: Any

    def column(self, name: str) -> Sequence[object]:
        """The values of a column as Python objects."""
        return cast(list[object], self.batch.column(name).to_pylist())


Block = TextBlock | RecordBlock | ArrowBlock


def format_of(path: str | Path) -> str | None:
    """The format of table that the suffix of a path tells, ``.gz`` left out; None if it tells none."""
    return FORMATS.get(Path(str(path).removesuffix(".gz")).suffix.lower())


def read_blocks(path: str | Path, table_format: str, required: Mapping[str, str] | None = None) -> Iterator[Block]:
    """Read a table block by block.

    Args:
        path: of a file; ``-`` is standard input.
        table_format: one of the values of :data:`FORMATS`.
        required: by flag, columns that every row must have; white space around a name in the header is ignored then,
            and of Parquet no other column is read.

    Yields:
        Blocks in the order of the file. A CSV or TSV file without rows gives one block without rows.

    Raises:
        InputError: the file cannot be read, is malformed, or lacks a required column.
        MissingExtraError: it is a Parquet file and pyarrow is not installed.
    """
    with open_input(path) as stream:
        yield from _READERS[table_format](shown(path), stream, required or {})


def read_lines(path: str | Path) -> Iterator[str]:
    """The lines of a UTF-8 text without their ends, blank ones too; a byte order mark is left out.

    Raises:
        InputError: the file cannot be read, is UTF-16 or binary, is not UTF-8, or has a line over
            :data:`LONGEST_LINE`.
    """
    with open_input(path) as stream:
        for line in decoded_lines(shown(path), stream, "\n", LONGEST_LINE):
            yield line.rstrip("\r\n")


def _delimited(where: str, stream: BinaryIO, required: Mapping[str, str], delimiter: str) -> Iterator[Block]:
    csv.field_size_limit(LONGEST_ROW)  # of the whole process; the default is 128 KiB
    reader = csv.reader(decoded_lines(where, stream, "", LONGEST_ROW), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    first, line = 1, 1  # the row and the line that a block starts with
    try:
        rows.extend(islice(reader, 1))
        columns = _checked_header(where, rows[0] if rows else [], required)
        while rows:
            first, line, rows = first + len(rows), reader.line_num + 1, []
            rows.extend(islice(reader, BLOCK_ROWS))  # keeps the rows before a malformed one, which the error counts
            whole = rows
            if rows and set(map(len, rows)) != {len(columns)}:
                whole = _without_blank_rows(where, rows, first, line, len(columns))
            if whole or first == 2:
                yield TextBlock(first, columns, whole)
    except csv.Error as error:
        last = _at(where, first + len(rows) - 1, line + sum(map(_line_count, rows)) - 1, "after row")
        raise InputError(f"{last}: malformed ({error}). Mend the quotes there.") from error


def _checked_header(where: str, header: list[str], required: Mapping[str, str]) -> list[str]:
    columns = [cell.strip() for cell in header] if required else header
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        raise InputError(f"{where}, row 1: the column {twice[0]!r} stands twice. Rename one of them.")
    _check_columns(where, columns, required)
    if not columns:
        raise InputError(f"{where}, row 1: it is empty. Write the names of the columns there.")
    return columns


def _without_blank_rows(where: str, rows: list[list[str]], first: int, line: int, width: int) -> list[list[str]]:
    for number, row in enumerate(rows, start=first):
        if row and len(row) != width:
            raise InputError(
                f"{_at(where, number, line)}: {len(row)} cells where the header has {width}. "
                "Put quotes around cells that hold the delimiter, or mend the row."
            )
        line += _line_count(row)
    return [row for row in rows if row]


def _line_count(row: list[str]) -> int:
    """Lines that a row takes in the file."""
    return 1 + sum(len(_LINE_BREAK.findall(cell)) for cell in row)


def _at(where: str, row: int, line: int, what: str = "row") -> str:
    return f"{where}, {what} {row}" + (f" (line {line})" if line != row else "")


def _check_columns(where: str, found: Sequence[str], required: Mapping[str, str]) -> None:
    for flag, column in required.items():
        if column not in found:
            raise InputError(f"{where}: no column {column!r}; found {', '.join(found)[:200]}. Set {flag}.")


def _json_lines(where: str, stream: BinaryIO, required: Mapping[str, str]) -> Iterator[Block]:
    numbered = enumerate(decoded_lines(where, stream, "\n", LONGEST_ROW), start=1)
    while lines := list(islice(numbered, BLOCK_RECORDS)):
        records = []
        for number, line in lines:
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{where}, row {number}: no JSON ({error}). Write one object a line.") from error
            if not isinstance(record, dict):
                raise InputError(f"{where}, row {number}: no JSON object. Write one object a line.")
            _check_columns(f"{where}, row {number}", list(record), required)
            records.append(record)
        yield RecordBlock(lines[0][0], records)


def _parquet(where: str, stream: BinaryIO, required: Mapping[str, str]) -> Iterator[Block]:
    with needs_extra("tables"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    first = 1
    try:
        file = pq.ParquetFile(stream)
        names = file.schema_arrow.names
        _check_columns(where, names, required)
        if twice := sorted(name for name in set(required.values()) if names.count(name) > 1):
            raise InputError(f"{where}: the column {twice[0]!r} stands twice. Rename one of them.")
        for batch in file.iter_batches(columns=list(dict.fromkeys(required.values())) or None):
            yield ArrowBlock(first, batch)
            first += len(batch)
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{where}: no readable Parquet file ({reason}). Write it again.") from error


_READERS: dict[str, Callable[[str, BinaryIO, Mapping[str, str]], Iterator[Block]]] = {
    **{table_format: partial(_delimited, delimiter=delimiter) for table_format, delimiter in DELIMITERS.items()},
    "jsonl": _json_lines,
    "parquet": _parquet,
}
