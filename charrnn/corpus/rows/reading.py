"""Reading a file of rows, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from charrnn.corpus.lines import UTF8, TextLines, open_input, shown
from charrnn.corpus.rows.blocks import Block, RecordBlock, SheetBlock
from charrnn.corpus.rows.columnar import Choose, read_parquet
from charrnn.corpus.rows.delimited import read_delimited
from charrnn.corpus.rows.excel import read_sheet, sheet_told
from charrnn.corpus.rows.json_rows import read_json_array, read_json_lines
from charrnn.corpus.rows.table_file import TableFile, find_column

LONGEST_LINE = 1_000_000
"""Characters of a line of a list; a longer one is no name."""

_READERS: dict[str, Callable[[TableFile, BinaryIO], Iterator[Block]]] = {
    "csv": read_delimited,
    "tsv": read_delimited,
    "jsonl": read_json_lines,
    "json": read_json_array,
    "xlsx": read_sheet,
}


def read_blocks(file: TableFile, choose: Choose | None = None) -> Iterator[Block]:
    """Read a table block by block.

    Args:
        file: to be read.
        choose: gives, for the names of the columns, the positions of those to read; used where leaving out the others
            saves time, which is in Parquet.

    Yields:
        Blocks in the order of the file. A table without rows gives one block without rows, unless it is JSON.

    Raises:
        InputError: the file cannot be read or is malformed.
        SettingsError: the options do not fit the format.
        MissingExtraError: the package that reads this format is not installed.
    """
    file.options.check_format(file.table_format)
    with open_input(file.path) as stream:
        if file.table_format == "parquet":
            yield from read_parquet(file, stream, choose)
        else:
            yield from _READERS[file.table_format](file, stream)


class Columns(NamedTuple):
    """Some columns of consecutive rows, and a line about each row among them that was left out as malformed."""

    values: list[Sequence[object]]
    bad_rows: list[str]


def read_columns(file: TableFile, wanted: Mapping[str, str]) -> Iterator[Columns]:
    """Read some columns of a table.

    Args:
        file: to be read.
        wanted: by flag, the names of the columns.

    Raises:
        InputError: as :func:`read_blocks`, and where a column is missing.
        SettingsError, MissingExtraError: as :func:`read_blocks`.
    """

    def choose(columns: Sequence[str], where: str = str(file)) -> list[int]:
        return [find_column(where, columns, name, flag) for flag, name in wanted.items()]

    keys: list[str] = []
    for block in read_blocks(file, choose):
        if not isinstance(block, RecordBlock):
            where = sheet_told(file, block.sheets) if isinstance(block, SheetBlock) else str(file)
            yield Columns([block.column(position) for position in choose(block.columns, where)], block.bad_rows)
            continue
        if block.records and not keys:
            columns = block.columns
            keys = [columns[position] for position in choose(columns)]
        # Records may lack a key that others have.
        values: list[Sequence[object]] = [[record.get(key) for record in block.records] for key in keys]
        yield Columns(values or [[]] * len(wanted), block.bad_rows)


def read_lines(path: str | Path, encoding: str = UTF8) -> Iterator[str]:
    """The lines of a text without their ends, blank ones too; a byte order mark is left out.

    Raises:
        InputError: the file cannot be read, is binary or in another encoding, or has a line over :data:`LONGEST_LINE`.
    """
    with open_input(path) as stream:
        for line in TextLines(shown(path), stream, encoding, "\n", LONGEST_LINE):
            yield line.rstrip("\r\n")
