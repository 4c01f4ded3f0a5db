"""On a Ray of this machine, each time as a command of its own: in one process, Ray's warnings would count as errors."""

import csv
import subprocess
import sys

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from charrnn.cli import main
from charrnn.corpus.rows import TableFile
from charrnn.inference import load
from charrnn.inference.frames import NameColumns
from charrnn.tables import store
from charrnn.tables.local_engine import score_locally
from charrnn.tables.plan import plan
from tests.tables.conftest import SETTINGS

NAMES = ["Rossi", "", "Suzuki", "42", "Papadopoulos", "Nowak", "O'Brien"]


def on_ray(model, source, output, *flags, folder=None):
    command = [sys.executable, "-m", "charrnn", "classify", "--model", str(model), "--engine", "ray", *flags]
    files = ["--input", str(source), "--output", str(output)]
    return subprocess.run([*command, *files], capture_output=True, text=True, timeout=120, cwd=folder)


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


def test_the_result_of_relative_paths_is_the_local_one_row_by_row(trained, source, tmp_path):
    model = trained["classifier"]
    # Ray's workers have another working directory than the command.
    done = on_ray(model, "in", "ray.csv", "--workers", "2", folder=tmp_path)
    assert done.returncode == 0 and "charrnn: ray.csv: 70,010 rows" in done.stderr, done.stderr
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
    assert done.returncode == 2 and told == [
        f"charrnn: {source}/2.csv: no column 'name'; found surname. Set --name-column."
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.fixture
def interrupted(trained, source, tmp_path):
    """The output of a job that was left with one part of three finished; the records of that part."""
    out = tmp_path / "out.csv"
    model = load(trained["classifier"])
    files = [TableFile(str(path), "csv") for path in (source / "0.csv", source / "1.csv")]
    job = plan(files, str(out), "csv", model, str(trained["classifier"]), NameColumns("name"), SETTINGS)
    with store.open_job(job) as finished:
        parts = [next(store.unfinished_parts(job, 0, ()))]
        finished |= dict(score_locally(job, store.parts_folder(str(out)), iter(parts)))
    return out


def parts(out):
    return sorted(path.name for path in store.parts_folder(str(out)).glob("[0-9]*.json"))


def test_where_no_cluster_answers_it_says_so_and_loses_no_finished_part(trained, source, interrupted):
    before = parts(interrupted)
    done = on_ray(trained["classifier"], source, interrupted, "--resume", "--ray-address", "127.0.0.1:9")
    assert done.returncode == 2 and "--ray-address 127.0.0.1:9: no cluster answers" in done.stderr
    assert parts(interrupted) == before and len(before) == 1


def test_ray_goes_on_with_the_parts_of_another_engine(trained, source, interrupted, tmp_path):
    done = on_ray(trained["classifier"], source, interrupted, "--resume", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "70,010 rows" in done.stderr and "32,768 of them finished before" in done.stderr
    assert len(rows(interrupted)) == 70_010


def test_pipes_are_refused(trained, source, capsys):
    assert main(["classify", "--model", str(trained["classifier"]), "--engine", "ray", "--input", str(source)]) == 2
    assert "--engine ray: reads and writes files" in capsys.readouterr().err


WORKER = """
import pickle, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from charrnn.corpus.rows import TableFile
from charrnn.errors import InputError, StorageError, WorkerError
from charrnn.tables import ray_engine
from charrnn.tables.job import Job
from charrnn.tables.pieces import Piece

here = Path(sys.argv[1])
file = TableFile(str(here / "none.csv"), "csv", alias="in.csv")
job = Job((file,), "out.csv", "csv", str(here), (), "name", {}, 1, ())
batch = {"file": [0], "number": [3], "piece": [pickle.dumps(Piece([1], ["x"], ["x"]))], "error": [b""]}


def outcome(error, folder=here):
    worker = ray_engine._Worker(job, folder)
    if error is not None:
        worker.scorer = lambda *_: (_ for _ in ()).throw(error)
    found = worker(batch)
    assert found["number"] == [3] and found["record"] == [""]
    return pickle.loads(found["error"][0])


full = outcome(OSError(28, "No space left on device"))
assert type(full) is StorageError and "--output out.csv: cannot be written (No space left on device)" in str(full), full
bug = outcome(AttributeError("no strip"))
assert type(bug) is WorkerError and "in.csv, part 3: a worker failed (AttributeError: no strip)" in str(bug), bug
blind = outcome(None, here / "elsewhere")
assert type(blind) is StorageError and "does not see" in str(blind) and "All machines" in str(blind), blind
(row,) = ray_engine._Reader(job, ())({"file": 0})
blind = pickle.loads(row["error"])
assert type(blind) is StorageError and "--input: the machine" in str(blind) and "none.csv" in str(blind), blind
"""


def test_errors_of_machines_keep_their_class_and_words(tmp_path):
    done = subprocess.run([sys.executable, "-c", WORKER, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
