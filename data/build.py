"""Build the bundled corpus: ``python data/build.py`` writes ``data/names`` and ``data/native``.

``names/<kind>/<Label>.txt`` holds names in Latin letters, ``native/<kind>/<Label>.txt`` those in the label's own
script. Sources of a list: the lists of packages that :data:`SOURCES` names, romanised where the language has rules for
that, less the entries in ``excluded/<kind>/<Label>.txt``, and ``written/names`` and ``written/native``.
"""

from __future__ import annotations

import functools
import json
import re
import sys
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from packages import KINDS, MissingPackageError, read
from romanise import RESPELL, ROMANISE

from charrnn.text import PIPELINES, fold, script

HERE = Path(__file__).parent
TREES = ("names", "native")

SOURCES: dict[str, list[str]] = {
    "Akan": ["Faker tw_GH surname"],
    "Arabic": ["Faker fr_DZ", "Faker ar_AA", "Faker ar_DZ"],
    "Armenian": ["Faker hy_AM"],
    "Azerbaijani": ["Faker az_AZ"],
    "Bengali": ["Faker bn_BD"],
    "Bulgarian": ["Faker bg_BG surname"],
    "Chinese": ["Faker zh_CN", "Faker zh_TW"],
    "Croatian": ["Faker hr_HR", "faker-js hr"],
    "Czech": ["Faker cs_CZ"],
    "Danish": ["Faker da_DK", "faker-js da"],
    "Dutch": ["Faker nl_NL", "Faker nl_BE"],
    "English": ["Faker en_GB", "Faker en_US"],
    "Estonian": ["Faker et_EE"],
    "Finnish": ["Faker fi_FI"],
    "French": ["Faker fr_FR", "Faker fr_BE surname", "Faker fr_CH", "Faker fr_QC"],
    "Georgian": ["Faker ka_GE"],
    "German": ["Faker de_DE", "Faker de_AT"],
    "Greek": ["Faker el_GR"],
    "Hausa": ["Faker ha_NG"],
    "Hebrew": ["Faker he_IL"],
    "Hindi": ["Faker hi_IN female male"],
    "Hungarian": ["Faker hu_HU", "faker-js hu"],
    "Icelandic": ["Faker is_IS"],
    "Indonesian": ["Faker id_ID", "faker-js id_ID"],
    "Irish": ["Faker ga_IE", "Faker en_IE"],
    "Italian": ["Faker it_IT"],
    "Japanese": ["Faker ja_JP"],
    "Kazakh": ["mimesis kk"],
    "Korean": ["Faker ko_KR", "faker-js ko"],
    "Latvian": ["faker-js lv"],
    "Lithuanian": ["Faker lt_LT"],
    "Macedonian": ["faker-js mk"],
    "Nepali": ["Faker ne_NP female male"],
    "Norwegian": ["Faker no_NO", "faker-js nb_NO"],
    "Persian": ["Faker fa_IR", "faker-js fa"],
    "Polish": ["Faker pl_PL"],
    "Portuguese": ["Faker pt_PT", "Faker pt_BR"],
    "Romanian": ["Faker ro_RO", "faker-js ro"],
    "Russian": ["Faker ru_RU"],
    "Serbian": ["faker-js sr_RS_latin"],
    "Sinhala": ["Faker si_LK"],
    "Slovak": ["Faker sk_SK"],
    "Slovene": ["Faker sl_SI"],
    "Spanish": ["Faker es_ES"],
    "Swahili": ["Faker sw surname"],
    "Swedish": ["Faker sv_SE", "faker-js sv"],
    "Thai": ["Faker th_TH"],
    "Turkish": ["faker-js tr"],
    "Ukrainian": ["Faker uk_UA", "faker-js uk"],
    "Urdu": ["faker-js ur"],
    "Uzbek": ["faker-js uz_UZ_latin female male"],
    "Vietnamese": ["Faker vi_VN"],
    "Yoruba": ["Faker yo_NG"],
    "Zulu": ["Faker zu_ZA"],
}
"""Package, locale, and the kinds that are taken from there, if not all of them. What over a third of whose names were
strays is not used at all. The labels that are not here have written lists alone."""

