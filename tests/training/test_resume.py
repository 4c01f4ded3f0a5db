"""Faults: kills, signals, damage, a full disk, a second writer. Most of it happens to real processes."""

import errno
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from charrnn import model_folder, train
from charrnn.errors import SettingsError, StateError
from charrnn.training import resume

# The command, with a state every third step; told to, it kills itself in place of a step.
COMMAND = """
import dataclasses, os, signal, sys
from charrnn import train
from charrnn.training.trainer import Trainer

settings, step = train.from_flags, Trainer.step
train.from_flags = lambda *a: dataclasses.replace(settings(*a), save_every=3)
left = int(os.environ.get("KILL_AFTER", 10**9))

def count(self, *arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, *arguments)

Trainer.step = count
sys.exit(train.main(sys.argv[1:]))
"""
FLAGS = ["--epochs", "4", "--hidden", "12", "--batch-size", "48", "--dropout", "0.4", "--ema", "0.9", "--resume"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]


def start(data, out, *flags, task="classifier", torchrun=False, **environment):
    command = [*(TORCHRUN if torchrun else []), sys.executable, "-u", "-c", COMMAND]
    return subprocess.Popen(
        [*command, task, "--data", str(data), "--out", str(out), *FLAGS, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
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


def test_a_signal_before_the_first_state_leaves_nothing(small_corpus_dir, tmp_path):
    out = tmp_path / "model"
    process = start(small_corpus_dir, out, "--score-on", "names")
    wait_for(out / "run" / "lock", process)
    process.send_signal(signal.SIGTERM)
    status, _, err = finish(process)
    assert (status, out.exists()) in [(130, False), (3, True)], err


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
    status, said, err = finish(start(small_corpus_dir, out, *flags, torchrun=True))
    assert status == 0, err
    assert said.count("resuming after") == said.count("classifier written to") == 1
    one, two = (
        [json.loads(line) for line in (tmp_path / name / "run" / "metrics.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    )
    assert len(one) == len(two) == 4
    for a, b in zip(one, two, strict=True):
        for key in ("train_loss", "validation_loss", "accuracy", "macro_f1", "learning_rate"):
            assert a[key] == pytest.approx(b[key], abs=1e-3)
    assert json.loads((out / "run" / "run.json").read_text())["processes"] == 2


def test_complete_runs_are_left_alone_and_may_get_more_epochs(small_corpus_dir, uninterrupted, tmp_path, capsys):
    data, out = str(small_corpus_dir), tmp_path / "model"
    base = ["classifier", "--data", data, "--out", str(out), "--hidden", "8", "--resume"]
    assert train.main([*base, "--epochs", "1"]) == 0
    before = (out / "model.safetensors").stat().st_mtime_ns
    capsys.readouterr()
    assert train.main([*base, "--epochs", "1"]) == 0
    assert "complete after 1 epochs" in capsys.readouterr().out
    assert (out / "model.safetensors").stat().st_mtime_ns == before
    assert train.main([*base, "--epochs", "3"]) == 0
    assert "resuming after 1 epochs and 0 steps" in capsys.readouterr().out
    assert (
        train.main(["classifier", "--data", data, "--out", str(tmp_path / "whole"), "--hidden", "8", "--epochs", "3"])
        == 0
    )
    assert weights(out) == weights(tmp_path / "whole")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["--hidden", "9"], "hidden: 8 → 9"),
        (["--seed", "1", "--dropout", "0.1"], "dropout: 0.3 → 0.1; seed: 0 → 1"),
        (["--epochs", "1"], "epochs: 2 → 1"),
        (["--data", "other"], "data: "),
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_another_run_is_refused_with_the_differences(complete, changes, said, small_corpus_dir, tmp_path, capsys):
    out, other = tmp_path / "model", tmp_path / "other"
    other.mkdir()
    for label in ("Greek", "Polish"):
        (other / f"{label}.txt").write_bytes((small_corpus_dir / f"{label}.txt").read_bytes())
    base = ["classifier", "--data", str(small_corpus_dir), "--out", str(out), "--hidden", "8", "--epochs", "2"]
    assert train.main(base) == 0
    if not complete:
        # As after a kill while the model folder is written.
        (out / "config.json").unlink()
        (out / ".config.json.123.tmp").touch()
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*.pt")}
    changes = [str(other) if c == "other" else c for c in changes]
    capsys.readouterr()
    assert train.main([*base, "--resume", *changes]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "belongs to another run" in line and said in line
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*.pt")} == before


def test_a_folder_that_holds_no_run_is_refused(small_corpus_dir, tmp_path, capsys):
    for path in (tmp_path / "a" / "mine", tmp_path / "b" / "run" / "mine"):
        path.parent.mkdir(parents=True)
        path.write_text("x")
        out = tmp_path / path.relative_to(tmp_path).parts[0]
        assert train.main(["classifier", "--data", str(small_corpus_dir), "--out", str(out), "--resume"]) == 2
        assert "holds no run to go on with" in capsys.readouterr().err
        assert path.read_text() == "x"


def test_without_resume_an_interrupted_run_is_refused_with_the_hint(small_corpus_dir, tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "lock").touch()
    assert train.main(["classifier", "--data", str(small_corpus_dir), "--out", str(tmp_path)]) == 2
    assert "Add --resume" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["cut", "altered", "empty"])
def test_a_damaged_state_falls_back_to_the_one_before(damage, tmp_path):
    for number in (1, 2):
        resume.save(tmp_path, {"number": number, "tensor": torch.arange(1000)})
    state = tmp_path / "state.pt"
    content = bytearray(state.read_bytes())
    if damage == "altered":
        content[len(content) // 2] ^= 1
    state.write_bytes({"cut": content[:-5], "altered": content, "empty": b""}[damage])
    got, messages = resume.load(tmp_path)
    assert got["number"] == 1
    assert messages == [f"{state} is cut or altered"]
    (tmp_path / "state.previous.pt").write_bytes(b"x")
    with pytest.raises(StateError, match="Remove the folder"):
        resume.load(tmp_path)


def test_no_state_is_no_error(tmp_path):
    assert resume.load(tmp_path) == (None, [])
    assert not resume.has_state(tmp_path)


def test_the_command_says_that_it_fell_back(small_corpus_dir, uninterrupted, tmp_path):
    out = tmp_path / "model"
    assert finish(start(small_corpus_dir, out, KILL_AFTER="40"))[0] == -signal.SIGKILL
    state = out / "run" / "state.pt"
    state.write_bytes(state.read_bytes()[:-100])
    status, said, _ = finish(start(small_corpus_dir, out))
    assert status == 0
    assert "state.pt is cut or altered; going on from the one before it" in said
    assert weights(out) == weights(uninterrupted)


def test_a_full_disk_leaves_the_earlier_states(tmp_path, monkeypatch):
    resume.save(tmp_path, {"number": 1})

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match="No space left on device"):
        resume.save(tmp_path, {"number": 2})
    assert resume.load(tmp_path)[0]["number"] == 1
    assert not list(tmp_path.glob(".*"))


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


def test_a_read_only_folder_is_refused(small_corpus_dir, tmp_path, capsys):
    # Root may write to any folder of a disk, but makes none in /sys.
    folder = Path("/sys") if os.geteuid() == 0 else tmp_path
    tmp_path.chmod(0o555)
    assert train.main(["classifier", "--data", str(small_corpus_dir), "--out", str(folder / "model")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_second_writer_is_refused(small_corpus_dir, tmp_path, capsys):
    out = tmp_path / "model"
    with resume.only_writer(out / "run"):
        with pytest.raises(SettingsError, match="another process is training there"):
            resume.only_writer(out / "run").__enter__()
        assert train.main(["classifier", "--data", str(small_corpus_dir), "--out", str(out), "--resume"]) == 2
        assert "another process is training there" in capsys.readouterr().err
    with resume.only_writer(out / "run"):
        pass


def test_a_state_of_another_charrnn_is_refused(small_corpus_dir, tmp_path, capsys):
    base = [
        "classifier",
        "--data",
        str(small_corpus_dir),
        "--out",
        str(tmp_path / "m"),
        "--epochs",
        "1",
        "--hidden",
        "8",
    ]
    assert train.main(base) == 0
    (tmp_path / "m" / "config.json").unlink()
    state, _ = resume.load(tmp_path / "m" / "run")
    state["model"]["head.weight"] = torch.zeros(1)
    resume.save(tmp_path / "m" / "run", state)
    for path in (tmp_path / "m").glob("*.*"):
        path.unlink()
    assert train.main([*base, "--resume"]) == 2
    assert "does not fit this charrnn" in capsys.readouterr().err.splitlines()[-1]


def test_the_run_folder_tells_how_it_was_started(uninterrupted):
    told = json.loads((uninterrupted / "run" / "run.json").read_text())
    config = model_folder.read_config(uninterrupted)
    assert told["description"]["data"] == config.data["fingerprint"]
    assert told["description"]["ema"] == 0.9
    assert told["packages"]["torch"] == torch.__version__
    assert {"python", "platform", "device", "processes", "command", "git_commit"} < told.keys()
