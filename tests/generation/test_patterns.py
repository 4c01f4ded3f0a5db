import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import SettingsError
from charrnn.generation.automaton import MAX_STATES, NEVER
from charrnn.generation.patterns import compile_patterns

ALPHABET = "abcABCé '-"
ATOMS = st.sampled_from(
    ["a", "b", "c", "A", "é", ".", "[ab]", "[^a]", "[a-c]", r"\w", r"\s", r"\-", "(?i:a)", "'", r"\S"]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}?", "{2,}", "*?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=6,
)
STRINGS = st.lists(st.text(ALPHABET, max_size=6), min_size=20, max_size=20)


def matches(automaton, text):
    state = 0
    for c in text:
        state = automaton.next_state[state, ALPHABET.index(c)]
        if state < 0:
            return False
    return bool(automaton.accepts[state])


@given(PATTERNS, STRINGS)
def test_it_matches_what_re_matches(pattern, strings):
    automaton = compile_patterns([pattern], ALPHABET)
    for text in strings:
        assert matches(automaton, text) == bool(re.fullmatch(pattern, text)), (pattern, text)


@given(PATTERNS, PATTERNS, STRINGS)
def test_several_patterns_must_all_match(first, second, strings):
    automaton = compile_patterns([first, second], ALPHABET)
    for text in strings:
        assert matches(automaton, text) == bool(re.fullmatch(first, text) and re.fullmatch(second, text))


@given(PATTERNS, STRINGS)
def test_the_complement_accepts_all_else(pattern, strings):
    complement = compile_patterns([pattern], ALPHABET).complement()
    for text in strings:
        assert matches(complement, text) != bool(re.fullmatch(pattern, text))


@given(PATTERNS, st.integers(0, 1000))
def test_walking_towards_the_end_gets_there(pattern, seed):
    automaton = compile_patterns([pattern], ALPHABET)
    rng, state, text = random.Random(seed), 0, ""
    while automaton.needed[state]:
        assert automaton.needed[state] < NEVER
        closer = [
            i
            for i, to in enumerate(automaton.next_state[state].tolist())
            if to >= 0 and automaton.needed[to] == automaton.needed[state] - 1
        ]
        choice = rng.choice(closer)
        text, state = text + ALPHABET[choice], automaton.next_state[state, choice]
    assert re.fullmatch(pattern, text)


def test_what_cannot_match_never_ends():
    assert compile_patterns(["x"], ALPHABET).needed[0] == NEVER
    assert compile_patterns(["a", "b"], ALPHABET).needed[0] == NEVER
    assert compile_patterns(["a{2,}", ".{0,3}"], ALPHABET).needed[0] == 2


@pytest.mark.parametrize("pattern", ["^ab$", r"\Aab\Z", "ab"])
def test_the_whole_string_is_matched(pattern):
    automaton = compile_patterns([pattern], ALPHABET)
    assert matches(automaton, "ab") and not matches(automaton, "abc") and not matches(automaton, "cab")


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(a*)*(a*)*b", "(.*a){12}", "((a?){30}a{30})"])
def test_what_is_catastrophic_elsewhere_is_compiled(pattern):
    automaton = compile_patterns([pattern], ALPHABET)
    assert not matches(automaton, "a" * 40 + "c")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "missing"),
        ("[b-a]", "bad character range"),
        ("a{99999999999999999999}", "large"),
        ("(?=a)b", "assert"),
        (r"(a)\1", "groupref"),
        (r"\bab", "at"),
        ("a$b", "at"),
        ("((a{200}){200}){200}", "states"),
        ("(a|b)*a(a|b){16}", "states"),
        ("(" * 5000 + "a" + ")" * 5000, "pattern"),
    ],
)
def test_what_is_no_pattern_or_too_much_is_refused(pattern, message):
    with pytest.raises(SettingsError, match=message) as caught:
        compile_patterns([pattern], ALPHABET)
    assert "\n" not in str(caught.value)


def test_the_number_of_states_is_bounded():
    assert len(compile_patterns([".*a.{10}"], ALPHABET).next_state) <= MAX_STATES
