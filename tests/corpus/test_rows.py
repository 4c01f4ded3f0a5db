import csv
import errno
import gzip
import io
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charrnn.corpus import lines, rows
from charrnn.errors import InputError

REQUIRED = {"--name-column": "name"}


def read(path, table_format=None, required=None):
    return list(rows.read_blocks(path, table_format or rows.format_of(path), required))


@pytest.mark.parametrize(
    ("path", "table_format"),
    [
        ("a.csv", "csv"),
        ("A.TSV.gz", "tsv"),
        ("b.ndjson", "jsonl"),
        ("c.parquet", "parquet"),
        ("-", None),
        ("a.txt", None),
        ("a.csv.zip", None),
        ("de.la.Cruz", None),
        ("csv", None),
    ],
)
def test_the_suffix_tells_the_format(path, table_format):
    assert rows.format_of(path) == table_format


# All cells are quoted: unquoted, an empty cell alone would be a blank line, and a carriage return would end the row.
cell = st.text('ab",;\t\n\r é漢', max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 3).flatmap(
        lambda n: st.lists(st.lists(cell, min_size=n, max_size=n), max_size=9).map(lambda r: (n, r))
    ),
    st.sampled_from([",", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 9),
    st.integers(1, 4),
)
def test_cells_come_back_as_they_were_written(tmp_path, monkeypatch, table, delimiter, end, chunk, block):
    width, cells = table
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([[f"c{i}" for i in range(width)], *cells])
    path = tmp_path / ("t.csv" if delimiter == "," else "t.tsv")
    path.write_bytes(b"\xef\xbb\xbf" + text.getvalue().encode())
    monkeypatch.setattr(lines, "_CHUNK", chunk)
    monkeypatch.setattr(rows, "BLOCK_ROWS", block)
    blocks = read(path)
    assert [row for part in blocks for row in part.rows] == cells
    assert {tuple(part.columns) for part in blocks} == {tuple(f"c{i}" for i in range(width))}
    assert [part.first for part in blocks] == [2 + block * i for i in range(len(blocks))]


def test_blank_lines_of_a_csv_are_no_rows(tmp_path):
    (tmp_path / "t.csv").write_text('id,name\n\n1,Rossi\n\r\n2,"Sa\n\nto"\n\n')
    (block,) = read(tmp_path / "t.csv")
    assert block.rows == [["1", "Rossi"], ["2", "Sa\n\nto"]]
    assert block.column("name") == ["Rossi", "Sa\n\nto"]


def test_a_carriage_return_ends_a_row(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"id,name\r1,Rossi\r2,Sato\r")
    assert read(tmp_path / "t.csv")[0].rows == [["1", "Rossi"], ["2", "Sato"]]


def test_a_table_without_rows_gives_its_columns(tmp_path):
    (tmp_path / "t.csv").write_text("id,name\n")
    (block,) = read(tmp_path / "t.csv")
    assert (block.columns, block.rows) == (["id", "name"], [])


def test_a_header_is_kept_as_it_is_unless_columns_are_required(tmp_path):
    (tmp_path / "t.csv").write_text("id, name \n1,Rossi\n")
    assert read(tmp_path / "t.csv")[0].columns == ["id", " name "]
    assert read(tmp_path / "t.csv", required=REQUIRED)[0].column("name") == ["Rossi"]


BEFORE = 'id,name\n1,"a\nb"\n2,c\n\n3,"d\r\ne"\n'
"""Rows 1 to 5 (row 4 blank) on lines 1 to 7."""


@pytest.mark.parametrize("block", [1, 2, 3, 512])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BEFORE + "4\n", r"t\.csv, row 6 \(line 8\): 1 cells where the header has 2"),
        (BEFORE + "4,b,c\n5,e\n", r"t\.csv, row 6 \(line 8\): 3 cells"),
        (BEFORE + '4,"b"c\n5,e\n', r"t\.csv, after row 5 \(line 7\): malformed \(',' expected after '\"'\)"),
        (BEFORE + '4,"b\n5,e\n', r"t\.csv, after row 5 \(line 7\): malformed \(unexpected end of data\)"),
        ('"id,name\n', r"t\.csv, after row 0: malformed"),
        ("id,name\n1,a\n2\n", r"t\.csv, row 3: 1 cells"),
        ("\n1,a\n", r"t\.csv, row 1: it is empty"),
        ("", r"t\.csv, row 1: it is empty"),
        ("a,b,a\n", r"t\.csv, row 1: the column 'a' stands twice"),
    ],
)
def test_a_bad_row_is_named_by_row_and_line(tmp_path, monkeypatch, content, message, block):
    monkeypatch.setattr(rows, "BLOCK_ROWS", block)
    (tmp_path / "t.csv").write_bytes(content.encode())
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


