"""``charrnn classify``."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from charrnn.cli.colours import coloured, wants_colours
from charrnn.cli.flags import add_model_flag, load_model
from charrnn.errors import SettingsError

if TYPE_CHECKING:
    from charrnn.inference.answers import Prediction
    from charrnn.inference.explanation import Explanation

TABLES = ("csv", "tsv", "jsonl", "parquet")
BATCH = 8192
"""Names classified at once; output appears batch by batch."""


@dataclass(frozen=True)
class Row:
    """A line of output: the answer, and why, if that was asked for and there is an answer."""

    answer: Prediction
    why: Explanation | None


def add_commands(commands: Any) -> None:
    """Add this module's command to the subparsers."""
    classify = commands.add_parser("classify", help="tell which label names belong to")
    classify.add_argument("names", nargs="*", metavar="NAME")
    add_model_flag(classify, "names/classifier")
    classify.add_argument(
        "--input",
        metavar="F",
        help="text file with a name a line, or a table: .csv, .tsv, .jsonl, .parquet, with or without .gz; or a folder "
        "of such tables; - is standard input",
    )
    classify.add_argument("--input-format", choices=["lines", *TABLES], help="if no suffix tells")
    classify.add_argument("--name-column", default="name", metavar="C", help="of a table. Default: name.")
    classify.add_argument(
        "--output",
        metavar="F",
        help="write there; the suffix decides the format; a table without one becomes "
        "a folder of parts; - is standard output",
    )
    classify.add_argument(
        "--format", choices=["table", *TABLES], help="Default: table, or the kind of table that was read"
    )
    classify.add_argument(
        "--workers", type=int, metavar="N", help="processes, for tables. Default: 1; with Ray, all there is room for."
    )
    classify.add_argument(
        "--engine", choices=["local", "ray"], default="local", help="who classifies tables: this machine, or a cluster"
    )
    classify.add_argument(
        "--ray-address", metavar="A", help="of a running Ray cluster. Default: one is started on this machine."
    )
    classify.add_argument("--resume", action="store_true", help="go on with an interrupted table")
    classify.add_argument(
        "--raw-cells", action="store_true", help="leave CSV cells alone that a spreadsheet would read as formulas"
    )
    classify.add_argument("--top-k", type=int, default=3, metavar="K", help="labels to show; 0 shows all. Default: 3.")
    classify.add_argument(
        "--coverage", type=float, metavar="C", help="show a set that holds the label in this share: 0.8, 0.9 or 0.95"
    )
    classify.add_argument(
        "--prior",
        choices=["model", "uniform"],
        default="model",
        help="how frequent labels are: as in training, or all alike. Default: model.",
    )
    classify.add_argument(
        "--min-probability", type=float, default=0.0, metavar="P", help="abstain where the best label has less"
    )
    classify.add_argument(
        "--unlike-training",
        nargs="?",
        const="",
        metavar="GENERATOR",
        help="abstain where a generator, by default the one beside the model, finds the name unlike its own",
    )
    classify.add_argument(
        "--explain", action="store_true", help="show what each character says for the best label against the next"
    )
    classify.set_defaults(run=run_classify)


