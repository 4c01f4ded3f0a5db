import subprocess
import sys

import pytest
import torch

from charrnn.errors import SettingsError
from charrnn.training import parallel
from charrnn.training.parallel import Machine, machine, unwrap
from charrnn.training.settings import ClassifierSettings


def test_auto_finds_a_device():
    assert parallel.pick_device("auto").type in ("cuda", "mps", "cpu")


@pytest.mark.parametrize("name", ["cuda:99", "abacus"])
def test_an_absent_device_is_refused_in_one_line(name):
    with pytest.raises(SettingsError, match=f"--device {name}: not usable here") as caught:
        parallel.pick_device(name)
    assert "\n" not in str(caught.value)


def test_one_process_is_a_machine_of_its_own():
    with machine(ClassifierSettings(device="cpu")) as here:
        assert (here.mode, here.rank, here.world, here.is_main) == ("none", 0, 1, True)
        assert here.sum(torch.tensor([2.0])).tolist() == [2]
        assert here.gather("a") == ["a"]
        assert here.on_main(lambda: 3) == 3


@pytest.mark.parametrize(
    ("settings", "environment", "message"),
    [
        ({"parallel": "ddp"}, {}, "--parallel ddp: needs torchrun"),
        ({"parallel": "dp"}, {}, "--parallel dp: needs several CUDA GPUs"),
        ({"parallel": "none"}, {"WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "x"}, "--parallel none: 2 processes run"),
        ({"precision": "fp16"}, {}, "--precision fp16: needs CUDA, this is cpu"),
    ],
)
def test_settings_that_do_not_fit_the_machine_are_refused(settings, environment, message, monkeypatch):
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    with pytest.raises(SettingsError, match=message), machine(ClassifierSettings(device="cpu", **settings)):
        pass


def test_several_gpus_are_wrapped_in_data_parallel_and_saved_without_prefix(monkeypatch):
    model = torch.nn.Linear(2, 2)
    monkeypatch.setattr(model, "to", lambda device: model)
    wrapped = Machine(torch.device("cuda"), "dp").wrap(model)
    assert isinstance(wrapped, torch.nn.DataParallel)
    assert unwrap(wrapped) is model
    assert unwrap(model) is model
    assert Machine(torch.device("cpu")).wrap(model) is model


TWO_PROCESSES = """
import os
import torch
from charrnn.errors import InterruptedRunError, SettingsError
from charrnn.training.parallel import machine
from charrnn.training.settings import ClassifierSettings

def refuse():
    raise SettingsError("no")

def says(what):
    # One write, so that two processes do not mix their lines.
    os.write(1, f"{what}\\n".encode())

try:
    with machine(ClassifierSettings(device="cpu")) as here:
        assert here.mode == "ddp" and here.world == 2
        assert here.sum(torch.tensor([1.0 + here.rank])).tolist() == [3]
        assert here.gather(here.rank) == [0, 1]
        assert here.on_main(lambda: f"from {here.rank}") == "from 0"
        try:
            here.on_main(refuse)
        except SettingsError as error:
            says(f"refused {error}")
        here.gather(None)
        if here.rank == 1:
            os._exit(0)
        here.sum(torch.tensor([1.0]))
except InterruptedRunError as error:
    says(error)
"""


def test_two_processes_agree_and_notice_when_one_is_gone():
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    done = subprocess.run([*command, sys.executable, "-c", TWO_PROCESSES], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused no") == 2
    assert done.stdout.count("another process of this run is gone") == 1
