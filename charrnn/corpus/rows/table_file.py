"""A file of rows: its format, how to read it, and how its columns are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charrnn.arguments import text
from charrnn.corpus.lines import UTF8, check_encoding, shown
from charrnn.errors import InputError, SettingsError

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
"""Format of a table by suffix."""
DELIMITERS = {"csv": ",", "tsv": "\t"}
"""What separates the cells of a format, where nothing else is found or told."""
BINARY = ("parquet", "xlsx")
"""Formats that are not text and are compressed already."""
_SPELLED = {"\\t": "\t", "tab": "\t"}
"""A tab is hard to type in a shell."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file of rows.

    Attributes:
        delimiter: between the cells of CSV and TSV, one sign of ASCII; None finds out whether it is a comma,
            a semicolon, a tab or a pipe.
        encoding: of text; Parquet and Excel have their own.
        skip_bad_rows: leave out rows that are malformed, and tell them, instead of refusing the file.
        sheet: of a workbook; None is the first one.

    Raises:
        SettingsError: no such encoding, or a delimiter that cannot be one.
    """

    delimiter: str | None = None
    encoding: str = UTF8
    skip_bad_rows: bool = False
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            delimiter = _SPELLED.get(text("--delimiter", self.delimiter), self.delimiter)
            if len(delimiter) != 1 or not delimiter.isascii() or delimiter.isalnum() or delimiter in '"\r\n\0.+-':
                raise SettingsError(f"--delimiter {self.delimiter!r}: must be one sign of ASCII, such as ; or tab.")
            object.__setattr__(self, "delimiter", delimiter)
        object.__setattr__(self, "encoding", check_encoding(text("--encoding", self.encoding)))

    def check_format(self, table_format: str | None) -> None:
        """Check that the format, None for plain lists, has what the options tell.

        Raises:
            SettingsError: a delimiter for a format without one, an encoding for one that has its own, or a sheet where
                there are none.
        """
        if self.delimiter is not None and table_format not in DELIMITERS:
            raise SettingsError("--delimiter: is for CSV and TSV. Leave it out.")
        if self.encoding != UTF8 and table_format in BINARY:
            raise SettingsError(f"--encoding: is for text, not for {table_format}. Leave it out.")
        if self.sheet is not None and table_format != "xlsx":
            raise SettingsError("--sheet: is for Excel workbooks. Leave it out.")


@dataclass(frozen=True)
class TableFile:
    """A file that holds a table.

    Attributes:
        path: of the file; ``-`` is standard input.
        table_format: one of the values of :data:`FORMATS`.
        options: how to read it.
        alias: what messages call it; by default its path.
    """

    path: str
    table_format: str
    options: ReadOptions = ReadOptions()
    alias: str = ""

    def __str__(self) -> str:
        return self.alias or shown(self.path)


def format_of(path: str | Path) -> str | None:
    """The format of table that the suffix of a path tells, ``.gz`` left out; None if it tells none."""
    return FORMATS.get(Path(str(path).removesuffix(".gz")).suffix.lower())


def find_column(where: str, columns: Sequence[str], wanted: str, flag: str) -> int:
    """Position of a column. Letter case and white space around its name count only where several columns fit.

    Args:
        where: the table, for messages.
        columns: names of its columns.
        wanted: name of the column.
        flag: that names the column.

    Raises:
        InputError: no column fits, or more than one.
    """
    fitting = [i for i, column in enumerate(columns) if column == wanted]
    if not fitting:
        fitting = [i for i, column in enumerate(columns) if column.strip().casefold() == wanted.strip().casefold()]
    if not fitting:
        raise InputError(f"{where}: no column {wanted!r}; found {', '.join(columns)[:200]}. Set {flag}.")
    if len(fitting) > 1:
        names = sorted({repr(columns[i]) for i in fitting})
        if len(names) == 1:
            raise InputError(f"{where}: the column {names[0]} stands twice. Rename one of them.")
        raise InputError(f"{where}: {' and '.join(names)} fit the column {wanted!r}. Set {flag} to one of them.")
    return fitting[0]
