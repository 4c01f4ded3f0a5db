"""``charrnn generate``, ``evaluate``, ``info``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import secrets
import sys
from typing import Any

from charrnn.cli.flags import add_column_flags, add_model_flag, load_model, own_test_split
from charrnn.errors import SettingsError

RESAMPLE = 16
"""Draws for each name under constraints."""


def add_commands(commands: Any) -> None:
    """Add this module's commands to the subparsers."""
    generate = commands.add_parser("generate", help="invent names")
    add_model_flag(generate, "names/generator")
    generate.add_argument(
        "--label",
        action="append",
        metavar="L",
        help="* for any; may be left out where the model has one; several are blended, with weights as in Irish:0.6",
    )
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
    looks = generate.add_argument_group("what names look like (letter case matters)")
    for name, told in (
        ("prefix", "how they begin"),
        ("suffix", "how they end"),
        ("contains", "what stands somewhere in them"),
        ("pattern", "a regular expression that matches the whole name"),
        ("characters", "the only ones that occur"),
    ):
        looks.add_argument(f"--{name}", default="", metavar=name[0].upper(), help=told)
    looks.add_argument("--min-length", type=int, default=1, metavar="N", help="fewest characters")
    looks.add_argument("--max-length", type=int, metavar="N", help="most characters. Default: as in training.")
    looks.add_argument(
        "--resample",
        type=int,
        metavar="K",
        help="draw K for each name and take one as often as the above let it by: 1 is quick and leads into unlikely "
        f"corners. Default: {RESAMPLE} if anything is asked above.",
    )
    looks.add_argument("--novel", action="store_true", help="only names that are not in the training data, none twice")
    generate.add_argument(
        "--distance", action="store_true", help="tell the nearest name of the training data, and how many edits away"
    )
    generate.add_argument("--stamp", metavar="S", help="draw the name again that --format jsonl gave this stamp")
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


def run_generate(flags: argparse.Namespace) -> int:
    """``charrnn generate``."""
    from charrnn.inference.constraints import Constraints
    from charrnn.inference.drawing import Request
    from charrnn.inference.sampling import Sampling

    model = load_model(flags.model, "generator")
    if flags.stamp:
        name = model.repeat(flags.stamp).name
        print(name + (_neighbour(model, name) if flags.distance else ""))
        return 0
    if flags.distance:
        _ = model.known  # refused before anything is printed
    constraints = Constraints(**{field.name: getattr(flags, field.name) for field in dataclasses.fields(Constraints)})
    request = Request(
        _label(flags.label, model.labels),
        secrets.randbelow(2**32) if flags.seed is None else flags.seed,
        Sampling(flags.temperature, flags.top_k, flags.top_p),
        constraints,
        flags.resample or (RESAMPLE if constraints != Constraints() else 1),
    )
    index = -1
    for index, made in enumerate(model.stream(request, flags.n, flags.novel)):
        record = {
            "name": made.name,
            "label": request.label,
            "seed": request.seed,
            "index": index,
            "attempt": made.attempt,
            "log_probability": round(made.log_probability, 4),
            "resample": request.resample,
            "stamp": model.stamp(request, made),
        }
        if flags.format == "lines":
            print(made.name + (_neighbour(model, made.name) if flags.distance else ""))
            continue
        if flags.distance:
            record["nearest"], record["distance"] = model.nearest(made.name)
        print(json.dumps(record, ensure_ascii=False))
    if index + 1 < flags.n:
        print(f"charrnn: {index + 1:,} names instead of {flags.n:,}: no more new ones were found.", file=sys.stderr)
    return 0


def _neighbour(model: Any, name: str) -> str:
    found = model.nearest(name)
    return f"\t{found.name}\t{found.distance}"


def _label(given: list[str] | None, known: list[str]) -> Any:
    if given is None:
        return known[0] if len(known) == 1 else None
    if len(given) == 1 and (":" not in given[0] or given[0] in known):
        return given[0]
    blend: dict[str, float] = {}
    for one in given:
        label, _, weight = (one, "", "1") if one in known else one.rpartition(":")
        try:
            blend[label or one] = float(weight) if label else 1.0
        except ValueError as error:
            raise SettingsError(f"--label {one}: after the colon stands no weight. Write Irish:0.6, say.") from error
    if len(blend) < len(given):
        raise SettingsError(f"--label: {', '.join(given)} name a label twice. Name each once.")
    return blend


def run_evaluate(flags: argparse.Namespace) -> int:
    """``charrnn evaluate``."""
    from charrnn.corpus import Corpus
    from charrnn.inference import load
    from charrnn.inference.evaluate import evaluate

    model = load(flags.model)
    columns = flags.name_column, flags.label_column, model.config.pipeline
    corpus = Corpus.read(flags.data, *columns)
    if flags.split == "test":
        # Splits group by name: dropping repeats first or afterwards gives the same sides.
        corpus = own_test_split(model.config, corpus, "--split test", flags.data, flags.model)
    if flags.exclude:
        corpus = corpus.without(Corpus.read(flags.exclude, *columns).keys)
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
