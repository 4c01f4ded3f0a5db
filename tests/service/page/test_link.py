"""A link brings back what it was made from, and never more than that."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from charrnn.service.page.link import FormError, NamesForm, name_link, names_link, read_form


def query(link):
    return {key: values[0] for key, values in parse_qs(urlsplit(link).query, keep_blank_values=True).items()}


LABELS = ["Irish", "日本", "A & B", "*", "Scottish", "C+D", "Czech"]
KINDS = ["surname", "female", "A & B", "full"]
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
forms = st.builds(
    NamesForm,
    label=st.sampled_from(["Irish", "日本", "A & B", "*"]),
    kind=st.sampled_from(["", *KINDS]),
    gender=st.sampled_from(["", "female", "male"]),
    other=st.sampled_from(["", "Scottish", "C+D"]),
    share=st.integers(0, 100),
    n=st.integers(1, 100),
    temperature=st.sampled_from([0, 0.05, 0.8, 1, 1.5]),
    novel=st.booleans(),
    ascii=st.booleans(),
    prefix=text,
    suffix=text,
    contains=text,
    min_length=st.integers(1, 100),
    max_length=st.none() | st.integers(1, 100),
    characters=text,
    pattern=text,
    seed=st.just("7"),
)


@given(forms)
def test_a_link_brings_the_same_controls(form):
    found = read_form(query(names_link(form, 7)), "Czech", LABELS, 100, KINDS)
    assert found == (form if form.other else form._replace(share=NamesForm().share))


def test_a_link_carries_full_names_and_their_gender():
    form = NamesForm(label="Czech", kind="full", gender="female")
    assert names_link(form, 7) == "?tab=generate&label=Czech&kind=full&gender=female&seed=7"
    assert read_form({"gender": "dwarf"}, "Irish", ["Irish"], 26).gender == ""
    asked = form.request(nearest=True)
    assert (asked.kind, asked.gender, asked.nearest) == ("full", "female", False)


def test_what_is_usual_is_not_in_the_link():
    assert names_link(NamesForm(label="Irish"), 7) == "?tab=generate&label=Irish&seed=7"
    assert names_link(NamesForm(label="Irish", prefix="Mac"), 7) == "?tab=generate&label=Irish&prefix=Mac&seed=7"


@given(text.filter(bool))
def test_a_name_travels_in_its_link(name):
    assert query(name_link(name)) == {"name": name}


def test_too_many_names_have_no_link():
    assert name_link("") == name_link("a" * 3000) == "?"


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "-1", "1e9", "0x10"])
def test_what_cannot_be_used_is_as_usual(value):
    numbers = dict.fromkeys(["n", "share", "temperature", "min_length", "max_length"], value)
    assert read_form(numbers, "Irish", ["Irish"], 26) == NamesForm(label="Irish")


@pytest.mark.parametrize("field", ["label", "other"])
@pytest.mark.parametrize("value", ["Foo", "irish", "<script>", "Irish\0"])
def test_unknown_labels_are_as_usual(field, value):
    assert read_form({field: value}, "Irish", ["Irish", "Czech"], 26) == NamesForm(label="Irish")


def test_lengths_are_those_of_the_model():
    assert read_form({"max_length": "26"}, "Irish", ["Irish"], 26).max_length == 26
    assert read_form({"max_length": "27", "min_length": "50"}, "Irish", ["Irish"], 26) == NamesForm(label="Irish")


def test_a_comparison_travels_with_its_name():
    assert query(name_link("Kowalczyk", "Czech")) == {"name": "Kowalczyk", "other": "Czech"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"n": 0}, "n"),
        ({"n": 101}, "n"),
        ({"n": "five"}, "n"),
        ({"n": float("nan")}, "n"),
        ({"n": True}, "n"),
        ({"share": None}, "share"),
        ({"share": [50]}, "share"),
        ({"temperature": float("inf")}, "temperature"),
        ({"temperature": 1e6}, "temperature"),
        ({"min_length": 0}, "min_length"),
        ({"max_length": {}}, "max_length"),
        ({"seed": "-1"}, "seed"),
        ({"seed": "1.5"}, "seed"),
        ({"seed": "٣"}, "seed"),
        ({"seed": 5.0}, "seed"),
        ({"seed": "9" * 5000}, "seed"),
        ({"label": ["Irish"]}, "unknown-label"),
        ({"label": None}, "unknown-label"),
        ({"kind": ["surname"]}, "kind"),
        ({"kind": 7}, "kind"),
        ({"other": {"a": 1}}, "unknown-label"),
    ],
)
def test_numbers_that_come_over_http_are_checked(changes, field):
    with pytest.raises(FormError, match=f"^{field}$"):
        NamesForm(label="Irish")._replace(**changes).request(nearest=False)


@pytest.mark.parametrize("field", ["prefix", "suffix", "contains", "characters", "pattern"])
@pytest.mark.parametrize("value", [7, ["a"], {"a": 1}, "a" * 10_000])
def test_texts_that_come_over_http_are_checked(field, value):
    with pytest.raises(ValidationError):
        NamesForm(label="Irish")._replace(**{field: value}).request(nearest=False)


def test_two_languages_are_a_blend_by_their_shares():
    form = NamesForm(label="Irish", other="Czech", share=25)
    assert form.request(nearest=False).blend == {"Irish": 0.75, "Czech": 0.25}
    assert form._replace(share=0).request(nearest=False).label == "Irish"
    assert form._replace(share=100).request(nearest=False).label == "Czech"
    assert form._replace(other="Irish").request(nearest=False).label == "Irish"


@pytest.mark.parametrize("kind", ["dwarves", "Surname", "any", "<script>", ""])
def test_unknown_kinds_are_as_usual(kind):
    assert read_form({"kind": kind}, "Irish", ["Irish"], 26, ["surname", "female"]) == NamesForm(label="Irish")
    assert read_form({"kind": "surname"}, "Irish", ["Irish"], 26) == NamesForm(label="Irish")


@pytest.mark.parametrize("value", ["", "0", "true", "yes"])
def test_names_have_their_diacritics_unless_the_link_says_otherwise(value):
    assert read_form({"ascii": value}, "Irish", ["Irish"], 26).ascii is False
    assert read_form({"ascii": "1"}, "Irish", ["Irish"], 26).ascii is True


def test_kind_and_spelling_are_asked_for():
    form = NamesForm(label="Irish", kind="female", ascii=True)
    assert names_link(form, 7) == "?tab=generate&label=Irish&kind=female&ascii=1&seed=7"
    asked = form.request(nearest=False)
    assert (asked.kind, asked.ascii) == ("female", True)
    usual = NamesForm(label="Irish").request(nearest=False)
    assert (usual.kind, usual.ascii) == (None, False)


def test_a_link_to_an_answer_carries_the_kind():
    assert name_link("Ana", kind="female") == "?name=Ana&kind=female"
    assert query(name_link("Ana", "Czech", "A & B")) == {"name": "Ana", "other": "Czech", "kind": "A & B"}
