"""Reading names: by name of a corpus, from folders, text files and tables."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from charrnn.corpus import Corpus, fetch, tables
from charrnn.corpus.lines import decoded_lines, opened
from charrnn.errors import CorpusError
from charrnn.text import abstention, clean

BUNDLED = "names"
MOST_LABELS = 1000


def bundled_folder() -> Path:
    """The folder of the bundled corpus: inside an installed package, or ``data/names`` of a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_data" / BUNDLED
    return installed if installed.is_dir() else package.parent / "data" / BUNDLED


def read(data: str | Path, name_column: str = "name", label_column: str = "label", pipeline: str = "ascii") -> Corpus:
    """See :meth:`charrnn.corpus.Corpus.read`."""
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
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}). Check the path and its rights."
        ) from error
    for file, suffix in files:
        before = len(collector.names)
        with opened(file) as stream:
            if suffix in tables.SUFFIXES:
                collector.add(tables.rows(file, suffix, stream, name_column, label_column))
            else:
                label = sys.intern(file.name.removesuffix(".gz").removesuffix(suffix))
                collector.add((line, label) for line in decoded_lines(file, stream))
        if len(collector.names) == before:
            raise CorpusError(f"{file}: no names in it. Put one name a line there, or remove the file.")
    return collector.corpus()


def _suffix(file: Path) -> str:
    """The suffix that tells the format, in lower case, ``.gz`` left out."""
    return Path(file.name.removesuffix(".gz")).suffix.lower()


def _files(path: Path) -> list[tuple[Path, str]]:
    if not path.exists():
        known = ", ".join(repr(name) for name in (BUNDLED, *fetch.sources()))
        raise CorpusError(
            f"{path}: no such file or folder. Give a folder of <Label>.txt, a text file with one name a line, "
            f"a table ({', '.join(tables.SUFFIXES)}), or one of {known}."
        )
    if not path.is_dir():
        suffix = _suffix(path)
        # Only a known suffix is one: the label of "de.la.Cruz" is the whole name.
        return [(path, suffix if suffix in (*tables.SUFFIXES, ".txt") else "")]
    files = sorted(file for pattern in ("*.txt", "*.txt.gz") for file in path.glob(pattern))
    if not files:
        raise CorpusError(f"{path}: no <Label>.txt in this folder. Put one text file a label there, one name a line.")
    return [(file, ".txt") for file in files]


class _Collector:
    """Cleans names as they come, and counts what is left out."""

    def __init__(self, source: str, pipeline: str) -> None:
        self.source, self.pipeline = source, pipeline
        self.names: list[str] = []
        self.labels: list[str] = []
        self.dropped: Counter[str] = Counter()
        self.spellings: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, rows: Iterable[tables.Row]) -> None:
        """Take (name, label) rows.

        Raises:
            CorpusError: two labels differ in letter case alone, or there are too many of them.
        """
        known: dict[object, str] = {}
        for raw_name, raw_label in rows:
            if isinstance(raw_label, str) and raw_label in known:
                label = known[raw_label]
            else:
                label = self._label(raw_label)
                if isinstance(raw_label, str):
                    known[raw_label] = label
            reason, name = self._name(raw_name)
            if reason is None and not label:
                reason = "missing-label"
            if reason:
                self.dropped[reason] += 1
            else:
                self.names.append(name)
                self.labels.append(label)

    def _name(self, raw: object) -> tuple[str | None, str]:
        if raw is None or raw != raw:  # NaN is the one value that differs from itself
            return "missing-name", ""
        if not isinstance(raw, str):
            return "not-text", ""
        name = clean(raw)
        return abstention(name, self.pipeline), name

    def _label(self, raw: object) -> str:
        if raw is None or raw != raw:
            return ""
        label = sys.intern(clean(str(raw)))
        spellings = self.spellings[label.casefold()]
        spellings.add(label)
        if len(spellings) > 1:
            raise CorpusError(
                f"{self.source}: the labels {' and '.join(sorted(spellings))} differ in letter case alone. "
                "Merge them into one."
            )
        if len(self.spellings) > MOST_LABELS:
            raise CorpusError(
                f"{self.source}: over {MOST_LABELS:,} distinct labels, the last one {label!r}. Is --label-column right?"
            )
        return label

    def corpus(self) -> Corpus:
        return Corpus(self.names, self.labels, self.source, dict(self.dropped))
