"""What a classifier answers: name by name, as arrays, or as columns of a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Floats, Ints
from charrnn.inference.explanation import Explanation
from charrnn.inference.full_name_probability import FullNameProbability
from charrnn.inference.full_names import Part, text_by_kind
from charrnn.name_forms import GIVEN, SURNAME


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
        parts: of a full name, in their order; empty where the text was read as one name.
    """

    name: str
    predictions: tuple[LabelScore, ...]
    reason: str | None = None
    parts: tuple[Part, ...] = ()

    @property
    def abstained(self) -> bool:
        """Whether the model abstains."""
        return self.reason is not None


def as_record(prediction: Prediction, explanation: Explanation | None = None) -> dict[str, Any]:
    """An answer in the keys of JSON: ``name``, ``predictions``, ``abstained``, ``reason``; of a full name
    ``parts``; ``explanation`` if any."""
    record: dict[str, Any] = {
        "name": prediction.name,
        "predictions": [{"label": label, "probability": p} for label, p in prediction.predictions],
        "abstained": prediction.abstained,
        "reason": prediction.reason,
    }
    if prediction.parts:
        record["parts"] = [{"text": text, "kind": kind} for text, kind in prediction.parts]
    if explanation:
        record["explanation"] = explanation_record(explanation)
    return record


def explanation_record(explanation: Explanation) -> dict[str, Any]:
    """An explanation in the keys of JSON, without the name."""
    return {
        "characters": explanation.characters,
        "label": explanation.label,
        "other": explanation.other,
        "shares": list(explanation.attributions),
        "rest": explanation.remainder,
        "score": explanation.score,
        "memory": explanation.memory,
        "listed": list(explanation.listed),
    }


SURE = 0.9
"""A family of at least this probability is told before a label that has less."""


def sure_families(
    model: FullNameProbability, predictions: Sequence[Prediction], settings: Mapping[str, Any]
) -> list[LabelScore | None]:
    """For each answer the best family, where that is sure and the best label is not; else None.

    Args:
        model: that gave the answers.
        predictions: of labels.
        settings: of :meth:`Classifier.predict`, which they were given for.
    """
    result: list[LabelScore | None] = [None] * len(predictions)
    unsure = [i for i, p in enumerate(predictions) if p.predictions and p.predictions[0].probability < SURE]
    if settings["level"] != "label" or not model.knows_families or not unsure:
        return result
    asked = {key: settings[key] for key in ("prior", "labels", "kind", "whole")}
    names = [predictions[i].name for i in unsure]
    for i, p in zip(unsure, model.probabilities(names, **asked, level="family"), strict=True):
        best = int(p.argmax())
        family = model.level_names("family")[best]
        # A label of another family may be the best one.
        if p[best] >= SURE and model.config.families[predictions[i].predictions[0].label] == family:
            result[i] = LabelScore(family, float(p[best]))
    return result


@dataclass(frozen=True)
class Ranking:
    """Answers as arrays, a row for each of N names; K is the largest number of labels that any of them shows.

    Attributes:
        labels: indices of the labels, most probable first, (N, K).
        probabilities: of these labels, (N, K); NaN where the name cannot be scored.
        sizes: how many labels each name shows, (N,); 0 where the name cannot be scored.
        reasons: why the model abstains, or None, for each name.
        parts: of full names, by the index of the name.
    """

    labels: Ints
    probabilities: Floats
    sizes: Ints
    reasons: list[str | None]
    parts: Mapping[int, tuple[Part, ...]] = field(default_factory=dict)


PREFIX = "charrnn_"
"""Before the names of answer columns, where a column of the table has one of their names."""


def answer_names(width: int, prefix: str = "", parts: bool = False) -> list[str]:
    """Names of the answer columns: ``label``, ``probability``, ``label_2``, … ``abstained``, ``reason``; then ``given``
    and ``surname``.

    Args:
        width: number of label columns.
        prefix: before each name.
        parts: whether there are the last two.
    """
    ranks = ["", *(f"_{rank}" for rank in range(2, width + 1))]
    names = [f"{name}{rank}" for rank in ranks for name in ("label", "probability")]
    return [f"{prefix}{name}" for name in (*names, "abstained", "reason", *((GIVEN, SURNAME) if parts else ()))]


def free_prefix(columns: Collection[object], width: int, parts: bool = False) -> str:
    """The first of no prefix, ``charrnn_``, ``charrnn_2_``, … with which no answer column has the name of a column."""
    prefix, number = "", 1
    while not set(answer_names(width, prefix, parts)).isdisjoint(columns):
        prefix, number = PREFIX if number == 1 else f"{PREFIX}{number}_", number + 1
    return prefix


def answer_columns(
    ranking: Ranking, labels: list[str], width: int, prefix: str = "", parts: bool = False
) -> dict[str, NDArray[Any]]:
    """Answers as columns, a value for each name.

    Args:
        ranking: the answers.
        labels: of the model.
        width: number of label columns, however many labels the answers show.
        prefix: before the name of each column.
        parts: whether to tell what the parts of full names were taken for.

    Returns:
        By the names of :func:`answer_names`: objects (text or None) for labels, reasons and parts; for probabilities,
        rounded to six places, numbers that are NaN where there is none; truth values.
    """
    names, count = np.array(labels, object), len(ranking.sizes)
    columns: list[NDArray[Any]] = []
    for k in range(width):
        if k < ranking.labels.shape[1]:
            absent = ranking.sizes <= k
            shown = names[ranking.labels[:, k]]
            shown[absent] = None
            columns.append(shown)
            columns.append(np.where(absent, np.nan, np.round(ranking.probabilities[:, k], 6)))
        else:
            columns += [np.full(count, None, object), np.full(count, np.nan)]
    reasons = np.full(count, None, object)
    reasons[:] = ranking.reasons
    columns += [np.array([reason is not None for reason in ranking.reasons], bool), reasons]
    if parts:
        by_kind = {kind: np.full(count, None, object) for kind in (GIVEN, SURNAME)}
        for i, own in ranking.parts.items():
            for kind, text in text_by_kind(own).items():
                by_kind[kind][i] = text
        columns += by_kind.values()
    return dict(zip(answer_names(width, prefix, parts), columns, strict=True))
