"""The lists that are written by hand: what the build may count on."""

import json
import unicodedata

import pytest

from charrnn.text import clean
from tests.conftest import ROOT

DATA = ROOT / "data"
KINDS = ("surname", "female", "male")
LABELS = json.loads((DATA / "written" / "labels.json").read_text(encoding="utf-8"))
LISTS = sorted(path for tree in ("written", "native") for kind in KINDS for path in (DATA / tree / kind).glob("*.txt"))
SCRIPTS = {
    "Amharic": "ETHIOPIC",
    "Arabic": "ARABIC",
    "Armenian": "ARMENIAN",
    "Bengali": "BENGALI",
    "Chinese": "CJK",
    "Georgian": "GEORGIAN",
    "Greek": "GREEK",
    "Hebrew": "HEBREW",
    "Hindi": "DEVANAGARI",
    "Khmer": "KHMER",
    "Korean": "HANGUL",
    "Nepali": "DEVANAGARI",
    "Persian": "ARABIC",
    "Punjabi": "GURMUKHI",
    "Sinhala": "SINHALA",
    "Tamil": "TAMIL",
    "Thai": "THAI",
    "Urdu": "ARABIC",
    **dict.fromkeys(["Bulgarian", "Kazakh", "Macedonian", "Mongolian", "Russian", "Serbian", "Ukrainian"], "CYRILLIC"),
}
"""The script of the native lists. Japanese is written in three."""


@pytest.mark.parametrize("path", LISTS, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_list_holds_names_of_one_script_each_once(path):
    content = path.read_text(encoding="utf-8")
    names = content.splitlines()
    assert content.endswith("\n") and len(set(names)) == len(names) and path.stem in LABELS
    assert [name for name in names if not name or name != clean(name)] == []
    script = SCRIPTS.get(path.stem, "") if path.parts[-3] == "native" else "LATIN"
    letters = {c for name in names for c in name if c.isalpha() and unicodedata.category(c) != "Lm"}
    assert [c for c in letters if not unicodedata.name(c).startswith(script)] == []


@pytest.mark.parametrize("label", LABELS)
def test_a_label_is_described_and_has_both_sexes(label):
    about = LABELS[label]
    assert about.keys() == {"iso639_3", "family", "scripts", "order", "gender", "note"} and len(about["iso639_3"]) == 3
    assert about["gender"].keys() == {"surname"} and about["family"] and about["scripts"] and about["note"]
    for kind, least in (("female", 150), ("male", 150)):
        assert len((DATA / "written" / kind / f"{label}.txt").read_text(encoding="utf-8").splitlines()) >= least
    surnames = DATA / "written" / "surname" / f"{label}.txt"
    built_before = DATA / "names" / f"{label}.txt"
    assert built_before.exists() or len(surnames.read_text(encoding="utf-8").splitlines()) >= 200
