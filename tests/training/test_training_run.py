"""Who may write to an output folder, and what a run leaves there: the command, in this process."""

import errno
import json
import os
from pathlib import Path

import pytest
import torch

from charrnn import model_folder, train
from charrnn.storage import lock
from charrnn.training.checkpoint import read_state, write_state
from charrnn.training.reports.jsonl import JsonlLogger

SMALL = ["--hidden", "8"]


@pytest.fixture(scope="module")
def finished(small_corpus_dir, tmp_path_factory):
    """The output folder of a finished run over two epochs."""
    out = tmp_path_factory.mktemp("finished") / "model"
    assert run(small_corpus_dir, out, "--epochs", "2") == 0
    return out


def run(data, out, *flags):
    return train.main(["classifier", "--data", str(data), "--out", str(out), *SMALL, *flags])


def last_error(capsys):
    return capsys.readouterr().err.splitlines()[-1]


def weights(folder):
    return model_folder.read_config(folder).weights_sha256


def test_complete_runs_are_left_alone_and_may_get_more_epochs(small_corpus_dir, finished, tmp_path, capsys):
    out = tmp_path / "model"
    assert run(small_corpus_dir, out, "--epochs", "1", "--resume") == 0
    before = (out / "model.safetensors").stat().st_mtime_ns
    capsys.readouterr()
    assert run(small_corpus_dir, out, "--epochs", "1", "--resume") == 0
    assert "complete after 1 epochs" in capsys.readouterr().out
    assert (out / "model.safetensors").stat().st_mtime_ns == before
    assert run(small_corpus_dir, out, "--epochs", "2", "--resume") == 0
    assert "resuming after 1 epochs and 0 steps" in capsys.readouterr().out
    assert weights(out) == weights(finished)


def test_a_run_that_stopped_early_is_complete_whatever_the_epochs(small_corpus_dir, tmp_path, capsys):
    out, flags = tmp_path / "model", ["--patience", "1", "--learning-rate", "0.5"]
    assert run(small_corpus_dir, out, "--epochs", "20", *flags) == 0
    epochs = model_folder.read_config(out).training["epochs"]
    assert epochs < 20
    capsys.readouterr()
    assert run(small_corpus_dir, out, "--epochs", "30", "--resume", *flags) == 0
    assert f"complete after {epochs} epochs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--hidden", "9"], "hidden: 8 → 9"),
        (["--seed", "1", "--dropout", "0.1"], "dropout: 0.3 → 0.1; seed: 0 → 1"),
        (["--epochs", "1"], "epochs: 2 → 1"),
        (["--data", "other"], "data: "),
        (["--private"], "private: False → True"),
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_another_run_is_refused_with_the_differences(
    complete, changes, message, small_corpus_dir, finished, tmp_path, capsys
):
    out, other = tmp_path / "model", tmp_path / "other"
    other.mkdir()
    for label in ("Greek", "Polish"):
        (other / f"{label}.txt").write_bytes((small_corpus_dir / f"{label}.txt").read_bytes())
    for path in finished.rglob("*"):
        if path.is_file():
            (out / path.relative_to(finished)).parent.mkdir(parents=True, exist_ok=True)
            (out / path.relative_to(finished)).write_bytes(path.read_bytes())
    if not complete:
        # As after a kill while the model folder is written.
        (out / "config.json").unlink()
        (out / ".new-0123abcd").mkdir()
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    changes = [str(other) if c == "other" else c for c in changes]
    assert run(small_corpus_dir, out, "--epochs", "2", "--resume", *changes) == 2
    line = last_error(capsys)
    assert "belongs to another run" in line and message in line
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_a_folder_that_holds_no_run_is_refused(small_corpus_dir, tmp_path, capsys):
    for path in (tmp_path / "a" / "mine", tmp_path / "b" / "run" / "mine"):
        path.parent.mkdir(parents=True)
        path.write_text("x")
        out = tmp_path / path.relative_to(tmp_path).parts[0]
        assert run(small_corpus_dir, out, "--resume") == 2
        assert "holds no run to go on with" in capsys.readouterr().err
        assert path.read_text() == "x"


def test_without_resume_an_interrupted_run_is_refused_with_the_hint(small_corpus_dir, tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "lock").touch()
    assert run(small_corpus_dir, tmp_path) == 2
    assert "Add --resume" in capsys.readouterr().err


def test_what_a_run_without_a_state_left_is_removed(small_corpus_dir, tmp_path):
    left = tmp_path / "run" / "events.out.tfevents.0", tmp_path / "run" / "refit" / "old.txt"
    for path in (tmp_path / "run" / "lock", *left):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert run(small_corpus_dir, tmp_path, "--epochs", "1", "--resume") == 0
    assert not any(path.exists() for path in left)


def test_a_read_only_folder_is_refused(small_corpus_dir, tmp_path, capsys):
    # Root may write to any folder of a disk, but makes none in /sys.
    folder = Path("/sys") if os.geteuid() == 0 else tmp_path
    tmp_path.chmod(0o555)
    assert run(small_corpus_dir, folder / "model") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_second_writer_is_refused(small_corpus_dir, tmp_path, capsys):
    out = tmp_path / "model"
    (out / "run").mkdir(parents=True)
    with lock(out / "run" / "lock", "taken"):
        assert run(small_corpus_dir, out, "--resume") == 2
    assert "another process is training there" in capsys.readouterr().err


def test_a_state_of_another_charrnn_is_refused(small_corpus_dir, tmp_path, capsys):
    out = tmp_path / "m"
    assert run(small_corpus_dir, out, "--epochs", "1") == 0
    state, _ = read_state(out / "run")
    state["model"]["head.weight"] = torch.zeros(1)
    write_state(out / "run", state)
    for path in out.glob("*.*"):
        path.unlink()
    assert run(small_corpus_dir, out, "--epochs", "1", "--resume") == 2
    assert "does not fit this charrnn" in last_error(capsys)


def test_run_json_says_how_the_run_was_started(finished):
    told = json.loads((finished / "run" / "run.json").read_text())
    config = model_folder.read_config(finished)
    assert told["description"]["data"] == config.data["fingerprint"]
    assert told["description"]["hidden"] == 8
    assert told["packages"]["torch"] == torch.__version__
    assert {"python", "platform", "device", "processes", "command", "git_commit"} < told.keys()


def test_run_json_needs_no_installed_distribution_of_charrnn(tmp_path, monkeypatch):
    from importlib import metadata

    import charrnn
    from charrnn.training.reports.jsonl import write_run_description

    version = metadata.version

    def without_charrnn(name):
        if name.startswith("charrnn"):
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_charrnn)
    write_run_description(tmp_path, {}, "cpu", 1)
    assert json.loads((tmp_path / "run.json").read_text())["packages"]["charrnn"] == charrnn.__version__


@pytest.mark.parametrize("existed", [True, False])
def test_a_disk_that_fills_up_in_the_run_is_one_line_and_leaves_nothing(
    existed, small_corpus_dir, tmp_path, capsys, monkeypatch
):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(JsonlLogger, "on_epoch", full)
    out = tmp_path / "out"
    if existed:
        out.mkdir()
    assert run(small_corpus_dir, out, "--epochs", "1") == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"--out {out}: cannot be written (No space left on device)" in line
    assert not any(tmp_path.rglob("*.*")) and out.exists() == existed
