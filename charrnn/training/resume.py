"""The training state: what it takes to go on bit-exactly after a kill, and who may write to a run."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from charrnn.errors import SettingsError, StateError
from charrnn.model_folder import write_atomically

STATE, PREVIOUS, LOCK = "state.pt", "state.previous.pt", "lock"


def save(run: Path, state: Mapping[str, Any]) -> None:
    """Write the state atomically, with its SHA-256 in front; the state before it is kept as ``state.previous.pt``.

    Raises:
        StateError: the disk is full or the folder cannot be written; the earlier states are untouched.
    """
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    blob = buffer.getvalue()
    try:
        run.mkdir(parents=True, exist_ok=True)
        current = run / STATE
        if current.exists():
            # A hard link and a rename: at every moment there is a whole state under one of the names.
            link = run / f".{PREVIOUS}.{os.getpid()}.tmp"
            link.unlink(missing_ok=True)
            os.link(current, link)
            link.replace(run / PREVIOUS)
        write_atomically(current, hashlib.sha256(blob).digest() + blob)
    except OSError as error:
        raise StateError(
            f"{run}: the training state cannot be written ({error.strerror or error}). Free space, then --resume."
        ) from error


def load(run: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest whole state, and a message for each one that was cut or altered.

    Returns:
        The state, or None if none was ever saved.

    Raises:
        StateError: states were saved, but none of them is whole.
    """
    messages: list[str] = []
    for name in (STATE, PREVIOUS):
        path = run / name
        if not path.exists():
            continue
        content = path.read_bytes()
        if hashlib.sha256(content[32:]).digest() == content[:32]:
            state: dict[str, Any] = torch.load(io.BytesIO(content[32:]), map_location="cpu", weights_only=True)
            return state, messages
        messages.append(f"{path} is cut or altered")
    if messages:
        raise StateError(f"{'; '.join(messages)}. Remove the folder and train anew.")
    return None, []


def has_state(run: Path) -> bool:
    """Whether a state was saved there, whole or not."""
    return any((run / name).exists() for name in (STATE, PREVIOUS))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs between two descriptions of a run, as ``key: old → new``."""
    keys = sorted(old.keys() | new.keys())
    return [f"{key}: {old.get(key)} → {new.get(key)}" for key in keys if old.get(key) != new.get(key)]


@contextmanager
def only_writer(run: Path) -> Iterator[None]:
    """Hold the lock of a run; it goes with the process, however that ends.

    Raises:
        SettingsError: another process writes to this run.
    """
    run.mkdir(parents=True, exist_ok=True)
    with (run / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(
                f"{run}: another process is training there. Wait for it, or choose another --out."
            ) from error
        yield
