"""Stamps: one word that holds everything needed to draw a name again."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import Any

from charrnn.arguments import integer
from charrnn.errors import SettingsError
from charrnn.generation.constraints import Constraints
from charrnn.generation.request import Request
from charrnn.generation.sampling import Sampling

OMITTED = Request(sampling=Sampling(temperature=1.0), constraints=Constraints(any_case=True))
"""The values that a stamp leaves out; they never change, so that old stamps bring their names again."""
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
        for part, kind in (("sampling", Sampling), ("constraints", Constraints)):
            content[part] = kind(**asdict(getattr(OMITTED, part)) | content.get(part, {}))
        request, attempt = Request(**content), integer("attempt", attempt, "from 0 to 2^63 - 1", 0, 2**63 - 1)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, SettingsError) as error:
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
