import importlib
import json

import build
import pytest

from charrnn.corpus.label_facts import label_facts
from tests.conftest import ROOT

DATA = ROOT / "data"
HELD_BACK = json.loads((DATA / "held_back.json").read_text(encoding="utf-8"))
FROM_NPM = {label for label, sources in build.SOURCES.items() if any(s.startswith("faker-js ") for s in sources)}
PACKAGES = {"Faker": "Faker", "mimesis": "mimesis", "@faker-js/faker": "faker-js"}


def test_no_list_is_built_from_a_source_that_is_held_back_for_its_label():
    for label, held in HELD_BACK.items():
        package, version = held["package"].rsplit(" ", 1)
        assert version and held["locales"]
        sources = {(PACKAGES[package], locale) for locale in held["locales"]}
        assert not sources & {tuple(source.split()[:2]) for source in build.SOURCES.get(label, ())}


@pytest.mark.parametrize("label", sorted(label_facts().keys() - FROM_NPM))
def test_a_list_is_what_the_build_makes_of_its_sources(label):
    for kind in build.KINDS:
        for tree, found, pipeline in zip(build.TREES, build.packaged(label, kind), ("ascii", "native"), strict=True):
            path = DATA / tree / kind / f"{label}.txt"
            names = build.merge(build.lines(DATA / "written" / tree / kind / f"{label}.txt"), found, pipeline)
            assert names == (path.read_text(encoding="utf-8").splitlines() if path.exists() else [])


@pytest.mark.parametrize("label", sorted(label_facts().keys() - FROM_NPM))
def test_what_is_excluded_stands_in_a_source(label):
    for kind in build.KINDS:
        assert build.lines(DATA / "excluded" / kind / f"{label}.txt") <= build.sourced(label, kind)


@pytest.mark.parametrize("label", sorted(label_facts()))
def test_what_is_excluded_is_in_no_list_of_packages_alone(label):
    """Of sources that are not at hand, at least the excluded names are gone."""
    for kind in build.KINDS:
        for tree in build.TREES:
            excluded = build.lines(DATA / "excluded" / kind / f"{label}.txt")
            written = build.lines(DATA / "written" / tree / kind / f"{label}.txt")
            assert not (excluded - written) & build.lines(DATA / tree / kind / f"{label}.txt")


def test_of_a_packages_spellings_that_with_most_marks_stands_unless_the_name_is_written():
    assert build.merge([], ["Muller", "Müller", "MULLER", "Abel"], "ascii") == ["Abel", "Müller"]
    assert build.merge(["Furkan"], ["Furkân", "Kemâl"], "ascii") == ["Furkan", "Kemâl"]
    assert build.merge(["محمد"], ["محمود"], "native") == ["محمد", "محمود"]
    assert build.merge(["Ngô", "Ngo"], ["Ngồ", "Lý"], "ascii") == ["Lý", "Ngo", "Ngô"]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("O’Brien", "O'Brien"),
        ("DE LA CRUZ", "De La Cruz"),
        ("анета", "Анета"),
        ("  van  Gogh ", "van Gogh"),
        ("Sa\u02bcdulla", "Saʼdulla"),
    ],
)
def test_names_are_tidied(raw, name):
    assert build.tidy(raw) == name


@pytest.mark.parametrize(
    ("name", "latin"),
    [
        ("O'Brien", True),
        ("Nguyễn", True),
        ("अमित", False),
        ("رضا\u200cزاده", False),
        ("佐々木", False),
        ("Kaʻiulani", True),
        ("(अमात्य)", None),
        ("Иvan", None),
        ("R2", None),
        ("St. John", None),
    ],
)
def test_names_are_told_apart_by_script(name, latin):
    assert build.is_latin(name) is latin


def test_the_build_names_what_is_not_installed(monkeypatch, capsys):
    def absent(source):
        raise importlib.import_module("packages").MissingPackageError("mimesis is not installed. Run: pip install it")

    monkeypatch.setattr(build, "sources", absent)
    monkeypatch.setattr(build, "write", lambda *_: pytest.fail("half a corpus was written"))
    assert build.main() == 2 and "pip install" in capsys.readouterr().err
