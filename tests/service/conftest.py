"""The service in this process, without a network, and as a process of its own."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from charrnn.service.assembly import Application
from charrnn.service.core import Service
from charrnn.service.settings import ServiceSettings
from tests.conftest import ROOT


class Client:
    """Asks an application in this process; each call is an event loop of its own."""

    def __init__(self, app):
        self.app = app

    def request(self, method, path, **options):
        async def ask():
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body, **options):
        return self.request("POST", path, json=body, **options)


def client_of(limits=None, **settings):
    return Client(Application(Service(ServiceSettings(no_page=True, **settings), limits)).app)


@pytest.fixture(scope="session")
def client():
    """The API over the shipped models."""
    return client_of()


class Server:
    """A server process. Its log is a list of what its lines of JSON hold."""

    def __init__(self, process, log, port):
        self.process, self.log_file, self.port = process, log, port
        self.url = f"http://127.0.0.1:{port}"

    def log(self):
        return [json.loads(line) for line in self.log_file.read_text(encoding="utf-8").splitlines()]

    def connect(self, source="127.0.0.1", timeout=20):
        """A connection from an address of the loopback network; each address counts as a client of its own."""
        return socket.create_connection(("127.0.0.1", self.port), timeout, source_address=(source, 0))

    def memory(self):
        """Resident memory in MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


@contextmanager
def serving(tmp_path, *flags, environment=None, command=("-m", "charrnn", "serve", "--port", "0")):
    """Start a server on a free port, and stop it."""
    log = tmp_path / "server.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, *command, *map(str, flags)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=ROOT,
            env=os.environ | (environment or {}),
        )
        try:
            announced = process.stdout.readline()
            assert "http://" in announced, f"{announced}\n{log.read_text()}"
            port = int(announced.split("http://")[1].split()[0].rpartition(":")[2])
            for _ in range(200):
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
            else:
                pytest.fail(f"the server did not get ready: {log.read_text()}")
            yield Server(process, log, port)
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=30)


def head(method, path, body=b"", **headers):
    """A request as bytes."""
    fields = {"Host": "x", "Content-Type": "application/json", "Content-Length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items() if v is not None), "", ""]
    return "\r\n".join(lines).encode() + body


def status_of(connection):
    """The status of the response that comes next."""
    data = b""
    while b"\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    return int(data.split(b" ", 2)[1])
