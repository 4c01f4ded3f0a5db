import gzip
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from charrnn.errors import SettingsError
from charrnn.tables.job import Job, PartId
from charrnn.tables.store import join, open_job, parts_folder, unfinished_parts, write_part

PARTS = [PartId(0, 0), PartId(0, 2), PartId(0, 10), PartId(1, 0), PartId(10, 0)]


@pytest.fixture
def job_for(tmp_path):
    (tmp_path / "in.csv").write_text("name\nRossi\n")

    def job_for(output, **changes):
        table_format = output.removesuffix(".gz").rsplit(".", 1)[-1] if "." in output else "csv"
        fields = {"inputs": (str(tmp_path / "in.csv"),) * 11, "output": str(tmp_path / output), "input_format": "csv"}
        fields |= {"output_format": table_format, "model": "m", "weights": "w", "name_column": "name", "settings": {}}
        return Job(**fields | changes)

    return job_for


def filled(job, parts=PARTS, values=None):
    """The folder of parts of a job, with a finished part of two rows for each id, written last to first."""
    folder = parts_folder(job.output)
    open_job(folder, job, resume=False)
    columns = values or {part: {"name": [f"{part} a", f"{part} b"]} for part in parts}
    return folder, {part: write_part(folder, part, pa.table(columns[part]), job) for part in reversed(parts)}


ROWS = [f"{part} {row}" for part in PARTS for row in "ab"]


@pytest.mark.parametrize("output", ["out.csv", "out.tsv", "out.jsonl", "out.parquet", "out.csv.gz", "out"])
def test_parts_are_joined_in_the_order_of_the_input(tmp_path, job_for, output):
    job = job_for(output)
    folder, finished = filled(job)
    join(folder, finished, job)
    path = tmp_path / output
    if output == "out":
        listed = json.loads((path / "manifest.json").read_text())["parts"]
        found = [line for part in listed for line in (path / part["file"]).read_text().split("\n")[1:-1]]
        found = [line.strip('"') for line in found]
        assert sorted(entry.name for entry in path.iterdir()) == ["manifest.json", *(part["file"] for part in listed)]
    elif output == "out.parquet":
        found = pq.read_table(path)["name"].to_pylist()
    else:
        content = gzip.decompress(path.read_bytes()) if output.endswith(".gz") else path.read_bytes()
        lines = content.decode().splitlines()
        found = (
            [json.loads(line)["name"] for line in lines] if output == "out.jsonl" else [r.strip('"') for r in lines[1:]]
        )
    assert found == ROWS
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in.csv", output]


def test_equal_parts_are_equal_bytes_compressed_too(tmp_path, job_for):
    contents = set()
    for _ in range(2):
        job = job_for("out.csv.gz")
        folder, finished = filled(job)
        join(folder, finished, job)
        contents.add((tmp_path / "out.csv.gz").read_bytes())
        os.utime(tmp_path / "out.csv.gz", (0, 0))
    assert len(contents) == 1
    assert contents.pop()[4:8] == bytes(4)  # no time of compression


def test_finished_parts_are_found_again(job_for):
    job = job_for("out.csv")
    folder, finished = filled(job)
    assert open_job(folder, job, resume=True) == finished
    assert open_job(folder, job, resume=False) == {}


@pytest.mark.parametrize("damage", ["altered", "cut", "lost", "no record"])
def test_a_damaged_part_is_not_finished(job_for, damage):
    job = job_for("out.csv")
    folder, finished = filled(job)
    path = folder / f"part-{PARTS[2]}.csv"
    content = path.read_bytes()
    if damage == "altered":
        path.write_bytes(content[::-1])
    elif damage == "cut":
        path.write_bytes(content[:-1])
    elif damage == "lost":
        path.unlink()
    else:
        (folder / f"{PARTS[2]}.json").unlink()
    assert open_job(folder, job, resume=True).keys() == finished.keys() - {PARTS[2]}


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": "v"},
        {"model": "n"},
        {"name_column": "x"},
        {"settings": {"top_k": 1}},
        {"safe": False},
        {"generator": "g"},
        {"output_format": "tsv"},
    ],
)
def test_any_other_job_is_refused(job_for, changes):
    folder, _ = filled(job_for("out.csv"))
    with pytest.raises(SettingsError, match="belongs to another job"):
        open_job(folder, job_for("out.csv", **changes), resume=True)


def test_an_altered_input_is_another_job(tmp_path, job_for):
    job = job_for("out.csv")
    folder, _ = filled(job)
    (tmp_path / "in.csv").write_text("name\nSato!\n")
    os.utime(tmp_path / "in.csv", (1, 1))
    with pytest.raises(SettingsError, match="belongs to another job"):
        open_job(folder, job, resume=True)


def test_parts_of_another_length_are_another_job(job_for, monkeypatch):
    job = job_for("out.csv")
    folder, _ = filled(job)
    monkeypatch.setattr("charrnn.tables.store.PART_ROWS", 5)
    with pytest.raises(SettingsError, match="belongs to another job"):
        open_job(folder, job, resume=True)


def test_standard_input_cannot_be_resumed(job_for):
    job = job_for("out.csv", inputs=("-",))
    folder, _ = filled(job, PARTS[:1])
    with pytest.raises(SettingsError, match="standard input cannot be read again"):
        open_job(folder, job, resume=True)


def test_only_unfinished_parts_are_read(tmp_path, job_for, monkeypatch):
    monkeypatch.setattr("charrnn.tables.store.PART_ROWS", 2)
    (tmp_path / "in.csv").write_text("name\na\nb\nc\nd\ne\n")
    parts = list(unfinished_parts(job_for("out.csv"), 3, {PartId(3, 0), PartId(0, 1)}))
    assert [(part, table["name"].to_pylist()) for part, table in parts] == [
        (PartId(3, 1), ["c", "d"]),
        (PartId(3, 2), ["e"]),
    ]


def test_parts_of_other_columns_or_types_are_not_joined_and_stay(tmp_path, job_for):
    for output, second, message in (
        ("out.csv", {"name": ["c"], "age": [3]}, r"in\.csv, part 1: other columns than before \(age\)"),
        ("out.parquet", {"name": ["c"], "x": ["text"]}, "--output: a column changes its type"),
    ):
        job, parts = job_for(output), [PartId(0, 0), PartId(0, 1)]
        first = {"name": ["a"]} if output == "out.csv" else {"name": ["a"], "x": [1]}
        folder, finished = filled(job, parts, {parts[0]: first, parts[1]: second})
        with pytest.raises(SettingsError, match=message):
            join(folder, finished, job)
        assert not (tmp_path / output).exists() and open_job(folder, job, resume=True) == finished
        assert not list(tmp_path.glob(".*.tmp"))


def test_parquet_parts_get_the_types_of_the_first(tmp_path, job_for):
    job, parts = job_for("out.parquet"), [PartId(0, 0), PartId(0, 1)]
    folder, finished = filled(job, parts, {parts[0]: {"x": [1.5]}, parts[1]: {"x": [2]}})
    join(folder, finished, job)
    assert pq.read_table(tmp_path / "out.parquet")["x"].to_pylist() == [1.5, 2.0]


def test_without_a_folder_the_record_carries_the_bytes(tmp_path, job_for):
    record = write_part(None, PARTS[0], pa.table({"name": ["a"]}), job_for("out.csv"))
    assert (record.rows, record.columns, record.content) == (1, ["name"], b'"a"\n')
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
