"""Reading labelled names: a bundled or downloaded corpus, a folder of lists, a text file, a table."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from charrnn.corpus import fetch
from charrnn.corpus.rows import FORMATS, format_of, read_blocks, read_lines
from charrnn.errors import CorpusError, InputError
from charrnn.text import clean, rejection_reason

BUNDLED = "names"
MOST_LABELS = 1000


class LabelledNames(NamedTuple):
    """Two columns of equal length, and the number of rows left out, by reason."""

    names: list[str]
    labels: list[str]
    dropped: dict[str, int]


def bundled_folder() -> Path:
    """The folder of the bundled corpus: inside an installed package, or ``data/names`` of a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_data" / BUNDLED
    return installed if installed.is_dir() else package.parent / "data" / BUNDLED


def read_labelled_names(data: str | Path, name_column: str, label_column: str, pipeline: str) -> LabelledNames:
    """The columns of a corpus; arguments and errors are those of :meth:`charrnn.corpus.Corpus.read`."""
    source = str(data)
    path = Path(data)
    if source == BUNDLED:
        path = bundled_folder()
    elif source in fetch.sources():
        path = fetch.fetch(source)
    collector = _Collector(source, pipeline)
    try:
        files = _files(path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror or error}). Check the path and its rights."
        ) from error
    for file in files:
        before = len(collector.names)
        if table_format := format_of(file):
            for block in read_blocks(
                file, table_format, {"--name-column": name_column, "--label-column": label_column}
            ):
                collector.add(zip(block.column(name_column), block.column(label_column), strict=True))
        else:
            collector.add(zip(read_lines(file), repeat(_label_of(file))))
        if len(collector.names) == before:
            raise CorpusError(f"{file}: no names in it. Put one name a line there, or remove the file.")
    return LabelledNames(collector.names, collector.labels, dict(collector.dropped))


def _files(path: Path) -> list[Path]:
    if not path.exists():
        corpora = ", ".join(repr(name) for name in (BUNDLED, *fetch.sources()))
        raise InputError(
            f"{path}: no such file or folder. Give a folder of <Label>.txt, a text file with one name a line, "
            f"a table ({', '.join(FORMATS)}), or one of {corpora}."
        )
    if not path.is_dir():
        return [path]
    files = sorted(file for pattern in ("*.txt", "*.txt.gz") for file in path.glob(pattern))
    if not files:
        raise InputError(f"{path}: no <Label>.txt in this folder. Put one text file a label there, one name a line.")
    return files


def _label_of(file: Path) -> str:
    # Other suffixes belong to the label: the whole of "de.la.Cruz" is one.
    return sys.intern(file.name.removesuffix(".gz").removesuffix(".txt"))


class _Collector:
    """Cleans names and labels row by row, and counts the rows left out."""

    def __init__(self, source: str, pipeline: str) -> None:
        self.source, self.pipeline = source, pipeline
        self.names: list[str] = []
        self.labels: list[str] = []
        self.dropped: Counter[str] = Counter()
        self._clean_labels: dict[str, str] = {}  # by the text in the source
        self._spellings: defaultdict[str, set[str]] = defaultdict(set)  # by the label in folded case

    def add(self, rows: Iterable[tuple[object, object]]) -> None:
        """Add rows of a name and a label: text, None, or values that are no text.

        Raises:
            CorpusError: two labels differ in letter case alone, or there are over :data:`MOST_LABELS`.
        """
        for raw_name, raw_label in rows:
            if isinstance(raw_label, str) and raw_label in self._clean_labels:
                label = self._clean_labels[raw_label]
            else:
                label = self._clean_label(raw_label)
                if isinstance(raw_label, str):
                    self._clean_labels[raw_label] = label
            reason, name = self._clean_name(raw_name)
            if reason is None and not label:
                reason = "missing-label"
            if reason:
                self.dropped[reason] += 1
            else:
                self.names.append(name)
                self.labels.append(label)

    def _clean_name(self, raw: object) -> tuple[str | None, str]:
        """Why a name is left out, or None, and the name."""
        if raw is None or raw != raw:  # NaN differs from itself
            return "missing-name", ""
        if not isinstance(raw, str):
            return "not-text", ""
        name = clean(raw)
        return rejection_reason(name, self.pipeline), name

    def _clean_label(self, raw: object) -> str:
        """The label, empty if it is missing."""
        if raw is None or raw != raw:
            return ""
        label = sys.intern(clean(str(raw)))
        spellings = self._spellings[label.casefold()]
        spellings.add(label)
        if len(spellings) > 1:
            raise CorpusError(
                f"{self.source}: the labels {' and '.join(sorted(spellings))} differ in letter case alone. "
                "Merge them into one."
            )
        if len(self._spellings) > MOST_LABELS:
            raise CorpusError(
                f"{self.source}: over {MOST_LABELS:,} distinct labels, the last one {label!r}. Is --label-column right?"
            )
        return label
