"""``charrnn generate``: invent names."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from charrnn.cli.flags import add_model_flag, load_generator
from charrnn.errors import SettingsError

SILENCE = 2.0
"""Seconds without a name after which progress is told."""

if TYPE_CHECKING:
    from charrnn.generation.request import Label, Sample
    from charrnn.inference import Generator


def add_command(commands: Any) -> None:
    """Add the command to the subparsers."""
    command = commands.add_parser("generate", help="invent names")
    add_model_flag(command, "names/generator")
    command.add_argument(
        "--label",
        action="append",
        metavar="L",
        help="* for any; may be left out where the model has one; several are blended, with weights as in Irish:0.6",
    )
    command.add_argument("--kind", metavar="K", help="of the names, such as surname, female or male; any by default")
    command.add_argument("-n", type=int, default=10, metavar="N", help="number of names. Default: 10.")
    command.add_argument(
        "--seed", type=int, metavar="S", help="the same seed gives the same names. Default: a random one."
    )
    command.add_argument(
        "--temperature",
        type=float,
        default=0.8,
        metavar="T",
        help="0 always takes the most probable character, 1 follows the model, above 1 is wilder. Default: 0.8.",
    )
    command.add_argument(
        "--top-k", type=int, default=0, metavar="K", help="draw among the K most probable characters; 0 among all"
    )
    command.add_argument(
        "--top-p",
        type=float,
        default=1.0,
        metavar="P",
        help="draw among the most probable characters that together reach probability P",
    )
    constraints = command.add_argument_group("constraints on the names (letter case matters)")
    for name, text in (
        ("prefix", "how they begin"),
        ("suffix", "how they end"),
        ("contains", "what occurs in them"),
        ("pattern", "a regular expression that matches the whole name"),
        ("characters", "the only characters that occur"),
    ):
        constraints.add_argument(f"--{name}", default="", metavar=name[0].upper(), help=text)
    constraints.add_argument("--min-length", type=int, default=1, metavar="N", help="fewest characters")
    constraints.add_argument(
        "--max-length", type=int, metavar="N", help="most characters. Default: as in the training names."
    )
    constraints.add_argument(
        "--any-case",
        action="store_true",
        help="capitals, digits and symbols anywhere. Default: where the training names have them.",
    )
    constraints.add_argument(
        "--ascii",
        action="store_true",
        help="write names in ASCII, as Dvorak for Dvořák; of the constraints, too, the ASCII form counts",
    )
    constraints.add_argument(
        "--resample",
        type=int,
        metavar="K",
        help="draw K candidates for each name and pick one by its importance weight; 1 is fast and gives less likely "
        "names. Default: 16 with a constraint, else 1.",
    )
    constraints.add_argument(
        "--novel", action="store_true", help="only names whose letters are those of no training name, none twice"
    )
    command.add_argument(
        "--distance", action="store_true", help="show the nearest training name and how many edits away it is"
    )
    command.add_argument("--stamp", metavar="S", help="draw the name again that has this stamp in --format jsonl")
    command.add_argument("--format", choices=["lines", "jsonl"], default="lines")
    command.set_defaults(execute=lambda flags: execute(flags, _given(command, flags)))


def _given(command: argparse.ArgumentParser, flags: argparse.Namespace) -> list[str]:
    """The flags that were set to something else than their default."""
    names = [name for name in vars(flags) if name not in ("execute", "command")]
    return [
        f"-{'' if len(n) == 1 else '-'}{n.replace('_', '-')}" for n in names if vars(flags)[n] != command.get_default(n)
    ]


def execute(flags: argparse.Namespace, given: Sequence[str]) -> int:
    """Draw names and print each as soon as it is finished.

    Args:
        flags: of the command.
        given: which of them were set.
    """
    from charrnn.generation.constraints import Constraints
    from charrnn.generation.request import Request, usual_resample
    from charrnn.generation.sampling import Sampling
    from charrnn.text import printable_json

    model = load_generator(flags.model)
    if flags.stamp is not None:
        if others := sorted({*given} - {"--stamp", "--model", "--distance"}):
            raise SettingsError(f"--stamp: holds all that a name depends on. Leave {', '.join(others)} out.")
        _print_line(model, model.repeat(flags.stamp).name, flags.distance)
        return 0
    if flags.distance:
        _ = model.training_names  # an error comes before the first name is printed
    constraints = Constraints(**{field.name: getattr(flags, field.name) for field in dataclasses.fields(Constraints)})
    request = Request(
        _parse_labels(flags.label, model.labels),
        secrets.randbelow(2**32) if flags.seed is None else flags.seed,
        Sampling(flags.temperature, flags.top_k, flags.top_p),
        constraints,
        usual_resample(constraints) if flags.resample is None else flags.resample,
        flags.kind,
    )
    count = 0
    for index, sample in enumerate(_with_progress(model.stream(request, flags.n, flags.novel), flags.n)):
        count += 1
        if flags.format == "lines":
            _print_line(model, sample.name, flags.distance)
            continue
        record = {
            "name": sample.name,
            "label": request.label,
            "kind": request.kind,
            "seed": request.seed,
            "index": index,
            "attempt": sample.attempt,
            "log_probability": round(sample.log_probability, 4),
            "resample": request.resample,
            "stamp": model.stamp(request, sample),
        }
        if flags.distance:
            record["nearest"], record["distance"] = model.nearest(sample.name)
        print(printable_json(json.dumps(record, ensure_ascii=False)))
    if count < flags.n:
        print(f"charrnn: {count:,} names instead of {flags.n:,}: new ones became too rare.", file=sys.stderr)
    return 0


def _with_progress(samples: Iterator[Sample], wanted: int) -> Iterator[Sample]:
    """The samples; a search for one that takes longer than :data:`SILENCE` is told, once for each."""
    count, began, ended = 0, time.monotonic(), threading.Event()

    def watch() -> None:
        told = -1
        while not ended.wait(SILENCE / 8):
            if time.monotonic() - began > SILENCE and told != count:
                told = count
                print(f"charrnn: {count:,} of {wanted:,} names so far; searching. Ctrl-C stops.", file=sys.stderr)

    threading.Thread(target=watch, daemon=True).start()
    try:
        for sample in samples:
            began = math.inf  # whoever reads may take their time
            yield sample
            count, began = count + 1, time.monotonic()
    finally:
        ended.set()


def _print_line(model: Generator, name: str, distance: bool) -> None:
    """A name on a line, with the nearest training name behind tabs if it is wanted."""
    from charrnn.text import printable

    cells = [name, *map(str, model.nearest(name))] if distance else [name]
    print("\t".join(map(printable, cells)))


def _parse_labels(values: list[str] | None, labels: list[str]) -> Label:
    """The label, or the blend, of the values of ``--label``.

    Args:
        values: a label each, or a label, a colon and a weight.
        labels: of the model; a label may hold a colon itself.

    Raises:
        SettingsError: a weight is no number, or a label is named twice.
    """
    if values is None:
        return labels[0] if len(labels) == 1 else None
    if len(values) == 1 and (":" not in values[0] or values[0] in labels):
        return values[0]
    blend: dict[str, float] = {}
    for value in values:
        label, _, weight = (value, "", "1") if value in labels else value.rpartition(":")
        try:
            blend[label or value] = float(weight) if label else 1.0
        except ValueError as error:
            raise SettingsError(
                f"--label {value}: no number after the colon. Write a weight, as in Irish:0.6."
            ) from error
    if len(blend) < len(values):
        raise SettingsError(f"--label: {', '.join(values)} name a label twice. Name each once.")
    return blend
