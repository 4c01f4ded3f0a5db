"""``charrnn classify`` on a table: flags become a job of :mod:`charrnn.tables`."""

from __future__ import annotations

import argparse
from pathlib import Path

from charrnn.cli.flags import answer_settings, load_classifier, load_ood_generator
from charrnn.errors import SettingsError

FORMATS = ("csv", "tsv", "jsonl", "parquet")
"""The formats of tables. The reader knows them too, but --help must not wait for it to be imported."""


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
    command.add_argument("--resume", action="store_true", help="continue with a table that was interrupted")
    command.add_argument(
        "--raw-cells", action="store_true", help="leave CSV cells alone that a spreadsheet would run as formulas"
    )


def input_format(flags: argparse.Namespace) -> str | None:
    """The format of the table to read; None for a list of names.

    Raises:
        InputError: there is no such file, or a folder holds no tables, or tables of several formats.
    """
    from charrnn.corpus.rows import format_of
    from charrnn.tables.job import input_files

    found: str | None = flags.input_format or format_of(input_files(flags.input)[0])
    return None if found == "lines" else found


def execute(flags: argparse.Namespace, table_format: str) -> int:
    """Classify a table of this format."""
    from charrnn.inference import locate
    from charrnn.tables.classify import classify_table
    from charrnn.tables.job import Job, input_files

    if flags.explain:
        raise SettingsError("--explain: is for a few names, not for a table. Leave it out.")
    if flags.workers is not None and flags.workers < 1:
        raise SettingsError(f"--workers {flags.workers}: must be at least 1.")
    output, output_format = _output(flags, table_format)
    if flags.engine == "ray" and "-" in (output, flags.input):
        raise SettingsError("--engine ray: reads and writes files that all machines see. Name --input and --output.")
    model, ood_generator = load_classifier(flags.model), load_ood_generator(flags)
    settings = answer_settings(flags)
    model.check_settings(**settings, ood_generator=ood_generator)  # an error comes before anything is read
    job = Job(
        inputs=tuple(input_files(flags.input)),
        output=output,
        input_format=table_format,
        output_format=output_format,
        model=str(locate(flags.model)),
        weights=model.config.weights_sha256,
        name_column=flags.name_column,
        settings=settings,
        generator=None if ood_generator is None else str(ood_generator.folder),
        safe=not flags.raw_cells,
    )
    classify_table(job, flags.workers, flags.resume, flags.engine, flags.ray_address)
    return 0


def _output(flags: argparse.Namespace, table_format: str) -> tuple[str, str]:
    """Where the answers to a table go, and in which format.

    Raises:
        SettingsError: format and suffix disagree, or the output exists as a folder or is the input.
    """
    from charrnn.corpus.rows import format_of

    output: str = flags.output or "-"
    implied = format_of(output)
    is_folder = output != "-" and not Path(output).suffix
    default = "csv" if table_format == "parquet" and not is_folder else table_format
    output_format = flags.format or implied or default
    if (
        output_format == "table"
        or (implied and implied != output_format)
        or not (implied or is_folder or output == "-")
    ):
        raise SettingsError(
            f"--output {output}: name a file that ends in .{', .'.join(FORMATS)}, or, without a suffix, a folder; drop "
            "--format."
        )
    if is_folder and Path(output).exists():
        raise SettingsError(f"--output {output}: exists already. Choose another name for the folder of parts.")
    if output != "-" and flags.input != "-" and Path(output).resolve() == Path(flags.input).resolve():
        raise SettingsError(f"--output {output}: is the input. Choose another file.")
    return output, output_format
