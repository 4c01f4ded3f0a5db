import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.text import fold_latin, is_no_name

PLACEHOLDERS = ["N/A", "n.a.", "not available", "(unknown)", "TBA", "T.B.D.", "No Name", "xxx", "-- none --", "<test>"]
ADDRESSES = [
    *("ann@example.org", "https://example.org/x", "www.example.org", "example.co.uk", "report.pdf"),
    *("12 Main Street", "007", "{first_name}", "<b>x</b>", "=SUM(A:A)", "50 %", "C:\\temp"),
]
COMPANIES = [
    *("Acme Ltd", "Acme, Inc.", "Foo Bar GmbH", "Müller & Söhne", "Smith and Sons", "Rossi S.p.A.", "Foo Bar A/S"),
    *("株式会社日立製作所", "ООО Ромашка", "深圳某某有限公司"),
    *("Foo Trading Co.", "University of Oslo", "Bank of Foo", "Foo Technologies", "Société Foo SARL", "Foo, L.L.C."),
]
TWO = [
    "Anna oder Eva Braun",
    "Иван и Мария Петровы",
    "John and Mary Smith",
    "Gates, Bill & Melinda",
    "John Smith; Mary Jones",
    "Hans und Grete Braun",
]
NAMES = [
    *("Sá", "Co", "Maria Co", "Null", "Na", "Ng", "Ag", "De Sa", "Sas Kovács", "Limited", "Hotel"),
    *("S. K. Ramaswamy", "Ramaswamy S.K.", "Ramaswamy S. K.", "J.R.R. Tolkien", "Kim Jong-un", "O'Brien"),
    *("Kumar, S.A.", "Rao N.V.", "Reddy, K.K.", "Byatt, A.S.", "P.T. Usha", "Pt Ravi Shankar", "Peter Ag"),
    *("J.de Vries", "W.F.de Klerk", "J.Fr. Gauss", "Joan Miró i Company", "Josep i Company", "Jaume Company"),
    *("Jean-Pierre Bureau", "Aaron Bank", "Mary Ann Holding", "Anna Pizza", "Ann Church", "Robert Downey Jr."),
    *(
        "David Or Cohen",
        "Martin Luther King, Jr.",
        "Ortega y Gasset",
        "Ludwig van Beethoven",
        "Dvořák",
        "佐藤",
        "Иванов",
        "Nguyễn Văn A",
    ),
]


def spellings(text):
    return [text, text.upper(), text.lower(), f" {text} "]


@pytest.mark.parametrize("text", [*PLACEHOLDERS, *ADDRESSES, *COMPANIES, *TWO])
def test_placeholders_addresses_and_organisations_are_no_names(text):
    assert all(is_no_name(fold_latin(spelling)) for spelling in spellings(text))


@pytest.mark.parametrize("name", NAMES)
def test_names_of_persons_are_names(name):
    assert not any(is_no_name(fold_latin(spelling)) for spelling in spellings(name))


ALONE = ["foo", "bar", "no", "name", "ltd", "and", "und", "bank", "of", "co", "e", "ag", "solutions", "sons", "limited"]


@given(st.lists(st.sampled_from(ALONE), min_size=2, max_size=4))
def test_words_alone_are_judged_as_words_beside_a_sign_that_says_nothing(words):
    text = " ".join(words)
    assert is_no_name(text) == is_no_name(f"{text}'")


@given(st.text())
def test_of_every_text_there_is_an_answer(text):
    assert is_no_name(fold_latin(text)) in (True, False)


@given(st.text(string.ascii_lowercase, min_size=1), st.sampled_from("0123456789@<>{}=$%\\"))
def test_a_digit_or_a_sign_of_no_name_decides(text, sign):
    assert is_no_name(text + sign) and is_no_name(sign + text)
