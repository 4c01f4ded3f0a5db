"""A mixed load at a moderate rate for a long time: whether memory grows, and whether any request ends in an error."""

from __future__ import annotations

import asyncio
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from common import report
from service_load import BUSY, Answer, Clock, Connection, from_idle, percentile
from service_peers import Server
from service_requests import Requests, get, sending

RATE = 20
"""Requests a second, which keep two processors less than half busy."""
OUTSTANDING, PATIENCE = 128, 30.0
SAMPLE_SECONDS, SAMPLES = 10.0, 24
"""Memory is looked at so often, and in a short soak so many times."""
MAX_MINUTES = 24 * 60
GONE = 0
"""In place of a status, of a client that did not wait for it."""


class Soak:
    """The load.

    Args:
        server: with the page.
        minutes: how long.
    """

    def __init__(self, server: Server, minutes: float) -> None:
        self.server, self.seconds = server, 60 * minutes
        self.requests, self.draw = Requests(), random.Random(0)
        self.statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.latencies: defaultdict[str, list[float]] = defaultdict(list)
        self.broken: Counter[str] = Counter()
        self.not_sent = 0
        self.samples: list[tuple[float, float]] = []
        self.handles: list[tuple[int, int]] = []
        self._idle: list[Connection] = []
        make = self.requests
        self.kinds: dict[str, tuple[int, Callable[[Connection], Awaitable[Answer]]]] = {
            "classify 1": (40, sending(make.one)),
            "classify 1,000": (8, sending(make.many)),
            "generate 10": (20, sending(make.ten)),
            "explain": (8, sending(make.explain)),
            "invalid": (8, sending(make.invalid)),
            "leave a stream": (4, self._leave),
            "page": (4, sending(lambda: get("/"))),
            "Gradio's endpoint": (8, make.through_gradio),
        }

    async def run(self) -> None:
        """Send requests at their times, and look at the server's memory meanwhile."""
        tasks = {asyncio.create_task(self._look())}
        began, sent = Clock(), 0
        names, weights = list(self.kinds), [weight for weight, _ in self.kinds.values()]
        while (due := began + sent / RATE) < began + self.seconds:
            await asyncio.sleep(max(0.0, due - Clock()))
            if len(tasks) < OUTSTANDING:
                task = asyncio.create_task(self._send(self.draw.choices(names, weights)[0]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            else:
                self.not_sent += 1
            sent += 1
        await asyncio.wait(tasks, timeout=PATIENCE)

    async def _send(self, kind: str) -> None:
        began = Clock()
        connection = from_idle(self._idle)
        try:
            connection = connection or await Connection.to(self.server.port)
            answer = await self.kinds[kind][1](connection)
        except OSError:
            self.broken[kind] += 1
            return
        self.statuses[kind][answer.status] += 1
        self.latencies[kind].append(Clock() - began)
        if connection.is_open:
            self._idle.append(connection)

    async def _leave(self, connection: Connection) -> Answer:
        """Hang up before, in the middle of, or after a stream."""
        connection.ask(self.requests.stream())
        await asyncio.sleep(self.draw.random() * 0.1)
        connection.close()
        return Answer(GONE, b"", 0.0, 0.0)

    async def _look(self) -> None:
        began, pid = Clock(), self.server.process.pid
        pause = min(SAMPLE_SECONDS, self.seconds / SAMPLES)
        while (now := Clock() - began) < self.seconds:
            self.samples.append((now, self.server.resident()))
            self.handles.append(tuple(len(list(Path(f"/proc/{pid}/{what}").iterdir())) for what in ("fd", "task")))
            await asyncio.sleep(pause)


def soak(minutes: float) -> int:
    """Soak a server, and return 1 if any request ended in an error."""
    if not 0 < minutes <= MAX_MINUTES:
        raise SystemExit(f"--minutes {minutes:g}: must be over 0 and at most {MAX_MINUTES:,}.")
    with Server.ours() as server:
        load = Soak(server, minutes)
        uvloop.run(load.run())
    errors = sum(n for kind in load.statuses.values() for status, n in kind.items() if status >= 500)
    wrong = sum(n for kind in load.statuses for status, n in load.statuses[kind].items() if not is_right(kind, status))
    memory = [mebibytes for _, mebibytes in load.samples]
    quarter = max(1, len(memory) // 4)
    half = len(memory) // 2
    results: dict[str, Any] = {
        "minutes": minutes,
        "requests": sum(kind.total() for kind in load.statuses.values()),
        "requests a second": RATE,
        **{f"{kind}: {_shown(statuses)}, p95 ms": p95(load, kind) for kind, statuses in load.statuses.items()},
        "5xx": errors,
        "status that is neither right nor 429": wrong,
        "connections broken": load.broken.total(),
        "not sent": load.not_sent,
        "log: lines with errors": len(server.errors),
        "resident MiB, median of the first quarter": statistics.median(memory[:quarter]),
        "resident MiB, median of the last quarter": statistics.median(memory[-quarter:]),
        "resident MiB, most": max(memory),
        "MiB an hour": slope(load.samples),
        "MiB an hour, second half": slope(load.samples[half:]),
        "open files and threads, first": "{} and {}".format(*load.handles[0]),
        "open files and threads, last": "{} and {}".format(*load.handles[-1]),
    }
    report("service_soak", results)
    for line in server.errors[:5]:
        print(line.rstrip()[:500])
    return int(bool(errors or wrong or load.broken))


def is_right(kind: str, status: int) -> bool:
    """Whether a request of this kind may be answered so; any may be refused."""
    if kind == "invalid":
        return 400 <= status < 500
    return status in (GONE,) if kind == "leave a stream" else status in (200, BUSY)


def p95(load: Soak, kind: str) -> float:
    """Milliseconds."""
    return 1e3 * percentile(load.latencies[kind], 95)


def slope(samples: list[tuple[float, float]]) -> float:
    """MiB an hour by least squares."""
    if len(samples) < 2:
        return 0.0
    return 3600 * statistics.linear_regression(*zip(*samples, strict=True)).slope


def _shown(statuses: Counter[int]) -> str:
    return ", ".join(f"{count:,} × {status or 'left'}" for status, count in sorted(statuses.items()))
