"""Build the bundled corpus: ``python data/build.py`` writes ``data/names/<Label>.txt``.

Sources of a label: Faker's locale lists (MIT), less the entries in ``excluded/<Label>.txt``, plus
``written/<Label>.txt``.
"""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from charrnn.text import fold
from charrnn.text.romanisation import greek, russian

HERE = Path(__file__).parent
MOST = 3000
"""Names of a label at most; without a limit, the largest lists would dominate the prior of the labels."""

LOCALES: dict[str, list[str]] = {
    "Arabic": ["fr_DZ"],
    "Chinese": ["zh_CN", "zh_TW"],
    "Czech": ["cs_CZ"],
    "Dutch": ["nl_NL", "nl_BE"],
    "English": ["en_GB", "en_US"],
    "French": ["fr_FR", "fr_BE", "fr_CH", "fr_QC"],
    "German": ["de_DE", "de_AT"],
    "Greek": ["el_GR"],
    "Irish": ["ga_IE", "en_IE"],
    "Italian": ["it_IT"],
    "Japanese": ["ja_JP"],
    "Korean": [],
    "Polish": ["pl_PL"],
    "Portuguese": ["pt_PT", "pt_BR"],
    "Russian": ["ru_RU"],
    "Scottish": [],
    "Spanish": ["es_ES"],
    "Vietnamese": ["vi_VN"],
}
ROMANISE: dict[str, Callable[[str], str]] = {"Russian": russian, "Greek": greek}
ATTRIBUTES = (
    "last_names",
    "last_names_male",
    "last_names_female",
    "male_last_names",
    "female_last_names",
    "unisex_last_names",
)


def faker_names(locale: str) -> set[str]:
    """All surnames of one of Faker's locales, romanised ones where it has them."""
    provider = import_module(f"faker.providers.person.{locale}").Provider
    romanised = getattr(provider, "last_romanized_names", None)
    lists = [romanised] if romanised else [getattr(provider, a, ()) for a in ATTRIBUTES]
    return {name for names in lists for name in names}


def tidy(name: str) -> str:
    """NFC, single spaces, straight apostrophes, no shouting."""
    name = " ".join(unicodedata.normalize("NFC", name).replace("’", "'").split())
    return name.title() if name.isupper() else name


def merge(names: Iterable[str]) -> list[str]:
    """One spelling of each name, the one with most marks; at most :data:`MOST` names, chosen by hash, not by order."""
    best: dict[str, str] = {}
    for name in sorted(names, key=lambda n: (sum(not c.isascii() for c in n), n)):
        best[fold(name)] = name
    kept = sorted(best, key=lambda k: hashlib.sha256(k.encode()).digest())[:MOST]
    return [best[k] for k in sorted(kept)]


def lines(path: Path) -> set[str]:
    """The lines of a list."""
    return set(filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines()))) if path.exists() else set()


def main() -> int:
    """Write the lists, print a table of their sources, and put it into the data card."""
    try:
        import_module("faker")
    except ModuleNotFoundError:
        print("build.py: faker is not installed. Run: pip install faker", file=sys.stderr)
        return 2
    (HERE / "names").mkdir(exist_ok=True)
    table = [
        "| label | names | written by hand | Faker's locales | excluded of these |",
        "| --- | --- | --- | --- | --- |",
    ]
    for label, locales in LOCALES.items():
        found = {name for locale in locales for name in faker_names(locale)}
        excluded = {tidy(name) for name in lines(HERE / "excluded" / f"{label}.txt")}
        romanise = ROMANISE.get(label, str)
        chosen = {romanise(tidy(name)) for name in found if tidy(name) not in excluded}
        written = {tidy(name) for name in lines(HERE / "written" / f"{label}.txt")}
        kept = merge(chosen | written)
        (HERE / "names" / f"{label}.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
        origin = ", ".join(locales) or "none"
        table.append(f"| {label} | {len(kept):,} | {len(written):,} | {origin} | {len(found) - len(chosen):,} |")
    print("\n".join(table))
    card = HERE / "README.md"
    text = card.read_text(encoding="utf-8")
    card.write_text(re.sub(r"(?s)(\| label \|.*?\n)\n", "\n".join(table) + "\n\n", text, count=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
