import dataclasses
from collections import Counter

import numpy as np
import pytest
import torch

from charrnn import cross_validation, model_folder, recipe, train
from charrnn.cli import main as charrnn
from charrnn.corpus import Corpus
from charrnn.inference import Classifier, Generator, evaluation, evaluation_details
from charrnn.text import PIPELINES
from charrnn.training.calibration import calibrate
from charrnn.training.distributed import DistributedContext
from charrnn.training.settings import SETTINGS, SHORT_LIST
from charrnn.training.training_run import SMALLEST_BATCH, TrainingRun
from tests.conftest import random_names

CPU = DistributedContext(torch.device("cpu"))
LETTERS = ["".join(filter(str.isalpha, name)) for name in random_names(200, 6)]
NAMES = [name + ("ia" if i % 2 else "or") for i, name in enumerate(dict.fromkeys(LETTERS))][:60]
CORPUS = Corpus(NAMES, ["A" if name.endswith("ia") else "B" for name in NAMES])
TASKS = pytest.mark.parametrize("task", ["classifier", "generator"])


def run_of(task, corpus=CORPUS, out=None, **settings):
    return TrainingRun(task, corpus, SETTINGS[task](**{"hidden": 8, "epochs": 10} | settings), CPU, out=out)


@TASKS
def test_a_short_list_is_trained_on_as_a_whole_and_scored_by_models_of_its_parts(task, tmp_path):
    trained = recipe.train(run_of(task, out=tmp_path / "m", learning_rate=0.01))
    config = model_folder.read_config(tmp_path / "m")
    assert sum(config.class_counts) == len(NAMES) == config.data["train"] and config.data["test"] == 0
    assert (config.data["folds"], config.data["test_fraction"], config.training["refit"]) == (5, 0, None)
    assert config.training["settings"]["schedule"] == "one-cycle"
    assert config.metrics["charrnn"]["n" if task == "classifier" else "names"] == len(NAMES)
    key = "nll" if task == "classifier" else "nats_per_char"
    assert 0 < config.data["spread"]["4-gram"][key] < 1 and config.data["spread"].keys() == config.metrics.keys()
    if task == "classifier":
        assert config.calibration["names"] == len(NAMES) and config.metrics["charrnn"]["accuracy"] > 0.8
    assert trained.config.metrics == config.metrics
    counts = dict(zip(config.labels, config.label_counts, strict=True))
    assert {label: own["names"] for label, own in config.by_label.items()} == counts
    card = (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
    assert "| label | training names | names scored |" in card
    if task == "classifier":
        hits = sum(own["answers"].get(label, 0) for label, own in config.by_label.items())
        bins = np.array(config.calibration["reliability"])
        assert bins[:, 0].sum() == len(NAMES) and bins[:, 2].sum() == hits
        assert hits / len(NAMES) == pytest.approx(config.metrics["charrnn"]["accuracy"], abs=0.02)
        assert all(own["coverage"] >= hits / len(NAMES) for own in config.calibration["test"].values())
        assert "each under a calibration by the others" in card and (tmp_path / "m" / "reliability.png").exists()


@TASKS
def test_scores_by_label_are_those_of_all_parts_together(task):
    cross = cross_validation.cross_validate(run_of(task, epochs=1), CORPUS)
    together = evaluation_details.evaluate_labels(cross.held_out)
    alone = [evaluation_details.evaluate_labels([own]) for own in cross.held_out]
    for label, own in together.items():
        assert own["names"] == sum(part[label]["names"] for part in alone if label in part)
        if task == "classifier":
            answers = Counter()
            for part in alone:
                answers.update(part[label]["answers"] if label in part else {})
            assert own["answers"] == answers


@TASKS
def test_no_score_is_of_a_name_that_its_model_learned(task, monkeypatch):
    learned, scored = [], []
    fit, evaluate = cross_validation.fit_part, cross_validation.evaluation.evaluate_apart

    def fit_part(run, config, batches, what):
        learned.append([name.tolist() for name in batches.data.encoded])
        return fit(run, config, batches, what)

    def record(model, corpus, known):
        scored.append([model.vocabulary.encode(PIPELINES[model.config.pipeline](name)) for name in corpus.names])
        return evaluate(model, corpus, known)

    monkeypatch.setattr("charrnn.cross_validation.fit_part", fit_part)
    monkeypatch.setattr("charrnn.cross_validation.evaluation.evaluate_apart", record)
    run = run_of(task, epochs=1)
    cross_validation.cross_validate(run, CORPUS)
    assert len(learned) == len(scored) == 5
    for own, tested in zip(learned, scored, strict=True):
        assert not [name for name in tested if name in own]
    assert sum(map(len, scored)) == len({tuple(name) for tested in scored for name in tested}) == len(NAMES)


def test_a_part_is_scored_under_a_calibration_that_does_not_know_it(monkeypatch):
    calls = []

    def recorded(config, model, scores):
        calls.append([len(own.targets) for own in scores])
        return calibrate(config, model, scores)

    monkeypatch.setattr("charrnn.cross_validation.calibrate", recorded)
    recipe.train(run_of("classifier", epochs=1))
    assert [len(sizes) for sizes in calls] == [4, 4, 4, 4, 4, 5]
    assert sum(calls[-1]) == len(NAMES)


@pytest.mark.parametrize("size, expected", [(40, SMALLEST_BATCH), (1_600, 100), (SHORT_LIST, 128)])
def test_short_lists_take_small_batches(size, expected):
    names = [f"{'abcdefghij'[i % 10]}{i:05d}".translate(str.maketrans("0123456789", "klmnopqrst")) for i in range(size)]
    run = run_of("generator", Corpus(names, ["A"] * size))
    assert run.fitting.batch_size == expected
    assert run.is_cross_validated is (size < SHORT_LIST) is (run.fitting.schedule == "one-cycle")
    asked = dataclasses.replace(run, settings=dataclasses.replace(run.settings, folds=0))
    assert not asked.is_cross_validated and asked.fitting == asked.settings


@TASKS
def test_two_names_of_two_labels_are_enough(task, tmp_path):
    recipe.train(run_of(task, Corpus(["Anna", "Bea", "Olaf", "Sven"], list("AABB")), tmp_path / "m", epochs=1))
    config, weights = model_folder.read(tmp_path / "m")
    model = (Classifier if task == "classifier" else Generator)(config, weights)
    assert model.labels == ["A", "B"] and np.isfinite(config.metrics["charrnn"].get("nll", 0))


@TASKS
def test_the_run_that_scores_better_takes_its_place(task, tmp_path):
    recipe.train(run_of(task, out=tmp_path / "base", epochs=30, learning_rate=0.02))
    fresh = run_of(task, epochs=1)
    tuned = dataclasses.replace(fresh, init=tmp_path / "base", alternative=fresh)
    other = dataclasses.replace(fresh, alternative=dataclasses.replace(fresh, init=tmp_path / "base"))
    one, two = recipe.train(tuned), recipe.train(other)
    for trained in (one, two):
        assert trained.config.training["init"] == str(tmp_path / "base")
    assert one.config.metrics == two.config.metrics
    assert all(np.array_equal(one.weights[name], two.weights[name]) for name in one.weights)


@TASKS
def test_names_that_the_first_model_knew_are_scored_apart_in_every_part(task, tmp_path):
    known = Corpus([NAMES[0], NAMES[1], "Xaia", "Xaor"], ["B", "A", "A", "B"])
    recipe.train(run_of(task, known, tmp_path / "base", epochs=1))
    trained = recipe.train(dataclasses.replace(run_of(task, epochs=1), init=tmp_path / "base"))
    count = "n" if task == "classifier" else "names"
    assert trained.config.metrics[evaluation.NEW_TO_INIT][count] == len(NAMES) - 2
    assert trained.config.data["known_to_init"] == 2
    other = Corpus([f"q{name}" for name in NAMES], CORPUS.labels)
    trained = recipe.train(dataclasses.replace(run_of(task, other, epochs=1), init=tmp_path / "base"))
    assert trained.config.metrics.keys() == {"charrnn", "4-gram"}


def test_a_private_model_is_cross_validated_without_ngrams():
    run = dataclasses.replace(run_of("classifier", epochs=1), private=True)
    assert recipe.train(run).config.calibration["weights"]["ngrams"] == 0


@TASKS
def test_the_command_prints_mean_and_spread_and_goes_on_where_it_is_finished(task, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    for label in "AB":
        own = [name for name, other in zip(NAMES, CORPUS.labels, strict=True) if other == label]
        (tmp_path / "data" / f"{label}.txt").write_text("\n".join(own), encoding="utf-8")
    flags = [task, "--data", str(tmp_path / "data"), "--out", str(tmp_path / "m"), "--epochs", "2", "--hidden", "8"]
    assert train.main(flags) == 0
    printed = capsys.readouterr().out
    assert "5-fold cross-validation: 60 names" in printed and " ± " in printed
    card = (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
    assert "all of them trained on" in card and " ± " in card and "validation names" not in card
    assert train.main([*flags, "--resume"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert train.main([*flags, "--resume", "--folds", "0"]) == 2
    capsys.readouterr()
    assert charrnn(["evaluate", "--model", str(tmp_path / "m"), *flags[1:3], "--split", "test"]) == 2
    assert "has no test names (it was cross-validated)" in capsys.readouterr().err
