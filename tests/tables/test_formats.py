import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from charrnn.corpus import rows
from charrnn.errors import InputError, SettingsError
from charrnn.tables.formats import estimate_rows, header, read_tables, write_rows
from tests.tables.test_classify import write


@pytest.mark.parametrize("name", ["in.csv", "in.tsv.gz", "in.jsonl", "in.parquet"])
@pytest.mark.parametrize("piece", [1, 4, 5, 10, 11])
def test_pieces_are_the_table_whatever_the_blocks(tmp_path, monkeypatch, name, piece):
    monkeypatch.setattr(rows, "BLOCK_ROWS", 3)
    monkeypatch.setattr(rows, "BLOCK_RECORDS", 3)
    records = [{"id": f"0{i}", "name": f"Rossi {i}"} for i in range(10)]
    table_format = rows.format_of(name)
    write(tmp_path / name, table_format, records)
    tables = list(read_tables(str(tmp_path / name), table_format, piece))
    assert [row for table in tables for row in table.to_pylist()] == records
    assert {len(table) for table in tables[:-1]} <= {piece} and 0 < len(tables[-1]) <= piece
    assert all(column.num_chunks == 1 for table in tables for column in table.columns)


def test_cells_of_csv_are_text(tmp_path):
    (tmp_path / "in.csv").write_text("id,name\n007,\nNA,null\n1.10,-\n")
    (table,) = read_tables(str(tmp_path / "in.csv"), "csv", 9)
    assert table.schema.types == [pa.string(), pa.string()]
    assert table.to_pydict() == {"id": ["007", "NA", "1.10"], "name": ["", "null", "-"]}


def test_a_table_without_rows_is_one_piece(tmp_path):
    (tmp_path / "in.csv").write_text("id,name\n")
    (table,) = read_tables(str(tmp_path / "in.csv"), "csv", 9)
    assert (table.column_names, len(table), table.schema.types) == (["id", "name"], 0, [pa.string()] * 2)


def test_types_of_json_lines_are_joined_where_they_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK_RECORDS", 1)
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps({"x": x}) + "\n" for x in (None, 1, 2.5)))
    (table,) = read_tables(str(path), "jsonl", 9)
    assert table["x"].to_pylist() == [None, 1.0, 2.5]
    path.write_text("".join(json.dumps({"x": x}) + "\n" for x in (1, 2, "a")))
    with pytest.raises(InputError, match=r"in\.jsonl, from row 3: malformed"):
        list(read_tables(str(path), "jsonl", 9))


def test_what_a_kind_cannot_hold_is_refused():
    with pytest.raises(SettingsError, match="--output: a column cannot be written as csv"):
        write_rows(pa.table({"x": [[1, 2]]}), "csv", io.BytesIO(), True)


def test_formulas_are_marked_in_text_alone():
    table = pa.table({"t": ["=1", "+1", "-1", "@a", "\t", "\r", "a=1", None], "n": [-1] * 8})
    for safe, mark in ((True, "'"), (False, "")):
        stream = io.BytesIO()
        write_rows(table, "csv", stream, safe)
        cells = [f"{mark}{cell}" for cell in ("=1", "+1", "-1", "@a", "\t", "\r")] + ["a=1"]
        assert stream.getvalue().decode() == "".join(f'"{cell}",-1\n' for cell in cells) + ",-1\n"


def test_only_delimited_tables_have_a_header():
    assert header(["a", 'b"c'], "csv") == b'a,"b""c"\n' and header(["a", "b"], "tsv") == b"a\tb\n"
    assert header(["a"], "jsonl") == header(["a"], "parquet") == b""


@pytest.mark.parametrize("name", ["in.csv", "in.tsv.gz", "in.jsonl", "in.parquet"])
def test_the_number_of_rows_is_told_beforehand(name, tmp_path):
    table_format = rows.format_of(name)
    write(tmp_path / name, table_format, [{"name": "Rossi"}] * 7)
    assert estimate_rows([str(tmp_path / name)] * 2, table_format) == 14
    assert estimate_rows(["-"], table_format) is None
    assert estimate_rows([str(tmp_path / "none")], table_format) is None


def test_parquet_keeps_its_types(tmp_path):
    table = pa.table({"name": ["Rossi"], "n": pa.array([1], pa.int8()), "l": [[1, 2]]})
    pq.write_table(table, tmp_path / "in.parquet")
    assert next(read_tables(str(tmp_path / "in.parquet"), "parquet", 9)).equals(table)
