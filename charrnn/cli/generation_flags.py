"""The flags of ``charrnn generate``, and what they ask for."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from charrnn.cli.flags import add_model_flag
from charrnn.errors import SettingsError

if TYPE_CHECKING:
    from charrnn.generation.constraints import Constraints
    from charrnn.generation.full_request import FullRequest
    from charrnn.generation.request import Label, Request

TEXTS = {
    "prefix": "how they begin",
    "suffix": "how they end",
    "contains": "what occurs in them",
    "pattern": "a regular expression that matches the whole name",
    "characters": "the only characters that occur",
}
"""Constraints that are texts, and their help."""
OF_SURNAMES = "--surname-"
"""The beginning of the flags that constrain the surnames of full names."""


def add_flags(command: argparse.ArgumentParser) -> None:
    """Add them to the parser of the command."""
    add_model_flag(command, "names/generator")
    command.add_argument(
        "--label",
        action="append",
        metavar="L",
        help="* for any; may be left out where the model has one; several are blended, with weights as in Irish:0.6",
    )
    command.add_argument(
        "--kind", metavar="K", help="of the names, such as surname, female or male; full for full names; any by default"
    )
    command.add_argument(
        "--gender", choices=["any", "female", "male"], help="of full names. Default: any, drawn for each name."
    )
    command.add_argument("-n", type=int, default=10, metavar="N", help="number of names. Default: 10.")
    command.add_argument(
        "--seed", type=int, metavar="S", help="the same seed gives the same names. Default: a random one."
    )
    command.add_argument(
        "--temperature",
        type=float,
        metavar="T",
        help="0 always takes the most probable character, 1 follows the model, above 1 is wilder. Default: 0.8; of "
        "full names 0.5.",
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
    _add_constraints(constraints, "--")
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
        "--novel",
        action="store_true",
        help="only names whose letters are those of no training name, none twice; of full names, each part is new",
    )
    surnames = command.add_argument_group("constraints on the surnames of full names; those above hold for given names")
    _add_constraints(surnames, OF_SURNAMES)
    command.add_argument(
        "--distance", action="store_true", help="show the nearest training name and how many edits away it is"
    )
    command.add_argument("--stamp", metavar="S", help="draw the name again that has this stamp in --format jsonl")
    command.add_argument("--format", choices=["lines", "jsonl"], default="lines")


def _add_constraints(group: argparse._ArgumentGroup, beginning: str) -> None:
    """Add the flags that constrain names, whose beginning tells which names."""
    for name, told in TEXTS.items():
        group.add_argument(f"{beginning}{name}", default="", metavar=name[0].upper(), help=told)
    group.add_argument(f"{beginning}min-length", type=int, default=1, metavar="N", help="fewest characters")
    group.add_argument(
        f"{beginning}max-length", type=int, metavar="N", help="most characters. Default: as in the training names."
    )


def wanted(flags: argparse.Namespace, given: Collection[str], labels: list[str]) -> Request | FullRequest:
    """What the flags ask for.

    Args:
        flags: of the command.
        given: which of them were set.
        labels: of the model.

    Raises:
        SettingsError: a value is out of its range, or flags do not fit together.
    """
    from charrnn.generation.full_request import ANY_GENDER, FULL, FullRequest, usual_temperature
    from charrnn.generation.request import Request, usual_resample
    from charrnn.generation.sampling import Sampling

    label = parse_labels(flags.label, labels)
    seed = secrets.randbelow(2**32) if flags.seed is None else flags.seed
    temperature = usual_temperature(flags.kind) if flags.temperature is None else flags.temperature
    sampling = Sampling(temperature, flags.top_k, flags.top_p)
    constraints = _constraints(flags, any_case=flags.any_case, ascii=flags.ascii)
    if flags.kind != FULL:
        if others := sorted(flag for flag in given if flag == "--gender" or flag.startswith(OF_SURNAMES)):
            raise SettingsError(f"{', '.join(others)}: for full names. Add --kind {FULL}.")
        resample = usual_resample(constraints) if flags.resample is None else flags.resample
        return Request(label, seed, sampling, constraints, resample, flags.kind)
    if flags.distance:
        raise SettingsError("--distance: is for single names, not for full ones. Leave it out.")
    try:
        surname = _constraints(flags, "surname_")
    except SettingsError as error:
        raise SettingsError(f"surname: {error}") from error
    return FullRequest(label, seed, sampling, constraints, surname, flags.resample, flags.gender or ANY_GENDER)


def _constraints(flags: argparse.Namespace, beginning: str = "", **more: Any) -> Constraints:
    """The constraints of the flags whose names have this beginning, and more of them by name."""
    from charrnn.generation.constraints import Constraints

    names = (*TEXTS, "min_length", "max_length")
    return Constraints(**{name: getattr(flags, f"{beginning}{name}") for name in names}, **more)


def parse_labels(values: list[str] | None, labels: list[str]) -> Label:
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
