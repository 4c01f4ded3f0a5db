"""Stamps: one word that holds everything needed to draw a name again."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import Any

from charrnn.errors import SettingsError
from charrnn.generation.constraints import Constraints
from charrnn.generation.request import NO_CONSTRAINTS, Request
from charrnn.generation.sampling import Sampling

OMITTED = Request(sampling=Sampling(temperature=1.0))
"""The values that a stamp leaves out; they never change, so that old stamps bring their names again."""
MAX_WEIGHT = 1e300
"""Weight of a label in a stamp at most; a larger whole number cannot become a float."""
MODEL_DIGITS = 16
"""Digits of the weights' SHA-256 that a stamp holds."""


def make_stamp(weights_sha256: str, request: Request, attempt: int) -> str:
    """A request and one of its attempts as URL-safe base64 of JSON, without values of :data:`OMITTED`.

    Args:
        weights_sha256: of the model.
        request: what was asked for.
        attempt: which draw, as :class:`charrnn.generation.request.Sample` has it.
    """
    differing = _differing(asdict(OMITTED), asdict(request))
    content = {"model": weights_sha256[:MODEL_DIGITS], "attempt": attempt, **differing}
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")


def read_stamp(weights_sha256: str, stamp: str) -> tuple[Request, int]:
    """The request and the attempt of a stamp.

    Raises:
        SettingsError: it is no stamp, or another model's.
    """
    try:
        content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(stamp + "=" * (-len(stamp) % 4)))
        model, attempt = str(content.pop("model")), content.pop("attempt")
        content["sampling"] = Sampling(
            **asdict(OMITTED.sampling) | _typed(OMITTED.sampling, content.get("sampling", {}))
        )
        content["constraints"] = Constraints(**_typed(NO_CONSTRAINTS, content.get("constraints", {})))
        request = Request(**content)
        whole = all(type(number) is int for number in (attempt, request.seed, request.resample))
        weights = request.label.values() if isinstance(request.label, dict) else ()
        fits = isinstance(request.label, str | dict | None) and all(type(w) in (int, float) for w in weights)
        if not whole or not fits or attempt < 0 or any(abs(weight) > MAX_WEIGHT for weight in weights):
            raise ValueError("a value of another type")
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise SettingsError("stamp: not a stamp of charrnn. Copy it whole, as it was given.") from error
    own = weights_sha256[:MODEL_DIGITS]
    if model != own:
        raise SettingsError(f"stamp: of the model {model}, this one is {own}. Name that model with --model.")
    return request, attempt


def _differing(default: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The values that differ from the default."""
    differs = {key: value for key, value in values.items() if value != default[key]}
    nested = [key for key in differs if isinstance(default[key], dict)]
    return differs | {key: _differing(default[key], differs[key]) for key in nested}


def _typed(default: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The values, checked to have the types of the default's attributes."""
    for key, value in values.items():
        kind = int | None if key == "max_length" else type(getattr(default, key))
        if not isinstance(value, kind):
            raise TypeError(f"{key}: {value!r}")
    return values
