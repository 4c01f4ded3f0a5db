import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charrnn.corpus import lines
from charrnn.corpus.rows import ReadOptions, TableFile, delimited, read_blocks
from charrnn.corpus.rows.delimited import find_delimiter
from charrnn.errors import InputError


def read(path, **options):
    table_format = "tsv" if ".tsv" in path.name else "csv"
    return list(read_blocks(TableFile(str(path), table_format, ReadOptions(**options))))


# All cells are quoted: unquoted, an empty cell alone would be a blank line, and a carriage return would end the row.
cell = st.text('ab",;|\t\n\r é漢', max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 3).flatmap(
        lambda n: st.lists(st.lists(cell, min_size=n, max_size=n), max_size=9).map(lambda r: (n, r))
    ),
    st.sampled_from([",", ";", "\t", "|", "^"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 9),
    st.integers(1, 4),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
def test_cells_come_back_as_they_were_written(tmp_path, table, delimiter, end, chunk, block, encoding):
    width, cells = table
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([[f"c{i}" for i in range(width)], *cells])
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_CHUNK", chunk)
        patch.setattr(delimited, "BLOCK_ROWS", block)
        blocks = read(path, delimiter=delimiter, encoding=encoding)
    assert [row for part in blocks for row in part.rows] == cells
    assert {tuple(part.columns) for part in blocks} == {tuple(f"c{i}" for i in range(width))}
    assert [number for part in blocks for number in part.numbers] == list(range(2, 2 + len(cells)))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_delimiters_are_found_out(tmp_path, delimiter, name):
    rows = [["id", "name", "note"], ["1", "O'Neil, Jr; a|b\tc", "1,5"], ["2", "Rossi", ""], ["3", "Sa\nto", "2;5"]]
    with (tmp_path / name).open("w", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    (block,) = read(tmp_path / name)
    assert [block.columns, *block.rows] == rows and block.delimiter == delimiter


@pytest.mark.parametrize(
    ("lines", "usual", "delimiter"),
    [
        (["name;x,country\n", "Nowak,PL\n"], ",", ","),
        (["name;price\n", "A;1,5\n", "B;2,5\n"], ",", ";"),
        (["name;price, net\n", "A;1\n", "B;2\n"], ",", ";"),
        (["name\n", "Smith, John\n"], ",", ","),
        (["a\tb,c\n", "1\t2,3\n"], "\t", "\t"),
        (["a,b;c,d\n"], ",", ","),
        (["a|b\n"], ",", "|"),
        (["Name (a;b)\n", "Rossi\n"], ",", ","),
        (["surname, first name\n", "Rossi, Mario\n"], "\t", "\t"),
        (["Name;Price, EUR\n", "A;1,50\n"], ",", ";"),
        (["id, name\n", "1, Rossi\n"], ",", ","),
        ([], ",", ","),
        (['"name";" "\n', '"Rossi";""\n'], ",", ";"),  # a column whose name is blank
    ],
)
def test_the_delimiter_that_fits_most_rows_is_taken(lines, usual, delimiter):
    assert find_delimiter(lines, usual) == delimiter


def test_a_sample_that_ends_inside_a_cell_does_not_mislead():
    rows = ["a;b\n"] + ["1;2\n"] * (delimited.SAMPLE_LINES - 3) + ['"1;\n', '2,";']
    assert find_delimiter(rows, ",") == ";"


def test_a_told_delimiter_is_taken(tmp_path):
    (tmp_path / "t.csv").write_text("a,b^c\n1,2^3\n")
    assert read(tmp_path / "t.csv", delimiter="^")[0].columns == ["a,b", "c"]


def test_a_blank_line_is_a_row_of_one_column_and_a_bad_row_of_several(tmp_path):
    (tmp_path / "one.csv").write_text("name\nRossi\n\nSato\n\n")
    assert read(tmp_path / "one.csv")[0].rows == [["Rossi"], [""], ["Sato"], [""]]
    (tmp_path / "two.csv").write_text("id,name\n1,Rossi\n\n2,Sato\n")
    with pytest.raises(InputError, match=r"two\.csv, row 3: a blank line\. Remove it; or set --bad-rows skip"):
        read(tmp_path / "two.csv")
    (block,) = read(tmp_path / "two.csv", skip_bad_rows=True)
    assert block.rows == [["1", "Rossi"], ["2", "Sato"]] and list(block.numbers) == [2, 4]


def test_a_carriage_return_ends_a_row(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"id,name\r1,Rossi\r2,Sato\r")
    assert read(tmp_path / "t.csv")[0].rows == [["1", "Rossi"], ["2", "Sato"]]


def test_a_table_without_rows_gives_its_columns(tmp_path):
    (tmp_path / "t.csv").write_text("id,name\n")
    (block,) = read(tmp_path / "t.csv")
    assert (block.columns, block.rows) == (["id", "name"], [])


def test_a_header_is_kept_as_it_is(tmp_path):
    (tmp_path / "t.csv").write_text("id, Name ,,\n1,Rossi,,\n")
    assert read(tmp_path / "t.csv")[0].columns == ["id", " Name ", "", ""]


BEFORE = 'id,name\n1,"a\nb"\n2,c\n3,"d\r\ne"\n'
"""Rows 1 to 4 on lines 1 to 6."""


@pytest.mark.parametrize("block", [1, 2, 3, 512])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BEFORE + "4\n", r"row 5 \(line 7\): 1 cells where the header has 2\. Put quotes"),
        (BEFORE + "4,b,c\n5,e\n", r"row 5 \(line 7\): 3 cells"),
        (BEFORE + "\n5,e\n", r"row 5 \(line 7\): a blank line"),
        (BEFORE + '4,"b"c\n5,e\n', r"row 5 \(line 7, column 6\): malformed, text behind a closing quote"),
        ('id,name\n4,"b""c\n5,e\n', r"row 2 \(line 2, column 3\): malformed, a quote that is never closed"),
        (BEFORE + '4,"b\nxy"z,\n5,e\n', r"row 5 \(line 8, column 4\): malformed, text behind a closing quote"),
        (BEFORE + '4,"b\n5,e\n', r"row 5 \(line 7, column 3\): malformed, a quote that is never closed"),
        ('"id,name\n', r"row 1 \(line 1, column 1\): malformed, a quote that is never closed"),
        ("id,name\n1,a\n2\n", r"row 3: 1 cells"),
        ("\n1,a\n", r"row 1: it is empty"),
        ("", r"row 1: it is empty"),
    ],
)
def test_a_bad_row_is_named_by_row_line_and_column(tmp_path, monkeypatch, content, message, block):
    monkeypatch.setattr(delimited, "BLOCK_ROWS", block)
    (tmp_path / "t.csv").write_bytes(content.encode())
    with pytest.raises(InputError, match=rf"t\.csv, {message}") as caught:
        read(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("block", [1, 2, 3, 512])
def test_bad_rows_that_are_skipped_are_told_and_the_others_keep_their_numbers(tmp_path, monkeypatch, block):
    monkeypatch.setattr(delimited, "BLOCK_ROWS", block)
    (tmp_path / "t.csv").write_text('id,name\n1,a\n2\n3,"b"c\n4,d\n\n5,e,f\n6,"g"h\n')
    blocks = read(tmp_path / "t.csv", skip_bad_rows=True)
    assert [row for part in blocks for row in part.rows] == [["1", "a"], ["4", "d"]]
    assert [number for part in blocks for number in part.numbers] == [2, 5]
    told = [line.split(", ", 1)[1] for part in blocks for line in part.bad_rows]
    assert [line.split(" ")[1].strip(":") for line in told] == ["3", "4", "6", "7", "8"]
    assert "1 cells" in told[0] and "closing quote" in told[1] and "blank" in told[2] and "3 cells" in told[3]


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("", r"row 3 \(line 3, column 3\): malformed, a quote that is never closed"),
        ('9,"x"y\n', r"row 3 \(line 6, column 4\): malformed, text behind a closing quote"),
        ('9",x\n', "row 3: 3 cells where the header has 2, over 4 lines"),
    ],
)
def test_a_quote_that_swallows_good_rows_is_refused_even_so(tmp_path, rest, message):
    (tmp_path / "t.csv").write_text('id,name\n1,a\n2,"b\n3,c\n4,d\n' + rest)
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / "t.csv", skip_bad_rows=True)
    assert "--bad-rows" not in str(caught.value)


def test_many_malformed_rows_are_told_by_their_line(tmp_path):
    (tmp_path / "t.csv").write_text("id,name\n" + '1,"a"b\n' * 30)
    told = [line for part in read(tmp_path / "t.csv", skip_bad_rows=True) for line in part.bad_rows]
    assert (
        len(told) == 30
        and "(line 2, column 6)" in told[0]
        and told[29].endswith("t.csv, row 31 (line 31): malformed, text behind a closing quote")
    )


def test_files_of_old_macs_are_read_chunk_by_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "_CHUNK", 16)
    monkeypatch.setattr(delimited, "LONGEST_ROW", 100)
    (tmp_path / "t.csv").write_bytes(b"id,name\r" + b"1,Rossi\r" * 100)
    assert [row for part in read(tmp_path / "t.csv") for row in part.rows] == [["1", "Rossi"]] * 100


def test_a_line_and_a_cell_may_be_long(tmp_path):
    (tmp_path / "t.csv").write_text(f'name\n"{"x" * 1_500_000}\n"\n')
    assert len(read(tmp_path / "t.csv")[0].rows[0][0]) == 1_500_001
