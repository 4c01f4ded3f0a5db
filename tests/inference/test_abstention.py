"""Texts that are unlike the names of the list, or no names by their form: when they abstain, and what they keep."""

import dataclasses

import numpy as np
import pytest

from charrnn import model_folder
from charrnn.inference import Classifier, load
from charrnn.likeness import UNLIKE_SHARE
from charrnn.memory import Memory
from tests.conftest import random_names

STRANGE, COMPANY = "Xqzwvkjx", "Acme Ltd"
NAMES = ["Rossi", STRANGE, COMPANY, "Suzuki", "not available", "Xqzwvkjx Qqxzvw", "", "42", *random_names(40)]
REASONS = {"unlike-training", "not-a-name"}


@pytest.fixture(scope="module")
def folder(trained):
    return model_folder.read(trained["classifier"])


@pytest.fixture(scope="module")
def model(folder):
    return Classifier(*folder)


@pytest.fixture(scope="module")
def credulous(folder):
    """The model that finds no text unlike names."""
    config, weights = folder
    calibration = {key: value for key, value in config.calibration.items() if key != "likeness"}
    return Classifier(dataclasses.replace(config, calibration=calibration, data={}), weights)


def reasons_of(model, names, **settings):
    return [answer.reason for answer in model.predict(names, **settings)]


def test_names_of_the_list_are_answered_and_noise_and_companies_abstain(model):
    assert reasons_of(model, ["Rossi", STRANGE, COMPANY, ""]) == [None, "unlike-training", "not-a-name", "missing-name"]


@pytest.mark.parametrize("settings", [{}, {"top_k": 0}, {"coverage": 0.9}, {"prior": "uniform"}, {"labels": ["Greek"]}])
def test_scores_do_not_depend_on_abstention(model, credulous, settings):
    careful, plain = (asked.rank(NAMES, **settings) for asked in (model, credulous))
    assert np.array_equal(careful.labels, plain.labels) and np.array_equal(careful.sizes, plain.sizes)
    assert np.array_equal(careful.probabilities, plain.probabilities, equal_nan=True)
    assert set(careful.reasons) >= REASONS and not set(plain.reasons) & REASONS
    for answer in model.predict(NAMES, **settings):
        assert bool(answer.predictions) == (answer.reason not in ("missing-name", "no-letters"))


def test_reasons_do_not_depend_on_settings_or_other_names(model):
    reasons = reasons_of(model, NAMES)
    assert [reasons_of(model, [name]) for name in NAMES] == [[reason] for reason in reasons]
    assert reasons_of(model, NAMES[::-1] * 2) == reasons[::-1] * 2
    for settings in ({"prior": "uniform"}, {"coverage": 0.9}, {"labels": ["Greek", "Polish"]}):
        assert reasons_of(model, NAMES, **settings) == reasons


def test_what_is_unlike_names_is_told_rather_than_that_the_score_is_uncertain(model):
    asked = ["Rossi", STRANGE, COMPANY, f"{STRANGE} Ltd"]
    reasons = reasons_of(model, asked, min_probability=1.0)
    assert reasons == ["uncertain-score", "unlike-training", "not-a-name", "not-a-name"]


def test_a_listed_name_is_neither_unlike_training_nor_no_name(folder):
    config, weights = folder
    memory = Memory.of([STRANGE.lower(), COMPANY.lower()], [0, 1], len(config.class_counts))
    model = Classifier(config, weights | memory.weights())
    asked = [STRANGE, COMPANY.upper(), f"{STRANGE}q", f"{COMPANY} Ltd"]
    assert reasons_of(model, asked) == [None, None, "unlike-training", "not-a-name"]
    assert reasons_of(model.without_memory(), asked[:2]) == ["unlike-training", "not-a-name"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"no_name_share": 0.0}, "not-a-name"),
        ({"no_name_share": UNLIKE_SHARE}, "not-a-name"),
        ({"no_name_share": UNLIKE_SHARE + 0.001}, None),
        ({}, None),
    ],
)
def test_a_list_of_many_texts_that_look_like_no_names_turns_the_rules_off(folder, data, reason):
    config, weights = folder
    model = Classifier(dataclasses.replace(config, data=data), weights)
    assert reasons_of(model, ["Rossi Ltd"]) == [reason] and reasons_of(model, [STRANGE]) == ["unlike-training"]


def test_the_shipped_model_judges_each_script_by_its_own_names():
    shipped = load("names/classifier")
    names = ["ภูมิพล", "Иванов", "佐藤", "Müller", STRANGE, "Щъыьэщъы", COMPANY]
    assert reasons_of(shipped, names) == [*[None] * 4, "unlike-training", "unlike-training", "not-a-name"]
