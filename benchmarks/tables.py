"""Tables: time and memory for ten million rows, a job of a million rows killed and resumed, and Ray against local.

The tables hold bundled names with two letters appended, so that nearly all rows differ. Takes ten minutes.
"""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import report

import charrnn

LARGE, MEDIUM = 10_000_000, 1_000_000


def write_table(path: Path, rows: int) -> None:
    names, letters, draw = charrnn.Corpus.read("names/surname").names, "abcdefghijklmnopqrstuvwxyz", random.Random(0)
    with path.open("w", encoding="utf-8") as stream:
        stream.write("id,name\n")
        for i in range(rows):
            stream.write(f"{i},{draw.choice(names)}{draw.choice(letters)}{draw.choice(letters)}\n")


def command(source: Path, output: Path, *flags: str) -> list[str]:
    return [sys.executable, "-m", "charrnn", "classify", "--input", str(source), "--output", str(output), *flags]


def timed(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(arguments, check=True, capture_output=True)
    return time.perf_counter() - began


def timed_with_memory(arguments: list[str]) -> tuple[float, float]:
    """Seconds, and peak resident memory in GiB."""
    began = time.perf_counter()
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return time.perf_counter() - began, usage.ru_maxrss / 2**20


def kill_in_the_middle(source: Path, output: Path) -> int:
    """Kill a job after ten parts; how many parts were finished."""
    process = subprocess.Popen(command(source, output, "--workers", "2"), start_new_session=True)
    folder = output.with_name(f".{output.name}.parts")
    while len(list(folder.glob("[0-9]*.json"))) < 10 and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return len(list(folder.glob("[0-9]*.json")))


def largest_difference(ours: Path, theirs: Path) -> float:
    """Largest difference of a probability, row by row; infinite if another cell differs."""
    largest = 0.0
    with ours.open(newline="", encoding="utf-8") as a, theirs.open(newline="", encoding="utf-8") as b:
        for one, other in zip(csv.DictReader(a), csv.DictReader(b), strict=True):
            for key, cell in one.items():
                if key.startswith("probability") and cell:
                    largest = max(largest, abs(float(cell) - float(other[key])))
                elif cell != other[key]:
                    return float("inf")
    return largest


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        medium, killed, whole, ray = (here / f"{name}.csv" for name in ("medium", "killed", "whole", "ray"))
        write_table(medium, MEDIUM)
        parts = kill_in_the_middle(medium, killed)
        early = killed.exists()
        timed(command(medium, killed, "--workers", "2", "--resume"))
        seconds = {"one process": timed(command(medium, whole))}
        same = killed.read_bytes() == whole.read_bytes()
        seconds["two worker processes"] = timed(command(medium, here / "two.csv", "--workers", "2"))
        seconds["Ray, two workers, its start included"] = timed(
            command(medium, ray, "--engine", "ray", "--workers", "2")
        )
        difference = largest_difference(ray, whole)
        for path in here.glob("*.csv"):
            path.unlink()
        large = here / "large.csv"
        write_table(large, LARGE)
        large_seconds, peak = timed_with_memory(command(large, here / "out.csv"))
    results = {
        "killed: finished parts of 31": parts,
        "killed: half a file under the final name": early,
        "resumed: equal to an uninterrupted run, byte for byte": same,
        **{f"rows a second, {key}": MEDIUM / taken for key, taken in seconds.items()},
        "Ray: largest difference of a probability": difference,
        "ten million rows: seconds": large_seconds,
        "ten million rows: resident, GiB": peak,
    }
    report("tables", results)
    return int(early or not same or difference > 1e-6 or not 0 < parts < 31 or peak > 1)


if __name__ == "__main__":
    sys.exit(main())
