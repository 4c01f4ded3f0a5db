"""Kill training with SIGKILL at random moments, resume it, and compare the weights with those of an undisturbed run.

Needs the tutorials' data beside the checkout, in ``../shared/data``.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import SHARED, report

from charrnn import model_folder

KILLS = 20
FLAGS = {"--epochs": "6", "--patience": "0", "--hidden": "64", "--ema": "0.95"}


def start(out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "charrnn.train", "classifier", "--data", str(SHARED / "tutorial"), "--resume"]
    flags = [word for pair in FLAGS.items() for word in pair]
    return subprocess.Popen([*command, *flags, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> int:
    if not SHARED.is_dir():
        print(f"{SHARED}: the tutorials' data is not there; nothing was measured.", file=sys.stderr)
        return 2
    moments = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        if start(folder / "whole").wait():
            return 2
        seconds = time.perf_counter() - began
        expected = model_folder.read_config(folder / "whole").weights_sha256
        kills = runs = equal = 0
        while kills < KILLS:
            out = folder / str(runs)
            while True:
                process = start(out)
                try:
                    # From the middle of start-up to just before the end.
                    status = process.wait(moments.uniform(0.3, 0.9) * seconds if kills < KILLS else None)
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
            runs += 1
            equal += status == 0 and model_folder.read_config(out).weights_sha256 == expected
    results = {"kills": kills, "runs that were killed and resumed": runs, "of these with equal weights": equal}
    report("faults", {**results, "seconds of a run": seconds})
    return 0 if equal == runs else 1


if __name__ == "__main__":
    raise SystemExit(main())
