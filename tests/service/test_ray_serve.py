"""The service on a Ray cluster of two replicas: equal answers, and one that dies is replaced."""

import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from charrnn.corpus import Corpus
from tests.conftest import ROOT
from tests.service.conftest import client_of


@pytest.fixture(scope="module")
def cluster():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = ["--engine", "ray", "--workers", "2", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "charrnn", "serve", *flags], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert "on Ray" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def replicas():
    """Ids of the replicas' processes."""
    found = subprocess.run(["pgrep", "-f", "ServeReplica:charrnn:api"], capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


def test_two_replicas_answer_as_one_process_does_and_one_that_dies_is_replaced(cluster):
    url = cluster
    names, local = Corpus.read("names/surname").names[::700], client_of()
    with httpx.Client(base_url=url, timeout=30) as ray:
        for first in range(0, len(names), 5):
            body = {"names": names[first : first + 5]}
            ours, theirs = (
                c.post("/api/classify", **how).json() for c, how in ((local, {"body": body}), (ray, {"json": body}))
            )
            for one, other in zip(ours["results"], theirs["results"], strict=True):
                assert one["name"] == other["name"]
                assert [p["label"] for p in one["predictions"]] == [p["label"] for p in other["predictions"]]
                probabilities = [[p["probability"] for p in answer["predictions"]] for answer in (one, other)]
                assert probabilities[0] == pytest.approx(probabilities[1], abs=1e-6)
        for seed in range(5):
            body = {"label": "Irish", "n": 3, "seed": seed}
            assert local.post("/api/generate", body).json() == ray.post("/api/generate", json=body).json()
        with ray.stream("POST", "/api/generate", json=body, headers={"Accept": "application/x-ndjson"}) as stream:
            assert len(list(stream.iter_lines())) == 4
        assert ray.post("/api/generate", json={"label": "Elvish"}).json()["type"].endswith(":unknown-label")

    moments, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            try:
                status = httpx.post(f"{url}/api/classify", json={"names": ["Satoshi"]}, timeout=10).status_code
            except httpx.TransportError:
                status = 0
            moments.append((time.monotonic(), status))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    before = replicas()
    assert len(before) == 2
    killed = time.monotonic()
    os.kill(before[0], signal.SIGKILL)
    while len(set(replicas()) - {before[0]}) < 2 and time.monotonic() < killed + 40:
        time.sleep(0.5)
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    refused = [moment - killed for moment, status in moments if status != 200]
    assert len(set(replicas()) - {before[0]}) == 2
    assert all(0 <= moment < 8 for moment in refused), refused
    assert sum(status == 200 for _, status in moments) > 10 * len(refused)
