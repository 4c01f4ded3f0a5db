import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import ModelFolderError
from charrnn.inference.full_names import (
    FullNames,
    FullNameWeights,
    Part,
    Readings,
    combine,
    likelihood_ratios,
    parts_of,
    usual_readings,
)
from charrnn.inference.name_parts import MAX_UNITS, Units
from tests.conftest import config

WEIGHTS = FullNameWeights()
EVEN = Readings(np.array([0.5]), np.array([0.2]))


def small_config(**data):
    return dataclasses.replace(config("classifier"), labels=["A", "B"], data=data)


def ratios(seed, size, labels=3):
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal(size=(4, size, labels, 2))), np.exp(rng.normal(size=(4, size, labels)))


@pytest.mark.parametrize("size, known", [(1, 1), (2, 0), (2, 1), (3, 0), (3, 1), (MAX_UNITS, 0)])
def test_parts_that_say_nothing_leave_the_frequencies(size, known):
    likelihood, readings = combine(
        np.ones((1, size, 3, 2)),
        np.ones((1, size, 3)),
        known,
        Readings(np.array([0.1, 0.25, 0.7]), np.array([0.2, 0.1, 0.01])),
        FullNameWeights(),
    )
    assert np.ptp(likelihood) < 1e-12
    assert np.all((np.abs(readings) >= 1) & (np.abs(readings) <= size))


def test_the_shares_of_the_readings_sum_to_one():
    for size in range(2, MAX_UNITS + 1):
        likelihood, _ = combine(np.ones((1, size, 1, 1)), np.ones((1, size, 1)), 0, EVEN, FullNameWeights(weight=1.0))
        assert likelihood[0, 0] == pytest.approx(0)


def test_the_reading_is_that_of_the_stronger_evidence():
    given_names, surnames = np.ones((1, 2, 1, 2)), np.ones((1, 2, 1))
    given_names[0, 1], surnames[0, 0] = 100, 100
    _, readings = combine(given_names, surnames, 0, EVEN, FullNameWeights())
    assert readings[0, 0] == -1
    assert [part.kind for part in parts_of(Units(("Kim", "Yuna")), -1)] == ["surname", "given"]
    assert [part.kind for part in parts_of(Units(("Ana", "García", "López")), 1)] == ["given", "surname", "surname"]


def test_and_joins_two_surnames_behind_a_given_name():
    units = Units(("José", "Ortega", "y Gasset"))
    assert [part.kind for part in parts_of(units, 2)] == ["given", "surname", "surname"]
    assert [part.kind for part in parts_of(units, 1)] == ["given", "surname", "surname"]
    assert [part.kind for part in parts_of(Units(("Ortega", "y Gasset")), 1)] == ["given", "surname"]


def test_where_parts_say_nothing_the_usual_order_of_the_label_decides():
    usual = usual_readings(small_config(name_orders={"A": "given surname", "B": "surname given"}), WEIGHTS)
    _, readings = combine(np.ones((1, 3, 2, 1)), np.ones((1, 3, 2)), 0, usual, WEIGHTS)
    assert readings.tolist() == [[2, -1]]


def test_of_labels_whose_order_is_not_known_the_readings_are_those_of_any():
    for own in (small_config(), small_config(name_orders={"X": "surname given"})):
        usual = usual_readings(own, WEIGHTS)
        assert np.array(usual).T.tolist() == [list(WEIGHTS.any_order)] * 2


@pytest.mark.parametrize("broken", [[], None, 3, {"A": "backwards"}, {"A": []}, {"A": None}])
def test_malformed_orders_are_refused(broken):
    with pytest.raises(ModelFolderError, match="name_orders") as caught:
        usual_readings(small_config(name_orders=broken), WEIGHTS)
    assert "\n" not in str(caught.value)


def test_one_foreign_part_does_not_rule_a_label_out():
    # The first part is impossible under the first label, the second part tells of it.
    ratios = likelihood_ratios(np.array([[-50.0, 4.0], [6.0, 0.0]]), np.array([0.5, 0.5]), FullNameWeights())
    likelihood, _ = combine(ratios[None, :, :, None], ratios[None], 0, EVEN, FullNameWeights())
    assert np.exp(likelihood[0, 0]) > 0.1


def test_foreign_units_say_nothing():
    logits, prior = np.random.default_rng(0).normal(size=(5, 3)), np.array([0.2, 0.3, 0.5])
    assert np.allclose(likelihood_ratios(logits, prior, FullNameWeights(foreign=1.0)), 1)
    p = likelihood_ratios(logits, prior, FullNameWeights(foreign=0.0)) * prior
    np.testing.assert_allclose(p, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), rtol=1e-5)


def test_many_units_that_are_sure_of_a_rare_label_stay_finite():
    ratios = likelihood_ratios(np.array([[0.0, 50.0]] * MAX_UNITS), np.array([1 - 1e-8, 1e-8]), FullNameWeights())
    likelihood, _ = combine(ratios[None, :, :, None], ratios[None], 0, EVEN, FullNameWeights())
    assert np.isfinite(likelihood).all() and likelihood[0, 1] > likelihood[0, 0]


def test_the_parts_of_full_names_are_those_of_their_readings():
    units = {3: Units(("Ana", "García", "López")), 5: Units(("Kim", "Yuna"))}
    parts = FullNames(units, {3: 1, 5: -1})
    assert list(parts) == [3, 5] and len(parts) == 2 and 4 not in parts
    assert parts[5] == (Part("Kim", "surname"), Part("Yuna", "given"))


@given(st.integers(0, 100), st.integers(2, 5))
def test_names_do_not_depend_on_each_other(seed, size):
    given_names, surnames = ratios(seed, size)
    together = combine(given_names, surnames, 0, EVEN, FullNameWeights())[0]
    alone = combine(given_names[1:2], surnames[1:2], 0, EVEN, FullNameWeights())[0]
    np.testing.assert_allclose(together[1:2], alone)
