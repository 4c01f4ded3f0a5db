import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.inference.full_names import (
    MAX_UNITS,
    FullNameWeights,
    Units,
    are_of_several_scripts,
    combine,
    may_be_foreign,
    parts_of,
    units_of,
)

SURNAMES = {"王", "司马", "남궁", "김", "田中"}


def units(text):
    return units_of(text, SURNAMES.__contains__)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Satoshi Nakamoto", Units(("Satoshi", "Nakamoto"))),
        ("Nakamoto, Satoshi", Units(("Nakamoto", "Satoshi"), 1)),
        ("García Lorca, Federico", Units(("García Lorca", "Federico"), 1)),
        ("Vincent van Gogh", Units(("Vincent", "van Gogh"))),
        ("Lodewijk van der Berg", Units(("Lodewijk", "van der Berg"))),
        ("Gamal Abdel Nasser", Units(("Gamal", "Abdel Nasser"))),
        ("Van Morrison", Units(("Van", "Morrison"))),
        ("ben johnson", Units(("ben", "johnson"))),
        ("Dr. Angela Merkel", Units(("Angela", "Merkel"))),
        ("John F. Kennedy Jr.", Units(("John", "Kennedy"))),
        ("John Kennedy, Jr.", Units(("John", "Kennedy"))),
        ('George Herman "Babe" Ruth', Units(("George", "Herman", "Ruth"))),
        ("John Smith (CEO)", Units(("John", "Smith"))),
        ("Sean O Brien", Units(("Sean", "O Brien"))),
        ("Mikhail Sergeyevich Gorbachev", Units(("Mikhail", "Gorbachev"))),
        ("Иванова Анна Владимировна", Units(("Иванова", "Анна"))),
        ("Владимир Петрович", Units(("Владимир", "Петрович"))),
        ("Roman Arkadyevich Abramovich", Units(("Roman", "Abramovich"))),
        ("Роман Аркадьевич Абрамович", Units(("Роман", "Абрамович"))),
        ("Путин Владимир Владимирович", Units(("Путин", "Владимир"))),
        ("Mary Ann Abramovich", Units(("Mary", "Ann", "Abramovich"))),
        ("Gregg Charles Popovich", Units(("Gregg", "Charles", "Popovich"))),
        ("村上・春樹", Units(("村上", "春樹"))),
        ("J. R. R. Tolkien", Units(("Tolkien",), 1)),
        ("王小明", Units(("王", "小明"), 1)),
        ("司马相如", Units(("司马", "相如"), 1)),
        ("남궁민수", Units(("남궁", "민수"), 1)),
        ("田中 太郎", Units(("田中", "太郎"))),
        ("جمال عبد الناصر", Units(("جمال", "عبد الناصر"))),
    ],
)
def test_parts_are_told_apart(text, expected):
    assert units(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Satoshi",
        "van Gogh",
        "O'Connor",
        "田中",
        "小明",
        "عبد الناصر",
        ", John",
        "A. B.",
        "Dr.",
        "王",
        "R2 D2",
        "Tom & Ann",
    ],
)
def test_a_text_without_parts_is_one_unit(text):
    assert units(text) == Units((text,))


@given(st.text(max_size=40))
def test_any_text_has_units_that_stand_in_it(text):
    found = units(text)
    assert found.texts
    assert found.surnames in (0, 1)


@pytest.mark.parametrize(
    "texts, expected",
    [(("김", "John"), True), (("Anna", "Иванова"), True), (("黒澤", "あきら"), False), (("Anna", "Smith"), False)],
)
def test_scripts_that_no_name_mixes(texts, expected):
    assert are_of_several_scripts(Units(texts)) is expected


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
