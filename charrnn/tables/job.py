"""What to classify and how: a :class:`Job`, and the parts of its table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from charrnn.corpus.rows import TableFile
from charrnn.errors import ModelFolderError
from charrnn.inference.answers import answer_names
from charrnn.inference.frames import NameColumns
from charrnn.model_folder import CONFIG, path_of

JSON_FORMATS = ("json", "jsonl")
MOST_TOLD = 10
"""Bad rows that are described; the others are counted."""


@dataclass(frozen=True)
class Job:
    """A table to classify; :func:`charrnn.tables.plan.plan` makes one.

    Attributes:
        inputs: the files of the table, in their order, all of one format.
        output: a file; a folder, if the name has no suffix; ``-`` is standard output.
        output_format: one of the values of :data:`charrnn.corpus.rows.FORMATS`.
        model: folder of the classifier.
        config_sha256: of :func:`config_hash`, when the job was planned.
        name_columns: the columns that hold the names.
        settings: arguments of :meth:`Classifier.rank` other than the names.
        width: number of label columns.
        columns: names of the columns of the input; of JSON, all keys.
        prefix: before the names of the answer columns.
        parts: whether the answers tell what the parts of full names were taken for.
        schema: ``pyarrow.Schema`` of the columns of the input, where the rows do not bring their own; else None.
        delimiter: of CSV and TSV to be written.
        spreadsheet_safe: put an apostrophe before the cells of CSV and TSV that a spreadsheet would run as formulas.
        header: of a sheet that becomes a sheet, the cells of its first row.
        stamps: size and time of each input, from before it was read (see :func:`stamp`).
        identity: a hash of what makes two jobs the same: inputs with their stamps, output, models and settings.
    """

    inputs: tuple[TableFile, ...]
    output: str
    output_format: str
    model: str
    config_sha256: str
    name_columns: NameColumns
    settings: Mapping[str, Any]
    width: int
    columns: tuple[str, ...]
    prefix: str = ""
    parts: bool = False
    schema: Any = None
    delimiter: str = ","
    spreadsheet_safe: bool = False
    header: Any = None
    stamps: tuple[tuple[int, int], ...] = ()
    identity: str = ""

    @property
    def input_format(self) -> str:
        """The format of the input files."""
        return self.inputs[0].table_format

    @property
    def output_is_folder(self) -> bool:
        """Whether the output is a folder of parts, each a table of its own."""
        return is_folder(self.output)

    @property
    def output_columns(self) -> list[str]:
        """The columns of the input and those of the answers."""
        return [*self.columns, *self.answer_names]

    @property
    def answer_names(self) -> list[str]:
        """The columns of the answers."""
        return answer_names(self.width, self.prefix, self.parts)


def config_hash(model: str) -> str:
    """SHA-256 of a model's ``config.json``, in which all stands that answers depend on, the hash of the weights too.

    Raises:
        ModelFolderError: there is none.
    """
    try:
        content = path_of(Path(model), CONFIG).read_bytes()
    except OSError as error:
        raise ModelFolderError(f"{error.filename}: cannot be read ({error.strerror}). Check the path.") from error
    return hashlib.sha256(content).hexdigest()


def stamp(path: str | Path) -> tuple[int, int]:
    """What changes when a file is written again: its size, and its time in nanoseconds.

    Raises:
        OSError: it cannot be looked up.
    """
    status = Path(path).stat()
    return status.st_size, status.st_mtime_ns


def is_folder(output: str) -> bool:
    """Whether an output is a folder of parts: its name has no suffix."""
    return output != "-" and not Path(output).suffix


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
        sha256: of the bytes of the part.
        job: identity of the job that the part is of.
        abstained: number of rows by the reason of their abstention.
        bad_rows: number of malformed rows that were left out.
        bad_rows_told: a line about each of the first of them.
        content: the bytes, if they were not written to a file.
    """

    rows: int
    sha256: str
    job: str = ""
    abstained: Mapping[str, int] = field(default_factory=dict)
    bad_rows: int = 0
    bad_rows_told: list[str] = field(default_factory=list)
    content: bytes = b""

    def to_json(self) -> str:
        """The record without the content."""
        fields = ("rows", "sha256", "job", "abstained", "bad_rows", "bad_rows_told")
        return json.dumps({name: getattr(self, name) for name in fields})
