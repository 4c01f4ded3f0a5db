"""``charrnn classify``: names from the command line or a text file; a table becomes a job."""

from __future__ import annotations

import argparse
import io
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.cli import classify_table
from charrnn.cli.flags import (
    add_model_flag,
    add_prior_flag,
    add_reading_flags,
    answer_settings,
    load_classifier,
    read_options,
)
from charrnn.cli.output import WRITERS, Layout, Row
from charrnn.errors import InputError, SettingsError

if TYPE_CHECKING:
    from charrnn.inference import Classifier

BATCH = 8192
"""Names classified at once; output appears batch by batch."""
SUFFIXES = {".jsonl": "jsonl", ".csv": "csv", ".txt": "table"}
"""Format of single names by the suffix of ``--output``."""


def add_command(commands: Any) -> None:
    """Add the command to the subparsers."""
    command = commands.add_parser(
        "classify",
        help="tell which label names belong to",
        description="Tell which label names belong to. What is no name by its form, or is unlike the names of the "
        "training list, abstains with its reason and keeps its answers.",
    )
    command.add_argument("names", nargs="*", metavar="NAME")
    add_model_flag(command, "names/classifier")
    command.add_argument(
        "--input",
        metavar="F",
        help="text file with one name per line, or a table: .csv, .tsv, .jsonl, .json, .parquet, .xlsx; text with or "
        "without .gz; or a folder of such tables; - is standard input",
    )
    command.add_argument(
        "--input-format",
        choices=["lines", *classify_table.FORMATS],
        help="format of --input. Default: the one that its suffix names, else lines.",
    )
    command.add_argument("--name-column", metavar="C", help="column of a table with the names. Default: name.")
    command.add_argument(
        "--surname-column",
        metavar="C",
        help="column of a table with the surnames, where --name-column has given names alone",
    )
    add_reading_flags(command)
    command.add_argument(
        "--output",
        metavar="F",
        help="file to write, its suffix decides the format; the answers to a table, without a suffix, become a folder "
        "of parts; - is standard output",
    )
    command.add_argument(
        "--format",
        choices=["table", *classify_table.FORMATS],
        help="format of the output. Default: table, or the format of the table that is read.",
    )
    command.add_argument("--overwrite", action="store_true", help="replace an --output that exists")
    command.add_argument(
        "--spreadsheet-safe",
        action="store_true",
        help="put an apostrophe before the text of CSV and TSV that a spreadsheet would run as a formula. Without it, "
        "every cell stays as it is.",
    )
    classify_table.add_flags(command)
    command.add_argument("--top-k", type=int, default=3, metavar="K", help="labels to show; 0 shows all. Default: 3.")
    command.add_argument(
        "--coverage",
        type=float,
        metavar="C",
        help="show a set of labels that holds the true one for about this share of names: 0.8, 0.9 or 0.95. Thresholds "
        "come from validation names; the model card says what share they held on test names.",
    )
    add_prior_flag(command)
    command.add_argument(
        "--labels", metavar="A,B", help="ask among these labels alone, such as Irish,Scottish,English. Default: all."
    )
    command.add_argument(
        "--kind", metavar="K", help="of the names, such as surname, female or male. Default: any that the model knows."
    )
    command.add_argument(
        "--whole",
        action="store_true",
        help="read each text as one name. Default: a text that looks like a full name is read in parts, if the model "
        "knows surnames and given names, and no --kind is told.",
    )
    command.add_argument(
        "--parts",
        action="store_true",
        help="add the columns given and surname to a table or CSV: what the parts of full names were taken for",
    )
    command.add_argument(
        "--level",
        choices=["label", "family"],
        default="label",
        help="answer with labels, or with their families, such as South Slavic. Default: label.",
    )
    command.add_argument(
        "--min-probability",
        type=float,
        default=0.0,
        metavar="P",
        help="abstain where the most probable label has less than P",
    )
    command.add_argument(
        "--explain",
        action="store_true",
        help="show how much each character contributes to the decision between the two most probable labels",
    )
    command.set_defaults(execute=execute)


