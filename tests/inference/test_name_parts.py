from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.inference.name_parts import Units, _is_plain, are_of_several_scripts, units_of, unspaced_prefixes

SURNAMES = {"王", "司马", "남궁", "김", "田中"}
NAMES = {"johnson", "Morrison", "Na", "Pacino"}


def units(text):
    return units_of(text, SURNAMES.__contains__, NAMES.__contains__)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Satoshi Nakamoto", Units(("Satoshi", "Nakamoto"))),
        ("Nakamoto, Satoshi", Units(("Nakamoto", "Satoshi"), 1)),
        ("Dr. med. Max Berg", Units(("Max", "Berg"))),
        ("Madame Marie Curie", Units(("Marie", "Curie"))),
        ("King, Stephen", Units(("King", "Stephen"), 1)),
        ("POPE, ALEXANDER", Units(("POPE", "ALEXANDER"), 1)),
        ("John Smith, MD", Units(("John", "Smith"))),
        ("John Smith, PhD, MD", Units(("John", "Smith"))),
        ("John Smith, II", Units(("John", "Smith"))),
        ("Elizabeth II", Units(("Elizabeth",))),
        ("Naosuke Ii", Units(("Naosuke", "Ii"))),
        ("NAOSUKE II", Units(("NAOSUKE", "II"))),
        ("Ii, Naosuke", Units(("Ii", "Naosuke"), 1)),
        ("Rahman, Md", Units(("Rahman", "Md"), 1)),
        ("Wu, Di", Units(("Wu", "Di"), 1)),
        ("Kim, Y", Units(("Kim",))),
        ("Zhang, Yi Da", Units(("Zhang", "Yi", "Da"), 1)),
        ("Smith, John O", Units(("Smith", "John"), 1)),
        ("Cohen, David Y", Units(("Cohen", "David"), 1)),
        ("Sean O Brien", Units(("Sean", "O Brien"))),
        ("Du Bois, W. E. B.", Units(("Du Bois",))),
        ("García López, N. N.", Units(("García", "López"), 2)),
        ("R. Le Roux", Units(("Le Roux",))),
        ("King Jr., Martin Luther", Units(("King", "Martin", "Luther"), 1)),
        ("King III, Martin", Units(("King", "Martin"), 1)),
        ("Smith née Jones, Anna", Units(("Smith", "Anna"), 1)),
        ("Dott.ssa Maria Bianchi", Units(("Maria", "Bianchi"))),
        ("Karl von und zu Guttenberg", Units(("Karl", "von und zu Guttenberg"))),
        ("Lorenzo de' Medici", Units(("Lorenzo", "de' Medici"))),
        ("Berg, van der", Units(("van der Berg",))),
        ("Smith, J", Units(("Smith",))),
        ("Smith, J B", Units(("Smith",))),
        ("Artur da Costa e Silva", Units(("Artur", "da Costa", "e Silva"))),
        ("Artur E Silva", Units(("Artur", "Silva"))),
        ("Antoni Gaudí i Cornet", Units(("Antoni", "Gaudí", "i Cornet"))),
        ("Josquin des Prez", Units(("Josquin", "des Prez"))),
        ("Jacobus van 't Hoff", Units(("Jacobus", "van 't Hoff"))),
        ("Juan dela Cruz", Units(("Juan", "dela Cruz"))),
        ("Sig. Mario Rossi", Units(("Mario", "Rossi"))),
        ("Dhr. de Boer", Units(("de Boer",))),
        ("г-н Иванов", Units(("Иванов",))),
        ("Gerard ’t Hooft", Units(("Gerard", "’t Hooft"))),
        ("Dr., Ana García", Units(("Ana", "García"))),
        ("Marie Curie NÉE SKŁODOWSKA", Units(("Marie", "Curie"))),
        ("García Lorca, Federico", Units(("García", "Lorca", "Federico"), 2)),
        ("Vincent van Gogh", Units(("Vincent", "van Gogh"))),
        ("Lodewijk van der Berg", Units(("Lodewijk", "van der Berg"))),
        ("Gamal Abdel Nasser", Units(("Gamal", "Abdel Nasser"))),
        ("Van Morrison", Units(("Van", "Morrison"))),
        ("ben johnson", Units(("ben", "johnson"))),
        ("Dr. Angela Merkel", Units(("Angela", "Merkel"))),
        ("John F. Kennedy Jr.", Units(("John", "Kennedy"))),
        ("John Kennedy, Jr.", Units(("John", "Kennedy"))),
        ('George Herman "Babe" Ruth', Units(("George", "Herman", "Ruth"))),
        ("John Smith (CEO)", Units(("John", "Smith"))),
        ("Mikhail Sergeyevich Gorbachev", Units(("Mikhail", "Gorbachev"))),
        ("Иванова Анна Владимировна", Units(("Иванова", "Анна"))),
        ("Владимир Петрович", Units(("Владимир", "Петрович"))),
        ("Roman Arkadyevich Abramovich", Units(("Roman", "Abramovich"))),
        ("Роман Аркадьевич Абрамович", Units(("Роман", "Абрамович"))),
        ("Путин Владимир Владимирович", Units(("Путин", "Владимир"))),
        ("Mary Ann Abramovich", Units(("Mary", "Ann", "Abramovich"))),
        ("Gregg Charles Popovich", Units(("Gregg", "Charles", "Popovich"))),
        ("村上・春樹", Units(("村上", "春樹"))),
        ("J. R. R. Tolkien", Units(("Tolkien",))),
        ("王小明", Units(("王", "小明"), 1)),
        ("司马相如", Units(("司马", "相如"), 1)),
        ("남궁민수", Units(("남궁", "민수"), 1)),
        ("田中 太郎", Units(("田中", "太郎"))),
        ("جمال عبد الناصر", Units(("جمال", "عبد الناصر"))),
        ("Al Pacino", Units(("Al", "Pacino"))),
        ("Li Na", Units(("Li", "Na"))),
        ("Le Duc Tho", Units(("Le", "Duc", "Tho"))),
        ("Ben van Dijk", Units(("Ben", "van Dijk"))),
        ("DE GAULLE Charles", Units(("DE GAULLE", "Charles"))),
        ("Della Rovere Giuliano", Units(("Della Rovere", "Giuliano"))),
        ("Jack Lord", Units(("Jack", "Lord"))),
        ("Lord Byron", Units(("Byron",))),
        ("Naosuke Ii", Units(("Naosuke", "Ii"))),
        ("Henry Ford II", Units(("Henry", "Ford"))),
        ("Hon Le", Units(("Hon", "Le"))),
        ("Md Rahman", Units(("Md", "Rahman"))),
        ("Herr Karl Braun", Units(("Karl", "Braun"))),
        ("Mme Marie Curie, Ph.D.", Units(("Marie", "Curie"))),
        ("Marie Curie née Skłodowska", Units(("Marie", "Curie"))),
        ("Smith, John, Jr.", Units(("Smith", "John"), 1)),
        ("Smith, Jr., John", Units(("Smith", "John"), 1)),
        ("Smith,", Units(("Smith",))),
        (", John", Units(("John",))),
        ("Smith (née Jones), Mary", Units(("Smith", "Mary"), 1)),
        ("Иванова, Анна Владимировна", Units(("Иванова", "Анна"), 1)),
        ("Queen Elizabeth II", Units(("Elizabeth",))),
        ("Sen. Bernie Sanders", Units(("Bernie", "Sanders"))),
        ("Kovács János Dr.", Units(("Kovács", "János"))),
        ("Johnson, Ben", Units(("Johnson", "Ben"), 1)),
        ("PACINO, AL", Units(("PACINO", "AL"), 1)),
        ("johnson, ben", Units(("johnson", "ben"), 1)),
        ("Berg, van der", Units(("van der Berg",))),
        ("John E Smith", Units(("John", "Smith"))),
        ("Yael Or Cohen", Units(("Yael", "Or", "Cohen"))),
        ("Lim Nee Soon", Units(("Lim", "Nee", "Soon"))),
        ("Hans Born Larsen", Units(("Hans", "Born", "Larsen"))),
        ("Berg, Jan van der", Units(("van der Berg", "Jan"), 1)),
        ("Путин В. В.", Units(("Путин",))),
        ("А.С.Пушкин", Units(("Пушкин",))),
        ("Ö. Yılmaz", Units(("Yılmaz",))),
        ("John F Kennedy", Units(("John", "Kennedy"))),
        ("U Thant", Units(("U", "Thant"))),
        ("José Ortega y Gasset", Units(("José", "Ortega", "y Gasset"))),
        ("Petro Oleksiyovych Poroshenko", Units(("Petro", "Poroshenko"))),
        ("Anna «Ania» Nowak", Units(("Anna", "Nowak"))),
        ("Hans „Hansi“ Müller", Units(("Hans", "Müller"))),
        ('"Babe" George Ruth', Units(("George", "Ruth"))),
        ("Siti binti Rahman", Units(("Siti", "binti Rahman"))),
        ("דוד בן גוריון", Units(("דוד", "בן גוריון"))),
        ("Beverly D' Angelo", Units(("Beverly", "D' Angelo"))),
        ("Jill St. John", Units(("Jill", "St. John"))),
    ],
)
def test_parts_are_told_apart(text, expected):
    assert units(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Satoshi",
        "van Gogh",
        "Van Dyke",
        "Ní Dhomhnaill",
        "De Niro",
        "Al Assad",
        "Mac Cumhaill",
        "O'Connor",
        "田中",
        "小明",
        "عبد الناصر",
        "A. B.",
        "Jane and John Smith",
        "Hans und Grete",
        "Juan y María",
        "Maria e João",
        "a, b, c",
        "Dr.",
        "王",
        "R2 D2",
        "Tom & Ann",
    ],
)
def test_a_text_without_parts_is_one_unit(text):
    assert units(text) == Units((text,))


