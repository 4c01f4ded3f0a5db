"""Corpora that are downloaded once: pinned addresses, hashes checked, atomic, resumable."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tqdm import tqdm

from charrnn.errors import CorpusError

TIMEOUT = 30.0
"""Seconds without a byte before a download is given up."""
_BLOCK = 1 << 16


@functools.cache
def sources() -> Mapping[str, Any]:
    """What can be downloaded: by name of the corpus, its licence and its files (file, url, sha256, bytes)."""
    table: Mapping[str, Any] = json.loads((Path(__file__).parent / "sources.json").read_bytes())
    return table


def cache_folder() -> Path:
    """``$CHARRNN_CACHE``, or ``charrnn`` in the user's cache folder."""
    chosen = os.environ.get("CHARRNN_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen) if chosen else Path(base) / "charrnn"


def fetch(name: str, timeout: float = TIMEOUT) -> Path:
    """The folder of a downloaded corpus, or the file of one that has a single file.

    Files that are there with the right hash are taken; others are downloaded. An interrupted download goes on where it
    stopped.

    Raises:
        CorpusError: there is no such corpus, the server cannot be reached or answers with an error, what comes is cut
            off or has another hash, or the cache folder cannot be written.
    """
    if name not in sources():
        raise CorpusError(f"{name!r}: no corpus to download. Choose one of {', '.join(sources())}.")
    files = sources()[name]["files"]
    folder = cache_folder() / name
    needed = [entry for entry in files if not _holds(folder / entry["file"], entry["sha256"])]
    if needed:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error
        total = sum(entry["bytes"] for entry in needed)
        with tqdm(total=total, unit="B", unit_scale=True, desc=name, disable=not sys.stderr.isatty()) as bar:
            for entry in needed:
                _download(entry, folder / entry["file"], timeout, bar)
    return folder / files[0]["file"] if len(files) == 1 else folder


def _holds(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _download(entry: Mapping[str, Any], path: Path, timeout: float, bar: Any) -> None:
    part = path.with_name(f"{path.name}.part")
    done = part.stat().st_size if part.exists() else 0
    if done >= entry["bytes"]:
        part.unlink()
        done = 0
    request = urllib.request.Request(entry["url"], headers={"Range": f"bytes={done}-"} if done else {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            # A server that ignores Range sends the whole file with status 200.
            resumes = answer.status == 206
            done = done if resumes else 0
            bar.update(done)
            done += _receive(answer, part, "ab" if resumes else "wb", entry["bytes"] - done, bar)
    except urllib.error.HTTPError as error:
        error.close()
        raise CorpusError(
            f"{entry['url']}: the server answers {error.code} {error.reason}. Try later, or put {path.name} into "
            f"{path.parent} yourself."
        ) from error
    except (urllib.error.URLError, TimeoutError, HTTPException, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise CorpusError(
            f"{entry['url']}: cannot be downloaded ({reason}). Try again when online (it goes on where it "
            f"stopped), or put {path.name} into {path.parent} yourself."
        ) from error
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unwritable(path.parent, error) from error
    if done < entry["bytes"]:
        raise CorpusError(
            f"{entry['url']}: cut off after {done:,} of {entry['bytes']:,} bytes. Run it again: it goes on from there."
        )
    if not _holds(part, entry["sha256"]):
        part.unlink()
        raise CorpusError(
            f"{entry['url']}: has another SHA-256 than the pinned one; it was thrown away. Try again later."
        )
    part.replace(path)


def _receive(answer: Any, part: Path, mode: str, most: int, bar: Any) -> int:
    received = 0
    with part.open(mode) as stream:
        # One byte more than expected is enough to know that it is another file.
        while received <= most and (block := answer.read(min(_BLOCK, most - received + 1))):
            stream.write(block)
            received += len(block)
            bar.update(len(block))
    return received


def _unwritable(folder: Path, error: OSError) -> CorpusError:
    return CorpusError(
        f"{folder}: cannot be written ({error.strerror or error}). Free space, or set CHARRNN_CACHE to another folder."
    )
