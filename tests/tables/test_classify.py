"""Jobs from the command line, whole: what goes in comes out, with the answers of ``predict`` beside it."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from charrnn.cli import main
from charrnn.corpus.rows import delimited
from charrnn.inference import load
from charrnn.tables import store
from charrnn.tables.classify import classify_table
from tests.tables.files import append, format_of, read, write

NAMES = ["Rossi", "", "Suzuki", "42", "Papadopoulos", "Nowak", "O'Brien", "=SUM(A1)", "-Kowalski", "@home"]
SOURCES = ["in.csv", "in.tsv.gz", "in.jsonl", "in.json", "in.parquet", "in.xlsx"]
TARGETS = ["out.csv", "out.tsv", "out.jsonl.gz", "out.json", "out.parquet", "out.xlsx"]


def rows(n=10):
    return [{"id": f"00{i}", "name": NAMES[i % len(NAMES)], "note": 'a "b", c\nd'} for i in range(n)]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("target", TARGETS)
def test_columns_are_kept_and_rows_stay_in_order(source, target, run, tmp_path, small_parts, trained):
    write(tmp_path / source, rows())
    status, _, err = run("--input", tmp_path / source, "--output", tmp_path / target, "--top-k", 2)
    assert status == 0, err
    found = read(tmp_path / target)
    expected = load(trained["classifier"]).predict([row["name"] for row in rows()], 2)
    assert [{key: row[key] or "" for key in ("id", "name", "note")} for row in found] == rows()
    for row, answer in zip(found, expected, strict=True):
        assert (row["reason"] or None) == answer.reason
        assert str(row["abstained"]).lower() == str(answer.abstained).lower()
        for rank, scored in zip(("", "_2"), answer.predictions, strict=False):
            assert row[f"label{rank}"] == scored.label
            assert float(row[f"probability{rank}"]) == pytest.approx(scored.probability, abs=2e-6)
        if not answer.predictions:
            assert not row["label"] and not row["probability_2"]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([source, target])


@pytest.mark.parametrize("workers", [1, 2])
def test_json_lines_pass_through_as_they_stand(workers, run, tmp_path, small_parts):
    lines = [
        '{"name":"A"}',
        '{"name":"B","id":7}',
        ' { "name" : "Rossi", "x": 1.10, "y":1E400 , "z":{}, "big": 123456789012345678901234567890 } ',
        '{"name":"Sato","name":"Suzuki","u":"\\u00e9\\ud83d\\ude00\u2028"}',
        "{}",
        '{"name":42,"label":null}',
        '{"name":null, "n": [1, {"a": NaN}]}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out.jsonl"
    status, _, err = run("--input", tmp_path / "in.jsonl", "--output", out, "--top-k", 1, "--workers", workers)
    assert status == 0 and "called charrnn_label" in err
    found = out.read_text(encoding="utf-8").split("\n")[:-1]
    assert len(found) == len(lines)
    for line, text in zip(lines, found, strict=True):
        start = line.strip()[:-1]
        assert text.startswith(start) and text[len(start) :].removeprefix(", ").startswith('"charrnn_label": ')
    reasons = [json.loads(text)["charrnn_reason"] for text in found]
    assert reasons == [None, None, None, None, "missing-name", "not-text", "missing-name"]


def test_to_other_formats_goes_the_union_of_the_keys(run, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"name":"A"}\n{"id":7,"x":1.10,"z":{"k":[]},"t":true,"name":"B"}\n')
    assert run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.csv", "--top-k", 1)[0] == 0
    found = [list(row.values())[:5] for row in read(tmp_path / "out.csv")]
    assert found == [["A", "", "", "", ""], ["B", "7", "1.10", '{"k": []}', "true"]]
    assert run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.parquet", "--top-k", 1)[0] == 0
    first, second = [list(row.values())[:5] for row in read(tmp_path / "out.parquet")]
    assert first == ["A", None, None, None, None] and second == ["B", 7, 1.1, '{"k": []}', True]


@pytest.mark.parametrize("target", ["out.csv", "out.parquet", "out.xlsx"])
@pytest.mark.parametrize(
    ("second", "message"),
    [
        ('{"name":"B","x":"a"}', "row 2, column 'x': text, where row 1 has an integer"),
        ('{"name":"B","x":[1]}', "row 2, column 'x': a list or an object, where row 1 has an integer"),
        ('{"name":"B","x":true}', "row 2, column 'x': a truth value, where row 1 has an integer"),
        ('{"name":42}', "row 2, column 'name': an integer, where row 1 has text"),
    ],
)
def test_a_conflict_of_types_is_refused_with_row_and_key(target, second, message, run, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"name":"A","x":1}\n' + second + "\n")
    status, _, err = run("--input", tmp_path / "in.jsonl", "--output", tmp_path / target)
    assert status == 2 and f"in.jsonl, {message}" in err and err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["in.jsonl"]


def test_an_integer_that_is_too_large_for_the_target_is_refused_with_row_and_key(run, tmp_path):
    for target, number in (("out.parquet", 2**63), ("out.parquet", -(2**63) - 1), ("out.xlsx", 2**53 + 1)):
        (tmp_path / "in.jsonl").write_text(f'{{"name":"A"}}\n{{"name":"B","x":{number}}}\n')
        status, _, err = run("--input", tmp_path / "in.jsonl", "--output", tmp_path / target)
        assert status == 2 and f"row 2, column 'x': the number {number} is too large" in err
    assert run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.csv")[0] == 0
    assert read(tmp_path / "out.csv")[1]["x"] == str(2**53 + 1)


CELLS = ["-5.3", "+49 30 1234", "=SUM(A1)", "@x", "'a", "007", "1e5", "-", "\t=1"]


@pytest.mark.parametrize("name", ["in.csv", "in.tsv"])
def test_cells_are_never_changed(name, run, tmp_path):
    write(tmp_path / name, [{"name": "Rossi", "=x": cell} for cell in CELLS])
    out = tmp_path / name.replace("in", "out")
    assert run("--input", tmp_path / name, "--output", out)[0] == 0
    assert [row["=x"] for row in read(out)] == CELLS


def test_guarding_against_formulas_is_a_choice_that_spares_numbers_and_covers_headers(run, tmp_path):
    write(tmp_path / "in.csv", [{"name": "=Rossi", "=x": cell} for cell in CELLS])
    assert run("--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", "--spreadsheet-safe")[0] == 0
    found = read(tmp_path / "out.csv")
    expected = ["-5.3", "'+49 30 1234", "'=SUM(A1)", "'@x", "'a", "007", "1e5", "'-", "'\t=1"]
    assert [row["'=x"] for row in found] == expected and found[0]["name"] == "'=Rossi"


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_every_text_type_of_arrow_is_guarded(kind, run, tmp_path):
    pq.write_table(
        pa.table({"name": ["Rossi", "Sato"], "x": pa.array(["=1", None]).cast(kind)}), tmp_path / "in.parquet"
    )
    for flags, cell in ((["--spreadsheet-safe"], "'=1"), (["--overwrite"], "=1")):
        status, _, err = run("--input", tmp_path / "in.parquet", "--output", tmp_path / "out.csv", *flags)
        assert status == 0, err
        assert [row["x"] for row in read(tmp_path / "out.csv")] == [cell, ""]


def test_names_of_one_column_stay_aligned(run, tmp_path):
    (tmp_path / "in.csv").write_text("name\nRossi\n\nNaN\nNone\nN/A\nnull\n-\nNull\nNULL\nnan\n")
    assert run("--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv")[0] == 0
    reasons = [row["reason"] for row in read(tmp_path / "out.csv")]
    assert [reason == "missing-name" for reason in reasons] == [False, *[True] * 6, False, True, True]


@pytest.mark.parametrize("name", ["in.jsonl", "in.parquet", "in.xlsx"])
def test_a_column_of_names_without_any_text_is_one_line(name, run, tmp_path):
    write(tmp_path / name, [{"name": 0, "x": "a"}, {"name": 5, "x": "b"}])
    for workers in (1, 2):
        out = tmp_path / "out.csv"
        status, _, err = run("--input", tmp_path / name, "--output", out, "--workers", workers)
        assert status == 2 and f"{name}: the column 'name' holds no text but" in err and "Set --name-column" in err
        assert [p.name for p in tmp_path.iterdir()] == [name]


def test_columns_that_exist_keep_their_names_and_a_line_says_so(run, tmp_path):
    write(tmp_path / "in.csv", [{"name": "Rossi", "label": "mine", "reason": "r"}])
    status, _, err = run("--input", tmp_path / "in.csv", "--output", tmp_path / "1.csv", "--top-k", 1)
    assert status == 0 and "so these are called charrnn_label and so on" in err.splitlines()[0]
    (row,) = read(tmp_path / "1.csv")
    own, answers = {"name": "Rossi", "label": "mine", "reason": "r"}, ("label", "probability", "abstained", "reason")
    assert list(row) == [*own, *(f"charrnn_{name}" for name in answers)] and row.items() >= own.items()
    assert row["charrnn_label"] == "Italian"
    assert run("--input", tmp_path / "1.csv", "--output", tmp_path / "2.csv", "--top-k", 1)[0] == 0
    (again,) = read(tmp_path / "2.csv")
    assert list(again) == [*row, *(f"charrnn_2_{name}" for name in answers)] and again.items() >= row.items()


def test_a_summary_tells_rows_time_and_abstentions(run, tmp_path):
    write(tmp_path / "in.csv", [{"name": name, "x": ""} for name in ("Rossi", "", "NaN", "42")])
    append(tmp_path / "in.csv", "bad\n")
    flags = ["--input", tmp_path / "in.csv", "--bad-rows", "skip"]
    status, _, err = run(*flags, "--output", tmp_path / "out.csv")
    first, second, third = err.splitlines()
    assert (
        status == 0
        and f"{tmp_path}/out.csv: 4 rows in " in first
        and "rows/s); 3 abstain: 2 missing-name, 1 no-letters" in first
    )
    assert "1 bad rows left out:" in second and "in.csv, row 6: 1 cells where the header has 2" in third
    status, out, err = run(*flags)
    assert status == 0 and out == (tmp_path / "out.csv").read_text() and "charrnn: 4 rows in" in err


def test_an_output_that_exists_is_replaced_only_on_demand(run, tmp_path):
    write(tmp_path / "in.csv", rows())
    (tmp_path / "out.csv").write_text("precious")
    arguments = ["--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv"]
    for flags in ([], ["--resume"], ["--restart"]):
        status, _, err = run(*arguments, *flags)
        assert status == 2 and "exists already" in err and "--overwrite" in err
        assert (tmp_path / "out.csv").read_text() == "precious"
    assert run(*arguments, "--overwrite")[0] == 0 and len(read(tmp_path / "out.csv")) == 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("target", ["out.csv", "out"])
def test_resuming_a_finished_job_is_done_at_once(target, run, tmp_path, small_parts):
    write(tmp_path / "in.csv", rows())
    arguments = ["--input", tmp_path / "in.csv", "--output", tmp_path / target]
    assert run(*arguments)[0] == 0
    status, out, err = run(*arguments, "--resume")
    assert (status, out) == (0, "") and "is finished already; nothing to do" in err
    for other in (["--top-k", 1], ["--min-probability", 0.5]):
        status, _, err = run(*arguments, "--resume", *other)
        assert status == 2 and "exists already" in err
    (tmp_path / "in.csv").write_text("name\nRossi\n")
    assert run(*arguments, "--resume")[0] == 2


def test_worker_processes_change_no_byte(run, tmp_path):
    names = [f"{name} {i}" for i in range(12_000) for name in ("Rossi", "Sato", "Nowak", "Papas")]
    write(tmp_path / "in.csv", [{"name": name} for name in names])
    for workers in (1, 2):
        out = tmp_path / f"out{workers}.csv"
        assert run("--input", tmp_path / "in.csv", "--output", out, "--workers", workers)[0] == 0
    assert (tmp_path / "out1.csv").read_bytes() == (tmp_path / "out2.csv").read_bytes()


# Shells start what runs in the background without Ctrl-C.
WITH_CTRL_C = """
import signal, sys
from charrnn.cli import main
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
"""


def start(trained, folder, *flags):
    command = [sys.executable, "-c", WITH_CTRL_C, "classify", "--model", str(trained["classifier"])]
    files = ["--input", str(folder / "in.csv"), "--output", str(folder / "out.csv"), *flags]
    return subprocess.Popen([*command, *files], stderr=subprocess.PIPE, text=True, start_new_session=True)


def parts_done(folder):
    return len(list(folder.glob(".out.csv.parts/*[0-9].json")))


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
    assert "of them finished before" in again.stderr.read()
    again.stderr.close()
    assert (tmp_path / "out.csv").read_bytes().count(b"\n") == 300_001


def test_ctrl_c_keeps_the_finished_parts_and_says_so(trained, tmp_path):
    # Many more rows than are scored until the first part is seen, however busy the machine.
    pacsv.write_csv(pa.table({"name": [f"Rossi{i}" for i in range(1_000_000)]}), tmp_path / "in.csv")
    process = start(trained, tmp_path, "--workers", "2")
    while parts_done(tmp_path) < 1 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait() == 3
    err = process.stderr.read()
    process.stderr.close()
    assert err.startswith("charrnn: stopped; ") and err.endswith("Go on with --resume.\n") and err.count("\n") == 1
    assert parts_done(tmp_path) >= 1


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        ("name,x\nRossi,1\nSato\n", [], "in.csv, row 3: 1 cells where the header has 2"),
        ("name,name\nRossi,1\n", [], "in.csv: the column 'name' stands twice"),
        ("", [], "it is empty"),
        ("surname\nRossi\n", [], "in.csv: no column 'name'; found surname. Set --name-column."),
        ("surname\nRossi\n", ["--workers", "2"], "in.csv: no column 'name'; found surname. Set --name-column."),
        ("name\nM\udcfcller\n", [], "in.csv, line 2, column 2: not UTF-8 (byte 0xfc). With --encoding cp1252"),
        ('name,x\nRossi,"a"b\n', [], "in.csv, row 2 (line 2, column 10): malformed, text behind a closing quote"),
        (
            "name,x,x\nRossi,1,2\n",
            ["--format", "jsonl", "--output", "out.jsonl"],
            "the column 'x' stands twice, which jsonl",
        ),
        ("name\nRossi\n", ["--delimiter", "ab"], "--delimiter 'ab': must be one sign"),
        ("name\nRossi\n", ["--encoding", "klingon"], "--encoding klingon: no text encoding"),
    ],
)
def test_bad_tables_are_one_line_and_leave_nothing(content, flags, message, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_bytes(content.encode(errors="surrogateescape"))
    status, out, err = run("--input", "in.csv", "--output", "out.csv", *flags)
    assert status == 2 and message in err and err.count("\n") == 1 and out == ""
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]


def test_a_malformed_row_after_finished_parts_loses_none_of_them(run, tmp_path, small_parts, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_ROWS", 2)
    write(tmp_path / "in.csv", rows(9))
    append(tmp_path / "in.csv", "bad\n")
    arguments = ["--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv"]
    status, _, err = run(*arguments)
    assert status == 2 and "row 11" in err and err.count("\n") == 1 and parts_done(tmp_path) == 2
    status, _, err = run(*arguments)
    assert status == 2 and "an interrupted job has 2" in err and "--resume" in err and "--restart" in err
    assert parts_done(tmp_path) == 2


def test_a_read_error_keeps_the_finished_parts(run, tmp_path, small_parts, monkeypatch):
    """A disk or a network file system that fails in the middle is no malformed table."""
    write(tmp_path / "in.csv", rows())
    pieces = store.read_pieces

    def failing(job, file, length):
        for i, piece in enumerate(pieces(job, file, length)):
            if i == 2:
                raise OSError(5, "Input/output error")
            yield piece

    monkeypatch.setattr(store, "read_pieces", failing)
    arguments = ["--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv"]
    assert run(*arguments)[0] == 2 and parts_done(tmp_path) == 2
    monkeypatch.setattr(store, "read_pieces", pieces)
    status, _, err = run(*arguments, "--resume")
    assert status == 0 and "8 of them finished before" in err and len(read(tmp_path / "out.csv")) == 10


def test_pipes(trained):
    command = [sys.executable, "-m", "charrnn", "classify", "--model", str(trained["classifier"]), "--input", "-"]
    flags = ["--input-format", "csv", "--top-k", "1"]
    done = subprocess.run([*command, *flags], input="id,name\n7,Rossi\n8,\n", capture_output=True, text=True)
    header, first, second = done.stdout.splitlines()
    assert header == "id,name,label,probability,abstained,reason" and '"7","Rossi","Italian"' in first
    assert second.endswith('true,"missing-name"')
    bad = subprocess.run([*command, *flags], input="id,name\n7\n", capture_output=True, text=True)
    assert bad.returncode == 2 and bad.stderr.startswith("charrnn: standard input, row 2: 1 cells")
    records = '{"name":"Rossi"}\n{"name":"Sato","x":1}\n'
    flags = ["--input-format", "jsonl", "--format", "csv", "--top-k", "1"]
    done = subprocess.run([*command, *flags], input=records, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == "name,x,label,probability,abstained,reason"
    lines = subprocess.run([*command, "--format", "jsonl"], input="Rossi\n", capture_output=True, text=True)
    assert json.loads(lines.stdout)["name"] == "Rossi"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("table_format", ["csv", "json"])
def test_a_pipe_gets_the_bytes_of_a_file(workers, table_format, run, tmp_path, small_parts):
    source, target = tmp_path / f"in.{table_format}", tmp_path / f"out.{table_format}"
    write(source, [{"name": f"Rossi {i}"} for i in range(30)])
    assert run("--input", source, "--output", target)[0] == 0
    status, out, _ = run("--input", source, "--workers", workers)
    assert status == 0 and out == target.read_text()


def test_a_terminal_gets_no_control_characters(run, tmp_path, monkeypatch):
    write(tmp_path / "in.csv", [{"name": "Rossi\x1b]0;owned\x07", "x": "a\tb"}])
    write(tmp_path / "in.jsonl", [{"name": "Rossi\x9b1m"}])
    assert "\x1b" in run("--input", tmp_path / "in.csv")[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _, out, _ = run("--input", tmp_path / "in.csv")
    assert "\x1b" not in out and "Rossi\\x1b]0;owned\\x07" in out and "a\tb" in out
    _, out, _ = run("--input", tmp_path / "in.jsonl")
    assert "\x9b" not in out and json.loads(out)["name"] == "Rossi\x9b1m"


def test_texts_unlike_names_abstain_and_keep_their_answers(run, tmp_path):
    names = ["Rossi", "Xqzwvkjx", "Acme Ltd", "Suzuki"]
    write(tmp_path / "in.csv", [{"name": name} for name in names])
    assert run("--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv")[0] == 0
    found = read(tmp_path / "out.csv")
    assert [row["reason"] for row in found] == ["", "unlike-training", "not-a-name", ""]
    assert all(row["label"] and row["probability_3"] for row in found)


@pytest.mark.parametrize("target", ["out.csv", "out.jsonl", "out.json", "out.parquet", "out.xlsx"])
def test_a_table_without_rows_gets_its_columns(target, run, tmp_path):
    (tmp_path / "in.csv").write_text("id,name\n")
    assert run("--input", tmp_path / "in.csv", "--output", tmp_path / target, "--top-k", 1)[0] == 0
    assert read(tmp_path / target) == []
    if target == "out.csv":
        assert (tmp_path / target).read_text() == "id,name,label,probability,abstained,reason\n"


@pytest.mark.parametrize(
    ("source", "target"), [("in.jsonl", "out.jsonl"), ("in.jsonl", "out.csv"), ("in.json", "out.json")]
)
def test_no_records_are_no_answers(source, target, run, tmp_path):
    (tmp_path / source).write_text("" if source == "in.jsonl" else "[]")
    assert run("--input", tmp_path / source, "--output", tmp_path / target)[0] == 0
    assert read(tmp_path / target) == []


def test_sets_have_columns_for_every_label(run, tmp_path, small_parts):
    write(tmp_path / "in.csv", rows())
    assert run("--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", "--coverage", 0.9)[0] == 0
    found = read(tmp_path / "out.csv")
    assert len(found) == 10 and "label_4" in found[0] and not found[0]["label_4"]


@pytest.mark.parametrize("table_format", ["csv", "json", "parquet"])
def test_a_folder_of_tables_is_one_table_and_may_become_one_of_parts(table_format, run, tmp_path, small_parts):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("b", "a"):
        write(source / f"{name}.{table_format}", [{"name": f"{name} {i}"} for i in range(6)])
    whole = tmp_path / f"out.{table_format}"
    assert run("--input", source, "--output", whole)[0] == 0
    assert run("--input", source, "--output", out)[0] == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", *(p["file"] for p in manifest["parts"])]
    in_parts = [row for part in manifest["parts"] for row in read(out / part["file"])]
    assert in_parts == read(whole) and manifest["rows"] == len(in_parts) == 12
    assert [row["name"] for row in in_parts] == [f"{name} {i}" for name in "ab" for i in range(6)]
    status, _, err = run("--input", source, "--output", out)
    assert status == 2 and "exists already" in err
    assert run("--input", source, "--output", out, "--overwrite", "--top-k", 1)[0] == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out", f"out.{table_format}"]
    assert "label_2" not in read(out / manifest["parts"][0]["file"])[0]


def test_a_csv_keeps_its_delimiter_and_another_format_has_its_own(run, tmp_path):
    (tmp_path / "in.csv").write_bytes("Name;Preis\nMüller;1,5\nJosé;2,5\n".encode("cp1252"))
    arguments = ["--input", tmp_path / "in.csv", "--encoding", "cp1252"]
    assert run(*arguments, "--output", tmp_path / "out.csv")[0] == 0
    found = read(tmp_path / "out.csv", ";")
    assert [(row["Name"], row["Preis"]) for row in found] == [("Müller", "1,5"), ("José", "2,5")]
    assert run(*arguments, "--output", tmp_path / "out.tsv")[0] == 0
    assert [row["Preis"] for row in read(tmp_path / "out.tsv")] == ["1,5", "2,5"]


def test_missing_inputs_are_told_from_outputs_that_cannot_be_written(run, tmp_path):
    assert "--input" in run("--input", tmp_path / "none.csv", "--output", tmp_path / "out.csv")[2]
    write(tmp_path / "in.csv", rows())
    assert "--output" in run("--input", tmp_path / "in.csv", "--output", tmp_path / "none" / "out.csv")[2]


def test_a_job_can_be_run_from_python(job_for, trained, tmp_path):
    write(tmp_path / "in.csv", rows())
    summary = classify_table(job_for("in.csv", "out.csv"))
    assert (summary.rows, summary.resumed, summary.bad_rows) == (10, 0, 0)
    answers = load(trained["classifier"]).predict([row["name"] for row in rows()])
    assert summary.abstained == Counter(answer.reason for answer in answers if answer.abstained)
    assert summary.abstained["missing-name"] == summary.abstained["no-letters"] == 1 and summary.seconds > 0
    assert format_of(tmp_path / "out.csv") == "csv" and csv.reader(io.StringIO((tmp_path / "out.csv").read_text()))


MALFORMED = {"in.csv": b"name,x\n" + b"Rossi,1\n" * 40_000 + b'"a"b,2\n', "in.parquet": None}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_run_that_ends_in_an_error_never_aborts(name, trained, tmp_path):
    """Threads of a reader that is not closed end in SIGABRT, on one core often."""
    if MALFORMED[name] is None:
        pq.write_table(pa.table({"name": [f"Rossi {i}" for i in range(100_000)]}), tmp_path / name, row_group_size=1000)
        content = bytearray((tmp_path / name).read_bytes())
        content[len(content) // 2 : len(content) // 2 + 2000] = bytes(2000)
        (tmp_path / name).write_bytes(content)
    else:
        (tmp_path / name).write_bytes(MALFORMED[name])
    command = [sys.executable, "-m", "charrnn", "classify", "--model", str(trained["classifier"])]
    files = ["--input", str(tmp_path / name), "--output", str(tmp_path / "out.csv"), "--restart"]
    core = {min(os.sched_getaffinity(0))}
    for _ in range(6):
        done = subprocess.run(
            [*command, *files], capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, core)
        )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


@pytest.mark.parametrize("target", ["out.csv", "out.jsonl", "out.parquet"])
def test_a_folder_of_sheets_needs_no_equal_headers_for_json_alone(target, run, tmp_path):
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.xlsx", [{"name": "Rossi", "x": 1}])
    write(tmp_path / "in" / "b.xlsx", [{"label": "mine", "Name": "Sato"}])
    status, _, err = run("--input", tmp_path / "in", "--output", tmp_path / target, "--top-k", 1)
    if target != "out.jsonl":
        assert status == 2 and "b.xlsx: other columns than" in err and [p.name for p in tmp_path.iterdir()] == ["in"]
        return
    first, second = read(tmp_path / target)
    assert (first["x"], first["charrnn_label"]) == (1, "Italian")
    assert (second["Name"], second["label"], second["charrnn_label"]) == ("Sato", "mine", "Japanese")


def test_columns_that_stand_twice_in_several_files_stay(run, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "in" / name).write_text("name,x,x\nRossi,1,2\n")
    assert run("--input", tmp_path / "in", "--output", tmp_path / "out.csv", "--top-k", 1)[0] == 0
    header, *found = csv.reader(io.StringIO((tmp_path / "out.csv").read_text()))
    assert (
        header[:4] == ["name", "x", "x", "label"] and [row[:4] for row in found] == [["Rossi", "1", "2", "Italian"]] * 2
    )
    status, _, err = run("--input", tmp_path / "in", "--output", tmp_path / "out.jsonl")
    assert status == 2 and "stands twice, which jsonl cannot hold" in err


def test_what_is_no_text_in_a_sheet_abstains_in_every_format(run, tmp_path):
    write(tmp_path / "in.xlsx", [{"name": value, "x": "a"} for value in ("Rossi", True, 7, None, "NaN")])
    for target in ("out.csv", "out.jsonl", "out.xlsx"):
        assert run("--input", tmp_path / "in.xlsx", "--output", tmp_path / target)[0] == 0
        reasons = [row["reason"] or None for row in read(tmp_path / target)]
        assert reasons == [None, "not-text", "not-text", "missing-name", "missing-name"]


def test_a_model_in_a_folder_of_a_shipped_name_is_that_model(trained, tmp_path, monkeypatch, capsys):
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "classifier").symlink_to(trained["classifier"])
    write(tmp_path / "in.csv", [{"name": "Rossi", "x": ""}])
    monkeypatch.chdir(tmp_path)
    assert main(["classify", "--model", "./names/classifier", "--input", "in.csv", "--top-k", "0"]) == 0
    assert "label_4" in (out := capsys.readouterr().out) and "label_5" not in out
    assert out.splitlines()[1].split(",")[3] != ""


def test_a_folder_of_parts_is_a_table_again(run, tmp_path, small_parts):
    write(tmp_path / "in.jsonl", [{"name": f"Rossi {i}"} for i in range(9)])
    assert run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "parts", "--format", "json")[0] == 0
    assert run("--input", tmp_path / "parts", "--output", tmp_path / "out.csv")[0] == 0
    assert len(read(tmp_path / "out.csv")) == 9
    status, _, err = run("--input", tmp_path / "parts", "--output", tmp_path / "parts", "--overwrite")
    assert status == 2 and "is the folder of the input" in err


def test_nested_numbers_keep_their_text(run, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"name":"A","x":{"a":[1.10,1E400,-5,true,null,"é"]}}\n')
    assert run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.csv")[0] == 0
    assert read(tmp_path / "out.csv")[0]["x"] == '{"a": [1.10, 1E400, -5, true, null, "é"]}'
    (tmp_path / "in.jsonl").write_text('{"name":"A","x":1E400}\n')
    status, _, err = run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.parquet")
    assert status == 2 and "row 1, column 'x': the number 1E400 is too large for parquet" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "in.csv", "--output", "."], "--output .: has no name"),
        (["--input", "in.csv", "--output", "folder.csv"], "is a folder"),
        (["--input", "in.csv", "--delimiter", "§"], "must be one sign of ASCII"),
        (["--input", "keys.jsonl", "--output", "out.csv"], "its name holds half a character"),
        (["--input", "in.csv", "--encoding", "utf-16"], "in.csv: not UTF-16"),
        (["--input", "header.csv", "--output", "out.xlsx"], "row 1, column 2"),
    ],
)
def test_what_once_was_a_traceback_is_one_line(arguments, message, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.csv", [{"name": "Rossi", "x": "a"}])
    (tmp_path / "keys.jsonl").write_text('{"name":"A","\\ud800":1}\n')
    (tmp_path / "header.csv").write_text("name,a\x0cb\nRossi,1\n")
    (tmp_path / "folder.csv").mkdir()
    status, out, err = run(*arguments)
    assert status == 2 and out == "" and message in err and err.count("\n") == 1


def test_a_pipe_that_nobody_reads_any_more_is_no_error_and_a_full_disk_is_one(trained, tmp_path):
    command = f"{sys.executable} -m charrnn classify --model {trained['classifier']} --input - --input-format csv"
    table = "name\n" + "Rossi\n" * 100_000
    done = subprocess.run(["bash", "-c", f"{command} | head -1"], input=table, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (
        "name,label,probability,label_2,probability_2,label_3,probability_3,abstained,reason\n",
        "",
    )
    for unbuffered in ("", "1"):
        done = subprocess.run(
            ["bash", "-c", f"{command} > /dev/full"],
            input="name\nRossi\n",
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )
        assert done.returncode == 2 and done.stderr.startswith("charrnn: standard output: cannot be written")


def test_a_standard_input_that_was_interrupted_can_only_begin_anew(run, tmp_path, small_parts, monkeypatch):
    def stdin(rows):
        monkeypatch.setattr(
            "sys.stdin", io.TextIOWrapper(io.BytesIO(b"name,x\n" + b"Rossi,1\n" * rows + b"bad\n" * (rows == 9)))
        )

    monkeypatch.setattr(delimited, "BLOCK_ROWS", 2)
    arguments = ["--input", "-", "--input-format", "csv", "--output", tmp_path / "out.csv"]
    stdin(9)
    assert run(*arguments)[0] == 2 and parts_done(tmp_path) == 2
    stdin(10)
    status, _, err = run(*arguments)
    assert status == 2 and "Standard input cannot be read again, so begin anew with --restart" in err
    stdin(10)
    assert run(*arguments, "--restart")[0] == 0 and len(read(tmp_path / "out.csv")) == 10


@pytest.mark.parametrize(("name", "content"), [("jsonl", '{"name":"Rossi"}\n'), ("csv", "name\nRossi\n")])
def test_a_pipe_with_a_path_is_read_as_often_as_needed(name, content, trained, tmp_path):
    (tmp_path / "in").write_text(content)
    command = f"{sys.executable} -m charrnn classify --model {trained['classifier']} --input-format {name}"
    done = subprocess.run(
        ["bash", "-c", f"{command} --input <(cat in) --output out.{name}"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0 and "1 rows in" in done.stderr, done.stderr
    assert [row["label"] for row in read(tmp_path / f"out.{name}")] == ["Italian"]


def test_an_output_that_cannot_be_looked_up_is_one_line(run, tmp_path):
    write(tmp_path / "in.csv", rows())
    (tmp_path / "loop").symlink_to("loop")
    for output in ("x" * 300 + ".csv", "loop/out.csv"):
        status, _, err = run("--input", tmp_path / "in.csv", "--output", tmp_path / output)
        assert status == 2 and "--output" in err and err.count("\n") == 1


@pytest.mark.parametrize("target", ["out.csv", "out.jsonl", "out.xlsx"])
def test_text_of_parquet_that_is_no_utf8_is_one_line(target, run, tmp_path):
    bad = pa.array([b"M\xfcller"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"name": ["Rossi"], "x": bad}), tmp_path / "in.parquet")
    status, _, err = run("--input", tmp_path / "in.parquet", "--output", tmp_path / target)
    assert (status, err.count("\n")) in ((0, 1), (2, 1)) and (target == "out.csv" or status == 2)


def test_deep_json_is_one_line(run, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"name":"A","x":' + '{"a":' * 700 + "1" + "}" * 700 + "}\n")
    status, _, err = run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.csv")
    assert status == 2 and "row 1, column 'x'" in err and err.count("\n") == 1
    assert run("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl")[0] == 0