def test_records_keep_their_types_and_blank_lines_count_as_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK_RECORDS", 2)
    records = [{"name": "Rossi", "id": 1}, {"name": None}, {"id": [1.5, {}]}]
    (tmp_path / "t.jsonl").write_text("\n" + "\n".join(map(json.dumps, records)))
    blocks = read(tmp_path / "t.jsonl")
    assert [block.records for block in blocks] == [records[:1], records[1:]]
    assert [block.first for block in blocks] == [1, 3]
    assert blocks[1].column("name") == [None, None]
    with pytest.raises(InputError, match=r"t\.jsonl, row 4: no column 'name'; found id\. Set --name-column"):
        read(tmp_path / "t.jsonl", required=REQUIRED)


def test_parquet_is_read_in_batches(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"name": [str(i) for i in range(100_000)], "id": range(100_000)}), path)
    blocks = read(path)
    assert len(blocks) > 1 and [x for block in blocks for x in block.column("id")] == list(range(100_000))
    assert blocks[1].first == 1 + len(blocks[0].batch)
    assert read(path, required=REQUIRED)[0].batch.schema.names == ["name"]


def test_a_required_column_stands_once_in_parquet(tmp_path):
    table = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["name", "name"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"t\.parquet: the column 'name' stands twice"):
        read(tmp_path / "t.parquet", required=REQUIRED)


@pytest.mark.parametrize("chunk", [1, 3, 1 << 18])
def test_every_line_is_a_row_blank_ones_too(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(lines, "_CHUNK", chunk)
    content = "\ufeffRossi\n\nSa\rto\u2028Li\r\n  \n漢".encode()
    (tmp_path / "names").write_bytes(content)
    (tmp_path / "names.gz").write_bytes(gzip.compress(content))
    for path in (tmp_path / "names", str(tmp_path / "names.gz")):
        assert list(rows.read_lines(path)) == ["Rossi", "", "Sa\rto\u2028Li", "  ", "漢"]


def test_a_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Rossi\nM\xfcller\n")))
    with pytest.raises(InputError, match=r"standard input, line 2: not UTF-8 \(byte 0xfc\)"):
        list(rows.read_lines("-"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"name\nRossi\n")))
    assert read("-", "csv")[0].rows == [["Rossi"]]


def test_standard_input_that_cannot_be_read_is_an_input_error(monkeypatch, tmp_path):
    class Broken(io.BytesIO):
        def read1(self, size=-1):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Broken()))
    with pytest.raises(InputError, match=r"standard input: cannot be read \(Input/output error\)"):
        list(rows.read_lines("-"))


def test_lines_of_a_pipe_come_before_it_is_closed(monkeypatch):
    source, sink = os.pipe()
    with os.fdopen(source) as stream, os.fdopen(sink, "wb", buffering=0) as pipe:
        monkeypatch.setattr("sys.stdin", stream)
        pipe.write(b"Rossi\nSato\n")
        assert next(rows.read_lines("-")) == "Rossi"


@pytest.mark.parametrize("chunk", [2, 5, 20])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ab\n\n\nM\xfcller\n", "line 4: not UTF-8"),
        (b"\xef\xbb\xbfab\nM\xfcller\n", "line 2: not UTF-8"),
        (b"ab\n\xc3", "line 2: not UTF-8"),
        (b"ab\ncd\n\0", r"line 3: binary data \(a zero byte\)"),
        (b"ab\n" + b"x" * 30 + b"\n", "line 2: longer than 20 bytes"),
        (b"ab\n" + b"x" * 30, "line 2: longer than 20 bytes"),
    ],
)
def test_a_bad_line_is_named_wherever_the_chunks_end(tmp_path, monkeypatch, content, message, chunk):
    monkeypatch.setattr(lines, "_CHUNK", chunk)
    monkeypatch.setattr(rows, "LONGEST_LINE", 20)
    (tmp_path / "names").write_bytes(content)
    with pytest.raises(InputError, match=f"names, {message}"):
        list(rows.read_lines(tmp_path / "names"))


def test_a_line_and_a_cell_may_be_long_in_a_table(tmp_path):
    (tmp_path / "t.csv").write_text(f'name\n"{"x" * 1_500_000}\n"\n')
    assert len(read(tmp_path / "t.csv")[0].rows[0][0]) == 1_500_001


def test_a_file_that_cannot_be_opened_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: cannot be read \(No such file or directory\)"):
        read(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        list(rows.read_lines(tmp_path))
