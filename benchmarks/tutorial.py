"""The default recipes on the tutorials' data and makemore's names.

Needs both data sets beside the checkout, in ``../shared/data``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from common import SHARED, report

import charrnn
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
    report("tutorial", figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
