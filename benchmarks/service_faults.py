"""The service stopped and killed under load: SIGTERM with 16 clients, and one of two Ray replicas by SIGKILL.

Also compares the answers of two replicas on Ray with those of the model in this process. Takes five minutes.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

import httpx
from common import ROOT, report

import charrnn

CLIENTS, STOPS, KILLS = 16, 10, 3
NAMES, SEEDS = 1000, 100


class Server:
    """A server process on a free port."""

    def __init__(self, *flags: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "charrnn", "serve", "--port", str(self.port), *flags],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        while self.ask("/readyz") != 200:
            if self.process.poll() is not None:
                raise SystemExit("the server ended")
            time.sleep(0.2)

    def ask(self, path: str, body: dict[str, Any] | None = None) -> int:
        """The status of an answer; 0 if the connection was refused, -1 if it broke."""
        try:
            return httpx.request("GET" if body is None else "POST", self.url + path, json=body, timeout=20).status_code
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return 0
        except httpx.TransportError:
            return -1


class Load:
    """Threads that ask one request after the other, and note moment and status of each answer."""

    def __init__(self, server: Server, clients: int, path: str, body: dict[str, Any], until: set[int]) -> None:
        self.answers: list[tuple[float, int]] = []
        self.stopped = threading.Event()

        def work() -> None:
            while not self.stopped.is_set():
                status = server.ask(path, body)
                self.answers.append((time.monotonic(), status))
                if status in until:
                    return

        self.threads = [threading.Thread(target=work) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def finish(self) -> Counter[int]:
        """How many answers had each status."""
        for thread in self.threads:
            thread.join()
        return Counter(status for _, status in self.answers)


def counted(server: Server) -> int | None:
    """Answered requests that ``/metrics`` tells."""
    try:
        text = httpx.get(f"{server.url}/metrics", timeout=5).text
    except httpx.TransportError:
        return None
    mine = 'charrnn_requests_total{route="/api/generate",status="200"} '
    return next((int(float(line.removeprefix(mine))) for line in text.splitlines() if line.startswith(mine)), 0)


def stop_under_load(*flags: str) -> dict[str, Any]:
    """SIGTERM while 16 clients work, :data:`STOPS` times."""
    lost = differing = failed = answered = 0
    seconds = []
    for _ in range(STOPS):
        server = Server("--no-page", *flags)
        load = Load(server, CLIENTS, "/api/generate", {"label": "Irish", "n": 300, "seed": 1}, {0, -1, 503})
        time.sleep(1.5)
        began, seen = time.monotonic(), 0
        server.process.send_signal(signal.SIGTERM)
        while (now := counted(server)) is not None:
            seen = now
            time.sleep(0.02)
        failed += server.process.wait(30) != 0
        seconds.append(time.monotonic() - began)
        statuses = load.finish()
        lost += statuses[-1]
        failed += sum(count for status, count in statuses.items() if status >= 500 and status != 503)
        differing += seen != statuses[200]
        answered += statuses[200]
    return {
        "answered": answered,
        "accepted and lost": lost,
        "runs in which /metrics and clients differ": differing,
        "exit status not 0, or a 5xx other than 503": failed,
        "seconds until the exit, median": statistics.median(seconds),
        "seconds until the exit, longest": max(seconds),
    }


def replicas() -> list[int]:
    found = subprocess.run(["pgrep", "-f", "ServeReplica:charrnn:api"], capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


def on_ray() -> dict[str, Any]:
    """Two replicas: their answers beside the model's, and one killed under load, :data:`KILLS` times."""
    server = Server("--engine", "ray", "--workers", "2")
    names = charrnn.Corpus.read("names/surname").names[:: 34_000 // NAMES][:NAMES]
    classifier, generator = charrnn.load("names/classifier"), charrnn.load("names/generator")
    largest, other = 0.0, 0
    with httpx.Client(base_url=server.url, timeout=30) as client:
        for first in range(0, len(names), 10):
            own = names[first : first + 10]
            results = client.post("/api/classify", json={"names": own}).json()["results"]
            for expected, result in zip(classifier.predict(own), results, strict=True):
                other += [p["label"] for p in result["predictions"]] != [score.label for score in expected.predictions]
                for score, p in zip(expected.predictions, result["predictions"], strict=True):
                    largest = max(largest, abs(score.probability - p["probability"]))
        drawn = 0
        for seed in range(SEEDS):
            body = {"label": "Irish", "n": 5, "seed": seed}
            answer = [record["name"] for record in client.post("/api/generate", json=body).json()["names"]]
            drawn += answer == generator.sample("Irish", 5, seed, temperature=0.8)
    longest, refused, answered = 0.0, 0, 0
    for _ in range(KILLS):
        load = Load(server, 8, "/api/classify", {"names": ["Satoshi"]}, set())
        time.sleep(1)
        victim, killed = replicas()[0], time.monotonic()
        os.kill(victim, signal.SIGKILL)
        while len(set(replicas()) - {victim}) < 2 and time.monotonic() < killed + 60:
            time.sleep(0.2)
        time.sleep(3)
        load.stopped.set()
        load.finish()
        late = [moment - killed for moment, status in load.answers if status != 200 and moment > killed]
        longest, refused = max([longest, *late]), refused + len(late)
        answered += sum(status == 200 for _, status in load.answers)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(60)
    return {
        f"Ray, {len(names):,} names: labels that differ": other,
        "Ray: largest difference of a probability": largest,
        f"Ray, equal names of {SEEDS} seeds": drawn,
        f"Ray, {KILLS} kills: answered": answered,
        f"Ray, {KILLS} kills: not answered with 200": refused,
        f"Ray, {KILLS} kills: seconds until the last of these": longest,
    }


def main() -> int:
    results: dict[str, Any] = {}
    for what, flags in (("one process", []), ("two processes", ["--workers", "2"])):
        results |= {f"SIGTERM, {what}: {key}": value for key, value in stop_under_load(*flags).items()}
    report("service_faults", results | on_ray())
    return 0


if __name__ == "__main__":
    sys.exit(main())
