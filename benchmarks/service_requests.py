"""Requests as they go over the wire; all differ, so that no cache could answer them."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from typing import Any

from service_load import Answer, Connection, Exchange

import charrnn

CLASSIFY, GENERATE = "/api/classify", "/api/generate"
MANY = 1000
"""Names of a large request."""
NDJSON = "application/x-ndjson"


def post(path: str, body: bytes, accept: str = "*/*", content_type: str = "application/json") -> bytes:
    """A request with a body."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\nAccept: {accept}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path: str) -> bytes:
    """A request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


def sending(make: Callable[[], bytes]) -> Exchange:
    """An exchange that is one request."""
    return lambda connection: connection.ask(make())


class Requests:
    """Requests of each kind.

    Attributes:
        bodies: of requests with one name.
        batch: the thousand names of one of the large requests.
    """

    def __init__(self) -> None:
        self.draw = random.Random(0)
        self.names = sorted(set(charrnn.Corpus.read("names/surname").names))
        self.draw.shuffle(self.names)
        self.bodies = [_json({"names": [name]}).decode() for name in self.names]
        # Ready-made, because the generator shares the processors with the server.
        self._one = itertools.cycle([post(CLASSIFY, body.encode()) for body in self.bodies])
        batches = [self.draw.sample(self.names, MANY) for _ in range(100)]
        self._many = itertools.cycle([post(CLASSIFY, _json({"names": batch})) for batch in batches])
        self.batch = batches[0]

    def one(self) -> bytes:
        """One name to be classified."""
        return next(self._one)

    def many(self) -> bytes:
        """A thousand names to be classified."""
        return next(self._many)

    def ten(self) -> bytes:
        """Ten names to be invented."""
        return post(GENERATE, self._generate(10))

    def stream(self) -> bytes:
        """A thousand names to be invented, each sent as soon as it is drawn."""
        return post(GENERATE, self._generate(MANY), NDJSON)

    def explain(self) -> bytes:
        """One name to be explained."""
        return post("/api/explain", _json({"name": self.draw.choice(self.names)}))

    def invalid(self) -> bytes:
        """What must be refused."""
        return self.draw.choice(
            [
                post(CLASSIFY, b'{"names": ["Satoshi"'),
                post(CLASSIFY, b'{"names": [' + b'"a",' * MANY + b'"a"]}'),
                post(CLASSIFY, b'{"names": ["\\ud800"]}'),
                post(CLASSIFY, _json({"names": [self.draw.choice(self.names)], "no_such_field": 1})),
                post(CLASSIFY, b'"' + b"a" * 2**20 + b'"'),
                post(CLASSIFY, b"names=Satoshi", content_type="application/x-www-form-urlencoded"),
                post(GENERATE, b'{"label": "Klingon"}'),
                post(GENERATE, b'{"label": "Italian", "pattern": "("}'),
                post(GENERATE, b'{"label": "Italian", "n": 1000000}'),
                post("/api/repeat", b'{"stamp": "none"}'),
                post("/api/nothing", b"{}"),
                get(CLASSIFY),
            ]
        )

    async def through_gradio(self, connection: Connection) -> Answer:
        """One name through Gradio's own endpoint: the event goes to its queue, then its stream is read."""
        name = self.draw.choice(self.names)
        queued = await connection.ask(post("/gradio_api/call/classify", _json({"data": [name, 5]})))
        if queued.status != 200:
            return queued
        answer = await connection.ask(get(f"/gradio_api/call/classify/{json.loads(queued.body)['event_id']}"))
        # A failed event is answered with status 200.
        return answer if b"event: complete" in answer.body else answer._replace(status=500)

    def _generate(self, n: int) -> bytes:
        return _json({"label": "Italian", "n": n, "seed": self.draw.randrange(2**31)})


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
