"""Consecutive rows of a table, in the form that suits its format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast


@dataclass(frozen=True)
class TextBlock:
    """Rows of CSV or TSV, whose cells are text as it stands in the file.

    Attributes:
        numbers: of the rows.
        columns: names of the columns.
        rows: cells of each row, as many as there are columns.
        delimiter: of the file.
        bad_rows: a line about each malformed row that was left out.
    """

    numbers: Sequence[int]
    columns: list[str]
    rows: list[list[str]]
    delimiter: str
    bad_rows: list[str] = field(default_factory=list)

    def column(self, position: int) -> Sequence[object]:
        """The cells of a column."""
        return [row[position] for row in self.rows]


@dataclass(frozen=True)
class RecordBlock:
    """Rows of JSON: objects, whose keys may differ.

    Attributes:
        numbers: of the rows; in JSON Lines, of the lines.
        records: the objects as Python values; a number with a fraction or an exponent is a
            :class:`charrnn.corpus.rows.json_rows.LiteralFloat`.
        texts: the objects as they stand in the file.
        bad_rows: as of :class:`TextBlock`.
    """

    numbers: Sequence[int]
    records: list[dict[str, Any]]
    texts: list[str]
    bad_rows: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """The keys of all records, in the order in which they first occur."""
        return list(dict.fromkeys(key for record in self.records for key in record))


@dataclass(frozen=True)
class ArrowBlock:
    """Rows of Parquet.

    Attributes:
        numbers: of the rows.
        batch: a ``pyarrow.RecordBatch``.
        bad_rows: none; a Parquet file is read or not.
    """

    numbers: Sequence[int]
    batch: Any
    bad_rows: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return cast(list[str], self.batch.schema.names)

    def column(self, position: int) -> Sequence[object]:
        """The values of a column as Python objects."""
        return cast(list[object], self.batch.column(position).to_pylist())


class Cell(NamedTuple):
    """A cell of an Excel workbook.

    Attributes:
        value: text, a number, a truth value, a date, a time, a duration, or None; of a formula, what was computed last.
        number_format: how Excel shows the value, in its own notation; empty for the general format.
        is_error: whether the value is an error, such as ``#N/A``, and no text.
    """

    value: object
    number_format: str = ""
    is_error: bool = False


@dataclass(frozen=True)
class SheetBlock:
    """Rows of a sheet of an Excel workbook.

    Attributes:
        numbers: of the rows in the sheet.
        columns: names of the columns.
        header: the cells that the names stand in.
        rows: cells of each row, as many as there are columns.
        bad_rows: as of :class:`TextBlock`.
        sheets: the names of all sheets of the workbook, in order.
    """

    numbers: Sequence[int]
    columns: list[str]
    header: list[Cell]
    rows: list[list[Cell]]
    bad_rows: list[str] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)

    def column(self, position: int) -> Sequence[object]:
        """The values of a column."""
        return [row[position].value for row in self.rows]


Block = TextBlock | RecordBlock | ArrowBlock | SheetBlock
