"""Full names: put together as their label does it, by its seed, new in every part, and repeated by their stamps."""

import dataclasses
import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn import model_folder
from charrnn.errors import ImpossibleConstraint, ModelFolderError, SettingsError, UnknownLabelError
from charrnn.generation import Constraints, FullRequest, Sampling, novelty
from charrnn.generation.novelty import spelling_key
from charrnn.inference import PRETRAINED, Generator, load
from tests.conftest import config, network

MODEL = load("names/generator")
WITH_FORMS = [label for label, forms in MODEL.name_forms.items() if forms.feminine]


def surnames(label, n=20, **asked):
    return [part.text for name in MODEL.full_names(label, n, **asked) for part in name.parts if part.kind == "surname"]


def test_women_and_men_bear_their_own_forms():
    assert all(name.endswith("á") for name in surnames("Czech", 60, gender="female"))
    assert not any(name.endswith("á") for name in surnames("Czech", 60, gender="male"))
    assert all(name.endswith("dóttir") for name in surnames("Icelandic", gender="female"))
    assert all(name.endswith("son") for name in surnames("Icelandic", gender="male"))
    assert not any(name.endswith("s") for name in surnames("Greek", gender="female"))
    assert not any(name.startswith(("Ó ", "Mac ")) for name in surnames("Irish", gender="female"))


@pytest.mark.parametrize("label", WITH_FORMS)
@pytest.mark.parametrize("gender", ["female", "male"])
def test_no_surname_has_a_form_of_the_other_gender(label, gender):
    forms = MODEL.name_forms[label]
    form = forms.surname_form(gender, MODEL.config.alphabet)
    assert not form.excluded or not any(re.fullmatch(form.excluded, name) for name in surnames(label, gender=gender))


@pytest.mark.parametrize(
    ("label", "kinds"),
    [
        ("Irish", ["given", "surname"]),
        ("Hungarian", ["surname", "given"]),
        ("Japanese", ["surname", "given"]),
        ("Spanish", ["given", "surname", "surname"]),
        ("Russian", ["given", "surname"]),
        ("Amharic", ["given", "surname"]),
    ],
)
def test_parts_stand_in_the_order_of_the_label(label, kinds):
    for name in MODEL.full_names(label, 3, seed=1):
        assert [part.kind for part in name.parts] == kinds
        assert name.name == " ".join(part.text for part in name.parts)


def test_a_larger_n_only_adds_names_and_another_seed_gives_others():
    asked = {"seed": 3, "novel": True}
    many = MODEL.full_names("Polish", 20, **asked)
    assert (
        MODEL.full_names("Polish", 5, **asked)
        == many[:5]
        == list(itertools.islice(MODEL.stream_full(FullRequest("Polish", 3), novel=True), 5))
    )
    assert MODEL.full_names("Polish", 20, seed=4, novel=True) != many


def test_genders_are_drawn_and_their_names_are_those_that_are_asked_for():
    mixed = MODEL.full_names("Polish", 40, seed=3)
    for gender in ("female", "male"):
        own = [name for name in mixed if name.gender == gender]
        assert 8 < len(own) < 32 and own == MODEL.full_names("Polish", len(own), seed=3, gender=gender)


def test_constraints_hold_for_their_parts():
    for gender in ("female", "male"):
        asked = {"constraints": Constraints("A", max_length=6), "surname": Constraints(pattern="[KM].*", min_length=7)}
        for name in MODEL.full_names("Czech", 10, gender=gender, **asked):
            first, last = (part.text for part in name.parts)
            assert re.fullmatch("A.{0,5}", first) and re.fullmatch("[KM].{6,}", last)
    for name in MODEL.full_names("Spanish", 10, surname=Constraints("Gar"), constraints=Constraints(ascii=True)):
        assert name.parts[1].text.startswith("Gar") and name.name.isascii()


def test_new_names_are_new_in_every_part_and_come_once():
    made = MODEL.full_names("Spanish", 60, seed=2, novel=True)
    known = {spelling_key(name) for name in MODEL.training_names}
    assert not any(spelling_key(part.text) in known for name in made for part in name.parts)
    assert len({name.name for name in made}) == 60
    listed = [part for name in MODEL.full_names("Spanish", 60, seed=2) for part in name.parts]
    assert any(spelling_key(part.text) in known for part in listed)


def test_where_new_names_are_rare_the_search_ends(monkeypatch):
    monkeypatch.setattr(novelty, "MOST_DRAWS", 300)
    asked = {"constraints": Constraints(pattern="Anna?"), "novel": True, "resample": 1}
    assert len(MODEL.full_names("Czech", 5, **asked)) < 5
    assert len(MODEL.full_names("Czech", 5, temperature=0, gender="male", novel=True)) < 5


requests = st.builds(
    FullRequest,
    label=st.sampled_from(["Czech", "Spanish", "Hungarian", {"Irish": 0.3, "Greek": 0.7}]),
    seed=st.integers(0, 2**128 - 1),
    sampling=st.builds(Sampling, st.sampled_from([0.5, 1]), st.sampled_from([0, 5])),
    given=st.builds(Constraints, prefix=st.sampled_from(["", "A"]), ascii=st.booleans(), any_case=st.booleans()),
    surname=st.builds(Constraints, contains=st.sampled_from(["", "a"]), max_length=st.none() | st.just(12)),
    resample=st.none() | st.integers(1, 4),
    gender=st.sampled_from(["any", "female", "male"]),
)


