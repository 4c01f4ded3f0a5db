"""Read, clean and split a million names: seconds and peak memory, in a process of its own."""

from __future__ import annotations

import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import report

import charrnn
from charrnn.corpus.split import split

ROWS = 1_000_000


def write_names(path: Path) -> None:
    """Write a CSV of names made of the halves of two bundled ones: they look like names, and few repeat."""
    corpus = charrnn.Corpus.read("names/surname")
    rng = np.random.default_rng(0)
    left, right = rng.integers(len(corpus), size=(2, ROWS))
    with path.open("w", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["name", "label"])
        for i, j in zip(left.tolist(), right.tolist(), strict=True):
            a, b = corpus.names[i], corpus.names[j]
            rows.writerow([a[: len(a) // 2 + 1] + b[len(b) // 2 :], corpus.labels[i]])


def measure(path: Path) -> None:
    began = time.perf_counter()
    corpus = charrnn.Corpus.read(path)
    read = time.perf_counter()
    splits = split(corpus)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    assert sum(map(len, splits)) == len(corpus)
    report(
        "corpus",
        {
            "names": len(corpus),
            "distinct names": len(set(corpus.keys)),
            "read and clean, seconds": read - began,
            "split, seconds": done - read,
            "read, clean and split, seconds": done - began,
            "peak memory, GiB": peak,
        },
    )


def main() -> None:
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.csv"
        write_names(path)
        subprocess.run([sys.executable, __file__, str(path)], check=True)


if __name__ == "__main__":
    main()
