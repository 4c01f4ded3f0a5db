import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from charrnn.cli import main
from charrnn.errors import InputError, StorageError
from charrnn.inference import load
from charrnn.tables import store
from charrnn.tables.classify import classify_table
from charrnn.tables.job import Job

NAMES = ["Rossi", "", "Suzuki", "42", "Papadopoulos", "Nowak", "O'Brien", "=SUM(A1)", "-Kowalski", "@home"]


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(store, "PART_ROWS", 4)


@pytest.fixture
def run(trained, capsys):
    def run(*arguments):
        status = main(["classify", "--model", str(trained["classifier"]), *map(str, arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def rows(n=10):
    return [{"id": f"00{i}", "name": NAMES[i % len(NAMES)], "note": 'a "b", c\nd'} for i in range(n)]


def write(path, table_format, records):
    columns = list(records[0])
    if table_format in ("csv", "tsv"):
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, delimiter="," if table_format == "csv" else "\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        content = text.getvalue().encode()
    elif table_format == "jsonl":
        content = "".join(json.dumps(record) + "\n" for record in records).encode()
    else:
        pq.write_table(pa.Table.from_pylist(records), path)
        return path
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def read(path):
    content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    table_format = path.name.removesuffix(".gz").rsplit(".", 1)[1]
    if table_format == "jsonl":
        return [json.loads(line) for line in content.splitlines()]
    if table_format == "parquet":
        return pq.read_table(path).to_pylist()
    return list(csv.DictReader(io.StringIO(content.decode()), delimiter="," if table_format == "csv" else "\t"))


@pytest.mark.parametrize("source", ["in.csv", "in.tsv.gz", "in.jsonl", "in.parquet"])
@pytest.mark.parametrize("target", ["out.csv", "out.tsv", "out.jsonl.gz", "out.parquet"])
def test_columns_are_kept_and_rows_stay_in_order(source, target, run, tmp_path, small_parts, trained):
    table_format = source.removesuffix(".gz").rsplit(".", 1)[1]
    write(tmp_path / source, table_format, rows())
    status, _, err = run("--input", tmp_path / source, "--output", tmp_path / target, "--top-k", 2, "--raw-cells")
    assert status == 0, err
    found = read(tmp_path / target)
    expected = load(trained["classifier"]).predict([row["name"] for row in rows()], 2)
    assert [{key: row[key] for key in ("id", "name", "note")} for row in found] == rows()
    for row, answer in zip(found, expected, strict=True):
        assert (row["reason"] or None) == answer.reason
        assert str(row["abstained"]).lower() == str(answer.abstained).lower()
        for rank, scored in zip(("", "_2"), answer.predictions, strict=False):
            assert row[f"label{rank}"] == scored.label
            assert float(row[f"probability{rank}"]) == pytest.approx(scored.probability, abs=2e-6)
        if not answer.predictions:
            assert not row["label"] and not row["probability_2"]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([source, target])


def test_formulas_are_made_safe(run, tmp_path):
    write(tmp_path / "in.csv", "csv", rows())
    assert run("--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv")[0] == 0
    assert [row["name"] for row in read(tmp_path / "out.csv")][7:] == ["'=SUM(A1)", "'-Kowalski", "'@home"]


def test_a_column_that_exists_is_kept_under_another_name(run, tmp_path):
    records = [{"name": "Rossi", "label": "mine", "reason": 3}]
    write(tmp_path / "in.jsonl", "jsonl", records)
    assert run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl")[0] == 0
    (row,) = read(tmp_path / "out.jsonl")
    assert (row["input_label"], row["input_reason"], row["label"]) == ("mine", 3, "Italian")


def test_worker_processes_change_no_byte(run, tmp_path, trained):
    names = [f"{name} {i}" for i in range(12_000) for name in ("Rossi", "Sato", "Nowak", "Papas")]
    write(tmp_path / "in.csv", "csv", [{"name": name} for name in names])
    for workers in (1, 2):
        out = tmp_path / f"out{workers}.csv"
        assert run("--input", tmp_path / "in.csv", "--output", out, "--workers", workers)[0] == 0
    assert (tmp_path / "out1.csv").read_bytes() == (tmp_path / "out2.csv").read_bytes()


def start(trained, folder, *flags):
    command = [sys.executable, "-m", "charrnn", "classify", "--model", str(trained["classifier"])]
    files = ["--input", str(folder / "in.csv"), "--output", str(folder / "out.csv"), *flags]
    return subprocess.Popen([*command, *files], stderr=subprocess.PIPE, text=True, start_new_session=True)


def parts_done(folder):
    return len(list(folder.glob(".out.csv.parts/*[0-9].json")))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_in_the_middle_it_goes_on_to_the_same_bytes(workers, trained, tmp_path):
    names = ["Rossi", "Sato", "Nowak", "Papas", "", "Suzuki"]
    pacsv.write_csv(pa.table({"name": [f"{names[i % 6]}{i}" for i in range(300_000)]}), tmp_path / "in.csv")
    process = start(trained, tmp_path, "--workers", workers)
    while parts_done(tmp_path) < 2 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert 2 <= parts_done(tmp_path) < 10 and not (tmp_path / "out.csv").exists()
    again = start(trained, tmp_path, "--workers", workers, "--resume")
    assert again.wait() == 0, again.stderr.read()
    again.stderr.close()
    resumed = (tmp_path / "out.csv").read_bytes()
    (tmp_path / "out.csv").unlink()
    whole = start(trained, tmp_path)
    assert whole.wait() == 0
    whole.stderr.close()
    assert (tmp_path / "out.csv").read_bytes() == resumed and resumed.count(b"\n") == 300_001
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_a_killed_worker_loses_nothing(trained, tmp_path):
    pacsv.write_csv(pa.table({"name": [f"Rossi{i}" for i in range(300_000)]}), tmp_path / "in.csv")
    process = start(trained, tmp_path, "--workers", "2")
    while parts_done(tmp_path) < 1 and process.poll() is None:
        time.sleep(0.01)
    children = subprocess.run(["pgrep", "-P", str(process.pid), "-f", "spawn_main"], capture_output=True, text=True)
    os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
    assert process.wait() == 2
    err = process.stderr.read()
    process.stderr.close()
    assert "a worker process was killed" in err and "--resume" in err and "Traceback" not in err
    again = start(trained, tmp_path, "--workers", "2", "--resume")
    assert again.wait() == 0
    again.stderr.close()
    assert (tmp_path / "out.csv").read_bytes().count(b"\n") == 300_001


def test_another_job_is_not_gone_on_with(run, tmp_path, small_parts, monkeypatch):
    write(tmp_path / "in.csv", "csv", rows())
    monkeypatch.setattr(store, "join", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    arguments = ["--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv"]
    status, _, err = run(*arguments)
    assert status == 2 and "No space left" in err and not (tmp_path / "out.csv").exists()
    monkeypatch.undo()
    monkeypatch.setattr(store, "PART_ROWS", 4)
    assert "belongs to another job" in run(*arguments, "--resume", "--top-k", 1)[2]
    assert run(*arguments, "--resume")[0] == 0
    assert len(read(tmp_path / "out.csv")) == 10


@pytest.mark.parametrize("failing", ["part-00000-00000001.csv", "00000-00000001.json", "job.json"])
def test_a_full_disk_is_a_storage_error_and_loses_nothing(failing, run, trained, tmp_path, small_parts, monkeypatch):
    write(tmp_path / "in.csv", "csv", rows())
    source, output, model = str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), trained["classifier"]
    settings = {"top_k": 3, "prior": "model", "coverage": None, "min_probability": 0.0}
    weights = load(model).config.weights_sha256
    job = Job((source,), output, "csv", "csv", str(model), weights, "name", settings)

    def write_atomically(path, content):
        if path.name == failing:
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_atomically", write_atomically)
        with pytest.raises(StorageError, match=r"--output .*out\.csv: cannot be written \(No space left.*--resume"):
            classify_table(job)
    assert parts_done(tmp_path) == (0 if failing == "job.json" else 1) and not (tmp_path / "out.csv").exists()
    assert classify_table(job, resume=True) == classify_table(replace(job, output="-")) == 10
    resumed = (tmp_path / "out.csv").read_bytes()
    assert run("--input", source, "--output", output)[0] == 0 and (tmp_path / "out.csv").read_bytes() == resumed


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        ("name,x\nRossi,1\nSato\n", [], "in.csv, row 3: 1 cells where the header has 2"),
        ("name,name\nRossi,1\n", [], "the column 'name' stands twice"),
        ("", [], "it is empty"),
        ("surname\nRossi\n", [], "no column 'name'; found surname. Set --name-column"),
        ("surname\nRossi\n", ["--workers", "2"], "no column 'name'; found surname. Set --name-column"),
        ("name\nRossi\n", ["--coverage", "0.5"], "coverage 0.5"),
        ("name\nRossi\n", ["--workers", "0"], "--workers 0"),
        ("name\nRossi\n", ["--output", "in.csv"], "is the input"),
        ("name\nRossi\n", ["--output", "out.xls"], "name a file that ends in"),
        ("name\nRossi\n", ["--explain"], "--explain"),
        ("name\nM\udcfcller\n", [], "in.csv, line 2: not UTF-8 (byte 0xfc)"),
    ],
)
def test_bad_tables_are_one_line_and_leave_nothing(content, flags, message, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_bytes(content.encode(errors="surrogateescape"))
    status, out, err = run("--input", "in.csv", "--output", "out.csv", *flags)
    assert status == 2 and message in err and err.count("\n") == 1 and out == ""
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]


def test_pipes(trained):
    command = [sys.executable, "-m", "charrnn", "classify", "--model", str(trained["classifier"]), "--input", "-"]
    table = "id,name\n7,Rossi\n8,\n"
    flags = ["--input-format", "csv", "--top-k", "1"]
    done = subprocess.run([*command, *flags], input=table, capture_output=True, text=True)
    header, first, second = done.stdout.splitlines()
    assert header == "id,name,label,probability,abstained,reason" and '"7","Rossi","Italian"' in first
    assert second.endswith('true,"missing-name"')
    lines = subprocess.run([*command, "--format", "jsonl"], input="Rossi\n", capture_output=True, text=True)
    assert json.loads(lines.stdout)["name"] == "Rossi"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_pipe_gets_the_bytes_of_a_file(workers, run, tmp_path, small_parts):
    write(tmp_path / "in.csv", "csv", [{"name": f"Rossi {i}"} for i in range(30)])
    assert run("--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv")[0] == 0
    status, out, _ = run("--input", tmp_path / "in.csv", "--workers", workers)
    assert status == 0 and out == (tmp_path / "out.csv").read_text()


def test_names_unlike_the_training_data_abstain(run, trained, tmp_path):
    names = ["Rossi", "Xqzwv", "Bbbbbbbbbb", "Suzuki"]
    write(tmp_path / "in.csv", "csv", [{"name": name} for name in names])
    flags = ["--output", tmp_path / "out.csv", "--unlike-training", trained["generator"]]
    assert run("--input", tmp_path / "in.csv", *flags)[0] == 0
    expected = load(trained["classifier"]).predict(names, ood_generator=load(trained["generator"]))
    reasons = [row["reason"] for row in read(tmp_path / "out.csv")]
    assert reasons == [answer.reason or "" for answer in expected] and "unlike-training" in reasons


def test_a_table_without_rows_gets_its_columns(run, tmp_path):
    (tmp_path / "in.csv").write_text("id,name\n")
    assert run("--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", "--top-k", 1)[0] == 0
    assert (tmp_path / "out.csv").read_text() == "id,name,label,probability,abstained,reason\n"


def test_sets_have_columns_for_every_label(run, tmp_path, small_parts):
    write(tmp_path / "in.csv", "csv", rows())
    assert run("--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", "--coverage", 0.9)[0] == 0
    found = read(tmp_path / "out.csv")
    assert len(found) == 10 and "label_4" in found[0] and not found[0]["label_4"]


def test_a_table_in_memory_gets_the_same_columns(trained):
    model = load(trained["classifier"])
    table = pa.table({"surname": ["Rossi", None, "Sato"], "label": [1, 2, 3]})
    found = model.predict_table(table, "surname", top_k=1)
    assert found.column_names == ["surname", "input_label", "label", "probability", "abstained", "reason"]
    assert found["label"].to_pylist() == ["Italian", None, "Japanese"]
    assert found["reason"].to_pylist() == [None, "missing-name", None]
    with pytest.raises(InputError, match="no column 'name'"):
        model.predict_table(table)
    with pytest.raises(InputError, match="no text"):
        model.predict_table(table, "label")


def test_a_folder_of_tables_is_one_table_and_may_become_one_of_parts(run, tmp_path, small_parts):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("b.csv", "a.csv"):
        write(source / name, "csv", [{"name": f"{name} {i}"} for i in range(6)])
    assert run("--input", source, "--output", tmp_path / "out.csv")[0] == 0
    assert run("--input", source, "--output", out)[0] == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", *(p["file"] for p in manifest["parts"])]
    in_parts = [row for part in manifest["parts"] for row in read(out / part["file"])]
    assert in_parts == read(tmp_path / "out.csv") and manifest["rows"] == len(in_parts) == 12
    assert [row["name"] for row in in_parts] == [f"{name} {i}" for name in ("a.csv", "b.csv") for i in range(6)]
    status, _, err = run("--input", source, "--output", out)
    assert status == 2 and "exists already" in err


def test_a_missing_input_is_told_from_an_output_that_cannot_be_written(run, tmp_path):
    assert "--input" in run("--input", tmp_path / "none.csv", "--output", tmp_path / "out.csv")[2]
    write(tmp_path / "in.csv", "csv", rows())
    assert "--output" in run("--input", tmp_path / "in.csv", "--output", tmp_path / "none" / "out.csv")[2]


def test_a_folder_of_several_kinds_or_none_is_refused(run, tmp_path):
    assert "holds no .csv" in run("--input", tmp_path, "--output", tmp_path / "out.csv")[2]
    for table_format in ("csv", "jsonl"):
        write(tmp_path / f"in.{table_format}", table_format, rows())
    assert "several kinds: csv, jsonl" in run("--input", tmp_path, "--output", tmp_path / "out.csv")[2]


@pytest.mark.parametrize("target", ["out.csv", "out.parquet", "-"])
def test_columns_that_change_on_the_way_are_refused_but_in_json_lines(target, run, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "PART_ROWS", 4096)
    write(tmp_path / "in.jsonl", "jsonl", [{"name": "Rossi"}] * 4096 + [{"name": "Sato", "age": 3}])
    output = target if target == "-" else tmp_path / target
    flags = ["--format", "csv"] if target == "-" else []
    status, _, err = run("--input", tmp_path / "in.jsonl", "--output", output, *flags)
    assert status == 2 and "columns" in err and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
    assert run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl")[0] == 0
    assert read(tmp_path / "out.jsonl")[4096]["age"] == 3
    status, out, _ = run("--input", tmp_path / "in.jsonl")
    assert status == 0 and out == (tmp_path / "out.jsonl").read_text()
