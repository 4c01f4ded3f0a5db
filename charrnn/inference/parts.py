"""The parts of a table that is being classified: kept beside the output, joined when all are there."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from charrnn.errors import SettingsError, needs_extra
from charrnn.inference import tables
from charrnn.inference.classifier import Classifier
from charrnn.model_folder import write_atomically

with needs_extra("tables"):
    import pyarrow as pa
    import pyarrow.parquet as pq

PART = 32_768
"""Rows that are classified together and kept together, should the job be interrupted."""


@dataclass(frozen=True)
class Job:
    """What to classify, and how.

    Attributes:
        input: a table; ``-`` is standard input.
        output: where to; ``-`` is standard output.
        input_kind: one of :data:`charrnn.inference.tables.KINDS`.
        output_kind: the same.
        model: folder of the classifier.
        name_column: which column holds the names.
        settings: of :meth:`Classifier.rank`, all but ``likeness``.
        generator: folder of the generator for ``likeness``, or None.
        safe: see :func:`charrnn.inference.tables.write_part`.
    """

    input: str
    output: str
    input_kind: str
    output_kind: str
    model: str
    name_column: str
    settings: dict[str, Any]
    generator: str | None = None
    safe: bool = True


def claim(folder: Path, job: Job, classifier: Classifier, resume: bool) -> dict[int, Any]:
    """The folder of folder, and which of them are there already, by number."""
    source = Path(job.input)
    seen = [source.stat().st_size, source.stat().st_mtime_ns] if job.input != "-" else []
    told = {**asdict(job), "weights": classifier.config.weights_sha256, "part": PART, "input_seen": seen}
    text = json.dumps(told, sort_keys=True)
    if not (resume and (folder / "job.json").exists()):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_atomically(folder / "job.json", text.encode())
        return {}
    if job.input == "-":
        raise SettingsError("--resume: standard input cannot be read again. Give a file.")
    if (folder / "job.json").read_text() != text:
        raise SettingsError(
            f"--resume: {folder} belongs to another job (input, model or flags differ). Repeat that one, or drop "
            "--resume."
        )
    done: dict[int, Any] = {}
    for path in folder.glob("*.json"):
        if path.stem.isdigit():
            entry = json.loads(path.read_text())
            part = folder / path.stem
            if part.exists() and hashlib.sha256(part.read_bytes()).hexdigest() == entry["sha256"]:
                done[int(path.stem)] = entry
    return done


def keep(folder: Path, number: int, table: pa.Table, job: Job) -> dict[str, Any]:
    """Write a part, then what it is; gives the latter."""
    sink = pa.BufferOutputStream()
    tables.write_part(table, job.output_kind, sink, job.safe)
    content = sink.getvalue().to_pybytes()
    write_atomically(folder / f"{number:08d}", content)
    entry = {"rows": len(table), "columns": table.column_names, "sha256": hashlib.sha256(content).hexdigest()}
    write_atomically(folder / f"{number:08d}.json", json.dumps(entry).encode())
    return entry


def join(folder: Path, count: int, columns: list[str], job: Job, output: Path) -> None:
    """All folder as one file, which appears when it is whole."""
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    paths = [folder / f"{number:08d}" for number in range(count)]
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
