import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from charrnn.corpus.rows import ReadOptions
from charrnn.errors import InputError, SettingsError, StorageError
from charrnn.tables import joining, store
from charrnn.tables.classify import classify_table
from charrnn.tables.job import PartId
from charrnn.tables.joining import is_finished, join
from charrnn.tables.local_engine import score_locally
from charrnn.tables.store import open_job, parts_folder, unfinished_parts
from tests.tables.files import read, write

pytestmark = pytest.mark.usefixtures("small_parts")
ROWS = [{"name": f"Rossi {i}", "x": str(i)} for i in range(10)]
"""Three parts."""


def parts_of(job, leave=0):
    """All unfinished parts of a job but the last ones."""
    parts = [part for file in range(len(job.inputs)) for part in unfinished_parts(job, file, ())]
    return iter(parts[: len(parts) - leave])


def interrupted(job, leave=1, **how):
    """A job that is left with all parts but the last ones finished."""
    with open_job(job, **how) as finished:
        finished |= dict(score_locally(job, parts_folder(job.output), parts_of(job, leave)))
        return dict(finished)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "target", ["out.csv", "out.tsv", "out.jsonl", "out.json", "out.parquet", "out.xlsx", "out.csv.gz"]
)
def test_parts_are_joined_in_the_order_of_the_input(target, job_for, tmp_path):
    for name in ("a.csv", "b.csv"):
        write(tmp_path / name, [{"name": f"{name} {i}"} for i in range(9)])
    job = job_for(["a.csv", "b.csv"], target)
    with open_job(job) as finished:
        for part, record in reversed(list(score_locally(job, parts_folder(job.output), parts_of(job)))):
            finished[part] = record
        assert join(finished, job) == ""
    assert [row["name"] for row in read(tmp_path / target)] == [
        f"{name} {i}" for name in ("a.csv", "b.csv") for i in range(9)
    ]
    assert names(tmp_path) == ["a.csv", "b.csv", target]


