import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from charrnn.corpus.rows import ReadOptions, delimited, json_rows
from charrnn.errors import InputError
from charrnn.tables.pieces import read_pieces
from tests.tables.files import write

RECORDS = [{"id": f"0{i}", "name": f"Rossi {i}"} for i in range(10)]


@pytest.mark.parametrize("length", [1, 4, 5, 10, 11])
@pytest.mark.parametrize("target", ["out.csv", "out.jsonl", "out.parquet", "out.xlsx"])
@pytest.mark.parametrize("source", ["in.csv", "in.tsv.gz", "in.jsonl", "in.json", "in.parquet", "in.xlsx"])
def test_pieces_are_the_table_whatever_the_blocks(source, target, length, job_for, tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_ROWS", 3)
    monkeypatch.setattr(json_rows, "BLOCK_RECORDS", 3)
    write(tmp_path / source, RECORDS)
    job = job_for(source, target)
    pieces = list(read_pieces(job, job.inputs[0], length))
    assert {len(piece) for piece in pieces[:-1]} <= {length} and 0 < len(pieces[-1]) <= length
    first = 1 if "json" in source or "parquet" in source else 2
    assert [number for piece in pieces for number in piece.numbers] == list(range(first, first + 10))
    names = []
    for piece in pieces:
        names += piece.content["name"].to_pylist() if piece.names is None else piece.names
        assert len(piece.content) == len(piece)
        if isinstance(piece.content, pa.Table):
            assert all(column.num_chunks == 1 for column in piece.content.columns)
    assert names == [record["name"] for record in RECORDS]


def test_cells_of_csv_are_text(job_for, tmp_path):
    (tmp_path / "in.csv").write_text("id,name\n007,\nNA,null\n1.10,-\n")
    job = job_for("in.csv", "out.csv")
    (piece,) = read_pieces(job, job.inputs[0], 9)
    assert piece.content.schema.types == [pa.string(), pa.string()]
    assert piece.content.to_pydict() == {"id": ["007", "NA", "1.10"], "name": ["", "null", "-"]}


@pytest.mark.parametrize("length", [1, 2, 9])
def test_bad_rows_are_told_once_with_the_rows_around_them(length, job_for, tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_ROWS", 2)
    (tmp_path / "in.csv").write_text("id,name\n1\n2,a\n3\n4,b\n5,c\n6\n")
    job = job_for("in.csv", "out.csv", ReadOptions(skip_bad_rows=True))
    pieces = list(read_pieces(job, job.inputs[0], length))
    told = [line.split(", ")[1].split(":")[0] for piece in pieces for line in piece.bad_rows_told]
    assert told == ["row 2", "row 4", "row 7"] and sum(piece.bad_rows for piece in pieces) == 3
    assert [number for piece in pieces for number in piece.numbers] == [3, 5, 6]


def test_parquet_keeps_its_types_and_nested_values(job_for, tmp_path):
    table = pa.table({"name": ["Rossi"], "n": pa.array([1], pa.int8()), "l": [[1, 2]]})
    pq.write_table(table, tmp_path / "in.parquet")
    job = job_for("in.parquet", "out.parquet")
    assert next(read_pieces(job, job.inputs[0], 9)).content.equals(table)


def test_a_value_that_does_not_become_one_of_its_column_is_told_by_row_and_key(job_for, tmp_path):
    (tmp_path / "in.jsonl").write_text(f'{{"name":"a","x":{2**53 + 1}}}\n{{"name":"b","x":1.5}}\n')
    job = job_for("in.jsonl", "out.parquet")
    with pytest.raises(InputError, match=r"in\.jsonl, row 1, column 'x': "):
        list(read_pieces(job, job.inputs[0], 9))
    (tmp_path / "in.jsonl").write_text('{"name":"a"}\n{"name":"\\ud800"}\n')
    job = job_for("in.jsonl", "out.csv")
    with pytest.raises(InputError, match=r"in\.jsonl, row 2, column 'name': "):
        list(read_pieces(job, job.inputs[0], 9))
