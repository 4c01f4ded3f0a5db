"""Stamps: one word that holds everything needed to draw a name again."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from charrnn.arguments import choice, integer
from charrnn.errors import SettingsError
from charrnn.generation.constraints import Constraints
from charrnn.generation.full_request import FullRequest
from charrnn.generation.request import Request
from charrnn.generation.sampling import Sampling
from charrnn.name_forms import GENDERS, NameForms

OMITTED = Request(sampling=Sampling(temperature=1.0), constraints=Constraints(any_case=True), looks_ahead=False)
"""The values that a stamp leaves out; they never change, so that old stamps bring their names again."""
OMITTED_FULL = FullRequest(
    sampling=OMITTED.sampling, given=OMITTED.constraints, surname=OMITTED.constraints, looks_ahead=False
)
"""Likewise for full names."""
MODEL_DIGITS = 16
"""Digits of the weights' SHA-256 that a stamp holds."""
MAX_ATTEMPT = 2**63 - 1


class FullStamp(NamedTuple):
    """What the stamp of a full name holds.

    Attributes:
        request: for full names of its gender.
        forms: how it was put together; so the stamp does not depend on what the config says of the label.
        attempts: which draw each part was, in order.
    """

    request: FullRequest
    forms: NameForms
    attempts: tuple[int, ...]


def make_stamp(weights_sha256: str, request: Request, attempt: int) -> str:
    """A request and one of its attempts as URL-safe base64 of JSON, without values of :data:`OMITTED`.

    Args:
        weights_sha256: of the model.
        request: what was asked for.
        attempt: which draw, as :class:`charrnn.generation.request.Sample` has it.
    """
    if not request.constraints.shapes:
        request = replace(request, looks_ahead=False)  # there is nothing to look ahead to
    content = {"attempt": attempt, **_differing(asdict(OMITTED), asdict(request))}
    return _written(weights_sha256, content)


def make_full_stamp(weights_sha256: str, full: FullStamp) -> str:
    """The stamp of a full name, as :func:`make_stamp` makes that of a name."""
    request = _differing(asdict(OMITTED_FULL), asdict(full.request))
    content = {"attempts": full.attempts, "forms": full.forms.as_record(), **request}
    return _written(weights_sha256, content)


def read_stamp(weights_sha256: str, stamp: str) -> tuple[Request, int] | FullStamp:
    """The request and the attempt of a stamp, or what that of a full name holds.

    Raises:
        SettingsError: it is no stamp, or another model's.
    """
    try:
        content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(stamp + "=" * (-len(stamp) % 4)))
        model = str(content.pop("model"))
        read = _read_full(content) if "attempts" in content else _read(content)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, SettingsError) as error:
        raise SettingsError("stamp: not a stamp of charrnn. Copy it whole, as it was given.") from error
    own = weights_sha256[:MODEL_DIGITS]
    if model != own:
        raise SettingsError(f"stamp: of the model {model}, this one is {own}. Name that model with --model.")
    return read


def _written(weights_sha256: str, content: dict[str, Any]) -> str:
    content = {"model": weights_sha256[:MODEL_DIGITS], **content}
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")


def _read(content: dict[str, Any]) -> tuple[Request, int]:
    attempt = _attempt(content.pop("attempt"))
    parts = {"sampling": Sampling, "constraints": Constraints}
    return Request(**_completed(asdict(OMITTED), content, parts)), attempt


def _read_full(content: dict[str, Any]) -> FullStamp:
    forms = NameForms.read(content.pop("forms"))
    attempts = tuple(map(_attempt, content.pop("attempts")))
    parts = {"sampling": Sampling, "given": Constraints, "surname": Constraints}
    request = FullRequest(**_completed(asdict(OMITTED_FULL), content, parts))
    choice("gender", request.gender, GENDERS)
    if len(attempts) != len(forms.parts):
        raise ValueError("there is not one attempt for each part")
    return FullStamp(request, forms, attempts)


def _attempt(value: Any) -> int:
    return integer("attempt", value, "from 0 to 2^63 - 1", 0, MAX_ATTEMPT)


def _completed(omitted: dict[str, Any], content: dict[str, Any], parts: dict[str, type]) -> dict[str, Any]:
    """The content with what was left out, its parts as objects."""
    return omitted | content | {key: kind(**omitted[key] | content.get(key, {})) for key, kind in parts.items()}


def _differing(default: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The values that differ from the default."""
    differs = {key: value for key, value in values.items() if value != default[key]}
    nested = [key for key in differs if isinstance(default[key], dict)]
    return differs | {key: _differing(default[key], differs[key]) for key in nested}
