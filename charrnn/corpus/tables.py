"""Rows of tables: CSV, TSV, JSON Lines and Parquet, streamed, each row with its number for messages."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from charrnn.corpus.lines import decoded_lines
from charrnn.errors import CorpusError, needs_extra

DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*DELIMITERS, ".jsonl", ".ndjson", ".parquet")

Row = tuple[object, object]
"""Name and label of a row, as they stand in the table: text, None, or something that is no text."""


def rows(path: Path, suffix: str, stream: BinaryIO, name_column: str, label_column: str) -> Iterator[Row]:
    """The rows of a table.

    Args:
        path: for messages.
        suffix: of :data:`SUFFIXES`.
        stream: the content, uncompressed.
        name_column: which column holds names.
        label_column: which column holds labels.

    Raises:
        CorpusError: a column is missing, or a row is malformed; the message names file, row and next move.
    """
    columns = {"--name-column": name_column, "--label-column": label_column}
    if suffix == ".parquet":
        return _parquet(path, stream, columns)
    if suffix in DELIMITERS:
        return _delimited(path, stream, columns, DELIMITERS[suffix])
    return _json_lines(path, stream, columns)


def _missing(where: str, flag: str, column: str, found: list[str]) -> CorpusError:
    return CorpusError(f"{where}: no column {column!r}; found {', '.join(found)[:200]}. Set {flag}.")


def _delimited(path: Path, stream: BinaryIO, columns: dict[str, str], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(decoded_lines(path, stream), delimiter=delimiter, strict=True)
    number = 0
    try:
        header = [cell.strip() for cell in next(reader, [])]
        number = 1
        twice = sorted({column for column in header if header.count(column) > 1})
        if twice:
            raise CorpusError(f"{path}, row 1: the column {twice[0]!r} stands twice. Rename one of them.")
        for flag, column in columns.items():
            if column not in header:
                raise _missing(str(path), flag, column, header)
        name, label = (header.index(column) for column in columns.values())
        for number, row in enumerate(reader, start=2):
            if not row:
                continue
            if len(row) != len(header):
                raise CorpusError(
                    f"{path}, row {number}: {len(row)} cells where the header has {len(header)}. "
                    "Put quotes around cells that hold the delimiter, or mend the row."
                )
            yield row[name], row[label]
    except csv.Error as error:
        raise CorpusError(f"{path}, after row {number}: malformed ({error}). Mend the quotes there.") from error


def _json_lines(path: Path, stream: BinaryIO, columns: dict[str, str]) -> Iterator[Row]:
    for number, line in enumerate(decoded_lines(path, stream), start=1):
        if not line.strip():
            continue
        try:
            record: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{path}, row {number}: no JSON ({error}). Write one object a line.") from error
        if not isinstance(record, dict):
            raise CorpusError(f"{path}, row {number}: no JSON object. Write one object a line.")
        for flag, column in columns.items():
            if column not in record:
                raise _missing(f"{path}, row {number}", flag, column, list(record))
        name, label = (record[column] for column in columns.values())
        yield name, label


def _parquet(path: Path, stream: BinaryIO, columns: dict[str, str]) -> Iterator[Row]:
    with needs_extra("tables"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    try:
        table = pq.ParquetFile(stream)
        found = table.schema_arrow.names
        for flag, column in columns.items():
            if found.count(column) != 1:
                raise _missing(str(path), flag, column, found)
        for batch in table.iter_batches(columns=list(columns.values())):
            name, label = (batch.column(column).to_pylist() for column in columns.values())
            yield from zip(name, label, strict=True)
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise CorpusError(f"{path}: no readable Parquet file ({reason}). Write it again.") from error
