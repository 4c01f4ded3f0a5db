import datetime
import io

import openpyxl
import pytest

from charrnn.corpus.rows import Cell, TableFile, read_blocks
from charrnn.errors import SettingsError
from charrnn.tables.workbook import check_header, check_size, pack_row, write_workbook

CELLS = [
    Cell("Rossi"),
    Cell("=no formula"),
    Cell("https://example.org"),
    Cell(7, "0.00"),
    Cell(1.5, "0%"),
    Cell(True),
    Cell(None),
    Cell(datetime.datetime(2020, 1, 2, 3, 4, 5), "dd/mm/yyyy hh:mm:ss"),
    Cell(datetime.time(3, 4, 5), "hh:mm:ss"),
    Cell("#N/A", "", True),
    Cell("#DIV/0!", "0.00", True),
    Cell("#N/A is a text"),
    Cell(0.1 + 0.2),
    Cell(-1e-300),
    Cell(2**53),
    Cell("é😀" * 100),
    Cell("  spaces and\nlines\t\r\n "),
]


def written(header, rows, path):
    with path.open("wb") as stream:
        write_workbook(stream, header, [pack_row(row, "row").encode() for row in rows])
    return path


def test_cells_come_back_as_they_were(tmp_path):
    path = written([Cell(2020), *map(str, range(1, len(CELLS)))], [CELLS], tmp_path / "t.xlsx")
    (block,) = read_blocks(TableFile(str(path), "xlsx"))
    assert block.rows == [CELLS] and block.header[0] == Cell(2020)


def test_plain_values_are_cells_too(tmp_path):
    path = written(["a", "b", "c", "d"], [["=x", 1.5, None, False]], tmp_path / "t.xlsx")
    assert list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))[1] == ("=x", 1.5, None, False)
    assert openpyxl.load_workbook(path).worksheets[0]["A2"].data_type == "s"


def test_durations_keep_their_length(tmp_path):
    span = datetime.timedelta(hours=30, seconds=5)
    path = written(["name", "d"], [["a", Cell(span, "[h]:mm:ss")]], tmp_path / "t.xlsx")
    (block,) = read_blocks(TableFile(str(path), "xlsx"))
    assert block.rows[0][1].value == span


@pytest.mark.parametrize("value", ["a\x00", 2**60, "x" * 40_000, "😀" * 16_384, "<r>a</r>", float("nan"), "_x0041_"])
def test_what_a_cell_cannot_hold_is_refused_with_row_and_column(value):
    for cell in (Cell(value), value):
        with pytest.raises(SettingsError, match=r"--output: row 7, column 2: .*\. Take \.csv or \.parquet"):
            pack_row(["a", cell], "row 7")
    with pytest.raises(SettingsError, match="row 1, column 1"):
        check_header([value])


def test_a_disk_that_is_full_is_an_os_error():
    class Full(io.BytesIO):
        def write(self, content):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_workbook(Full(), ["name"], [])


def test_a_sheet_has_its_limits():
    check_size(1_048_575, 16_384)
    for size in ((1_048_576, 1), (1, 16_385)):
        with pytest.raises(SettingsError, match="a sheet of Excel has 1,048,576 rows"):
            check_size(*size)
