import errno
import os

import pytest
import torch

from charrnn.errors import CheckpointError, SettingsError, StorageError
from charrnn.training.checkpoint import Checkpoint, check_same, has_state, read_state, write_state
from charrnn.training.distributed import DistributedContext

CONTEXT = DistributedContext(torch.device("cpu"))


@pytest.mark.parametrize("damage", ["cut", "altered", "empty"])
def test_a_damaged_state_falls_back_to_the_one_before(damage, tmp_path):
    for number in (1, 2):
        write_state(tmp_path, {"number": number, "tensor": torch.arange(1000)})
    state = tmp_path / "state.pt"
    assert read_state(tmp_path)[0]["number"] == 2
    content = bytearray(state.read_bytes())
    if damage == "altered":
        content[len(content) // 2] ^= 1
    state.write_bytes({"cut": content[:-5], "altered": content, "empty": b""}[damage])
    found, messages = read_state(tmp_path)
    assert found["number"] == 1
    assert messages == [f"{state} is cut or altered"]
    (tmp_path / "state.previous.pt").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="Remove the folder"):
        read_state(tmp_path)
    assert has_state(tmp_path)


def test_no_state_is_no_error(tmp_path):
    assert read_state(tmp_path) == (None, [])
    assert not has_state(tmp_path)
    assert Checkpoint(None, {}, CONTEXT).read() is None
    Checkpoint(None, {}, CONTEXT).save({"number": 1})


def test_a_full_disk_leaves_the_earlier_states(tmp_path, monkeypatch):
    write_state(tmp_path, {"number": 1})

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_state(tmp_path, {"number": 2})
    assert read_state(tmp_path)[0]["number"] == 1
    assert not list(tmp_path.glob(".*"))


def test_a_checkpoint_saves_its_description_with_the_state(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run", {"seed": 3}, CONTEXT)
    checkpoint.save({"number": 1})
    assert checkpoint.read() == {"number": 1, "description": {"seed": 3}}


@pytest.mark.parametrize("error", [RuntimeError, KeyError, TypeError, ValueError])
def test_a_state_that_does_not_fit_is_refused_in_one_line(error, tmp_path, capsys):
    class Misfit:
        def load_state_dict(self, state):
            raise error("size mismatch\nfor head.weight")

    with pytest.raises(CheckpointError, match="does not fit this charrnn") as caught:
        Checkpoint(tmp_path, {}, CONTEXT).restore(Misfit(), {"progress": {"epoch": 1, "step": 2}})
    assert "\n" not in str(caught.value) and "resuming" not in capsys.readouterr().out


OLD = {"task": "classifier", "epochs": 5, "schedule": "plateau", "device": "cpu", "parallel": "none", "seed": 0}


@pytest.mark.parametrize("change", [{}, {"epochs": 9}, {"device": "cuda", "parallel": "dp"}])
def test_more_epochs_and_another_device_go_on(change, tmp_path):
    check_same(tmp_path, OLD, OLD | change)


@pytest.mark.parametrize(
    ("old", "change", "message"),
    [
        (OLD, {"seed": 1, "task": "generator"}, "(seed: 0 → 1; task: classifier → generator)"),
        (OLD, {"epochs": 4}, "(epochs: 5 → 4)"),
        (OLD | {"schedule": "one-cycle"}, {"epochs": 9}, "(epochs: 5 → 9)"),
        (OLD, {"hidden": 3}, "(hidden: None → 3)"),
    ],
)
def test_other_changes_are_refused_by_name(old, change, message, tmp_path):
    with pytest.raises(SettingsError) as caught:
        check_same(tmp_path, old, old | change)
    assert message in str(caught.value)