@pytest.mark.parametrize("target", ["out.csv.gz", "out.xlsx", "out.parquet"])
def test_equal_tables_are_equal_bytes(target, job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    contents = set()
    for _ in range(2):
        classify_table(job_for("in.csv", target), overwrite=True)
        contents.add((tmp_path / target).read_bytes())
        time.sleep(1.1 if target == "out.xlsx" and len(contents) == 1 else 0)  # ZIP files have times in seconds
    assert len(contents) == 1
    if target.endswith(".gz"):
        assert contents.pop()[4:8] == bytes(4) and len(read(tmp_path / target)) == 10


def test_an_interrupted_job_is_named_with_the_two_ways_on(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    finished = interrupted(job)
    with (
        pytest.raises(SettingsError, match=r"an interrupted job has 2 finished parts .*--resume, .* --restart"),
        open_job(job),
    ):
        pass
    with open_job(job, resume=True) as found:
        assert found == finished
    with open_job(job, restart=True) as found:
        assert found == {}
    assert names(tmp_path) == ["in.csv"]  # nothing was finished after the restart


def test_resuming_does_only_the_rest(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    finished = interrupted(job)
    assert [part for part, _ in unfinished_parts(job, 0, finished)] == [PartId(0, 2)]
    summary = classify_table(job, resume=True)
    assert (summary.rows, summary.resumed) == (10, 8)
    resumed = (tmp_path / "out.csv").read_bytes()
    classify_table(job, overwrite=True)
    assert (tmp_path / "out.csv").read_bytes() == resumed


@pytest.mark.parametrize(
    "damage", ["altered", "cut", "lost", "no record", "cut record", "empty record", "other record"]
)
def test_a_damaged_part_is_done_again(damage, job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    finished = interrupted(job)
    path, record = (parts_folder(job.output) / name for name in (f"part-{PartId(0, 1)}.csv", f"{PartId(0, 1)}.json"))
    content = path.read_bytes()
    {
        "altered": lambda: path.write_bytes(content[::-1]),
        "cut": lambda: path.write_bytes(content[:-1]),
        "lost": path.unlink,
        "no record": record.unlink,
        "cut record": lambda: record.write_bytes(record.read_bytes()[:-9]),
        "empty record": lambda: record.write_bytes(b""),
        "other record": lambda: record.write_text('{"rows": 4, "columns": []}'),
    }[damage]()
    with open_job(job, resume=True) as found:
        assert found.keys() == finished.keys() - {PartId(0, 1)}
    classify_table(job, resume=True)
    assert [row["name"] for row in read(tmp_path / "out.csv")] == [row["name"] for row in ROWS]


def test_parts_are_verified_again_while_they_are_joined(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    with open_job(job) as finished:
        finished |= dict(score_locally(job, parts_folder(job.output), parts_of(job)))
        path = parts_folder(job.output) / f"part-{PartId(0, 1)}.csv"
        path.write_bytes(path.read_bytes()[::-1])
        with pytest.raises(StorageError, match=r"was altered since it was written\. Go on with --resume"):
            join(finished, job)
    assert not (tmp_path / "out.csv").exists()
    assert classify_table(job, resume=True).resumed == 6 and len(read(tmp_path / "out.csv")) == 10


def test_an_input_that_is_altered_meanwhile_is_not_joined(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    with open_job(job) as finished:
        finished |= dict(score_locally(job, parts_folder(job.output), parts_of(job)))
        write(tmp_path / "in.csv", ROWS[:9])
        with pytest.raises(InputError, match=r"was altered while it was classified\. Begin anew with --restart"):
            join(finished, job)
    assert not (tmp_path / "out.csv").exists() and len(names(parts_folder(job.output))) == 8


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": ("x",)},
        {"columns": ("name", "x")},
        {"top_k": 1},
        {"min_probability": 0.5},
        {"spreadsheet_safe": True},
        {"options": ReadOptions(delimiter=",")},
        {"options": ReadOptions(skip_bad_rows=True)},
    ],
)
def test_the_parts_of_another_job_are_not_touched(changes, job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    finished = interrupted(job)
    with (
        pytest.raises(SettingsError, match="belongs to another job"),
        open_job(job_for("in.csv", "out.csv", **changes), resume=True),
    ):
        pass
    with open_job(job, resume=True) as found:
        assert found == finished


def test_another_model_of_the_same_name_is_another_job(job_for, trained, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    model = shutil.copytree(trained["classifier"], tmp_path / "model")
    job = job_for("in.csv", "out.csv", model=model)
    interrupted(job)
    config = json.loads((model / "config.json").read_text())
    config["calibration"]["ngram_weight"] = 0.123
    (model / "config.json").write_text(json.dumps(config))
    with (
        pytest.raises(SettingsError, match="belongs to another job"),
        open_job(job_for("in.csv", "out.csv", model=model), resume=True),
    ):
        pass


def test_a_part_that_a_worker_of_another_job_left_is_not_taken(job_for, tmp_path):
    """A worker may outlive a job that was killed, and write its part into the folder of the next one."""
    write(tmp_path / "in.csv", ROWS)
    job, other = job_for("in.csv", "out.csv"), job_for("in.csv", "out.csv", top_k=1)
    interrupted(job)
    (part,) = list(unfinished_parts(other, 0, {PartId(0, 1), PartId(0, 2)}))
    list(score_locally(other, parts_folder(job.output), iter([part])))
    with open_job(job, resume=True) as found:
        assert found.keys() == {PartId(0, 1)}


def test_an_altered_input_and_other_lengths_are_another_job(job_for, tmp_path, monkeypatch):
    write(tmp_path / "in.csv", ROWS)
    interrupted(job_for("in.csv", "out.csv"))
    with monkeypatch.context() as patch:
        patch.setattr(store, "PART_ROWS", 5)
        with (
            pytest.raises(SettingsError, match="belongs to another job"),
            open_job(job_for("in.csv", "out.csv"), resume=True),
        ):
            pass
    os.utime(tmp_path / "in.csv", (1, 1))
    with (
        pytest.raises(SettingsError, match="belongs to another job"),
        open_job(job_for("in.csv", "out.csv"), resume=True),
    ):
        pass


def test_the_working_folder_does_not_matter(run, tmp_path, monkeypatch, job_for):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    interrupted(job)
    monkeypatch.chdir(tmp_path)
    status, _, err = run("--input", "in.csv", "--output", "out.csv", "--resume")
    assert status == 0 and "8 of them finished before" in err


def test_the_second_writer_is_refused(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    with open_job(job) as finished:
        finished |= dict(score_locally(job, parts_folder(job.output), parts_of(job)))
        for how in ({}, {"resume": True}, {"restart": True}):
            with pytest.raises(SettingsError, match="another process is writing it"), open_job(job, **how):
                pass
        join(finished, job)
    assert len(read(tmp_path / "out.csv")) == 10


def test_a_folder_that_is_none_of_a_job_is_left_alone(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    folder = parts_folder(job.output)
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    for how in ({}, {"resume": True}, {"restart": True}, {"overwrite": True}):
        with pytest.raises(SettingsError, match=r"holds thesis\.txt, which is not of a job"), open_job(job, **how):
            pass
    assert names(folder) == ["thesis.txt"]
    for files in (["thesis.txt"], ["manifest.json", "thesis.txt"], ["manifest.json"]):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        (tmp_path / "out").mkdir()
        for name in files:
            (tmp_path / "out" / name).write_text('{"name": "a web app"}')
        with pytest.raises(SettingsError, match="is no folder of parts, so it is not replaced"):
            classify_table(replace(job, output=str(tmp_path / "out")), overwrite=True)
        assert names(tmp_path / "out") == files


def test_an_output_that_appears_meanwhile_is_not_replaced(job_for, tmp_path, monkeypatch):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    with open_job(job) as finished:
        finished |= dict(score_locally(job, parts_folder(job.output), parts_of(job)))
        written = joining.formats.join
        monkeypatch.setattr(
            joining.formats, "join", lambda *how: [written(*how), (tmp_path / "out.csv").write_text("precious")]
        )
        with pytest.raises(SettingsError, match="--resume --overwrite"):
            join(finished, job)
        monkeypatch.undo()
        monkeypatch.setattr(store, "PART_ROWS", 4)
    assert (tmp_path / "out.csv").read_text() == "precious"
    assert classify_table(job, resume=True, overwrite=True).resumed == 10 and len(read(tmp_path / "out.csv")) == 10


def test_a_job_that_replaces_need_not_be_told_again_when_it_goes_on(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    (tmp_path / "out.csv").write_text("old")
    job = job_for("in.csv", "out.csv")
    interrupted(job, overwrite=True)
    assert classify_table(job, resume=True).resumed == 8 and len(read(tmp_path / "out.csv")) == 10


@pytest.mark.parametrize("failing", ["part-00000-00000001.csv", "00000-00000001.json", "job.json", "joined"])
def test_a_full_disk_is_a_storage_error_and_loses_nothing(failing, job_for, tmp_path, monkeypatch):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")

    def write_atomically(path, content):
        if path.name == failing:
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_atomically", write_atomically)
        if failing == "joined":
            patch.setattr(joining.formats, "join", full)
        with pytest.raises(StorageError, match=r"--output .*out\.csv: cannot be written \(No space left.*--resume"):
            classify_table(job)
    done = {"job.json": 0, "joined": 3}.get(failing, 1)
    assert len(list(parts_folder(job.output).glob("[0-9]*.json"))) == done and not (tmp_path / "out.csv").exists()
    assert classify_table(job, resume=True).resumed == (10 if done == 3 else 4 * done)
    assert names(tmp_path) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("moment", ["before the rename", "after the rename"])
@pytest.mark.parametrize("target", ["out.csv", "out"])
def test_killed_while_the_output_takes_its_name_it_is_finished_or_goes_on(
    target, moment, job_for, tmp_path, monkeypatch
):
    write(tmp_path / "in.csv", ROWS)
    job = replace(job_for("in.csv", "out.csv"), output=str(tmp_path / target))

    class Killed(BaseException):
        """Nothing of ours runs after a kill."""

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        if moment == "after the rename":
            patch.setattr(joining, "_tidy_folder" if target == "out" else "discard", killed)
        else:
            patch.setattr(joining, "_write_receipt", killed)
        with pytest.raises(Killed):
            classify_table(job)
    assert (tmp_path / target).exists() == (moment == "after the rename")
    assert is_finished(job) == (moment == "after the rename")
    summary = classify_table(job, resume=True)
    assert summary is None if moment == "after the rename" else summary.resumed == 10
    assert names(tmp_path) == ["in.csv", target]
    if target == "out":
        manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
        assert names(tmp_path / "out") == ["manifest.json", *(part["file"] for part in manifest["parts"])]


def test_killed_before_its_first_part_a_job_that_replaces_goes_on(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    (tmp_path / "out.csv").write_text("old")
    job = job_for("in.csv", "out.csv")
    parts_folder(job.output).mkdir()
    (parts_folder(job.output) / "job.json").write_text(json.dumps({"identity": job.identity, "overwrite": True}))
    assert classify_table(job, resume=True).rows == 10 and len(read(tmp_path / "out.csv")) == 10


def test_killed_while_it_begins_a_job_can_begin(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    parts_folder(job.output).mkdir()
    for name in ("lock", ".job.json.123.tmp", "job.json"):
        (parts_folder(job.output) / name).touch()
    assert classify_table(job).rows == 10 and names(tmp_path) == ["in.csv", "out.csv"]


def test_killed_between_the_two_renames_of_a_folder_nothing_is_lost(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = replace(job_for("in.csv", "out.csv"), output=str(tmp_path / "out"))
    classify_table(job)
    before = names(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / ".out.replaced")
    with pytest.raises(SettingsError, match="exists already"), open_job(job):
        pass
    assert names(tmp_path) == ["in.csv", "out"] and names(tmp_path / "out") == before


@pytest.mark.parametrize("target", ["out.csv", "out"])
def test_killed_while_what_is_done_with_is_removed_nothing_of_it_stays(target, job_for, tmp_path, monkeypatch):
    write(tmp_path / "in.csv", ROWS)
    job = replace(job_for("in.csv", "out.csv"), output=str(tmp_path / target))
    classify_table(job)
    with monkeypatch.context() as patch:
        patch.setattr(store.shutil, "rmtree", lambda *_, **__: None)
        classify_table(job, overwrite=True)
    assert names(tmp_path) == [f".{target}.trash", "in.csv", target]
    assert classify_table(job, resume=True) is None and names(tmp_path) == ["in.csv", target]


def test_the_folder_of_the_next_job_is_not_taken_for_the_own_one(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    with open_job(job) as finished:
        finished |= dict(score_locally(job, parts_folder(job.output), parts_of(job)))
        join(finished, job)
        parts_folder(job.output).mkdir()
        (parts_folder(job.output) / "lock").touch()
    assert names(parts_folder(job.output)) == ["lock"]


def test_resume_leaves_a_job_alone_that_replaces_the_finished_output(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    classify_table(job)
    with open_job(job, overwrite=True) as finished:
        finished |= dict(score_locally(job, parts_folder(job.output), parts_of(job)))
        assert is_finished(job)
        join(finished, job)


def test_what_a_kill_left_half_written_is_removed(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = replace(job_for("in.csv", "out.csv"), output=str(tmp_path / "out"))
    interrupted(job)
    (parts_folder(job.output) / ".part-x.csv.123.tmp").write_text("half")
    classify_table(job, resume=True)
    assert not [name for name in names(tmp_path / "out") if name.startswith(".")]


def test_where_no_receipt_can_be_written_a_note_says_so(job_for, tmp_path, monkeypatch):
    write(tmp_path / "in.csv", ROWS)
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path / "file"))
    (note,) = classify_table(job_for("in.csv", "out.csv")).notes
    assert "cannot be written" in note and "--resume will not know this output again" in note
    assert len(read(tmp_path / "out.csv")) == 10


HOLDER = """
import sys, time
from pathlib import Path
from charrnn.storage import lock

with lock(Path(sys.argv[1]), "taken"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_ends_with_the_process(job_for, tmp_path):
    write(tmp_path / "in.csv", ROWS)
    job = job_for("in.csv", "out.csv")
    interrupted(job)
    command = [sys.executable, "-c", HOLDER, str(parts_folder(job.output) / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(SettingsError, match="another process is writing it"), open_job(job, resume=True):
            pass
        process.kill()
    assert classify_table(job, resume=True).resumed == 8
