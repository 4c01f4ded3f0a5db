"""Short lists with diacritics, from scratch and with ``--init``. Writes its table of ``docs/results.md``.

The model to start from learns the bundled surnames of twelve labels in ASCII. Lists of 10, 30 and 100 names a label are
drawn from the other six, which it never saw; models of them read names as they are written, and are scored on all other
names of these six. Medians over three drawings of the lists.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from common import report, write_table

import charrnn
from charrnn import recipe
from charrnn.corpus import Corpus
from charrnn.inference.evaluation import evaluate
from charrnn.training.distributed import DistributedContext
from charrnn.training.settings import SETTINGS
from charrnn.training.training_run import TrainingRun

OWN = ("Czech", "French", "Irish", "Polish", "Portuguese", "Vietnamese")
KNOWN = (
    "Arabic",
    "Chinese",
    "Dutch",
    "English",
    "German",
    "Greek",
    "Italian",
    "Japanese",
    "Korean",
    "Russian",
    "Scottish",
    "Spanish",
)
SIZES = (10, 30, 100)
DRAWINGS = 3
SCORES = {"generator": ("nats_per_char",), "classifier": ("accuracy", "nll")}


def train(task: str, corpus: Corpus, out: Path, pipeline: str, init: Path | None = None) -> None:
    """Train a model on the CPU."""
    context = DistributedContext(torch.device("cpu"))
    recipe.train(TrainingRun(task, corpus, SETTINGS[task](pipeline=pipeline), context, init, out))


def short_list(corpus: Corpus, size: int, seed: int) -> Corpus:
    """Of each label, the entries of ``size`` names drawn at random."""
    rng = np.random.default_rng(seed)
    keys = defaultdict(set)
    for key, label in zip(corpus.keys, corpus.labels, strict=True):
        keys[label].add(key)
    chosen = {label: set(rng.permutation(sorted(own))[:size].tolist()) for label, own in keys.items()}
    pairs = zip(corpus.keys, corpus.labels, strict=True)
    return corpus.select([i for i, (key, label) in enumerate(pairs) if key in chosen[label]])


def main() -> int:
    """Train, score and write."""
    began = time.perf_counter()
    in_ascii, native = Corpus.read("names/surname"), Corpus.read("names/surname", pipeline="native")
    others = in_ascii.select([i for i, label in enumerate(in_ascii.labels) if label in KNOWN])
    own = native.select([i for i, label in enumerate(native.labels) if label in OWN])
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for task, keys in SCORES.items():
            base = Path(folder) / task
            train(task, others, base, "ascii")
            for size in SIZES:
                found = defaultdict(list)
                for seed in range(DRAWINGS):
                    names = short_list(own, size, seed)
                    rest = own.without(names.keys)
                    for start, init in (("from scratch", None), ("with --init", base)):
                        out = Path(folder) / f"{task}-{size}-{seed}-{start.split()[-1]}"
                        train(task, names, out, "native", init)
                        scores = evaluate(charrnn.load(out), rest)
                        for key in keys:
                            found[f"{task}, {size} names a label, {start}: {key}"].append(scores[key])
                results |= {key: statistics.median(values) for key, values in found.items()}
    report("finetuning", results | {"seconds": time.perf_counter() - began})
    rows = ["| names a label | start | nats per character | accuracy | NLL |", "| --- | --- | --- | --- | --- |"]
    for size in SIZES:
        for start in ("from scratch", "with --init"):
            cells = [
                f"{results[f'{task}, {size} names a label, {start}: {key}']:.3f}"
                for task, keys in SCORES.items()
                for key in keys
            ]
            rows.append(f"| {size} | {start} | {' | '.join(cells)} |")
    write_table("finetuning", "\n".join(rows))
    print("\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
