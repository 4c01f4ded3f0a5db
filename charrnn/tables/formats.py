"""Tables as Arrow: blocks of rows regrouped into parts, and parts written as CSV, TSV, JSON Lines or Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from charrnn.corpus.lines import open_input, shown
from charrnn.corpus.rows import DELIMITERS, Block, RecordBlock, TextBlock, read_blocks
from charrnn.errors import InputError, SettingsError, needs_extra

with needs_extra("tables"):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

FORMULA = r"^[=+\-@\t\r]"
"""A cell that starts like this is a formula to a spreadsheet."""


def read_tables(path: str, table_format: str, rows: int) -> Iterator[pa.Table]:
    """Read a table in pieces of equal length. CSV and TSV cells are text as it stands in the file.

    Args:
        path: of a file; ``-`` is standard input.
        table_format: one of the values of :data:`charrnn.corpus.rows.FORMATS`.
        rows: in each piece but the last.

    Yields:
        The pieces in the order of the file; one without rows if the table has none.

    Raises:
        InputError: the table cannot be read, is malformed, or has a column without a common type.
    """
    where = shown(path)
    pending: list[pa.Table] = []
    length, is_empty = 0, True
    try:
        for block in read_blocks(path, table_format):
            where = f"{shown(path)}, from row {block.first}"
            pending.append(_from_block(block))
            length += len(pending[-1])
            while length >= rows:
                joined = pa.concat_tables(pending, promote_options="permissive")
                yield joined.slice(0, rows).combine_chunks()
                pending, length, is_empty = [joined.slice(rows)], length - rows, False
        if length or is_empty:
            yield pa.concat_tables(pending, promote_options="permissive").combine_chunks() if pending else pa.table({})
    except (pa.ArrowException, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"{where}: malformed ({reason}). Mend it there.") from error


def _from_block(block: Block) -> pa.Table:
    if isinstance(block, TextBlock):
        columns = zip(*block.rows, strict=True) if block.rows else [()] * len(block.columns)
        return pa.table([pa.array(cells, pa.string()) for cells in columns], names=block.columns)
    if isinstance(block, RecordBlock):
        return pa.Table.from_pylist(block.records)
    return pa.Table.from_batches([block.batch])


def write_rows(table: pa.Table, table_format: str, stream: BinaryIO, safe: bool) -> None:
    """Write the rows of a table, without a header.

    Args:
        table: of any columns; nested ones only as JSON Lines or Parquet.
        table_format: one of the values of :data:`charrnn.corpus.rows.FORMATS`.
        stream: to write to.
        safe: put an apostrophe before the CSV and TSV cells that a spreadsheet would run as formulas.

    Raises:
        SettingsError: the format cannot hold a column.
    """
    try:
        if table_format == "parquet":
            pq.write_table(table, stream)
        elif table_format == "jsonl":
            for row in table.to_pylist():
                stream.write((json.dumps(row, ensure_ascii=False, default=str) + "\n").encode())
        else:
            options = pacsv.WriteOptions(include_header=False, delimiter=DELIMITERS[table_format])
            pacsv.write_csv(_without_formulas(table) if safe else table, stream, options)
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(
            f"--output: a column cannot be written as {table_format} ({reason}). Take Parquet."
        ) from error


def header(columns: list[str], table_format: str) -> bytes:
    """The bytes before the rows: the names of the columns in CSV and TSV, none in other formats."""
    if table_format not in DELIMITERS:
        return b""
    text = io.StringIO()
    csv.writer(text, delimiter=DELIMITERS[table_format], lineterminator="\n").writerow(columns)
    return text.getvalue().encode()


def _without_formulas(table: pa.Table) -> pa.Table:
    for i, column in enumerate(table.columns):
        if pa.types.is_string(column.type):
            is_formula = pc.fill_null(pc.match_substring_regex(column, FORMULA), False)
            marked = pc.binary_join_element_wise("'", column, "", null_handling="skip")
            table = table.set_column(i, table.column_names[i], pc.if_else(is_formula, marked, column))
    return table


def estimate_rows(paths: Sequence[str], table_format: str) -> int | None:
    """Number of rows, at the cost of reading the files once; None for standard input and unreadable files.

    In text, lines are counted: a row whose cells hold line breaks counts several times.
    """
    if "-" in paths:
        return None
    try:
        if table_format == "parquet":
            return sum(_parquet_rows(path) for path in paths)
        return sum(_line_breaks(path) - (table_format in DELIMITERS) for path in paths)
    except (pa.ArrowException, InputError):
        return None  # reading the rows raises the same error


def _parquet_rows(path: str) -> int:
    with open_input(path) as stream:
        return int(pq.read_metadata(stream).num_rows)


def _line_breaks(path: str) -> int:
    with open_input(path) as stream:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))