def run_classify(flags: argparse.Namespace) -> int:
    """``charrnn classify``."""
    if bool(flags.names) == (flags.input is not None):
        raise SettingsError("give either names or --input FILE. For example: charrnn classify Satoshi")
    kind = None if flags.input is None else _input_kind(flags)
    if kind is not None:
        return _run_table(flags, kind)
    if flags.resume or flags.workers is not None or flags.engine != "local":
        raise SettingsError("--resume, --workers, --engine: are for tables. Give --input a .csv, .jsonl or .parquet.")
    chosen = _format(flags)
    model = load_model(flags.model, "classifier")
    if flags.explain and chosen == "csv":
        raise SettingsError("--explain: a CSV row has no place for it. Set --format jsonl.")
    settings = _settings(flags) | {"likeness": _generator(flags)}
    model.predict([], **settings)  # a bad flag is refused before anything is written
    width = model.shown(flags.top_k, flags.coverage)
    rows = _rows(model, flags.names or _read_lines(flags.input), settings, flags.explain)
    if flags.output in (None, "-"):
        WRITERS[chosen](rows, sys.stdout, width)
        return 0
    output = Path(flags.output)
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            WRITERS[chosen](rows, stream, width)
        temporary.replace(output)
    except OSError as error:
        raise SettingsError(
            f"--output {flags.output}: cannot be written ({error.strerror or error}). Choose another place."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return 0


def _format(flags: argparse.Namespace) -> str:
    suffixes = {".jsonl": "jsonl", ".csv": "csv", ".txt": "table"}
    if flags.format not in (None, *WRITERS):
        raise SettingsError(f"--format {flags.format}: is for tables. Give --input a .csv, .jsonl or .parquet.")
    if flags.output in (None, "-"):
        return flags.format or "table"
    output = Path(flags.output)
    implied = suffixes.get(output.suffix)
    if output.is_dir() or (flags.format or implied) is None:
        raise SettingsError(
            f"--output {flags.output}: name a file that ends in {', '.join(suffixes)}, or set --format."
        )
    if flags.format and implied and flags.format != implied:
        raise SettingsError(
            f"--output {flags.output}: its suffix says {implied}, --format says {flags.format}. Drop one."
        )
    return str(flags.format or implied)


def _settings(flags: argparse.Namespace) -> dict[str, Any]:
    return {key: getattr(flags, key) for key in ("top_k", "prior", "coverage", "min_probability")}


def _input_kind(flags: argparse.Namespace) -> str | None:
    """The kind of table to read; None for a name a line."""
    from charrnn.inference.files import input_files, kind_of

    told: str | None = flags.input_format or kind_of(input_files(flags.input)[0])
    return None if told == "lines" else told


def _run_table(flags: argparse.Namespace, kind: str) -> int:
    from charrnn.inference import bulk, locate
    from charrnn.inference.files import input_files
    from charrnn.inference.parts import Job

    if flags.explain:
        raise SettingsError("--explain: is for a few names, not for a table. Leave it out.")
    if flags.workers is not None and flags.workers < 1:
        raise SettingsError(f"--workers {flags.workers}: must be at least 1.")
    output, written = _table_output(flags, kind)
    if flags.engine == "ray" and "-" in (output, flags.input):
        raise SettingsError("--engine ray: reads and writes files that all machines see. Name --input and --output.")
    model, generator = load_model(flags.model, "classifier"), _generator(flags)
    job = Job(
        tuple(input_files(flags.input)),
        output,
        kind,
        written,
        str(locate(flags.model)),
        flags.name_column,
        _settings(flags),
        None if generator is None else str(generator.folder),
        not flags.raw_cells,
    )
    model.rank([], **job.settings, likeness=generator)  # a bad flag is refused before anything is read
    bulk.run(job, model.config.weights_sha256, flags.workers, flags.resume, flags.engine, flags.ray_address)
    return 0


def _table_output(flags: argparse.Namespace, read: str) -> tuple[str, str]:
    """Where a table goes, and as what kind."""
    from charrnn.inference.files import kind_of

    output: str = flags.output or "-"
    implied = kind_of(output)
    folder = output != "-" and not Path(output).suffix
    written = flags.format or implied or ("csv" if read == "parquet" and not folder else read)
    if written == "table" or (implied and implied != written) or not (implied or folder or output == "-"):
        raise SettingsError(
            f"--output {output}: name a file that ends in .{', .'.join(TABLES)}, or, without a suffix, a folder; drop "
            "--format."
        )
    if folder and Path(output).exists():
        raise SettingsError(f"--output {output}: exists already. Choose another name for the folder of parts.")
    if output != "-" and flags.input != "-" and Path(output).resolve() == Path(flags.input).resolve():
        raise SettingsError(f"--output {output}: is the input. Choose another file.")
    return output, written


def _read_lines(path: str) -> Iterator[str]:
    """Every line is a row, empty ones too: results stay aligned with the input."""
    try:
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                try:
                    yield raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise SettingsError(f"{path}, line {number}: not UTF-8. Save the file as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"--input {path}: cannot be read ({error.strerror or error}). Check the path.") from error


def _generator(flags: argparse.Namespace) -> Any:
    if flags.unlike_training is None:
        return None
    from charrnn.inference import locate

    beside = locate(flags.model).parent / "generator"
    if not flags.unlike_training and not beside.is_dir():
        raise SettingsError(f"--unlike-training: there is no {beside}. Name a generator of the same names.")
    return load_model(flags.unlike_training or str(beside), "generator")


def _rows(model: Any, names: Iterable[str], settings: dict[str, Any], explain: bool) -> Iterator[Row]:
    stream = iter(names)
    while batch := list(islice(stream, BATCH)):
        for answer in model.predict(batch, **settings):
            scored = explain and answer.predictions
            yield Row(answer, model.explain(answer.name, settings["prior"]) if scored else None)


def _write_table(rows: Iterable[Row], stream: TextIO, width: int) -> None:
    colours = wants_colours(stream)
    for row in rows:
        answer = row.answer
        shown = [f"{s.label} {s.probability:.1%}" for s in answer.predictions]
        shown += [f"abstains: {answer.reason}"] if answer.abstained else []
        stream.write(f"{answer.name:<20}  {'   '.join(shown)}\n")
        if row.why:
            stream.write(_explained(row.why, colours))


def _explained(why: Explanation, colours: bool) -> str:
    largest = max(map(abs, why.shares))
    pairs = list(zip(why.characters, why.shares, strict=True))
    letters = "".join(coloured(c, share / largest if largest else 0.0) for c, share in pairs) + "  " if colours else ""
    shares = " ".join(f"{c}{share:+z.1f}" for c, share in pairs)
    total = f"rest{why.rest:+z.1f}   = {why.score:+z.1f} for {why.label} against {why.other}"
    return f"{'':<22}{letters}{shares}   {total}\n"


def _write_jsonl(rows: Iterable[Row], stream: TextIO, width: int) -> None:
    for row in rows:
        answer = row.answer
        record: dict[str, Any] = {
            "name": answer.name,
            "predictions": [s._asdict() for s in answer.predictions],
            "abstained": answer.abstained,
            "reason": answer.reason,
        }
        if row.why:
            record["explanation"] = {k: v for k, v in dataclasses.asdict(row.why).items() if k != "name"}
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_csv(rows: Iterable[Row], stream: TextIO, width: int) -> None:
    ranks = ["" if i == 1 else f"_{i}" for i in range(1, width + 1)]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["name", *(f"{c}{r}" for r in ranks for c in ("label", "probability")), "abstained", "reason"])
    for row in rows:
        answer = row.answer
        cells = [cell for s in answer.predictions for cell in (s.label, f"{s.probability:.6f}")]
        cells += [""] * (2 * width - len(cells))
        writer.writerow([answer.name, *cells, "true" if answer.abstained else "false", answer.reason or ""])


WRITERS: dict[str, Callable[[Iterable[Row], TextIO, int], None]] = {
    "table": _write_table,
    "jsonl": _write_jsonl,
    "csv": _write_csv,
}
