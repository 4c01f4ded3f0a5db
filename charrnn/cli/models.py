"""``charrnn classify``, ``generate``, ``evaluate``, ``info``."""

from __future__ import annotations

import argparse
import csv
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from charrnn.cli.flags import add_column_flags
from charrnn.errors import SettingsError

BATCH = 8192
"""Names classified at once; output appears batch by batch."""


def add_commands(commands: Any) -> None:
    """Add this module's commands to the subparsers."""
    classify = commands.add_parser("classify", help="tell which label names belong to")
    classify.add_argument("names", nargs="*", metavar="NAME")
    _model_flag(classify, "names/classifier")
    classify.add_argument("--input", type=Path, metavar="F", help="text file with one name a line")
    classify.add_argument("--output", type=Path, metavar="F", help="write there; .jsonl or .csv decides the format")
    classify.add_argument("--top-k", type=int, default=3, metavar="K", help="labels to show; 0 shows all. Default: 3.")
    classify.add_argument("--format", choices=WRITERS, help="Default: table")
    classify.set_defaults(run=run_classify)

    generate = commands.add_parser("generate", help="invent names")
    _model_flag(generate, "names/generator")
    generate.add_argument("--label", metavar="L", help="may be left out where the model has one")
    generate.add_argument("-n", type=int, default=10, metavar="N", help="number of names. Default: 10.")
    generate.add_argument("--seed", type=int, metavar="S", help="the same seed gives the same names; drawn if left out")
    generate.add_argument(
        "--temperature",
        type=float,
        default=0.8,
        metavar="T",
        help="0 greedy, 1 as learned, above 1 wilder. Default: 0.8.",
    )
    generate.add_argument("--top-k", type=int, default=0, metavar="K", help="draw among the K best characters; 0 all")
    generate.add_argument("--top-p", type=float, default=1.0, metavar="P", help="draw among the best that reach P")
    generate.add_argument("--format", choices=["lines", "jsonl"], default="lines")
    generate.set_defaults(run=run_generate)

    evaluate = commands.add_parser("evaluate", help="score a model on labelled names")
    evaluate.add_argument("--model", required=True, metavar="DIR")
    evaluate.add_argument("--data", required=True, metavar="NAME|PATH")
    add_column_flags(evaluate)
    evaluate.add_argument("--exclude", metavar="CORPUS", help="leave the names of this corpus out")
    evaluate.add_argument("--prior", choices=["model", "uniform"], default="model", help="Default: model")
    evaluate.add_argument(
        "--split", choices=["all", "test"], default="all", help="test: the model's own test split. Default: all."
    )
    evaluate.add_argument("--format", choices=["table", "json"], default="table")
    evaluate.set_defaults(run=run_evaluate)

    info = commands.add_parser("info", help="what a model folder holds")
    info.add_argument("model", metavar="MODEL")
    info.set_defaults(run=run_info)


def _model_flag(command: argparse.ArgumentParser, default: str) -> None:
    command.add_argument(
        "--model", default=default, metavar="DIR", help=f"model folder. Default: the shipped one, {default}."
    )


def _load(path: str, task: str) -> Any:
    from charrnn.inference import load

    model = load(path)
    if model.config.task != task:
        raise SettingsError(f"--model {path}: is a {model.config.task}; this command needs a {task}.")
    return model


