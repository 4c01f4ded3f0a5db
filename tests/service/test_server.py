"""The server as a process: signals, processes, tokens, headers, and what it says when it cannot start."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from charrnn.cli import main
from tests.conftest import ROOT
from tests.service.conftest import head, serving, status_of

CODE = """
from charrnn.service import server
from charrnn.service.limits import Limits
from charrnn.service.settings import ServiceSettings

settings = ServiceSettings(port=0, no_page=True)
server.serve(settings, server.prepared(settings, Limits(drain_seconds=2)))
"""
GENERATE = {"label": "Irish", "n": 300, "seed": 1}


class Clients:
    """Threads that send one request after the other, and note each answer, until the server refuses or is gone."""

    def __init__(self, server, count, path="/api/generate", body=GENERATE):
        self.server, self.statuses, self.cut = server, [], []
        self.path, self.body = path, body
        self.threads = [threading.Thread(target=self.work) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self):
        with httpx.Client(timeout=20) as client:
            while True:
                try:
                    response = client.post(f"{self.server.url}{self.path}", json=self.body)
                except (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError) as error:
                    # A connection that is refused was never accepted; one that ends in an answer was.
                    if not isinstance(error, httpx.ConnectError):
                        self.cut.append(error)
                    return
                self.statuses.append(response.status_code)
                if response.status_code == 503:
                    return

    def join(self):
        for thread in self.threads:
            thread.join(30)


@pytest.mark.parametrize("flags", [(), ("--no-page", "--workers", "2")], ids=["one process", "two processes"])
def test_sigterm_with_16_clients_loses_no_request(tmp_path, flags):
    with serving(tmp_path, *flags) as server:
        clients = Clients(server, 16)
        assert until(lambda: clients.statuses.count(200) >= 8)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=15) == 0
        assert time.monotonic() - began < 10
        clients.join()
        logged = [line["status"] for line in server.log() if line.get("route") == "/api/generate"]
    answered = clients.statuses.count(200)
    assert answered >= 8 and set(clients.statuses) <= {200, 429, 503}
    assert clients.cut == [] and logged.count(200) == answered and not [status for status in logged if status >= 500]


def test_while_it_drains_it_says_so_and_finishes_what_it_has_begun(tmp_path):
    with serving(tmp_path, command=("-c", CODE)) as server:
        slow = json.dumps({"label": "Irish", "n": 1000, "novel": True, "pattern": "Mac[A-F][a-f]{1,2}"}).encode()
        with server.connect() as connection, server.connect() as other, server.connect() as third:
            connection.sendall(head("POST", "/api/generate", slow))
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            other.sendall(head("GET", "/readyz", Content_Length=None))
            third.sendall(head("POST", "/api/generate", slow))
            assert status_of(other) == 503 and status_of(third) == 503
            assert status_of(connection) == 200
            answer = connection.recv(10**6).partition(b"\r\n\r\n")[2]
            assert b'"complete":false' in answer or answer == b""
        assert server.process.wait(timeout=15) == 0


def test_ctrl_c_ends_it_at_once_with_status_0(tmp_path):
    with serving(tmp_path, "--no-page") as server:
        began = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=10) == 0 and time.monotonic() - began < 3


def models_of(server):
    described = httpx.get(f"{server.url}/api/models", timeout=10).json()["models"]
    return {model["task"]: model["sha256"] for model in described}


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    # Asked once more at the end, another process might answer.
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.1)
    return held


@pytest.mark.parametrize("flags", [(), ("--workers", "2")], ids=["one process", "two processes"])
def test_sighup_loads_the_models_anew_or_keeps_them(tmp_path, shipped, trained, flags):
    models = tmp_path / "models"
    shutil.copytree(shipped, models)
    with serving(tmp_path, "--no-page", "--models", models, *flags) as server:
        before = models_of(server)
        shutil.rmtree(models / "classifier")
        shutil.copytree(trained["classifier"], models / "classifier")
        config = models / "generator" / "config.json"
        whole = config.read_text(encoding="utf-8")
        config.write_text(whole[:100], encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        assert until(lambda: "config.json" in server.log_file.read_text(encoding="utf-8")), server.log()
        time.sleep(1)
        assert models_of(server) == before
        assert "Traceback" not in server.log_file.read_text(encoding="utf-8")
        config.write_text(whole, encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        assert until(lambda: all(models_of(server)["classifier"] != before["classifier"] for _ in range(5)))
        assert models_of(server)["generator"] == before["generator"]

        def shown():
            metrics = httpx.get(f"{server.url}/metrics").text.splitlines()
            return [line for line in metrics if line.startswith("charrnn_model{") and line.endswith(" 1.0")]

        # A process that was replaced shows its models until it has ended.
        assert until(lambda: len(shown()) == 2 and not any(before["classifier"] in line for line in shown())), shown()


def test_several_processes_add_up_their_metrics_and_replace_one_that_dies(tmp_path):
    with serving(tmp_path, "--workers", "2") as server:
        for _ in range(20):  # each on a connection of its own
            assert httpx.post(f"{server.url}/api/classify", json={"names": ["Satoshi"]}).status_code == 200
        metrics = httpx.get(f"{server.url}/metrics").text
        assert 'charrnn_requests_total{route="/api/classify",status="200"} 20.0' in metrics
        assert httpx.get(f"{server.url}/").status_code == 307  # no page
        children = subprocess.run(
            ["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        for child in children:
            with open(f"/proc/{child}/cmdline") as line:  # noqa: PTH123
                if "spawn_main" in line.read():
                    os.kill(int(child), signal.SIGKILL)
                    break

        def answers():
            try:
                return httpx.post(f"{server.url}/api/classify", json={"names": ["a"]}, timeout=2).status_code == 200
            except httpx.TransportError:
                return False

        assert until(lambda: all(answers() for _ in range(4)))


def test_a_token_guards_everything_but_health(tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("a-token-of-one-client\nb-token-of-another-one\n")
    with serving(tmp_path, "--token-file", tokens) as server:
        paths = ["/", "/docs", "/openapi.json", "/metrics", "/api/models", "/gradio_api/info", "/api/nothing"]
        for path in paths:
            response = httpx.get(f"{server.url}{path}")
            assert response.status_code == 401 and response.headers["www-authenticate"] == "Bearer"
        for sent in (
            "Bearer wrong",
            "a-token-of-one-client",
            "Basic YTpi",
            "Bearer x y",
            "Bearer a-token-of-one-clien",
        ):
            body = {"names": ["Satoshi"]}
            refused = httpx.post(f"{server.url}/api/classify", json=body, headers={"Authorization": sent})
            assert refused.status_code == 401 and refused.json()["type"].endswith(":unauthorized")
        assert httpx.get(f"{server.url}/healthz").json() == {"status": "alive"}
        assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready"}
        for token in ("a-token-of-one-client", "b-token-of-another-one"):
            fine = httpx.post(f"{server.url}/api/classify", json=body, headers={"Authorization": f"Bearer {token}"})
            assert fine.status_code == 200
        assert "token-of" not in server.log_file.read_text()


def test_headers_origins_and_forwarded_addresses(tmp_path):
    flags = ("--no-page", "--cors", "https://game.example", "--trusted-proxy", "127.0.0.1")
    with serving(tmp_path, *flags) as server:
        asked = {"Origin": "https://game.example", "Access-Control-Request-Method": "POST"}
        preflight = httpx.options(f"{server.url}/api/classify", headers=asked)
        assert preflight.headers["access-control-allow-origin"] == "https://game.example"
        stranger = httpx.get(f"{server.url}/readyz", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in stranger.headers
        response = httpx.get(f"{server.url}/readyz", headers={"X-Request-ID": "mine-1", "X-Forwarded-For": "10.0.0.1"})
        assert response.headers["x-request-id"] == "mine-1" and "server" not in response.headers
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "huggingface.co" in response.headers["content-security-policy"]
        made = httpx.get(f"{server.url}/readyz", headers={"X-Request-ID": "not allowed: {}"}).headers["x-request-id"]
        assert made != "not allowed: {}"
        assert until(lambda: made in [line.get("id") for line in server.log()])  # written after the answer


@pytest.mark.parametrize(
    ("flags", "environment", "message"),
    [
        (["--host", "192.0.2.1"], {}, "cannot be listened on at 192.0.2.1"),
        (["--host", "nowhere.invalid"], {}, "host nowhere.invalid: is no address"),
        (["--models", "nowhere"], {}, "models nowhere: holds neither classifier/ nor generator/"),
        (["--models", "nowhere", "--workers", "2"], {}, "models nowhere: holds neither classifier/ nor generator/"),
        (["--token-file", "nowhere"], {}, "token_file nowhere: cannot be read (No such file or directory)"),
        (["--token-file", "/dev/null"], {}, "needs a token on each line"),
        (["--port", "99999"], {}, "port 99999: must be from 0 to 65535"),
        (["--workers", "0"], {}, "workers 0: must be from 1"),
        ([], {"CHARRNN_PORT": "http"}, "CHARRNN_PORT 'http': must be a whole number"),
        ([], {"GRADIO_SERVER_PORT": "abc"}, "GRADIO_SERVER_PORT 'abc': must be a whole number"),
        ([], {"CHARRNN_NO_PAGE": "perhaps"}, "CHARRNN_NO_PAGE 'perhaps': must be 1 or 0"),
        (["--ray-address", "x:1"], {}, "ray_address: is for the engine ray"),
        ([], {"CHARRNN_ENGINE": "spark"}, "engine 'spark': must be one of local, ray"),
    ],
)
def test_what_cannot_be_served_is_one_line_and_status_2(flags, environment, message, monkeypatch, capsys):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    port = [] if "--port" in flags or "CHARRNN_PORT" in environment else ["--port", "0"]
    assert main(["serve", *port, *flags]) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == "" and line.startswith("charrnn: ") and message in line


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--port", "TAKEN"], "port TAKEN: cannot be listened on at 127.0.0.1"),
        (["--workers", "2"], "this is one process with the page. Use charrnn serve."),
    ],
)
def test_app_py_says_it_likewise(flags, message):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        flags, message = [flag.replace("TAKEN", port) for flag in flags], message.replace("TAKEN", port)
        done = subprocess.run([sys.executable, "app.py", *flags], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("app.py: ") and message in line
