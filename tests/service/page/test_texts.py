"""Every text in every language: no key that one lacks, no visible text without a key."""

import re
import string
from pathlib import Path

import pytest

from charrnn.inference import load
from charrnn.service.page.i18n import kind_choices
from charrnn.service.page.texts import FOLDER, LANGUAGES, Texts, texts_for, translations

PAGE = FOLDER.parent
SOURCES = {
    path: path.read_text("utf-8") for path in [*PAGE.glob("*.py"), *PAGE.glob("*.js"), *PAGE.glob("templates/*.html")]
}
ENGLISH = translations("en")


def places(text):
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_each_language_has_every_text_with_the_same_places(path):
    assert path.stem in LANGUAGES
    texts = translations(path.stem)
    assert texts.keys() == ENGLISH.keys()
    assert {key: places(text) for key, text in texts.items()} == {key: places(text) for key, text in ENGLISH.items()}
    assert all(text.strip() for text in texts.values())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("zh-*.json")), ids=lambda path: path.stem)
def test_chinese_is_written_with_chinese_characters_and_marks(path):
    """But for what is Latin in any language: names of files, commands and the project itself."""
    for key, text in translations(path.stem).items():
        if key not in {"set.separator", "about.model", "many.family"}:
            assert re.search("[一-鿿]", text), (key, text)
        assert not re.search("[一-鿿][,:;?!]", text), (key, text)


def test_every_key_that_is_used_exists_and_every_text_is_used():
    joined = "\n".join(SOURCES.values())
    areas = "|".join({key.split(".")[0] for key in ENGLISH})
    used = set(re.findall(rf"""["'`]((?:{areas})\.[\w.-]+)["'`]""", joined))
    files = {"names.txt", "names.csv", "page.css", "page.js"}
    assert used - ENGLISH.keys() - files == set()
    # Keys that are put together: of these families, or a variant for one.
    made = re.compile(
        r"(label|family|kind|gender|part|problem|reason|doubt|answer)\..+|about\.(classifier|generator)|.+\.one|generate\.(prefix|suffix|contains)"
        r"|many\.(not-a-name|unlike-training|out-of-vocabulary)"
    )
    assert {key for key in ENGLISH.keys() - used if not made.fullmatch(key)} == set()
    assert {key.removesuffix(".one") for key in ENGLISH if key.endswith(".one")} <= ENGLISH.keys() | {
        "alike",
        "names.near",
    }


@pytest.mark.parametrize("path", sorted(PAGE.glob("templates/*.html")), ids=lambda path: path.stem)
def test_templates_hold_no_text_of_their_own(path):
    text = re.sub(r"<pre.*?</pre>", "", SOURCES[path], flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    assert not re.findall(r'(?:title|aria-label|alt|placeholder)="[^"]*[A-Za-z][^"]*"', text)
    assert not re.search(r"[A-Za-z]", re.sub(r"<[^>]*>", "", text)), path


@pytest.mark.parametrize("path", sorted([*PAGE.glob("*_tab.py"), PAGE / "build.py"]), ids=lambda path: path.stem)
def test_components_get_their_texts_by_key(path):
    told = re.findall(r"""(?:label|info|placeholder|title)=["'](\w[^"']*)""", SOURCES[path])
    told += re.findall(r"""gr\.(?:Button|Tab|Markdown|Accordion)\(["']([^"']+)""", SOURCES[path])
    assert [text for text in told if text != "charrnn"] == []


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("", "en"),
        ("de-DE,de;q=0.9", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh-tw", "zh-TW"),
        ("zh", "zh-CN"),
        ("zh-Hans-SG", "zh-CN"),
        ("zh-Hant", "zh-TW"),
        ("zh-HK", "zh-TW"),
        ("*;q=0.1", "en"),
        (";;,", "en"),
    ],
)
def test_the_first_language_of_the_browser_counts(accepted, tag):
    assert texts_for(accepted).tag == tag


def test_values_are_escaped_and_numbers_have_separators():
    shown = Texts("en")("answer.clearly", name="<b>", label="A & B")
    assert shown == "&lt;b&gt; looks clearly A &amp; B."
    assert Texts("en")("about.unseen", names=34971) == "Measured on 34,971 names that took no part in training."


def test_labels_of_the_shipped_models_have_names_and_others_stay_as_they_are():
    for tag in LANGUAGES:
        texts = Texts(tag)
        assert all(texts.has(f"family.{family}") for family in load("names/classifier").config.families.values())
        assert texts.family("<Elvish>") == "<Elvish>"
        assert all(texts.has(f"label.{label}") for label in load("names/classifier").labels)
        assert texts.label("<Elvish>") == "<Elvish>"
    assert Texts("zh-CN").label("Polish") == "波兰语"


def test_the_files_are_where_the_package_is():
    assert Path(FOLDER).is_dir() and set(LANGUAGES) == {path.stem for path in FOLDER.glob("*.json")}


def test_known_kinds_of_names_are_translated_and_others_stay_as_they_are():
    menus = {
        tag: [translations(tag)[f"kind.{kind}"] for kind in ("any", "surname", "female", "male")] for tag in LANGUAGES
    }
    assert menus["en"] == ["any kind", "Surnames", "Female given names", "Male given names"]
    assert menus["zh-CN"] == ["任意种类", "姓氏", "女性名字", "男性名字"]
    assert menus["zh-TW"] == ["任意種類", "姓氏", "女性名字", "男性名字"]
    shown = kind_choices(["surname", "<trade>"])
    assert [value for _, value in shown] == ["", "surname", "<trade>"] and shown[2][0] == "<trade>"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("zh-*.json")), ids=lambda path: path.stem)
def test_chinese_speaks_of_names_of_every_kind(path):
    assert [key for key, text in translations(path.stem).items() if "姓氏" in text] == ["kind.surname"]
