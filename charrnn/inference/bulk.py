"""Classifying tables of any length: in parts, by several processes, and on from where it was interrupted."""

from __future__ import annotations

import shutil
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.errors import SettingsError, needs_extra
from charrnn.inference import parts, tables
from charrnn.inference.answers import Ranking
from charrnn.inference.classifier import Classifier
from charrnn.inference.parts import Job

with needs_extra("tables"):
    import pyarrow as pa


def run(job: Job, classifier: Classifier, workers: int = 1, resume: bool = False, progress: bool = True) -> int:
    """Classify a table; the number of its rows.

    Every part is written to a folder beside the output first; when all are there, they become the output in one step.
    Batches do not depend on the number of workers, so neither does a byte of the output.

    Raises:
        SettingsError: bad input, or a job that was interrupted was another one, or a worker was killed.
    """
    if job.output == "-":
        return _to_stream(job, classifier, workers)
    output = Path(job.output)
    folder = output.with_name(f".{output.name}.parts")
    try:
        return _run(job, classifier, workers, progress, folder, parts.claim(folder, job, classifier, resume))
    except OSError as error:
        raise SettingsError(
            f"--output {job.output}: cannot be written ({error.strerror or error}). Free space and go on with "
            "--resume, or choose another place."
        ) from error


def _run(job: Job, classifier: Classifier, workers: int, progress: bool, folder: Path, done: dict[int, Any]) -> int:
    rows, columns, number = 0, [], -1
    try:
        with _Bar(progress) as bar, _Answers(job, classifier, workers) as answers:
            for number, table in enumerate(answers.of(tables.read_tables(job.input, job.input_kind, parts.PART), done)):
                if table is not None:
                    done[number] = parts.keep(folder, number, table, job)
                rows, columns = rows + done[number]["rows"], done[number]["columns"]
                bar.move(rows)
        parts.join(folder, number + 1, columns, job, Path(job.output))
    except SettingsError as error:
        if not isinstance(error.__cause__, BrokenProcessPool):
            # Mended input is another job: nothing of this one will be gone on with.
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder)
    return rows


def append_answers(table: pa.Table, ranking: Ranking, labels: list[str], width: int) -> pa.Table:
    """The table with ``label``, ``probability``, ``label_2``, … ``abstained`` and ``reason``.

    A column of the table that has one of these names is kept as ``input_`` and its name.

    Args:
        table: the rows that were asked about.
        ranking: the answers.
        labels: of the model.
        width: labels to show, however many the answers have.
    """
    names = np.array(labels, object)
    answers: dict[str, Any] = {}
    for k in range(width):
        rank = f"_{k + 1}" if k else ""
        if k >= ranking.labels.shape[1]:
            answers[f"label{rank}"] = pa.nulls(len(table), pa.string())
            answers[f"probability{rank}"] = pa.nulls(len(table), pa.float64())
            continue
        hidden, rounded = ranking.sizes <= k, np.round(ranking.probabilities[:, k], 6)
        answers[f"label{rank}"] = pa.array(names[ranking.labels[:, k]], pa.string(), mask=hidden)
        answers[f"probability{rank}"] = pa.array(rounded, pa.float64(), mask=hidden)
    answers["abstained"] = pa.array([reason is not None for reason in ranking.reasons], pa.bool_())
    answers["reason"] = pa.array(ranking.reasons, pa.string())
    kept = [f"input_{column}" if column in answers else column for column in table.column_names]
    return pa.table([*table.columns, *answers.values()], names=[*kept, *answers])


def as_arrow(table: Any) -> pa.Table:
    """What Arrow can read as a table."""
    return table if isinstance(table, pa.Table) else pa.table(table)


