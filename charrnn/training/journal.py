"""What a run writes down in plain JSON: how it was started (``run.json``), and a line of figures an epoch."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from torch import nn

from charrnn.model_folder import write_atomically
from charrnn.training.tally import Tally

PACKAGES = ("charrnn", "torch", "numpy", "unidecode", "safetensors", "tensorboard")


class Journal:
    """A listener that writes ``metrics.jsonl``, a line an epoch.

    Args:
        run: folder of the file.
        epochs: already done; what a killed run wrote after them is dropped.
    """

    def __init__(self, run: Path, epochs: int = 0) -> None:
        self.path = run / "metrics.jsonl"
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True) if self.path.exists() else []
        write_atomically(self.path, "".join(lines[:epochs]).encode())

    def on_epoch(self, figures: dict[str, float], tally: Tally, model: nn.Module) -> None:
        """Append the figures."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(figures) + "\n")

    def on_end(self, model: nn.Module) -> None:
        """Nothing more to say."""


def write_start(run: Path, description: dict[str, Any], device: str, processes: int) -> None:
    """Write ``run.json``: the description of the run, the command, package versions, machine and git commit."""
    start = {
        "description": description,
        "command": sys.argv,
        "device": device,
        "processes": processes,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "git_commit": git_commit(),
    }
    write_atomically(run / "run.json", (json.dumps(start, indent=1, ensure_ascii=False) + "\n").encode())


def git_commit() -> str | None:
    """The commit of charrnn's own checkout, with ``-dirty`` if files differ from it; None outside of one."""
    source = Path(__file__).parent
    try:
        tracked = subprocess.run(
            ["git", "-C", source, "ls-files", "--error-unmatch", __file__], capture_output=True, timeout=10
        )
        if tracked.returncode:
            return None
        said = subprocess.run(
            ["git", "-C", source, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip() or None
