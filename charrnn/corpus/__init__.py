"""Labelled names: a :class:`Corpus`, where it is read from and how it is split.

Columns rather than objects, so that a million names stay cheap: ``names[i]`` carries the label ``labels[i]``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from charrnn.text import PIPELINES, fold


@dataclass(frozen=True)
class Corpus:
    """Names with their labels, in the order of the source, repeats included.

    Attributes:
        names: cleaned names, as spelled.
        labels: the label of each name, same length as ``names``.
        source: where the names came from, for messages and model cards.
        dropped: how many lines were left out on reading, by reason.
    """

    names: Sequence[str]
    labels: Sequence[str]
    source: str = "memory"
    dropped: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def read(
        data: str | Path, name_column: str = "name", label_column: str = "label", pipeline: str = "ascii"
    ) -> Corpus:
        """Read a corpus. Names are cleaned (NFC, white space); what cannot be used is left out and counted.

        Args:
            data: ``names`` (bundled), ``tutorial`` or ``makemore`` (downloaded once); a folder of ``<Label>.txt``; a
                text file with one name a line (its stem is the label); a CSV, TSV, JSON Lines or Parquet table. All of
                these may be compressed (``.gz``).
            name_column: of a table.
            label_column: of a table.
            pipeline: what the names are read for; ``native`` leaves no script out (see
                :data:`charrnn.text.PIPELINES`).

        Raises:
            CorpusError: it is missing, empty, malformed, or not in UTF-8; the message names file and row.
            MissingExtraError: it is a Parquet table and pyarrow is not installed.
        """
        from charrnn.corpus.read import read

        return read(data, name_column, label_column, pipeline)

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def keys(self) -> list[str]:
        """What makes two spellings one name: ASCII in folded case, one for each entry; itself if there is no ASCII."""
        return [fold(name) or name for name in self.names]

    @cached_property
    def label_set(self) -> list[str]:
        """The distinct labels, sorted."""
        return sorted(set(self.labels))

    @cached_property
    def label_counts(self) -> dict[str, int]:
        """Entries for each label, in the order of :attr:`label_set`."""
        counts = Counter(self.labels)
        return {label: counts[label] for label in self.label_set}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the entries in sorted order: the same names and labels give the same fingerprint."""
        digest = hashlib.sha256()
        for label, name in sorted(zip(self.labels, self.names, strict=True)):
            digest.update(f"{label}\t{name}\n".encode())
        return digest.hexdigest()

    def select(self, indices: Sequence[int]) -> Corpus:
        """The entries at the indices, in that order."""
        return Corpus([self.names[i] for i in indices], [self.labels[i] for i in indices], self.source)

    def distinct_pairs(self, pipeline: str = "ascii") -> Corpus:
        """Without repeated (name, label) pairs, names compared as a classifier reads them; the first spelling stays.

        Args:
            pipeline: ``ascii``, which compares :attr:`keys`, or ``native``, which tells Müller from Muller.
        """
        first: dict[tuple[str, str], int] = {}
        read = PIPELINES["native-folded"]
        texts = [read(name) for name in self.names] if pipeline.startswith("native") else self.keys
        for i, pair in enumerate(zip(texts, self.labels, strict=True)):
            first.setdefault(pair, i)
        distinct = self.select(list(first.values()))
        repeats = len(self) - len(distinct)
        return replace(distinct, dropped=self.dropped | ({"repeated": repeats} if repeats else {}))

    def without(self, keys: Collection[str]) -> Corpus:
        """Without the entries whose key is in ``keys`` (another corpus' :attr:`keys`, say)."""
        keys = set(keys)
        return self.select([i for i, key in enumerate(self.keys) if key not in keys])
