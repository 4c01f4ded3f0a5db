"""Scores on names of a source never trained on, less the training names: bundled → tutorial, and the other way round.

The measure is balanced accuracy under a uniform prior over the labels with at least 30 names left. Needs the tutorials'
data beside the checkout, in ``../shared/data``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from common import SHARED, report

import charrnn
from charrnn.inference.evaluate import evaluate, uniform
from charrnn.train import main as train

LEAST = 30


def score(model: charrnn.Classifier, source: charrnn.Corpus, target: charrnn.Corpus, what: str) -> dict[str, float]:
    unseen = target.without(source.keys).distinct_pairs()
    kept = unseen.select([i for i, label in enumerate(unseen.labels) if unseen.label_counts[label] >= LEAST])
    scores = evaluate(model, kept, "uniform")
    figures = {f"{what}: {key}": scores[key] for key in ("balanced_accuracy", "top3_accuracy", "n")}
    answers = uniform(model, model.probabilities(kept.names)).argmax(axis=1)
    right = np.array([model.labels[a] for a in answers]) == np.array(kept.labels)
    for label, count in kept.label_counts.items():
        figures[f"{what}: recall {label} ({count:,} names)"] = float(right[np.array(kept.labels) == label].mean())
    return figures


def main() -> int:
    if not SHARED.is_dir():
        print(f"{SHARED}: the tutorials' data is not there; nothing was measured.", file=sys.stderr)
        return 2
    names, tutorial = charrnn.Corpus.read("names"), charrnn.Corpus.read(SHARED / "tutorial")
    figures = score(charrnn.load("names/classifier"), names, tutorial, "names -> tutorial")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tutorial"
        if train(["classifier", "--data", str(SHARED / "tutorial"), "--out", str(out)]):
            return 2
        figures |= score(charrnn.load(out), tutorial, names, "tutorial -> names")
    report("out_of_source", figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
