"""The parts of a table that is being classified: kept beside the output, joined when all are there."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from charrnn.errors import SettingsError, needs_extra
from charrnn.inference import tables
from charrnn.model_folder import write_atomically

with needs_extra("tables"):
    import pyarrow as pa
    import pyarrow.parquet as pq

PART = 32_768
"""Rows that are classified together and kept together, should the job be interrupted."""
JOB = "job.json"


class Number(NamedTuple):
    """Which part: of which file, and which of its parts, both from 0."""

    file: int
    part: int

    def __str__(self) -> str:
        return f"{self.file:05d}-{self.part:08d}"


@dataclass(frozen=True)
class Entry:
    """What is known of a part that is done.

    Attributes:
        rows: how many.
        columns: their names.
        sha256: of its bytes.
        content: its bytes, where it was not kept.
    """

    rows: int
    columns: list[str]
    sha256: str
    content: bytes = b""

    def dumps(self) -> str:
        """As JSON, without the content."""
        return json.dumps({"rows": self.rows, "columns": self.columns, "sha256": self.sha256})


@dataclass(frozen=True)
class Job:
    """What to classify, and how.

    Attributes:
        inputs: files of a table, in their order; ``-`` alone is standard input.
        output: where to: a file; a folder, if the name has no suffix; ``-`` is standard output.
        input_kind: one of :data:`charrnn.inference.files.KINDS`.
        output_kind: the same.
        model: folder of the classifier.
        name_column: which column holds the names.
        settings: of :meth:`Classifier.rank`, all but ``likeness``.
        generator: folder of the generator for ``likeness``, or None.
        safe: see :func:`charrnn.inference.tables.write_part`.
    """

    inputs: tuple[str, ...]
    output: str
    input_kind: str
    output_kind: str
    model: str
    name_column: str
    settings: dict[str, Any]
    generator: str | None = None
    safe: bool = True

    @property
    def in_folder(self) -> bool:
        """Whether the output is a folder of parts, each a table of its own."""
        return self.output != "-" and not Path(self.output).suffix

    def path(self, folder: Path, number: Number) -> Path:
        """Where a part is kept."""
        return folder / f"part-{number}.{self.output_kind}"


def claim(folder: Path, job: Job, weights: str, resume: bool) -> dict[Number, Entry]:
    """Take the folder of parts for a job; which parts are there already.

    Args:
        folder: made if absent.
        job: which one.
        weights: SHA-256 of the classifier's.
        resume: go on with what is there.

    Raises:
        SettingsError: what is there belongs to another job.
        OSError: the folder cannot be written.
    """
    seen = [[stat.st_size, stat.st_mtime_ns] for stat in map(os.stat, job.inputs)] if job.inputs != ("-",) else []
    told = {**asdict(job), "weights": weights, "part": PART, "inputs_seen": seen}
    text = json.dumps(told, sort_keys=True)
    if not (resume and (folder / JOB).exists()):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_atomically(folder / JOB, text.encode())
        return {}
    if job.inputs == ("-",):
        raise SettingsError("--resume: standard input cannot be read again. Give a file.")
    if (folder / JOB).read_text() != text:
        raise SettingsError(
            f"--resume: {folder} belongs to another job (input, model or flags differ). Repeat that one, or drop "
            "--resume."
        )
    done: dict[Number, Entry] = {}
    for path in folder.glob("[0-9]*.json"):
        number, entry = Number(*map(int, path.stem.split("-"))), Entry(**json.loads(path.read_text()))
        part = job.path(folder, number)
        if part.exists() and hashlib.sha256(part.read_bytes()).hexdigest() == entry.sha256:
            done[number] = entry
    return done


def read(job: Job, file: int, done: Collection[Number]) -> Iterator[tuple[Number, pa.Table]]:
    """The parts of a file of the job that are not done."""
    for part, table in enumerate(tables.read_tables(job.inputs[file], job.input_kind, PART)):
        if (number := Number(file, part)) not in done:
            yield number, table


def keep(folder: Path | None, number: Number, table: pa.Table, job: Job) -> Entry:
    """Write a part, then what it is; without a folder, give it back."""
    sink = pa.BufferOutputStream()
    if job.in_folder:
        sink.write(tables.header(table.column_names, job.output_kind))
    tables.write_part(table, job.output_kind, sink, job.safe)
    content = sink.getvalue().to_pybytes()
    entry = Entry(len(table), table.column_names, hashlib.sha256(content).hexdigest())
    if folder is None:
        return replace(entry, content=content)
    write_atomically(job.path(folder, number), content)
    write_atomically(folder / f"{number}.json", entry.dumps().encode())
    return entry


def join(folder: Path, done: Mapping[Number, Entry], job: Job) -> None:
    """All parts as the output, which appears when it is whole.

    Raises:
        SettingsError: the parts do not go together.
        OSError: the output cannot be written.
    """
    numbers, output = sorted(done), Path(job.output)
    columns = done[numbers[0]].columns
    for number in numbers:
        if job.output_kind != "jsonl" and done[number].columns != columns:
            odd = ", ".join(sorted(set(done[number].columns) ^ set(columns))) or "their order"
            where = f"{job.inputs[number.file]}, part {number.part}"
            raise SettingsError(f"{where}: other columns than before ({odd[:200]}). Take JSON Lines for --output.")
    paths = [job.path(folder, number) for number in numbers]
    if job.in_folder:
        told = [{"rows": done[number].rows, "sha256": done[number].sha256} for number in numbers]
        listed = [{"file": path.name, **one} for path, one in zip(paths, told, strict=True)]
        manifest = {"rows": sum(entry.rows for entry in done.values()), "parts": listed}
        write_atomically(folder / "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())
        for path in [folder / JOB, *folder.glob("[0-9]*.json")]:
            path.unlink()
        folder.replace(output)
        return
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            if job.output_kind == "parquet":
                _join_parquet(paths, stream)
            elif output.name.endswith(".gz"):
                with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as packed:
                    _copy(paths, tables.header(columns, job.output_kind), packed)  # type: ignore[arg-type]
            else:
                _copy(paths, tables.header(columns, job.output_kind), stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    shutil.rmtree(folder)


def _copy(paths: list[Path], header: bytes, stream: BinaryIO) -> None:
    stream.write(header)
    for path in paths:
        with path.open("rb") as part:
            shutil.copyfileobj(part, stream)


def _join_parquet(paths: list[Path], stream: BinaryIO) -> None:
    schema = pq.read_schema(paths[0])
    with pq.ParquetWriter(stream, schema) as writer:
        for path in paths:
            try:
                writer.write_table(pq.read_table(path).cast(schema))
            except (pa.ArrowException, ValueError) as error:
                reason = str(error).splitlines()[0]
                raise SettingsError(f"--output: a column changes its type ({reason}). Take JSON Lines.") from error
