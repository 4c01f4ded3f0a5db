import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.inference.full_names import (
    FullNameWeights,
    combine,
    may_be_foreign,
    parts_of,
)
from charrnn.inference.name_parts import MAX_UNITS, Units


def ratios(seed, size, labels=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(4, size, labels, 2)), rng.normal(size=(4, size, labels))


@pytest.mark.parametrize("size, known", [(1, 1), (2, 0), (2, 1), (3, 0), (3, 1), (MAX_UNITS, 0)])
def test_parts_that_say_nothing_leave_the_frequencies(size, known):
    likelihood, readings = combine(np.zeros((1, size, 3, 2)), np.zeros((1, size, 3)), known, FullNameWeights())
    assert np.ptp(likelihood) < 1e-12
    assert np.all(np.abs(readings) <= size)


def test_the_shares_of_the_readings_sum_to_one():
    for size in range(2, MAX_UNITS + 1):
        likelihood, _ = combine(np.zeros((1, size, 1, 1)), np.zeros((1, size, 1)), 0, FullNameWeights(weight=1.0))
        assert likelihood[0, 0] == pytest.approx(0)


def test_the_reading_is_that_of_the_stronger_evidence():
    given_names, surnames = np.zeros((1, 2, 1, 2)), np.zeros((1, 2, 1))
    given_names[0, 1], surnames[0, 0] = 5, 5
    _, readings = combine(given_names, surnames, 0, FullNameWeights())
    assert readings[0, 0] == -1
    assert [part.kind for part in parts_of(Units(("Kim", "Yuna")), -1)] == ["surname", "given"]
    assert [part.kind for part in parts_of(Units(("Ana", "García", "López")), 1)] == ["given", "surname", "surname"]


def test_one_foreign_part_does_not_rule_a_label_out():
    given_names, surnames = np.zeros((1, 2, 2, 2)), np.zeros((1, 2, 2))
    given_names[0, 0, 0], surnames[0, 0, 0] = -50, -50  # the first part is impossible under the first label
    surnames[0, 1, 0] = 4
    mixed = (may_be_foreign(ratios, FullNameWeights()) for ratios in (given_names, surnames))
    likelihood, _ = combine(*mixed, 0, FullNameWeights())
    assert likelihood[0, 0] > likelihood[0, 1]


@given(st.integers(0, 100), st.integers(2, 5))
def test_names_do_not_depend_on_each_other(seed, size):
    given_names, surnames = ratios(seed, size)
    together = combine(given_names, surnames, 0, FullNameWeights())[0]
    alone = combine(given_names[1:2], surnames[1:2], 0, FullNameWeights())[0]
    np.testing.assert_allclose(together[1:2], alone)
