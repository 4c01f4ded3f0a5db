"""What can be seen of the service from outside: metrics, the access log, request ids. None of it holds a name."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
import sys
import time
import traceback
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import orjson
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from charrnn.service.computing import ClientGoneError
from charrnn.service.problems import NOTED, Problem

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which processes add up their metrics; the Prometheus client reads it, too."""
REQUEST_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
UNREAD_SECONDS = 30.0
"""A stream whose client has not read for so long is given up."""
GONE = 499
"""Status in log and metrics of a request whose client went away; nginx writes the same."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
ROUTE = "charrnn.route"
"""Key of an ASGI scope: the route, where it is not FastAPI that chose it."""
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    # The Hub shows Spaces in a frame.
    (b"content-security-policy", b"frame-ancestors 'self' https://huggingface.co https://*.hf.space"),
]
log = logging.getLogger("charrnn.service")
disable_created_metrics()  # type: ignore[no-untyped-call]


class JsonLines(logging.Formatter):
    """Log records as a line of JSON each, with the fields of ``extra={"fields": …}``."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {"time": timestamp(record.created), "level": record.levelname.lower(), "message": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0]:
            # Without the message of the exception, which may hold a name.
            frames = traceback.format_tb(record.exc_info[2])
            line["traceback"] = "".join(frames) + record.exc_info[0].__qualname__
        return orjson.dumps(line).decode()


def timestamp(seconds: float) -> str:
    """A time as ISO 8601 writes it, in UTC and milliseconds."""
    return f"{_second(int(seconds))}.{int(seconds % 1 * 1000):03}Z"


@lru_cache(4)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def log_to_stderr() -> None:
    """Send the log of the service, and that of uvicorn from warnings on, to standard error as lines of JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name, level in (("charrnn.service", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


class Metrics:
    """The metrics of one process, or its share of those of several (see :data:`MULTIPROCESS`)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own: Mapping[str, Any] = {"registry": self.registry}
        self.requests = Counter("charrnn_requests", "Requests by route and status.", ["route", "status"], **own)
        self.seconds = Histogram(
            "charrnn_request_seconds", "Time from the head of a request to its end.", ["route"], buckets=BUCKETS, **own
        )
        self.names = Counter("charrnn_names", "Names classified or generated.", ["route"], **own)
        self.refusals = Counter("charrnn_refusals", "Requests answered with a problem, by its kind.", ["reason"], **own)
        live: Mapping[str, Any] = {"multiprocess_mode": "livesum", **own}
        self.computing = Gauge("charrnn_computing", "Requests that compute in a thread.", **live)
        self.waiting = Gauge("charrnn_waiting", "Requests that wait for their turn.", **live)
        self.model = Gauge(
            "charrnn_model",
            "1 for the models that are served, by the SHA-256 of their weights.",
            ["task", "sha256"],
            multiprocess_mode="livemostrecent",
            **own,
        )
        if MULTIPROCESS not in os.environ:
            ProcessCollector(registry=self.registry)

        # To find a series by its labels takes as long as to count.
        self._series = cache(lambda route, status: (self.requests.labels(route, status), self.seconds.labels(route)))

    def note_request(self, route: str, status: int, seconds: float, problem: str | None) -> None:
        """Count a request that has ended, by route, status and the kind of its problem."""
        requests, durations = self._series(route, status)
        requests.inc()
        durations.observe(seconds)
        if problem is not None:
            self.refusals.labels(problem).inc()

    def show_load(self, computing: int, waiting: int) -> None:
        """Note how many requests compute and wait."""
        self.computing.set(computing)
        self.waiting.set(waiting)

    def show_models(self, hashes: Mapping[str, str], former: Mapping[str, str]) -> None:
        """Put the models that are served in the place of the former ones."""
        for task, sha256 in former.items():
            self.model.labels(task, sha256).set(0)
        for task, sha256 in hashes.items():
            self.model.labels(task, sha256).set(1)

    def exposition(self) -> bytes:
        """All metrics in Prometheus's text format, added up over the processes."""
        if MULTIPROCESS not in os.environ:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


class Observation:
    """Gives each request an id, counts and logs it, adds security headers, and answers what the application failed to.

    Args:
        app: what is observed.
        metrics: where requests are counted.

    Attributes:
        in_flight: requests that have begun and not ended. Gradio's heartbeats, which never end, do not count.
        answered_at: when the last POST that was not refused for draining ended; of :func:`time.monotonic`.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics
        self.in_flight = 0
        self.answered_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see the class."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        request_id = sent if sent and REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
        headers = [*HEADERS, (b"x-request-id", request_id.encode())]
        status, is_whole = 0, False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, is_whole
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], *headers]}
            if not message.get("more_body"):
                is_whole = is_whole or message["type"] == "http.response.body"
                await send(message)
                return
            try:
                async with asyncio.timeout(UNREAD_SECONDS):
                    await send(message)
            except TimeoutError:
                raise ClientGoneError from None

        counts = 0 if "/heartbeat/" in scope["path"] else 1
        self.in_flight += counts
        try:
            await self.app(scope, receive, send_with_headers)
        except ClientGoneError:
            pass  # what is not whole is noted as gone
        except Exception as error:
            log.error("internal error", exc_info=error, extra={"fields": {"id": request_id}})
            if not status:
                detail = f"the server's log has it under the id {request_id}. Tell its operator."
                await Problem("internal", detail).answer(scope, receive, send_with_headers)
        finally:
            self.in_flight -= counts
            if scope["method"] == "POST" and scope.get(NOTED) != "draining":
                self.answered_at = time.monotonic()
            self._note(scope, status if is_whole else GONE, time.perf_counter() - began, request_id)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        # A path may hold names, so that of an unknown route is not told.
        route: str = scope.get(ROUTE) or str(getattr(scope.get("route"), "path", "other"))
        kind = scope.get(NOTED)
        self.metrics.note_request(route, status, seconds, kind)
        line: dict[str, Any] = {"time": timestamp(time.time()), "level": "info", "message": "request"}
        line |= {
            "id": request_id,
            "method": scope["method"],
            "route": route,
            "status": status,
            "ms": round(1000 * seconds, 2),
        }
        if kind is not None:
            line["problem"] = kind
        # Python's logging would take a tenth of the time of a small request.
        sys.stderr.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE).decode())
