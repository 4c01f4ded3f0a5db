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
from dataclasses import replace
from pathlib import Path
from typing import Any

from charrnn.cluster import connect
from charrnn.errors import CharRNNError, SettingsError, StorageError, WorkerError, needs_extra
from charrnn.storage import storage_errors
from charrnn.tables.job import Job, PartId, PartRecord
from charrnn.tables.local_engine import Records, failed
from charrnn.tables.pieces import Piece
from charrnn.tables.scorer import Scorer
from charrnn.tables.store import unfinished_parts

with needs_extra("ray"):
    import ray
    import ray.data


def score_on_ray(
    job: Job, folder: Path, finished: Collection[PartId], workers: int | None = None, address: str | None = None
) -> Records:
    """Classify the parts of a job that are not finished; their records come in any order.

    Args:
        job: whose input is files.
        folder: of parts.
        finished: parts to leave out.
        workers: each takes a processor; by default all processors of the cluster but one, which reads.
        address: of a cluster; by default one is started on this machine, and stopped at the end.

    Raises:
        SettingsError: there is no such cluster, or it has too few processors.
        InputError, StorageError: a machine does not see the input or the folder of parts.
        WorkerError: the cluster gave up, or a worker failed; finished parts are kept.
        CharRNNError: raised by a worker.
    """
    started = not ray.is_initialized()
    context = ray.data.DataContext.get_current()
    before = context.enable_progress_bars, context.target_max_block_size
    # One part a block; in larger blocks, a worker would wait for a hundred parts to be read.
    context.enable_progress_bars, context.target_max_block_size = False, 1
    try:
        if started:
            connect(address, (workers or os.cpu_count() or 1) + 1)
        room = int(ray.cluster_resources().get("CPU", 0)) - 1
        if (workers or 1) > room:
            raise SettingsError(
                f"--workers {workers or 1}: the cluster has {room + 1} processors, one of which reads. Take "
                f"{max(room, 1)}, or a larger cluster."
            )
        yield from _score(_absolute(job), folder.absolute(), finished, workers or room)
    except ray.exceptions.RayError as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1][:200]
        raise WorkerError(f"--engine ray: the cluster gave up ({reason})") from error
    finally:
        context.enable_progress_bars, context.target_max_block_size = before
        if started:
            ray.shutdown()


def _absolute(job: Job) -> Job:
    """The job with absolute paths: workers have another working folder."""
    inputs = tuple(replace(file, path=str(Path(file.path).absolute()), alias=str(file)) for file in job.inputs)
    return replace(job, inputs=inputs, model=str(Path(job.model).absolute()))


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
        file = int(row["file"])
        try:
            _check_seen(Path(self.job.inputs[file].path), "--input")
            for part, piece in unfinished_parts(self.job, file, self.finished):
                yield {**part._asdict(), "piece": pickle.dumps(piece), "error": b""}
        except Exception as error:
            yield {"file": file, "number": -1, "piece": b"", "error": _pickled(error, str(self.job.inputs[file]))}


class _Worker:
    """From batches of one part each to the records of the parts."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.job, self.folder = job, folder
        self.scorer: Scorer | None = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        part, error, record = PartId(int(batch["file"][0]), int(batch["number"][0])), bytes(batch["error"][0]), ""
        if not error:
            try:
                record = self._record(part, pickle.loads(batch["piece"][0]))
            except Exception as refusal:
                error = _pickled(refusal, f"{self.job.inputs[part.file]}, part {part.number}")
        return {"file": [part.file], "number": [part.number], "record": [record], "error": [error]}

    def _record(self, part: PartId, piece: Piece) -> str:
        with storage_errors(f"--output {self.job.output}", "Free space and go on with --resume."):
            if self.scorer is None:
                _check_seen(self.folder, "--output")
                _check_seen(Path(self.job.model), "--model")
                self.scorer = Scorer(self.job, self.folder)
            return self.scorer(part, piece).to_json()


def _check_seen(path: Path, flag: str) -> None:
    """Check that this machine of the cluster sees a path.

    Raises:
        StorageError: it does not.
    """
    if not path.exists():
        raise StorageError(
            f"{flag}: the machine {socket.gethostname()} does not see {path}. All machines of the cluster must see "
            "input, output and models under the same paths."
        )


def _pickled(error: Exception, where: str) -> bytes:
    return pickle.dumps(error if isinstance(error, CharRNNError) else failed(where, error))
