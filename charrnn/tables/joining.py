"""The end of a job: its parts become the output in one step, and a receipt tells that they have."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from charrnn.corpus.fetch import cache_folder
from charrnn.errors import InputError, SettingsError, StorageError
from charrnn.storage import lock, sync_folder, write_atomically
from charrnn.tables import formats
from charrnn.tables.job import Job, PartId, PartRecord, stamp
from charrnn.tables.store import (
    JOB,
    LOCK,
    MANIFEST,
    RECORDS,
    discard,
    part_path,
    parts_folder,
    read_object,
    replaced_folder,
)


def join(finished: Mapping[PartId, PartRecord], job: Job) -> str:
    """Turn all parts, in the order of the input, into the output in one step; the folder of parts is gone then.

    Returns:
        A note where the output will not be known again by ``resume``, or nothing.

    Raises:
        InputError: the input was altered while it was classified.
        SettingsError: the output was made by somebody else in the meantime.
        StorageError: a part was altered since it was finished.
        OSError: the output cannot be written.
    """
    folder, output, parts = parts_folder(job.output), Path(job.output), sorted(finished)
    _check_inputs(job)
    verified = (_verified(folder, part, finished[part], job) for part in parts)
    if job.output_is_folder:
        for _ in verified:
            pass
        return _become_folder(folder, output, parts, finished, job)
    _check_output(folder, output)
    joined = folder / "joined.tmp"
    with joined.open("wb") as stream:
        formats.join(verified, job, stream, folder)
        stream.flush()
        os.fsync(stream.fileno())
    # A rename keeps size and time. With the receipt before it, a job that is killed here is known as finished or not.
    note = _write_receipt(job, joined)
    _check_output(folder, output)
    joined.replace(output)
    sync_folder(output.parent)
    discard(folder, output)
    return note


def _check_inputs(job: Job) -> None:
    """Check that the input is the one that was read.

    Raises:
        InputError: it is not.
    """
    for file, own in zip(job.inputs, job.stamps, strict=True):
        try:
            is_same = stamp(file.path) == own
        except OSError:
            is_same = False
        if not is_same:
            raise InputError(f"{file}: was altered while it was classified. Begin anew with --restart.")


def _check_output(folder: Path, output: Path) -> None:
    """Check that nobody else has made the output in the meantime.

    Raises:
        SettingsError: somebody has.
    """
    if output.exists() and not read_object(folder / JOB).get("overwrite"):
        raise SettingsError(f"--output {output}: was made by another program. Add --resume --overwrite to replace it.")


def _become_folder(
    folder: Path, output: Path, parts: list[PartId], finished: Mapping[PartId, PartRecord], job: Job
) -> str:
    manifest = {
        "rows": sum(record.rows for record in finished.values()),
        "parts": [
            {"file": part_path(folder, part, job).name, "rows": finished[part].rows, "sha256": finished[part].sha256}
            for part in parts
        ],
    }
    write_atomically(folder / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
    replaced = replaced_folder(output)
    note = _write_receipt(job, folder / MANIFEST)
    _check_output(folder, output)
    if output.exists():
        output.replace(replaced)
    folder.replace(output)
    sync_folder(output.parent)
    _tidy_folder(output)
    discard(replaced, output)
    return note


def _tidy_folder(output: Path) -> None:
    """Leave only the parts and the manifest in a folder that was one of parts."""
    for path in [output / JOB, output / LOCK, *output.glob(RECORDS)]:
        path.unlink(missing_ok=True)


def is_finished(job: Job) -> bool:
    """Whether the output is there, as this very job has written it. What a kill has left of the job goes then.

    Raises:
        OSError: an input cannot be read, or what is left cannot be removed.
    """
    known = read_object(_receipt(job.output))
    output = Path(job.output)
    try:
        is_same = known.get("stamp") == list(stamp(output / MANIFEST if job.output_is_folder else output))
    except OSError:
        return False
    if known.get("identity") != job.identity or not is_same:
        return False
    folder = parts_folder(job.output)
    if read_object(folder / JOB).get("identity") == job.identity:
        with suppress(SettingsError), lock(folder / LOCK, "in use"):
            discard(folder, output)
    discard(None, output)
    if replaced_folder(output).is_dir():
        discard(replaced_folder(output), output)
    if job.output_is_folder:
        _tidy_folder(output)
    return True


def _write_receipt(job: Job, path: Path) -> str:
    """Note for :func:`is_finished` that the output, which still has this path, is that of the job."""
    receipt = _receipt(job.output)
    try:
        receipt.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(receipt, json.dumps({"identity": job.identity, "stamp": stamp(path)}).encode())
    except OSError as error:
        reason = error.strerror or error
        return f"{receipt.parent}: cannot be written ({reason}), so --resume will not know this output again."
    return ""


def _receipt(output: str) -> Path:
    name = hashlib.sha256(str(Path(output).absolute()).encode()).hexdigest()[:32]
    return cache_folder() / "tables" / f"{name}.json"


def _verified(folder: Path, part: PartId, record: PartRecord, job: Job) -> BinaryIO:
    content = part_path(folder, part, job).read_bytes()
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise StorageError(f"{part_path(folder, part, job)}: was altered since it was written. Go on with --resume.")
    return io.BytesIO(content)
