"""Requests for full names and their stamps."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import SettingsError
from charrnn.generation import Constraints, FullRequest, Sampling
from charrnn.generation.full_request import part_requests
from charrnn.generation.stamps import FullStamp, make_full_stamp, read_stamp
from charrnn.name_forms import ANY_FORM, NameForms, SurnameForm

TWO = NameForms("given two-surnames")
CZECH = NameForms(feminine=("-ová",))
LETTERS = "abcdefghijklmnopqrstuvwxyzá"
OWN = "a" * 64


def test_each_part_is_asked_for_in_the_order_of_the_label():
    asked = FullRequest("Czech", 7, given=Constraints("A"), surname=Constraints("B"))
    first, second = part_requests(asked, NameForms("surname given", CZECH.feminine), "female", LETTERS)
    assert (first.kind, first.request.kind, first.request.constraints.prefix) == ("surname", "surname", "B")
    assert (second.kind, second.request.kind, second.request.constraints.prefix) == ("given", "female", "A")
    assert first.form != ANY_FORM == second.form


def test_of_two_surnames_the_first_one_is_constrained_and_both_are_spelled_alike():
    asked = FullRequest("Spanish", given=Constraints(ascii=True), surname=Constraints("B"))
    _, first, second = part_requests(asked, TWO, "male", LETTERS)
    assert first.request.constraints == Constraints("B", ascii=True)
    assert second.request.constraints == Constraints(ascii=True)


def test_no_two_parts_draw_alike():
    asked = FullRequest("Spanish", 7)
    seeds = {own.request.seed for g in ("female", "male") for own in part_requests(asked, TWO, g, LETTERS)}
    assert len(seeds) == 6


def test_a_constraint_or_a_form_has_candidates_drawn():
    def draws(*forms, **asked):
        return [own.request.resample for own in part_requests(FullRequest("A", **asked), *forms, LETTERS)]

    assert draws(NameForms(), "male") == [1, 1] and draws(CZECH, "male") == [1, 16]
    assert draws(NameForms(), "male", given=Constraints("A")) == [16, 1]
    assert draws(CZECH, "male", resample=3) == [3, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        {"gender": "x"},
        {"gender": None},
        {"surname": "A"},
        {"given": None},
        {"resample": 0},
        {"resample": True},
        {"seed": -1},
        {"label": 3},
        {"sampling": 1},
    ],
)
def test_what_is_out_of_its_range_is_refused_in_a_line(wrong):
    with pytest.raises(SettingsError) as caught:
        FullRequest(**{"label": "Czech"} | wrong)
    assert "\n" not in str(caught.value)


constraints = st.builds(
    Constraints, prefix=st.text(max_size=5), max_length=st.none() | st.integers(1, 9), ascii=st.booleans()
)
requests = st.builds(
    FullRequest,
    label=st.text(max_size=8) | st.dictionaries(st.text(max_size=3), st.floats(0.1, 9), min_size=1, max_size=3),
    seed=st.integers(0, 2**100),
    sampling=st.builds(Sampling, st.sampled_from([0, 0.8, 1])),
    given=constraints,
    surname=constraints,
    resample=st.none() | st.integers(1, 99),
    gender=st.sampled_from(["female", "male"]),
)
all_forms = st.sampled_from([NameForms(), TWO, CZECH, NameForms("given father", ("-a",), ("-s", "Ó -"), False)])


@given(requests, all_forms, st.data())
def test_a_stamp_holds_all_of_a_full_name(request, forms, data):
    size = len(forms.parts)
    attempts = tuple(data.draw(st.lists(st.integers(0, 2**63 - 1), min_size=size, max_size=size)))
    held = FullStamp(request, forms, attempts)
    assert read_stamp(OWN, make_full_stamp(OWN, held)) == held


def word(**told):
    full = {"model": "a" * 16, "attempts": [0, 0], "forms": NameForms().as_record(), "gender": "male"} | told
    return base64.urlsafe_b64encode(json.dumps(full).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "bad",
    [
        word(attempts=[0]),
        word(attempts=[0, -1]),
        word(attempts=3),
        word(attempts="00"),
        word(attempt=0),
        word(forms={}),
        word(forms=None),
        word(gender="any"),
        word(gender=None),
        word(surname={"prefix": 3}),
        word(constraints={}),
        word(model="b" * 16),
    ],
)
def test_what_is_no_stamp_is_refused(bad):
    assert isinstance(read_stamp(OWN, word()), FullStamp)
    with pytest.raises(SettingsError, match="stamp: "):
        read_stamp(OWN, bad)


def test_forms_are_part_of_the_automaton():
    guide = Constraints().compile("abcová", 9, form=SurnameForm(".*ová", ".*bová"))

    def is_matched(name):
        state = 0
        for c in name:
            if guide.needed[state, 4 + "abcová".index(c)] > 99:
                return False
            state = guide.next_state[state, 4 + "abcová".index(c)]
        return guide.needed[state, 1] == 0 or guide.needed[state].min() == 0

    assert is_matched("acová") and is_matched("ová") and not is_matched("abová") and not is_matched("aco")
