import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.generation import novelty
from charrnn.generation.novelty import DRAWS_FOR_A_NAME, MOST_DRAWS, nearest_names, novel_samples
from charrnn.generation.request import Sample

names = st.text("abc", min_size=1, max_size=6)


def test_new_ones_are_told_by_their_letters_alone():
    written = ["Abc", "ABC", "Ábc", "A bc", "A'Bc", "A-bc", "De", "D'E"]
    made = [Sample(name, 0.0, i) for i, name in enumerate(written)]
    assert [one.name for one in novel_samples(iter(made), frozenset({"de"}))] == ["Abc"]


def test_the_search_for_new_ones_ends():
    taken = 0

    def always_the_same():
        nonlocal taken
        while True:
            taken += 1
            yield Sample("Abc", 0.0, taken)

    assert [one.name for one in novel_samples(always_the_same(), frozenset())] == ["Abc"]
    assert taken == MOST_DRAWS + 1


def test_a_new_name_lets_the_search_go_on(monkeypatch):
    monkeypatch.setattr(novelty, "MOST_DRAWS", 3)
    drawn = [Sample(name, 0.0, i) for i, name in enumerate(["A", "A", "A", "B", "A", "A", "C", "A", "A", "A", "D"])]
    assert [sample.name for sample in novel_samples(iter(drawn), frozenset())] == ["A", "B", "C"]


@pytest.mark.parametrize(("draws_for_each", "ends"), [(2, False), (400, False), (1000, True), (5000, True)])
def test_the_search_ends_where_new_ones_are_rare(draws_for_each, ends):
    """Each name in so many draws is new. The draws together are bounded, however many names are wanted."""
    drawn, most = 0, 4 * MOST_DRAWS

    def samples():
        nonlocal drawn
        while drawn < most:
            drawn += 1
            is_new = drawn % draws_for_each == 0
            yield Sample("".join(chr(97 + int(digit)) for digit in str(drawn)) if is_new else "z", 0.0, drawn)

    found = sum(1 for _ in novel_samples(samples(), frozenset({"z"})))
    assert (drawn < most) == ends
    assert not ends or drawn <= MOST_DRAWS + (DRAWS_FOR_A_NAME + 1) * (found + 1)


def edits(a, b):
    """By the definition: the first characters agree, or one of the three edits comes first."""
    if not a or not b:
        return len(a) + len(b)
    if a[0] == b[0]:
        return edits(a[1:], b[1:])
    return 1 + min(edits(a[1:], b), edits(a, b[1:]), edits(a[1:], b[1:]))


@given(names, st.lists(names, min_size=1, max_size=6), st.integers(1, 7))
def test_none_is_nearer_than_the_nearest_and_of_equal_ones_the_first_come_first(name, known, count):
    in_order = sorted(((edits(name, one), i) for i, one in enumerate(known)))[:count]
    assert nearest_names(name, known, count) == [(known[i], distance) for distance, i in in_order]


def test_case_and_marks_are_no_distance():
    assert nearest_names("Ábc", ["abcd", "abc"], 1) == [("abc", 0)]


def test_the_search_is_bounded_in_draws(monkeypatch):
    monkeypatch.setattr(novelty, "MOST_DRAWS", 12)
    samples = (Sample("ann", 0.0, i) for i in itertools.count())
    assert list(novel_samples(samples, frozenset({"ann"}), draws=4)) == []
    assert next(samples).attempt == 3
