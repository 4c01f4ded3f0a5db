"""Load for servers on this machine, in closed and open loops.

The generator shares the processors with the server, so it is a bare protocol on asyncio, and an open loop tells where
not the server but the generator was the limit.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

PATIENCE = 30.0
"""Seconds for which the last answers of a load are waited for."""
CONNECTIONS = 512
"""Connections that an open loop has open at most; what finds none is not sent."""
LATE = 0.05
"""A generator that sends its requests so many seconds late, or takes 0.9 of a processor, is itself the limit."""
OK, BUSY = 200, 429
Clock = time.perf_counter


class Answer(NamedTuple):
    """What came back: the status, the body, when its first byte came, and how long a refused client shall wait."""

    status: int
    body: bytes
    first: float
    retry_after: float


class Connection(asyncio.Protocol):
    """A connection that is kept alive, and carries one request at a time."""

    def __init__(self) -> None:
        self.is_open = False
        self._transport: Any = None
        self._answer: asyncio.Future[Answer] | None = None
        self._begin()

    @classmethod
    async def to(cls, port: int) -> Connection:
        """Connect to a server on this machine."""
        return (await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port))[1]

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send a request; the answer to come fails with ConnectionError where the connection ends before it does."""
        self._answer = asyncio.get_running_loop().create_future()
        if self.is_open:
            self._transport.write(request)
        else:
            self._answer.set_exception(ConnectionError("closed"))
        return self._answer

    def close(self) -> None:
        """Hang up, whatever is still to come."""
        self.is_open = False
        if self._answer is not None:
            self._answer.cancel()
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport, self.is_open = transport, True

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio. An answer without a length ends with its connection."""
        self.is_open = False
        if self._status and self._length is None and not self._chunked:
            self._finish()
        elif self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._buffer += data
        if not self._status and not self._read_head():
            return
        if not self._first and self._buffer:
            self._first = Clock()
        # JSON and events hold no carriage return, so only the last chunk looks like this.
        if self._chunked:
            if self._buffer.endswith(b"\r\n0\r\n\r\n") or self._buffer == b"0\r\n\r\n":
                self._finish()
        elif self._length is not None and len(self._buffer) >= self._length:
            self._finish()

    def _begin(self) -> None:
        self._buffer, self._status, self._first, self._retry_after = bytearray(), 0, 0.0, 0.0
        self._length: int | None = None
        self._chunked = self._is_last = False

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._buffer[: end + 2]).lower()
        del self._buffer[: end + 4]
        self._status = int(head[9:12])
        self._chunked = b"\r\ntransfer-encoding: chunked" in head
        if (length := _header(head, b"content-length")) is not None:
            self._length = int(length)
        self._is_last = _header(head, b"connection") == b"close"
        self._retry_after = float(_header(head, b"retry-after") or 0)
        return True

    def _finish(self) -> None:
        self.is_open = self.is_open and not self._is_last
        answer = Answer(self._status, bytes(self._buffer), self._first or Clock(), self._retry_after)
        self._begin()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)


def _header(head: bytes, name: bytes) -> bytes | None:
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest[: rest.index(b"\r\n")].strip() if found else None


def from_idle(idle: list[Connection]) -> Connection | None:
    """Take a connection that the server has not closed meanwhile; None if there is none."""
    while idle:
        if (connection := idle.pop()).is_open:
            return connection
    return None


Exchange = Callable[[Connection], Awaitable[Answer]]


@dataclass
class Tally:
    """What came of a load.

    Attributes:
        statuses: how many answers have which.
        latencies: seconds of accepted answers, from the moment in which the request was due.
        failed: requests without an answer.
        not_sent: requests that found no connection free.
        seconds: from the first request to the last answer.
        busy: share of a processor that the generator took.
        lateness: seconds by which requests of an open loop were sent late.
        drain: seconds from the end of an open loop to the last answer.
        after: what was awaited at the end of an open loop.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    not_sent: int = 0
    seconds: float = 0.0
    busy: float = 0.0
    lateness: list[float] = field(default_factory=list)
    drain: float = 0.0
    after: Any = None

    def add(self, answer: Answer, seconds: float) -> None:
        """Count an answer."""
        self.statuses[answer.status] += 1
        if answer.status == OK:
            self.latencies.append(seconds)

    @property
    def sent(self) -> int:
        """Requests that were sent."""
        return self.statuses.total() + self.failed

    @property
    def lost(self) -> float:
        """The share of requests that were not answered with 200, or could not even be sent."""
        due = self.sent + self.not_sent
        return 1 - self.statuses[OK] / due if due else 1.0

    @property
    def is_limit(self) -> bool:
        """Whether the generator could not keep up, so that the server was not asked for all."""
        return self.busy > 0.9 or percentile(self.lateness, 95) > LATE

    def figures(self) -> dict[str, float]:
        """The figures in one row."""
        return {
            "per second": round(self.statuses[OK] / self.seconds, 1),
            **{f"p{p} ms": round(1e3 * percentile(self.latencies, p), 2) for p in (50, 95, 99)},
            "429": self.statuses[BUSY],
            "5xx": sum(count for status, count in self.statuses.items() if status >= 500),
            "failed": self.failed
            + sum(n for status, n in self.statuses.items() if status < 500 and status not in (OK, BUSY)),
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is not below so many percent of them; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


async def closed_loop(port: int, clients: int, seconds: float, exchange: Exchange) -> Tally:
    """Clients that each send a request as soon as the one before is answered; refused ones wait as they are told to."""
    tally, began, cpu = Tally(), Clock(), time.process_time()
    end = began + seconds

    async def client() -> None:
        connection = await Connection.to(port)
        while (sent := Clock()) < end:
            try:
                answer = await exchange(connection)
            except ConnectionError:
                tally.failed += 1
                connection = await Connection.to(port)
                continue
            tally.add(answer, Clock() - sent)
            if not connection.is_open:
                connection = await Connection.to(port)
            if answer.retry_after:
                await asyncio.sleep(min(answer.retry_after, max(0.0, end - Clock())))
        connection.close()

    async with asyncio.timeout(seconds + PATIENCE):
        await asyncio.gather(*(client() for _ in range(clients)))
    tally.seconds = Clock() - began
    tally.busy = (time.process_time() - cpu) / tally.seconds
    return tally


async def open_loop(
    port: int,
    rate: float,
    seconds: float,
    exchange: Exchange,
    at_end: Callable[[], Awaitable[Any]] | None = None,
) -> Tally:
    """Requests that are sent at their time (a Poisson process), whether or not earlier ones have been answered.

    Args:
        port: of the server.
        rate: requests a second.
        seconds: for which they are sent.
        exchange: sends one.
        at_end: is awaited as soon as the last one is sent; its result is ``after`` of the tally.
    """
    tally, idle, tasks = Tally(), list[Connection](), set[asyncio.Task[None]]()
    draw = random.Random(0)

    async def send(due: float) -> None:
        nonlocal last
        connection = from_idle(idle)
        try:
            if connection is None:
                connection = await Connection.to(port)
            answer = await exchange(connection)
            last = Clock()
            tally.add(answer, last - due)
        except OSError:
            tally.failed += 1
        if connection is not None and connection.is_open:
            idle.append(connection)

    began, cpu = Clock(), time.process_time()
    end, due, sent = began + seconds, began, 0
    last = began
    while due < end:
        now = Clock()
        if now > end + 1:
            tally.not_sent += round((end - due) * rate)
            break
        if due > now or sent % 16 == 15:
            await asyncio.sleep(max(0.0, due - now))
        tally.lateness.append(max(0.0, Clock() - due))
        if len(tasks) < CONNECTIONS:
            task = asyncio.create_task(send(due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        else:
            tally.not_sent += 1
        due, sent = due + draw.expovariate(rate), sent + 1
    tally.busy = (time.process_time() - cpu) / (Clock() - began)
    if at_end is not None:
        tally.after = await at_end()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=PATIENCE)
        tally.failed += len(late)
        for task in late:
            task.cancel()
    tally.seconds, tally.drain = max(last, end) - began, max(0.0, last - end)
    for connection in idle:
        connection.close()
    return tally
