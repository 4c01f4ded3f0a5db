"""A :class:`Corpus` of labelled names, held as columns: ``names[i]`` has the label ``labels[i]`` and a kind, if any."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING

from charrnn.arguments import boolean, choice, instance, listed, text, texts
from charrnn.errors import CorpusError, SettingsError
from charrnn.text import PIPELINES, name_key

if TYPE_CHECKING:
    from charrnn.corpus.rows import ReadOptions


@dataclass(frozen=True)
class Corpus:
    """Names with their labels, in the order of the source, repeats included.

    Attributes:
        names: cleaned names, as spelled.
        labels: the label of each name, same length as ``names``.
        source: where the names came from, for messages and model cards.
        dropped: number of rows left out on reading, by reason.
        kinds: what sort of name each is, such as ``surname`` or ``female``, same length as ``names``; empty for a
            corpus without kinds.

    Raises:
        CorpusError: names, labels or kinds are no sequence of texts, or there are more of one than of another.
    """

    names: Sequence[str]
    labels: Sequence[str]
    source: str = "memory"
    dropped: dict[str, int] = field(default_factory=dict)
    kinds: Sequence[str] = ()

    def __post_init__(self) -> None:
        for column in ("names", "labels", "kinds"):
            values = getattr(self, column)
            # A list of ten million names is not copied, and looked through in half a second.
            values = values if isinstance(values, list) else listed(column, values, CorpusError)
            if not all(issubclass(kind, str) for kind in {*map(type, values)}):
                raise CorpusError(f"{column}: hold something that is no text. Leave missing ones out.")
            object.__setattr__(self, column, values)
        text("source", self.source, CorpusError)
        instance("dropped", self.dropped, dict, "numbers by reason", CorpusError)
        if len(self.names) != len(self.labels):
            raise CorpusError(f"{len(self.names):,} names and {len(self.labels):,} labels. Give one for each name.")
        if self.kinds and len(self.names) != len(self.kinds):
            raise CorpusError(
                f"{len(self.names):,} names and {len(self.kinds):,} kinds. Give one for each name, or none."
            )

    @staticmethod
    def read(
        data: str | Path,
        name_column: str = "name",
        label_column: str = "label",
        pipeline: str = "ascii",
        options: ReadOptions | None = None,
        kind_column: str | None = None,
    ) -> Corpus:
        """Read a corpus. Names are cleaned (NFC, white space); rows that cannot be used are left out and counted.

        Args:
            data: ``"names"`` (bundled, in all scripts, with kinds), ``"names/surname"``, ``"names/female"`` or
                ``"names/male"`` (one kind of it in Latin letters), ``"tutorial"`` or ``"makemore"`` (downloaded once);
                a folder of ``<Label>.txt`` or ``<kind>/<Label>.txt``; a text file with one name a line (its stem is the
                label); a table: CSV, TSV, JSON Lines, a JSON array, Parquet or an Excel workbook. Text may be
                compressed (``.gz``). A ``Path`` is always a file or folder.
            name_column: of a table; letter case counts only where several columns fit.
            label_column: of a table, likewise.
            pipeline: of the model that the names are for; ``native`` accepts every script (see
                :data:`charrnn.text.PIPELINES`).
            options: encoding, delimiter, and what to do with malformed rows; not used for the corpora above that have a
                name.
            kind_column: of a table, with the kinds; an empty cell stands for ``any``. None: there are none.

        Raises:
            InputError: it is missing, empty, malformed, or in another encoding; the message names file and row.
            SettingsError: the options do not fit the file.
            CorpusError: it holds no usable name, or labels that cannot be told apart.
            StorageError: a download cannot be written.
            MissingExtraError: the package that reads this format is not installed.
        """
        # Reading needs urllib and tqdm, whose import takes longer than that of the rest of charrnn.
        from charrnn.corpus.reading import read_labelled_names
        from charrnn.corpus.rows import ReadOptions

        text("name_column", name_column)
        text("label_column", label_column)
        choice("pipeline", pipeline, PIPELINES)
        instance("options", options, (ReadOptions, NoneType), "ReadOptions", SettingsError)
        columns = {"--name-column": name_column, "--label-column": label_column}
        if kind_column is not None:
            columns["--kind-column"] = text("kind_column", kind_column)
        names, labels, kinds, dropped = read_labelled_names(data, columns, pipeline, options or ReadOptions())
        return Corpus(names, labels, str(data), dropped, kinds)

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def keys(self) -> list[str]:
        """The key of each entry: its name in ASCII and folded case, the name itself if it has no ASCII spelling.

        Two spellings with equal keys count as one name.
        """
        return [name_key(name) for name in self.names]

    @cached_property
    def label_set(self) -> list[str]:
        """The distinct labels, sorted."""
        return sorted(set(self.labels))

    @cached_property
    def label_counts(self) -> dict[str, int]:
        """Number of entries of each label, in the order of :attr:`label_set`."""
        counts = Counter(self.labels)
        return {label: counts[label] for label in self.label_set}

    @cached_property
    def distinct_counts(self) -> dict[str, int]:
        """Number of distinct names of each label, in the order of :attr:`label_set`; see :attr:`keys`."""
        counts = Counter(label for _, label in set(zip(self.keys, self.labels, strict=True)))
        return {label: counts[label] for label in self.label_set}

    @cached_property
    def kind_counts(self) -> dict[str, int]:
        """Number of entries of each kind, sorted by kind; empty for a corpus without kinds."""
        return dict(sorted(Counter(self.kinds).items()))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the entries in sorted order: the same names, labels and kinds give the same fingerprint."""
        digest = hashlib.sha256()
        columns = (self.labels, self.names, self.kinds) if self.kinds else (self.labels, self.names)
        for entry in sorted(zip(*columns, strict=True)):
            digest.update(("\t".join(entry) + "\n").encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def select(self, indices: Sequence[int]) -> Corpus:
        """The entries at the indices, in that order.

        Raises:
            CorpusError: an index is no whole number, or out of range.
        """
        indices = listed("indices", indices, CorpusError)
        try:
            names, labels, kinds = (
                [column[i] for i in indices] if column else [] for column in (self.names, self.labels, self.kinds)
            )
        except (IndexError, TypeError) as error:
            raise CorpusError(f"indices: one is no index of {len(self):,} names. Give whole numbers below.") from error
        return Corpus(names, labels, self.source, kinds=kinds)

    def distinct_pairs(self, pipeline: str = "ascii", by_kind: bool = False) -> Corpus:
        """Without repeated (name, label) pairs; of several spellings the first stays.

        Args:
            pipeline: spellings that it reads alike are one; ``ascii`` compares :attr:`keys`, ``native`` tells Müller
                from Muller.
            by_kind: a name that a label has in two kinds is two.

        Raises:
            SettingsError: there is no such pipeline.
        """
        choice("pipeline", pipeline, PIPELINES)
        by_kind = boolean("by_kind", by_kind)
        first: dict[tuple[str, ...], int] = {}
        read = PIPELINES[pipeline]
        texts = self.keys if pipeline.startswith("ascii") else [read(name).lower() for name in self.names]
        kinds = [self.kinds] if by_kind and self.kinds else []
        for i, pair in enumerate(zip(texts, self.labels, *kinds, strict=True)):
            first.setdefault(pair, i)
        distinct = self.select(list(first.values()))
        repeats = len(self) - len(distinct)
        return replace(distinct, dropped=self.dropped | ({"repeated": repeats} if repeats else {}))

    def without(self, keys: Collection[str]) -> Corpus:
        """Without the entries whose key is in ``keys``, such as another corpus' :attr:`keys`.

        Raises:
            CorpusError: the keys are no collection of texts.
        """
        keys = keys if isinstance(keys, set | frozenset) else set(texts("keys", keys, CorpusError))
        return self.select([i for i, key in enumerate(self.keys) if key not in keys])