def execute(flags: argparse.Namespace) -> int:
    """Classify the names, or start the job of a table."""
    if bool(flags.names) == (flags.input is not None):
        raise SettingsError("give either names or --input FILE. For example: charrnn classify Satoshi")
    table_format = None if flags.input is None else classify_table.input_format(flags)
    if table_format is not None:
        return classify_table.execute(flags, table_format)
    for flag in ("resume", "restart", "workers", "engine", "name_column", "surname_column", "sheet"):
        if (value := getattr(flags, flag)) is not None and value is not False and value != "local":
            read = f"; {flags.input} is read as a list of names" if flags.input else ""
            raise SettingsError(
                f"--{flag.replace('_', '-')}: is for tables{read}. Give --input a .csv, .jsonl or .parquet, or set "
                "--input-format."
            )
    if undecoded := next((name for name in flags.names if not _is_text(name)), None):
        raise InputError(f"{undecoded!r}: is not in the encoding of this terminal. Give it in a file, with --encoding.")
    output_format = _output_format(flags)
    model = load_classifier(flags.model)
    if flags.explain and output_format == "csv":
        raise SettingsError("--explain: a CSV row has no place for it. Set --format jsonl.")
    if flags.explain and flags.level == "family":
        raise SettingsError("--explain: is about labels, not families. Leave --level out.")
    settings = answer_settings(flags)
    model.check_settings(**settings)  # an error comes before anything is written
    model.check_parts(flags.parts, flags.kind, flags.whole)
    names = flags.names or _lines(flags)
    rows = _rows(model, names, settings, flags.explain, output_format == "table")
    width = model.width(flags.top_k, flags.coverage, settings["labels"], flags.level)
    layout = Layout(width, flags.spreadsheet_safe, flags.parts)
    write = WRITERS[output_format]
    if flags.output in (None, "-"):
        write(rows, sys.stdout, layout)
        return 0
    from charrnn.storage import atomic_writer, storage_errors

    path = Path(flags.output)
    with storage_errors(f"--output {path}", "Choose another place."), atomic_writer(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        write(rows, text, layout)
        text.detach()  # flushes, and leaves the stream open
    return 0


def _is_text(name: str) -> bool:
    """Whether a name is text: bytes of the command line that cannot be decoded become halves of surrogate pairs."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _output_format(flags: argparse.Namespace) -> str:
    """The format of single names that ``--format`` and the suffix of ``--output`` name."""
    if flags.format not in (None, *WRITERS):
        raise SettingsError(f"--format {flags.format}: is for tables. Give --input a .csv, .jsonl or .parquet.")
    if flags.output in (None, "-"):
        return flags.format or "table"
    path = Path(flags.output)
    implied = SUFFIXES.get(path.suffix)
    if path.is_dir() or (flags.format or implied) is None:
        raise SettingsError(
            f"--output {flags.output}: name a file that ends in {', '.join(SUFFIXES)}, or set --format."
        )
    if path.exists() and not flags.overwrite:
        raise SettingsError(f"--output {flags.output}: exists already. Choose another name, or add --overwrite.")
    if flags.format and implied and flags.format != implied:
        raise SettingsError(
            f"--output {flags.output}: its suffix says {implied}, --format says {flags.format}. Drop one."
        )
    return str(flags.format or implied)


def _lines(flags: argparse.Namespace) -> Iterator[str]:
    """The names of a list. Blank lines are names too: output stays aligned with input."""
    from charrnn.corpus.rows import read_lines

    options = read_options(flags)
    options.check_format(None)
    return read_lines(flags.input, options.encoding)


def _rows(
    model: Classifier, names: Iterable[str], settings: dict[str, Any], explain: bool, for_people: bool
) -> Iterator[Row]:
    from charrnn.inference.answers import sure_families

    stream, asked = iter(names), {key: settings[key] for key in ("prior", "labels", "kind", "whole")}
    members = defaultdict(list)
    for label, family_of in model.config.families.items():
        members[family_of].append(label)
    while batch := list(islice(stream, BATCH)):
        predictions = model.predict(batch, **settings)
        families = sure_families(model, predictions, settings) if for_people else [None] * len(batch)
        for prediction, family in zip(predictions, families, strict=True):
            scored = explain and prediction.predictions
            explanation = model.explain(prediction.name, **asked) if scored else None
            yield Row(prediction, explanation, family, members[family.label] if family else ())
