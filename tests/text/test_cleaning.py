import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn import text
from charrnn.errors import SettingsError
from charrnn.text import (
    SPECIALS,
    UNKNOWN,
    Compose,
    Vocabulary,
    clean,
    fold,
    fold_latin,
    read_name,
    rejection_reason,
    to_ascii,
)
from charrnn.text.vocabulary import MANY


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [
        ("Dvořák", "Dvorak"),
        ("Groß", "Gross"),
        ("Łukasz", "Lukasz"),
        ("Nguyễn", "Nguyen"),
        ("O’Brien", "O'Brien"),
        ("Əliyev", "Aliyev"),
        ("Məmmədov", "Mammadov"),
        ("Kaʻiulani", "Ka'iulani"),
    ],
)
def test_to_ascii_keeps_letters_that_deleting_marks_would_lose(name, ascii_name):
    assert to_ascii(name) == ascii_name


@given(st.text())
def test_fold_is_ascii_and_idempotent(name):
    assert fold(name).isascii()
    assert fold(fold(name)) == fold(name)


@given(st.text(alphabet=st.characters(min_codepoint=0x41, max_codepoint=0x17F, categories=["L"])))
def test_fold_ignores_case_and_composition(name):
    assert fold(unicodedata.normalize("NFD", name)) == fold(name)
    assert fold("NOWAK") == fold("nowak") == fold("Nowak")


@given(st.text())
def test_fold_latin_is_idempotent(name):
    assert fold_latin(fold_latin(name)) == fold_latin(name)


@given(st.text(alphabet=st.characters(max_codepoint=0x24F, exclude_characters="µ")))
def test_fold_latin_is_fold_where_all_letters_are_latin(name):
    assert fold_latin(name) == fold(name)


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Dvořák", "dvorak"),
        ("Ｓａto", "sato"),
        ("СААКАШВІЛІ", "саакашвілі"),
        ("प्रिया", "प्रिया"),
        ("ก้อง", "ก้อง"),
        ("Иван O\u2019Neíl", "иван o'neil"),
        ("Neíl-Андрій", "neil-андрій"),
    ],
)
def test_fold_latin_keeps_the_letters_of_other_scripts(name, folded):
    assert fold_latin(name) == folded


WORDS = [
    "Dvořák",
    "ＳＡＴＯ",
    "佐藤",
    "Иван",
    "प्रिया",
    "O\u2019Neíl",
    "ﬁn",
    "Ǆordje",
    "İz",
    "ẞ",
    "Əli",
    "n\u0303a",
    "Иванᴣ",
    "Ꞌя",
]


def test_signs_of_latin_names_are_folded_before_other_scripts():
    assert fold_latin("ʻАли") == "'али" and fold_latin("ǃХун") == "!хун"


@given(st.lists(st.sampled_from(WORDS), min_size=1), st.sampled_from([" ", "\u3000", "\u00a0", " \t"]))
def test_fold_latin_folds_every_word_alike_in_all_company(words, space):
    assert fold_latin(space.join(words)) == " ".join(map(fold_latin, words))


def test_compose_applies_in_order():
    assert Compose(str.strip, to_ascii, len)(" Dvořák ") == 6


def test_clean_collapses_spaces():
    assert clean("\u00a0de  la\tCruz ") == "de la Cruz"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (None, "missing-name"),
        ("", "missing-name"),
        (" \t", "missing-name"),
        ("123", "no-letters"),
        ("???", "no-letters"),
        ("x" * 101, "too-long"),
        ("x" * 100, None),
        ("Ng", None),
        ("王", None),
    ],
)
def test_abstention_gives_the_reason(name, reason):
    assert rejection_reason(name) == reason


@pytest.mark.parametrize("pipeline", text.PIPELINES)
@given(st.text() | st.sampled_from([None, 5, float("nan"), "x" * 101, "щ" * 60, "王", "عمر", "\ud800"]))
def test_a_name_is_read_or_there_is_the_reason(pipeline, name):
    read, reason = read_name(name, pipeline)
    assert reason == rejection_reason(name, pipeline) and (read is None) == (reason is not None)
    assert read is None or read == text.PIPELINES[pipeline](name)


@given(st.text(alphabet="abcxyz"))
def test_vocabulary_decodes_what_it_encodes(name):
    vocabulary = Vocabulary("abcxyz")
    assert vocabulary.decode(vocabulary.encode(name)) == name


def test_vocabulary_maps_strangers_to_unknown_and_leaves_specials_free():
    vocabulary = Vocabulary("ab")
    assert vocabulary.encode("aZb") == [SPECIALS, UNKNOWN, SPECIALS + 1]
    assert len(vocabulary) == SPECIALS + 2
    assert {text.PAD, text.UNKNOWN, text.BOS, text.EOS} == set(range(SPECIALS))


def test_vocabulary_builds_sorted_without_rare_characters():
    assert Vocabulary.build(["ba", "ab", "q"]).alphabet == "abq"
    assert Vocabulary.build(["ba", "ab", "q"] + ["a"] * MANY).alphabet == "ab"


def test_vocabulary_refuses_a_character_twice():
    with pytest.raises(SettingsError, match="twice"):
        Vocabulary("aa")


@given(st.text())
def test_native_keeps_what_it_reads_and_is_idempotent(name):
    for pipeline in ("native", "native-folded"):
        read = text.PIPELINES[pipeline]
        assert read(read(name)) == read(name)
        assert unicodedata.is_normalized("NFC", read(name))


def test_native_keeps_diacritics_and_scripts():
    native, folded = text.PIPELINES["native"], text.PIPELINES["native-folded"]
    for name in ("Dvořáková", "Müller", "Ó Briain", "Weiß", "Иванов"):
        assert native(unicodedata.normalize("NFD", name)) == name
        assert folded(name.upper() if "ß" not in name else name) == name.lower()


@pytest.mark.parametrize(
    ("name", "reason"), [("عمر", None), ("王明", None), ("12", "no-letters"), ("", "missing-name")]
)
def test_native_reads_every_script(name, reason):
    assert rejection_reason(name, "native") == reason
