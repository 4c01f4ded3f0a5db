"""Devices, processes and precision: one model over all of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from charrnn.errors import CharRNNError, InterruptedRunError, SettingsError
from charrnn.training.settings import Settings

T = TypeVar("T")
DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def pick_device(wanted: str) -> torch.device:
    """The device of a setting: ``auto`` takes CUDA, then MPS, then the CPU; anything else names a torch device.

    Raises:
        SettingsError: there is no such device here.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(f"--device {wanted}: not usable here ({reason}). Take auto or cpu.") from error
    return device


@dataclass(frozen=True)
class DistributedContext:
    """Device, precision and place among the processes of a run.

    Attributes:
        device: of this process.
        mode: ``none``, ``dp`` (one process, several GPUs) or ``ddp`` (one process for each GPU, under torchrun).
        precision: ``fp32``, ``bf16`` or ``fp16``.
        rank: of this process; rank 0 alone writes files.
        world_size: number of processes.
    """

    device: torch.device
    mode: str = "none"
    precision: str = "fp32"
    rank: int = 0
    world_size: int = 1

    @property
    def is_rank_zero(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model on its device, inside DataParallel or DistributedDataParallel if that is the mode."""
        model = model.to(self.device)
        if self.mode == "dp":
            return nn.DataParallel(model)
        if self.mode == "ddp":
            devices = [self.device] if self.device.type == "cuda" else None
            return DistributedDataParallel(model, devices, static_graph=True, gradient_as_bucket_view=True)
        return model

    def autocast(self) -> AbstractContextManager[Any]:
        """The context of a forward pass in this precision."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, DTYPES[self.precision])

    def sum(self, values: Tensor) -> Tensor:
        """The sum of ``values`` over all processes, on the CPU."""
        return self.start_sum(values)()

    def start_sum(self, values: Tensor) -> Callable[[], Tensor]:
        """Start a sum over all processes; the returned function waits for it and gives it on the CPU."""
        if self.world_size == 1:
            return values.cpu
        values = values.to(self.device) if dist.get_backend() == "nccl" else values.cpu()
        work = dist.all_reduce(values, async_op=True)

        def wait() -> Tensor:
            work.wait()
            return values.cpu()

        return wait

    def gather(self, value: Any) -> list[Any]:
        """A picklable value of every process, in the order of ranks."""
        if self.world_size == 1:
            return [value]
        values: list[Any] = [None] * self.world_size
        dist.all_gather_object(values, value)
        return values

    def on_rank_zero(self, action: Callable[[], T]) -> T:
        """The result of an action that rank 0 alone executes, on every process; its CharRNNError is raised on all."""
        if self.world_size == 1:
            return action()
        box: list[Any] = [None]
        if self.is_rank_zero:
            try:
                box = [action()]
            except CharRNNError as error:
                box = [error]
        dist.broadcast_object_list(box, src=0)
        if isinstance(box[0], CharRNNError):
            raise box[0]
        result: T = box[0]
        return result


def unwrap(model: nn.Module) -> nn.Module:
    """The model inside :meth:`DistributedContext.wrap`; the keys of its state dict have no prefix."""
    if isinstance(model, nn.DataParallel | DistributedDataParallel):
        inner: nn.Module = model.module
        return inner
    return model


@contextmanager
def distributed_context(settings: Settings) -> Iterator[DistributedContext]:
    """The context of the settings; inside the block, this process belongs to torchrun's group.

    Raises:
        SettingsError: ddp without torchrun, torchrun without ddp, fp16 without CUDA, or no such device.
        InterruptedRunError: another process ended before this one.
    """
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    under_torchrun = "TORCHELASTIC_RUN_ID" in os.environ
    mode = settings.parallel
    if mode == "auto":
        mode = "ddp" if under_torchrun else "dp" if _has_several_gpus(settings.device) else "none"
    if mode == "ddp" and not under_torchrun:
        raise SettingsError("--parallel ddp: needs torchrun. Run: torchrun --nproc-per-node N -m charrnn.train …")
    if mode != "ddp" and world_size > 1:
        raise SettingsError(
            f"--parallel {mode}: {world_size} processes run under torchrun. Set --parallel ddp, or run one."
        )
    device = pick_device(settings.device)
    if settings.precision == "fp16" and device.type != "cuda":
        raise SettingsError(f"--precision fp16: needs CUDA, this is {device.type}. Take bf16 or fp32.")
    if mode == "dp" and not _has_several_gpus(settings.device):
        raise SettingsError("--parallel dp: needs several CUDA GPUs and --device auto or cuda. Take none.")
    if mode != "ddp":
        yield DistributedContext(device, mode, settings.precision)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    try:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        yield DistributedContext(device, mode, settings.precision, dist.get_rank(), dist.get_world_size())
    except RuntimeError as error:
        # Only an error that names its backend means that another process is gone.
        if not re.search("gloo|nccl", str(error), re.IGNORECASE):
            raise
        raise InterruptedRunError(
            "another process of this run is gone; the last saved state is intact. Go on with --resume."
        ) from error
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _has_several_gpus(device: str) -> bool:
    return device in ("auto", "cuda") and torch.cuda.device_count() > 1
