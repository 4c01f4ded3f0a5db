"""Devices, and one model over several of them."""

from __future__ import annotations

import torch
from torch import nn

from charrnn.errors import SettingsError


def pick_device(wanted: str) -> torch.device:
    """``auto`` takes CUDA, then MPS, then the CPU; anything else is a torch device.

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


def wrap(model: nn.Module, device: torch.device) -> nn.Module:
    """The model on the device; in ``torch.nn.DataParallel`` where several GPUs are visible and none is named."""
    model = model.to(device)
    if device.type == "cuda" and device.index is None and torch.cuda.device_count() > 1:
        return nn.DataParallel(model)
    return model


def unwrap(model: nn.Module) -> nn.Module:
    """The model inside :func:`wrap`, whose state-dict keys carry no prefix."""
    return model.module if isinstance(model, nn.DataParallel) else model
