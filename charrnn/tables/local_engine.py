"""Classifying parts on this machine, in this process or in several.

Each worker process has a pipe of its own, so that the death of one is noticed at once and blocks no other. (Python's
``ProcessPoolExecutor`` shares one queue, and before 3.12 it waits forever if a worker dies while it is sent a task.)
"""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from charrnn.errors import CharRNNError, WorkerError
from charrnn.tables.job import Job, PartId, PartRecord
from charrnn.tables.pieces import Piece
from charrnn.tables.scorer import Scorer

Parts = Iterator[tuple[PartId, Piece]]
Records = Generator[tuple[PartId, PartRecord], None, None]


def score_locally(job: Job, folder: Path | None, parts: Parts, workers: int = 1) -> Records:
    """Classify parts; their records come in the order in which they are finished.

    Args:
        job: what to classify and how.
        folder: of parts; None if the records are to carry the bytes.
        parts: to classify.
        workers: 1 is this process; more are worker processes, but one alone if there is one part.

    Raises:
        WorkerError: a worker process was killed, or failed with an exception that is not foreseen.
        CharRNNError, OSError: raised by a worker.
    """
    return _score_here(job, folder, parts) if workers == 1 else _score_in_processes(job, folder, parts, workers)


def _score_here(job: Job, folder: Path | None, parts: Parts) -> Records:
    scorer = Scorer(job, folder)
    for part, piece in parts:
        yield part, scorer(part, piece)


def _score_in_processes(job: Job, folder: Path | None, parts: Parts, workers: int) -> Records:
    context = get_context("spawn")
    processes: list[SpawnProcess] = []
    pipes: list[Connection] = []
    idle: deque[Connection] = deque()
    busy: dict[Connection, PartId] = {}

    def finished_now() -> Records:
        """Records of the workers that are ready, at least one."""
        for connection in wait(list(busy)):
            assert isinstance(connection, Connection)
            part = busy.pop(connection)
            yield part, _receive(connection)
            idle.append(connection)

    def start() -> None:
        """One more worker."""
        ours, theirs = context.Pipe()
        pipes.append(ours)
        processes.append(context.Process(target=_serve, args=(theirs, job, folder), daemon=True))
        with interrupts_held():
            processes[-1].start()
        theirs.close()
        idle.append(ours)

    try:
        for part, piece in parts:
            if not idle and len(processes) < workers:
                # One for the first part; when there is a second one, all.
                for _ in range(workers - 1 if processes else 1):
                    start()
            if not idle:
                yield from finished_now()
            # A worker holds one part at a time: with two, both ends could block on full pipes.
            connection = idle.popleft()
            busy[connection] = part
            connection.send((part, piece))
        while busy:
            yield from finished_now()
    except (EOFError, ConnectionError) as error:
        raise WorkerError("a worker process was killed") from error
    finally:
        for process in processes:
            if process.pid is not None:
                process.terminate()
                process.join()
        for ours in pipes:
            ours.close()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal. Workers leave it to their parent: those that are started here inherit
    that it is blocked. The parent gets it afterwards. Windows has no such thing.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # starting it would end the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _receive(connection: Connection) -> PartRecord:
    result: PartRecord | Exception = connection.recv()
    if isinstance(result, Exception):
        raise result
    return result


def failed(where: str, error: Exception) -> WorkerError:
    """The error of a worker that met an exception that is not foreseen."""
    words = " ".join(str(error).split())[:300]
    return WorkerError(f"{where}: a worker failed ({type(error).__name__}: {words})")


def _serve(connection: Connection, job: Job, folder: Path | None) -> None:
    """The loop of a worker process: parts come in, records or exceptions go out."""
    scorer = None
    while True:
        try:
            part, piece = connection.recv()
        except (EOFError, OSError):
            return
        result: PartRecord | Exception
        try:
            scorer = scorer or Scorer(job, folder)
            result = scorer(part, piece)
        except (CharRNNError, OSError) as error:
            result = error
        except Exception as error:
            result = failed(f"{job.inputs[part.file]}, part {part.number}", error)
        try:
            connection.send(result)
        except OSError:
            return  # the parent is gone
