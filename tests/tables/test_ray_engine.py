"""On a Ray of this machine, each time as a command of its own: in one process, Ray's warnings would count as errors."""

import csv
import subprocess
import sys

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from charrnn.cli import main

NAMES = ["Rossi", "", "Suzuki", "42", "Papadopoulos", "Nowak", "O'Brien"]


def on_ray(model, source, output, *flags):
    command = [sys.executable, "-m", "charrnn", "classify", "--model", str(model), "--engine", "ray", *flags]
    files = ["--input", str(source), "--output", str(output)]
    return subprocess.run([*command, *files], capture_output=True, text=True, timeout=120)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i, rows in enumerate((70_000, 10)):
        names = [f"{NAMES[k % 7]}{k * (k % 7 != 1)}" for k in range(rows)]
        pacsv.write_csv(pa.table({"name": names, "id": range(rows)}), folder / f"{i}.csv")
    return folder


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_result_is_the_local_one_row_by_row(trained, source, tmp_path):
    model = trained["classifier"]
    done = on_ray(model, source, tmp_path / "ray.csv", "--workers", "2")
    assert done.returncode == 0, done.stderr
    files = ["--input", str(source), "--output", str(tmp_path / "local.csv")]
    assert main(["classify", "--model", str(model), *files]) == 0
    found, expected = rows(tmp_path / "ray.csv"), rows(tmp_path / "local.csv")
    assert len(found) == len(expected) == 70_010
    for ours, theirs in zip(found, expected, strict=True):
        for key, cell in theirs.items():
            if key.startswith("probability") and cell:
                assert float(ours[key]) == pytest.approx(float(cell), abs=2e-6)  # the sixth decimal is rounded
            else:
                assert ours[key] == cell
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "local.csv", "ray.csv"]


def test_a_file_without_the_column_is_one_line_and_leaves_nothing(trained, source, tmp_path):
    (source / "2.csv").write_text("surname\nRossi\n")
    done = on_ray(trained["classifier"], source, tmp_path / "out", "--format", "parquet", "--workers", "1")
    told = [line for line in done.stderr.splitlines() if not line.startswith("[")]  # Ray's own
    assert done.returncode == 2 and told == ["charrnn: no column 'name'; found surname. Set --name-column."]
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_where_no_cluster_answers_it_says_so(trained, source, tmp_path):
    done = on_ray(trained["classifier"], source, tmp_path / "out.csv", "--ray-address", "127.0.0.1:9")
    assert done.returncode == 2 and "--ray-address 127.0.0.1:9: no cluster answers" in done.stderr


def test_pipes_are_refused(trained, source, capsys):
    assert main(["classify", "--model", str(trained["classifier"]), "--engine", "ray", "--input", str(source)]) == 2
    assert "--engine ray: reads and writes files" in capsys.readouterr().err


WORKER = """
import pickle, warnings
warnings.simplefilter("ignore")
import pyarrow as pa
from charrnn.errors import StorageError
from charrnn.tables import ray_engine
from charrnn.tables.job import Job

class FullDisk:
    job = Job(("in.csv",), "out.csv", "csv", "csv", "model", "0" * 64, "name", {})

    def __call__(self, part, table):
        raise OSError(28, "No space left on device")

worker = ray_engine._Worker.__new__(ray_engine._Worker)
worker.scorer = FullDisk()
table = ray_engine._to_ipc(pa.table({"name": ["Rossi"]}))
batch = worker({"file": [0], "number": [3], "table": [table], "error": [b""]})
assert batch["number"] == [3] and batch["record"] == [""]
error = pickle.loads(batch["error"][0])
assert type(error) is StorageError, error
assert "--output out.csv: cannot be written (No space left on device)" in str(error)
"""


def test_an_error_of_a_worker_keeps_its_class_and_words():
    """A full disk must come back as a StorageError, which leaves the finished parts alone."""
    done = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
