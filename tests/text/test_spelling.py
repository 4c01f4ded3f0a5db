import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.generation.patterns import compile_patterns
from charrnn.text import Spelling, has_vowels, spelling_patterns
from charrnn.text.spelling import evidence

CAPITALS = [f"{start}{end}" for start in "BCDFGKLMNPRST" for end in ("ari", "olen", "una", "est")]
MANY = [f"{name}{end}" for name in CAPITALS for end in ("", "s", "t", "ra", "no", "lin", "ke")]
SCOTTISH = [*CAPITALS, "MacLeod", "MacBain", "MacRae", "LambotB"]
DUTCH = [*CAPITALS, *(f"van {name}" for name in CAPITALS), *(f"van den {name}" for name in CAPITALS[:3])]
DUTCH += ["te Water", "van der Meer"]


def matches(names, name):
    """Whether a name keeps the rules of other names."""
    spelling = Spelling.of(names)
    (words, _), (symbols,) = spelling_patterns([spelling], "".join(sorted({*name, *"".join(names)})))
    return all(re.fullmatch(pattern, name) for pattern in (words, symbols))


@pytest.mark.parametrize(
    ("names", "kept", "broken"),
    [
        (CAPITALS, ["Mun", "M", "Éva"], ["mun", "MuN", "Mun5", "Mu-Nu", "-Mun", "Mun ", "MacLeod"]),
        (SCOTTISH, ["MacTor", "Mac", "Tor"], ["LambotC", "TorMac", "MacTorTor", "Mactor-Tor", "macTor"]),
        (
            DUTCH,
            ["van Tor", "van den Tor", "van Tor Tor"],
            ["van", "te Tor", "van der Tor", "den Tor", "van den", "Tor den"],
        ),
        ([name.lower() for name in CAPITALS], ["mun"], ["Mun", "muN", "mun mun"]),
        ([name.upper() for name in CAPITALS], ["MUN"], ["Mun", "mun"]),
        ([*CAPITALS, *map(str.lower, CAPITALS)], ["mun", "Mun"], ["muN", "MUN"]),
        (["عمر", "خالد", "محمد"], ["عم"], ["عم5"]),
        ([*CAPITALS, "O'Neill", "O'Brien", "O'Hara"], ["O'Tor", "Tor"], ["A'Tor", "O'", "'Tor", "O'tor'"]),
        ([*CAPITALS, "K9", "K8", "K7", "Tor1", "Tor2"], ["K", "Tor"], ["K9", "9Tor", "To9r"]),
        ([*CAPITALS, "Tor2", "Tar2", "Ter2"], ["Tur2"], ["2Tor", "To2r", "Tor3"]),
        ([*CAPITALS, "Ou-yang", "Si-ma", "Shang-guan"], ["Mu-rong", "Mu"], ["mu-rong", "Mu-Rong", "Mu-roNg", "Mu-"]),
        (["Ari", "Bo", "cy"], ["Ar", "cor"], ["cAr"]),
        # Of a short list, one name shows enough.
        (["Jean-Luc", "de Vries"], ["Jean-Luc", "de Vries", "de Luc"], ["Jean-luc", "de vries", "JeanLuc"]),
        # Names in capitals show no beginnings.
        ([*MANY, "ROSSI", "RUSSO", "RICCI"], ["Rossi"], ["RBari", "RUari", "ROSSI"]),
        ([*CAPITALS, *(f"Jan {name}" for name in CAPITALS)], ["Jan Tor"], ["Jan tor", "Jan 'tor"]),
    ],
)
def test_what_names_show_is_kept(names, kept, broken):
    assert [name for name in kept if not matches(names, name)] == []
    assert [name for name in broken if matches(names, name)] == []


WORDS = st.lists(st.text("aAbBéÉ'1", min_size=1, max_size=4), min_size=1, max_size=3).map(" ".join)


GOOD = Spelling.of(SCOTTISH).as_record()


@given(st.lists(WORDS, min_size=1, max_size=60))
def test_hardly_any_of_the_names_breaks_the_case_of_first_words(names):
    spelling, distinct = Spelling.of(names), set(names)
    pattern = "|".join(spelling.first.patterns(sorted(set("".join(names)))))
    broken = sum(not re.fullmatch(pattern, name.split()[0]) for name in distinct)
    assert broken <= max(0.01 * len(distinct), evidence(len(distinct)) - 1)


@given(st.lists(WORDS, min_size=1, max_size=30), WORDS)
def test_the_automaton_reads_the_rules_as_python_does(names, name):
    alphabet = "".join(sorted(set("".join([*names, name, " -"]))))
    patterns = [
        pattern for own in spelling_patterns([Spelling.of(names), Spelling.of([name])], alphabet) for pattern in own
    ]
    automaton = compile_patterns(patterns, alphabet)
    for text in (*names, name, name.lower(), name.upper(), f"{name}-{name}"):
        if set(text) <= set(alphabet):
            state = 0
            for character in text:
                state = automaton.next_state[state, alphabet.index(character)] if state >= 0 else -1
            accepted = state >= 0 and bool(automaton.accepts[state])
            assert accepted == all(re.fullmatch(pattern, text) is not None for pattern in patterns)


@given(st.lists(WORDS, min_size=1, max_size=30), st.booleans())
def test_rules_pass_through_json(names, is_private):
    spelling = Spelling.of(names, is_private)
    assert Spelling.read(json.loads(json.dumps(spelling.as_record()))) == spelling
    assert json.loads(json.dumps(spelling.as_record())) == spelling.as_record()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Nguyễn", True),
        ("Ng", False),
        ("Thị Ng", False),
        ("Ng-Thị", False),
        ("Lynn", True),
        ("Ærø", True),
        ("", True),
        ("van 't Hoff", True),
    ],
)
def test_each_word_has_a_vowel_or_the_name_has_none(name, expected):
    assert has_vowels(name) == expected


def test_words_have_vowels_where_hardly_any_name_lacks_one():
    names = [f"{a}{b}{c}" for a in "BCDF" for b in "aeiou" for c in "lmnrs"]
    assert Spelling.of(names).vowels and Spelling.of([*names, "Krk"]).vowels
    assert not Spelling.of([*names, "Krk", "Brd"]).vowels and not Spelling.of(["Ana", "Krk"]).vowels
    older = {key: value for key, value in GOOD.items() if key != "vowels"}
    assert not Spelling.read(older).vowels


def test_private_rules_hold_no_part_of_a_name():
    for names, case in ((SCOTTISH, "any"), (DUTCH, "one-capital")):
        first, later = (getattr(Spelling.of(names, is_private=True), which) for which in ("first", "later"))
        assert not any((*first.beginnings, *first.lower, *later.beginnings, *later.lower))
        assert first.case == case and Spelling.of(names).first.case == "capital"


@pytest.mark.parametrize(
    "bad",
    [
        {},
        [],
        None,
        GOOD | {"first": None},
        GOOD | {"first": GOOD["first"] | {"case": "wild"}},
        GOOD | {"first": GOOD["first"] | {"case": []}},
        GOOD | {"later": GOOD["later"] | {"beginnings": [5]}},
        GOOD | {"later": GOOD["later"] | {"lower": None}},
        GOOD | {"inside": 7},
        GOOD | {"vowels": 1},
        {key: value for key, value in GOOD.items() if key != "end"},
    ],
)
def test_what_are_no_rules_is_refused(bad):
    with pytest.raises(ValueError, match="spelling"):
        Spelling.read(bad)
