import multiprocessing
import os
import signal
import time

import pytest

from charrnn.errors import SettingsError, WorkerError
from charrnn.tables import local_engine
from charrnn.tables.job import PartId, PartRecord
from charrnn.tables.local_engine import score_locally
from charrnn.tables.pieces import Piece
from tests.tables.files import write


class Scorer:
    """Does with a part what the text of its only row says, in the place of the real one; workers import it."""

    def __init__(self, job, folder):
        self.folder = folder

    def __call__(self, part, piece):
        match piece.content[0].split():
            case ["sleep", seconds]:
                time.sleep(float(seconds))
            case ["raise"]:
                raise AttributeError("'int' object has no attribute 'strip'")
            case ["refuse"]:
                raise SettingsError("--output: row 7: no")
            case ["full"]:
                raise OSError(28, "No space left on device")
            case ["unpicklable"]:
                raise type("Local", (Exception,), {})("own words")
            case ["die"]:
                os.kill(os.getpid(), signal.SIGKILL)
        return PartRecord(len(piece), str(part))


def serve(connection, job, folder):
    """A worker process with that scorer."""
    local_engine.Scorer = Scorer
    local_engine._serve(connection, job, folder)


@pytest.fixture
def outcome(job_for, tmp_path, monkeypatch):
    """The parts that two workers finish, in the order in which they do, for rows that say what happens."""
    write(tmp_path / "in.jsonl", [{"name": "Rossi"}])
    job = job_for("in.jsonl", "out.jsonl")
    context = local_engine.get_context("spawn")

    class Context:
        Pipe = staticmethod(context.Pipe)

        @staticmethod
        def Process(target, args, daemon):  # noqa: N802 - of multiprocessing
            return context.Process(target=serve, args=args, daemon=daemon)

    monkeypatch.setattr(local_engine, "get_context", lambda kind: Context)

    def outcome(*rows):
        parts = ((PartId(0, i), Piece([i], [row], ["Rossi"])) for i, row in enumerate(rows))
        return [part.number for part, _ in score_locally(job, None, parts, 2)]

    return outcome


def test_a_slow_part_does_not_hold_up_the_others(outcome):
    assert outcome("sleep 3", *["go"] * 5) == [1, 2, 3, 4, 5, 0]


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ("raise", WorkerError, r"in\.jsonl, part 1: a worker failed \(AttributeError: 'int' object has no attribute"),
        ("unpicklable", WorkerError, r"part 1: a worker failed \(Local: own words\)"),
        ("refuse", SettingsError, "--output: row 7: no"),
        ("full", OSError, "No space left on device"),
        ("die", WorkerError, "a worker process was killed"),
    ],
)
def test_what_ends_a_worker_travels_with_its_own_words(row, error, message, outcome):
    with pytest.raises(error, match=message):
        outcome("go", row, "go")


def test_no_worker_is_left_behind(outcome):
    import multiprocessing

    with pytest.raises(WorkerError):
        outcome("sleep 60", "raise")
    assert multiprocessing.active_children() == []


def test_ctrl_c_while_workers_are_started_is_not_lost():
    began, before = [], signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may start tests without it
    with pytest.raises(KeyboardInterrupt), local_engine.interrupts_held():
        signal.raise_signal(signal.SIGINT)
        child = multiprocessing.get_context("spawn").Process(target=blocked_signals)
        child.start()
        child.join()
        began.append(child.exitcode)
    signal.signal(signal.SIGINT, before)
    assert began == [signal.SIGINT]


def blocked_signals():
    (only,) = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    os._exit(only)
