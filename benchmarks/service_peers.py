"""The servers that are measured: ours, and others that answer the same question.

``python benchmarks/service_peers.py PEER PORT`` is one of the others; LitServe is in a file of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

START_SECONDS, STOP_SECONDS = 120, 20
ANSWER = {
    "results": [
        {
            "name": "Satoshi",
            "predictions": [
                {"label": "Japanese", "probability": 0.9999381995434664},
                {"label": "Italian", "probability": 0.000030098954062482377},
                {"label": "Finnish", "probability": 0.00000956920566931655},
            ],
            "abstained": False,
            "reason": None,
        }
    ],
    "model": "0123456789abcdef" * 4,
}
"""As large as our own answer."""


class Server:
    """A server in a process of its own, from ``with`` until it is left.

    Args:
        arguments: of Python; ``{port}`` stands for a free port.
        ready: a path that is answered with 200 as soon as the server takes requests.

    Attributes:
        port: where it listens.
        errors: lines of its log that tell of an error, there when it has ended.
    """

    def __init__(self, *arguments: str, ready: str = "/readyz") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.arguments = [argument.format(port=self.port) for argument in arguments]
        self.ready = ready
        self.errors: list[str] = []

    @classmethod
    def ours(cls, *flags: str) -> Server:
        """``charrnn serve``."""
        return cls("-m", "charrnn", "serve", "--port", "{port}", *flags)

    @classmethod
    def peer(cls, name: str, ready: str = "/readyz") -> Server:
        """One of :data:`PEERS`."""
        return cls(__file__, name, "{port}", ready=ready)

    @classmethod
    def litserve(cls, batch: int) -> Server:
        """LitServe, with batches of so many names."""
        return cls(str(Path(__file__).with_name("service_litserve.py")), "{port}", str(batch), ready="/health")

    def __enter__(self) -> Server:
        self._log = tempfile.TemporaryFile()
        quiet = {"OPENBLAS_NUM_THREADS": "1", "GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_SSR_MODE": "false"}
        self.process = subprocess.Popen(
            [sys.executable, *self.arguments],
            env=os.environ | quiet,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
        # Its group holds the processes that it left behind; LitServe does.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._log.seek(0)
        marks = (b'"level":"error"', b"Traceback", b'"status":50')
        self.errors = [line.decode(errors="replace") for line in self._log if any(mark in line for mark in marks)]
        self._log.close()

    def resident(self) -> float:
        """Resident memory in MiB, with that of its children."""
        return sum(_resident(pid) for pid in _family(self.process.pid)) / 1024

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.ready}", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        self._log.seek(0)
        raise RuntimeError(f"{self.arguments}: did not start.\n{self._log.read()[-2000:].decode(errors='replace')}")


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [descendant for child in tasks.read_text().split() for descendant in _family(int(child))]
        except OSError:
            continue
    return found


def _resident(pid: int) -> int:
    """VmRSS in KiB; 0 of a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def bare(port: int) -> None:
    """A route that computes nothing; with the type of its answer annotated, it is faster than with a JSONResponse."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()

    @app.post("/api/classify")
    async def classify() -> Any:
        return ANSWER

    @app.get("/readyz")
    async def readyz() -> Any:
        return {"status": "ready"}

    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")


def gradio(port: int) -> None:
    """Gradio's own endpoint with our classifier."""
    import gradio as gr

    import charrnn

    model: Any = charrnn.load("names/classifier")

    def classify(name: str) -> dict[str, float]:
        return {score.label: score.probability for score in model.predict([name])[0].predictions}

    interface = gr.Interface(classify, "text", "json", api_name="classify", concurrency_limit=16)
    interface.launch(server_name="127.0.0.1", server_port=port, quiet=True, ssr_mode=False)


PEERS = {"bare": bare, "gradio": gradio}

if __name__ == "__main__":
    PEERS[sys.argv[1]](int(sys.argv[2]))
