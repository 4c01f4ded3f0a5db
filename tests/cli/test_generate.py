import json
import re
import time

import pytest

from charrnn.cli import generate
from charrnn.cli.generation_flags import parse_labels


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


def test_a_label_may_hold_a_colon():
    labels = ["x:1", "x", "y"]
    assert parse_labels(["x:1"], labels) == "x:1"
    assert parse_labels(["x:1", "x:2", "y"], labels) == {"x:1": 1.0, "x": 2.0, "y": 1.0}
    assert parse_labels(["x:3"], labels) == {"x": 3.0}
    assert parse_labels(None, labels) is None and parse_labels(None, ["x"]) == "x"


@pytest.mark.parametrize(
    ("flags", "resample"), [([], 1), (["--prefix", "Mac"], 16), (["--prefix", "Mac", "--resample", 2], 2)]
)
def test_several_names_are_drawn_for_one_under_constraints(run, flags, resample):
    _, out, _ = run("generate", "--label", "Irish", "-n", 1, "--seed", 1, "--format", "jsonl", *flags)
    assert json.loads(out)["resample"] == resample


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


def test_full_names_are_printed_in_the_order_of_their_label(run):
    flags = ["--label", "Hungarian", "--kind", "full", "--gender", "male", "-n", 3, "--seed", 7]
    rows = [json.loads(line) for line in run("generate", *flags, "--format", "jsonl")[1].splitlines()]
    assert [row["name"] for row in rows] == run("generate", *flags)[1].splitlines()
    for row in rows:
        assert [part["kind"] for part in row["parts"]] == ["surname", "given"] and "attempt" not in row
        assert (row["kind"], row["gender"], row["seed"]) == ("full", "male", 7)
        assert run("generate", "--stamp", row["stamp"]) == (0, row["name"] + "\n", "")
        assert "--distance: is for single names" in run("generate", "--distance", "--stamp", row["stamp"])[2]


@pytest.mark.parametrize(("kind", "usual"), [("full", 0.5), ("male", 0.8)])
def test_full_names_have_a_usual_temperature_of_their_own(run, kind, usual):
    flags = ["--label", "Greek", "--kind", kind, "-n", 5, "--seed", 7]
    assert run("generate", *flags) == run("generate", *flags, "--temperature", usual)
    assert run("generate", *flags) != run("generate", *flags, "--temperature", 1.3 - usual)


def test_constraints_hold_for_either_part(run):
    flags = ["--prefix", "J", "--surname-suffix", "ková", "--surname-min-length", 8, "--gender", "female"]
    _, out, _ = run("generate", "--label", "Czech", "--kind", "full", "-n", 10, *flags)
    assert all(re.fullmatch("J.* .{4,}ková", name) for name in out.splitlines()) and len(out.splitlines()) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "--label", "Czech", "--gender", "any"], "--gender: for full names. Add --kind full."),
        (
            ["generate", "--label", "Czech", "--kind", "male", "--surname-prefix", "A"],
            "--surname-prefix: for full names",
        ),
        (["generate", "--label", "Czech", "--kind", "full", "--surname-prefix", "\u0416"], "surname: prefix '\u0416'"),
        (["generate", "--label", "Czech", "--kind", "full", "--surname-min-length", "0"], "surname: min_length 0"),
        (["generate", "--label", "Czech", "--kind", "full", "--distance"], "--distance: is for single names"),
        (["generate", "--label", "*", "--kind", "full"], "label *: order and forms of full names"),
        (["generate", "--kind", "full"], "choose one of Akan"),
        (["generate", "--stamp", "abc", "--gender", "male"], "Leave --gender out"),
        (
            ["generate", "--label", "Elvish"],
            "unknown label 'Elvish'; this model knows Akan, Albanian, Amharic and 66 more",
        ),
        (["generate"], "choose one of Akan"),
        (["generate", "--label", "Irish", "--temperature", "nan"], "temperature nan"),
        (["generate", "--label", "Irish", "--top-p", "inf"], "top_p inf"),
        (["generate", "--label", "Irish", "--pattern", "("], "pattern '('"),
        (["generate", "--label", "Irish", "--pattern", "(a|b)*a(a|b){20}"], "states"),
        (["generate", "--label", "Irish", "--pattern", "[0-9]+"], "no name of this model's characters"),
        (["generate", "--label", "Irish", "--prefix", "Ж"], "does not know 'Ж'"),
        (["generate", "--label", "Irish", "--min-length", "-3"], "min_length -3"),
        (["generate", "--label", "Irish", "--resample", "1000000"], "resample 1000000"),
        (["generate", "--label", "Irish", "--resample", "0"], "resample 0"),
        (["generate", "--stamp", "abc"], "stamp: not a stamp of charrnn"),
        (["generate", "--stamp", ""], "stamp: not a stamp of charrnn"),
        (
            ["generate", "--stamp", "abc", "--format", "jsonl"],
            "all that a name depends on. Leave --format",
        ),
        (["generate", "--stamp", "abc", "--label", "Greek", "-n", "2"], "Leave --label, -n out"),
        (["generate", "--label", "Irish:x", "--label", "Greek"], "--label Irish:x: no number after the colon"),
        (["generate", "--label", "Irish:1", "--label", "Irish:2"], "name a label twice"),
        (
            ["generate", "--label", "Irish:-1", "--label", "Greek:2"],
            "label 'Irish': weight -1.0: must be finite and above 0",
        ),
        (["generate", "--label", "Irish:1", "--label", "Elvish:2"], "unknown label 'Elvish'"),
        (["generate", "--label", "Irish", "-n", "1000000000"], "n 1000000000"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, arguments, message):
    status, out, err = run(*arguments)
    assert status == 2 and out == ""
    assert message in err and err.count("\n") == 1


def test_who_waits_long_for_a_name_is_told_once_that_the_search_goes_on(monkeypatch, capsys):
    monkeypatch.setattr(generate, "SILENCE", 0.08)

    def slow():
        yield "a"
        yield "b"
        time.sleep(0.5)
        yield "c"

    assert list(generate._with_progress(slow(), 9)) == ["a", "b", "c"]
    assert capsys.readouterr().err == "charrnn: 2 of 9 names so far; searching. Ctrl-C stops.\n"
    assert list(generate._with_progress(iter("abc"), 3)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""
