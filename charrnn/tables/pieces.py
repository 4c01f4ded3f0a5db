"""Reading for a job: blocks of rows become pieces of equal length, in the form that the output needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from charrnn.corpus.rows import (
    ArrowBlock,
    Block,
    Cell,
    RecordBlock,
    SheetBlock,
    TableFile,
    TextBlock,
    read_blocks,
)
from charrnn.errors import InputError, needs_extra
from charrnn.tables.job import JSON_FORMATS, MOST_TOLD, Job
from charrnn.tables.values import as_json, as_text

with needs_extra("tables"):
    import pyarrow as pa

Content = pa.Table | list[str] | list[list[Cell]]
"""Rows as an Arrow table, as texts of JSON objects, or as cells of a sheet."""


@dataclass(frozen=True)
class Piece:
    """Consecutive rows of an input file.

    Attributes:
        numbers: of the rows.
        content: the rows.
        names: of the rows, None for missing ones; None if they are to be taken from the content, an Arrow table.
        bad_rows: number of malformed rows that were left out before or between these.
        bad_rows_told: a line about each of the first of them.
    """

    numbers: Sequence[int]
    content: Any
    names: list[Any] | None = None
    bad_rows: int = 0
    bad_rows_told: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)


def read_pieces(job: Job, file: TableFile, rows: int) -> Iterator[Piece]:
    """Read a file of a job in pieces of equal length.

    Args:
        job: which decides the form of the rows.
        file: one of its inputs.
        rows: in each piece but the last.

    Yields:
        The pieces in the order of the file; one without rows if the table has none.

    Raises:
        InputError: the file cannot be read or is malformed, or the output cannot hold a value of it.
    """
    pending: list[Piece] = []
    length = bad_rows = 0
    is_empty, told = True, list[str]()
    for block in read_blocks(file):
        bad_rows += len(block.bad_rows)
        told += block.bad_rows[: MOST_TOLD - len(told)]
        piece = _piece(job, file, block)
        if len(piece) or not pending:
            pending.append(piece)
            length += len(piece)
        while length >= rows:
            joined = _joined(pending)
            yield replace(_part(joined, 0, rows), bad_rows=bad_rows, bad_rows_told=told)
            pending, length, is_empty = [_part(joined, rows, length)], length - rows, False
            bad_rows, told = 0, []
    if not pending:
        yield Piece([], [], []) if job.schema is None else Piece([], job.schema.empty_table())
    elif length or is_empty or bad_rows:
        yield replace(_joined(pending), bad_rows=bad_rows, bad_rows_told=told)


def _piece(job: Job, file: TableFile, block: Block) -> Piece:
    if isinstance(block, TextBlock):
        columns = zip(*block.rows, strict=True) if block.rows else [()] * len(block.columns)
        table = pa.Table.from_arrays([pa.array(cells, pa.string()) for cells in columns], names=block.columns)
        return Piece(block.numbers, table)
    if isinstance(block, ArrowBlock):
        table = pa.Table.from_batches([block.batch])
        if job.schema is not None:
            table = _cast(table, job, file)
        return Piece(block.numbers, table)
    if job.output_format in JSON_FORMATS:
        if isinstance(block, RecordBlock):
            values = [[record.get(column) for record in block.records] for column in job.name_columns.wanted]
            return Piece(block.numbers, block.texts, job.name_columns.texts(values))
        texts = [as_json(dict(zip(block.columns, (cell.value for cell in row), strict=True))) for row in block.rows]
        return Piece(block.numbers, texts, _names(job, block))
    if isinstance(block, SheetBlock) and job.output_format == "xlsx":
        return Piece(block.numbers, block.rows, _names(job, block))
    own_names = _names(job, block) if isinstance(block, SheetBlock) else None
    return Piece(block.numbers, _table(job, file, block), own_names)


def _names(job: Job, block: SheetBlock) -> list[Any]:
    """The names of a sheet. An error such as #N/A is no text, though a sheet holds it as one."""
    positions = job.name_columns.find("sheet", block.columns)
    values = [[row[i] if row[i].is_error else row[i].value for row in block.rows] for i in positions]
    return job.name_columns.texts(values)


def _cast(table: pa.Table, job: Job, file: TableFile) -> pa.Table:
    """A table of the types of the job's schema."""
    try:
        return table.select(job.schema.names).cast(job.schema)
    except (pa.ArrowException, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"{file}: does not fit the other files ({reason}). Take JSON Lines for --output.") from error


def _table(job: Job, file: TableFile, block: RecordBlock | SheetBlock) -> pa.Table:
    """Rows of JSON or of a sheet as columns of the types of the job's schema."""
    arrays = []
    for position, column in enumerate(job.schema):
        if isinstance(block, RecordBlock):
            values = [record.get(column.name) for record in block.records]
        else:
            values = list(block.column(position))
        try:
            if pa.types.is_string(column.type):
                values = [value if value is None else as_text(value) for value in values]
            arrays.append(pa.array(values, column.type))
        except (pa.ArrowException, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise InputError(_refusal(file, block.numbers, column, values, error)) from error
    return pa.Table.from_arrays(arrays, schema=job.schema)


def _refusal(file: TableFile, numbers: Sequence[int], field: pa.Field, values: list[Any], error: Exception) -> str:
    """A line about the first value that does not become one of the field's type."""
    for number, value in zip(numbers, values, strict=True):
        try:
            pa.array([value], field.type)
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as own:
            return f"{file}, row {number}, column {field.name!r}: {str(own).splitlines()[0][:200]}. Mend it there."
    return f"{file}, column {field.name!r}: {str(error).splitlines()[0][:200]}. Mend it there."


def _joined(pieces: list[Piece]) -> Piece:
    """Consecutive pieces as one."""
    if len(pieces) == 1 and not isinstance(pieces[0].content, pa.Table):
        return pieces[0]
    filled = [piece for piece in pieces if len(piece)] or pieces[:1]
    numbers: Sequence[int] = range(filled[0].numbers[0], filled[-1].numbers[-1] + 1) if len(filled[0]) else []
    if len(numbers) != sum(map(len, filled)):
        numbers = [number for piece in filled for number in piece.numbers]
    names = None if filled[0].names is None else [name for piece in filled for name in piece.names or []]
    if isinstance(filled[0].content, pa.Table):
        return Piece(numbers, pa.concat_tables([piece.content for piece in filled]).combine_chunks(), names)
    return Piece(numbers, [row for piece in filled for row in piece.content], names)


def _part(piece: Piece, first: int, end: int) -> Piece:
    """Some consecutive rows of a piece."""
    names = None if piece.names is None else piece.names[first:end]
    if isinstance(piece.content, pa.Table):
        content = piece.content.slice(first, end - first)
    else:
        content = piece.content[first:end]
    return Piece(piece.numbers[first:end], content, names)
