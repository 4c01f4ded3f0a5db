"""Writing to disk so that a file is whole or absent, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from charrnn.errors import SettingsError, StorageError


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content replaces ``path`` when the block ends; after an error, ``path`` is as it was.

    The content goes to a temporary file in the same folder, is flushed to the disk and renamed.

    Raises:
        OSError: the file cannot be written.
    """
    temporary = _temporary(path)
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the content of a file in one step (see :func:`atomic_writer`).

    Raises:
        OSError: the file cannot be written; it is as it was.
    """
    with atomic_writer(path) as stream:
        stream.write(content)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that becomes ``path`` when the block ends; after an error it is removed.

    Args:
        path: absent, or an empty folder.

    Raises:
        OSError: the folder cannot be written.
    """
    path = path.absolute()
    temporary = _temporary(path)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        temporary.replace(path)  # also of an empty folder, in one step
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def lock(path: Path, refusal: str | None = None) -> Iterator[None]:
    """Hold the lock of a file, which is made if absent; the lock ends with the process, however it ends.

    Args:
        path: of the file.
        refusal: message where another process holds the lock; None waits for it.

    Raises:
        SettingsError: another process holds it.
        OSError: the file cannot be written.
    """
    from filelock import FileLock, Timeout

    file = FileLock(path, timeout=-1 if refusal is None else 0)
    try:
        file.acquire()
    except Timeout as error:
        raise SettingsError(str(refusal)) from error
    try:
        yield
    finally:
        file.release()


@contextmanager
def storage_errors(where: str, remedy: str) -> Iterator[None]:
    """Turn an OSError inside the block into a :class:`StorageError` of one line.

    Args:
        where: what cannot be written, such as ``--out runs/a``.
        remedy: the next move, a sentence.

    Raises:
        StorageError: an OSError was raised inside.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"{where}: cannot be written ({error.strerror or error}). {remedy}") from error


def _temporary(path: Path) -> Path:
    path = path.absolute()  # the path "." has no name
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the file system can sync a folder; not all can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
