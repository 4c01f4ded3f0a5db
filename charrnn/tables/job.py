"""What to classify and how: a :class:`Job`, its input files, and the parts of its table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from charrnn.corpus.rows import FORMATS, format_of
from charrnn.errors import InputError


@dataclass(frozen=True)
class Job:
    """A table to classify.

    Attributes:
        inputs: the files of the table, in their order; ``-`` alone is standard input.
        output: a file; a folder, if the name has no suffix; ``-`` is standard output.
        input_format: one of the values of :data:`charrnn.corpus.rows.FORMATS`.
        output_format: likewise.
        model: folder of the classifier.
        weights: SHA-256 of the classifier's weights.
        name_column: the column that holds the names.
        settings: arguments of :meth:`Classifier.rank` other than the names and ``ood_generator``.
        generator: folder of the ``ood_generator``, or None.
        safe: see :func:`charrnn.tables.formats.write_rows`.
    """

    inputs: tuple[str, ...]
    output: str
    input_format: str
    output_format: str
    model: str
    weights: str
    name_column: str
    settings: dict[str, Any]
    generator: str | None = None
    safe: bool = True

    @property
    def output_is_folder(self) -> bool:
        """Whether the output is a folder of parts, each a table of its own."""
        return self.output != "-" and not Path(self.output).suffix


class PartId(NamedTuple):
    """Position of a part: the number of its file, and its own number in that file, both from 0."""

    file: int
    number: int

    def __str__(self) -> str:
        return f"{self.file:05d}-{self.number:08d}"


@dataclass(frozen=True)
class PartRecord:
    """The record of a finished part.

    Attributes:
        rows: number of rows.
        columns: names of the columns, those of the answers included.
        sha256: of the bytes of the part.
        content: the bytes, if they were not written to a file.
    """

    rows: int
    columns: list[str]
    sha256: str
    content: bytes = b""

    def to_json(self) -> str:
        """The record without the content."""
        return json.dumps({"rows": self.rows, "columns": self.columns, "sha256": self.sha256})


def input_files(path: str) -> list[str]:
    """The files of a table: the file itself, or the tables of a folder, sorted by name; ``-`` is standard input.

    Raises:
        InputError: there is no such file, or the folder holds no table, or tables of several kinds.
    """
    folder = Path(path)
    if path != "-" and not folder.exists():
        raise InputError(f"--input {path}: cannot be read (No such file or directory). Check the path.")
    if path == "-" or not folder.is_dir():
        return [path]
    files = sorted(str(file) for file in folder.iterdir() if format_of(file.name) and not file.name.startswith("."))
    found_formats = sorted({str(format_of(file)) for file in files})
    if len(found_formats) != 1:
        found = f"tables of several kinds: {', '.join(found_formats)}" if found_formats else f"no {', '.join(FORMATS)}"
        raise InputError(f"--input {path}: the folder holds {found}. Give one with tables of one kind.")
    return files
