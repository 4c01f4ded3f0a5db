"""Parquet: batches of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from charrnn.corpus.rows.blocks import ArrowBlock
from charrnn.corpus.rows.table_file import TableFile
from charrnn.errors import InputError, needs_extra

Choose = Callable[[Sequence[str]], list[int]]
"""From the names of all columns to the positions of those to read."""


def read_parquet(file: TableFile, stream: BinaryIO, choose: Choose | None) -> Iterator[ArrowBlock]:
    """Read Parquet; arguments and errors are those of :func:`charrnn.corpus.rows.reading.read_blocks`."""
    with needs_extra("tables"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    first = 1
    try:
        with pq.ParquetFile(stream) as table:
            schema = table.schema_arrow
            columns = None if choose is None else [schema.names[i] for i in dict.fromkeys(choose(schema.names))]
            for batch in table.iter_batches(columns=columns):
                yield ArrowBlock(range(first, first + len(batch)), batch)
                first += len(batch)
    except (pa.ArrowException, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # of the disk; those of a damaged file have no number
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"{file}: no readable Parquet file ({reason}). Write it again.") from error
    if first == 1:
        chosen = schema if columns is None else pa.schema([schema.field(column) for column in columns])
        yield ArrowBlock(range(1, 1), pa.RecordBatch.from_arrays([[]] * len(chosen), schema=chosen))
