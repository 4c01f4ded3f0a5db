"""The lists of the bundled corpus, built and written by hand."""

import json
import unicodedata

import pytest

from charrnn.corpus import Corpus
from charrnn.corpus.label_facts import label_facts
from charrnn.text import clean
from tests.conftest import ROOT

DATA = ROOT / "data"
KINDS = ("surname", "female", "male")
FACTS = label_facts()
TREES = ("names", "native", "written/names", "written/native")
LISTS = {f"{tree}/{kind}/{p.stem}": p for tree in TREES for kind in KINDS for p in (DATA / tree / kind).glob("*.txt")}


@pytest.mark.parametrize("path", LISTS.values(), ids=LISTS)
def test_a_list_holds_clean_names_of_its_scripts_each_once(path):
    content = path.read_text(encoding="utf-8")
    names = content.splitlines()
    assert content.endswith("\n") and len(set(names)) == len(names) and path.stem in FACTS
    assert [name for name in names if not name or name != clean(name)] == []
    native = "native" in path.parts
    scripts = tuple({"Han": "CJK"}.get(s, s).upper() for s in FACTS[path.stem].scripts if (s == "Latin") != native)
    # Modifier letters, such as the ʻ of Hawaiian, belong to no script.
    letters = {c for name in names for c in name if c.isalpha() and unicodedata.category(c) != "Lm"}
    assert [c for c in letters if not unicodedata.name(c).startswith(scripts)] == []


@pytest.mark.parametrize("label", FACTS)
def test_a_label_has_surnames_and_given_names_of_both_sexes(label):
    for kind, least in (("surname", 200), ("female", 150), ("male", 150)):
        names = LISTS[f"names/{kind}/{label}"].read_text(encoding="utf-8").splitlines()
        assert len(names) >= least


def test_what_is_excluded_or_held_back_is_of_a_known_label():
    assert {path.stem for path in (DATA / "excluded").glob("*/*.txt")} <= FACTS.keys()
    assert json.loads((DATA / "held_back.json").read_text(encoding="utf-8")).keys() <= FACTS.keys()


def test_the_corpus_reads_both_trees_and_one_kind_alone():
    lines = {key: len(path.read_text(encoding="utf-8").splitlines()) for key, path in LISTS.items()}
    corpus = Corpus.read("names", pipeline="native")
    assert corpus.label_set == sorted(FACTS) and not corpus.dropped
    assert corpus.kind_counts == {
        kind: sum(n for key, n in lines.items() if key.startswith((f"names/{kind}/", f"native/{kind}/")))
        for kind in sorted(KINDS)
    }
    surnames = Corpus.read("names/surname")
    assert not surnames.kinds and surnames.label_set == sorted(FACTS) and not surnames.dropped
    assert len(surnames) == sum(n for key, n in lines.items() if key.startswith("names/surname/"))


def test_all_of_the_data_is_small():
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) <= 4_000_000
