import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.inference.reading import NameReader
from charrnn.text import MAX_LENGTH, PIPELINES, fold_latin, rejection_reason

LATIN = "abcdefghijklmnopqrstuvwxyz '-"
CYRILLIC = LATIN + "иван"
NAMES = st.text("abÉñß'- 9ИваΠα王佐藤김さאबि\u0301ʼＡ") | st.text(max_size=120)


def read(name, alphabet, pipeline="folded"):
    """What a model reads, or why it cannot."""
    (text,), (reason,) = NameReader(pipeline, alphabet).read([name])
    assert (text is None) == (reason is not None)
    return text if reason is None else reason


@pytest.mark.parametrize(
    ("name", "alphabet", "expected"),
    [
        ("Dvořák", LATIN, "dvorak"),
        ("O’Neil", LATIN, "o'neil"),
        ("Иван", CYRILLIC, "иван"),
        ("ИВАНОВ", CYRILLIC, "иванов"),  # one letter is in the alphabet
        ("Щукин", LATIN + "г", "shchukin"),  # none is
        ("박", LATIN + "김", "park"),
        ("Иванов", LATIN, "ivanov"),
        ("佐藤", CYRILLIC, "sato"),
        ("佐藤 Иван", CYRILLIC, "sato иван"),
        ("Иван-Παπαδόπουλος", CYRILLIC, "иван-papadopoulos"),
        ("佐藤", LATIN + "佐", "佐藤"),
        ("김", LATIN, "kim"),
        ("김", LATIN + "김", "김"),
        ("Ivan 王明", LATIN, "ivan 王明"),  # unknown characters beside known ones
        ("王明", LATIN, "unsupported-script"),
        ("מחמד", CYRILLIC, "unsupported-script"),
        ("מחמד", LATIN + "א", "מחמד"),
        ("प्रिया", LATIN, "unsupported-script"),
        ("प्रिया", LATIN + "प", "प्रिया"),
        ("Щ" * 30, LATIN, "too-long"),
        ("И" * 30, CYRILLIC, "и" * 30),
    ],
)
def test_scripts_of_the_alphabet_stay_and_others_are_romanised(name, alphabet, expected):
    assert read(name, alphabet) == expected


@given(st.lists(NAMES | st.none() | st.integers() | st.floats(), max_size=8), st.sampled_from(sorted(PIPELINES)))
def test_all_at_once_is_one_after_the_other(names, pipeline):
    texts, reasons = NameReader(pipeline, CYRILLIC).read(names)
    assert len(texts) == len(reasons) == len(names)
    for name, text, reason in zip(names, texts, reasons, strict=True):
        assert read(name, CYRILLIC, pipeline) == (text if reason is None else reason)


@given(NAMES, st.sampled_from(sorted({*PIPELINES} - {"folded"})))
def test_other_pipelines_read_every_name_alike(name, pipeline):
    reason = rejection_reason(name, pipeline)
    assert read(name, LATIN, pipeline) == (PIPELINES[pipeline](name) if reason is None else reason)


@given(NAMES)
def test_a_model_of_all_scripts_reads_names_folded(name):
    reason = rejection_reason(name, "folded")
    expected = fold_latin(name) if reason is None else reason
    assert read(name, "".join(sorted({*LATIN, *fold_latin(name)}))) == expected


@given(NAMES, st.sampled_from([LATIN, CYRILLIC]))
def test_what_was_read_is_no_longer_than_a_name_may_be(name, alphabet):
    (text,), (reason,) = NameReader("folded", alphabet).read([name])
    assert reason is not None or (text is not None and len(text) <= MAX_LENGTH)
    refused = rejection_reason(name, "folded")
    assert refused is None or reason == refused


@given(st.text(LATIN.upper() + LATIN, min_size=1).filter(lambda name: any(c.isalpha() for c in name)))
def test_what_was_read_reads_as_itself(name):
    once = read(name, CYRILLIC)
    assert read(once, CYRILLIC) == once


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (None, "missing-name"),
        (float("nan"), "missing-name"),
        (" ", "missing-name"),
        (7, "not-text"),
        ("42", "no-letters"),
        ("a" * 101, "too-long"),
        ("a" * 100, None),
    ],
)
def test_what_is_no_name_has_a_reason(name, reason):
    for pipeline in ("folded", "ascii-folded", "latin"):
        assert NameReader(pipeline, LATIN).read([name, "Li"])[1] == [reason, None]
