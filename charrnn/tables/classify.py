"""Running a job: parts are read, classified by an engine, kept, and joined when all are finished."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from charrnn.errors import InputError, SettingsError
from charrnn.storage import storage_errors
from charrnn.tables import formats, store
from charrnn.tables.job import Job, PartId, PartRecord
from charrnn.tables.local_engine import Parts, Records, score_locally

ENGINES = ("local", "ray")


def classify_table(
    job: Job, workers: int | None = None, resume: bool = False, engine: str = "local", ray_address: str | None = None
) -> int:
    """Classify a table. The output appears in one step when all parts are finished.

    Parts, and so the bytes of the output, depend on neither the number of workers nor, up to rounding, the engine.

    Args:
        job: what to classify and how.
        workers: processes; by default 1, and as many as a Ray cluster has room for.
        resume: continue an interrupted job.
        engine: one of :data:`ENGINES`.
        ray_address: of a Ray cluster; by default one is started on this machine.

    Returns:
        The number of rows.

    Raises:
        ModelFolderError: a model cannot be loaded.
        InputError: the table cannot be read, is malformed, or has no such column of names.
        SettingsError: the interrupted job was another one, the output format cannot hold a column or be written to a
            pipe, or there is no such Ray cluster or it is too small.
        StorageError: the output or a part cannot be written; finished parts are kept.
        WorkerError: a worker was killed; finished parts are kept.
    """
    if job.output == "-":
        return _to_standard_output(job, workers or 1)
    folder = store.parts_folder(job.output)
    with storage_errors(f"--output {job.output}", "Free space and go on with --resume, or choose another place."):
        finished = store.open_job(folder, job, resume)
        try:
            _classify(job, finished, _records(job, folder, finished, workers, engine, ray_address))
            store.join(folder, finished, job)
        except (InputError, SettingsError):
            # A mended input or other flags make another job, which cannot use these parts.
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return sum(record.rows for record in finished.values())


def _records(
    job: Job, folder: Path, finished: dict[PartId, PartRecord], workers: int | None, engine: str, address: str | None
) -> Records:
    if engine == "ray":
        from charrnn.tables.ray_engine import score_on_ray

        return score_on_ray(job, folder, frozenset(finished), workers, address)
    return score_locally(job, folder, _unfinished_parts(job, frozenset(finished)), workers or 1)


def _unfinished_parts(job: Job, finished: Collection[PartId]) -> Parts:
    for file in range(len(job.inputs)):
        yield from store.unfinished_parts(job, file, finished)


def _classify(job: Job, finished: dict[PartId, PartRecord], records: Iterator[tuple[PartId, PartRecord]]) -> None:
    """Add the records of the remaining parts to ``finished``, under a progress bar."""
    from tqdm import tqdm

    shown = sys.stderr.isatty()
    before = sum(record.rows for record in finished.values())
    total = formats.estimate_rows(job.inputs, job.input_format) if shown else None
    with tqdm(total=total, initial=before, unit=" rows", unit_scale=True, disable=not shown) as bar:
        for part, record in records:
            finished[part] = record
            bar.update(record.rows)


def _to_standard_output(job: Job, workers: int) -> int:
    if job.output_format == "parquet":
        raise SettingsError("--output -: Parquet cannot be written to a pipe. Set --format csv or jsonl.")
    rows, stream = 0, sys.stdout.buffer
    columns: list[str] = []
    for _, record in score_locally(job, None, _unfinished_parts(job, ()), workers):
        if not columns:
            columns = record.columns
            stream.write(formats.header(columns, job.output_format))
        elif job.output_format != "jsonl" and record.columns != columns:
            raise SettingsError("--output -: the columns change on the way. Set --format jsonl.")
        stream.write(record.content)
        rows += record.rows
    stream.flush()
    return rows
