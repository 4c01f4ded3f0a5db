"""Open loops: the rate that a server holds, and what it does at four times that rate."""

from __future__ import annotations

import asyncio
import statistics
from typing import Any

import uvloop
from service_load import BUSY, CONNECTIONS, OK, Clock, Connection, Exchange, Tally, open_loop

STEP, RUNGS, FIRST = 1.2, 14, 0.6
"""Rates begin at a share of what a closed loop reached, and rise or fall by this factor, so often at most."""
LOST, BEHIND = 0.01, 0.05
"""A rate is held if less than this share of its requests is refused or lost, and the last answer comes this share of
the time after the end at most: a short load would fill the waiting line without a refusal."""
OVERLOAD = 4
PROBE_SECONDS, RECOVERY_SECONDS = 0.05, 20.0


def overload(port: int, closed_rate: float, exchange: Exchange, seconds: float, overload_seconds: float) -> Any:
    """The knee, and what happens beyond it, as one row.

    Args:
        port: of the server.
        closed_rate: requests a second of a closed loop.
        exchange: sends one request.
        seconds: at each rate.
        overload_seconds: at four times the knee.
    """
    alone = uvloop.run(_alone(port, exchange))
    rate, at_knee = _knee(port, closed_rate * FIRST, seconds, exchange, BEHIND * seconds + 4 * alone)

    async def recovered() -> float:
        return await _recovery(port, exchange, 2 * alone)

    beyond = uvloop.run(open_loop(port, rate * OVERLOAD, overload_seconds, exchange, recovered))
    figures = beyond.figures()
    limit = "generator" if at_knee.is_limit else "generator at 4x" if beyond.is_limit else "server"
    if limit == "server" and beyond.not_sent:
        limit = f"{CONNECTIONS} connections at 4x"
    return {
        "knee /s": round(rate, 1),
        "p95 ms": at_knee.figures()["p95 ms"],
        "alone ms": round(1e3 * alone, 2),
        "4x: sent /s": round(beyond.sent / overload_seconds, 1),
        "4x: 200 /s": figures["per second"],
        "4x: p95 ms": figures["p95 ms"],
        "4x: 429 share": round(beyond.statuses[BUSY] / beyond.sent, 3),
        "4x: 5xx": figures["5xx"],
        "4x: failed": figures["failed"],
        "4x: not sent": beyond.not_sent,
        "recovery s": round(beyond.after, 2),
        "limit": limit,
    }


def _knee(port: int, first: float, seconds: float, exchange: Exchange, drain: float) -> tuple[float, Tally]:
    """The highest rate of a ladder that the server holds, with what came of it."""
    rate, best, is_descending = first, None, False
    for _ in range(RUNGS):
        tally = uvloop.run(open_loop(port, rate, seconds, exchange))
        if tally.lost < LOST and tally.drain <= drain:
            best = rate, tally
            if is_descending or tally.is_limit:
                break
            rate *= STEP
        elif best is not None:
            break
        else:
            is_descending = True
            rate /= STEP
    if best is None:
        raise RuntimeError(f"not even {rate:.1f} requests a second are held: {tally.statuses}")
    return best


async def _alone(port: int, exchange: Exchange) -> float:
    """Median seconds of a request that nothing else disturbs."""
    connection, seconds = await Connection.to(port), []
    for _ in range(20):
        await asyncio.sleep(PROBE_SECONDS)
        began = Clock()
        await exchange(connection)
        seconds.append(Clock() - began)
    connection.close()
    return statistics.median(seconds)


async def _recovery(port: int, exchange: Exchange, enough: float) -> float:
    """Seconds from now until a request is sent that is answered fast enough, or the longest that this is waited for.

    One client sends a request every 50 ms, or when the one before is answered, so that it is no load of its own.
    """
    connection, began = await Connection.to(port), Clock()
    try:
        while (sent := Clock()) < began + RECOVERY_SECONDS:
            answer = await exchange(connection)
            if answer.status == OK and Clock() - sent <= enough:
                return sent - began
            await asyncio.sleep(max(0.0, sent + PROBE_SECONDS - Clock()))
    finally:
        connection.close()
    return RECOVERY_SECONDS
