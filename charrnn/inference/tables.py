"""Tables as streams of Arrow tables: CSV, TSV, JSON Lines and Parquet, compressed or not, files or pipes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from charrnn.errors import SettingsError, needs_extra

with needs_extra("tables"):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

DELIMITERS = {"csv": ",", "tsv": "\t"}
FORMULA = r"^[=+\-@\t\r]"
"""What makes a spreadsheet read a cell as a formula."""


def read_tables(path: str, kind: str, rows: int) -> Iterator[pa.Table]:
    """The table, so many rows at a time. CSV and TSV cells are text, as they stand there.

    Args:
        path: of a file; ``-`` is standard input.
        kind: one of :data:`charrnn.inference.files.KINDS`.
        rows: in each part but the last.

    Raises:
        SettingsError: it cannot be read or is malformed.
    """
    try:
        with open_input(path) as stream:
            yield from _regroup(READERS[kind](stream), rows)
    except (pa.ArrowException, csv.Error, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise SettingsError(f"--input {path}: malformed ({reason}). Mend it there.") from error
    except (OSError, EOFError) as error:
        raise SettingsError(f"--input {path}: cannot be read ({error}). Check the file.") from error


def open_input(path: str) -> BinaryIO:
    """A file for reading bytes, uncompressed if its name ends in ``.gz``; ``-`` is standard input."""
    if path == "-":
        return sys.stdin.buffer
    return gzip.open(path) if path.endswith(".gz") else Path(path).open("rb")  # type: ignore[return-value]


def _delimited(delimiter: str) -> Callable[[BinaryIO], Iterator[pa.Table]]:
    def read(stream: BinaryIO) -> Iterator[pa.Table]:
        lines = (line.decode("utf-8-sig" if i == 0 else "utf-8") for i, line in enumerate(iter(stream.readline, b"")))
        header = next(csv.reader(lines, delimiter=delimiter, strict=True), [])
        twice = sorted({column for column in header if header.count(column) > 1})
        if twice or not header:
            raise ValueError(f"the column {twice[0]!r} stands twice" if twice else "it is empty")
        first = stream.readline()
        if not first:
            yield pa.table({column: pa.array([], pa.string()) for column in header})
            return
        types = pacsv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False)
        yield from map(
            _as_table,
            pacsv.open_csv(
                pa.PythonFile(_Chained(first, stream), "r"),
                pacsv.ReadOptions(column_names=header, block_size=1 << 22),
                pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                types,
            ),
        )

    return read


class _Chained(io.RawIOBase):
    """Bytes that were read already, and the rest."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self.first, self.rest = first, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.first:
            taken = self.first if size < 0 else self.first[:size]
            self.first = self.first[len(taken) :]
            return taken
        return self.rest.read(size)


def _as_table(batch: Any) -> pa.Table:
    return pa.Table.from_batches([batch])


def _json_lines(stream: BinaryIO) -> Iterator[pa.Table]:
    numbered = enumerate(stream, start=1)
    while lines := list(islice(numbered, 4096)):
        records = []
        for number, line in lines:
            record = json.loads(line) if line.strip() else None
            if record is not None and not isinstance(record, dict):
                raise ValueError(f"line {number}: no JSON object")
            records += [] if record is None else [record]
        yield pa.Table.from_pylist(records)


def _parquet(stream: BinaryIO) -> Iterator[pa.Table]:
    yield from map(_as_table, pq.ParquetFile(stream).iter_batches())


READERS: dict[str, Callable[[BinaryIO], Iterator[pa.Table]]] = {
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
    "jsonl": _json_lines,
    "parquet": _parquet,
}


def _regroup(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows, so many in each table but the last; one without rows if there are none."""
    waiting: list[pa.Table] = []
    held, told = 0, False
    for table in tables:
        waiting.append(table)
        held += len(table)
        while held >= rows:
            whole = pa.concat_tables(waiting, promote_options="permissive")
            yield whole.slice(0, rows).combine_chunks()
            waiting, held, told = [whole.slice(rows)], held - rows, True
    if held or not told:
        yield pa.concat_tables(waiting, promote_options="permissive").combine_chunks() if waiting else pa.table({})


def write_part(table: pa.Table, kind: str, stream: BinaryIO, safe: bool) -> None:
    """Rows of a table, without a header.

    Args:
        table: of any columns; nested ones only as JSON Lines or Parquet.
        kind: one of :data:`charrnn.inference.files.KINDS`.
        stream: where to.
        safe: put an apostrophe before CSV cells that a spreadsheet would read as a formula.

    Raises:
        SettingsError: a column cannot be written in this kind.
    """
    try:
        if kind == "parquet":
            pq.write_table(table, stream)
        elif kind == "jsonl":
            for row in table.to_pylist():
                stream.write((json.dumps(row, ensure_ascii=False, default=str) + "\n").encode())
        else:
            options = pacsv.WriteOptions(include_header=False, delimiter=DELIMITERS[kind])
            pacsv.write_csv(_without_formulas(table) if safe else table, stream, options)
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(f"--output: a column cannot be written as {kind} ({reason}). Take Parquet.") from error


def header(columns: list[str], kind: str) -> bytes:
    """What stands before the rows."""
    if kind not in DELIMITERS:
        return b""
    text = io.StringIO()
    csv.writer(text, delimiter=DELIMITERS[kind], lineterminator="\n").writerow(columns)
    return text.getvalue().encode()


def _without_formulas(table: pa.Table) -> pa.Table:
    for i, column in enumerate(table.columns):
        if pa.types.is_string(column.type):
            formula = pc.match_substring_regex(column, FORMULA)
            marked = pc.binary_join_element_wise("'", column, "", null_handling="skip")
            table = table.set_column(i, table.column_names[i], pc.if_else(pc.fill_null(formula, False), marked, column))
    return table


def estimate_rows(paths: Sequence[str], kind: str) -> int | None:
    """About how many rows there are, at the cost of reading the files once; None where that cannot be told.

    Of text, lines are counted: a cell that holds several lines counts as several rows.
    """
    if "-" in paths:
        return None
    try:
        if kind == "parquet":
            return sum(_parquet_rows(path) for path in paths)
        return sum(_lines(path) - (kind in DELIMITERS) for path in paths)
    except (pa.ArrowException, OSError, EOFError):
        return None  # whoever reads the rows themselves will say what is wrong


def _parquet_rows(path: str) -> int:
    with open_input(path) as stream:
        return int(pq.read_metadata(stream).num_rows)


def _lines(path: str) -> int:
    with open_input(path) as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
