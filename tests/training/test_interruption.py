"""Kills, signals and a full disk, which meet real processes."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest

from charrnn import model_folder
from tests.conftest import ROOT
from tests.training import interrupted
from tests.training.interrupted import Fork

FLAGS = ["--epochs", "4", "--hidden", "12", "--batch-size", "48", "--dropout", "0.4", "--ema", "0.9", "--resume"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]


def start(data, out, *flags, torchrun=False, **environment):
    arguments = ["classifier", "--data", str(data), "--out", str(out), *FLAGS, *flags]
    if not torchrun:
        return Fork(arguments, out.with_name(f"{out.name}-output"), environment)
    return subprocess.Popen(
        [*TORCHRUN, sys.executable, "-u", "-m", interrupted.__name__, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
        cwd=ROOT,
    )


def finish(process):
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def wait_for(path, process):
    """Until the file is there; the process must be alive."""
    for _ in range(1200):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


@pytest.fixture(scope="module")
def uninterrupted(small_corpus_dir, tmp_path_factory):
    """A run that nothing disturbed, the state of its end included."""
    out = tmp_path_factory.mktemp("whole") / "model"
    status, _, err = finish(start(small_corpus_dir, out))
    assert status == 0, err
    return out


def weights(folder):
    return model_folder.read_config(folder).weights_sha256


def test_killed_at_random_steps_it_ends_with_the_same_weights(small_corpus_dir, uninterrupted, tmp_path):
    out = tmp_path / "model"
    steps = random.Random(4)
    kills = kills_in_refit = 0
    while True:
        process = start(small_corpus_dir, out, KILL_AFTER=str(steps.randint(4, 40)))
        status, _, err = finish(process)
        if status == 0:
            break
        assert status == -signal.SIGKILL, err
        assert not (out / "config.json").exists()
        kills += 1
        kills_in_refit += (out / "run" / "refit" / "state.pt").exists()
    assert kills >= 2 and kills_in_refit >= 1
    assert weights(out) == weights(uninterrupted)
    lines = (out / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_exits_with_3(number, small_corpus_dir, uninterrupted, tmp_path):
    out = tmp_path / "model"
    process = start(small_corpus_dir, out)
    wait_for(out / "run" / "state.pt", process)
    sent = time.monotonic()
    process.send_signal(number)
    status, _, err = finish(process)
    assert time.monotonic() - sent < 20
    assert status == 3, err
    assert "Go on with --resume" in err.splitlines()[-1] and "Traceback" not in err
    assert not (out / "config.json").exists()
    assert finish(start(small_corpus_dir, out))[0] == 0
    assert weights(out) == weights(uninterrupted)


@pytest.mark.parametrize("folder_exists", [True, False])
def test_a_signal_before_the_first_step_leaves_nothing(folder_exists, small_corpus_dir, tmp_path):
    out = tmp_path / "model"
    if folder_exists:
        out.mkdir()
    status, _, err = finish(start(small_corpus_dir, out, TERMINATE_BEFORE_FIRST_STEP="1"))
    assert status == 130, err
    assert "nothing was written" in err.splitlines()[-1] and "Traceback" not in err
    assert out.exists() == folder_exists and not list(out.glob("*"))


def test_a_signal_in_the_first_step_is_obeyed_by_the_second(small_corpus_dir, tmp_path):
    out = tmp_path / "model"
    # The sums of a step carry whether a signal came before it, so that all processes stop after the same step.
    status, _, err = finish(start(small_corpus_dir, out, TERMINATE_IN_FIRST_STEP="1"))
    assert status == 3, err
    assert "stopped by a signal after epoch 1, step 2; the state is saved" in err.splitlines()[-1]
    assert (out / "run" / "state.pt").exists() and not (out / "config.json").exists()


def test_torchrun_equals_one_process_and_stops_by_a_signal(small_corpus_dir, tmp_path):
    flags = ["--dropout", "0"]
    alone = start(small_corpus_dir, tmp_path / "one", *flags)
    assert finish(alone)[0] == 0
    out = tmp_path / "two"
    process = start(small_corpus_dir, out, *flags, torchrun=True)
    wait_for(out / "run" / "state.pt", process)
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    status, _, err = finish(process)
    assert time.monotonic() - sent < 20
    assert status != 0 and not (out / "config.json").exists()
    assert err.count("stopped by a signal after epoch") == 1
    status, printed, err = finish(start(small_corpus_dir, out, *flags, torchrun=True))
    assert status == 0, err
    assert printed.count("resuming after") == printed.count("classifier written to") == 1
    one, two = (
        [json.loads(line) for line in (tmp_path / name / "run" / "metrics.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    )
    assert len(one) == len(two) == 4
    for a, b in zip(one, two, strict=True):
        for key in ("train_loss", "validation_loss", "accuracy", "macro_f1", "learning_rate"):
            assert a[key] == pytest.approx(b[key], abs=1e-3)
    assert json.loads((out / "run" / "run.json").read_text())["processes"] == 2


def test_the_command_prints_that_a_state_is_damaged(small_corpus_dir, uninterrupted, tmp_path):
    out = tmp_path / "model"
    assert finish(start(small_corpus_dir, out, KILL_AFTER="40"))[0] == -signal.SIGKILL
    state = out / "run" / "state.pt"
    state.write_bytes(state.read_bytes()[:-100])
    status, printed, _ = finish(start(small_corpus_dir, out))
    assert status == 0
    assert "state.pt is cut or altered; going on from the one before it" in printed
    assert weights(out) == weights(uninterrupted)


def test_a_disk_that_fills_up_stops_the_command_in_one_line(small_corpus_dir, tmp_path):
    """A limit on the size of files stands for the full disk: it is met by real writes, here by the first state."""
    out = tmp_path / "model"
    command = [sys.executable, "-m", "charrnn.train", "classifier", "--data", str(small_corpus_dir), "--out", str(out)]
    done = subprocess.run(
        [*command, "--epochs", "2"],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
        ),
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr and "cannot be written" in done.stderr.splitlines()[-1]
    assert not out.exists()
