"""The recipe of a training run: its steps, in order, and what each is given."""

import ast
import dataclasses

import numpy as np
import pytest
import torch

from charrnn import model_folder, recipe, train
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.inference import Classifier, Generator, evaluation
from charrnn.inference.evaluation_details import evaluate_labels
from charrnn.text import PIPELINES, Vocabulary, fold_latin
from charrnn.training.distributed import DistributedContext
from charrnn.training.settings import SETTINGS
from charrnn.training.training_run import TrainingRun
from tests.conftest import ROOT

CPU = DistributedContext(torch.device("cpu"))
STEPS = ["usable_names", "split", "starting_config", "make_loaders"]
STEPS += ["fit", "expert_scores", "calibration_of", "refit", "training_record", "remember"]
EVALUATION = ["evaluate_out_of_source", "evaluate_apart", "evaluate_baseline", "evaluate_labels"]
EVALUATION += ["evaluate_sets", "evaluate_reliability"]


def small_run(task, corpus, **inputs):
    settings = SETTINGS[task](**{"epochs": 2, "hidden": 8, "folds": 0} | inputs.pop("settings", {}))
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
        record(recipe.evaluation if hasattr(recipe.evaluation, name) else recipe.evaluation_details, name)
    record(recipe.model_folder, "write")
    return recorded


def test_the_recipe_is_short_and_nothing_calls_back_into_it():
    assert len((ROOT / "charrnn" / "recipe.py").read_text(encoding="utf-8").splitlines()) <= 85
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
    assert [name for name, *_ in calls] == [*STEPS, *EVALUATION, "model_card", "write"]


def test_each_step_is_given_what_it_needs_and_the_test_names_only_to_evaluation(calls, corpus, tmp_path):
    trained = recipe.train(small_run("classifier", corpus, out=tmp_path / "model", settings={"seed": 3}))
    step = {name: (arguments, result) for name, arguments, result in calls}
    splits = split(corpus.distinct_pairs("folded"), 3)
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
    _, model, data, _ = step["expert_scores"][0]
    assert model is first and data is loaders.validation.data
    assert step["refit"][0][2:] == (loaders.refit, first)
    assert step["evaluate_apart"][0][1].names == step["evaluate_labels"][0][0][0][1].names == splits.test.names
    # What is written: the refit's weights, and the names of all splits, listed ones being told from new ones.
    written, _, known = step["write"][0][2:5]
    final = step["refit"][1].weights() | step["remember"][1]
    assert written.keys() == final.keys() and all(np.array_equal(written[name], final[name]) for name in final)
    assert any(not np.array_equal(final[name], array) for name, array in first.weights().items())
    assert known == {fold_latin(name) for name in corpus.names}
    assert trained.config.class_counts == step["refit"][1].class_counts


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_without_a_folder_it_gives_the_model_that_the_command_writes(task, corpus, small_corpus_dir, tmp_path):
    trained = recipe.train(small_run(task, corpus))
    out = tmp_path / "model"
    flags = ["--epochs", "2", "--hidden", "8", "--folds", "0"]
    assert train.main([task, "--data", str(small_corpus_dir), "--out", str(out), *flags]) == 0
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
    expected = step["fit"].weights() | step["remember"]
    assert all(np.array_equal(expected[name], array) for name, array in trained.weights.items())


def test_only_rank_zero_evaluates_and_writes(calls, corpus, tmp_path):
    run = dataclasses.replace(
        small_run("generator", corpus), out=tmp_path / "model", context=DistributedContext(CPU.device, rank=1)
    )
    recipe.train(run)
    assert [name for name, *_ in calls] == STEPS
    assert not (tmp_path / "model" / "config.json").exists()


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_a_model_refits_on_training_and_validation_names(task, corpus):
    trained = recipe.train(small_run(task, corpus))
    names = len(trained.splits.train) + len(trained.splits.validation)
    assert trained.config.training["refit"]["names"] == sum(trained.config.class_counts) == names


