"""From what is wanted to a :class:`charrnn.tables.job.Job`: files, formats, columns, names of the answers."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

from charrnn import __version__
from charrnn.corpus.lines import open_input
from charrnn.corpus.rows import DELIMITERS, FORMATS, TableFile, format_of
from charrnn.errors import InputError, SettingsError, needs_extra
from charrnn.inference import Classifier
from charrnn.inference.answers import free_prefix
from charrnn.inference.frames import NameColumns
from charrnn.storage import storage_errors
from charrnn.tables import store
from charrnn.tables.job import Job, config_hash, is_folder, stamp
from charrnn.tables.survey import survey
from charrnn.tables.workbook import check_header, check_size

NOT_PIPED = ("parquet", "xlsx")
"""Formats that cannot be written to a pipe."""


def input_files(path: str) -> list[str]:
    """The files of a table: the file itself, or the tables of a folder, sorted by name; ``-`` is standard input.

    Raises:
        InputError: there is no such file, or the folder holds no table, or tables of several kinds.
    """
    folder = Path(path)
    if path == "-":
        return [path]
    try:
        folder.stat()
        names = [file.name for file in folder.iterdir()] if folder.is_dir() else None
    except OSError as error:
        raise InputError(
            f"--input {path}: cannot be read ({error.strerror}). Check the path and its rights."
        ) from error
    if names is None:
        return [path]
    if store.is_manifest(folder / store.MANIFEST):
        names.remove(store.MANIFEST)
    names = [name for name in names if format_of(name) and not name.startswith(".")]
    files = sorted(str(folder / name) for name in names)
    found_formats = sorted({str(format_of(file)) for file in files})
    if len(found_formats) != 1:
        found = f"tables of several kinds: {', '.join(found_formats)}" if found_formats else f"no {', '.join(FORMATS)}"
        raise InputError(f"--input {path}: the folder holds {found}. Give one with tables of one kind.")
    return files


def output_format(output: str, wanted: str | None, inputs: Sequence[TableFile]) -> str:
    """The format of the output: the one that is wanted, or that the suffix tells, or that of the input.

    Args:
        output: a file, or a folder of parts, or ``-`` for standard output.
        wanted: one of the values of :data:`charrnn.corpus.rows.FORMATS`, or None.
        inputs: the files of the table.

    Raises:
        SettingsError: format and suffix disagree, the format does not suit the kind of output, or the output is the
            input.
    """
    if output != "-" and not Path(output).name:
        raise SettingsError(f"--output {output}: has no name. Name a file or a folder of parts.")
    implied, into_folder = format_of(output), is_folder(output)
    own = inputs[0].table_format
    chosen = wanted or implied or ("csv" if own in NOT_PIPED and not into_folder else own)
    if (
        chosen not in FORMATS.values()
        or (implied and implied != chosen)
        or not (implied or into_folder or output == "-")
    ):
        if wanted not in (None, *FORMATS.values()):
            raise SettingsError(
                f"--format {wanted}: is for single names. Take {', '.join(sorted(set(FORMATS.values())))}."
            )
        raise SettingsError(
            f"--output {output}: name a file that ends in {', '.join(FORMATS)}, or, without a suffix, a folder; drop "
            "--format."
        )
    if chosen in NOT_PIPED and output == "-":
        raise SettingsError(f"--format {chosen}: cannot be written to a pipe. Name a file with --output.")
    if chosen in NOT_PIPED and output.endswith(".gz"):
        raise SettingsError(f"--output {output}: {chosen} is compressed already. Leave .gz out.")
    if chosen == "xlsx" and into_folder:
        raise SettingsError(f"--output {output}: a workbook is one file. Name one that ends in .xlsx.")
    if chosen == "xlsx":
        with needs_extra("excel"):
            import xlsxwriter  # noqa: F401 - it is needed only when all is classified
    with storage_errors(f"--output {output}", "Choose another place."):
        _check_output(output, into_folder, inputs)
    return chosen


def _check_output(output: str, into_folder: bool, inputs: Sequence[TableFile]) -> None:
    """Check that the output is neither the input nor of another kind than it is to be.

    Raises:
        SettingsError: it is.
        OSError: it cannot be looked up.
    """
    if output == "-":
        return
    target = Path(os.path.realpath(output))
    sources = [Path(os.path.realpath(file.path)) for file in inputs]
    if target in sources:
        raise SettingsError(f"--output {output}: is the input. Choose another name.")
    if into_folder and target in [source.parent for source in sources]:
        raise SettingsError(f"--output {output}: is the folder of the input. Choose another name.")
    if not target.parent.is_dir():
        raise SettingsError(f"--output {output}: there is no folder {target.parent}. Make it, or choose another place.")
    if target.is_dir() and not into_folder:
        raise SettingsError(f"--output {output}: is a folder. Choose another name.")


@contextmanager
def pipe_as_file(file: TableFile) -> Iterator[TableFile]:
    """A temporary file with the content of standard input or of a pipe, which can be read once; else the file itself.

    Raises:
        StorageError: the temporary folder cannot be written.
    """
    if file.path != "-" and not _is_pipe(Path(file.path)):
        yield file
        return
    with tempfile.NamedTemporaryFile(prefix="charrnn-") as copy:
        with storage_errors("the temporary folder", "Free space, or set TMPDIR to another folder."):
            with open_input(file.path) as stream:
                shutil.copyfileobj(stream, copy)
            copy.flush()
        yield replace(file, path=copy.name, alias=str(file))


def _is_pipe(path: Path) -> bool:
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False  # reading it raises the same error


def plan(
    inputs: Sequence[TableFile],
    output: str,
    chosen_format: str,
    model: Classifier,
    folder: str,
    name_columns: NameColumns,
    settings: Mapping[str, Any],
    spreadsheet_safe: bool = False,
    parts: bool = False,
) -> Job:
    """Make a job.

    Args:
        inputs: the files of the table, of one format.
        output: as of :class:`Job`.
        chosen_format: of the output, see :func:`output_format`.
        model: that classifies.
        folder: of the model.
        name_columns: columns of names; letter case counts only where several columns fit.
        settings: as of :class:`Job`.
        spreadsheet_safe: likewise.
        parts: likewise.

    Raises:
        InputError, SettingsError: as :func:`charrnn.tables.survey.survey`.
    """
    try:
        stamps = tuple(stamp(file.path) for file in inputs)
    except OSError as error:
        raise InputError(
            f"{error.filename}: cannot be read ({error.strerror}). Check the path and its rights."
        ) from error
    found = survey(inputs, name_columns, chosen_format)
    width = model.width(settings["top_k"], settings["coverage"], settings.get("labels"), settings.get("level", "label"))
    usual = DELIMITERS.get(chosen_format, ",")
    job = Job(
        inputs=tuple(inputs),
        output=output,
        output_format=chosen_format,
        model=folder,
        config_sha256=config_hash(folder),
        name_columns=found.name_columns,
        settings=settings,
        width=width,
        columns=tuple(found.columns),
        prefix=free_prefix(found.columns, width, parts),
        parts=parts,
        schema=found.schema,
        delimiter=found.delimiter or usual if chosen_format == inputs[0].table_format else usual,
        spreadsheet_safe=spreadsheet_safe,
        header=found.header if chosen_format == "xlsx" else None,
        stamps=stamps,
    )
    if chosen_format == "xlsx":
        check_size(0, len(job.output_columns))
        check_header(job.header or job.output_columns)
    return replace(job, identity=_identity(job))


def _identity(job: Job) -> str:
    files = [
        [str(Path(file.path).absolute()), file.table_format, astuple(file.options), own]
        for file, own in zip(job.inputs, job.stamps, strict=True)
    ]
    written = job.output_format, job.delimiter, job.spreadsheet_safe, job.parts, store.PART_ROWS
    output = [str(Path(job.output).absolute()), *written]
    content = [__version__, files, job.config_sha256, output, job.name_columns.wanted, dict(job.settings)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
