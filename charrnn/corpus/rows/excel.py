"""Excel workbooks: the cells of one sheet."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Any, BinaryIO

from charrnn.corpus.rows.blocks import Cell, SheetBlock
from charrnn.corpus.rows.table_file import TableFile
from charrnn.errors import InputError, needs_extra

BLOCK_ROWS = 1024
GENERAL = "General"
"""The number format of a cell that has none."""
CARRIAGE_RETURN = "_x000D_"
"""How a carriage return stands in the XML of a workbook."""


def read_sheet(file: TableFile, stream: BinaryIO) -> Iterator[SheetBlock]:
    """Read a sheet of a workbook, the first one if none is named; arguments and errors are those of
    :func:`charrnn.corpus.rows.reading.read_blocks`.

    The first row has the names of the columns. Blank rows behind the last row with a value are no rows.
    """
    sheets: list[str] = []
    rows = _rows(file, stream, sheets)
    header = _without_blanks(next(rows, []))
    if not header:
        raise InputError(f"{sheet_told(file, sheets)}, row 1: it is empty. Write the names of the columns there.")
    columns = ["" if cell.value is None else str(cell.value) for cell in header]
    first, blank = 2, 0  # number of the next row of the sheet; blank rows before it that were not given out yet
    while True:
        block = list(islice(rows, BLOCK_ROWS))
        if not block and first > 2:
            return
        numbers: list[int] = []
        cells: list[list[Cell]] = []
        bad_rows: list[str] = []
        for number, row in enumerate(block, start=first):
            trimmed = _without_blanks(row)
            if not trimmed:
                blank += 1
                continue
            numbers.extend(range(number - blank, number))
            cells.extend([Cell(None)] * len(columns) for _ in range(blank))
            blank = 0
            if len(trimmed) <= len(columns):
                numbers.append(number)
                cells.append([*trimmed, *[Cell(None)] * (len(columns) - len(trimmed))])
                continue
            message = f"{file}, row {number}: a value in column {len(trimmed)}, which has no name in row 1"
            if not file.options.skip_bad_rows:
                raise InputError(f"{message}. Give it one, or mend the row; or set --bad-rows skip.")
            bad_rows.append(message)
        yield SheetBlock(numbers, columns, header, cells, bad_rows, sheets)
        if not block:
            return
        first += len(block)


def sheet_told(file: TableFile, sheets: list[str]) -> str:
    """The file, for messages; where a workbook has several sheets and none was named, with their names."""
    if file.options.sheet is not None or len(sheets) < 2:
        return str(file)
    return f"{file}, sheet {sheets[0]!r} (--sheet takes {', '.join(sheets[1:])[:200]})"


def _rows(file: TableFile, stream: BinaryIO, sheets: list[str]) -> Iterator[list[Cell]]:
    """The rows of the sheet, from the first one on, with as many cells as were written; the names of all sheets go to
    ``sheets``."""
    with needs_extra("excel"):
        import openpyxl
    content = stream.read()
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{file}: is protected by a password, or an old .xls. Save it as .xlsx without a password.")
    try:
        # Computed values and formulas are two views of the same cells.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts of the workbook that are not read
            views = [_sheet(openpyxl, file, content, data_only) for data_only in (True, False)]
            sheets += [sheet.title for sheet in views[0].parent.worksheets]
            pairs = zip_longest(*(sheet.iter_rows() for sheet in views), fillvalue=())
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.filterwarnings("error", ".*outside the limits for dates")  # else the value is lost
                block = [
                    [_cell(file, *both) for both in zip(values, formulas, strict=True)]
                    for values, formulas in islice(pairs, BLOCK_ROWS)
                ]
            if not block:
                return
            yield from block
    except InputError:
        raise
    except Exception as error:  # openpyxl lets errors of ZIP, XML and its own checks through
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InputError(f"{file}: no readable Excel workbook ({reason}). Save it again as .xlsx.") from error


def _sheet(openpyxl: Any, file: TableFile, content: bytes, data_only: bool) -> Any:
    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
    if not workbook.worksheets:
        raise ValueError("no sheet with cells")
    wanted, titles = file.options.sheet, [sheet.title for sheet in workbook.worksheets]
    if wanted is not None and wanted not in titles:
        raise InputError(f"{file}: no sheet {wanted!r}; found {', '.join(titles)[:200]}. Set --sheet to one of them.")
    sheet = workbook.worksheets[0 if wanted is None else titles.index(wanted)]
    sheet.reset_dimensions()  # some programs write wrong ones
    return sheet


def _cell(file: TableFile, computed: Any, written: Any) -> Cell:
    """A cell, of its two views."""
    value = computed.value
    if isinstance(value, str):
        value = value.replace(CARRIAGE_RETURN, "\r")
    if written.data_type == "f" and value is None:
        if computed.data_type != "str":
            raise InputError(
                f"{file}, cell {written.coordinate}: a formula whose value is not in the file. Open the file in a "
                "spreadsheet and save it there, or replace the formula by its value."
            )
        value = ""  # a formula that gives no character
    number_format = getattr(computed, "number_format", None) or GENERAL
    return Cell(value, "" if number_format == GENERAL else number_format, computed.data_type == "e")


def _without_blanks(row: list[Cell]) -> list[Cell]:
    """The cells up to the last one with a value."""
    last = max((i for i, cell in enumerate(row, start=1) if cell.value is not None), default=0)
    return row[:last]
