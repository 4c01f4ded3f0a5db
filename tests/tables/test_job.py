import json

import pytest

from charrnn.tables.job import PartId, PartRecord, is_folder


def test_part_ids_sort_as_the_input_and_as_their_file_names():
    parts = [PartId(file, number) for file in (0, 1, 10) for number in (0, 2, 11)]
    assert sorted(parts) == parts and sorted(map(str, parts)) == list(map(str, parts))


def test_a_record_is_written_without_its_content():
    record = PartRecord(3, "ab", "cd", {"too-long": 1}, 2, ["row 7"], b"content")
    fields = {"rows": 3, "sha256": "ab", "job": "cd", "abstained": {"too-long": 1}, "bad_rows": 2}
    assert json.loads(record.to_json()) == {**fields, "bad_rows_told": ["row 7"]}


@pytest.mark.parametrize(("output", "expected"), [("out", True), ("a.b/out", True), ("out.csv", False), ("-", False)])
def test_an_output_without_a_suffix_is_a_folder(output, expected):
    assert is_folder(output) == expected
