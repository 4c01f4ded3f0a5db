"""Classifying tables of any length: in parts, by several processes or machines, on from where it was interrupted."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from charrnn.errors import SettingsError, needs_extra
from charrnn.inference import parts, tables
from charrnn.inference.parts import Entry, Job, Number
from charrnn.inference.workers import WorkerKilledError, score_here, score_in_processes

with needs_extra("tables"):
    import pyarrow as pa

ENGINES = ("local", "ray")


def run(
    job: Job,
    weights: str,
    workers: int | None = None,
    resume: bool = False,
    engine: str = "local",
    ray_address: str | None = None,
) -> int:
    """Classify a table; the number of its rows.

    Every part is written to a folder beside the output first; when all are there, they become the output in one step.
    Parts depend on neither workers nor engine.

    Args:
        job: what to classify, and how.
        weights: SHA-256 of the classifier's.
        workers: processes; by default one, and all that there is room for on a Ray cluster.
        resume: go on with an interrupted job.
        engine: one of :data:`ENGINES`.
        ray_address: of a Ray cluster; by default one is started on this machine.

    Raises:
        SettingsError: bad input, or a job that was interrupted was another one, or a worker was killed.
    """
    if job.output == "-":
        return _to_stream(job, workers or 1)
    output = Path(job.output)
    folder = output.with_name(f".{output.name}.parts")
    try:
        done = parts.claim(folder, job, weights, resume)
        return _run(job, folder, done, _scored(job, folder, done, workers, engine, ray_address))
    except OSError as error:
        raise SettingsError(
            f"--output {job.output}: cannot be written ({error.strerror or error}). Free space and go on with "
            "--resume, or choose another place."
        ) from error


def _scored(
    job: Job, folder: Path, done: dict[Number, Entry], workers: int | None, engine: str, address: str | None
) -> Iterator[tuple[Number, Entry]]:
    if engine == "ray":
        from charrnn.inference.ray_engine import score_on_ray

        return score_on_ray(job, folder, frozenset(done), workers, address)
    given = (part for file in range(len(job.inputs)) for part in parts.read(job, file, frozenset(done)))
    return _locally(job, folder, given, workers or 1)


def _locally(
    job: Job, folder: Path | None, given: Iterator[tuple[Number, pa.Table]], workers: int
) -> Iterator[tuple[Number, Entry]]:
    return score_here(job, folder, given) if workers == 1 else score_in_processes(job, folder, given, workers)


def _run(job: Job, folder: Path, done: dict[Number, Entry], scored: Iterator[tuple[Number, Entry]]) -> int:
    from tqdm import tqdm

    shown = sys.stderr.isatty()
    before = sum(entry.rows for entry in done.values())
    try:
        total = tables.estimate_rows(job.inputs, job.input_kind) if shown else None
        with tqdm(total=total, initial=before, unit=" rows", unit_scale=True, disable=not shown) as bar:
            for number, entry in scored:
                done[number] = entry
                bar.update(entry.rows)
        parts.join(folder, done, job)
    except WorkerKilledError:
        raise
    except SettingsError:
        # Mended input is another job: nothing of this one will be gone on with.
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return sum(entry.rows for entry in done.values())


def _to_stream(job: Job, workers: int) -> int:
    if job.output_kind == "parquet":
        raise SettingsError("--output -: Parquet cannot be written to a pipe. Set --format csv or jsonl.")
    rows, stream = 0, sys.stdout.buffer
    columns: list[str] = []
    given = (part for file in range(len(job.inputs)) for part in parts.read(job, file, ()))
    for _, entry in _locally(job, None, given, workers):
        if not columns:
            columns = entry.columns
            stream.write(tables.header(columns, job.output_kind))
        elif job.output_kind != "jsonl" and entry.columns != columns:
            raise SettingsError("--output -: the columns change on the way. Set --format jsonl.")
        stream.write(entry.content)
        rows += entry.rows
    stream.flush()
    return rows
