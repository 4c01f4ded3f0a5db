import json
import shutil
from collections import Counter

import pytest

from charrnn.corpus import Corpus


def test_audit_as_json_and_text(run, small_corpus_dir):
    status, out, _ = run("corpus", "audit", small_corpus_dir, "--format", "json")
    report = json.loads(out)
    assert status == 0
    assert {"rows", "distinct", "cross_label", "ceiling", "labels", "findings"} <= report.keys()
    assert set(report["labels"]) == {"Greek", "Italian", "Japanese", "Polish"}
    assert all({"kind", "severity", "count", "message", "next"} == f.keys() for f in report["findings"])
    assert "distinct names" in run("corpus", "audit", small_corpus_dir)[1]


def test_audit_of_a_table(run, tmp_path):
    (tmp_path / "t.csv").write_text("surname,country\n" + "".join(f"{c}owak,PL\n" for c in "abcdefghijklmn"))
    arguments = ["corpus", "audit", tmp_path / "t.csv", "--format", "json"]
    status, out, _ = run(*arguments, "--name-column", "surname", "--label-column", "country")
    assert status == 0 and json.loads(out)["labels"]["PL"]["rows"] == 14
    status, _, err = run(*arguments)
    assert status == 2 and "Set --name-column" in err


def test_split_writes_parts_that_share_no_name(run, tmp_path, small_corpus_dir):
    status, out, _ = run("corpus", "split", small_corpus_dir, "--out", tmp_path / "parts", "--seed", 3)
    assert status == 0 and "validation" in out
    parts = [Corpus.read(tmp_path / "parts" / part) for part in ("train", "validation", "test")]
    whole = Corpus.read(small_corpus_dir)
    assert sum(map(len, parts)) == len(whole)
    assert sum(len(set(part.keys)) for part in parts) == len(set(whole.keys))
    assert run("corpus", "split", small_corpus_dir, "--out", tmp_path / "parts")[0] == 2


def test_split_keeps_every_script_if_asked_to(run, tmp_path):
    (tmp_path / "own").mkdir()
    for label, letters in (("Arabic", "ابتثجحخدذرزسش"), ("English", "abcdefghijklm")):
        names = "\n".join(a + b for a in letters for b in letters)
        (tmp_path / "own" / f"{label}.txt").write_text(names + "\nzoe", encoding="utf-8")
    for flags, kept in (
        ((), {"Arabic": 1, "English": 170}),
        (("--pipeline", "native"), {"Arabic": 170, "English": 170}),
    ):
        status, _, err = run("corpus", "split", tmp_path / "own", "--out", tmp_path / "parts", *flags)
        assert status == 0
        assert ("rows (unsupported-script); --pipeline native keeps them" in err) is not bool(flags)
        parts = [Corpus.read(path, pipeline="native") for path in sorted((tmp_path / "parts").iterdir())]
        assert sum((Counter(part.labels) for part in parts), Counter()) == kept
        shutil.rmtree(tmp_path / "parts")


def test_a_label_that_is_no_file_name_leaves_nothing(run, tmp_path):
    (tmp_path / "t.csv").write_text("name,label\n" + "".join(f"{c}owak,a/b\n" for c in "abcdefghijklmn"))
    status, _, err = run("corpus", "split", tmp_path / "t.csv", "--out", tmp_path / "parts")
    assert status == 2 and "is no file name" in err
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


def test_fetch_refuses_what_it_does_not_know(run):
    status, _, err = run("corpus", "fetch", "elvish")
    assert status == 2 and "Choose one of tutorial, makemore" in err


@pytest.mark.parametrize("command", ["audit", "split"])
def test_help_names_what_can_be_read(command, capsys):
    from charrnn.cli import main

    with pytest.raises(SystemExit):
        main(["corpus", command, "--help"])
    assert ".parquet" in capsys.readouterr().out
