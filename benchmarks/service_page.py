"""The page: how soon it is there in Chromium, and how it answers while 32 visitors use it for a minute."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import statistics
import time
import urllib.request
from collections import defaultdict
from typing import Any

import uvloop
from common import report
from service_load import Answer, Clock, Connection, percentile
from service_peers import Server
from service_requests import Requests, get, post

VISITORS, SECONDS = 32, 60.0
THINKS = (0.5, 2.5)
"""Seconds between an answer and a visitor's next question, at least and at most."""
USUAL = ["Irish", "", "", "", 50, 10, 0.8, True, False, "", "", "", 1, 26, "", "", ""]
"""The controls of new names as a first visitor has them."""
VISITS = 5
NAME, LETTERS = "Papadopoulos", 10
BETWEEN_LETTERS = 120
"""Milliseconds; about a hundred letters in ten seconds."""
SETTLE_SECONDS = 30
GOALS = {"box usable, ms": 1500, "answer to a typed name, ms": 150, "jobs for ten letters": 3}


class Visitor:
    """Somebody who opens the page, asks for names by typing, and lets names be invented.

    Args:
        port: of the server.
        names: to ask for.
        events: of the page, by name: the id, and that of what triggers it.
        seconds: the latencies of all visitors, by what was done; filled in.
        number: of the visitor.
    """

    def __init__(
        self,
        port: int,
        names: list[str],
        events: dict[str, tuple[int, int]],
        seconds: dict[str, list[float]],
        number: int,
    ) -> None:
        self.port, self.names, self.events, self.seconds = port, names, events, seconds
        self.draw, self.session = random.Random(number), f"visitor{number}"
        self.errors: list[str] = []

    async def stay(self, until: float) -> None:
        """Use the page until then."""
        connection = await Connection.to(self.port)
        await asyncio.sleep(self.draw.random() * THINKS[1])
        try:
            while Clock() < until:
                self.session += "x"
                await self._timed("page", connection.ask(get("/")))
                await self._event(connection, "load", "on_load", [])
                await self._event(connection, "ten names", "on_generate", USUAL)
                for _ in range(self.draw.randint(1, 5)):
                    await asyncio.sleep(self.draw.uniform(*THINKS))
                    await self._event(connection, "name", "on_name", [self.draw.choice(self.names), ""])
                await asyncio.sleep(self.draw.uniform(*THINKS))
                await self._event(connection, "ten names", "on_generate", USUAL)
        except OSError as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        connection.close()

    async def _event(self, connection: Connection, what: str, name: str, data: list[Any]) -> None:
        """One event through Gradio's queue, until its stream ends."""
        event, trigger = self.events[name]
        body = {"data": data, "fn_index": event, "session_hash": self.session, "trigger_id": trigger}

        async def ask() -> Answer:
            joined = await connection.ask(post("/gradio_api/queue/join", json.dumps(body).encode()))
            if joined.status != 200:
                return joined
            return await connection.ask(get(f"/gradio_api/queue/data?session_hash={self.session}"))

        answer = await self._timed(what, ask())
        if b'"success":true' not in answer.body.replace(b" ", b"") or b'problem\\"' in answer.body:
            self.errors.append(f"{what}: {answer.status} {answer.body[-200:]!r}")

    async def _timed(self, what: str, asked: Any) -> Answer:
        began = Clock()
        answer: Answer = await asked
        self.seconds[what].append(Clock() - began)
        if answer.status != 200:
            self.errors.append(f"{what}: {answer.status}")
        return answer


async def crowd(port: int, seconds: float) -> tuple[dict[str, list[float]], list[str]]:
    """What visitors waited for, by what they did, and what went wrong."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/config") as answer:
        found = [event for event in json.load(answer)["dependencies"] if event["api_name"]]
    events = {event["api_name"]: (event["id"], event["targets"][0][0]) for event in found if event["targets"]}
    latencies: dict[str, list[float]] = defaultdict(list)
    names, until = Requests().names, Clock() + seconds
    visitors = [Visitor(port, names, events, latencies, number) for number in range(VISITORS)]
    await asyncio.gather(*(visitor.stay(until) for visitor in visitors))
    return latencies, [error for visitor in visitors for error in visitor.errors]


def in_browser(port: int) -> dict[str, float]:
    """Medians over visits with a warm cache: until the box is there, and from Enter to the answer on the screen."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    usable, answered, jobs = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context()
        for visit in range(VISITS + 1):
            page = context.new_page()
            sent: list[str] = []
            page.on("request", lambda r, sent=sent: sent.append(r.url) if "/queue/join" in r.url else None)
            began = time.perf_counter()
            page.goto(f"http://127.0.0.1:{port}/")
            box = page.locator("#name textarea")
            box.wait_for(state="visible")
            ready = time.perf_counter() - began
            page.locator("#answer .sentence").wait_for()
            page.wait_for_timeout(1000)
            sent.clear()
            box.press_sequentially(NAME[:LETTERS], delay=BETWEEN_LETTERS)
            page.locator("#answer .sentence", has_text=NAME[:LETTERS]).wait_for()
            letters = len(sent)
            waited = page.evaluate(ENTER, NAME)
            if visit:  # the first fills the cache
                usable.append(1e3 * ready)
                jobs.append(letters)
                answered.append(waited)
            page.close()
        browser.close()
    return dict(zip(GOALS, map(statistics.median, (usable, answered, jobs)), strict=True))


ENTER = """(name) => new Promise((resolve) => {
  const box = document.querySelector("#name textarea"), answer = document.querySelector("#answer");
  box.focus();
  const began = performance.now();
  new MutationObserver((_, observer) => {
    if (!answer.textContent.includes(name)) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - began));
  }).observe(answer, { childList: true, subtree: true, characterData: true });
  box.value = name;
  box.dispatchEvent(new InputEvent("input", { bubbles: true }));
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
})"""
"""A name and Enter, and the milliseconds until the answer is on the screen."""


def page(seconds: float = SECONDS) -> int:
    """Measure, and return 1 if a visitor met an error."""
    with Server.ours() as server:
        results: dict[str, Any] = in_browser(server.port)
        uvloop.run(crowd(server.port, seconds))  # fills what the server keeps of its visitors
        time.sleep(SETTLE_SECONDS)
        before = server.resident()
        latencies, errors = uvloop.run(crowd(server.port, seconds))
        most = server.resident()
        time.sleep(SETTLE_SECONDS)
        after = server.resident()
    for what, values in latencies.items():
        results[f"{VISITORS} visitors, {what}: number"] = len(values)
        for p in (50, 95):
            results[f"{VISITORS} visitors, {what}: p{p} ms"] = 1e3 * percentile(values, p)
    results |= {
        "errors": len(errors),
        "log: lines with errors": len(server.errors),
        "resident MiB, before": before,
        "resident MiB, at the end": most,
        "resident MiB, later": after,
    }
    report("service_page", results)
    for name, goal in GOALS.items():
        print(f"{name}: {results[name]:.4g}, goal {goal}, {'met' if results[name] <= goal else 'MISSED'}")
    for line in [*errors[:5], *server.errors[:5]]:
        print(line.rstrip()[:500])
    return int(bool(errors or server.errors))
