"""What a table holds, found out before anything is classified: its columns, and their types where the output needs one.

Of CSV, TSV and Parquet the header is read; JSON and Excel workbooks, whose rows may differ, are read once from the
first to the last row.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from charrnn.corpus.rows import (
    DELIMITERS,
    ArrowBlock,
    Cell,
    RecordBlock,
    SheetBlock,
    TableFile,
    TextBlock,
    read_blocks,
)
from charrnn.corpus.rows.excel import sheet_told
from charrnn.corpus.rows.json_rows import LiteralFloat
from charrnn.errors import InputError, SettingsError, needs_extra
from charrnn.inference.frames import NameColumns, no_text
from charrnn.tables.job import JSON_FORMATS
from charrnn.tables.values import EXACT_INTEGER
from charrnn.text import is_missing

with needs_extra("tables"):
    import pyarrow as pa

LARGEST_INTEGER = 2**63 - 1
"""Of a column of Arrow and Parquet; the least is its negative less one."""
_JOINED = {frozenset({"integer", "number"}): "number", frozenset({"date", "timestamp"}): "timestamp"}
"""Kinds of values that become one kind of column."""


@dataclass(frozen=True)
class Survey:
    """What is known of a table.

    Attributes:
        columns: names of the columns of all files, in the order in which they first occur.
        name_columns: the columns of names, as they are called in the table.
        schema: ``pyarrow.Schema`` for the rows, where they do not bring their own.
        delimiter: of the first file, if it is CSV or TSV.
        header: the cells of the first row, if it is of Excel.
    """

    columns: list[str]
    name_columns: NameColumns
    schema: Any = None
    delimiter: str | None = None
    header: Any = None


def survey(files: Sequence[TableFile], name_columns: NameColumns, output_format: str) -> Survey:
    """Look through the files of a table.

    Args:
        files: of one format.
        name_columns: that are wanted.
        output_format: that the rows will be written in.

    Raises:
        InputError: a file cannot be read, is malformed, or has no such column of names; or values of one column are of
            kinds that the output cannot hold together.
        SettingsError: the output cannot hold the columns.
    """
    if files[0].table_format in ("json", "jsonl", "xlsx"):
        found = _survey_values(files, name_columns, output_format)
    else:
        found = _survey_headers(files, name_columns, output_format)
    return found


def _survey_headers(files: Sequence[TableFile], name_columns: NameColumns, output_format: str) -> Survey:
    """Of CSV, TSV and Parquet."""
    headers: list[list[str]] = []
    schemas: list[Any] = []
    delimiter = None
    for file in files:
        block = next(read_blocks(file))
        assert isinstance(block, TextBlock | ArrowBlock)
        name_columns.find(str(file), block.columns)
        _refuse_repeated(str(file), block.columns, output_format)
        headers.append(block.columns)
        if isinstance(block, ArrowBlock):
            schemas.append(block.batch.schema)
        else:
            delimiter = delimiter or block.delimiter
        if headers[-1] != headers[0] and output_format not in JSON_FORMATS:
            differing = ", ".join(sorted(set(headers[-1]) ^ set(headers[0]))) or "their order"
            raise SettingsError(
                f"{file}: other columns than {files[0]} ({differing[:200]}). Take JSON Lines for --output, or make "
                "them equal."
            )
    columns = headers[0]
    if output_format in JSON_FORMATS:
        columns = list(dict.fromkeys(name for header in headers for name in header))
    schema = None
    if len({str(schema) for schema in schemas}) > 1 and output_format not in JSON_FORMATS:
        try:
            schema = pa.unify_schemas(schemas, promote_options="permissive")
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0][:200]
            raise SettingsError(
                f"{files[0]} and others: a column has types that do not fit together ({reason}). Take JSON Lines for "
                "--output."
            ) from error
    return Survey(columns, name_columns, schema, delimiter)


def _survey_values(files: Sequence[TableFile], name_columns: NameColumns, output_format: str) -> Survey:
    """Of JSON and Excel."""
    kinds = _Kinds(files[0].table_format, output_format)
    header: list[str] = []
    cells: list[Cell] = []
    for file in files:
        for block in read_blocks(file):
            assert isinstance(block, RecordBlock | SheetBlock)
            if isinstance(block, SheetBlock):
                cells, header = cells or block.header, header or block.columns
                name_columns.find(sheet_told(file, block.sheets), block.columns)
                _refuse_repeated(str(file), block.columns, output_format)
                if block.columns != header and output_format not in JSON_FORMATS:
                    raise SettingsError(f"{file}: other columns than {files[0]}. Take JSON Lines for --output.")
            for number, pairs in zip(block.numbers, _pairs(block), strict=True):
                kinds.add(file, number, pairs)
    columns = header if header and output_format not in JSON_FORMATS else list(kinds.kinds)
    if halves := [column for column in columns if any("\ud800" <= character <= "\udfff" for character in column)]:
        raise InputError(f"{files[0]}, column {halves[0]!r}: its name holds half a character. Mend it.")
    where = str(files[0]) if len(files) == 1 else f"{files[0]} and others"
    if columns and not header:
        name, *surname = (columns[i] for i in name_columns.find(where, columns))
        name_columns = NameColumns(name, surname[0] if surname else None, name_columns.flags)
    for wanted, flag in zip(name_columns.wanted, name_columns.flags, strict=False):
        names = [column for column in columns if column.strip().casefold() == wanted.strip().casefold()]
        examples = [kinds.examples[column] for column in names if column in kinds.examples]
        if examples and kinds.with_text.isdisjoint(names):
            raise no_text(where, names[0], examples[0], flag)
    if output_format in JSON_FORMATS or output_format == files[0].table_format:
        return Survey(columns, name_columns, header=cells or None)
    types = _ARROW if output_format not in DELIMITERS else dict.fromkeys(_ARROW, pa.string())
    fields = [(column, types[kind] if (kind := kinds.kinds.get(column)) else pa.null()) for column in columns]
    return Survey(columns, name_columns, pa.schema(fields))


def _pairs(block: RecordBlock | SheetBlock) -> Iterator[list[tuple[str, Any]]]:
    """Columns and values of each row."""
    if isinstance(block, RecordBlock):
        for record in block.records:
            yield list(record.items())
    else:
        for row in block.rows:
            yield [(column, cell.value) for column, cell in zip(block.columns, row, strict=True)]


class _Kinds:
    """What kinds of values the columns hold.

    Attributes:
        kinds: of each column; None as long as no value was seen.
        examples: the first value of each column that stands for one.
        with_text: columns that hold text, whatever else they hold.
    """

    def __init__(self, input_format: str, output_format: str) -> None:
        self.kinds: dict[str, str | None] = {}
        self.examples: dict[str, object] = {}
        self.with_text: set[str] = set()
        self.first: dict[str, tuple[TableFile, int]] = {}
        self.output_format = output_format
        # Rows of JSON hold what they like. Cells of a sheet are of mixed kinds so often that their text form does.
        self.may_mix = output_format in JSON_FORMATS or (
            input_format == "xlsx" and (output_format in DELIMITERS or output_format == "xlsx")
        )

    def add(self, file: TableFile, number: int, pairs: list[tuple[str, Any]]) -> None:
        """Take note of a row.

        Raises:
            InputError: a value is of another kind than those before it, and the output cannot hold both.
        """
        for column, value in pairs:
            known = self.kinds.setdefault(column, None)
            if value is None:
                continue
            kind = _kind(value)
            if kind == "text":
                self.with_text.add(column)
            if column not in self.examples and not is_missing(value):
                self.examples[column] = value
            if known is None:
                self.kinds[column], self.first[column] = kind, (file, number)
            elif kind != known:
                self._join(file, number, column, known, kind)
            if kind in ("integer", "number"):
                self._check_size(file, number, column, value)

    def _join(self, file: TableFile, number: int, column: str, known: str, kind: str) -> None:
        joined = _JOINED.get(frozenset({known, kind}))
        if joined is None and not self.may_mix:
            before, row = self.first[column]
            raise InputError(
                f"{file}, row {number}, column {column!r}: {_WORDS[kind]}, where row {row}"
                f"{f' of {before}' if before != file else ''} has {_WORDS[known]}. Mend one of them, or take JSON "
                "Lines for --output."
            )
        self.kinds[column] = joined or "text"

    def _check_size(self, file: TableFile, number: int, column: str, value: float) -> None:
        """Refuse a number that the column of the output cannot hold."""
        if self.may_mix or self.output_format in DELIMITERS:
            return
        if isinstance(value, LiteralFloat) and math.isinf(value):
            raise InputError(
                f"{file}, row {number}, column {column!r}: the number {value.text[:40]} is too large for "
                f"{self.output_format}. Take JSON Lines or CSV for --output."
            )
        if not isinstance(value, int):
            return
        most = EXACT_INTEGER if self.kinds[column] == "number" or self.output_format == "xlsx" else LARGEST_INTEGER
        if not -most - (most == LARGEST_INTEGER) <= value <= most:
            raise InputError(
                f"{file}, row {number}, column {column!r}: the number {str(value)[:40]} is too large for "
                f"{self.output_format}. Take JSON Lines or CSV for --output."
            )


_WORDS = {
    "boolean": "a truth value",
    "integer": "an integer",
    "number": "a number",
    "text": "text",
    "nested": "a list or an object",
    "date": "a date",
    "timestamp": "a date with a time",
    "time": "a time",
    "duration": "a duration",
}
_ARROW = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "nested": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "time": pa.time64("us"),
    "duration": pa.duration("us"),
}


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, datetime.datetime):
        return "date" if value.time() == datetime.time() else "timestamp"
    if isinstance(value, datetime.date):
        return "date"
    if isinstance(value, datetime.time):
        return "time"
    return "duration" if isinstance(value, datetime.timedelta) else "nested"


def _refuse_repeated(where: str, columns: list[str], output_format: str) -> None:
    """Refuse a column that stands twice, where the output tells columns apart by their names."""
    if output_format not in (*JSON_FORMATS, "parquet"):
        return
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        raise SettingsError(
            f"{where}: the column {twice[0]!r} stands twice, which {output_format} cannot hold. Rename one of them."
        )
