"""Running a job: parts are read, classified by an engine, kept, and joined when all are finished."""

from __future__ import annotations

import io
import sys
import time
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import replace
from typing import BinaryIO

from charrnn.errors import InterruptedRunError, StorageError, WorkerError
from charrnn.storage import storage_errors
from charrnn.tables import formats, joining, store, workbook
from charrnn.tables.job import JSON_FORMATS, Job, PartId, PartRecord
from charrnn.tables.local_engine import Parts, Records, score_locally
from charrnn.tables.summary import Summary, summarise
from charrnn.text import printable_json, printable_table

ENGINES = ("local", "ray")


def classify_table(
    job: Job,
    workers: int | None = None,
    resume: bool = False,
    restart: bool = False,
    overwrite: bool = False,
    engine: str = "local",
    ray_address: str | None = None,
) -> Summary | None:
    """Classify a table. The output appears in one step when all parts are finished.

    Parts, and so the bytes of the output, depend on neither the number of workers nor, up to rounding, the engine.

    Args:
        job: what to classify and how.
        workers: processes; by default 1, and as many as a Ray cluster has room for.
        resume: go on with an interrupted job.
        restart: begin an interrupted job anew.
        overwrite: replace an output that exists.
        engine: one of :data:`ENGINES`.
        ray_address: of a Ray cluster; by default one is started on this machine.

    Returns:
        What came of it; None if ``resume`` found the output finished.

    Raises:
        ModelFolderError: a model cannot be loaded.
        InputError: the table cannot be read, is malformed, or has no such column of names.
        SettingsError: the output exists or is being written, there are parts of an interrupted job, the output format
            cannot hold a value, or there is no such Ray cluster or it is too small.
        StorageError: the output or a part cannot be written.
        WorkerError: a worker failed or was killed.
        InterruptedRunError: Ctrl-C.

        Whatever is raised, finished parts are kept.
    """
    began = time.perf_counter()
    if job.output == "-":
        return replace(_to_standard_output(job, workers or 1), seconds=time.perf_counter() - began)
    with storage_errors(f"--output {job.output}", "Free space and go on with --resume, or choose another place."):
        if resume and joining.is_finished(job):
            return None
        with store.open_job(job, resume, restart, overwrite) as finished:
            resumed = sum(record.rows for record in finished.values())
            try:
                with closing(_records(job, finished, workers, engine, ray_address)) as parts:
                    _classify(job, finished, parts)
                note = joining.join(finished, job)
            except (KeyboardInterrupt, WorkerError) as error:
                kept = f"{len(finished):,} finished parts are kept. "
                kept += "Begin anew with --restart." if job.inputs[0].alias else "Go on with --resume."
                if isinstance(error, WorkerError):
                    raise WorkerError(f"{error}; {kept}") from error
                raise InterruptedRunError(f"stopped; {kept}") from error
    records = [finished[part] for part in sorted(finished)]
    return summarise(records, time.perf_counter() - began, resumed, [note])


def _records(
    job: Job, finished: dict[PartId, PartRecord], workers: int | None, engine: str, address: str | None
) -> Records:
    folder = store.parts_folder(job.output)
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
    rows = sum(record.rows for record in finished.values())
    total = formats.estimate_rows(job.inputs) if shown else None
    with tqdm(total=total, initial=rows, unit=" rows", unit_scale=True, disable=not shown) as bar:
        for part, record in records:
            finished[part] = record
            rows += record.rows
            if job.output_format == "xlsx":
                workbook.check_size(rows, 0)
            bar.update(record.rows)


def _to_standard_output(job: Job, workers: int) -> Summary:
    finished: list[PartRecord] = []
    try:
        _write_out(job, workers, finished)
    except BrokenPipeError:
        raise  # the receiver has enough
    except WorkerError as error:
        raise WorkerError(f"{error}. Run it again, with --output FILE to keep what is finished.") from error
    except OSError as error:
        raise StorageError(f"standard output: cannot be written ({error.strerror or error}). Free space.") from error
    return summarise(finished, 0.0, 0, [])


def _write_out(job: Job, workers: int, finished: list[PartRecord]) -> None:
    for stream in formats.enclosed(_contents_in_order(job, workers, finished), job):
        content = stream.read()
        if sys.stdout.isatty():
            escaped = printable_json if job.output_format in JSON_FORMATS else printable_table
            content = escaped(content.decode()).encode()
        sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _contents_in_order(job: Job, workers: int, finished: list[PartRecord]) -> Iterator[BinaryIO]:
    """The bytes of the parts in the order of the input; their records are added to ``finished``."""
    order: deque[PartId] = deque()  # parts that were read and not given out
    early: dict[PartId, PartRecord] = {}

    def noted() -> Parts:
        for part, piece in _unfinished_parts(job, ()):
            order.append(part)
            yield part, piece

    for part, record in score_locally(job, None, noted(), workers):
        early[part] = record
        while order and order[0] in early:
            first = early.pop(order.popleft())
            finished.append(replace(first, content=b""))
            yield io.BytesIO(first.content)
