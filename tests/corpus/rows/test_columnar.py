import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from charrnn.corpus.rows import TableFile, read_blocks, read_columns
from charrnn.errors import InputError


def test_parquet_is_read_in_batches(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"name": [str(i) for i in range(100_000)], "id": range(100_000)}), path)
    blocks = list(read_blocks(TableFile(str(path), "parquet")))
    assert len(blocks) > 1 and [x for block in blocks for x in block.column(1)] == list(range(100_000))
    assert [number for block in blocks for number in block.numbers] == list(range(1, 100_001))


def test_only_the_columns_that_are_wanted_are_read(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": [1], "Name": ["Rossi"]}), path)
    (block,) = read_blocks(TableFile(str(path), "parquet"), lambda columns: [columns.index("Name")])
    assert block.columns == ["Name"]
    ((values, bad_rows),) = read_columns(TableFile(str(path), "parquet"), {"--name-column": "name"})
    assert values == [["Rossi"]] and bad_rows == []


def test_a_table_without_rows_gives_its_columns(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"name": pa.array([], pa.string()), "id": pa.array([], pa.int64())}), path)
    (block,) = read_blocks(TableFile(str(path), "parquet"))
    assert (block.columns, len(block.batch)) == (["name", "id"], 0)


def test_a_file_that_is_no_parquet_is_an_input_error(tmp_path):
    path = tmp_path / "t.parquet"
    for content in (b"PAR1 not at all", b"", b"PAR1" + bytes(100) + b"PAR1"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"t\.parquet: no readable Parquet file") as caught:
            list(read_blocks(TableFile(str(path), "parquet")))
        assert "\n" not in str(caught.value)
