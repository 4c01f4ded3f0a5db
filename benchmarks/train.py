"""Training: names a second, share of the matrix-product peak, two processes, quality within a minute.

Measured beside the loop of PyTorch's classification tutorial and makemore's GRU (see ``peers.py``). Needs the
tutorials' data and makemore's names beside the checkout, in ``../shared/data``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from common import SHARED, median_seconds, report
from peers import MakemoreGRU, TutorialLoop, makemore_split

import charrnn
from charrnn.corpus import Corpus
from charrnn.inference.evaluation import evaluate
from charrnn.text import fold

TUTORIAL, MAKEMORE = SHARED / "tutorial", SHARED / "makemore" / "names.txt"
TRAIN = ["-m", "charrnn.train"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *TRAIN]
QUICK = [
    "--schedule",
    "one-cycle",
    "--epochs",
    "15",
    "--learning-rate",
    "0.006",
    "--dropout",
    "0.15",
    "--weight-decay",
    "0.1",
    "--patience",
    "0",
]
"""Chosen by validation loss on 3 % of the training names, among nine settings of four of these flags."""


def train(command: list[str], *flags: object, threads: int | None = None) -> float:
    """Seconds of a training command, with its start and the writing of the model folder."""
    environment = os.environ | ({"OMP_NUM_THREADS": str(threads)} if threads else {})
    began = time.perf_counter()
    subprocess.run([sys.executable, *command, *map(str, flags)], check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def epochs(out: Path) -> list[dict[str, float]]:
    """The metrics of each epoch."""
    return [json.loads(line) for line in (out / "run" / "metrics.jsonl").read_text().splitlines()]


def rate(out: Path) -> float:
    """Names a second, the median over all epochs but the first."""
    return statistics.median(epoch["names_per_second"] for epoch in epochs(out)[1:])


def peak() -> float:
    """FLOP/s of a large matrix product, with torch's number of threads."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return 2 * 1024**3 / median_seconds(lambda: a @ b, 20)


def flops_per_name(model: dict[str, int], length: float) -> float:
    """FLOP of the matrix products of a bidirectional GRU; a backward pass counts twice a forward pass."""
    step = 2 * (model["embedding"] + model["hidden"]) * 3 * model["hidden"]
    return 3 * 2 * step * length


def speed(folder: Path) -> dict[str, float]:
    """Names a second of charrnn and its peers, and share of the peak."""
    torch.set_num_threads(1)
    results: dict[str, float] = {}
    corpus = Corpus.read(TUTORIAL).distinct_pairs()
    names = [fold(name) for name in corpus.names]
    index = {label: i for i, label in enumerate(corpus.label_set)}
    tutorial_loop = TutorialLoop(names, [index[label] for label in corpus.labels])
    results["tutorial's loop, names/s, one thread"] = tutorial = 1500 / median_seconds(
        lambda: tutorial_loop.train(1500), 3
    )
    gru = MakemoreGRU(MAKEMORE.read_text().split())
    results["makemore's GRU, names/s, one thread"] = makemore = 3200 / median_seconds(lambda: gru.train(100), 3)
    results["matrix-product peak, GFLOP/s, one thread"] = peak() / 1e9

    results["default classifier on the tutorial's data, seconds in all"] = train(
        TRAIN, "classifier", "--data", TUTORIAL, "--init", "none", "--out", folder / "default"
    )
    results["the same, names/s, all threads"] = ours = rate(folder / "default")
    results["the same, times the tutorial's loop"] = ours / tutorial
    quick = ["--data", TUTORIAL, "--init", "none", "--epochs", 4, "--patience", 0]
    train(TRAIN, "classifier", *quick, "--out", folder / "one", threads=1)
    results["default classifier, names/s, one thread"] = one = rate(folder / "one")
    length = statistics.mean(map(len, names))
    flops = flops_per_name(charrnn.load(folder / "one").config.architecture, length)
    results["the same, share of the peak"] = one * flops / peak()
    train(TRAIN, "generator", "--data", MAKEMORE, "--epochs", 2, "--out", folder / "generator", threads=1)
    results["default generator, names/s, one thread"] = generator = rate(folder / "generator")
    results["the same, times makemore's GRU"] = generator / makemore
    return results


def two_processes(folder: Path) -> dict[str, float]:
    """Speed and loss of two processes against one, each with one thread, at equal global batch sizes."""
    results: dict[str, float] = {}
    for size, learning_rate in ((128, 0.002), (512, 0.004), (1024, 0.006)):
        outs = []
        for name, command in (("one", TRAIN), ("two", TORCHRUN)):
            outs.append(folder / f"{name}-{size}")
            flags = ["--epochs", 8, "--patience", 0, "--batch-size", size, "--learning-rate", learning_rate]
            train(command, "classifier", "--data", TUTORIAL, "--init", "none", "--out", outs[-1], *flags, threads=1)
        one, two = outs
        results[f"batch {size}: two processes, times one"] = rate(two) / rate(one)
        losses = [epochs(out)[-1]["validation_loss"] for out in outs]
        results[f"batch {size}: final loss, two over one"] = losses[1] / losses[0]
    for name, command in (("equal-one", TRAIN), ("equal-two", TORCHRUN)):
        flags = ["--epochs", 5, "--dropout", 0]
        train(command, "classifier", "--data", TUTORIAL, "--init", "none", "--out", folder / name, *flags, threads=1)
    results["dropout 0: largest difference of an epoch's losses"] = max(
        abs(a[key] - b[key])
        for a, b in zip(epochs(folder / "equal-one"), epochs(folder / "equal-two"), strict=True)
        for key in ("train_loss", "validation_loss")
    )
    return results


def within_a_minute(folder: Path) -> dict[str, float]:
    """Time and nats per character on makemore's own split; the command sees its 31,033 training names alone."""
    training, held_out = makemore_split(MAKEMORE)
    data = folder / "names.txt"
    data.write_text("\n".join(training) + "\n")
    fractions = ["--validation-fraction", 0.03, "--test-fraction", 0]
    out = folder / "quick"
    seconds = train(TORCHRUN, "generator", "--data", data, "--out", out, *QUICK, *fractions)
    model = charrnn.load(out)
    training_names = set(training)
    unseen = [name for name in held_out if name not in training_names]
    results = {f"two processes, {' '.join(QUICK)}: seconds in all": seconds}
    for title, names in (("all 1,000", held_out), (f"the {len(unseen)} unseen", unseen)):
        scores = evaluate(model, Corpus(names, ["names"] * len(names), "makemore"))
        results[f"nats/char, {title}"] = scores["nats_per_char"]
    return results


def main() -> int:
    if not SHARED.is_dir():
        print(f"{SHARED}: the tutorials' data is not there; nothing was measured.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = within_a_minute(folder) | speed(folder) | two_processes(folder)
    report("train", results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