@settings(max_examples=10)
@given(requests)
def test_a_stamp_brings_a_full_name_again(request):
    for name in MODEL.stream_full(request, 2):
        assert MODEL.repeat(MODEL.stamp(request, name)) == name


def test_a_stamp_needs_no_forms_of_its_folder():
    """Those of the label may have been mended since."""
    request = FullRequest("Hungarian", 5)
    name = next(MODEL.stream_full(request))
    data = {key: value for key, value in MODEL.config.data.items() if key != "name_forms"}
    cfg, weights = model_folder.read(PRETRAINED / "names" / "generator")
    older = Generator(dataclasses.replace(cfg, data=data), weights)
    assert older.repeat(MODEL.stamp(request, name)) == name
    assert [part.kind for part in older.full_names("Hungarian")[0].parts] == ["given", "surname"]


def test_a_full_name_is_as_likely_as_its_parts_together():
    (name,) = MODEL.full_names("Irish", 1, seed=1, gender="male")
    parts = [part.text for part in name.parts]
    expected = MODEL.log_probabilities(parts, ["Irish"] * 2, ["male", "surname"]).sum()
    assert name.log_probability == pytest.approx(expected, abs=1e-4)


def small(**changes):
    """A generator of three labels with random weights."""
    cfg = config("generator", cell="gru", hidden=8, embedding=8, label_embedding=4)
    changes = {"kinds": ["female", "male", "surname"], "class_counts": [5, 3, 2, 0, 4, 2, 1, 1, 0]} | changes
    cfg = dataclasses.replace(cfg, **changes)
    return Generator(cfg, network(cfg)[1])


@pytest.mark.parametrize(
    ("changes", "asked", "message"),
    [
        ({"kinds": [], "class_counts": [1, 1, 1]}, {}, "kind full: .* this one knows of no kinds"),
        ({"kinds": ["female", "male"], "class_counts": [1] * 6}, {}, "this one has the kinds female, male of names"),
        ({"kinds": ["given", "surname"], "class_counts": [1] * 6}, {}, "this one has the kinds given, surname"),
        ({"kinds": ["male", "surname"], "class_counts": [1] * 6}, {"gender": "female"}, "learned no female names"),
        ({"kinds": ["male", "surname"], "class_counts": [0, 1] * 3}, {}, "learned no female names"),
        ({}, {"label": "B", "gender": "female"}, "label 'B': this model learned no female names"),
        ({}, {"label": {"A": 0.5, "C": 0.5}}, "label 'C': this model learned no surname names"),
        ({}, {"label": "*"}, "label \\*: order and forms"),
        ({}, {"gender": "other"}, "gender 'other': must be one of any, female, male"),
        ({}, {"surname": Constraints("é")}, "^surname: prefix 'é'"),
        ({}, {"constraints": Constraints("é")}, "^prefix 'é'"),
        ({}, {"novel": True}, "novel"),
        ({}, {"n": -1}, "n -1"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_line(changes, asked, message):
    with pytest.raises(SettingsError, match=message) as caught:
        small(**changes).full_names(**{"label": "A"} | asked)
    assert "\n" not in str(caught.value)


def test_an_unknown_label_and_a_form_that_no_surname_has_are_refused():
    with pytest.raises(UnknownLabelError):
        MODEL.full_names("Elvish")
    with pytest.raises(ImpossibleConstraint, match=r"^surname: the form of the gender, together with"):
        MODEL.full_names("Icelandic", gender="female", surname=Constraints(suffix="son"))


def test_a_model_of_one_gender_makes_its_names():
    one = small(kinds=["male", "surname"], class_counts=[1] * 6)
    assert {name.gender for gender in ("male", "any") for name in one.full_names("A", 5, gender=gender)} == {"male"}


def test_a_constraint_that_one_gender_can_meet_draws_its_names():
    names = list(MODEL.full_names("Czech", 5, surname=Constraints(suffix="ová")))
    assert len(names) == 5 and {name.gender for name in names} == {"female"}


RECORD = {"order": "given surname", "feminine": ["-a"], "masculine": [], "neutral": True}


@pytest.mark.parametrize(
    "broken", [[], 3, None, {"A": []}, {"A": RECORD | {"order": "x"}}, {"A": RECORD | {"feminine": ["a"]}}]
)
def test_malformed_forms_are_refused_on_loading(broken):
    assert small(data={"name_forms": {"A": RECORD}}).name_forms["A"].feminine == ("-a",)
    with pytest.raises(ModelFolderError, match="name_forms") as caught:
        small(data={"name_forms": broken})
    assert "\n" not in str(caught.value)


def test_east_asian_scripts_write_no_space():
    cfg = config("generator", cell="gru", hidden=8, embedding=8, label_embedding=4)
    data = {"name_forms": {"A": RECORD | {"order": "surname given", "feminine": []}}}
    kinds = {"kinds": ["female", "male", "surname"], "class_counts": [1] * 9}
    cfg = dataclasses.replace(cfg, alphabet="王小明金さ", data=data, pipeline="native", **kinds)
    model = Generator(cfg, network(cfg)[1])
    assert all(name.name == "".join(part.text for part in name.parts) for name in model.full_names("A", 5))


def test_what_the_shipped_model_knows_is_what_the_labels_say():
    from charrnn.corpus.label_facts import label_facts

    for label, own in label_facts().items():
        forms = MODEL.name_forms[label]
        assert dataclasses.replace(own.name_forms, neutral=forms.neutral) == forms
    assert {"Icelandic", "Greek"} <= {label for label, forms in MODEL.name_forms.items() if not forms.neutral}
    assert MODEL.name_forms["Irish"].neutral
