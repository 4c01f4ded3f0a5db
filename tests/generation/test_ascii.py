"""Names in ASCII of models that write marks."""

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import ImpossibleConstraint
from charrnn.generation.constraints import Constraints
from charrnn.generation.patterns import compile_patterns
from charrnn.generation.request import Request, usual_resample
from charrnn.inference import load
from charrnn.inference.generator import Generator
from charrnn.text import EOS, to_ascii
from tests.conftest import config, network

SHIPPED = load("names/generator")
ALPHABET = " 'ADadenorvzáéřžßæ"


@pytest.fixture(scope="module")
def model():
    """A generator of short names with marks; ß and æ are two letters in ASCII."""
    cfg = config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4)
    cfg = dataclasses.replace(cfg, alphabet=ALPHABET, pipeline="latin", max_length=12, weights_sha256="a" * 64)
    weights = network(cfg)[1]
    weights["head.bias"][EOS] += 2
    return Generator(cfg, weights)


def test_names_are_the_ascii_form_of_those_that_are_drawn_without_it(model):
    drawn, written = (model.sample("A", 400, seed=1, ascii=flag) for flag in (False, True))
    one_for_one = [i for i, name in enumerate(drawn) if len(to_ascii(name)) == len(name)]
    assert len(one_for_one) < 400 and any(not drawn[i].isascii() for i in one_for_one)
    fitting = [i for i, name in enumerate(drawn) if len(to_ascii(name)) < 8]
    assert len(fitting) > 100 and [written[i] for i in fitting] == [to_ascii(drawn[i]) for i in fitting]
    assert all(name.isascii() and 1 <= len(name) <= 12 for name in written)


@pytest.mark.parametrize("label", ["Czech", "Vietnamese", "Turkish", "Icelandic"])
def test_shipped_names_are_the_ascii_form_of_those_that_are_drawn_without_it(label):
    drawn, written = (SHIPPED.sample(label, 300, seed=2, ascii=flag) for flag in (False, True))
    pairs = [(to_ascii(a), b) for a, b in zip(drawn, written, strict=True) if len(to_ascii(a)) < 20]
    assert len(pairs) > 250 and all(a == b for a, b in pairs) and not all(map(str.isascii, drawn))


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ({"prefix": "Ář"}, {"prefix": "Ar"}),
        ({"suffix": "ß"}, {"suffix": "ss"}),
        ({"contains": "ž"}, {"contains": "z"}),
        ({"characters": "ářže"}, {"characters": "arze"}),
        ({"prefix": "Dæ", "suffix": "é"}, {"prefix": "Dae", "suffix": "e"}),
        ({"pattern": "Á[řž]+.*"}, {"pattern": "A[rz]+.*"}),
    ],
)
def test_constraints_count_in_their_ascii_form(model, marked, plain):
    names = model.sample("B", 100, seed=3, ascii=True, **marked)
    assert len(names) == 100 and names == model.sample("B", 100, seed=3, ascii=True, **plain)
    for key, test in (("prefix", str.startswith), ("suffix", str.endswith), ("contains", str.__contains__)):
        assert all(test(name, plain.get(key, "")) for name in names)
    assert all(set(name) <= set(plain.get("characters", name)) for name in names)


@given(
    st.sampled_from(["", "D", "á", "Dae"]),
    st.sampled_from(["", "e", "ß", "ss", "ř"]),
    st.sampled_from(["", "[A-Za-z]*", "(?i)d.*", ".*ae.*", "(..)+"]),
    st.integers(1, 6),
    st.integers(4, 9),
)
def test_every_name_in_ascii_meets_its_constraints(prefix, suffix, pattern, least, most):
    cfg = dataclasses.replace(
        config("generator", cell="rnn", hidden=4, embedding=3, label_embedding=2), alphabet=ALPHABET, pipeline="latin"
    )
    constraints = Constraints(prefix, suffix, "", pattern, "", least, most, ascii=True)
    try:
        names = Generator(cfg, network(cfg)[1]).sample("A", 30, constraints=constraints, resample=1)
    except ImpossibleConstraint as error:
        assert "\n" not in str(error)
        return
    assert len(names) == 30
    for name in names:
        assert name.isascii() and name.startswith(to_ascii(prefix)) and name.endswith(to_ascii(suffix))
        assert not pattern or re.fullmatch(pattern, name)
        assert least <= len(name) <= most and name == " ".join(name.split())


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"prefix": "#"}, "prefix '#': this model does not know '#'"),
        ({"prefix": "x"}, "prefix 'x': this model does not know 'x'"),
        ({"suffix": "ß", "max_length": 1}, "suffix 'ss': .* takes 2 characters"),
        ({"pattern": "s"}, "ascii, together with the other constraints: no name"),
        ({"prefix": "A", "pattern": "D.*"}, "prefix 'A', pattern 'D.*', together: no name"),
    ],
)
def test_what_is_impossible_in_ascii_says_so_in_a_line(model, parts, message):
    with pytest.raises(ImpossibleConstraint, match=message) as caught:
        model.sample("A", 1, ascii=True, **parts)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("constraints", [Constraints(ascii=True), Constraints("D", "é", max_length=9, ascii=True)])
def test_a_stamp_brings_a_name_in_ascii_again(model, constraints):
    request = Request("A", 5, constraints=constraints)
    made = list(model.stream(request, 30))
    assert [model.repeat(model.stamp(request, one)) for one in made] == made and all(one.name.isascii() for one in made)
    plain = dataclasses.replace(request, constraints=dataclasses.replace(constraints, ascii=False))
    assert model.stamp(request, made[0]) != model.stamp(plain, made[0])


def test_ascii_alone_starts_no_resampling():
    assert usual_resample(Constraints(ascii=True)) == 1 < usual_resample(Constraints(prefix="A", ascii=True))


LETTERS = "aesz"
STRINGS = st.lists(st.text("aßæžx", max_size=5), min_size=10, max_size=10)


@given(st.sampled_from(["a*", ".*ss.*", "(ae|z)+", "s", "..", "e.*", ""]), STRINGS)
def test_a_rewritten_automaton_accepts_what_the_first_one_accepts_of_the_replaced_text(pattern, strings):
    texts = {"a": "a", "ß": "ss", "æ": "ae", "ž": "z", "x": ""}
    automaton = compile_patterns([pattern], LETTERS).rewritten(list(texts.values()), LETTERS)
    for string in strings:
        state = 0
        for character in string:
            state = automaton.next_state[state, [*texts].index(character)] if state >= 0 else -1
        replaced = "".join(texts[character] for character in string)
        assert (state >= 0 and bool(automaton.accepts[state])) == bool(re.fullmatch(pattern, replaced))


@pytest.mark.parametrize("part", ["prefix", "suffix", "contains", "characters"])
def test_a_constraint_without_an_ascii_form_is_refused(model, part):
    with pytest.raises(ImpossibleConstraint, match=f"{part} '\N{SNOWMAN}': has no ASCII form"):
        model.sample("A", 5, ascii=True, **{part: "\N{SNOWMAN}"})