_REST = re.compile("[-' \u200c\u200d]")
"""What a name may hold beside letters and their marks: U+200C, U+200D part and join letters in Persian and Sinhala."""


def tidy(name: str) -> str:
    """NFC, single spaces, straight apostrophes, and a capital where all letters are small, or all are capitals."""
    name = " ".join(unicodedata.normalize("NFC", name).replace("’", "'").split())
    return name.title() if name.isupper() or name.islower() else name


def is_latin(name: str) -> bool | None:
    """Whether all letters are Latin; None for a name in two scripts, or with something else than letters."""
    scripts = {own == "latin" for c in name if c.isalpha() and (own := script(c)) != "common"}
    others = {c for c in name if not (c.isalpha() or unicodedata.category(c).startswith("M") or _REST.match(c))}
    return scripts.pop() if len(scripts) == 1 and not others else None


def lines(path: Path) -> set[str]:
    """The lines of a list, tidy; none if there is no such file."""
    return set(filter(None, map(tidy, path.read_text(encoding="utf-8").splitlines()))) if path.exists() else set()


def packaged(label: str, kind: str) -> tuple[set[str], set[str]]:
    """The names of a label's packages in Latin letters and in its own script, less the excluded ones."""
    found = sourced(label, kind) - lines(HERE / "excluded" / kind / f"{label}.txt")
    found = {RESPELL.get(label, str)(name) for name in found}
    native = {name for name in found if is_latin(name) is False}
    latin = {name for name in found if is_latin(name)}
    return latin | {ROMANISE[label](name) for name in native if label in ROMANISE}, native


def sourced(label: str, kind: str) -> set[str]:
    """The names of a label's packages, tidy."""
    own = [source for source in SOURCES.get(label, ()) if kind in source.split()[2:] or len(source.split()) == 2]
    return {tidy(name) for source in own for name in sources(source)[kind]}


sources = functools.cache(read)


def merge(written: Collection[str], found: Iterable[str], pipeline: str) -> list[str]:
    """The written names, and those of packages that the written list lacks, in the spelling with most marks."""
    key = fold if pipeline == "ascii" else PIPELINES["native-folded"]
    best = {key(name): name for name in sorted(found, key=lambda n: (sum(not c.isascii() for c in n), n))}
    for name in written:
        best.pop(key(name), None)
    return sorted({*written, *best.values()}, key=lambda name: (fold(name), name))


def write(tree: str, kind: str, label: str, names: list[str]) -> None:
    """Write a list, or remove the one of an earlier build that has no names any more."""
    path = HERE / tree / kind / f"{label}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    if names:
        path.write_text("\n".join(names) + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def main() -> int:
    """Write the lists, print a table of them, and put it into the data card."""
    labels = json.loads((HERE / "names" / "labels.json").read_text(encoding="utf-8"))
    try:
        found = {(label, kind): packaged(label, kind) for label in labels for kind in KINDS}
    except MissingPackageError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    rows = []
    for label in labels:
        cells = []
        for i, (tree, pipeline) in enumerate(zip(TREES, ("ascii", "native"), strict=True)):
            for kind in KINDS:
                written = lines(HERE / "written" / tree / kind / f"{label}.txt")
                kept = merge(written, found[label, kind][i], pipeline)
                write(tree, kind, label, kept)
                cells.append(f"{len(kept):,} ({len(written.intersection(kept)) / len(kept):.0%})" if kept else "")
        rows.append(f"| {label} | {' | '.join(cells)} | {', '.join(SOURCES.get(label, ['none']))} |")
    kinds = " | ".join(KINDS)
    table = [f"| label | {kinds} | own script: {kinds} | packages |", f"|{' --- |' * 8}", *rows]
    print("\n".join(table))
    card = HERE / "README.md"
    text = card.read_text(encoding="utf-8")
    card.write_text(re.sub(r"(?s)(\| label \|.*?\n)\n", "\n".join(table) + "\n\n", text, count=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
