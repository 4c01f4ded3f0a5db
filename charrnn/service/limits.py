"""How much of the machine a request may take: its body, its place in the waiting line, its time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from charrnn.machine import processors
from charrnn.service.problems import Problem, busy


@dataclass(frozen=True)
class Limits:
    """The bounds of one server process.

    Attributes:
        body_bytes: of a request's body.
        body_seconds: until all of the body has arrived.
        discarded_bytes: of a body that is too large; so much is read and thrown away, so that clients which send all
            before they read still get their answer.
        seconds: of computing for one request.
        computing: requests that compute at a time.
        waiting: requests that wait for their turn.
        waiting_seconds: until a request that waits is refused.
        connections: open at a time.
        drain_seconds: after a signal to stop, until computing is stopped; what was begun is answered as far as it is.
    """

    body_bytes: int = 2**20
    body_seconds: float = 10.0
    discarded_bytes: int = 2**26
    seconds: float = 10.0
    computing: int = field(default_factory=processors)
    waiting: int = field(default_factory=lambda: 4 * processors())
    waiting_seconds: float = 5.0
    connections: int = 2048
    drain_seconds: float = 7.0


CLOSE = {"Connection": "close"}
"""What is left of a body that was not read must not be taken for the next request."""
BODY = "charrnn.body"
"""Key of an ASGI scope: the body that :class:`BodyLimit` has read."""
Waiting = TypeVar("Waiting")


class FairLine(Generic[Waiting]):
    """A waiting line that addresses take turns in: first come, first served within an address only.

    Args:
        room: how many may wait.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.size = 0
        self._by_address: OrderedDict[str, deque[Waiting]] = OrderedDict()

    def __len__(self) -> int:
        return self.size

    def push(self, address: str, waiting: Waiting) -> Waiting | None:
        """Join the line; returns who must leave it, which is the last of the address that has most, or None."""
        own = self._by_address.setdefault(address, deque())
        own.append(waiting)
        self.size += 1
        if self.size <= self.room:
            return None
        # Among equals the address that has just come gives way.
        longest = max(self._by_address, key=lambda other: (len(self._by_address[other]), other == address))
        last = self._by_address[longest].pop()
        self._forget(longest)
        return last

    def pop(self) -> Waiting:
        """Take the first of the address whose turn it is; that address goes to the end.

        Raises:
            KeyError: nobody waits.
        """
        address, own = self._by_address.popitem(last=False)
        self._by_address[address] = own
        first = own.popleft()
        self._forget(address)
        return first

    def remove(self, address: str, waiting: Waiting) -> None:
        """Leave the line; nothing happens to who is not in it."""
        own = self._by_address.get(address)
        if own is not None and waiting in own:
            own.remove(waiting)
            self._forget(address)

    def _forget(self, address: str) -> None:
        self.size -= 1
        if not self._by_address[address]:
            del self._by_address[address]


class Admission:
    """Lets a number of requests compute at a time; the others wait in a :class:`FairLine`.

    Args:
        limits: how many compute and wait, and how long.

    Attributes:
        changed: is called with the numbers of those that compute and wait, whenever they have changed.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.free = limits.computing
        self.changed: Callable[[int, int], None] = lambda computing, waiting: None
        self.line: FairLine[asyncio.Future[None]] = FairLine(limits.waiting)

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """The time of computing of one request.

        Args:
            address: of the client.

        Raises:
            Problem: the line is full, or waiting took too long.
        """
        if self.free and not self.line:
            self.free -= 1
            self._tell()
        else:
            await self._wait(address)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, address: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        has_turn, seconds = False, self.limits.waiting_seconds
        try:
            refused = self.line.push(address, turn)
            # One whose client has just left may still stand in the line.
            if refused is not None and not refused.done():
                refused.set_exception(busy(f"all {self.line.room} places of the waiting line are taken. Try again."))
            self._tell()
            async with asyncio.timeout(seconds):
                await turn
            has_turn = True
        except TimeoutError as error:
            raise busy(f"waited {seconds:g} seconds without a turn. Try again later.") from error
        finally:
            self.line.remove(address, turn)
            # A turn that was given in the very moment in which its request left goes to the next one.
            if not has_turn and turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on()
            elif not has_turn:
                self._tell()

    def _pass_on(self) -> None:
        """Give a turn that has ended to the next one who waits."""
        while self.line:
            turn = self.line.pop()
            if not turn.done():
                turn.set_result(None)
                break
        else:
            self.free += 1
        self._tell()

    def _tell(self) -> None:
        self.changed(self.limits.computing - self.free, len(self.line))


class BodyLimit:
    """Reads the body of each request before the application sees it, as far as the limits allow.

    Args:
        app: what is called with the body in memory.
        limits: of size and time.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 or 408, or call the application."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                body = await self._read(scope, receive)
        except TimeoutError:
            seconds = f"{self.limits.body_seconds:g}"
            problem = Problem(
                "slow-body", f"the body did not arrive within {seconds} seconds. Send it again.", headers=CLOSE
            )
            await problem.answer(scope, receive, send)
            return
        except Problem as problem:
            await problem.answer(scope, receive, send)
            return
        if body is None:
            return  # the client is gone
        scope[BODY] = body
        is_read = False

        async def replay() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        headers = dict(scope["headers"])
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Problem(
                "unsupported-media-type", "compressed bodies are not read. Send the JSON as it is.", headers=CLOSE
            )
        length = headers.get(b"content-length", b"0")
        if headers.get(b"expect") and length.isdigit() and int(length) > self.limits.body_bytes:
            raise self._too_large()  # the client has not sent it yet
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            more, size = message.get("more_body", False), size + len(chunk)
            if size <= self.limits.body_bytes:
                chunks.append(chunk)
            else:
                chunks.clear()
            if size > self.limits.discarded_bytes:
                break
        if size > self.limits.body_bytes:
            raise self._too_large()
        return b"".join(chunks)

    def _too_large(self) -> Problem:
        return Problem(
            "too-large", f"a body may have {self.limits.body_bytes:,} bytes. Send fewer names at a time.", headers=CLOSE
        )
