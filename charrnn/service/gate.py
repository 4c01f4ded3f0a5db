"""Who may come in: who has a token, and nobody while the server drains."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from charrnn.service.problems import Problem

OPEN = ("/healthz", "/readyz")
"""Paths that need no token."""
WATCHED = (*OPEN, "/metrics", "/gradio_api/queue/data")
"""Paths that are answered while the server drains; the last one brings the answers to what was accepted before."""


class Gate:
    """Refuses requests before their body is read.

    Args:
        app: what is behind the gate.
        tokens: who sends none of them is refused; without any, everybody may come in.
        is_draining: whether new requests are refused.
    """

    def __init__(self, app: ASGIApp, tokens: Sequence[bytes], is_draining: Callable[[], bool]) -> None:
        self.app, self.tokens, self.is_draining = app, tokens, is_draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request or pass it on."""
        if scope["type"] == "http" and (problem := self._objection(scope)) is not None:
            await problem.answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _objection(self, scope: Scope) -> Problem | None:
        path = scope["path"]
        if path in OPEN:
            return None
        if self.tokens and not self._has_token(scope):
            scheme = {"WWW-Authenticate": "Bearer"}
            return Problem("unauthorized", "send the header Authorization: Bearer TOKEN.", headers=scheme)
        if path not in WATCHED and self.is_draining():
            headers = {"Retry-After": "1", "Connection": "close"}
            return Problem("draining", "this server stops. Send the request again.", headers=headers)
        return None

    def _has_token(self, scope: Scope) -> bool:
        sent = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, token = sent.partition(b" ")
        # All tokens are compared, each in constant time, so that the time tells nothing.
        matches = [hmac.compare_digest(token.strip(), own) for own in self.tokens]
        return scheme.lower() == b"bearer" and any(matches)
