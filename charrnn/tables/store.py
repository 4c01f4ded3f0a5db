"""Where the parts of a job lie: in a folder beside the output, until all are finished and become the output.

The folder holds ``job.json``, which tells whose parts they are, and for each finished part its bytes
(``part-ID.KIND``) and its record (``ID.json``, written last). A part counts as finished if the record is there and the
bytes have its SHA-256.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO, cast

from charrnn.errors import SettingsError, needs_extra
from charrnn.storage import atomic_writer, write_atomically
from charrnn.tables import formats
from charrnn.tables.job import Job, PartId, PartRecord

with needs_extra("tables"):
    import pyarrow as pa
    import pyarrow.parquet as pq

PART_ROWS = 32_768
"""Rows of a part; an interrupted job repeats at most the parts that were being classified."""
JOB = "job.json"
RECORDS = "[0-9]*.json"


def parts_folder(output: str) -> Path:
    """Where the parts of a job with this output lie."""
    path = Path(output)
    return path.with_name(f".{path.name}.parts")


def open_job(folder: Path, job: Job, resume: bool) -> dict[PartId, PartRecord]:
    """Make the folder of parts the job's own.

    Args:
        folder: of parts. Without ``resume``, or without ``job.json`` in it, its content is deleted.
        job: to classify.
        resume: continue with the parts that are finished.

    Returns:
        The records of the finished parts.

    Raises:
        SettingsError: the folder belongs to another job.
        OSError: it cannot be written.
    """
    stats = [Path(path).stat() for path in job.inputs] if job.inputs != ("-",) else []
    inputs_seen = [[stat.st_size, stat.st_mtime_ns] for stat in stats]
    identity = json.dumps({**asdict(job), "part": PART_ROWS, "inputs_seen": inputs_seen}, sort_keys=True)
    if not (resume and (folder / JOB).exists()):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_atomically(folder / JOB, identity.encode())
        return {}
    if job.inputs == ("-",):
        raise SettingsError("--resume: standard input cannot be read again. Give a file.")
    if (folder / JOB).read_text() != identity:
        raise SettingsError(
            f"--resume: {folder} belongs to another job (input, model or flags differ). Repeat that one, or drop "
            "--resume."
        )
    finished: dict[PartId, PartRecord] = {}
    for path in folder.glob(RECORDS):
        part, record = PartId(*map(int, path.stem.split("-"))), PartRecord(**json.loads(path.read_text()))
        content = _path(folder, part, job)
        if content.exists() and hashlib.sha256(content.read_bytes()).hexdigest() == record.sha256:
            finished[part] = record
    return finished


def unfinished_parts(job: Job, file: int, finished: Collection[PartId]) -> Iterator[tuple[PartId, pa.Table]]:
    """Read the parts of one input file that are not finished.

    Raises:
        InputError: the file cannot be read or is malformed.
    """
    for number, table in enumerate(formats.read_tables(job.inputs[file], job.input_format, PART_ROWS)):
        if (part := PartId(file, number)) not in finished:
            yield part, table


def write_part(folder: Path | None, part: PartId, table: pa.Table, job: Job) -> PartRecord:
    """Write a classified part, then its record; without a folder, the record carries the bytes.

    Raises:
        SettingsError: the output format cannot hold a column.
        OSError: the part cannot be written.
    """
    sink = pa.BufferOutputStream()
    if job.output_is_folder:
        sink.write(formats.header(table.column_names, job.output_format))
    formats.write_rows(table, job.output_format, sink, job.safe)
    content = sink.getvalue().to_pybytes()
    record = PartRecord(len(table), table.column_names, hashlib.sha256(content).hexdigest())
    if folder is None:
        return replace(record, content=content)
    write_atomically(_path(folder, part, job), content)
    write_atomically(folder / f"{part}.json", record.to_json().encode())
    return record


def join(folder: Path, finished: Mapping[PartId, PartRecord], job: Job) -> None:
    """Turn all parts, in the order of the input, into the output in one step; the folder of parts is gone then.

    Raises:
        SettingsError: the columns of the parts differ.
        OSError: the output cannot be written.
    """
    parts = sorted(finished)
    columns = finished[parts[0]].columns
    _check_columns(parts, finished, job)
    paths = [_path(folder, part, job) for part in parts]
    if job.output_is_folder:
        manifest = {
            "rows": sum(record.rows for record in finished.values()),
            "parts": [
                {"file": path.name, "rows": finished[part].rows, "sha256": finished[part].sha256}
                for part, path in zip(parts, paths, strict=True)
            ],
        }
        write_atomically(folder / "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())
        for path in [folder / JOB, *folder.glob(RECORDS)]:
            path.unlink()
        folder.replace(job.output)
        return
    with atomic_writer(Path(job.output)) as stream:
        header = formats.header(columns, job.output_format)
        if job.output_format == "parquet":
            _join_parquet(paths, stream)
        elif job.output.endswith(".gz"):
            # Without name and time, equal tables are equal bytes.
            with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as compressed:
                _concatenate(header, paths, cast(BinaryIO, compressed))
        else:
            _concatenate(header, paths, stream)
    shutil.rmtree(folder)


def _path(folder: Path, part: PartId, job: Job) -> Path:
    return folder / f"part-{part}.{job.output_format}"


def _check_columns(parts: list[PartId], finished: Mapping[PartId, PartRecord], job: Job) -> None:
    columns = finished[parts[0]].columns
    for part in parts:
        own = finished[part].columns
        if job.output_format != "jsonl" and own != columns:
            differing = ", ".join(sorted(set(own) ^ set(columns))) or "their order"
            where = f"{job.inputs[part.file]}, part {part.number}"
            raise SettingsError(
                f"{where}: other columns than before ({differing[:200]}). Take JSON Lines for --output."
            )


def _concatenate(header: bytes, paths: list[Path], stream: BinaryIO) -> None:
    stream.write(header)
    for path in paths:
        with path.open("rb") as content:
            shutil.copyfileobj(content, stream)


def _join_parquet(paths: list[Path], stream: BinaryIO) -> None:
    schema = pq.read_schema(paths[0])
    with pq.ParquetWriter(stream, schema) as writer:
        for path in paths:
            try:
                writer.write_table(pq.read_table(path).cast(schema))
            except (pa.ArrowException, ValueError) as error:
                reason = str(error).splitlines()[0]
                raise SettingsError(f"--output: a column changes its type ({reason}). Take JSON Lines.") from error
