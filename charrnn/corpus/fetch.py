"""Corpora that are downloaded once, from pinned addresses, with their hashes checked; a download can be resumed."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tqdm import tqdm

from charrnn.errors import InputError, SettingsError, StorageError
from charrnn.storage import lock, storage_errors

TIMEOUT = 30.0
"""Seconds without a byte, after which a download fails."""
_BLOCK = 1 << 16
_REMEDY = "Free space, or set CHARRNN_CACHE to another folder."


@functools.cache
def sources() -> Mapping[str, Any]:
    """The corpora that can be downloaded: by name, the licence and the files (file, url, sha256, bytes)."""
    table: Mapping[str, Any] = json.loads((Path(__file__).parent / "sources.json").read_bytes())
    return table


def cache_folder() -> Path:
    """``$CHARRNN_CACHE``, or ``charrnn`` in the user's cache folder."""
    chosen = os.environ.get("CHARRNN_CACHE")
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # a user without a home, as in some containers
        base = Path(tempfile.gettempdir()) / f"charrnn-{os.getuid()}"
    return Path(chosen) if chosen else Path(base) / "charrnn"


def fetch(name: str, timeout: float = TIMEOUT) -> Path:
    """The folder of a downloaded corpus, or the file of one that has a single file.

    Files of the cache folder that have the right hash are used as they are; others are downloaded. An interrupted
    download continues where it stopped.

    Args:
        name: of a corpus, one of :func:`sources`.
        timeout: seconds without a byte, after which a download fails.

    Raises:
        InputError: there is no such corpus, the server cannot be reached or answers with an error, or the file is cut
            off or has another hash.
        StorageError: the cache folder cannot be written.
    """
    if name not in sources():
        raise InputError(f"{name!r}: no corpus to download. Choose one of {', '.join(sources())}.")
    files = sources()[name]["files"]
    folder = cache_folder() / name
    needed = [entry for entry in files if not _holds(folder / entry["file"], entry["sha256"])]
    if needed:
        with storage_errors(str(folder), _REMEDY):
            folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            with storage_errors(str(folder), _REMEDY):
                _wait_for_lock(stack, folder.with_name(f"{name}.lock"), name)
            needed = [entry for entry in needed if not _holds(folder / entry["file"], entry["sha256"])]
            total = sum(entry["bytes"] for entry in needed)
            with tqdm(total=total, unit="B", unit_scale=True, desc=name, disable=not sys.stderr.isatty()) as bar:
                for entry in needed:
                    _download(entry, folder / entry["file"], timeout, bar)
    return folder / files[0]["file"] if len(files) == 1 else folder


def _wait_for_lock(stack: ExitStack, path: Path, name: str) -> None:
    """Hold the lock of a download until the stack ends; who has to wait for it is told."""
    try:
        stack.enter_context(lock(path, "taken"))
    except SettingsError:
        print(f"{name}: another process downloads it; waiting for it to end.", file=sys.stderr)
        stack.enter_context(lock(path))


def _holds(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _download(entry: Mapping[str, Any], path: Path, timeout: float, bar: Any) -> None:
    partial = path.with_name(f"{path.name}.part")
    done = partial.stat().st_size if partial.exists() else 0
    if done >= entry["bytes"]:
        partial.unlink()
        done = 0
    request = urllib.request.Request(entry["url"], headers={"Range": f"bytes={done}-"} if done else {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            # A server that ignores Range sends the whole file with status 200.
            resumes = answer.status == 206
            done = done if resumes else 0
            bar.update(done)
            done += _receive(answer, partial, "ab" if resumes else "wb", entry["bytes"] - done, bar)
    except urllib.error.HTTPError as error:
        error.close()
        raise InputError(
            f"{entry['url']}: the server answers {error.code} {error.reason}. Try later, or put {path.name} into "
            f"{path.parent} yourself."
        ) from error
    except (urllib.error.URLError, TimeoutError, HTTPException, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(
            f"{entry['url']}: cannot be downloaded ({reason}). Try again when online (it goes on where it "
            f"stopped), or put {path.name} into {path.parent} yourself."
        ) from error
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(f"{path.parent}: cannot be written ({error.strerror or error}). {_REMEDY}") from error
    if done < entry["bytes"]:
        raise InputError(
            f"{entry['url']}: cut off after {done:,} of {entry['bytes']:,} bytes. Run it again: it goes on from there."
        )
    if not _holds(partial, entry["sha256"]):
        partial.unlink()
        raise InputError(
            f"{entry['url']}: has another SHA-256 than the pinned one; it was thrown away. Try again later."
        )
    partial.replace(path)


def _receive(answer: Any, partial: Path, mode: str, most: int, bar: Any) -> int:
    received = 0
    with partial.open(mode) as stream:
        # One byte more than expected proves that it is another file.
        while received <= most and (block := answer.read(min(_BLOCK, most - received + 1))):
            stream.write(block)
            received += len(block)
            bar.update(len(block))
    return received
