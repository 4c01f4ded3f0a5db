"""Plain JSON of a run: how it was started, ``run.json``, and the metrics of each epoch, ``metrics.jsonl``."""

from __future__ import annotations

import json
import math
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from torch import nn

from charrnn import __version__
from charrnn.storage import write_atomically
from charrnn.training.metric_accumulator import MetricAccumulator

PACKAGES = ("torch", "numpy", "unidecode", "safetensors", "tensorboard")


class JsonlLogger:
    """A listener that writes ``metrics.jsonl``, a line for each epoch.

    Args:
        folder: of the file; made if absent.
        epochs: already done; lines of later epochs, which a killed run may have left, are dropped.
    """

    def __init__(self, folder: Path, epochs: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "metrics.jsonl"
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True) if self.path.exists() else []
        write_atomically(self.path, "".join(lines[:epochs]).encode())

    def on_epoch(self, metrics: dict[str, float], validation: MetricAccumulator, model: nn.Module) -> None:
        """Append the metrics; ``null`` stands for one that is not finite, for which JSON has no number."""
        finite = {name: value if math.isfinite(value) else None for name, value in metrics.items()}
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(finite, allow_nan=False) + "\n")

    def on_end(self, model: nn.Module) -> None:
        """Nothing is written at the end."""


def write_run_description(folder: Path, description: dict[str, Any], device: str, processes: int) -> None:
    """Write ``run.json``: the description of the run, its command, package versions, machine and git commit.

    Args:
        folder: of the run.
        description: settings and data.
        device: of rank 0.
        processes: their number.

    Raises:
        OSError: it cannot be written.
    """
    content = {
        "description": description,
        "command": sys.argv,
        "device": device,
        "processes": processes,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {"charrnn": __version__} | {name: metadata.version(name) for name in PACKAGES},
        "git_commit": git_commit(),
    }
    write_atomically(folder / "run.json", (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def git_commit() -> str | None:
    """The commit of charrnn's own checkout, with ``-dirty`` if files differ from it; None outside of a checkout."""
    source = Path(__file__).parent
    try:
        tracked = subprocess.run(
            ["git", "-C", source, "ls-files", "--error-unmatch", __file__], capture_output=True, timeout=10
        )
        if tracked.returncode:
            return None
        described = subprocess.run(
            ["git", "-C", source, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return described.stdout.strip() or None
