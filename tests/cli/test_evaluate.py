import json

import pytest

from charrnn.corpus import Corpus
from charrnn.inference import load
from charrnn.inference.evaluation import evaluate
from tests.conftest import SHARED


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


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_names_that_the_model_learned_are_told_of(run, trained, small_corpus_dir, tmp_path, task):
    arguments = ["--model", trained[task], "--data", small_corpus_dir]
    (tmp_path / "Greek.txt").write_text("Zzyzxopoulos\n", encoding="utf-8")
    known = Corpus.read(small_corpus_dir).names[0]
    told = run("evaluate", *arguments)[2]
    assert told.startswith("charrnn: ") and "names are in the list that the model learned from" in told
    assert run("evaluate", *arguments, "--split", "test")[2] == ""
    assert run("evaluate", "--model", trained[task], "--data", tmp_path)[2] == ""
    (tmp_path / "Greek.txt").write_text(f"Zzyzxopoulos\n{known}\n{known}\n", encoding="utf-8")
    assert run("evaluate", "--model", trained[task], "--data", tmp_path)[2].startswith("charrnn: 1 of 2 names are in")


def test_evaluate_with_another_prior(run, trained, small_corpus_dir):
    arguments = ["--model", trained["classifier"], "--data", small_corpus_dir, "--format", "json"]
    for prior in ("model", "uniform"):
        _, out, _ = run("evaluate", *arguments, "--prior", prior)
        assert json.loads(out) == evaluate(load(trained["classifier"]), Corpus.read(small_corpus_dir), prior)
    assert out != run("evaluate", *arguments)[1]


def test_evaluate_as_a_table(run, trained, small_corpus_dir):
    arguments = ["--model", trained["generator"], "--data", small_corpus_dir]
    scores = json.loads(run("evaluate", *arguments, "--format", "json")[1])
    rows = dict(map(str.split, run("evaluate", *arguments)[1].splitlines()))
    assert rows == {"nats_per_char": f"{scores['nats_per_char']:.4f}"} | {
        key: f"{scores[key]:,}" for key in ("names", "characters")
    }


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tutorials' data is not beside this checkout")
def test_the_shipped_model_on_names_of_another_source(run):
    arguments = ["--model", "names/classifier", "--data", SHARED / "tutorial", "--exclude", "names/surname"]
    _, out, _ = run("evaluate", *arguments, "--prior", "uniform", "--format", "json")
    assert json.loads(out)["balanced_accuracy"] > 0.4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--model", "names/classifier", "--data", "absent"], "no such file or folder"),
        (["evaluate", "--model", "names/classifier", "--data", "app.py", "--split", "test"], "fingerprints differ"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, arguments, message):
    status, out, err = run(*arguments)
    assert status == 2 and out == ""
    assert message in err and err.count("\n") == 1
