import pytest

from charrnn.errors import InputError
from charrnn.tables.job import Job, PartId, PartRecord, input_files


def test_part_ids_sort_as_the_input_and_as_their_file_names():
    parts = [PartId(file, number) for file in (0, 1, 10) for number in (0, 2, 11)]
    assert sorted(parts) == parts and sorted(map(str, parts)) == list(map(str, parts))


def test_a_record_is_written_without_its_content():
    assert PartRecord(3, ["name"], "ab", b"content").to_json() == '{"rows": 3, "columns": ["name"], "sha256": "ab"}'


@pytest.mark.parametrize(("output", "is_folder"), [("out", True), ("a.b/out", True), ("out.csv", False), ("-", False)])
def test_an_output_without_a_suffix_is_a_folder(output, is_folder):
    assert Job(("in.csv",), output, "csv", "csv", "model", "sha", "name", {}).output_is_folder == is_folder


def test_the_files_of_a_folder_come_by_name_and_hidden_ones_are_left_out(tmp_path):
    for name in ("b.csv", "a.csv.gz", ".c.csv", "notes.txt"):
        (tmp_path / name).touch()
    assert input_files(str(tmp_path)) == [str(tmp_path / name) for name in ("a.csv.gz", "b.csv")]
    assert input_files(str(tmp_path / "b.csv")) == [str(tmp_path / "b.csv")]
    assert input_files("-") == ["-"]


@pytest.mark.parametrize(
    ("names", "message"),
    [([], "holds no .csv, .tsv"), (["a.txt"], "holds no .csv"), (["a.csv", "b.jsonl"], "several kinds: csv, jsonl")],
)
def test_a_folder_of_several_kinds_or_none_is_an_input_error(tmp_path, names, message):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=message):
        input_files(str(tmp_path))


def test_an_absent_input_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"--input .*none\.csv: cannot be read"):
        input_files(str(tmp_path / "none.csv"))
