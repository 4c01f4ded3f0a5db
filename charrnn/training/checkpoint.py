"""The training state on disk, from which a run goes on bit-exactly after a kill."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from charrnn.errors import CheckpointError, SettingsError, StorageError
from charrnn.storage import storage_errors, write_atomically
from charrnn.training.distributed import DistributedContext

STATE, PREVIOUS = "state.pt", "state.previous.pt"
FREE = ("epochs", "device", "parallel")
"""Settings that may change between a run and its resumption; epochs may only grow."""
HASH_BYTES = 32


class Resumable(Protocol):
    """What a state is restored into."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""


@dataclass(frozen=True)
class Checkpoint:
    """The saved states of one fit; rank 0 alone reads and writes them.

    Attributes:
        folder: of the states; None saves nothing and finds nothing.
        description: what must be equal for the fit to go on (see :func:`check_same`); saved with each state.
        context: of the run.
    """

    folder: Path | None
    description: dict[str, Any]
    context: DistributedContext

    def save(self, state: Mapping[str, Any]) -> None:
        """Write a state (see :func:`write_state`).

        Raises:
            StorageError: it cannot be written; the earlier states are untouched.
        """
        folder = self.folder
        if folder is not None:
            self.context.on_rank_zero(lambda: write_state(folder, {**state, "description": self.description}))

    def read(self) -> dict[str, Any] | None:
        """The newest undamaged state, or None if none was saved; a message is printed for each damaged one.

        Call it on rank 0.

        Raises:
            CheckpointError: all states are damaged.
            StorageError: they cannot be read.
        """
        if self.folder is None:
            return None
        try:
            state, messages = read_state(self.folder)
        except OSError as error:
            raise StorageError(f"{self.folder}: cannot be read ({error.strerror or error}). Check the disk.") from error
        for message in messages:
            print(f"charrnn.train: {message}; going on from the one before it")
        return state

    def restore(self, trainer: Resumable, state: dict[str, Any]) -> None:
        """Let a trainer go on from a state.

        Raises:
            CheckpointError: the state does not fit this version.
        """
        try:
            trainer.load_state_dict(state)
        except (RuntimeError, KeyError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"{self.folder}: its state does not fit this charrnn ({reason}). Resume with the one that wrote it, "
                "or train anew."
            ) from error
        if self.context.is_rank_zero:
            progress = state["progress"]
            print(f"resuming after {progress['epoch']} epochs and {progress['step']} steps")


def write_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Write a state in one step, its SHA-256 in front; the state before it stays as ``state.previous.pt``.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the earlier states are untouched.
    """
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    content = buffer.getvalue()
    current = folder / STATE
    with storage_errors(str(current), "Free space, then --resume."):
        folder.mkdir(parents=True, exist_ok=True)
        if current.exists():
            # A hard link and a rename: at every moment one of the names holds a whole state.
            link = folder / f".{PREVIOUS}.{os.getpid()}.tmp"
            link.unlink(missing_ok=True)
            os.link(current, link)
            link.replace(folder / PREVIOUS)
        write_atomically(current, hashlib.sha256(content).digest() + content)


def read_state(folder: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest undamaged state, and a message for each damaged one.

    Returns:
        The state, or None if none was ever saved.

    Raises:
        CheckpointError: states were saved, and all of them are damaged.
    """
    messages: list[str] = []
    for name in (STATE, PREVIOUS):
        path = folder / name
        if not path.exists():
            continue
        content = path.read_bytes()
        if hashlib.sha256(content[HASH_BYTES:]).digest() == content[:HASH_BYTES]:
            buffer = io.BytesIO(content[HASH_BYTES:])
            state: dict[str, Any] = torch.load(buffer, map_location="cpu", weights_only=True)
            return state, messages
        messages.append(f"{path} is cut or altered")
    if messages:
        raise CheckpointError(f"{'; '.join(messages)}. Remove the folder and train anew.")
    return None, []


def has_state(folder: Path) -> bool:
    """Whether a state was saved there, damaged or not."""
    return any((folder / name).exists() for name in (STATE, PREVIOUS))


def check_same(where: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Check that a run may go on under a new description.

    Args:
        where: the folder, for the message.
        old: description under which the run was started.
        new: description under which it is to go on.

    Raises:
        SettingsError: something else than more epochs has changed; all differences are named.
    """
    keys = sorted((old.keys() | new.keys()) - set(FREE))
    changed = [f"{key}: {old.get(key)} → {new.get(key)}" for key in keys if old.get(key) != new.get(key)]
    if new["epochs"] < old["epochs"] or (new["epochs"] > old["epochs"] and new["schedule"] == "one-cycle"):
        changed.append(f"epochs: {old['epochs']} → {new['epochs']}")
    if changed:
        raise SettingsError(
            f"{where}: belongs to another run ({'; '.join(changed)}). Only more epochs of plateau can be added: "
            "repeat its settings, or choose another --out."
        )
