"""Training on GPUs: speed, time to the best model, and differences of losses between one device and several.

Needs CUDA; data parallelism is measured where there are several cards. Uses the tutorials' data if it lies beside the
checkout, in ``../shared/data``, and otherwise the bundled names.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from common import SHARED, report

DATA = str(SHARED / "tutorial") if (SHARED / "tutorial").is_dir() else "names/surname"
TRAIN = ["-m", "charrnn.train", "classifier", "--init", "none", "--data", DATA]


def train(out: Path, *flags: object, processes: int = 0) -> list[dict[str, float]]:
    """Train the default classifier with these flags; the metrics of each epoch."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes else []
    command = [sys.executable, *launcher, *TRAIN, "--out", str(out), *map(str, flags)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in (out / "run" / "metrics.jsonl").read_text().splitlines()]


def largest_difference(one: list[dict[str, float]], other: list[dict[str, float]]) -> float:
    """The largest difference between the losses of an epoch."""
    return max(abs(a[k] - b[k]) for a, b in zip(one, other, strict=True) for k in ("train_loss", "validation_loss"))


def main() -> int:
    if not torch.cuda.is_available():
        print("no CUDA device here; nothing was measured.", file=sys.stderr)
        return 2
    cards = torch.cuda.device_count()
    results: dict[str, Any] = {
        "cards": ", ".join(torch.cuda.get_device_name(i) for i in range(cards)),
        "torch": torch.__version__,
        "cudnn": torch.backends.cudnn.version(),
        "data": DATA,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size, rate in ((128, 0.002), (1024, 0.006), (4096, 0.012)):
            for precision in ("fp32", "bf16", "fp16"):
                out = folder / f"{size}-{precision}"
                began = time.perf_counter()
                flags = ["--device", "cuda", "--batch-size", size, "--learning-rate", rate, "--precision", precision]
                epochs = train(out, *flags, "--parallel", "none")
                title = f"batch {size}, {precision}"
                rates = [epoch["names_per_second"] for epoch in epochs[1:]]
                best = min(epochs, key=lambda epoch: epoch["validation_loss"])
                results[f"{title}: names/s, median of epochs"] = statistics.median(rates)
                results[f"{title}: best validation loss"] = best["validation_loss"]
                results[f"{title}: seconds of steps to it"] = (
                    sum(1 / epoch["names_per_second"] for epoch in epochs[: int(best["epoch"])])
                    * json.loads((out / "config.json").read_text())["data"]["train"]
                )
                results[f"{title}: seconds in all"] = time.perf_counter() - began
        same = ["--epochs", 5, "--dropout", 0, "--patience", 0]
        one = train(folder / "cuda", *same, "--device", "cuda", "--parallel", "none")
        cpu = train(folder / "cpu", *same, "--device", "cpu")
        results["dropout 0: losses, GPU against CPU, largest difference"] = largest_difference(one, cpu)
        ddp = train(folder / "ddp", *same, "--device", "cuda", "--parallel", "ddp", processes=cards)
        results[f"dropout 0: losses, ddp over {cards} against one process"] = largest_difference(one, ddp)
        results["dropout 0: losses, dp against one process"] = (
            largest_difference(one, train(folder / "dp", *same, "--device", "cuda", "--parallel", "dp"))
            if cards > 1
            else "not measured: needs several cards"
        )
    report("gpu", results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
