"""From a request to names: rounds of draws, resampling, and stamps by which a name is drawn again."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import count, islice
from typing import Any, NamedTuple

import numpy as np

from charrnn.errors import SettingsError
from charrnn.inference.constraints import Constraints, Guide
from charrnn.inference.sampling import ROUND, Drawn, Reader, Sampling, draw_round

AS_LEARNED, NO_CONSTRAINTS = Sampling(), Constraints()


Label = str | Mapping[str, float] | None
"""A label, or weights of several to be blended; None where the model has one."""


@dataclass(frozen=True)
class Request:
    """What to draw; equal requests to one model give equal names.

    Attributes:
        label: one of the model's, or any, or a blend of several; None where there is one.
        seed: at least 0.
        sampling: how characters are chosen.
        constraints: what names look like.
        resample: draws for each name, of which one is taken.

    Raises:
        SettingsError: seed or resample is out of its range.
    """

    label: Label = None
    seed: int = 0
    sampling: Sampling = AS_LEARNED
    constraints: Constraints = NO_CONSTRAINTS
    resample: int = 1

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise SettingsError(f"seed {self.seed}: must be at least 0.")
        if not 1 <= self.resample <= ROUND:
            raise SettingsError(f"resample {self.resample}: must be from 1 to {ROUND:,}.")


class Made(NamedTuple):
    """A name that was drawn.

    Attributes:
        name: the name.
        log_probability: of it and its end, in nats, by the model itself: whatever temperature and constraints.
        attempt: which draw of its seed it was, from 0.
    """

    name: str
    log_probability: float
    attempt: int


def draw(reader: Reader, guide: Guide, request: Request, first_round: int = 0) -> Iterator[Made]:
    """Names without end.

    Args:
        reader: the model, under the request's label.
        guide: of the request's constraints.
        request: the rest of it.
        first_round: where to begin; each has :data:`charrnn.inference.sampling.ROUND` attempts.
    """
    for number in count(first_round):
        rng = np.random.default_rng([request.seed, *reader.labels, number])
        picks = np.random.default_rng([request.seed, *reader.labels, number, request.resample])
        drawn = enumerate(draw_round(reader, guide, request.sampling, rng), number * ROUND)
        while group := list(islice(drawn, request.resample)):
            attempt, one = _pick(group, picks)
            yield Made(reader.spell(one.symbols), one.log_probability, attempt)


def _pick(group: list[tuple[int, Drawn]], rng: np.random.Generator) -> tuple[int, Drawn]:
    """One of several draws, as often as the constraints let it by (importance resampling, Rubin 1987)."""
    if len(group) == 1:
        return group[0]
    weights = np.array([drawn.log_weight for _, drawn in group])
    p = np.exp(weights - weights.max())
    return group[rng.choice(len(group), p=p / p.sum())]


def stamp(model: str, request: Request, attempt: int) -> str:
    """A request and one of its attempts as one word.

    Args:
        model: SHA-256 of its weights.
        request: what was asked for.
        attempt: as :class:`Made` tells it.
    """
    told = {"model": model[:16], "attempt": attempt, **_beyond(asdict(Request()), asdict(request))}
    return base64.urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).decode().rstrip("=")


def read_stamp(model: str, word: str) -> tuple[Request, int]:
    """What :func:`stamp` wrote down.

    Raises:
        SettingsError: it is none, or another model's.
    """
    try:
        told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        owner, attempt = str(told.pop("model")), int(told.pop("attempt"))
        told["sampling"] = Sampling(**_like(AS_LEARNED, told.get("sampling", {})))
        told["constraints"] = Constraints(**_like(NO_CONSTRAINTS, told.get("constraints", {})))
        request = Request(**told)
        if attempt < 0 or not isinstance(request.seed, int) or not isinstance(request.label, str | dict | None):
            raise ValueError("not of these types")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError("stamp: this is none. Copy it whole, from a line of --format jsonl.") from error
    if owner != model[:16]:
        raise SettingsError(f"stamp: of the model {owner}, this one is {model[:16]}. Name that model with --model.")
    return request, attempt


def _beyond(default: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What differs from the default."""
    differs = {key: value for key, value in told.items() if value != default[key]}
    nested = [key for key in differs if isinstance(default[key], dict)]
    return differs | {key: _beyond(default[key], differs[key]) for key in nested}


def _like(default: Any, told: dict[str, Any]) -> dict[str, Any]:
    """The values, if they are of the types that the default's have."""
    for key, value in told.items():
        kind = int | None if key == "max_length" else type(getattr(default, key))
        if not isinstance(value, kind):
            raise TypeError(f"{key}: {value!r}")
    return told
