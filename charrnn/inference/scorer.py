"""What is done with each part of a table, wherever it is done: here, in another process, on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from charrnn.errors import SettingsError, needs_extra
from charrnn.inference import load, parts
from charrnn.inference.answers import Ranking
from charrnn.inference.classifier import Classifier
from charrnn.inference.parts import Entry, Job, Number

with needs_extra("tables"):
    import pyarrow as pa


class Scorer:
    """Classifies parts of a table.

    Args:
        job: what to classify, and how.
        folder: where parts are kept; without it, they are given back.

    Raises:
        CharRNNError: a model cannot be loaded.
    """

    def __init__(self, job: Job, folder: Path | None) -> None:
        self.job, self.folder = job, folder
        classifier = load(job.model)
        likeness = load(job.generator) if job.generator else None
        assert isinstance(classifier, Classifier) and not isinstance(likeness, Classifier)
        self.classifier, self.likeness = classifier, likeness
        # Sets of labels differ in size; columns must not.
        self.width = classifier.shown(job.settings["top_k"], job.settings["coverage"])

    def __call__(self, number: Number, table: pa.Table) -> Entry:
        """Answer for the names of a part, and keep it.

        Raises:
            SettingsError: there are no names, or a column cannot be written.
            OSError: the part cannot be written.
        """
        names = names_of(table, self.job.name_column)
        ranking = self.classifier.rank(names, **self.job.settings, likeness=self.likeness)
        answered = append_answers(table, ranking, self.classifier.labels, self.width)
        return parts.keep(self.folder, number, answered, self.job)


def append_answers(table: pa.Table, ranking: Ranking, labels: list[str], width: int) -> pa.Table:
    """The table with ``label``, ``probability``, ``label_2``, … ``abstained`` and ``reason``.

    A column of the table that has one of these names is kept as ``input_`` and its name.

    Args:
        table: the rows that were asked about.
        ranking: the answers.
        labels: of the model.
        width: labels to show, however many the answers have.
    """
    names = np.array(labels, object)
    answers: dict[str, Any] = {}
    for k in range(width):
        rank = f"_{k + 1}" if k else ""
        if k >= ranking.labels.shape[1]:
            answers[f"label{rank}"] = pa.nulls(len(table), pa.string())
            answers[f"probability{rank}"] = pa.nulls(len(table), pa.float64())
            continue
        hidden, rounded = ranking.sizes <= k, np.round(ranking.probabilities[:, k], 6)
        answers[f"label{rank}"] = pa.array(names[ranking.labels[:, k]], pa.string(), mask=hidden)
        answers[f"probability{rank}"] = pa.array(rounded, pa.float64(), mask=hidden)
    answers["abstained"] = pa.array([reason is not None for reason in ranking.reasons], pa.bool_())
    answers["reason"] = pa.array(ranking.reasons, pa.string())
    kept = [f"input_{column}" if column in answers else column for column in table.column_names]
    return pa.table([*table.columns, *answers.values()], names=[*kept, *answers])


def as_arrow(table: Any) -> pa.Table:
    """What Arrow can read as a table."""
    return table if isinstance(table, pa.Table) else pa.table(table)


def names_of(table: pa.Table, column: str) -> list[str]:
    """The names of a table, "" for what is missing.

    Raises:
        SettingsError: there is no such column, or it does not hold text.
    """
    if table.column_names.count(column) != 1:
        found = ", ".join(table.column_names)[:200]
        raise SettingsError(f"no column {column!r}; found {found}. Set --name-column.")
    values = table.column(column).to_pylist()
    if wrong := next((value for value in values if value is not None and not isinstance(value, str)), None):
        raise SettingsError(f"column {column!r}: holds {wrong!r}, which is no text. Set --name-column.")
    return [value or "" for value in values]
