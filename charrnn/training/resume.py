"""The training state: what it takes to go on bit-exactly after a kill, and who may write to a run."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from charrnn.errors import SettingsError, StateError
from charrnn.model_folder import write_atomically
from charrnn.training.journal import write_start
from charrnn.training.parallel import Machine
from charrnn.training.settings import Settings
from charrnn.training.trainer import Save, Trainer

STATE, PREVIOUS, LOCK = "state.pt", "state.previous.pt", "lock"
FREE = ("epochs", "device", "parallel")
"""Settings that may change between a run and its resumption; epochs may only grow."""


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


def describe(task: str, settings: Settings, fingerprint: str, init_sha256: str | None) -> dict[str, Any]:
    """What must be the same when a run is resumed, and how many epochs it was to have."""
    return {"task": task, **dataclasses.asdict(settings), "data": fingerprint, "init": init_sha256}


def check_same(where: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Whether a run may go on under a new description.

    Raises:
        SettingsError: something else than more epochs has changed; all differences are named.
    """
    held = {key: value for key, value in new.items() if key not in FREE}
    changed = differences({key: value for key, value in old.items() if key not in FREE}, held)
    if new["epochs"] < old["epochs"] or (new["epochs"] > old["epochs"] and new["schedule"] == "one-cycle"):
        changed.append(f"epochs: {old['epochs']} → {new['epochs']}")
    if changed:
        raise SettingsError(
            f"{where}: belongs to another run ({'; '.join(changed)}). Only more epochs of plateau can be added: "
            "repeat its settings, or choose another --out."
        )


def saver(run: Path | None, machine: Machine, description: dict[str, Any]) -> Save:
    """What a trainer calls to save its state; nothing happens where there is no run."""

    def save_state(state: dict[str, Any]) -> None:
        if run is not None:
            machine.on_main(lambda: save(run, state | {"description": description}))

    return save_state


def start(run: Path, description: dict[str, Any], machine: Machine) -> dict[str, Any] | None:
    """The state to go on from, on rank 0; what earlier attempts left without a state is removed."""
    state = load_whole(run)
    if state is None:
        for path in run.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()
    else:
        check_same(run, state["description"], description)
    write_start(run, description, str(machine.device), machine.world)
    return state


def load_whole(run: Path) -> dict[str, Any] | None:
    """As :func:`load`, saying what is cut or altered."""
    state, messages = load(run)
    for message in messages:
        print(f"charrnn.train: {message}; going on from the one before it")
    return state


def restore(trainer: Trainer, run: Path, state: dict[str, Any]) -> None:
    """Let a trainer go on from a state.

    Raises:
        StateError: the state does not fit.
    """
    try:
        trainer.load_state_dict(state)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StateError(
            f"{run}: its state does not fit this charrnn ({reason}). Resume with the one that wrote it, or train anew."
        ) from error
    if trainer.machine.is_main:
        progress = trainer.progress
        print(f"resuming after {progress.epoch} epochs and {progress.step} steps")


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
