"""``charrnn generate``: invent names."""

from __future__ import annotations

import argparse
import json
import math
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from charrnn.cli.flags import load_generator
from charrnn.cli.generation_flags import add_flags, wanted
from charrnn.errors import SettingsError

SILENCE = 2.0
"""Seconds without a name after which progress is told."""

if TYPE_CHECKING:
    from charrnn.generation import FullRequest
    from charrnn.generation.request import Request, Sample
    from charrnn.inference import FullName, Generator

Drawn = TypeVar("Drawn")


def add_command(commands: Any) -> None:
    """Add the command to the subparsers."""
    command = commands.add_parser("generate", help="invent names")
    add_flags(command)
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
    from charrnn.generation import FullRequest
    from charrnn.inference import FullName

    model = load_generator(flags.model)
    if flags.stamp is not None:
        if others := sorted({*given} - {"--stamp", "--model", "--distance"}):
            raise SettingsError(f"--stamp: holds all that a name depends on. Leave {', '.join(others)} out.")
        again = model.repeat(flags.stamp)
        if flags.distance and isinstance(again, FullName):
            raise SettingsError("--distance: is for single names, and this stamp is of a full one. Leave it out.")
        _print_line(model, again.name, flags.distance)
        return 0
    if flags.distance:
        _ = model.training_names  # an error comes before the first name is printed
    request = wanted(flags, given, model.labels)
    samples: Iterator[Sample | FullName]
    if isinstance(request, FullRequest):
        samples = model.stream_full(request, flags.n, flags.novel)
    else:
        samples = model.stream(request, flags.n, flags.novel)
    count = 0
    told: Iterator[Sample | FullName] = _with_progress(samples, flags.n)
    for index, sample in enumerate(told):
        count += 1
        if flags.format == "lines":
            _print_line(model, sample.name, flags.distance)
        else:
            _print_record(model, request, sample, index, flags.distance)
    if count < flags.n:
        print(f"charrnn: {count:,} names instead of {flags.n:,}: new ones became too rare.", file=sys.stderr)
    return 0


def _print_record(
    model: Generator, request: Request | FullRequest, sample: Sample | FullName, index: int, distance: bool
) -> None:
    """A name and what repeats it as a line of JSON."""
    from charrnn.generation import FullRequest
    from charrnn.generation.full_request import FULL
    from charrnn.generation.request import Sample
    from charrnn.inference import FullName
    from charrnn.text import printable_json

    record: dict[str, Any] = {"name": sample.name}
    if isinstance(sample, FullName):
        record |= {"parts": [part._asdict() for part in sample.parts], "gender": sample.gender}
    record |= {"label": request.label, "kind": FULL if isinstance(request, FullRequest) else request.kind}
    record |= {"seed": request.seed, "index": index}
    record |= {"attempt": sample.attempt} if isinstance(sample, Sample) else {}
    record["log_probability"] = round(sample.log_probability, 4)
    record |= {"resample": request.resample, "stamp": model.stamp(request, sample)}
    if distance:
        record["nearest"], record["distance"] = model.nearest(sample.name)
    print(printable_json(json.dumps(record, ensure_ascii=False)))


def _with_progress(samples: Iterator[Drawn], wanted: int) -> Iterator[Drawn]:
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
