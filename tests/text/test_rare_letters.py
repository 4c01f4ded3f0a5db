import pytest

from charrnn.inference.reading import NameReader
from charrnn.text import UNKNOWN, Vocabulary, rare_letter, symbol_script, unicode_script
from charrnn.text.rare_letters import RARE_LETTERS
from charrnn.text.vocabulary import MANY

HAN, HANGUL, ETHIOPIC = RARE_LETTERS
MIXED = ["丛a", "김", "አ", "ж", "é", "", "丛丛김z", "🙂"]


@pytest.mark.parametrize(("letter", "symbol"), [("丛", HAN), ("𠀋", HAN), ("김", HANGUL), ("አ", ETHIOPIC)])
def test_a_letter_of_a_large_script_has_the_symbol_of_its_script(letter, symbol):
    assert rare_letter(letter) == symbol
    assert symbol_script(symbol) == unicode_script(letter) == symbol_script(letter)


@pytest.mark.parametrize("letter", [*"aжσあカ", "。", " ", HAN])
def test_other_characters_have_none(letter):
    assert rare_letter(letter) == ""


def test_letters_that_stand_once_in_a_long_list_train_the_symbol_of_their_script():
    texts = ["anna"] * MANY + ["丛anna", "王anna", "王", "ж"]
    known = Vocabulary.build(texts, with_rare=True)
    assert known.alphabet == "an王" + HAN
    assert Vocabulary.build(texts).alphabet == "an王"
    assert Vocabulary.build(["丛", "ж"], with_rare=True).alphabet == "ж丛"


@pytest.mark.parametrize("symbols", ["", HAN, HAN + HANGUL + ETHIOPIC])
def test_rare_letters_are_read_as_their_symbol_if_the_alphabet_has_it(symbols):
    vocabulary = Vocabulary("az丛" + symbols)
    one_by_one = [vocabulary.encode(text) for text in MIXED]
    chars, lengths = vocabulary.encode_batch(MIXED)
    assert [row[:n].tolist() for row, n in zip(chars, lengths, strict=True)] == one_by_one
    assert one_by_one[0] == vocabulary.encode("丛") + vocabulary.encode("a")
    assert vocabulary.encode("王") == (vocabulary.encode(HAN) if symbols else [UNKNOWN])
    assert vocabulary.encode("🙂ж") == [UNKNOWN, UNKNOWN]


def test_a_name_of_rare_letters_is_not_romanised():
    assert NameReader("folded", "abc" + HANGUL).read(["김"]) == (["김"], [None])
    assert NameReader("folded", "abckim").read(["김"]) == (["kim"], [None])
