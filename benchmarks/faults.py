"""Kill training, tables and the writing of model folders with SIGKILL at random moments, and fill the disk.

What was killed is resumed and compared with an undisturbed run; a model folder must hold one whole model. Training
needs the tutorials' data beside the checkout, in ``../shared/data``. ``models``, ``training`` or ``tables`` as an
argument does only one of them.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import SHARED, report
from tables import write_table

from charrnn import model_folder
from charrnn.errors import ModelFolderError, StorageError
from charrnn.inference import PRETRAINED

FORKS = multiprocessing.get_context("forkserver")
KILLS = 20
FOLDER_KILLS, FULL_DISKS = 80, 20
FLAGS = {"--epochs": "6", "--patience": "0", "--hidden": "64", "--ema": "0.95"}
TABLE_ROWS = 200_000
TABLE_KILLS = {
    "one process": (40, ["--workers", "1"]),
    "two worker processes": (40, ["--workers", "2"]),
    "Ray, one worker": (20, ["--engine", "ray", "--workers", "1"]),
}


def start(out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "charrnn.train", "classifier", "--data", str(SHARED / "tutorial"), "--resume"]
    command += ["--init", "none"]
    flags = [word for pair in FLAGS.items() for word in pair]
    return subprocess.Popen([*command, *flags, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_training(moments: random.Random) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        if start(folder / "whole").wait():
            raise SystemExit("the undisturbed run failed")
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
    return {
        "training: kills": kills,
        "training: runs that were killed and resumed": runs,
        "training: of these with weights unequal": runs - equal,
        "training: seconds of a run": seconds,
    }


def write_models(folder: Path, largest: int) -> None:
    """Write the two shipped models into one folder by turns, for ever, or until a file may not be so large."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    models = [model_folder.read(PRETRAINED / "names" / task) for task in ("classifier", "generator")]
    for config, weights in itertools.cycle(models):
        private = config.task == "classifier"
        try:
            model_folder.write(folder, config, weights, f"# {config.task}", None if private else ["a name"])
        except StorageError:
            return


def disturb_models(moments: random.Random) -> dict[str, float]:
    """Kill writers of a model folder, or let their disk be full; count the folders without one whole model."""
    kinds = [("kills", FOLDER_KILLS), ("full disks", FULL_DISKS)]
    results: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "model"
        shutil.copytree(PRETRAINED / "names" / "generator", folder)
        for kind, number in kinds:
            broken = 0
            for _ in range(number):
                largest = 2**30 if kind == "kills" else moments.randrange(2**21)
                writer = FORKS.Process(target=write_models, args=(folder, largest))
                writer.start()
                writer.join(moments.uniform(0.05, 0.6) if kind == "kills" else 60)
                writer.kill()
                writer.join()
                try:
                    task = model_folder.read(folder)[0].task
                    names = model_folder.read_training_names(folder)
                    broken += (names is None) != (task == "classifier")
                except ModelFolderError:
                    broken += 1
            results |= {f"model folders: {kind}": number, f"model folders: {kind}, without a whole model": broken}
        model_folder.write(folder, *model_folder.read(folder), "# again")
        left = {path.name for path in folder.iterdir()} - set(model_folder.FILES)
    return results | {"model folders: files left over": len(left)}


def start_table(source: Path, output: Path, flags: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "charrnn", "classify", "--input", str(source), "--output", str(output), "--resume"]
    return subprocess.Popen(
        [*command, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def finished_parts(output: Path) -> set[str]:
    return {path.name for path in output.with_name(f".{output.name}.parts").glob("[0-9]*.json")}


def kill_tables(moments: random.Random, what: str, kills: int, flags: list[str]) -> dict[str, float]:
    """Kill jobs until there were enough kills; count what was lost, left half written, or came out unequal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, output = folder / "in.csv", folder / "out.csv"
        write_table(source, TABLE_ROWS)
        began = time.perf_counter()
        if start_table(source, output, flags).wait():
            raise SystemExit("the undisturbed job failed")
        seconds = time.perf_counter() - began
        expected = output.read_bytes()
        output.unlink()
        done = lost = half = jobs = equal = 0
        while done < kills:
            while True:
                before = finished_parts(output)
                process = start_table(source, output, flags)
                try:
                    status = process.wait(moments.uniform(0.05, 1.0) * seconds if done < kills else None)
                    break
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    done += 1
                    if output.exists():
                        half += output.read_bytes() != expected
                    else:
                        lost += not before <= finished_parts(output)
            jobs += 1
            equal += status == 0 and output.read_bytes() == expected
            half += sorted(path.name for path in folder.iterdir()) != ["in.csv", "out.csv"]
            output.unlink(missing_ok=True)
            shutil.rmtree(folder / ".out.csv.parts", ignore_errors=True)
    return {
        f"tables, {what}: kills": done,
        f"tables, {what}: finished parts lost": lost,
        f"tables, {what}: files half written or left over": half,
        f"tables, {what}: jobs that were killed and resumed": jobs,
        f"tables, {what}: of these bytes unequal": jobs - equal,
        f"tables, {what}: seconds of a job": seconds,
    }


def main() -> int:
    chosen = sys.argv[1:] or ["models", "training", "tables"]
    moments = random.Random(0)
    results: dict[str, float] = {}
    if "models" in chosen:
        results |= disturb_models(moments)
    if "training" in chosen:
        if not SHARED.is_dir():
            print(f"{SHARED}: the tutorials' data is not there; nothing was measured.", file=sys.stderr)
            return 2
        results |= kill_training(moments)
    if "tables" in chosen:
        for what, (kills, flags) in TABLE_KILLS.items():
            results |= kill_tables(moments, what, kills, flags)
    report("faults", results)
    return int(
        any(
            value
            for key, value in results.items()
            if key.endswith(("unequal", "lost", "left over", "without a whole model"))
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
