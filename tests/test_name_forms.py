import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.name_forms import GENDERS, ORDERS, NameForms, know_full_names

LATIN = " '-ACDIKLMNOPQRSUabcdefghijklmnopqrstuvwxyzáíóúýÓÍėščž"
CZECH = NameForms(feminine=("-ová", "-á"))
BULGARIAN = NameForms(feminine=("-ova",), masculine=("-ov",))
IRISH = NameForms(feminine=("Ní -",), masculine=("Ó -", "Mac -"))
forms = st.lists(st.sampled_from(["-ov", "-ova", "Ó -", "-ič"]), max_size=3).map(tuple)


def fits(forms, gender, name, alphabet=LATIN):
    form = forms.surname_form(gender, alphabet)
    excluded = form.excluded and re.fullmatch(form.excluded, name)
    return not excluded and re.fullmatch(form.required or ".*", name) is not None


@pytest.mark.parametrize(
    ("forms", "name", "bearers"),
    [
        (CZECH, "Nováková", {"female"}),
        (CZECH, "Novák", {"male"}),
        (CZECH, "Svoboda", {"male"}),
        (BULGARIAN, "Ivanova", {"female"}),
        (BULGARIAN, "IVANOV", {"male"}),
        (BULGARIAN, "Vazovski", {"female", "male"}),
        (IRISH, "Ó Murchú", {"male"}),
        (IRISH, "Ní Mhurchú", {"female"}),
        (IRISH, "MacCarthy", {"female", "male"}),
        (NameForms(), "Rossi", {"female", "male"}),
        (NameForms(masculine=("ap -",)), "ap Rhys", {"male"}),
        (NameForms(masculine=("ap -",)), "Jones", {"female", "male"}),
    ],
)
def test_who_bears_a_surname(forms, name, bearers):
    assert {gender for gender in GENDERS if fits(forms, gender, name)} == bearers


def test_where_surnames_without_a_form_are_unusual_each_has_one():
    strict = BULGARIAN.observed(["Ivanov", "Ivanova"], LATIN)
    assert not strict.neutral and not any(fits(strict, gender, "Vazovski") for gender in GENDERS)
    assert fits(strict, "female", "Ivanova") and fits(strict, "male", "Ivanov")
    assert BULGARIAN.observed(["Ivanov"] * 9 + ["Vazovski"], LATIN).neutral
    assert NameForms().observed([], LATIN).neutral and NameForms().observed(["Rossi"], LATIN).neutral


def test_a_form_counts_in_ascii_where_the_model_has_no_other_letters():
    assert fits(CZECH, "female", "Novakova", "NKaokv") and not fits(CZECH, "male", "Novakova", "NKaokv")
    assert not fits(CZECH, "female", "Svoboda")


@given(st.sampled_from(sorted(ORDERS)), forms, forms, st.booleans())
def test_a_record_is_read_as_it_was_written(order, feminine, masculine, neutral):
    own = NameForms(order, feminine, masculine, neutral)
    assert NameForms.read(own.as_record()) == own


RECORD = BULGARIAN.as_record()


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        RECORD | {"more": 1},
        RECORD | {"order": "backwards"},
        RECORD | {"order": []},
        RECORD | {"neutral": 1},
        RECORD | {"feminine": "-ova"},
        RECORD | {"feminine": [3]},
        RECORD | {"masculine": ["ov"]},
        RECORD | {"masculine": ["-"]},
        RECORD | {"masculine": ["-ov-"]},
    ],
)
def test_other_records_are_refused(record):
    with pytest.raises(ValueError, match=r"has|no|none"):
        NameForms.read(record)


def test_full_names_need_surnames_and_given_names():
    assert know_full_names(["male", "surname"]) and know_full_names(["female", "male", "surname"])
    assert not know_full_names(["surname"]) and not know_full_names(["female", "male"]) and not know_full_names([])