def test_test_names_are_remembered_but_scored_as_if_they_were_not(corpus, tmp_path):
    trained = recipe.train(small_run("classifier", corpus, out=tmp_path / "model"))
    model, test = Classifier(trained.config, trained.weights), trained.splits.test
    assert all(label in listed for label, listed in zip(test.labels, model.listed(test.names), strict=True))
    scores = trained.config.metrics["charrnn"]
    assert evaluation.evaluate(model.without_memory(), test)["nll"] == pytest.approx(scores["nll"])
    assert evaluation.evaluate(model, test)["nll"] < scores["nll"] - 0.1
    own = trained.config.by_label
    assert own == evaluate_labels([(model.without_memory(), test)]) != evaluate_labels([(model, test)])


def test_a_private_model_keeps_no_memory(corpus, tmp_path):
    trained = recipe.train(small_run("classifier", corpus, out=tmp_path / "model", private=True))
    model = Classifier(*model_folder.read(tmp_path / "model"))
    assert not [name for name in trained.weights if name.startswith("memory")]
    assert trained.config.calibration["weights"]["memory"] == 0
    assert not any(model.listed(corpus.names))


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_listed_names_gain_so_many_nats_as_the_settings_say(weight, corpus):
    trained = recipe.train(small_run("classifier", corpus, settings={"memory_weight": weight}))
    assert trained.config.calibration["weights"]["memory"] == weight
    model, names = Classifier(trained.config, trained.weights), trained.splits.test.names[:20]
    odds = [np.log(p / (1 - p)) for p in (model.probabilities(names), model.without_memory().probabilities(names))]
    listed = np.array([[label in labels for label in model.labels] for labels in model.listed(names)])
    alone = listed & (listed.sum(axis=1) == 1)[:, None]
    assert alone.any() and (odds[0] - odds[1])[alone] == pytest.approx(weight, abs=1e-5)


@pytest.fixture(scope="module")
def kindred():
    """Names of two labels, of two kinds that their last letters tell."""
    stems = [a + b + c + d for a in "bdgklm" for b in "aeiou" for c in "nrst" for d in "aeiou"]
    rows = [
        (f"{stem}{end}", label, kind)
        for label, ends in (("Dutch", ("ke", "sen")), ("Latvian", ("is", "ns")))
        for i, stem in enumerate(stems)
        for kind, end in [(("given", "surname")[i % 2], ends[i % 2])]
    ]
    names, labels, kinds = map(list, zip(*rows, strict=True))
    return Corpus(names, labels, "kindred", kinds=kinds)


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_kinds_pass_from_the_list_to_the_model_that_is_written(task, kindred, tmp_path):
    families = {"Dutch": "Germanic", "Latvian": "Baltic"}
    run = small_run(task, kindred, out=tmp_path / "model", families=families, settings={"learning_rate": 0.02})
    trained = recipe.train(run)
    config, weights = model_folder.read(tmp_path / "model")
    assert (config.kinds, config.families, len(config.class_counts)) == (["given", "surname"], families, 4)
    pairs = [pair for part in trained.splits[:2] for pair in zip(part.labels, part.kinds, strict=True)]
    assert config.class_counts == [pairs.count((label, kind)) for label in config.labels for kind in config.kinds]
    test = trained.splits.test
    if task == "classifier":
        model = Classifier(config, weights)
        sums = [model.probabilities(test.names, kind=kind) for kind in config.kinds]
        assert not np.allclose(*sums)
        # Scores and sets are of labels, whatever their kinds.
        assert config.metrics["charrnn"]["n"] == len(test) and config.by_label.keys() == families.keys()
    else:
        generator = Generator(config, weights)
        ends = {kind: {name[-1] for name in generator.sample("Dutch", 30, kind=kind, seed=1)} for kind in config.kinds}
        assert ends["given"] != ends["surname"]
        own = generator.log_probabilities(test.names, test.labels, test.kinds).sum()
        other = ["given" if kind == "surname" else "surname" for kind in test.kinds]
        assert own > generator.log_probabilities(test.names, test.labels, other).sum()
