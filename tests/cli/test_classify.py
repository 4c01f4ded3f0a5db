import csv
import errno
import gzip
import io
import json

import pytest

from charrnn import load, storage


def test_classify_knows_what_everybody_knows(run):
    names = ["Satoshi", "Dostoevsky", "Papadopoulos", "O'Sullivan", "Nguyen"]
    status, out, _ = run("classify", *names, "--top-k", 1, "--format", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [row["name"] for row in rows] == names
    labels = [row["predictions"][0]["label"] for row in rows]
    assert labels == ["Japanese", "Russian", "Greek", "Irish", "Vietnamese"]


def test_rows_stay_aligned_and_abstain_in_place(run, tmp_path, trained):
    (tmp_path / "in.txt").write_text("Rossi\n\n42\n" + "x" * 101 + "\nSuzuki\n")
    model = ["--model", trained["classifier"]]
    status, out, _ = run("classify", "--input", tmp_path / "in.txt", *model, "--format", "jsonl")
    reasons = [json.loads(line)["reason"] for line in out.splitlines()]
    assert status == 0 and reasons == [None, "missing-name", "no-letters", "too-long", None]


def test_csv_has_a_column_for_each_rank(run, tmp_path, trained):
    out = tmp_path / "out.csv"
    model = ["--model", trained["classifier"]]
    assert run("classify", "Rossi", "?", *model, "--top-k", 2, "--output", out)[0] == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert list(rows[0]) == ["name", "label", "probability", "label_2", "probability_2", "abstained", "reason"]
    assert float(rows[0]["probability"]) >= float(rows[0]["probability_2"])
    assert rows[1] == dict.fromkeys(rows[1], "") | {"name": "?", "abstained": "true", "reason": "no-letters"}


def test_csv_has_a_column_for_each_label_that_a_set_may_show(run):
    _, out, _ = run("classify", "Ye", "Papadopoulos", "--coverage", 0.95, "--format", "csv")
    header, ye, greek = csv.reader(io.StringIO(out))
    labels = len(load("names/classifier").labels)
    assert len(header) == len(ye) == len(greek) == 1 + 2 * labels + 2
    assert greek[1] == "Greek" and greek[3:-2] == [""] * 2 * (labels - 1) and ye[3]


def test_explain_shows_what_each_character_says(run):
    _, out, _ = run("classify", "O'Sullivan", "42", "--explain", "--format", "jsonl")
    first, second = (json.loads(line) for line in out.splitlines())
    why = first["explanation"]
    assert (why["label"], why["characters"]) == ("Irish", "o'sullivan") and "explanation" not in second
    assert sum(why["shares"]) + why["rest"] + why["memory"] == pytest.approx(why["score"])
    _, out, _ = run("classify", "O'Sullivan", "42", "--explain")
    lines = out.splitlines()
    assert (
        len(lines) == 4
        and lines[2].strip() == "listed under Irish"
        and lines[1].lstrip().startswith("o+")
        and " for Irish against " in lines[1]
    )


def test_coverage_shows_sets_and_a_prior_changes_answers(run):
    _, out, _ = run("classify", "Ye", "Papadopoulos", "--coverage", 0.95, "--format", "jsonl")
    sizes = [len(json.loads(line)["predictions"]) for line in out.splitlines()]
    assert sizes[0] > sizes[1] == 1
    _, own, _ = run("classify", "Ye", "--format", "jsonl")
    _, uniform, _ = run("classify", "Ye", "--prior", "uniform", "--format", "jsonl")
    assert own != uniform


def test_doubtful_answers_abstain_and_show_their_distribution(run):
    names = ["Ye", "Papadopoulos", "Xqzwvkjx", "Acme Ltd"]
    _, out, _ = run("classify", *names, "--min-probability", 0.9, "--format", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["reason"] for row in rows] == ["uncertain-score", None, "unlike-training", "not-a-name"]
    assert [len(row["predictions"]) for row in rows] == [3] * 4
    _, out, _ = run("classify", *names, "--min-probability", 0.9)
    assert [line.rpartition("abstains: ")[2] for line in out.splitlines()[2:]] == ["unlike-training", "not-a-name"]


def test_top_k_zero_shows_every_label(run, trained):
    _, out, _ = run("classify", "Rossi", "--model", trained["classifier"], "--top-k", 0, "--format", "jsonl")
    assert len(json.loads(out)["predictions"]) == 4


def test_a_bad_input_leaves_no_half_output(run, tmp_path, trained):
    (tmp_path / "in.txt").write_bytes(b"Rossi\nM\xfcller\n")
    out = tmp_path / "out.jsonl"
    status, _, err = run("classify", "--input", tmp_path / "in.txt", "--output", out, "--model", trained["classifier"])
    assert status == 2 and "line 2, column 2: not UTF-8" in err
    assert [p.name for p in tmp_path.iterdir()] == ["in.txt"]


def test_a_full_disk_is_one_line_and_leaves_the_old_output(run, tmp_path, trained, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "out.csv"
    out.write_text("old")
    monkeypatch.setattr(storage.os, "fsync", full)
    flags = ["--overwrite", "--model", trained["classifier"]]
    status, _, err = run("classify", "Rossi", "--output", out, *flags)
    assert status == 2 and err == f"charrnn: --output {out}: cannot be written (No space left on device). " + (
        "Choose another place.\n"
    )
    assert out.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_the_suffix_of_the_output_decides_the_format(run, tmp_path):
    for suffix, flag in ((".txt", "table"), (".jsonl", "jsonl"), (".csv", "csv")):
        out = tmp_path / f"out{suffix}"
        assert run("classify", "Rossi", "Nguyễn", "--output", out) == (0, "", "")
        assert out.read_bytes().decode() == run("classify", "Rossi", "Nguyễn", "--format", flag)[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["classify"], "give either names or --input"),
        (["classify", "A", "--input", "f"], "give either names or --input"),
        (["classify", "--input", "absent.txt"], "absent.txt: cannot be read"),
        (["classify", "A", "--model", "absent"], "absent: no model folder"),
        (["classify", "A", "--model", "names/generator"], "is a generator"),
        (["classify", "A", "--top-k", "-1"], "top_k -1"),
        (["classify", "A", "--top-k", "-1", "--format", "csv"], "top_k -1"),
        (["classify", "A", "--coverage", "0.5"], "coverage 0.5: the model was not calibrated for it; it knows 0.8"),
        (["classify", "A", "--coverage", "0.9", "--prior", "uniform"], "own prior only"),
        (["classify", "A", "--min-probability", "2"], "min_probability 2.0"),
        (["classify", "A", "--explain", "--format", "csv"], "Set --format jsonl"),
        (["classify", "A", "--output", "out.xls"], "name a file that ends in"),
        (["classify", "A", "--output", "a.csv", "--format", "jsonl"], "Drop one"),
        (["classify", "A", "--output", "absent/out.csv"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, arguments, message):
    status, out, err = run(*arguments)
    assert status == 2 and out == ""
    assert message in err and err.count("\n") == 1


def test_an_output_that_exists_is_replaced_only_on_demand(run, tmp_path):
    (tmp_path / "out.csv").write_text("precious")
    status, _, err = run("classify", "Rossi", "--output", tmp_path / "out.csv")
    assert status == 2 and "exists already" in err and (tmp_path / "out.csv").read_text() == "precious"
    assert run("classify", "Rossi", "--output", tmp_path / "out.csv", "--overwrite")[0] == 0
    assert (tmp_path / "out.csv").read_text().startswith("name,label")


def test_lists_have_an_encoding_and_may_be_compressed(run, tmp_path):
    content = "Müller\n\nNguyễn\n".encode("utf-16")
    (tmp_path / "names.txt.gz").write_bytes(gzip.compress(content))
    status, out, _ = run("classify", "--input", tmp_path / "names.txt.gz", "--encoding", "utf-16", "--format", "jsonl")
    assert status == 0 and [json.loads(line)["name"] for line in out.splitlines()] == ["Müller", "", "Nguyễn"]
    status, _, err = run("classify", "--input", tmp_path / "names.txt.gz")
    assert status == 2 and "Set --encoding utf-16" in err and err.count("\n") == 1


def test_labels_ask_among_these_alone(run, tmp_path):
    flags = ["--labels", "Irish,Scottish,English", "--top-k", 0]
    status, out, _ = run("classify", "Satoshi", *flags, "--format", "jsonl", "--explain")
    record = json.loads(out)
    assert status == 0 and {row["label"] for row in record["predictions"]} == {"Irish", "Scottish", "English"}
    assert {record["explanation"]["label"], record["explanation"]["other"]} < {"Irish", "Scottish", "English"}
    (tmp_path / "in.csv").write_text("name\nSatoshi\n")
    assert run("classify", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *flags)[0] == 0
    (row,) = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text()))
    assert row["label_3"] and "label_4" not in row
    assert run("classify", "Satoshi", "--labels", "Elvish")[2].startswith("charrnn: labels: unknown label 'Elvish'")


def test_an_explanation_is_about_labels(run):
    status, _, err = run("classify", "Kelly", "--explain", "--level", "family")
    assert status == 2 and err == "charrnn: --explain: is about labels, not families. Leave --level out.\n"
