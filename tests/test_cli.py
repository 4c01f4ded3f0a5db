import csv
import io
import json
import re
import shutil
import subprocess
import sys

import pytest

from charrnn.cli import main
from charrnn.cli.colours import coloured
from charrnn.inference import load
from tests.conftest import SHARED


@pytest.fixture
def run(capsys):
    """Run the command; gives (status, output, error)."""

    def run(*arguments):
        status = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


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


def test_explain_shows_what_each_character_says(run):
    _, out, _ = run("classify", "O'Sullivan", "42", "--explain", "--format", "jsonl")
    first, second = (json.loads(line) for line in out.splitlines())
    why = first["explanation"]
    assert (why["label"], why["characters"]) == ("Irish", "o'sullivan") and "explanation" not in second
    assert sum(why["shares"]) + why["rest"] == pytest.approx(why["score"])
    _, out, _ = run("classify", "O'Sullivan", "42", "--explain")
    lines = out.splitlines()
    assert len(lines) == 3 and lines[1].lstrip().startswith("o+") and " for Irish against " in lines[1]


def test_letters_are_coloured_where_colours_are_wanted(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[48;5;" in run("classify", "O'Sullivan", "--explain")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("classify", "O'Sullivan", "--explain")[1]


def test_colours_tell_for_from_against_and_strong_from_faint():
    assert coloured("a", 0.01) == "a"
    shown = [coloured("a", s) for s in (-1, -0.3, 0.3, 1)]
    assert len(set(shown)) == 4
    assert coloured("a", -0.95) == shown[0] and coloured("a", 0.95) == shown[3]


def test_coverage_shows_sets_and_a_prior_changes_answers(run):
    _, out, _ = run("classify", "Ye", "Papadopoulos", "--coverage", 0.95, "--format", "jsonl")
    sizes = [len(json.loads(line)["predictions"]) for line in out.splitlines()]
    assert sizes[0] > sizes[1] == 1
    _, own, _ = run("classify", "Ye", "--format", "jsonl")
    _, uniform, _ = run("classify", "Ye", "--prior", "uniform", "--format", "jsonl")
    assert own != uniform


def test_doubtful_answers_abstain_and_show_their_distribution(run, tmp_path, trained):
    _, out, _ = run("classify", "Ye", "Papadopoulos", "--min-probability", 0.9, "--format", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["reason"] for row in rows] == ["uncertain-score", None]
    assert len(rows[0]["predictions"]) == 3
    model = ["--model", trained["classifier"]]
    _, out, _ = run("classify", "Rossi", "Xqzwvkjx", *model, "--unlike-training", "--format", "jsonl")
    assert [json.loads(line)["reason"] for line in out.splitlines()] == [None, "unlike-training"]
    status, _, err = run("classify", "Rossi", "--unlike-training", "--model", shutil.copytree(model[1], tmp_path / "c"))
    assert status == 2 and "there is no" in err


def test_top_k_zero_shows_every_label(run, trained):
    _, out, _ = run("classify", "Rossi", "--model", trained["classifier"], "--top-k", 0, "--format", "jsonl")
    assert len(json.loads(out)["predictions"]) == 4


def test_a_bad_input_leaves_no_half_output(run, tmp_path, trained):
    (tmp_path / "in.txt").write_bytes(b"Rossi\nM\xfcller\n")
    out = tmp_path / "out.jsonl"
    status, _, err = run("classify", "--input", tmp_path / "in.txt", "--output", out, "--model", trained["classifier"])
    assert status == 2 and "line 2: not UTF-8" in err
    assert [p.name for p in tmp_path.iterdir()] == ["in.txt"]


def test_generate_repeats_with_its_seed(run):
    first = run("generate", "--label", "Italian", "-n", 1000, "--seed", 7)
    assert first == run("generate", "--label", "Italian", "-n", 1000, "--seed", 7)
    assert len(first[1].splitlines()) == 1000
    assert first != run("generate", "--label", "Italian", "-n", 1000, "--seed", 8)


def test_generate_jsonl_carries_what_repeats_it(run):
    _, out, _ = run("generate", "--label", "Irish", "-n", 3, "--seed", 5, "--format", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(r["label"], r["seed"], r["index"]) for r in rows] == [("Irish", 5, i) for i in range(3)]
    for row in rows:
        assert run("generate", "--stamp", row["stamp"]) == (0, row["name"] + "\n", "")


def test_labels_are_blended(run):
    flags = ["--label", "Irish:0.6", "--label", "Japanese:0.4", "-n", 5, "--seed", 1, "--format", "jsonl"]
    rows = [json.loads(line) for line in run("generate", *flags)[1].splitlines()]
    assert rows[0]["label"] == {"Irish": 0.6, "Japanese": 0.4} and len(rows) == 5
    assert run("generate", "--stamp", rows[4]["stamp"])[1] == rows[4]["name"] + "\n"


def test_generated_names_look_as_asked(run):
    flags = ["--prefix", "Mac", "--suffix", "n", "--min-length", 7, "--max-length", 11, "--characters", "Macdeilnort"]
    status, out, _ = run("generate", "--label", "Scottish", "-n", 50, "--seed", 1, *flags)
    names = out.splitlines()
    assert status == 0 and len(names) == 50
    assert all(re.fullmatch("Mac[Macdeilnort]*n", name) and 7 <= len(name) <= 11 for name in names)


def test_fewer_new_names_than_asked_for_is_said_and_no_failure(run):
    status, out, err = run("generate", "--label", "Irish", "-n", 50, "--pattern", "O'[AB][aeiou][nr]?", "--novel")
    assert status == 0 and 0 < len(out.splitlines()) < 50
    assert f"{len(out.splitlines())} names instead of 50" in err


def test_the_nearest_training_name_is_told(run):
    flags = ["--label", "Irish", "-n", 3, "--seed", 5, "--novel", "--distance"]
    rows = [line.split("\t") for line in run("generate", *flags)[1].splitlines()]
    records = [json.loads(line) for line in run("generate", *flags, "--format", "jsonl")[1].splitlines()]
    assert [[r["name"], r["nearest"], str(r["distance"])] for r in records] == rows
    assert all(r["distance"] > 0 for r in records)
    assert run("generate", "--distance", "--stamp", records[0]["stamp"])[1].rstrip("\n").split("\t") == rows[0]


def test_evaluate_finds_the_test_split_again(run, trained, small_corpus_dir):
    for task, key in (("classifier", "accuracy"), ("generator", "nats_per_char")):
        arguments = ["--model", trained[task], "--data", small_corpus_dir, "--format", "json"]
        _, out, _ = run("evaluate", *arguments, "--split", "test")
        stored = load(trained[task]).config.metrics["charrnn"]
        assert json.loads(out)[key] == pytest.approx(stored[key], abs=1e-9)


def test_evaluate_excludes_names(run, trained, small_corpus_dir):
    arguments = ["--model", trained["classifier"], "--data", small_corpus_dir, "--format", "json"]
    _, out, _ = run("evaluate", *arguments, "--exclude", small_corpus_dir / "Greek.txt")
    _, whole, _ = run("evaluate", *arguments)
    greek = len((small_corpus_dir / "Greek.txt").read_text(encoding="utf-8").splitlines())
    assert json.loads(whole)["n"] - json.loads(out)["n"] >= greek
    assert run("evaluate", *arguments, "--exclude", small_corpus_dir)[0] == 2


def test_info_tells_what_it_is(run, trained):
    status, out, _ = run("info", trained["generator"])
    assert status == 0
    for word in ("generator", "cell gru", "Italian", "sha256", "nats_per_char"):
        assert word in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["classify"], "give either names or --input"),
        (["classify", "A", "--input", "f"], "give either names or --input"),
        (["classify", "--input", "absent.txt"], "absent.txt: cannot be read"),
        (["classify", "A", "--model", "absent"], "absent: no model folder"),
        (["classify", "A", "--model", "names/generator"], "is a generator"),
        (["classify", "A", "--top-k", "-1"], "top_k -1"),
        (["classify", "A", "--coverage", "0.5"], "coverage 0.5: the model was not calibrated for it; it knows 0.8"),
        (["classify", "A", "--coverage", "0.9", "--prior", "uniform"], "own prior only"),
        (["classify", "A", "--min-probability", "2"], "min_probability 2.0"),
        (["classify", "A", "--unlike-training", "names/classifier"], "is a classifier"),
        (["classify", "A", "--explain", "--format", "csv"], "Set --format jsonl"),
        (["classify", "A", "--output", "out.xls"], "name a file that ends in"),
        (["classify", "A", "--output", "a.csv", "--format", "jsonl"], "Drop one"),
        (["classify", "A", "--output", "absent/out.csv"], "cannot be written"),
        (["generate", "--label", "Elvish"], "unknown label 'Elvish'; this model knows Arabic, Chinese"),
        (["generate"], "choose one of Arabic"),
        (["generate", "--label", "Irish", "--temperature", "nan"], "temperature nan"),
        (["generate", "--label", "Irish", "--top-p", "inf"], "top_p inf"),
        (["generate", "--label", "Irish", "--pattern", "("], "pattern '('"),
        (["generate", "--label", "Irish", "--pattern", "(a|b)*a(a|b){20}"], "states"),
        (["generate", "--label", "Irish", "--pattern", "[0-9]+"], "no name of this model's characters"),
        (["generate", "--label", "Irish", "--prefix", "Ж"], "does not know 'Ж'"),
        (["generate", "--label", "Irish", "--min-length", "-3"], "min_length -3"),
        (["generate", "--label", "Irish", "--resample", "1000000"], "resample 1000000"),
        (["generate", "--stamp", "abc"], "stamp: this is none"),
        (["generate", "--label", "Irish:x", "--label", "Greek"], "--label Irish:x: after the colon"),
        (["generate", "--label", "Irish:1", "--label", "Irish:2"], "name a label twice"),
        (["generate", "--label", "Irish:-1", "--label", "Greek:2"], "weights must be finite and above 0"),
        (["generate", "--label", "Irish:1", "--label", "Elvish:2"], "unknown label 'Elvish'"),
        (["generate", "--label", "Irish", "-n", "1000000000"], "n 1000000000"),
        (["evaluate", "--model", "names/classifier", "--data", "absent"], "no such file or folder"),
        (["evaluate", "--model", "names/classifier", "--data", "app.py", "--split", "test"], "fingerprints differ"),
        (["info", "absent"], "no model folder"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, arguments, message):
    status, out, err = run(*arguments)
    assert status == 2 and out == ""
    assert message in err and err.count("\n") == 1


def test_a_reader_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m charrnn generate --label Irish -n 20000 --seed 1 | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tutorials' data is not beside this checkout")
def test_the_shipped_model_on_names_of_another_source(run):
    arguments = ["--model", "names/classifier", "--data", SHARED / "tutorial", "--exclude", "names"]
    _, out, _ = run("evaluate", *arguments, "--prior", "uniform", "--format", "json")
    assert json.loads(out)["balanced_accuracy"] > 0.4
