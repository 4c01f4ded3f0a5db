"""Classifying parts on a Ray cluster.

Input files are read in parallel, each from its beginning to its end, and their parts go to workers, each with the model
in memory. Workers write the answers themselves, so all machines must see input, output and models under the same paths.
The parts are those of the local engine, whichever machine classifies them, and however often.
"""

from __future__ import annotations

import json
import os
import pickle
import socket
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from charrnn.errors import CharRNNError, SettingsError, WorkerError, needs_extra
from charrnn.storage import storage_errors
from charrnn.tables.job import Job, PartId, PartRecord
from charrnn.tables.scorer import Scorer
from charrnn.tables.store import unfinished_parts

# Ray reads these when it is imported: no reports over the network, no advice on standard error.
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
    job: Job, folder: Path, finished: Collection[PartId], workers: int | None = None, address: str | None = None
) -> Iterator[tuple[PartId, PartRecord]]:
    """Classify the parts of a job that are not finished; their records come in any order.

    Args:
        job: whose input is files.
        folder: of parts.
        finished: parts to leave out.
        workers: each takes a processor; by default all processors of the cluster but one, which reads.
        address: of a cluster; by default one is started on this machine, and stopped at the end.

    Raises:
        SettingsError: there is no such cluster, or it has too few processors.
        WorkerError: the cluster gave up; finished parts are kept.
        CharRNNError: raised by a worker.
    """
    started = not ray.is_initialized()
    context = ray.data.DataContext.get_current()
    before = context.enable_progress_bars, context.target_max_block_size
    # One part a block; in larger blocks, a worker would wait for a hundred parts to be read.
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
        yield from _score(job, folder, finished, workers or room)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1][:200]
        raise WorkerError(f"--engine ray: the cluster gave up ({reason}). Go on with --resume.") from error
    finally:
        context.enable_progress_bars, context.target_max_block_size = before
        if started:
            ray.shutdown()


def _connect(workers: int | None, address: str | None) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        ray.init(num_cpus=(workers or os.cpu_count() or 1) + 1, include_dashboard=False, **quiet)
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdigit():
            # Ray keeps trying for minutes where nothing listens.
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(address=address, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise SettingsError(f"--ray-address {address}: no cluster answers ({reason}). Check the address.") from error


def _score(job: Job, folder: Path, finished: Collection[PartId], workers: int) -> Iterator[tuple[PartId, PartRecord]]:
    files = [{"file": file} for file in range(len(job.inputs))]
    dataset = (
        ray.data.from_items(files, override_num_blocks=len(files))
        .flat_map(_Reader(job, frozenset(finished)))
        .map_batches(
            _Worker,
            fn_constructor_args=(job, folder),
            batch_size=1,
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
        )
    )
    for row in dataset.iter_rows():
        if row["error"]:
            raise pickle.loads(row["error"])
        yield PartId(row["file"], row["number"]), PartRecord(**json.loads(row["record"]))


# An exception that leaves the code below comes back as a page of Ray's own, so errors travel as pickled values.


class _Reader:
    """From an input file to rows of the dataset that hold one part each."""

    def __init__(self, job: Job, finished: Collection[PartId]) -> None:
        self.job, self.finished = job, finished

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            for part, table in unfinished_parts(self.job, int(row["file"]), self.finished):
                yield {**part._asdict(), "table": _to_ipc(table), "error": b""}
        except CharRNNError as error:
            yield {"file": row["file"], "number": -1, "table": b"", "error": pickle.dumps(error)}


class _Worker:
    """From batches of one part each to the records of the parts."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.scorer = Scorer(job, folder)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        part, error, record = PartId(int(batch["file"][0]), int(batch["number"][0])), bytes(batch["error"][0]), ""
        if not error:
            try:
                record = self._record(part, _from_ipc(batch["table"][0]))
            except CharRNNError as refusal:
                error = pickle.dumps(refusal)
        return {"file": [part.file], "number": [part.number], "record": [record], "error": [error]}

    def _record(self, part: PartId, table: pa.Table) -> str:
        with storage_errors(f"--output {self.scorer.job.output}", "Do all machines see that folder?"):
            return self.scorer(part, table).to_json()


def _to_ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _from_ipc(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()
