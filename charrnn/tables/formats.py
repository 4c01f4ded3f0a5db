"""Writing for a job: a piece and its answers become the bytes of a part, and parts become the output."""

from __future__ import annotations

import gzip
import io
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

from numpy.typing import NDArray

from charrnn.corpus.lines import open_input
from charrnn.corpus.rows import DELIMITERS, TableFile
from charrnn.errors import InputError, SettingsError, needs_extra
from charrnn.inference.frames import plain, with_arrow_columns
from charrnn.tables.job import Job
from charrnn.tables.pieces import Piece
from charrnn.tables.values import as_json, for_delimited, for_excel, for_json
from charrnn.tables.workbook import pack_row, write_workbook
from charrnn.text import without_formula
from charrnn.text.escaping import FORMULA, NUMBER

with needs_extra("tables"):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

Answers = Mapping[str, NDArray[Any]]
"""Columns of :func:`charrnn.inference.answers.answer_columns`."""


def encode(piece: Piece, answers: Answers, job: Job) -> bytes:
    """The rows of a piece, with its answers, in the format of the output, without a header.

    Rows of JSON are lines. Rows of Excel are lines of :func:`charrnn.tables.workbook.pack_row`.

    Raises:
        SettingsError: the format cannot hold a value.
    """
    stream = io.BytesIO()
    try:
        if job.output_format in DELIMITERS:
            table = for_delimited(with_arrow_columns(piece.content, answers), piece.numbers)
            options = pacsv.WriteOptions(include_header=False, delimiter=job.delimiter)
            pacsv.write_csv(_without_formulas(table) if job.spreadsheet_safe else table, stream, options)
        elif job.output_format == "parquet":
            pq.write_table(with_arrow_columns(piece.content, answers), stream)
        elif job.output_format == "xlsx":
            stream.writelines(_sheet_lines(piece, answers))
        else:
            stream.writelines(_json_lines(piece, answers))
    except (pa.ArrowException, ValueError, OverflowError, RecursionError) as error:
        reason = str(error).splitlines()[0][:200]
        raise SettingsError(f"--output: cannot be written as {job.output_format} ({reason}).") from error
    return stream.getvalue()


def header(job: Job) -> bytes:
    """The bytes before the rows: the names of the columns in CSV and TSV, none in other formats."""
    if job.output_format not in DELIMITERS:
        return b""
    names = [without_formula(name) if job.spreadsheet_safe else name for name in job.output_columns]
    return (job.delimiter.join(_quoted(name, job.delimiter) for name in names) + "\n").encode()


def _quoted(name: str, delimiter: str) -> str:
    """A name in quotes where it needs them; Python's csv module forgets carriage returns."""
    needs_quotes = not name or any(character in name for character in (delimiter, '"', "\r", "\n"))
    return '"' + name.replace('"', '""') + '"' if needs_quotes else name


def join(parts: Iterable[BinaryIO], job: Job, stream: BinaryIO, folder: Path) -> None:
    """Write the output.

    Args:
        parts: the bytes of all parts, in the order of the input.
        job: whose output it is.
        stream: of the output.
        folder: for temporary files.

    Raises:
        OSError: the output cannot be written.
    """
    if job.output_format == "xlsx":
        lines = (line for part in parts for line in part)
        with TemporaryDirectory(suffix=".tmp", dir=folder) as temporary:
            write_workbook(stream, _sheet_header(job), lines, temporary)
    elif job.output_format == "parquet":
        _join_parquet(parts, stream)
    else:
        with _compressed(stream) if job.output.endswith(".gz") else nullcontext(stream) as target:
            for content in enclosed(parts, job):
                shutil.copyfileobj(content, target)


def enclosed(parts: Iterable[BinaryIO], job: Job) -> Iterator[BinaryIO]:
    """The parts of a text, with what stands before, between and behind them."""
    if job.output_format != "json":
        yield io.BytesIO(header(job))
        yield from parts
        return
    separator = b"["
    for part in parts:
        if content := part.read().removesuffix(b"\n"):
            yield io.BytesIO(separator + b"\n" + content.replace(b"\n", b",\n"))
            separator = b","
    yield io.BytesIO(b"\n]\n" if separator == b"," else b"[]\n")


@contextmanager
def _compressed(stream: BinaryIO) -> Iterator[BinaryIO]:
    # Without name and time, equal tables are equal bytes.
    with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as compressed:
        yield cast(BinaryIO, compressed)


def _join_parquet(parts: Iterable[BinaryIO], stream: BinaryIO) -> None:
    writer = None
    try:
        for part in parts:
            table = pq.read_table(part)
            writer = writer or pq.ParquetWriter(stream, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _json_lines(piece: Piece, answers: Answers) -> Iterator[bytes]:
    rows: Sequence[str] | list[dict[str, Any]] = piece.content
    if isinstance(piece.content, pa.Table):
        rows = [as_json(row) for row in for_json(piece.content, piece.numbers)]
    for text, values in zip(rows, zip(*map(plain, answers.values()), strict=True), strict=True):
        added = as_json(dict(zip(answers, values, strict=True)))[1:]
        start = _on_one_line(str(text))[:-1]
        comma = ", " if start.strip() != "{" else ""
        yield f"{start}{comma}{added}\n".encode()


def _on_one_line(text: str) -> str:
    """The text of a JSON object without line breaks, which stand between its tokens alone."""
    return re.sub(r"\s*[\r\n]\s*", " ", text) if "\n" in text or "\r" in text else text


def _sheet_lines(piece: Piece, answers: Answers) -> Iterator[bytes]:
    rows = piece.content
    if isinstance(rows, pa.Table):
        rows = for_excel(rows, piece.numbers)
    columns = list(zip(*map(plain, answers.values()), strict=True))
    for number, row, values in zip(piece.numbers, rows, columns, strict=True):
        yield f"{pack_row([*row, *values], f'row {number}')}\n".encode()


def _sheet_header(job: Job) -> list[Any]:
    """The first row of a sheet: cells as they were, if the input is a sheet, and the names of the answers."""
    return [*job.header, *job.answer_names] if job.header else list(job.output_columns)


def _without_formulas(table: pa.Table) -> pa.Table:
    for i, column in enumerate(table.columns):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            matches = pc.match_substring_regex(column, f"^{FORMULA}")
            is_number = pc.match_substring_regex(column, f"^{NUMBER}$")
            marked = pc.binary_join_element_wise(pa.scalar("'", column.type), column, pa.scalar("", column.type))
            is_formula = pc.fill_null(pc.and_not(matches, is_number), False)
            table = table.set_column(i, table.schema.field(i), pc.if_else(is_formula, marked, column))
    return table


def estimate_rows(files: Sequence[TableFile]) -> int | None:
    """Number of rows, at the cost of reading the files once; None for files that cannot be read, and where only parsing
    would tell.

    In text, lines are counted: a row whose cells hold line breaks counts several times.
    """
    if files[0].table_format in ("json", "xlsx"):
        return None
    try:
        return sum((_parquet_rows if file.table_format == "parquet" else _line_breaks)(file) for file in files)
    except (pa.ArrowException, InputError):
        return None  # reading the rows raises the same error


def _parquet_rows(file: TableFile) -> int:
    with open_input(file.path) as stream:
        return int(pq.read_metadata(stream).num_rows)


def _line_breaks(file: TableFile) -> int:
    with open_input(file.path) as stream:
        breaks = sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))
    return breaks - (file.table_format in DELIMITERS)
