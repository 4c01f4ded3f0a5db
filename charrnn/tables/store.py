"""Where the parts of a job lie: in a folder beside the output, until all are finished and become the output.

The folder holds ``job.json``, which tells whose parts they are, a lock, and for each finished part its bytes
(``part-ID.FORMAT``) and its record (``ID.json``, written last). A part counts as finished if the record is there and
the bytes have its SHA-256.

A job is in one of these states; only the arrows lead from one to another::

    absent ── open ──► open ── all parts finished, join ──► finished
      ▲                 │ killed, or an error
      │                 ▼
      └─ restart ── interrupted ── resume ──► open

(:mod:`charrnn.tables.joining` is the last arrow to the right.)

One process at a time holds the lock of an open job. Finished parts go when the job is finished, and by ``restart``; no
error removes them. A finished job leaves a receipt in the cache folder, so that ``resume`` knows its output again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from charrnn.errors import SettingsError
from charrnn.storage import lock, write_atomically
from charrnn.tables import formats
from charrnn.tables.job import Job, PartId, PartRecord
from charrnn.tables.pieces import Piece, read_pieces

PART_ROWS = 32_768
"""Rows of a part; an interrupted job repeats at most the parts that were being classified."""
JOB, LOCK, MANIFEST = "job.json", "lock", "manifest.json"
RECORDS = "[0-9]*.json"


def parts_folder(output: str) -> Path:
    """Where the parts of a job with this output lie."""
    path = Path(output)
    return path.with_name(f".{path.name}.parts")


@contextmanager
def open_job(
    job: Job, resume: bool = False, restart: bool = False, overwrite: bool = False
) -> Iterator[dict[PartId, PartRecord]]:
    """Hold the folder of parts for a job; a job without a finished part leaves nothing behind.

    Args:
        job: to classify.
        resume: go on with the parts that are finished.
        restart: begin anew, without them.
        overwrite: the output may exist; it is replaced when the job is finished.

    Yields:
        The records of the finished parts.

    Raises:
        SettingsError: another process works on this output; the output exists; there are finished parts, and neither
            ``resume`` nor ``restart`` tells what to do with them; or they are of another job.
        OSError: the folder cannot be written.
    """
    folder, output = parts_folder(job.output), Path(job.output)
    check_folder(folder)
    folder.mkdir(exist_ok=True)
    with lock(folder / LOCK, f"--output {output}: another process is writing it. Wait for it, or choose another name."):
        own = (folder / LOCK).stat()
        try:
            for left in folder.glob("*.tmp"):  # of a process that was killed while it wrote
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            discard(None, output)
            _put_back(output)
            yield _begin(folder, job, resume, restart, overwrite)
        finally:
            # When the job is finished, a folder of this name is that of another process.
            is_own = (folder / LOCK).exists() and os.path.samestat((folder / LOCK).stat(), own)
            if is_own and not any(folder.glob(RECORDS)):
                shutil.rmtree(folder, ignore_errors=True)


def discard(folder: Path | None, output: Path) -> None:
    """Remove a folder of the job in one step, as far as anybody can see; what is left of earlier ones goes too."""
    trash = output.with_name(f".{output.name}.trash")
    shutil.rmtree(trash, ignore_errors=True)
    if folder is not None and folder.exists() and not trash.exists():
        folder.replace(trash)
        shutil.rmtree(trash, ignore_errors=True)


def check_folder(folder: Path) -> None:
    """Check that nothing but a job is in the folder of parts.

    Raises:
        SettingsError: there are other files.
    """
    found = list(folder.iterdir()) if folder.is_dir() else []
    foreign = [path.name for path in found if path.name not in (JOB, LOCK, MANIFEST) and not _is_of_a_part(path)]
    if foreign:
        raise SettingsError(
            f"{folder}: holds {foreign[0]}, which is not of a job. Move it away, or choose another --output."
        )


def _is_of_a_part(path: Path) -> bool:
    return path.suffix == ".tmp" or path.match("part-*") or path.match(RECORDS)


def _begin(folder: Path, job: Job, resume: bool, restart: bool, overwrite: bool) -> dict[PartId, PartRecord]:
    output, begun = Path(job.output), read_object(folder / JOB)
    is_same = begun.get("identity") == job.identity
    overwrite = overwrite or (resume and is_same and bool(begun.get("overwrite")))
    if output.exists() and not overwrite:
        raise SettingsError(f"--output {output}: exists already. Choose another name, or add --overwrite.")
    if job.output_is_folder and output.exists() and not _is_folder_of_parts(output):
        raise SettingsError(f"--output {output}: is no folder of parts, so it is not replaced. Choose another name.")
    count = sum(1 for _ in folder.glob(RECORDS))
    if count and not restart:
        if job.inputs[0].alias:
            raise SettingsError(
                f"--output {output}: an interrupted job has {count:,} finished parts in {folder}. Standard input "
                "cannot be read again, so begin anew with --restart."
            )
        if not resume:
            raise SettingsError(
                f"--output {output}: an interrupted job has {count:,} finished parts in {folder}. Go on with --resume, "
                "or begin anew with --restart."
            )
        if not is_same:
            raise SettingsError(
                f"--resume: {folder} belongs to another job (input, model or flags differ). Repeat that one, or begin "
                "anew with --restart."
            )
    else:
        for path in [*folder.glob(RECORDS), *folder.glob("part-*")]:
            path.unlink()
    content = {"identity": job.identity, "overwrite": overwrite, "inputs": [str(file) for file in job.inputs]}
    write_atomically(folder / JOB, json.dumps(content).encode())
    return _finished_parts(folder, job)


def _is_folder_of_parts(output: Path) -> bool:
    """Whether a folder holds the parts that its manifest lists, and nothing else."""
    if not output.is_dir() or not is_manifest(output / MANIFEST):
        return False
    listed = {part.get("file") for part in read_object(output / MANIFEST)["parts"] if isinstance(part, dict)}
    return {path.name for path in output.iterdir()} - {JOB, LOCK} <= {MANIFEST, *listed}


def is_manifest(path: Path) -> bool:
    """Whether a file is the manifest of a folder of parts."""
    return isinstance(read_object(path).get("parts"), list)


def _finished_parts(folder: Path, job: Job) -> dict[PartId, PartRecord]:
    finished: dict[PartId, PartRecord] = {}
    for path in folder.glob(RECORDS):
        try:
            part, record = PartId(*map(int, path.stem.split("-"))), PartRecord(**json.loads(path.read_text()))
            content = part_path(folder, part, job).read_bytes()
        except (OSError, ValueError, TypeError):
            continue
        # A worker that outlived a killed job may have written a part of that job.
        if record.job == job.identity and hashlib.sha256(content).hexdigest() == record.sha256:
            finished[part] = record
    return finished


def unfinished_parts(job: Job, file: int, finished: Collection[PartId]) -> Iterator[tuple[PartId, Piece]]:
    """Read the parts of one input file that are not finished.

    Raises:
        InputError: the file cannot be read or is malformed.
    """
    for number, piece in enumerate(read_pieces(job, job.inputs[file], PART_ROWS)):
        if (part := PartId(file, number)) not in finished:
            yield part, piece


def write_part(
    folder: Path | None, part: PartId, content: bytes, abstained: Mapping[str, int], piece: Piece, job: Job
) -> PartRecord:
    """Write a classified part, then its record; without a folder, the record carries the bytes.

    Raises:
        OSError: the part cannot be written.
    """
    if job.output_is_folder:
        content = b"".join(stream.read() for stream in formats.enclosed([io.BytesIO(content)], job))
    digest = hashlib.sha256(content).hexdigest()
    record = PartRecord(len(piece), digest, job.identity, abstained, piece.bad_rows, piece.bad_rows_told)
    if folder is None:
        return replace(record, content=content)
    write_atomically(part_path(folder, part, job), content)
    write_atomically(folder / f"{part}.json", record.to_json().encode())
    return record


def replaced_folder(output: Path) -> Path:
    """Where a folder of parts lies while another one takes its name."""
    return output.with_name(f".{output.name}.replaced")


def _put_back(output: Path) -> None:
    """Undo a replacement that was stopped between its two renames; what a finished one has left goes."""
    replaced = replaced_folder(output)
    if replaced.is_dir() and not output.exists():
        replaced.replace(output)
    elif replaced.is_dir():
        discard(replaced, output)


def part_path(folder: Path, part: PartId, job: Job) -> Path:
    """Where the bytes of a part lie."""
    return folder / f"part-{part}.{job.output_format}"


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of the store; an empty one if it is absent or damaged."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
