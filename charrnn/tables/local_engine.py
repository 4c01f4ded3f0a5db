"""Classifying parts on this machine, in this process or in several.

Each worker process has a pipe of its own, so that the death of one is noticed at once and blocks no other. (Python's
``ProcessPoolExecutor`` shares one queue, and before 3.12 it waits forever if a worker dies while it is sent a task.)
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from charrnn.errors import CharRNNError, WorkerError, needs_extra
from charrnn.tables.job import Job, PartId, PartRecord
from charrnn.tables.scorer import Scorer

with needs_extra("tables"):
    import pyarrow as pa

Parts = Iterator[tuple[PartId, pa.Table]]
Records = Iterator[tuple[PartId, PartRecord]]


def score_locally(job: Job, folder: Path | None, parts: Parts, workers: int = 1) -> Records:
    """Classify parts; their records come in the order of the parts.

    Args:
        job: what to classify and how.
        folder: of parts; None if the records are to carry the bytes.
        parts: to classify.
        workers: 1 is this process; more are worker processes.

    Raises:
        WorkerError: a worker process was killed.
        CharRNNError, OSError: raised by a worker.
    """
    return _score_here(job, folder, parts) if workers == 1 else _score_in_processes(job, folder, parts, workers)


def _score_here(job: Job, folder: Path | None, parts: Parts) -> Records:
    scorer = Scorer(job, folder)
    for part, table in parts:
        yield part, scorer(part, table)


def _score_in_processes(job: Job, folder: Path | None, parts: Parts, workers: int) -> Records:
    context = get_context("spawn")
    pipes = [context.Pipe() for _ in range(workers)]
    processes = [context.Process(target=_serve, args=(theirs, job, folder), daemon=True) for _, theirs in pipes]
    idle = deque(ours for ours, _ in pipes)
    busy: deque[tuple[PartId, Connection]] = deque()  # in the order of the parts
    try:
        for process, (_, theirs) in zip(processes, pipes, strict=True):
            process.start()
            theirs.close()
        for part, table in parts:
            if not idle:
                # A worker holds one part at a time: with two, both ends could block on full pipes.
                done, connection = busy.popleft()
                yield done, _receive(connection)
                idle.append(connection)
            busy.append((part, idle.popleft()))
            busy[-1][1].send((part, table))
        while busy:
            done, connection = busy.popleft()
            yield done, _receive(connection)
    except (EOFError, ConnectionError) as error:
        raise WorkerError("a worker process was killed; finished parts are kept. Go on with --resume.") from error
    finally:
        for process in processes:
            if process.pid is not None:
                process.terminate()
                process.join()
        for ours, _ in pipes:
            ours.close()


def _receive(connection: Connection) -> PartRecord:
    result: PartRecord | Exception = connection.recv()
    if isinstance(result, Exception):
        raise result
    return result


def _serve(connection: Connection, job: Job, folder: Path | None) -> None:
    """The loop of a worker process: parts come in, records or exceptions go out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends its workers
    scorer = None
    while True:
        try:
            part, table = connection.recv()
        except EOFError:
            return
        try:
            scorer = scorer or Scorer(job, folder)
            connection.send(scorer(part, table))
        except (CharRNNError, OSError) as error:
            connection.send(error)
