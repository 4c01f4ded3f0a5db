"""Excel workbooks as output: rows lie in parts as JSON, and become cells of a sheet when the parts are joined."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO

from charrnn.corpus.rows import Cell
from charrnn.errors import SettingsError, needs_extra
from charrnn.tables.values import excel_value

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Of a sheet, the header included."""
_DATES: dict[str, Any] = {"datetime": datetime.datetime, "date": datetime.date, "time": datetime.time}
_FORMATS = {"datetime": "yyyy-mm-dd hh:mm:ss", "date": "yyyy-mm-dd", "time": "hh:mm:ss", "duration": "[h]:mm:ss"}


def pack_row(cells: Iterable[Any], where: str) -> str:
    """A row as a line of JSON.

    Args:
        cells: values of :func:`charrnn.tables.values.excel_value`, or a :class:`Cell` each.
        where: the row, for messages.

    Raises:
        SettingsError: Excel cannot hold a cell.
    """
    packed = []
    for column, cell in enumerate(cells, start=1):
        try:
            packed.append(_packed(cell) if isinstance(cell, Cell) else excel_value(cell))
        except ValueError as error:
            raise SettingsError(f"--output: {where}, column {column}: {error}. Take .csv or .parquet.") from error
    return json.dumps(packed, ensure_ascii=False)


def check_header(cells: Iterable[Any]) -> None:
    """Check that a sheet can hold the cells of its first row.

    Raises:
        SettingsError: it cannot.
    """
    pack_row(cells, "row 1")


def write_workbook(stream: BinaryIO, header: Iterable[Any], lines: Iterable[bytes], folder: str | None = None) -> None:
    """Write a workbook with one sheet; equal rows give equal bytes.

    Args:
        stream: to write to.
        header: cells of the first row, as for :func:`pack_row`.
        lines: the other rows, each of :func:`pack_row`.
        folder: for temporary files, which are as large as the sheet.

    Raises:
        OSError: it cannot be written.
    """
    with needs_extra("excel"):
        import xlsxwriter
        import xlsxwriter.exceptions
    import xlsxwriter.worksheet

    class Worksheet(xlsxwriter.worksheet.Worksheet):  # type: ignore[misc]
        """Writes numbers with all their digits; XlsxWriter rounds to 16."""

        def _xml_number_element(self, number: float, attributes: Any = ()) -> None:
            attributes = "".join(f' {key}="{value}"' for key, value in attributes)
            self.fh.write(f"<c{attributes}><v>{number!r}</v></c>")

    target = _Target(stream)
    options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
    workbook = xlsxwriter.Workbook(target, options)
    workbook.set_properties({"created": datetime.datetime(2000, 1, 1)})  # without the time of writing
    sheet = workbook.add_worksheet(worksheet_class=Worksheet)
    formats: dict[str, Any] = {}
    try:
        rows: Iterator[list[Any]] = map(json.loads, lines)
        for row, cells in enumerate(chain([json.loads(pack_row(header, "row 1"))], rows)):
            _write_row(workbook, sheet, formats, row, cells)
        workbook.close()
        if target.error is not None:
            raise target.error
    except xlsxwriter.exceptions.XlsxFileError as error:
        raise OSError(str(error)) from error


def check_size(rows: int, columns: int) -> None:
    """Check that a sheet has room for rows, the header not counted, and columns.

    Raises:
        SettingsError: it has not.
    """
    if rows >= MOST_ROWS or columns > MOST_COLUMNS:
        raise SettingsError(
            f"--output: a sheet of Excel has {MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns at most. Take .csv or "
            ".parquet."
        )


def _packed(cell: Cell) -> Any:
    """A cell as JSON: its value, or an object with what else belongs to it."""
    value = cell.value
    packed: dict[str, Any] = {}
    for kind, type_ in _DATES.items():
        if isinstance(value, type_):
            packed, value = {"type": kind}, value.isoformat()
            break
    if isinstance(value, datetime.timedelta):
        packed, value = {"type": "duration"}, value.total_seconds()
    elif cell.is_error:
        packed = {"type": "error"}
    packed["value"] = excel_value(value)
    packed |= {"format": cell.number_format} if cell.number_format else {}
    return packed if len(packed) > 1 else packed["value"]


def _write_row(workbook: Any, sheet: Any, formats: dict[str, Any], row: int, cells: list[Any]) -> None:
    for column, cell in enumerate(cells):
        packed = cell if isinstance(cell, dict) else {"value": cell}
        value, kind = packed["value"], packed.get("type")
        notation = packed.get("format") or _FORMATS.get(kind or "")
        if notation and notation not in formats:
            formats[notation] = workbook.add_format({"num_format": notation})
        style = formats[notation] if notation else None
        written = 0
        if kind == "error":
            written = sheet.write_formula(row, column, f"={value}", style, value)  # Excel has errors as results alone
        elif kind == "duration":
            written = sheet.write_datetime(row, column, datetime.timedelta(seconds=value), style)
        elif kind:
            written = sheet.write_datetime(row, column, _DATES[kind].fromisoformat(value), style)
        elif isinstance(value, bool):
            written = sheet.write_boolean(row, column, value, style)
        elif isinstance(value, int | float):
            written = sheet.write_number(row, column, value, style)
        elif isinstance(value, str):
            # An empty text is written as a blank cell, which Excel shows and reads the same.
            written = sheet.write_string(row, column, value, style)
        assert written == 0, f"row {row + 1}, column {column + 1}: {cell!r} was not written"


class _Target:
    """A stream that keeps the first error of writing for later: XlsxWriter leaves a half-open ZIP file behind it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, content: bytes) -> int:
        """Write, unless it has failed before."""
        if self.error is None:
            try:
                self.stream.write(content)
            except OSError as error:
                self.error = error
        return len(content)
