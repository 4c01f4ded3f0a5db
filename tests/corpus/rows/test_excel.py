import datetime
import zipfile

import openpyxl
import pytest
import xlsxwriter

from charrnn.corpus.rows import Cell, ReadOptions, TableFile, read_blocks
from charrnn.errors import InputError


def write(path, rows):
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)


def read(path, **options):
    return list(read_blocks(TableFile(str(path), "xlsx", ReadOptions(**options))))


def test_cells_keep_values_and_number_formats(tmp_path):
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5)
    write(
        tmp_path / "t.xlsx", [["name", "n", "x", "d", 2020], ["Rossi", 7, 1.5, moment, True], [None, None, None, None]]
    )
    (block,) = read(tmp_path / "t.xlsx")
    assert block.columns == ["name", "n", "x", "d", "2020"] and [cell.value for cell in block.header][4] == 2020
    (row,) = block.rows
    assert [cell.value for cell in row] == ["Rossi", 7, 1.5, moment, True]
    assert row[0] == Cell("Rossi") and row[3].number_format == "yyyy-mm-dd h:mm:ss"
    assert block.column(1) == [7]


def test_blank_rows_between_others_are_rows_and_those_behind_them_are_none(tmp_path):
    write(tmp_path / "t.xlsx", [["name", "id"], ["a", 1], [], ["b"], [], [" "], [None, None], []])
    (block,) = read(tmp_path / "t.xlsx")
    assert [[cell.value for cell in row] for row in block.rows] == [
        ["a", 1],
        [None, None],
        ["b", None],
        [None, None],
        [" ", None],
    ]
    assert list(block.numbers) == [2, 3, 4, 5, 6]


def test_long_sheets_come_in_blocks(tmp_path):
    write(tmp_path / "t.xlsx", [["name"], *([f"n{i}"] if i % 1000 else [] for i in range(3000)), ["end"]])
    blocks = read(tmp_path / "t.xlsx")
    assert len(blocks) > 2 and [n for block in blocks for n in block.numbers] == list(range(2, 3003))
    assert [row[0].value for block in blocks for row in block.rows] == [
        f"n{i}" if i % 1000 else None for i in range(3000)
    ] + ["end"]


def edit(path, before, after):
    """Replace some XML of the first sheet of a workbook."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert before in contents["xl/worksheets/sheet1.xml"]
    contents["xl/worksheets/sheet1.xml"] = contents["xl/worksheets/sheet1.xml"].replace(before, after)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def test_formulas_are_the_values_that_were_computed_last(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["name", "twice", "empty", "array"])
        sheet.write_string(1, 0, "=no formula")
        sheet.write_formula(1, 1, "=1+1", None, 2)
        sheet.write_formula(1, 2, '=""', None, "x")
        sheet.write_array_formula(1, 3, 1, 3, "{=SUM(A1:A2)}", None, 3)
    edit(tmp_path / "t.xlsx", b'<f>""</f><v>x</v>', b'<f>""</f><v></v>')
    (row,) = read(tmp_path / "t.xlsx")[0].rows
    assert row == [Cell("=no formula"), Cell(2), Cell(""), Cell(3)]


def test_errors_are_no_text(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["name", "x"])
        sheet.write_formula(1, 0, "=NA()", None, "#N/A")
        sheet.write_string(1, 1, "#N/A")
    assert read(tmp_path / "t.xlsx")[0].rows == [[Cell("#N/A", "", True), Cell("#N/A")]]


def test_only_the_first_sheet_counts_and_a_wrong_size_does_not(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as workbook:
        for names in (["name", "Rossi", "Sato"], ["other", "x"]):
            workbook.add_worksheet().write_column(0, 0, names)
    edit(tmp_path / "t.xlsx", b'<dimension ref="A1:A3"/>', b'<dimension ref="A1"/>')
    assert read(tmp_path / "t.xlsx")[0].rows == [[Cell("Rossi")], [Cell("Sato")]]


def test_a_date_that_cannot_be_is_refused(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["name", "d"])
        sheet.write_number(1, 1, 1e10, workbook.add_format({"num_format": "yyyy-mm-dd"}))
    with pytest.raises(InputError, match=r"t\.xlsx: no readable Excel workbook .*outside the limits for dates"):
        read(tmp_path / "t.xlsx")


def test_a_workbook_with_a_password_is_told(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(InputError, match=r"t\.xlsx: is protected by a password, or an old \.xls"):
        read(tmp_path / "t.xlsx")


def test_a_formula_without_a_value_is_refused(tmp_path):
    write(tmp_path / "t.xlsx", [["name", "x"], ["Rossi", "=1+1"]])
    with pytest.raises(InputError, match=r"t\.xlsx, cell B2: a formula whose value is not in the file"):
        read(tmp_path / "t.xlsx")


def test_a_value_without_a_column_is_a_bad_row(tmp_path):
    write(tmp_path / "t.xlsx", [["name"], ["a"], ["b", None, 3], ["c"]])
    with pytest.raises(InputError, match=r"t\.xlsx, row 3: a value in column 3, which has no name in row 1"):
        read(tmp_path / "t.xlsx")
    (block,) = read(tmp_path / "t.xlsx", skip_bad_rows=True)
    assert list(block.numbers) == [2, 4] and len(block.bad_rows) == 1


def test_carriage_returns_are_read_as_such(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as workbook:
        workbook.add_worksheet().write_column(0, 0, ["name", "a\r\nb"])
    assert read(tmp_path / "t.xlsx")[0].rows == [[Cell("a\r\nb")]]


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04" + bytes(60)])
def test_what_is_no_workbook_is_an_input_error(tmp_path, content):
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(InputError, match=r"t\.xlsx: no readable Excel workbook") as caught:
        read(tmp_path / "t.xlsx")
    assert "\n" not in str(caught.value)


def test_an_empty_sheet_is_refused_and_a_header_alone_is_a_table(tmp_path):
    write(tmp_path / "t.xlsx", [])
    with pytest.raises(InputError, match=r"row 1: it is empty"):
        read(tmp_path / "t.xlsx")
    write(tmp_path / "t.xlsx", [["name"]])
    assert [block.rows for block in read(tmp_path / "t.xlsx")] == [[]]
