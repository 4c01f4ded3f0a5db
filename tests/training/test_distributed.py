import subprocess
import sys

import pytest
import torch

from charrnn.errors import SettingsError
from charrnn.training.distributed import DistributedContext, distributed_context, pick_device, unwrap
from charrnn.training.settings import ClassifierSettings


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_cuda_then_mps_then_the_cpu(cuda, mps, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert pick_device("auto") == torch.device(expected)


def test_a_named_device_is_taken_although_auto_would_take_another(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda:99", "abacus"])
def test_an_absent_device_is_refused_in_one_line(name):
    with pytest.raises(SettingsError, match=f"--device {name}: not usable here") as caught:
        pick_device(name)
    assert "\n" not in str(caught.value)


def test_one_process_is_rank_zero_of_one():
    with distributed_context(ClassifierSettings(device="cpu")) as context:
        assert (context.mode, context.rank, context.world_size, context.is_rank_zero) == ("none", 0, 1, True)
        assert context.sum(torch.tensor([2.0])).tolist() == [2]
        assert context.gather("a") == ["a"]
        assert context.on_rank_zero(lambda: 3) == 3


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
    refused = pytest.raises(SettingsError, match=message)
    with refused, distributed_context(ClassifierSettings(device="cpu", **settings)):
        pass


@pytest.mark.parametrize(("gpus", "device", "mode"), [(2, "auto", "dp"), (1, "auto", "none"), (2, "cpu", "none")])
def test_auto_takes_data_parallel_where_there_are_several_gpus(gpus, device, mode, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with distributed_context(ClassifierSettings(device=device)) as context:
        assert context.mode == mode


def test_several_gpus_are_wrapped_in_data_parallel_and_saved_without_prefix(monkeypatch):
    model = torch.nn.Linear(2, 2)
    monkeypatch.setattr(model, "to", lambda device: model)
    wrapped = DistributedContext(torch.device("cuda"), "dp").wrap(model)
    assert isinstance(wrapped, torch.nn.DataParallel)
    assert unwrap(wrapped) is model
    assert unwrap(model) is model
    assert DistributedContext(torch.device("cpu")).wrap(model) is model


TWO_PROCESSES = """
import os
import numpy as np
import torch
from charrnn.errors import InterruptedRunError, SettingsError
from charrnn.training.distributed import distributed_context
from charrnn.training.metric_accumulator import MetricAccumulator
from charrnn.training.settings import ClassifierSettings

def refuse():
    raise SettingsError("no")

def says(what):
    # One write, so that two processes do not mix their lines.
    os.write(1, f"{what}\\n".encode())

try:
    with distributed_context(ClassifierSettings(device="cpu")) as context:
        assert context.mode == "ddp" and context.world_size == 2
        assert context.sum(torch.tensor([1.0 + context.rank])).tolist() == [3]
        assert context.gather(context.rank) == [0, 1]
        assert context.on_rank_zero(lambda: f"from {context.rank}") == "from 0"
        try:
            context.on_rank_zero(refuse)
        except SettingsError as error:
            says(f"refused {error}")

        # Each process counts its part of the batches; rank 1 has none of the last one, or none at all.
        random = torch.Generator().manual_seed(0)
        batches = [(torch.randn(5, 3, generator=random), torch.randint(3, (5,), generator=random)) for _ in range(3)]
        for shares in ([[0, 2], [1]], [[0, 1, 2], []]):
            both, own = MetricAccumulator(), MetricAccumulator()
            for batch in batches:
                both.add(*batch)
            for i in shares[context.rank]:
                own.add(*batches[i])
            assert own.all_reduce(context) is own
            assert np.allclose(own.totals, both.totals) and np.allclose(own.bins, both.bins)
            assert (own.confusion == both.confusion).all() and own.confusion.sum() == 15
        context.gather(None)
        if context.rank == 1:
            os._exit(0)
        context.sum(torch.tensor([1.0]))
except InterruptedRunError as error:
    says(error)
"""


def test_two_processes_agree_and_notice_when_one_is_gone():
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    done = subprocess.run([*command, sys.executable, "-c", TWO_PROCESSES], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused no") == 2
    assert done.stdout.count("another process of this run is gone") == 1
