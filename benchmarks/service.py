"""The service under load, beside a bare FastAPI route, LitServe and Gradio on the same machine.

Closed loops of 1 to 256 clients, open loops beyond what the server holds, the time to the first streamed name, and what
HTTP costs on top of the model. Takes seven minutes, with ``--quick`` one and a half. ``soak`` is a mixed load for an
hour, in search of leaks and errors; ``page`` measures the page in Chromium, and under the load of its visitors. Needs
wrk for the figures of one name (its own generator stands in for it).
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import contextlib
import io
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import service_wrk
import uvloop
from common import median_seconds, report
from service_load import Clock, Connection, closed_loop
from service_overload import overload
from service_page import page
from service_peers import Server
from service_requests import CLASSIFY, MANY, Requests, sending
from service_soak import soak

import charrnn

ROUNDS = 3
"""Turns of our route and the bare one at 16 clients, because other work on a machine comes and goes."""
Figures = dict[str, Any]
SHARE, TAIL = "one name, 16 clients, of the bare route", "one name, 16 clients, p99 ms"
OF_MODEL, FIRST = "1,000 names a request, of the model without HTTP", "first streamed name, ms"
GOALS: tuple[tuple[str, str, float], ...] = (
    (SHARE, ">=", 0.8),
    (TAIL, "<=", 100),
    (OF_MODEL, ">=", 0.5),
    (FIRST, "<=", 20),
    ("5xx", "<=", 0),
    ("failed", "<=", 0),
)


@dataclass(frozen=True)
class Scale:
    """How much is measured: seconds of a load and of overload, numbers of clients, streams, rounds."""

    seconds: float
    overload_seconds: float = 10
    clients: Sequence[int] = (1, 4, 16, 64, 256)
    streams: int = 50


def labelled(what: str, clients: int) -> str:
    return f"{what}, {clients} client{'s' if clients > 1 else ''}"


def closed(server: Server, clients: int, seconds: float, make: Callable[[], bytes]) -> Figures:
    return uvloop.run(closed_loop(server.port, clients, seconds, sending(make))).figures()


def one_name(server: Server, clients: int, seconds: float, requests: Requests) -> Figures:
    """The closed loop of one name. wrk mixes the latencies of answers and refusals: with refusals it is not used."""
    if service_wrk.is_installed():
        figures = service_wrk.closed_loop(server.port, clients, seconds, CLASSIFY, requests.bodies)
        if not figures["429"]:
            return figures
    return closed(server, clients, seconds, requests.one)


def beside_bare(ours: Server, bare: Server, requests: Requests, scale: Scale) -> tuple[Figures, Figures]:
    """Closed loops of one name, ours and those of a route that computes nothing: the rows, and ratio and p99."""
    rows: Figures = {}
    shares, tails = [], []
    for server in (ours, bare):
        one_name(server, 4, 1, requests)
    for clients in scale.clients:
        for _ in range(ROUNDS if clients == 16 else 1):
            mine, other = (one_name(server, clients, scale.seconds, requests) for server in (ours, bare))
            rows[labelled("one name", clients)], rows[labelled("a bare route", clients)] = mine, other
            if clients == 16:
                shares.append(mine["per second"] / other["per second"])
                tails.append(mine["p99 ms"])
    return rows, {SHARE: statistics.median(shares), TAIL: statistics.median(tails)}


def larger(ours: Server, requests: Requests, scale: Scale) -> tuple[Figures, Figures]:
    """Closed loops of the other requests: the rows, and the server's memory after each kind."""
    rows, memory = {}, {}
    for what, make in (
        ("1,000 names", requests.many),
        ("generate 10", requests.ten),
        ("stream 1,000", requests.stream),
    ):
        closed(ours, 1, 0.3, make)
        for clients in scale.clients:
            rows[labelled(what, clients)] = closed(ours, clients, scale.seconds, make)
        memory[f"resident MiB, after {what}"] = ours.resident()
    return rows, memory


def peers(requests: Requests, seconds: float) -> Figures:
    """Closed loops of one name."""
    rows, one = {}, sending(requests.one)
    for name, server, exchange in (
        ("LitServe", Server.litserve(1), one),
        ("LitServe, batches of 16", Server.litserve(16), one),
        ("Gradio's endpoint", Server.peer("gradio", "/"), requests.through_gradio),
    ):
        with server:
            uvloop.run(closed_loop(server.port, 4, 0.5, exchange))
            for clients in (1, 16):
                load = closed_loop(server.port, clients, seconds, exchange)
                rows[labelled(name, clients)] = uvloop.run(load).figures()
    return rows


