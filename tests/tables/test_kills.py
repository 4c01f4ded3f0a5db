"""SIGKILL at random moments: nothing is lost, nothing half-written, and a resumed job ends with the same bytes.

Ten kills; ``benchmarks/faults.py`` does a hundred, on Ray too.
"""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

ROWS = 150_000
NAMES = ["Rossi", "Sato", "Nowak", "Papas", "", "Suzuki"]


def start(trained, folder, *flags):
    command = [sys.executable, "-m", "charrnn", "classify", "--model", str(trained["classifier"]), "--resume"]
    files = ["--input", str(folder / "in.csv"), "--output", str(folder / "out.csv"), *flags]
    return subprocess.Popen([*command, *files], stderr=subprocess.DEVNULL, start_new_session=True)


def parts(folder):
    return {path.name for path in folder.glob(".out.csv.parts/[0-9]*.json")}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("kills") / "in.csv"
    path.write_text("name,id\n" + "".join(f"{NAMES[i % 6]}{i},{i}\n" for i in range(ROWS)))
    return path


@pytest.mark.parametrize("workers", ["1", "2"])
def test_nothing_is_lost_and_the_result_is_the_same(workers, trained, source, tmp_path):
    (tmp_path / "in.csv").symlink_to(source)
    began = time.monotonic()
    assert start(trained, tmp_path, "--workers", workers).wait() == 0
    seconds = time.monotonic() - began
    expected = (tmp_path / "out.csv").read_bytes()
    (tmp_path / "out.csv").unlink()
    assert expected.count(b"\n") == ROWS + 1
    moments, kills, runs = random.Random(int(workers)), 0, 0
    while kills < 5:
        runs += 1
        while True:
            before = parts(tmp_path)
            process = start(trained, tmp_path, "--workers", workers)
            try:
                assert process.wait(moments.uniform(0.1, 0.5) * seconds if kills < 5 else 60) == 0
                break
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
            if (tmp_path / "out.csv").exists():
                assert (tmp_path / "out.csv").read_bytes() == expected
            else:
                assert before <= parts(tmp_path)
        assert (tmp_path / "out.csv").read_bytes() == expected
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]
        (tmp_path / "out.csv").unlink()
