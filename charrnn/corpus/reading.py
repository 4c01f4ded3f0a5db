"""Reading labelled names: a bundled or downloaded corpus, a folder of lists, a text file, a table."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from charrnn import arguments
from charrnn.corpus import fetch
from charrnn.corpus.rows import FORMATS, ReadOptions, TableFile, format_of, read_columns, read_lines
from charrnn.errors import CorpusError, InputError
from charrnn.text import MISSING_NAMES, clean, is_missing, printable, rejection_reason

BUNDLED = "names"
MOST_LABELS = 1000
MOST_TOLD = 10
"""Malformed rows that are told; the others are counted."""


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


def read_labelled_names(
    data: str | Path, columns: Mapping[str, str], pipeline: str, options: ReadOptions
) -> LabelledNames:
    """The names and labels of a corpus.

    Args:
        data: as of :meth:`charrnn.corpus.Corpus.read`, which has the errors too.
        columns: of a table, those of names and of labels, by the flags that set them.
        pipeline: as of :meth:`charrnn.corpus.Corpus.read`.
        options: likewise.
    """
    path = arguments.path("data", data)
    source = str(data)
    if source == BUNDLED or source in fetch.sources():
        path = bundled_folder() if source == BUNDLED else fetch.fetch(source)
        options = ReadOptions()
    collector = _Collector(source, pipeline)
    try:
        files = _files(path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror or error}). Check the path and its rights."
        ) from error
    for file in files:
        before = len(collector.names)
        table_format = format_of(file)
        options.check_format(table_format)
        if table_format:
            for (names, labels), bad_rows in read_columns(TableFile(str(file), table_format, options), columns):
                collector.add(zip(map(_none_if_missing, names), labels, strict=True))
                collector.add_bad_rows(bad_rows)
        else:
            collector.add(zip(read_lines(file, options.encoding), repeat(_label_of(file))))
        if len(collector.names) == before:
            raise CorpusError(f"{file}: no names in it. Put one name a line there, or remove the file.")
    return LabelledNames(collector.names, collector.labels, dict(+collector.dropped))


def _none_if_missing(name: object) -> object:
    return None if isinstance(name, str) and name in MISSING_NAMES else name


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

    def add_bad_rows(self, told: list[str]) -> None:
        """Count malformed rows that were left out, and tell the first ones on standard error."""
        for line in told[: max(MOST_TOLD - self.dropped["bad-row"], 0)]:
            print(f"left out: {printable(line)}", file=sys.stderr)
        self.dropped["bad-row"] += len(told)

    def _clean_name(self, raw: object) -> tuple[str | None, str]:
        """Why a name is left out, or None, and the name."""
        if not isinstance(raw, str):
            return rejection_reason(raw, self.pipeline), ""
        name = clean(raw)
        if any("\ud800" <= character <= "\udfff" for character in name):
            return "not-text", ""  # half a character, which no file can hold
        return rejection_reason(name, self.pipeline), name

    def _clean_label(self, raw: object) -> str:
        """The label, empty if it is missing."""
        if is_missing(raw):
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