def run_classify(flags: argparse.Namespace) -> int:
    """``charrnn classify``."""
    if bool(flags.names) == (flags.input is not None):
        raise SettingsError("give either names or --input FILE. For example: charrnn classify Satoshi")
    chosen = _format(flags)
    model = _load(flags.model, "classifier")
    model.predict([], flags.top_k)  # a bad --top-k is refused before anything is written
    width = min(flags.top_k, len(model.labels)) or len(model.labels)
    rows = _predictions(model, flags.names or _read_lines(flags.input), flags.top_k)
    if flags.output is None:
        WRITERS[chosen](rows, sys.stdout, width)
        return 0
    temporary = flags.output.with_name(f".{flags.output.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            WRITERS[chosen](rows, stream, width)
        temporary.replace(flags.output)
    except OSError as error:
        raise SettingsError(
            f"--output {flags.output}: cannot be written ({error.strerror or error}). Choose another place."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return 0


def _format(flags: argparse.Namespace) -> str:
    suffixes = {".jsonl": "jsonl", ".csv": "csv", ".txt": "table"}
    if flags.output is None:
        return flags.format or "table"
    implied = suffixes.get(flags.output.suffix)
    if flags.output.is_dir() or (flags.format or implied) is None:
        raise SettingsError(
            f"--output {flags.output}: name a file that ends in {', '.join(suffixes)}, or set --format."
        )
    if flags.format and implied and flags.format != implied:
        raise SettingsError(
            f"--output {flags.output}: its suffix says {implied}, --format says {flags.format}. Drop one."
        )
    return str(flags.format or implied)


def _read_lines(path: Path) -> Iterator[str]:
    """Every line is a row, empty ones too: results stay aligned with the input."""
    try:
        with path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                try:
                    yield raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise SettingsError(f"{path}, line {number}: not UTF-8. Save the file as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"--input {path}: cannot be read ({error.strerror or error}). Check the path.") from error


def _predictions(model: Any, names: Iterable[str], top_k: int) -> Iterator[Any]:
    stream = iter(names)
    while batch := list(islice(stream, BATCH)):
        yield from model.predict(batch, top_k)


def _write_table(rows: Iterable[Any], stream: TextIO, width: int) -> None:
    for row in rows:
        shown = "   ".join(f"{s.label} {s.probability:.1%}" for s in row.predictions)
        stream.write(f"{row.name:<20}  {f'abstains: {row.reason}' if row.abstained else shown}\n")


def _write_jsonl(rows: Iterable[Any], stream: TextIO, width: int) -> None:
    for row in rows:
        record = {
            "name": row.name,
            "predictions": [s._asdict() for s in row.predictions],
            "abstained": row.abstained,
            "reason": row.reason,
        }
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_csv(rows: Iterable[Any], stream: TextIO, width: int) -> None:
    ranks = ["" if i == 1 else f"_{i}" for i in range(1, width + 1)]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["name", *(f"{c}{r}" for r in ranks for c in ("label", "probability")), "abstained", "reason"])
    for row in rows:
        cells = [cell for s in row.predictions for cell in (s.label, f"{s.probability:.6f}")]
        cells += [""] * (2 * width - len(cells))
        writer.writerow([row.name, *cells, "true" if row.abstained else "false", row.reason or ""])


WRITERS: dict[str, Callable[[Iterable[Any], TextIO, int], None]] = {
    "table": _write_table,
    "jsonl": _write_jsonl,
    "csv": _write_csv,
}


def run_generate(flags: argparse.Namespace) -> int:
    """``charrnn generate``."""
    model = _load(flags.model, "generator")
    seed = secrets.randbelow(2**32) if flags.seed is None else flags.seed
    label = flags.label or (model.labels[0] if len(model.labels) == 1 else None)
    names = model.sample(label, flags.n, seed, flags.temperature, flags.top_k, flags.top_p)
    for index, name in enumerate(names):
        record = {"name": name, "label": label, "seed": seed, "index": index}
        print(name if flags.format == "lines" else json.dumps(record, ensure_ascii=False))
    return 0


def run_evaluate(flags: argparse.Namespace) -> int:
    """``charrnn evaluate``."""
    from charrnn.corpus import Corpus
    from charrnn.corpus.split import split
    from charrnn.inference import load
    from charrnn.inference.evaluate import evaluate

    model = load(flags.model)
    corpus = Corpus.read(flags.data, flags.name_column, flags.label_column)
    if flags.split == "test":
        data = model.config.data
        if corpus.fingerprint != data["fingerprint"]:
            raise SettingsError(
                f"--split test: {flags.data} is not the data that {flags.model} was trained on (fingerprints differ), "
                "so its test split is unknown. Give that data, or --split all."
            )
        # Splits group by name: dropping repeats first or afterwards gives the same sides.
        corpus = split(corpus, data["seed"], data["validation_fraction"], data["test_fraction"]).test
    if flags.exclude:
        corpus = corpus.without(Corpus.read(flags.exclude).keys)
    report = evaluate(model, corpus, flags.prior)
    if flags.format == "json":
        print(json.dumps(report))
    else:
        for key, value in report.items():
            print(f"{key:<18} {value:,}" if isinstance(value, int) else f"{key:<18} {value:.4f}")
    return 0


def run_info(flags: argparse.Namespace) -> int:
    """``charrnn info``."""
    from charrnn import model_folder
    from charrnn.inference import locate

    folder = locate(flags.model)
    config, weights = model_folder.read(folder)
    architecture = ", ".join(f"{key} {value}" for key, value in config.architecture.items())
    parameters = sum(array.size for array in weights.values())
    data = config.data
    lines = {
        "task": config.task,
        "architecture": f"{architecture}; {parameters:,} parameters",
        "labels": f"{len(config.labels)}: {', '.join(config.labels)}",
        "alphabet": f"{len(config.alphabet)}: {config.alphabet}",
        "text": config.pipeline,
        "data": f"{data['source']}, {data['names']:,} names, fingerprint {data['fingerprint'][:16]}",
        "split": ", ".join(f"{data[part]:,} {part}" for part in ("train", "validation", "test"))
        + f"; seed {data['seed']}",
        "size": f"{(folder / 'model.safetensors').stat().st_size / 1e6:.2f} MB",
        "sha256": config.weights_sha256,
    }
    for who, report in config.metrics.items():
        lines[f"test, {who}"] = ", ".join(
            f"{key} {value:,}" if isinstance(value, int) else f"{key} {value:.3f}" for key, value in report.items()
        )
    for key, value in lines.items():
        print(f"{key:<14} {value}")
    return 0
