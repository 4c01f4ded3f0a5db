import math

import numpy as np
import pytest

from charrnn.inference.answers import Ranking, answer_columns, answer_names, free_prefix

RANKING = Ranking(
    labels=np.array([[1, 0], [0, 1]]),
    probabilities=np.array([[0.75, 0.2500004], [np.nan, np.nan]]),
    sizes=np.array([2, 0]),
    reasons=[None, "missing-name"],
)


def test_columns_are_named_by_rank():
    assert answer_names(2) == ["label", "probability", "label_2", "probability_2", "abstained", "reason"]
    assert answer_names(1, "x_") == ["x_label", "x_probability", "x_abstained", "x_reason"]


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


def test_no_names_are_no_rows():
    empty = Ranking(np.zeros((0, 0), int), np.zeros((0, 0)), np.zeros(0, int), [])
    assert {len(column) for column in answer_columns(empty, ["A"], 2).values()} == {0}
