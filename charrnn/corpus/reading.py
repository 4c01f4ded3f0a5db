"""Reading labelled names: a bundled or downloaded corpus, a folder of lists, a text file, a table."""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from charrnn import arguments
from charrnn.corpus import fetch
from charrnn.corpus.rows import FORMATS, ReadOptions, TableFile, format_of, read_columns, read_lines
from charrnn.errors import CorpusError, InputError
from charrnn.model_config import ANY_KIND
from charrnn.text import MISSING_NAMES, clean, is_missing, printable, rejection_reason

BUNDLED, LATIN = "names", "names/latin"
SIDES = {"train", "validation", "test"}
"""The folders that a split is written to: no kinds."""
MOST_LABELS = 1000
MOST_TOLD = 10
"""Malformed rows that are told; the others are counted."""


class LabelledNames(NamedTuple):
    """Three columns of equal length, the last one empty without kinds, and the number of rows left out, by reason."""

    names: list[str]
    labels: list[str]
    kinds: list[str]
    dropped: dict[str, int]


def bundled_folders(name: str = BUNDLED) -> list[Path]:
    """The folders of the bundled corpus, inside an installed package or a checkout.

    Args:
        name: ``names`` for all of it, in Latin letters and in the labels' own scripts; ``names/latin`` for all kinds in
            Latin letters; ``names/<kind>`` for one of them.
    """
    package = Path(__file__).parent.parent
    installed = package / "_data"
    data = installed if installed.is_dir() else package.parent / "data"
    if name == BUNDLED:
        return [data / BUNDLED, data / "native"]
    return [data / BUNDLED] if name == LATIN else [data / name]


def bundled_names() -> list[str]:
    """``names``, ``names/latin``, and ``names/<kind>`` for each kind."""
    folder = bundled_folders()[0]
    return [BUNDLED, LATIN, *(f"{BUNDLED}/{own.name}" for own in sorted(folder.iterdir()) if own.is_dir())]


def read_labelled_names(
    data: str | Path, columns: Mapping[str, str], pipeline: str, options: ReadOptions
) -> LabelledNames:
    """The names and labels of a corpus.

    Args:
        data: as of :meth:`charrnn.corpus.Corpus.read`, which has the errors too.
        columns: of a table, those of names, of labels and, if any, of kinds, by the flags that set them.
        pipeline: as of :meth:`charrnn.corpus.Corpus.read`.
        options: likewise.
    """
    path = arguments.path("data", data)
    source = str(data)
    folders = [path]
    if isinstance(data, str) and (source in fetch.sources() or source in bundled_names()):
        folders = [fetch.fetch(source)] if source in fetch.sources() else bundled_folders(source)
        options = ReadOptions()
        if path.exists():
            print(
                f"{source}: the list of that name, not the one at ./{source}. Give ./{source} for that.",
                file=sys.stderr,
            )
    collector = _Collector(source, pipeline)
    try:
        files = [file for folder in folders for file in _files(folder)]
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror or error}). Check the path and its rights."
        ) from error
    unread: dict[Path, str] = {}  # lists of names that this pipeline cannot read, with a reason
    for file, kind in files:
        before, dropped_before = len(collector.names), collector.dropped.copy()
        table_format = format_of(file)
        options.check_format(table_format)
        if table_format:
            for (names, labels, *more), bad_rows in read_columns(TableFile(str(file), table_format, options), columns):
                kinds = more[0] if more else repeat(None)
                collector.add(zip(map(_none_if_missing, names), labels, kinds, strict=False))
                collector.add_bad_rows(bad_rows)
        else:
            collector.add(zip(read_lines(file, options.encoding), repeat(_label_of(file)), repeat(kind)))
        if len(collector.names) == before:
            reasons = collector.dropped - dropped_before
            del reasons["missing-name"]
            unread[file] = reasons.most_common(1)[0][0] if reasons else ""
    labels_read = set(collector.labels)
    for file, reason in unread.items():
        if not reason:
            raise CorpusError(f"{file}: no names in it. Put one name a line there, or remove the file.")
        if format_of(file) or clean(_label_of(file)) not in labels_read:
            other_script = pipeline.startswith("ascii") and reason in ("unsupported-script", "no-letters")
            remedy = "A model that is trained with --pipeline native reads every script; otherwise mend" * other_script
            raise CorpusError(
                f"{file}: none of its {'rows' if format_of(file) else 'names'} can be used ({reason}). "
                f"{remedy or 'Mend'} or remove the file."
            )
    has_kinds = any(kind is not None or (len(columns) > 2 and format_of(file)) for file, kind in files)
    return LabelledNames(
        collector.names, collector.labels, collector.kinds if has_kinds else [], dict(+collector.dropped)
    )


def _none_if_missing(name: object) -> object:
    return None if isinstance(name, str) and name in MISSING_NAMES else name