@given(st.text(max_size=40))
def test_any_text_has_units_that_stand_in_it(text):
    found = units(text)
    assert found.texts
    assert found.surnames in (0, 1)


WORDS = ["Ana", "ana", "García", "van", "Van", "de", "Mr", "Jr", "II", "Md", "J", "J.", "née", "y", "and", "Jong-un"]
OTHER_WORDS = ["प्रिया", "김", "王", "Иванович", "ﬁ", "Ａda", "O'Brien", "(Bob)", "３", "Ph.D.", "ab"]


@given(st.lists(st.sampled_from([*WORDS, *OTHER_WORDS]), min_size=2, max_size=4))
def test_the_units_do_not_depend_on_how_wide_the_spaces_are(words):
    narrow, wide = units(" ".join(words)), units("  ".join(words))
    # A text without parts stays as it was typed.
    as_read = [[" ".join(normalize("NFKC", text).split()) for text in own.texts] for own in (narrow, wide)]
    assert as_read[0] == as_read[1] and narrow.surnames == wide.surnames


@pytest.mark.parametrize("text", ["Ana García", "García, Ana", "Merkel", "John F. Kennedy Jr.", "प्रिया शर्मा", "王小"])
@pytest.mark.parametrize(
    "around",
    [
        "{};",
        "{}*",
        "{} -",
        "• {}",
        "{} 😀",
        "{}\ufe0f",
        "[{}]",
        "({})",
        '"{}"',
        "“{}”;",
        "{}.",
        "{}..",
        "{},",
        "- {}",
        "{}\u200e",
    ],
)
def test_signs_around_a_text_change_nothing(text, around):
    assert units(around.format(text)) == units(text)


def test_texts_of_surplus_white_space_are_not_kept():
    _is_plain.cache_clear()
    units("Ana" + " " * 100_000 + "Garcia")
    units("Ana María García")
    assert _is_plain.cache_info().currsize == 0


@pytest.mark.parametrize("text", ["angela.merkel", "angela_merkel"])
def test_signs_in_place_of_a_space(text):
    assert units(text) == Units(("angela", "merkel"))


@pytest.mark.parametrize(
    "texts, expected",
    [
        (("김", "John"), True),
        (("Anna", "Иванова"), True),
        (("黒澤", "あきら"), False),
        (("Anna", "Smith"), False),
        (("Jane", "Smith-Иванова"), True),
    ],
)
def test_scripts_that_no_name_mixes(texts, expected):
    assert are_of_several_scripts(Units(texts)) is expected


@pytest.mark.parametrize(
    "text, expected", [("王小明", ["王小明", "王小", "王"]), ("王", []), ("Wang", []), ("王 明", [])]
)
def test_prefixes_of_a_text_without_a_space(text, expected):
    assert unspaced_prefixes(text) == expected
