"""Scores on names of a source never trained on, less the training names: bundled → tutorial, and the other way round.

Needs the tutorials' data beside the checkout, in ``../shared/data``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from common import SHARED, report

import charrnn
from charrnn.inference.evaluate import out_of_source
from charrnn.train import main as train


def main() -> int:
    if not SHARED.is_dir():
        print(f"{SHARED}: the tutorials' data is not there; nothing was measured.", file=sys.stderr)
        return 2
    names, tutorial = charrnn.Corpus.read("names"), charrnn.Corpus.read(SHARED / "tutorial")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tutorial"
        if train(["classifier", "--data", str(SHARED / "tutorial"), "--out", str(out)]):
            return 2
        scores = {
            "names -> tutorial": out_of_source(charrnn.load("names/classifier"), names, tutorial),
            "tutorial -> names": out_of_source(charrnn.load(out), tutorial, names),
        }
    figures = {}
    for what, score in scores.items():
        figures |= {f"{what}: {key}": score[key] for key in ("balanced_accuracy", "top3_accuracy", "names")}
        figures |= {f"{what}: recall {label}": share for label, share in score["recall"].items()}
    report("out_of_source", figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