def _files(path: Path) -> list[tuple[Path, str | None]]:
    """The files of a corpus, each with its kind, if it has one."""
    if not path.exists():
        corpora = ", ".join(repr(name) for name in (*bundled_names(), *fetch.sources()))
        raise InputError(
            f"{path}: no such file or folder. Give a folder of <Label>.txt, a text file with one name a line, "
            f"a table ({', '.join(FORMATS)}), or one of {corpora}."
        )
    if not path.is_dir():
        return [(path, None)]
    flat: list[tuple[Path, str | None]] = [(file, None) for file in _lists_in(path)]
    folders = sorted(own for own in path.iterdir() if own.is_dir() and not own.name.startswith("."))
    of_kinds: list[tuple[Path, str | None]] = [(file, own.name) for own in folders for file in _lists_in(own)]
    if {own.name for own in folders} == SIDES and not flat:
        raise InputError(f"{path}: holds the sides of a split. Give one of them, such as {path / 'train'}.")
    if flat and of_kinds:
        raise CorpusError(
            f"{path}: holds {flat[0][0].name} beside {of_kinds[0][1]}/{of_kinds[0][0].name}. Put the former into a "
            f"folder of its kind, or into {ANY_KIND}/."
        )
    if not flat and not of_kinds:
        raise InputError(f"{path}: no <Label>.txt in this folder. Put one text file a label there, one name a line.")
    return flat or of_kinds


def _lists_in(folder: Path) -> list[Path]:
    return sorted(file for pattern in ("*.txt", "*.txt.gz") for file in folder.glob(pattern))


def _label_of(file: Path) -> str:
    # Other suffixes belong to the label: the whole of "de.la.Cruz" is one.
    return sys.intern(file.name.removesuffix(".gz").removesuffix(".txt"))


class _Collector:
    """Cleans names, labels and kinds row by row, and counts the rows left out."""

    def __init__(self, source: str, pipeline: str) -> None:
        self.source, self.pipeline = source, pipeline
        self.names: list[str] = []
        self.labels: list[str] = []
        self.kinds: list[str] = []
        self.dropped: Counter[str] = Counter()
        self._labels, self._kinds = (_Words(source, what, f"--{what}-column") for what in ("label", "kind"))

    def add(self, rows: Iterable[tuple[object, object, object]]) -> None:
        """Add rows of a name, a label and a kind: text, None, or values that are no text.

        Raises:
            CorpusError: two labels or kinds differ in case or marks alone, or there are over :data:`MOST_LABELS`.
        """
        for raw_name, raw_label, raw_kind in rows:
            label = self._labels.clean(raw_label)
            reason, name = self._clean_name(raw_name)
            if reason is None and not label:
                reason = "missing-label"
            if reason:
                self.dropped[reason] += 1
            else:
                self.names.append(name)
                self.labels.append(label)
                kind = "" if raw_kind is None else self._kinds.clean(raw_kind)
                self.kinds.append(kind or self._kinds.clean(ANY_KIND))

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


class _Words:
    """The labels or the kinds of a corpus, each cleaned once."""

    def __init__(self, source: str, what: str, flag: str) -> None:
        self.source, self.what, self.flag = source, what, flag
        self._cleaned: dict[str, str] = {}  # by the text in the source
        self._spellings: defaultdict[str, set[str]] = defaultdict(set)  # by the word in folded case, without marks

    def clean(self, raw: object) -> str:
        """The word, empty if it is missing.

        Raises:
            CorpusError: another one differs in letter case or marks alone, or there are over :data:`MOST_LABELS`.
        """
        if isinstance(raw, str) and raw in self._cleaned:
            return self._cleaned[raw]
        word = "" if is_missing(raw) else sys.intern(clean(str(raw)))
        if word:
            self._check(word)
        if isinstance(raw, str):
            self._cleaned[raw] = word
        return word

    def _check(self, word: str) -> None:
        spellings = self._spellings[_without_marks(word)]
        spellings.add(word)
        if len(spellings) > 1:
            raise CorpusError(
                f"{self.source}: the {self.what}s {' and '.join(sorted(spellings))} differ in letter case or marks "
                "alone. Merge them into one."
            )
        if len(self._spellings) > MOST_LABELS:
            raise CorpusError(
                f"{self.source}: over {MOST_LABELS:,} distinct {self.what}s, the last one {word!r}. "
                f"Is {self.flag} right?"
            )


def _without_marks(word: str) -> str:
    """In folded case, without the marks on Latin letters; in other scripts they make other letters, as in й."""
    kept, is_latin = [], False
    for c in unicodedata.normalize("NFKD", word.casefold()):
        if not unicodedata.combining(c):
            is_latin = unicodedata.name(c, "").startswith("LATIN")
        if not (is_latin and unicodedata.combining(c)):
            kept.append(c)
    return "".join(kept)
