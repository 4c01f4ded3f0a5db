"""The default recipes on the tutorials' data, makemore's names, and out of source.

Needs both data sets beside the checkout, in ``../shared/data``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from common import SHARED, report

import charrnn
from charrnn.inference.evaluate import evaluate
from charrnn.train import main as train


def main() -> int:
    if not SHARED.is_dir():
        print(f"{SHARED}: the tutorials' data is not there; nothing was measured.", file=sys.stderr)
        return 2
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for task, data in (("classifier", "tutorial"), ("generator", "makemore/names.txt")):
            out = Path(folder) / task
            began = time.perf_counter()
            if train([task, "--data", str(SHARED / data), "--out", str(out)]):
                return 2
            figures[f"{data}: seconds"] = time.perf_counter() - began
            for who, scores in charrnn.load(out).config.metrics.items():
                figures |= {f"{data}: {who}, {key}": value for key, value in scores.items()}
        names, tutorial = charrnn.Corpus.read("names"), charrnn.Corpus.read(SHARED / "tutorial")
        for source, target, model in (
            (names, tutorial, charrnn.load("names/classifier")),
            (tutorial, names, charrnn.load(Path(folder) / "classifier")),
        ):
            unseen = target.without(source.keys).distinct_pairs()
            enough = [i for i, label in enumerate(unseen.labels) if unseen.label_counts[label] >= 30]
            scores = evaluate(model, unseen.select(enough), "uniform")
            what = f"{'names' if source is names else 'tutorial'} -> other source, labels with 30 names"
            figures |= {f"{what}: {key}": scores[key] for key in ("balanced_accuracy", "top3_accuracy", "n")}
    report("tutorial", figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
