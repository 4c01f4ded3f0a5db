import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest

from charrnn.inference.answers import (
    SURE,
    LabelScore,
    Prediction,
    Ranking,
    answer_columns,
    answer_names,
    free_prefix,
    sure_families,
)
from charrnn.inference.classifier import Classifier
from charrnn.inference.full_names import Part
from tests.conftest import config, network

RANKING = Ranking(
    labels=np.array([[1, 0], [0, 1]]),
    probabilities=np.array([[0.75, 0.2500004], [np.nan, np.nan]]),
    sizes=np.array([2, 0]),
    reasons=[None, "missing-name"],
)


def test_columns_are_named_by_rank():
    assert answer_names(2) == ["label", "probability", "label_2", "probability_2", "abstained", "reason"]
    assert answer_names(1, "x_") == ["x_label", "x_probability", "x_abstained", "x_reason"]
    assert answer_names(1, "x_", parts=True) == [*answer_names(1, "x_"), "x_given", "x_surname"]


@pytest.mark.parametrize(
    ("columns", "prefix"),
    [
        (["name"], ""),
        (["name", "label_2"], ""),
        (["reason"], "charrnn_"),
        (["label", "charrnn_label"], "charrnn_2_"),
        (["label", "charrnn_label", "charrnn_2_reason"], "charrnn_3_"),
        (["charrnn_label"], ""),
        ([0, None], ""),
    ],
)
def test_all_answers_get_a_prefix_where_one_has_the_name_of_a_column(columns, prefix):
    assert free_prefix(columns, 1) == prefix


def test_answers_are_columns_as_wide_as_is_asked():
    columns = answer_columns(RANKING, ["A", "B"], 3)
    assert list(columns) == answer_names(3)
    assert columns["label"].tolist() == ["B", None] and columns["label_2"].tolist() == ["A", None]
    assert columns["label_3"].tolist() == [None, None] and np.isnan(columns["probability_3"]).all()
    assert columns["probability_2"][0] == 0.25 and math.isnan(columns["probability"][1])
    assert columns["abstained"].tolist() == [False, True] and columns["reason"].tolist() == [None, "missing-name"]


def test_parts_are_told_in_columns_of_their_own():
    own = (Part("Ana", "given"), Part("García", "surname"), Part("López", "surname"))
    columns = answer_columns(dataclasses.replace(RANKING, parts={0: own}), ["A", "B"], 1, "x_", parts=True)
    assert list(columns) == answer_names(1, "x_", parts=True)
    assert columns["x_given"].tolist() == ["Ana", None] and columns["x_surname"].tolist() == ["García López", None]


def test_a_column_of_parts_has_a_name_of_its_own():
    assert free_prefix(["surname"], 1) == "" and free_prefix(["surname"], 1, parts=True) == "charrnn_"


def test_no_names_are_no_rows():
    empty = Ranking(np.zeros((0, 0), int), np.zeros((0, 0)), np.zeros(0, int), [])
    assert {len(column) for column in answer_columns(empty, ["A"], 2).values()} == {0}


SETTINGS = {"prior": "model", "labels": None, "kind": None, "level": "label", "whole": False}
FAMILIES = {"A": "North", "B": "South", "C": "North"}


def told_by(*rows, knows_families=True, **settings):
    """The families that are told where a model gives these probabilities of A, B and C."""
    model = SimpleNamespace(
        config=SimpleNamespace(families=FAMILIES),
        knows_families=knows_families,
        level_names=lambda level: ["North", "South"],
        probabilities=lambda names, **asked: np.array(
            [[rows[int(n)][0] + rows[int(n)][2], rows[int(n)][1]] for n in names]
        ),
    )
    best = [LabelScore("ABC"[int(np.argmax(row))], max(row)) for row in rows]
    predictions = [Prediction(str(i), (score,)) for i, score in enumerate(best)]
    return sure_families(model, predictions, SETTINGS | settings)


def test_a_family_is_told_where_it_is_sure_and_no_label_is():
    sure, label, unsure = (0.5, 0.02, 0.48), (0.95, 0.03, 0.02), (0.5, 0.3, 0.2)
    assert told_by(label, sure, unsure) == [None, ("North", pytest.approx(0.98)), None]
    assert told_by((SURE, 0.1, 0.0), (SURE - 0.01, 0.0, 0.11)) == [None, ("North", pytest.approx(1))]
    assert told_by(sure, level="family") == told_by(sure, knows_families=False) == [None]
    assert told_by() == []


def test_a_family_that_the_best_label_is_not_of_is_not_told():
    many = {**{f"N{i}": "North" for i in range(12)}, "S": "South"}
    model = SimpleNamespace(
        config=SimpleNamespace(families=many),
        knows_families=True,
        level_names=lambda level: ["North", "South"],
        probabilities=lambda names, **asked: np.array([[0.91, 0.09]]),
    )
    for best, told in (("S", None), ("N3", ("North", 0.91))):
        assert sure_families(model, [Prediction("x", (LabelScore(best, 0.09),))], SETTINGS) == [told]


@pytest.mark.parametrize("prior", ["model", "uniform", {"A": 1.0, "C": 1.0}])
def test_families_are_told_under_the_settings_of_the_answers(prior):
    cfg = config("classifier", cell="gru", hidden=8, embedding=6, bidirectional=True, pooling="mean")
    cfg = dataclasses.replace(cfg, families=FAMILIES)
    model = Classifier(cfg, network(cfg)[1])
    names = ["abc", "", "xyz"]
    told = sure_families(model, model.predict(names, prior=prior), SETTINGS | {"prior": prior})
    assert told[1] is None
    for name, family in zip(names, told, strict=True):
        (best,) = model.predict([name], 1, prior, level="family")[0].predictions or [None]
        (label,) = model.predict([name], 1, prior)[0].predictions or [None]
        is_told = best is not None and best.probability >= SURE > label.probability
        assert (family is not None) == is_told
        if is_told:
            assert family.label == best.label and family.probability == pytest.approx(best.probability)
