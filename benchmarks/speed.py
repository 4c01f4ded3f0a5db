"""How fast the shipped models answer: whole process, one name, many names, generated names."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import subprocess
import sys

from common import median_seconds, report

import charrnn


def process(*arguments: str) -> float:
    return median_seconds(lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True))


def main() -> None:
    classifier = charrnn.load("names/classifier")
    generator = charrnn.load("names/generator")
    names = sorted(set(charrnn.Corpus.read("names").keys))
    command, torch = process("-m", "charrnn", "classify", "Satoshi"), process("-c", "import torch")
    report(
        "speed",
        {
            "charrnn classify Satoshi, seconds": command,
            "python -c 'import torch', seconds": torch,
            "ratio": command / torch,
            "one name in process, milliseconds": 1e3 * median_seconds(lambda: classifier.predict(["Satoshi"]), 200),
            "distinct names classified per second": len(names) / median_seconds(lambda: classifier.predict(names)),
            "names generated per second": 5000 / median_seconds(lambda: generator.sample("Italian", 5000)),
        },
    )


if __name__ == "__main__":
    main()
