"""What is known of the bundled labels: ``labels.json`` beside their lists."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from charrnn.corpus.reading import bundled_folders
from charrnn.errors import CorpusError
from charrnn.name_forms import NameForms


@dataclass(frozen=True)
class LabelFacts:
    """A label of the bundled corpus.

    Attributes:
        iso639_3: code of the language.
        family: branch of its language family, such as ``South Slavic``; labels of one family are easily confused.
        scripts: in which its names are written here, its own first.
        order: of the parts of a full name, one of :data:`charrnn.name_forms.ORDERS`; *father* is the father's given
            name, which stands in the list of surnames.
        feminine: what surnames that women bear often end (``-ová``) or begin with (``Ní -``), where they have forms of
            their own; not all of them need to be in the lists. Men's full names are drawn without them, so a form that
            a few men bear, too, stands here where it is mostly women's.
        masculine: likewise for men.
        gender: what else there is to say on that, or None.
        note: where the names come from, and what is weak about the lists.
    """

    iso639_3: str
    family: str
    scripts: tuple[str, ...]
    order: str
    feminine: tuple[str, ...]
    masculine: tuple[str, ...]
    gender: str | None
    note: str

    @property
    def name_forms(self) -> NameForms:
        """How its full names are put together."""
        return NameForms(self.order, self.feminine, self.masculine)


def label_facts(latin: Path | None = None, native: Path | None = None) -> dict[str, LabelFacts]:
    """The facts of each label, by its name.

    Args:
        latin: folder of ``<kind>/<Label>.txt`` and ``labels.json``. Default: that of the bundled corpus.
        native: folder of the lists in other scripts, likewise.

    Raises:
        CorpusError: ``labels.json`` is missing or malformed, or does not fit the lists.
    """
    bundled = bundled_folders()
    latin, native = latin or bundled[0], native or bundled[1]
    path = latin / "labels.json"
    try:
        table = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: cannot be read ({error}). Restore the file.") from error
    if not isinstance(table, dict):
        raise CorpusError(f"{path}: is no JSON object by label. Restore the file.")
    facts = {label: _facts(path, label, own) for label, own in table.items()}
    lists = {tree: {file.stem for file in tree.glob("*/*.txt")} for tree in (latin, native)}
    for label in sorted(facts.keys() ^ lists[latin]):
        what = "has no list of names" if label in facts else "has lists of names, but no entry"
        raise CorpusError(f"{path}: {label} {what}. Add it, or remove the other.")
    for label, own in facts.items():
        if (own.scripts != ("Latin",)) != (label in lists[native]):
            raise CorpusError(
                f"{path}: {label} is written in {' and '.join(own.scripts)}, which its lists in {native.name}/ do not "
                "fit. Mend the scripts."
            )
    return facts


def _facts(path: Path, label: str, own: Any) -> LabelFacts:
    names = [field.name for field in fields(LabelFacts)]
    if not isinstance(own, dict) or own.keys() != set(names):
        raise CorpusError(f"{path}: {label} has other entries than {', '.join(names)}. Mend it.")
    for name in names:
        value = own[name]
        is_list = name in ("scripts", "feminine", "masculine")
        fits = isinstance(value, list) and all(isinstance(v, str) for v in value) if is_list else isinstance(value, str)
        if not (fits or (name == "gender" and value is None)):
            raise CorpusError(f"{path}: {name} of {label} is no {'list of texts' if is_list else 'text'}. Mend it.")
    scripts, feminine, masculine = (tuple(own[name]) for name in ("scripts", "feminine", "masculine"))
    try:
        NameForms(own["order"], feminine, masculine)
    except ValueError as error:
        raise CorpusError(f"{path}: {label}: {error}. Mend it.") from error
    texts = {name: own[name] for name in ("iso639_3", "family", "order", "gender", "note")}
    return LabelFacts(scripts=scripts, feminine=feminine, masculine=masculine, **texts)
