"""``charrnn classify`` on a table: flags become a job of :mod:`charrnn.tables`."""

from __future__ import annotations

import argparse
import sys

from charrnn.cli.flags import answer_settings, load_classifier, read_options
from charrnn.errors import InputError, SettingsError

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "xlsx")
"""The formats of tables. The reader knows them too, but --help must not wait for it to be imported."""


OTHER_TABLES = (".xls", ".xlsb", ".xlsm", ".ods", ".numbers", ".feather", ".orc", ".dta", ".sav")
"""Suffixes of tables that are read as no list of names, either."""


def add_flags(command: argparse.ArgumentParser) -> None:
    """Flags that only tables take."""
    command.add_argument(
        "--workers", type=int, metavar="N", help="processes for a table. Default: 1; with Ray, as many as fit."
    )
    command.add_argument(
        "--engine",
        choices=["local", "ray"],
        default="local",
        help="where a table is classified: on this machine, or on a Ray cluster. Default: local.",
    )
    command.add_argument(
        "--ray-address", metavar="A", help="of a running Ray cluster. Default: one is started on this machine."
    )
    command.add_argument(
        "--resume",
        action="store_true",
        help="go on with a table that was interrupted, with its finished parts; done if it is finished",
    )
    command.add_argument(
        "--restart", action="store_true", help="begin a table that was interrupted anew; its finished parts are deleted"
    )


def input_format(flags: argparse.Namespace) -> str | None:
    """The format of the table to read; None for a list of names.

    Raises:
        InputError: there is no such file, or a folder holds no tables, or tables of several formats.
    """
    from charrnn.corpus.rows import format_of

    if flags.input_format:
        return None if flags.input_format == "lines" else str(flags.input_format)
    if flags.input == "-":
        return None
    from pathlib import Path

    try:
        is_folder = Path(flags.input).is_dir()
    except OSError as error:
        raise InputError(
            f"--input {flags.input}: cannot be read ({error.strerror}). Check the path and its rights."
        ) from error
    if not is_folder:
        if Path(flags.input).suffix.lower() in OTHER_TABLES and Path(flags.input).exists():
            raise InputError(f"--input {flags.input}: cannot be read. Save it as .xlsx or .csv.")
        return format_of(flags.input)
    from charrnn.tables.plan import input_files

    return format_of(input_files(flags.input)[0])


def execute(flags: argparse.Namespace, table_format: str) -> int:
    """Classify a table of this format."""
    from charrnn.corpus.rows import TableFile
    from charrnn.inference import locate
    from charrnn.inference.frames import NameColumns
    from charrnn.tables.classify import classify_table
    from charrnn.tables.plan import input_files, output_format, pipe_as_file, plan

    if flags.explain:
        raise SettingsError("--explain: is for a few names, not for a table. Leave it out.")
    if flags.workers is not None and flags.workers < 1:
        raise SettingsError(f"--workers {flags.workers}: must be at least 1.")
    if flags.resume and flags.restart:
        raise SettingsError("--resume, --restart: one goes on, the other begins anew. Drop one.")
    output: str = flags.output or "-"
    if flags.resume and "-" in (output, flags.input):
        raise SettingsError("--resume: needs files, which can be read again. Name --input and --output.")
    if flags.ray_address and flags.engine != "ray":
        raise SettingsError("--ray-address: is for --engine ray. Add that, or leave the address out.")
    if flags.engine == "ray" and "-" in (output, flags.input):
        raise SettingsError("--engine ray: reads and writes files that all machines see. Name --input and --output.")
    options = read_options(flags)
    options.check_format(table_format)
    files = [TableFile(path, table_format, options) for path in input_files(flags.input)]
    chosen = output_format(output, flags.format, files)
    model = load_classifier(flags.model)
    settings = answer_settings(flags)
    model.check_settings(**settings)  # an error comes before anything is read
    model.check_parts(flags.parts, flags.kind, flags.whole, flags.surname_column)
    # Absolute, because names/classifier is the shipped model and ./names/classifier is a folder.
    folder = str(locate(flags.model).absolute())
    with pipe_as_file(files[0]) as first:
        inputs, how = [first, *files[1:]], (flags.spreadsheet_safe, flags.parts)
        name_column = "name" if flags.name_column is None else flags.name_column
        columns = NameColumns(name_column, flags.surname_column, ("--name-column", "--surname-column"))
        job = plan(inputs, output, chosen, model, folder, columns, settings, *how)
        if job.prefix:
            _tell(f"the table has columns named as answers are, so these are called {job.prefix}label and so on")
        summary = classify_table(
            job, flags.workers, flags.resume, flags.restart, flags.overwrite, flags.engine, flags.ray_address
        )
    if summary is None:
        _tell(f"{output}: is finished already; nothing to do")
    else:
        for line in summary.lines(output):
            _tell(line)
    return 0


def _tell(line: str) -> None:
    from charrnn.text import printable

    print(f"charrnn: {printable(line)}", file=sys.stderr)
