"""The recipe of a training run: its steps, in order, and what each is given."""

import ast
import dataclasses

import numpy as np
import pytest
import torch

from charrnn import model_folder, recipe, train
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.text import PIPELINES, Vocabulary
from charrnn.training.distributed import DistributedContext
from charrnn.training.settings import SETTINGS
from charrnn.training.training_run import TrainingRun
from tests.conftest import ROOT

CPU = DistributedContext(torch.device("cpu"))
STEPS = ["usable_names", "split", "starting_config", "make_loaders", "fit", "calibrate", "refit", "training_record"]
EVALUATION = ["evaluate_out_of_source", "evaluate", "evaluate_baseline", "evaluate_labels"]
EVALUATION += ["evaluate_reliability", "evaluate_sets"]


def small_run(task, corpus, **inputs):
    settings = SETTINGS[task](epochs=2, hidden=8, **inputs.pop("settings", {}))
    return TrainingRun(task, corpus, settings, CPU, **inputs)


@pytest.fixture(scope="module")
def corpus(small_corpus_dir):
    return Corpus.read(small_corpus_dir)


@pytest.fixture
def calls(monkeypatch):
    """Name, arguments and result of each step that the recipe calls."""
    recorded = []

    def record(module, name):
        step = getattr(module, name)

        def recorder(*arguments):
            result = step(*arguments)
            recorded.append((name, arguments, result))
            return result

        monkeypatch.setattr(module, name, recorder)

    for name in [*STEPS, "model_card"]:
        record(recipe, name)
    for name in EVALUATION:
        record(recipe.evaluation, name)
    record(recipe.model_folder, "write")
    return recorded


def test_the_recipe_is_short_and_nothing_calls_back_into_it():
    assert len((ROOT / "charrnn" / "recipe.py").read_text(encoding="utf-8").splitlines()) <= 80
    for path in (ROOT / "charrnn").rglob("*.py"):
        imported = {
            name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom | ast.Import)
            for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
        }
        assert not {"recipe", "charrnn.recipe"} & imported or path.name == "train.py", path


def test_each_step_is_called_once_and_in_order(calls, corpus, tmp_path):
    other = Corpus([f"Z{a}{b}os" for a in "abcdef" for b in "aeiou"], ["Greek"] * 30, "other")
    recipe.train(small_run("classifier", corpus, out=tmp_path / "model", score_on=other, command="x"))
    names = [name for name, *_ in calls]
    # The evaluation of another source calls that of a corpus.
    names.remove("evaluate")
    assert names == [*STEPS, *EVALUATION, "model_card", "write"]


def test_each_step_is_given_what_it_needs_and_the_test_names_only_to_evaluation(calls, corpus, tmp_path):
    trained = recipe.train(small_run("classifier", corpus, out=tmp_path / "model", settings={"seed": 3}))
    step = {name: (arguments, result) for name, arguments, result in calls}
    splits = split(corpus.distinct_pairs(), 3)
    assert [part.names for part in trained.splits] == [part.names for part in splits]
    config, loaders = step["starting_config"][1], step["make_loaders"][1]
    encode = Vocabulary(config.alphabet).encode

    def encoded(*parts):
        return [encode(PIPELINES[config.pipeline](name)) for part in parts for name in part.names]

    for batches, parts in (
        (loaders.train, (splits.train,)),
        (loaders.validation, (splits.validation,)),
        (loaders.refit, (splits.train, splits.validation)),
    ):
        assert [chars.tolist() for chars in batches.data.encoded] == encoded(*parts)
        assert [config.labels[i] for i in batches.data.labels] == [label for part in parts for label in part.labels]
    first = step["fit"][1]
    _, model, data, _ = step["calibrate"][0]
    assert model is first and data is loaders.validation.data
    assert step["refit"][0][2:] == (loaders.refit, first)
    assert step["evaluate"][0][1].names == step["evaluate_labels"][0][1].names == splits.test.names
    # What is written: the refit's weights, and the names of all splits, from which new names are told.
    written, _, training_names = step["write"][0][2:5]
    final = step["refit"][1].weights()
    assert written.keys() == final.keys() and all(np.array_equal(written[name], final[name]) for name in final)
    assert any(not np.array_equal(final[name], first.weights()[name]) for name in final)
    assert training_names == set(corpus.keys)
    assert trained.config.label_counts == step["refit"][1].label_counts


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_without_a_folder_it_gives_the_model_that_the_command_writes(task, corpus, small_corpus_dir, tmp_path):
    trained = recipe.train(small_run(task, corpus))
    out = tmp_path / "model"
    assert train.main([task, "--data", str(small_corpus_dir), "--out", str(out), "--epochs", "2", "--hidden", "8"]) == 0
    config, weights = model_folder.read(out)
    assert weights.keys() == trained.weights.keys()
    assert all(np.array_equal(weights[name], trained.weights[name]) for name in weights)
    assert not trained.config.metrics and not trained.config.by_label and "test" not in trained.config.calibration
    for field in dataclasses.fields(config):
        if field.name not in ("metrics", "by_label", "calibration", "training", "weights_sha256"):
            assert getattr(config, field.name) == getattr(trained.config, field.name)
    assert {key: config.calibration[key] for key in trained.config.calibration} == trained.config.calibration
    assert config.training | {"seconds": 0} == trained.config.training | {"seconds": 0}


def test_without_a_refit_the_first_fit_is_the_model(calls, corpus):
    trained = recipe.train(small_run("classifier", corpus, settings={"refit": False}))
    step = {name: result for name, _, result in calls}
    assert "refit" not in step and trained.config.training["refit"] is None
    assert sum(trained.config.label_counts) == len(trained.splits.train)
    expected = step["fit"].weights()
    assert all(np.array_equal(expected[name], array) for name, array in trained.weights.items())


def test_only_rank_zero_evaluates_and_writes(calls, corpus, tmp_path):
    run = dataclasses.replace(
        small_run("generator", corpus), out=tmp_path / "model", context=DistributedContext(CPU.device, rank=1)
    )
    recipe.train(run)
    # A generator does not refit.
    assert [name for name, *_ in calls] == [step for step in STEPS if step != "refit"]
    assert not (tmp_path / "model" / "config.json").exists()
