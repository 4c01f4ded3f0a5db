"""Classifying tables on a Ray cluster.

Files are read side by side, each from its beginning to its end, and parts go to workers, each with the model in memory.
They write what they answer themselves, so all machines must see input, output and models under the same paths. Parts
are those of the local engine: the same rows in the same order, whichever machine takes them, however often.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from charrnn.errors import CharRNNError, SettingsError, needs_extra
from charrnn.inference import parts
from charrnn.inference.parts import Entry, Job, Number
from charrnn.inference.scorer import Scorer
from charrnn.inference.workers import WorkerKilledError

# Read when it is imported: it neither reports home nor explains itself on standard error.
for variable, value in (
    ("RAY_USAGE_STATS_ENABLED", "0"),
    ("RAY_DATA_LOG_LEVEL", "ERROR"),
    ("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"),
):
    os.environ.setdefault(variable, value)

with needs_extra("ray"):
    import pyarrow as pa
    import ray
    import ray.data


def score_on_ray(
    job: Job, folder: Path, done: Collection[Number], workers: int | None = None, address: str | None = None
) -> Iterator[tuple[Number, Entry]]:
    """Classify the parts of a job that are not done; they come back in any order.

    Args:
        job: not from standard input.
        folder: where parts are kept.
        done: parts that are there already.
        workers: each takes a processor; by default all of the cluster but one, which reads.
        address: of a cluster; by default one is started on this machine, and stopped.

    Raises:
        SettingsError: there is no such cluster, or it has fewer processors.
        WorkerKilledError: the cluster gave up; what was done is kept.
    """
    started = not ray.is_initialized()
    context = ray.data.DataContext.get_current()
    before = context.enable_progress_bars, context.target_max_block_size
    # A part a block, or else a worker would wait for a hundred of them to be read.
    context.enable_progress_bars, context.target_max_block_size = False, 1
    try:
        if started:
            _connect(workers, address)
        room = int(ray.cluster_resources().get("CPU", 0)) - 1
        if (workers or 1) > room:
            raise SettingsError(
                f"--workers {workers or 1}: the cluster has {room + 1} processors, one of which reads. Take "
                f"{max(room, 1)}, or a larger cluster."
            )
        yield from _run(job, folder, done, workers or room)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1][:200]
        raise WorkerKilledError(f"--engine ray: the cluster gave up ({reason}). Go on with --resume.") from error
    finally:
        context.enable_progress_bars, context.target_max_block_size = before
        if started:
            ray.shutdown()


def _connect(workers: int | None, address: str | None) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
    if address is None:
        ray.init(num_cpus=(workers or os.cpu_count() or 1) + 1, **quiet)
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdigit():
            # Ray itself tries for longer than anybody waits.
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise SettingsError(f"--ray-address {address}: no cluster answers ({reason}). Check the address.") from error


def _run(job: Job, folder: Path, done: Collection[Number], workers: int) -> Iterator[tuple[Number, Entry]]:
    files = [{"file": file} for file in range(len(job.inputs))]
    dataset = (
        ray.data.from_items(files, override_num_blocks=len(files))
        .flat_map(_Read(job, frozenset(done)))
        .map_batches(
            _Score,
            fn_constructor_args=(job, folder),
            batch_size=1,
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
        )
    )
    for row in dataset.iter_rows():
        if row["error"]:
            raise SettingsError(row["error"])
        yield Number(row["file"], row["part"]), Entry(**json.loads(row["entry"]))


class _Read:
    """A file as rows that hold a part each."""

    def __init__(self, job: Job, done: Collection[Number]) -> None:
        self.job, self.done = job, done

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            for number, table in parts.read(self.job, int(row["file"]), self.done):
                yield {**number._asdict(), "table": _pack(table), "error": ""}
        except CharRNNError as error:
            # Of an exception, Ray would make a page of its own.
            yield {"file": row["file"], "part": -1, "table": b"", "error": str(error)}


class _Score:
    """A worker: batches of one part in, what is known of it out."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.scorer = Scorer(job, folder)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        number, error, entry = Number(int(batch["file"][0]), int(batch["part"][0])), str(batch["error"][0]), ""
        if not error:
            try:
                entry = self.scorer(number, _unpack(batch["table"][0])).dumps()
            except CharRNNError as refused:
                error = str(refused)
            except OSError as failed:
                error = f"{self.scorer.job.output}: cannot be written ({failed}). Do all machines see that folder?"
        return {"file": [number.file], "part": [number.part], "entry": [entry], "error": [error]}


def _pack(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _unpack(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()