def names_of(table: pa.Table, column: str) -> list[str]:
    """The names of a table, "" for what is missing.

    Raises:
        SettingsError: there is no such column, or it does not hold text.
    """
    if table.column_names.count(column) != 1:
        found = ", ".join(table.column_names)[:200]
        raise SettingsError(f"no column {column!r}; found {found}. Set --name-column.")
    values = table.column(column).to_pylist()
    if wrong := next((value for value in values if value is not None and not isinstance(value, str)), None):
        raise SettingsError(f"column {column!r}: holds {wrong!r}, which is no text. Set --name-column.")
    return [value or "" for value in values]


class _Answers:
    """Answers to tables, here or in worker processes, in the order of the tables."""

    def __init__(self, job: Job, classifier: Classifier, workers: int) -> None:
        self.job, self.classifier, self.workers = job, classifier, workers
        self.stack = ExitStack()

    def __enter__(self) -> _Answers:
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def of(self, given: Iterable[pa.Table], done: Mapping[int, Any]) -> Iterator[pa.Table | None]:
        """Each table with its answers; None for those that are done."""
        labels, settings = self.classifier.labels, self.job.settings
        # Sets of labels differ in size; columns must not.
        width = self.classifier.shown(settings["top_k"], settings["coverage"])
        for table, ranking in self._ranked(given, done):
            yield None if ranking is None else append_answers(table, ranking, labels, width)

    def _ranked(self, given: Iterable[pa.Table], done: Mapping[int, Any]) -> Iterator[tuple[pa.Table, Ranking | None]]:
        column = self.job.name_column
        if self.workers == 1:
            likeness = _load(self.job.generator)
            for number, table in enumerate(given):
                asked = None if number in done else names_of(table, column)
                yield (
                    table,
                    None if asked is None else self.classifier.rank(asked, **self.job.settings, likeness=likeness),
                )
            return
        pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _begin, (self.job,))
        self.stack.callback(pool.shutdown, cancel_futures=True)
        waiting: deque[tuple[pa.Table, Future[Ranking] | None]] = deque()
        try:
            for number, table in enumerate(given):
                asked = None if number in done else names_of(table, column)
                waiting.append((table, None if asked is None else pool.submit(_work, asked)))
                if len(waiting) > 2 * self.workers:
                    yield _finished(*waiting.popleft())
            while waiting:
                yield _finished(*waiting.popleft())
        except BrokenProcessPool as error:
            raise SettingsError("a worker process was killed; what was done is kept. Go on with --resume.") from error


def _finished(table: pa.Table, future: Future[Ranking] | None) -> tuple[pa.Table, Ranking | None]:
    return table, None if future is None else future.result()


_worker: dict[str, Any] = {}


def _begin(job: Job) -> None:
    _worker.update(classifier=_load(job.model), likeness=_load(job.generator), settings=job.settings)


def _work(names: list[str]) -> Ranking:
    ranking: Ranking = _worker["classifier"].rank(names, **_worker["settings"], likeness=_worker["likeness"])
    return ranking


def _load(folder: str | None) -> Any:
    from charrnn.inference import load

    return None if folder is None else load(folder)


def _to_stream(job: Job, classifier: Classifier, workers: int) -> int:
    rows, stream = 0, sys.stdout.buffer
    if job.output_kind == "parquet":
        raise SettingsError("--output -: Parquet cannot be written to a pipe. Set --format csv or jsonl.")
    with _Answers(job, classifier, workers) as answers:
        for number, table in enumerate(answers.of(tables.read_tables(job.input, job.input_kind, parts.PART), {})):
            assert table is not None
            if not number:
                stream.write(tables.header(table.column_names, job.output_kind))
            tables.write_part(table, job.output_kind, pa.PythonFile(stream, "w"), job.safe)
            rows += len(table)
    stream.flush()
    return rows


class _Bar:
    """Rows and rows a second, on standard error where that is a terminal."""

    def __init__(self, shown: bool) -> None:
        from tqdm import tqdm

        self.bar = tqdm(unit=" rows", unit_scale=True, disable=None if shown else True)
        self.began = time.perf_counter()

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def move(self, rows: int) -> None:
        self.bar.update(rows - self.bar.n)
