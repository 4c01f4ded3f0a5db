"""Worker processes on this machine.

Each has a pipe of its own, so that one that is killed is noticed at once and blocks nobody. (Python's
``ProcessPoolExecutor`` shares one queue and, before 3.12, waits forever if a worker is killed while it is sent to.)
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from charrnn.errors import CharRNNError, SettingsError, needs_extra
from charrnn.inference.parts import Entry, Job, Number
from charrnn.inference.scorer import Scorer

with needs_extra("tables"):
    import pyarrow as pa

Given = Iterator[tuple[Number, pa.Table]]
Done = Iterator[tuple[Number, Entry]]


class WorkerKilledError(SettingsError):
    """A worker process has ended before its work."""


def score_here(job: Job, folder: Path | None, given: Given) -> Done:
    """Classify parts in this process, in their order."""
    scorer = Scorer(job, folder)
    for number, table in given:
        yield number, scorer(number, table)


def score_in_processes(job: Job, folder: Path | None, given: Given, count: int) -> Done:
    """Classify parts in so many processes; they come back in their order.

    Raises:
        WorkerKilledError: one was killed.
        CharRNNError, OSError: what happened in one.
    """
    context = get_context("spawn")
    pipes = [context.Pipe() for _ in range(count)]
    processes = [context.Process(target=_serve, args=(there, job, folder), daemon=True) for _, there in pipes]
    turns: deque[tuple[Number, Connection]] = deque()
    idle = deque(here for here, _ in pipes)
    try:
        for process, (_, there) in zip(processes, pipes, strict=True):
            process.start()
            there.close()
        for number, table in given:
            if not idle:
                # One part at a time each: were there two, both ends could wait for each other with full pipes.
                yield turns[0][0], _result(turns[0][1])
                idle.append(turns.popleft()[1])
            turns.append((number, idle.popleft()))
            turns[-1][1].send((number, table))
        while turns:
            number, connection = turns.popleft()
            yield number, _result(connection)
    except (EOFError, ConnectionError) as error:
        raise WorkerKilledError("a worker process was killed; what was done is kept. Go on with --resume.") from error
    finally:
        for process in processes:
            if process.pid is not None:
                process.terminate()
                process.join()
        for here, _ in pipes:
            here.close()


def _result(connection: Connection) -> Entry:
    result: Entry | Exception = connection.recv()
    if isinstance(result, Exception):
        raise result
    return result


def _serve(connection: Connection, job: Job, folder: Path | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted as well, and ends this
    scorer = None
    while True:
        try:
            number, table = connection.recv()
        except EOFError:
            return
        try:
            scorer = scorer or Scorer(job, folder)
            connection.send(scorer(number, table))
        except (CharRNNError, OSError) as error:
            connection.send(error)
