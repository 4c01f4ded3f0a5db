"""The tab that tells how good the models are, what they are not for, and where they come from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

from charrnn import __version__
from charrnn.inference import Classifier, Generator
from charrnn.service.models import ServedModels
from charrnn.service.page.rendering import SPACE, percent, render
from charrnn.service.page.texts import Texts

SCORES = {
    "accuracy": "about.accuracy",
    "top3_accuracy": "about.top3",
    "balanced_accuracy": "about.balanced",
    "ece": "about.ece",
    "nats_per_char": "about.nats",
}
"""Texts for the scores of a card that are shown, in this order."""
SHIPPED = ("names", "names/latin", "names/surname", "names/female", "names/male")
"""Data sets whose origin the texts tell."""
NAMED = 3
"""How many of the best and the worst labels are named."""


def about_html(models: ServedModels, texts: Texts) -> str:
    """The model cards as a page.

    Args:
        models: that are served.
        texts: in the reader's language.
    """
    served = [model for model in (models.classifier, models.generator) if model is not None]
    classifier, config = models.classifier, served[0].config
    source = config.data.get("source", "?")
    return render(
        "about",
        texts,
        label_count=len(served[0].labels),
        models=[_model(model, texts) for model in served],
        by_label=classifier.config.by_label if classifier else {},
        labels=classifier.labels if classifier else [],
        confusion=_confusion(classifier, texts) if classifier else [],
        reliability=_reliability(classifier, texts) if classifier else [],
        data_names=config.data.get("names", 0),
        is_shipped=source in SHIPPED,
        source=source if source in SHIPPED else Path(source).name,
        summary=_summary(classifier, texts) if classifier else None,
        version=__version__,
    )


def _model(model: Classifier | Generator, texts: Texts) -> dict[str, Any]:
    scores, outside = model.config.metrics, model.config.out_of_source
    columns = [texts("about.model") if name == "charrnn" else texts("about.baseline", name=name) for name in scores]
    first: dict[str, Any] = next(iter(scores.values()), {})
    rows = [
        {"title": texts(key), "figures": [_figure(score, report.get(score)) for report in scores.values()]}
        for score, key in SCORES.items()
        if score in first
    ]
    told = None
    if "balanced_accuracy" in outside:
        told = texts("about.outside", names=outside["names"], score=percent(outside["balanced_accuracy"]))
    return {
        "task": model.config.task,
        "columns": columns,
        "scores": rows,
        "tested": int(first.get("n") or first.get("names") or 0),
        "outside": told,
        "sha256": model.config.weights_sha256,
    }


def _figure(score: str, value: float | None) -> str:
    if value is None:
        return ""
    if score == "nats_per_char":
        return f"{value:.2f}"
    return f"{100 * value:.1f}{SPACE}%"


def _confusion(classifier: Classifier, texts: Texts) -> list[dict[str, Any]]:
    rows = []
    for true, report in classifier.config.by_label.items():
        counts = report.get("answers", {})
        if not (total := sum(counts.values())):
            continue
        cells = []
        for answer in classifier.labels:
            count = counts.get(answer, 0)
            share = count / total
            told = texts(
                "about.confusion.cell",
                share=percent(share),
                true=texts.label(true),
                answer=texts.label(answer),
                count=count,
            )
            cells.append({"share": share, "text": f"{100 * share:.0f}" if share >= 0.01 else "", "help": told})
        rows.append({"label": true, "cells": cells})
    return rows


def _summary(classifier: Classifier, texts: Texts) -> str | None:
    """How good it is, in a sentence: for how many of a hundred names it is right, best and worst at which labels."""
    recalls = {label: report["recall"] for label, report in classifier.config.by_label.items() if "recall" in report}
    scores: dict[str, Any] = next(iter(classifier.config.metrics.values()), {})
    if "accuracy" not in scores or len(recalls) < 2 * NAMED:
        return None
    ranked = [texts.label(label) for label in sorted(recalls, key=lambda label: -recalls[label])]
    joined = str(texts("set.separator")).join
    right = round(100 * scores["accuracy"])
    return texts("about.summary", right=right, best=joined(ranked[:NAMED]), worst=joined(ranked[: -NAMED - 1 : -1]))


class Bin(NamedTuple):
    """Answers of like confidence, as shares from 0 to 1."""

    confidence: float
    right: float
    radius: float
    help: str


def _reliability(classifier: Classifier, texts: Texts) -> list[Bin]:
    bins = [bin_ for bin_ in classifier.config.calibration.get("reliability", []) if bin_[0]]
    largest = max((names for names, _, _ in bins), default=1)
    shown = []
    for names, confidence, hits in bins:
        told = texts(
            "about.reliability.cell",
            count=int(names),
            confidence=percent(confidence / names),
            right=percent(hits / names),
        )
        shown.append(Bin(confidence / names, hits / names, 1 + 3 * math.sqrt(names / largest), told))
    return shown
