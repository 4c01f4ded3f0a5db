"""Errors over HTTP: problem details (RFC 9457), whose ``detail`` is the line that the command line prints."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Collection, Mapping

import orjson
from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from charrnn.errors import CharRNNError, ImpossibleConstraint, InputError, SettingsError, UnknownLabelError

MEDIA_TYPE = "application/problem+json"
KINDS: dict[str, tuple[int, str]] = {
    "malformed": (400, "The body is no JSON object"),
    "unauthorized": (401, "A token is needed"),
    "not-found": (404, "There is nothing here"),
    "no-model": (404, "No model for this task is served"),
    "method-not-allowed": (405, "The method does not fit the path"),
    "slow-body": (408, "The body did not arrive in time"),
    "too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body must be JSON"),
    "invalid": (422, "A value cannot be used"),
    "unknown-label": (422, "The model does not know the label"),
    "impossible-constraint": (422, "No name can meet the constraints"),
    "busy": (429, "Too many requests are waiting"),
    "internal": (500, "An error of the server"),
    "draining": (503, "The server is about to stop"),
    "too-long": (504, "Computing took too long"),
}
"""Status and title of each kind; the kind is the end of ``type``."""
UNKNOWN_FIELD = "is no field of this request"
WORDS = {"missing": "is missing", "extra_forbidden": UNKNOWN_FIELD}
"""What pydantic says otherwise, by the type of its errors."""
LONGEST = 500
"""Characters of a detail at most: what was sent is not sent back whole."""
NOTED = "charrnn.problem"
"""Key of an ASGI scope: the kind of the problem that the request was answered with."""
TYPE = "urn:charrnn:problem:"


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """An error that is answered as problem details.

    Args:
        kind: key of :data:`KINDS`.
        detail: one line: what, where, and the next move.
        field: of the request that is at fault.
        headers: of the response.
    """

    def __init__(
        self, kind: str, detail: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.field, self.headers = kind, detail, field, dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.kind][0]

    def response(self) -> Response:
        """The response that tells of it."""
        status, title = KINDS[self.kind]
        content = {"type": TYPE + self.kind, "title": title, "status": status, "detail": _cut(self.detail)}
        if self.field is not None:
            content["field"] = _cut(self.field)
        return Response(orjson.dumps(content), status, self.headers, MEDIA_TYPE)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, and note its kind in the scope."""
        scope[NOTED] = self.kind
        await self.response()(scope, receive, send)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def busy(detail: str) -> Problem:
    """The refusal of a request that finds the waiting line full, or waited too long."""
    return Problem("busy", detail, headers={"Retry-After": "1"})


def from_error(error: CharRNNError, fields: Collection[str]) -> Problem | None:
    """The problem that an error of charrnn is to the client; None if it is the server's own.

    Args:
        error: whose message begins with the setting at fault, as all messages about settings do.
        fields: that the request sets.
    """
    if not isinstance(error, SettingsError | InputError):
        return None
    kind = "invalid"
    word = _first_word(str(error))
    if word == "novel" and word not in fields:
        word = "nearest"  # both need the list of training names
    field = word if word in fields else None
    if isinstance(error, UnknownLabelError):
        kind, field = "unknown-label", word if word in fields else "blend" if "blend" in fields else "label"
    elif isinstance(error, InputError):
        field = "name"
    elif isinstance(error, ImpossibleConstraint):
        kind = "impossible-constraint"
    return Problem(kind, str(error), field)


def from_validation(error: ValidationError) -> Problem:
    """The problem that the first fault of a request is."""
    faults = error.errors(include_url=False)
    # A union has a fault for each of its branches; the one that lies deepest is of the branch that was meant.
    fault = max((other for other in faults if other["loc"][:1] == faults[0]["loc"][:1]), key=lambda f: len(f["loc"]))
    field = ".".join(str(part) for part in fault["loc"] if not _is_branch(part))
    what = WORDS.get(fault["type"]) or fault["msg"].removeprefix("Value error, ").replace("Input should", "must")
    what = what.replace(" should ", " must ")
    value = "" if fault["type"] in (*WORDS, "value_error") else f" {_shown(fault['input'])}"
    told = f"{field}{value}: {what}" if field else what
    detail = "".join(c if c.isprintable() else " " for c in told)
    return Problem("invalid", detail.rstrip(".") + ".", field or _first_word(what))


def _first_word(message: str) -> str | None:
    """The setting with which a message begins."""
    word = re.match(r"(\w+)[ :,]", message)
    return word[1] if word else None


def _is_branch(part: object) -> bool:
    """Whether a part of a location names a branch of a union, which the client does not know."""
    return isinstance(part, str) and bool(re.fullmatch(r"(dict|literal|list|str|float|int|bool|none)\b.*", part))


def _shown(value: object) -> str:
    shortened = reprlib.Repr()
    shortened.maxlevel, shortened.maxstring, shortened.maxlong, shortened.maxother = 2, 60, 40, 40
    return shortened.repr(value)