async def first_name(port: int, count: int, make: Callable[[], bytes]) -> float:
    """Median seconds from a request to the first byte of its stream, one client."""
    connection, seconds = await Connection.to(port), []
    for _ in range(count):
        began = Clock()
        answer = await connection.ask(make())
        seconds.append(answer.first - began)
    connection.close()
    return statistics.median(seconds)


def measure(scale: Scale) -> Figures:
    """All figures."""
    requests = Requests()
    model: Any = charrnn.load("names/classifier")
    without_http = MANY / median_seconds(lambda: model.predict(requests.batch), 15)
    with Server.ours("--no-page") as ours:
        results: Figures = {"seconds of each load": scale.seconds, "resident MiB, before": ours.resident()}
        with Server.peer("bare") as bare:
            ones, compared = beside_bare(ours, bare, requests, scale)
        results |= compared | {"resident MiB, after one name": ours.resident()}
        show("closed loop", ones)
        larges, memory = larger(ours, requests, scale)
        results |= memory
        show("closed loop", larges)
        results[FIRST] = 1e3 * uvloop.run(first_name(ours.port, scale.streams, requests.stream))
        loads = {"one name": requests.one, "1,000 names": requests.many, "generate 10": requests.ten}
        rows = ones | larges
        best = {what: max(row["per second"] for key, row in rows.items() if key.startswith(what)) for what in loads}
        beyond = {
            what: overload(ours.port, best[what], sending(make), scale.seconds, scale.overload_seconds)
            for what, make in loads.items()
        }
        show("open loop", beyond)
        results["resident MiB, after overload"] = ours.resident()
    others = peers(requests, scale.seconds)
    show("closed loop, peers", others)
    results |= {
        "names a second, the model without HTTP": without_http,
        "names a second, 1,000 a request": MANY * best["1,000 names"],
        OF_MODEL: MANY * best["1,000 names"] / without_http,
        "5xx": sum(row["5xx"] for row in rows.values()) + sum(row["4x: 5xx"] for row in beyond.values()),
        "failed": sum(row["failed"] for row in rows.values()) + sum(row["4x: failed"] for row in beyond.values()),
        "log: lines with errors": len(ours.errors),
    }
    for line in ours.errors[:5]:
        print(line.rstrip()[:500])
    return results | {
        f"{title}: {name}": row
        for title, rows in (("closed loop", rows), ("open loop", beyond), ("closed loop, peers", others))
        for name, row in rows.items()
    }


def show(title: str, rows: Figures) -> None:
    """Print rows as a table in Markdown."""
    columns = list(next(iter(rows.values())))
    lines = [[title, *columns], *([name, *map(cell, row.values())] for name, row in rows.items())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    print()
    for first, *others in lines:
        shown = [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(others, widths[1:], strict=True))]
        print(f"| {' | '.join(shown)} |", flush=True)


def cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{round(value, 3):g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("what", nargs="?", choices=["load", "page", "soak"], default="load")
    parser.add_argument("--seconds", type=float, default=5, help="of each load. Default: 5.")
    parser.add_argument("--quick", action="store_true", help="fewer clients, a second for each load")
    parser.add_argument("--minutes", type=float, default=60, help="of the soak. Default: 60.")
    flags = parser.parse_args()
    if flags.what == "soak":
        return soak(flags.minutes)
    if flags.what == "page":
        return page()
    if not 1 <= flags.seconds <= 60:
        parser.error("--seconds: must be from 1 to 60.")
    results = measure(Scale(1, 3, (1, 16, 64), 15) if flags.quick else Scale(flags.seconds))
    goals = {
        name: {"goal": f"{sign} {goal:g}", "is": results[name], "": _verdict(results[name], sign, goal)}
        for name, sign, goal in GOALS
    }
    show("goals", goals)
    single = {name: {"is": cell(value)} for name, value in results.items() if not isinstance(value, dict)}
    show("figures", single)
    # The tables have shown all of it.
    with contextlib.redirect_stdout(io.StringIO()):
        report("service", results)
    return int(results["5xx"] > 0 or results["failed"] > 0)


def _verdict(value: float, sign: str, goal: float) -> str:
    return "met" if (value >= goal if sign == ">=" else value <= goal) else "MISSED"


if __name__ == "__main__":
    sys.exit(main())
