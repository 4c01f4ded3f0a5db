"""What every benchmark shares: where it ran, and where its figures go."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "runs" / "benchmarks"
SHARED = ROOT.parent / "shared" / "data"


def machine() -> dict[str, Any]:
    """Versions, processor and commit."""
    import numpy

    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        )
        if Path("/proc/cpuinfo").exists()
        else iter(()),
        platform.processor(),
    )
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "cpu": model,
        "cores": os.cpu_count(),
        "commit": commit.stdout.strip(),
    }


def median_seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """Median time of a call, after one call to warm up."""
    run()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def report(name: str, results: dict[str, Any]) -> None:
    """Print the results and write them, with the machine, to ``runs/benchmarks/<name>.json``."""
    for key, value in results.items():
        print(f"{key:<48} {value:,.4g}" if isinstance(value, float) else f"{key:<48} {value}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": machine(), "figures": results}, indent=1) + "\n")


def write_table(section: str, text: str) -> None:
    """Put a table in its place in ``docs/results.md``."""
    path = ROOT / "docs" / "results.md"
    old, begin, end = path.read_text(encoding="utf-8"), f"<!-- {section} -->\n", f"<!-- end of {section} -->"
    new = f"{begin}\n{text}\n\n{end}"
    path.write_text(old[: old.index(begin)] + new + old[old.index(end) + len(end) :], encoding="utf-8")
