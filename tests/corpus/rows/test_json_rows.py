import json

import pytest

from charrnn.corpus.rows import ReadOptions, TableFile, json_rows, read_blocks
from charrnn.errors import InputError


def read(path, **options):
    return list(read_blocks(TableFile(str(path), path.suffix[1:], ReadOptions(**options))))


RECORDS = [{"name": "Rossi", "id": 1}, {"name": None}, {"id": [1.5, {}], "z": 10**30}]


@pytest.mark.parametrize("block", [1, 2, 4096])
def test_records_keep_their_types_texts_and_line_numbers(tmp_path, monkeypatch, block):
    monkeypatch.setattr(json_rows, "BLOCK_RECORDS", block)
    (tmp_path / "t.jsonl").write_text("\n" + "\n".join(map(json.dumps, RECORDS)) + "\n\n")
    blocks = read(tmp_path / "t.jsonl")
    assert [record for part in blocks for record in part.records] == RECORDS
    assert [text for part in blocks for text in part.texts] == list(map(json.dumps, RECORDS))
    assert [number for part in blocks for number in part.numbers] == [2, 3, 4]


@pytest.mark.parametrize("block", [1, 2, 4096])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_read_as_its_objects(tmp_path, monkeypatch, block, indent):
    monkeypatch.setattr(json_rows, "BLOCK_RECORDS", block)
    (tmp_path / "t.json").write_text("\ufeff " + json.dumps(RECORDS, indent=indent) + "\n", encoding="utf-8")
    blocks = read(tmp_path / "t.json")
    assert [record for part in blocks for record in part.records] == RECORDS
    assert [json.loads(text) for part in blocks for text in part.texts] == RECORDS
    assert [number for part in blocks for number in part.numbers] == [1, 2, 3]


def test_an_array_of_names_is_a_table_of_one_column(tmp_path):
    (tmp_path / "t.json").write_text('["Rossi", "O\\u0027Neil", {"name": "Sato"}]')
    (block,) = read(tmp_path / "t.json")
    assert [record["name"] for record in block.records] == ["Rossi", "O'Neil", "Sato"]
    assert block.texts[1] == '{"name": "O\\u0027Neil"}'


@pytest.mark.parametrize("content", ["[]", " [ ]\n"])
def test_an_empty_array_has_no_rows(tmp_path, content):
    (tmp_path / "t.json").write_text(content)
    assert [block.records for block in read(tmp_path / "t.json")] == [[]]


def test_numbers_keep_their_text(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"x": 1.10, "y": 1E400}')
    (record,) = read(tmp_path / "t.jsonl")[0].records
    assert record["x"] == 1.1 and record["x"].text == "1.10" and record["y"].text == "1E400"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("t.jsonl", '{"a": 1}\n  {"a" 2}\n', r"row 2, column 8: no JSON \(Expecting ':' delimiter\)"),
        ("t.jsonl", '{"a": 1}\n[1]\n', "row 2: no JSON object"),
        ("t.jsonl", "[" * 100_000, "row 1, column 1: no JSON"),
        ("t.jsonl", '{"a": ' + "1" * 5000 + "}", "row 1, column 1: no JSON"),
        ("t.json", '{"a": 1}', r"no JSON array\. If it has an object a line, call it .jsonl"),
        ("t.json", "", "no JSON array"),
        ("t.json", '[{"a": 1},\n 5]', "row 2: no JSON object"),
        ("t.json", '[{"a": 1},\n {"a" 2}]', r"row 2, line 2, column 7: no JSON \(Expecting ':' delimiter\)"),
        ("t.json", '[{"a": 1}\n {"a": 2}]', r"row 1, line 2, column 2: no comma and no \] behind the object"),
        ("t.json", '[{"a": 1}', "row 1, line 1, column 10: no comma"),
        ("t.json", '[{"a": 1},]', "row 2, line 1, column 11: no JSON"),
        ("t.json", "[]\nx", "line 2, column 1: text behind the array"),
    ],
)
def test_malformed_json_is_named_by_row_and_column(tmp_path, file, content, message):
    (tmp_path / file).write_text(content)
    with pytest.raises(InputError, match=rf"{file}[,:] {message}") as caught:
        read(tmp_path / file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content"), [("t.jsonl", '{"a": 1}\n{"a" 2}\n[1]\n{"a": 3}\n'), ("t.json", '[{"a": 1}, 5, [1], {"a": 3}]')]
)
def test_rows_that_are_no_objects_can_be_skipped(tmp_path, file, content):
    (tmp_path / file).write_text(content)
    (block,) = read(tmp_path / file, skip_bad_rows=True)
    assert block.records == [{"a": 1}, {"a": 3}] and list(block.numbers) == [1, 4]
    assert len(block.bad_rows) == 2 and "row 2" in block.bad_rows[0] and "row 3: no JSON object" in block.bad_rows[1]


def test_the_columns_of_a_block_are_the_keys_of_all_its_records():
    block = json_rows.RecordBlock(range(2), [{"b": 1}, {"a": 2, "b": 3}], ["", ""])
    assert block.columns == ["b", "a"]
