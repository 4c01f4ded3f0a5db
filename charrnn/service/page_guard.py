"""What Gradio is asked: the doors that the page needs, in small bodies; its own errors as problem details."""

from __future__ import annotations

import json
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from charrnn.service.limits import BODY
from charrnn.service.observation import ROUTE, log
from charrnn.service.problems import Problem

FILES = ("/assets/", "/static/", "/svelte/")
QUEUE = ("info", "app_id", "startup-events", "queue/join", "queue/data", "reset", "cancel")
PATHS = {
    "/",
    "/preview.png",
    "/config",
    "/theme.css",
    "/favicon.ico",
    "/manifest.json",
    "/robots.txt",
    "/gradio_api/theme.css",
}
PATHS |= {f"/gradio_api/{name}" for name in QUEUE}
CALLS = re.compile(
    r"/gradio_api/(heartbeat/[\w-]{1,64}|call/((v2/)?(classify|generate)|(classify|generate)/\w{1,64}))",
    re.ASCII,
)
"""Doors of Gradio that the page needs. The others take files from anybody, fetch from other hosts, write to the disk,
or go past the queue."""
BODY_BYTES = 32_768
"""Of a request of the page: Gradio keeps parts of it for each session."""


class PageGuard:
    """Lets only requests of the page through to Gradio.

    Args:
        app: Gradio's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404, 413 or 422, or pass the request on."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            return
        if not is_of_page(scope["path"]):
            problem = Problem("not-found", "there is no such path. /docs lists those of the API.")
            await problem.answer(scope, receive, send)
            return
        scope[ROUTE] = "page"
        if len(scope.get(BODY, b"")) > BODY_BYTES:
            problem = Problem("too-large", f"a body of the page may have {BODY_BYTES:,} bytes. Send fewer characters.")
            await problem.answer(scope, receive, send)
            return
        if not is_plain(scope.get(BODY, b"")):
            problem = Problem("invalid", "the page sends texts and numbers alone. Use the API, see /docs.")
            await problem.answer(scope, receive, send)
            return
        has_failed = False

        async def send_unless_failed(message: Message) -> None:
            nonlocal has_failed
            has_failed = has_failed or (message["type"] == "http.response.start" and message["status"] == 500)
            if not has_failed:
                await send(message)

        try:
            await self.app(scope, receive, send_unless_failed)
        except Exception as error:
            if not has_failed:
                raise
            # Its message may hold what was sent.
            log.warning("page refused", extra={"fields": {"kind": type(error).__name__}})
        if has_failed:
            # An error of our own functions is an event of Gradio's; this is a request that Gradio does not expect.
            problem = Problem("invalid", "the page sends no such request. Use the API, see /docs.")
            await problem.answer(scope, receive, send)


def is_of_page(path: str) -> bool:
    """Whether a path is one of those that the page needs."""
    if path.startswith(FILES):
        return ".." not in path
    return path in PATHS or CALLS.fullmatch(path) is not None


def is_plain(body: bytes) -> bool:
    """Whether a body is empty, or a JSON object without objects inside, but for a flat one that tells of an event.

    Gradio takes some objects for files, which it would read from any path or fetch from any address.
    """
    if not body:
        return True
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(values, dict):
        return False
    event = values.pop("event_data", None)
    inside = list(event.values()) if isinstance(event, dict) else [event]
    return not any(map(_holds_object, [*values.values(), *inside]))


def _holds_object(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_object, value)))
