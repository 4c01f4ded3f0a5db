"""What a classifier answers: name by name, as arrays, or as columns of an Arrow table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from charrnn.arrays import Floats, Ints
from charrnn.errors import InputError, needs_extra


class LabelScore(NamedTuple):
    """A label and its probability."""

    label: str
    probability: float


class Prediction(NamedTuple):
    """The answer for one name.

    Attributes:
        name: as it was given.
        predictions: the most probable labels, or those of a set (see :meth:`Classifier.predict`), best first; empty
            where the name cannot be scored.
        reason: why the model abstains (see :meth:`Classifier.predict`), or None.
    """

    name: str
    predictions: tuple[LabelScore, ...]
    reason: str | None = None

    @property
    def abstained(self) -> bool:
        """Whether the model abstains."""
        return self.reason is not None


@dataclass(frozen=True)
class Ranking:
    """Answers as arrays, a row for each of N names; K is the largest number of labels that any of them shows.

    Attributes:
        labels: indices of the labels, most probable first, (N, K).
        probabilities: of these labels, (N, K); NaN where the name cannot be scored.
        sizes: how many labels each name shows, (N,); 0 where the name cannot be scored.
        reasons: why the model abstains, or None, for each name.
    """

    labels: Ints
    probabilities: Floats
    sizes: Ints
    reasons: list[str | None]


def append_answers(table: Any, ranking: Ranking, labels: list[str], width: int) -> Any:
    """An Arrow table with the columns ``label``, ``probability``, ``label_2``, … ``abstained`` and ``reason`` added.

    A column of the table that has one of these names is renamed: ``input_`` stands before it.

    Args:
        table: the Arrow table whose names were classified.
        ranking: the answers, a row for each row of the table.
        labels: of the model.
        width: number of label columns, however many labels the answers show.
    """
    import pyarrow as pa

    names = np.array(labels, object)
    answers: dict[str, Any] = {}
    for k in range(width):
        rank = f"_{k + 1}" if k else ""
        if k >= ranking.labels.shape[1]:
            answers[f"label{rank}"] = pa.nulls(len(table), pa.string())
            answers[f"probability{rank}"] = pa.nulls(len(table), pa.float64())
            continue
        absent, rounded = ranking.sizes <= k, np.round(ranking.probabilities[:, k], 6)
        answers[f"label{rank}"] = pa.array(names[ranking.labels[:, k]], pa.string(), mask=absent)
        answers[f"probability{rank}"] = pa.array(rounded, pa.float64(), mask=absent)
    answers["abstained"] = pa.array([reason is not None for reason in ranking.reasons], pa.bool_())
    answers["reason"] = pa.array(ranking.reasons, pa.string())
    kept = [f"input_{column}" if column in answers else column for column in table.column_names]
    return pa.table([*table.columns, *answers.values()], names=[*kept, *answers])


def as_arrow(table: Any) -> Any:
    """An Arrow table, or a data frame that Arrow can read (of pandas or Polars), as an Arrow table.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    with needs_extra("tables"):
        import pyarrow as pa
    return table if isinstance(table, pa.Table) else pa.table(table)


def names_of(table: Any, column: str) -> list[str]:
    """The names in a column of an Arrow table, "" for missing ones.

    Raises:
        InputError: the column is absent or twice there, or does not hold text.
    """
    if table.column_names.count(column) != 1:
        found = ", ".join(table.column_names)[:200]
        raise InputError(f"no column {column!r}; found {found}. Set --name-column.")
    values = table.column(column).to_pylist()
    if wrong := next((value for value in values if value is not None and not isinstance(value, str)), None):
        raise InputError(f"column {column!r}: holds {wrong!r}, which is no text. Set --name-column.")
    return [value or "" for value in values]
