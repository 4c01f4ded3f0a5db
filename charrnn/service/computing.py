"""Where requests compute: small ones together between two turns of the event loop, large ones in threads."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from threading import Event
from typing import Any, Generic, NamedTuple, TypeVar

from starlette.requests import Request

from charrnn.cancellation import stoppable
from charrnn.errors import StoppedError
from charrnn.service.limits import Admission, FairLine, Limits
from charrnn.service.problems import Problem, busy

Result = TypeVar("Result")
BATCH = 64
"""Names of small requests that are classified together at most; the event loop stands still meanwhile."""
GATHERING_TURNS = 16
"""Turns of the event loop that may pass while small requests gather."""
SMALL = 8
"""Names of a small request at most."""
WAITING_SMALL = 512
"""Small requests that wait at most."""


class ClientGoneError(Exception):
    """The client has closed the connection: nobody waits for the answer."""


class Computing:
    """Computes for requests, within the limits.

    Args:
        limits: of number and time.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.admission = Admission(limits)
        self.threads = ThreadPoolExecutor(limits.computing, "compute")
        self.ends_at = float("inf")

    def end_soon(self) -> None:
        """Stop what still computes when the time for draining is over."""
        self.ends_at = time.monotonic() + self.limits.drain_seconds

    async def run(self, address: str, work: Callable[[], Result], request: Request | None = None) -> Result:
        """The result of a function, computed in a thread when it is the client's turn.

        Args:
            address: of the client.
            work: calls :func:`charrnn.cancellation.check_stop`, directly or not, often enough.
            request: is watched: if its client goes away, the work stops.

        Raises:
            Problem: the server is busy, or the work took too long.
            ClientGoneError: the client went away.
        """
        async with aclosing(Stream(self, address, lambda: iter([work()]), request).results()) as results:
            return (await anext(results))[0]

    def close(self) -> None:
        """Let the threads end; others are started when there is work again."""
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.threads = ThreadPoolExecutor(self.limits.computing, "compute")


class Stream(Generic[Result]):
    """The results of an iterator that a thread goes through when it is the client's turn.

    The turn ends with the iterator, however slowly the results are fetched.

    Args:
        computing: threads and limits.
        address: of the client.
        work: gives the iterator.
        request: is watched: if its client goes away, the work stops.
    """

    def __init__(
        self, computing: Computing, address: str, work: Callable[[], Iterator[Result]], request: Request | None = None
    ) -> None:
        self.computing, self.address, self.work = computing, address, work
        self.stopped = Event()
        self.has_turn = False
        self._ended = False
        self._items: list[Result] = []
        self._error: BaseException | None = None
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._compute())
        self._watching = None if request is None else asyncio.create_task(self._watch(request))

    async def results(self) -> AsyncGenerator[list[Result], None]:
        """Go through the results once, each time all that have come since the last time.

        Close the generator (``contextlib.aclosing``): that stops the work.

        Raises:
            Problem, ClientGoneError: as :meth:`Computing.run`.
        """
        try:
            while True:
                if self._items:
                    items, self._items = self._items, []
                    yield items
                elif self._error is not None:
                    raise self._error
                elif self._ended:
                    return
                else:
                    self._changed.clear()
                    await self._changed.wait()
        finally:
            self.stop_watching()
            await self._stop()

    def stop_watching(self) -> None:
        """Leave it to others, such as a response that streams, to notice that the client goes away."""
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self, request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self._error = ClientGoneError()
        await self._stop()
        self._changed.set()

    async def _stop(self) -> None:
        """Stop the work and wait until it has ended, which takes milliseconds."""
        self.stopped.set()
        if not self.has_turn:
            self._task.cancel()
        await asyncio.wait([self._task])

    async def _compute(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with self.computing.admission.turn(self.address):
                self.has_turn = True
                await loop.run_in_executor(self.computing.threads, self._work, loop)
        except StoppedError:
            seconds = f"{self.computing.limits.seconds:g}"
            self._error = self._error or Problem(
                "too-long", f"computing took over {seconds} seconds. Ask for fewer names, or for a simpler pattern."
            )
        except Exception as error:
            self._error = self._error or error
        finally:
            self._ended = True
            self._changed.set()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        computing, deadline = self.computing, time.monotonic() + self.computing.limits.seconds
        with stoppable(lambda: self.stopped.is_set() or time.monotonic() > min(deadline, computing.ends_at)):
            for item in self.work():
                loop.call_soon_threadsafe(self._add, item)

    def _add(self, item: Result) -> None:
        self._items.append(item)
        self._changed.set()


class _Small(NamedTuple):
    names: Sequence[Any]
    key: Hashable
    answer: asyncio.Future[list[Any]]


class SmallRequests:
    """Classifies the names of small requests together: sixteen names take less than a third of sixteen times one.

    Args:
        classify: names and the key of their settings, to an answer for each.
    """

    def __init__(self, classify: Callable[[list[Any], Any], Sequence[Any]]) -> None:
        self.classify = classify
        self.line: FairLine[_Small] = FairLine(WAITING_SMALL)
        self.is_scheduled = False

    def submit(self, address: str, names: Sequence[Any], key: Hashable) -> asyncio.Future[list[Any]]:
        """The answers to come.

        Args:
            address: of the client.
            names: at most :data:`SMALL`.
            key: requests with equal keys are classified together.
        """
        loop = asyncio.get_running_loop()
        own = _Small(names, key, loop.create_future())
        if (refused := self.line.push(address, own)) is not None and not refused.answer.done():
            refused.answer.set_exception(busy("too many small requests are waiting. Try again later."))
        if not self.is_scheduled:
            self.is_scheduled = True
            loop.call_soon(self._gather, 0, 0)
        return own.answer

    def _gather(self, before: int, turns: int) -> None:
        """Classify as soon as a turn of the event loop brings no further request."""
        if before < len(self.line) < BATCH and turns < GATHERING_TURNS:
            asyncio.get_running_loop().call_soon(self._gather, len(self.line), turns + 1)
        else:
            self._classify_batch()

    def _classify_batch(self) -> None:
        by_key: defaultdict[Hashable, list[_Small]] = defaultdict(list)
        count = 0
        while self.line and count < BATCH:
            small = self.line.pop()
            if not small.answer.done():
                by_key[small.key].append(small)
                count += len(small.names)
        for key, group in by_key.items():
            try:
                answers = list(self.classify([name for small in group for name in small.names], key))
            except Exception as error:
                for small in group:
                    small.answer.set_exception(error)
                continue
            for small in group:
                own, answers = answers[: len(small.names)], answers[len(small.names) :]
                small.answer.set_result(own)
        self.is_scheduled = bool(self.line)
        if self.is_scheduled:
            asyncio.get_running_loop().call_soon(self._gather, 0, 0)
