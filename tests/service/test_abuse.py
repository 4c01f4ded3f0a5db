"""Clients that are broken, greedy or hostile: the server lives, and a good request right after is answered."""

import concurrent.futures
import json
import time

import httpx
import pytest

from tests.service.conftest import head, serving, status_of

JSON = {"Content-Type": "application/json"}
GOOD = b'{"names": ["Satoshi"]}'


SECONDS = 2.0
"""For computing, and for a body to arrive: less than by default, so that the tests are shorter."""
CODE = f"""
from charrnn.service import server
from charrnn.service.limits import Limits
from charrnn.service.settings import ServiceSettings

settings = ServiceSettings(port=0)
server.serve(settings, server.prepared(settings, Limits(seconds={SECONDS}, body_seconds={SECONDS})))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("abuse"), command=("-c", CODE)) as server:
        yield server


@pytest.fixture(autouse=True)
def alive_afterwards(server):
    yield
    answer = httpx.post(f"{server.url}/api/classify", json={"names": ["Satoshi"]}, timeout=5)
    assert answer.status_code == 200 and answer.json()["results"][0]["predictions"][0]["label"] == "Japanese"
    assert server.process.poll() is None
    assert not [line for line in server.log() if line["level"] == "error"]


def ask(server, request, **options):
    """The status of the answer; None if the connection was closed without one."""
    with server.connect(**options) as connection:
        try:
            connection.sendall(request)
            return status_of(connection)
        except ConnectionError:
            return None


def test_a_body_of_50_mb_is_refused_with_little_memory(server):
    before = server.memory()
    assert ask(server, head("POST", "/api/classify", b'{"names": ["' + b"a" * 50_000_000 + b'"]}')) == 413
    assert ask(server, head("POST", "/gradio_api/call/classify", b'{"data": ["' + b"a" * 50_000_000 + b'"]}')) == 413
    assert server.memory() - before < 40


def test_a_body_without_a_length_is_counted_as_it_arrives(server):
    start = head("POST", "/api/classify", Content_Length=None, Transfer_Encoding="chunked")
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    assert ask(server, start + chunk * 40 + b"0\r\n\r\n") == 413
    small = f"{len(GOOD):x}\r\n".encode() + GOOD + b"\r\n0\r\n\r\n"
    assert ask(server, start + small) == 200


def test_a_length_that_lies(server):
    # Too long: the rest never comes. Too short: what follows is no request.
    with server.connect() as connection:
        connection.sendall(head("POST", "/api/classify", GOOD, Content_Length=str(len(GOOD) + 10)))
    assert ask(server, head("POST", "/api/classify", GOOD, Content_Length="5")) in (400, 422)
    assert ask(server, head("POST", "/api/classify", GOOD, Content_Length="-5")) == 400


def test_compressed_bodies_are_not_read(server):
    assert ask(server, head("POST", "/api/classify", b"\x1f\x8b" * 50, Content_Encoding="gzip")) == 415


def test_a_billion_names_a_deep_body_and_numbers_that_are_none(server):
    for body in (
        b'{"label": "Irish", "n": 1000000000}',
        b'{"label": "Irish", "n": 1e400}',
        b'{"label": "Irish", "temperature": NaN}',
        b'{"label": "Irish", "temperature": -Infinity}',
        b'{"label": "Irish", "seed": ' + b"9" * 4000 + b"}",
        b'{"label": "Irish", "n": ' + b"9" * 100_000 + b"}",
        b'{"label":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 1_000_000,
        b'{"label": "Irish", "label": "Greek"}',
        b'{"label": "Irish"',
        b'{"label": "Ir\x00ish"}',
        b'{"label": "Irish", "prefix": "\\u0000"}',
        b'{"label": "Irish", "prefix": "\\ud800"}',
        b'{"label": "Irish", "characters": "\xed\xa0\x80"}',
    ):
        assert ask(server, head("POST", "/api/generate", body)) in (400, 422), body[:60]


def test_names_that_cannot_be_scored_abstain_in_their_row(server):
    names = ["\x00", "\u202e", "😀", "a" * 10_000, "李" * 101, "\ufffe", "​", "\n", "=1+1", "<script>", "Satoshi"]
    results = httpx.post(f"{server.url}/api/classify", json={"names": names}).json()["results"]
    assert [result["name"] for result in results] == names and not results[-1]["abstained"]
    assert all(result["reason"] for result in results[:8])


def test_patterns_that_make_others_stand_still(server):
    began = time.monotonic()
    for pattern, statuses in (
        ("(a+)+$", (200,)),
        ("(a|aa)*b", (200,)),
        ("a" * 1_000_000, (422, 413)),
        ("(" * 1000, (422,)),
        ("((a{100}){100}){100}", (422,)),
        (".{3000}", (422, 504)),
        ("(.*a.{12})*", (200, 422, 504)),
        ("(.?){6000}", (422,)),
        ("[" * 500 + "a" + "]" * 500, (200, 422)),
        ("a{999999999}", (422,)),
        ("\\1", (422,)),
    ):
        body = json.dumps({"label": "Irish", "n": 1, "pattern": pattern}).encode()
        assert ask(server, head("POST", "/api/generate", body)) in statuses, pattern[:40]
    assert time.monotonic() - began < 30


def test_work_that_never_ends_is_stopped(server):
    body = {"label": "Irish", "n": 1000, "novel": True, "pattern": "Mac[A-F][a-e]", "resample": 256}
    began = time.monotonic()
    response = httpx.post(f"{server.url}/api/generate", json=body, timeout=30)
    assert time.monotonic() - began < 2 * SECONDS
    answer = response.json()
    assert (response.status_code == 200 and not answer["complete"] and answer["message"]) or response.status_code == 504


def in_use(server, name="charrnn_computing"):
    metrics = httpx.get(f"{server.url}/metrics").text
    return float(next(line.split()[1] for line in metrics.splitlines() if line.startswith(f"{name} ")))


@pytest.mark.parametrize("accept", ["application/x-ndjson", "application/json"])
def test_a_client_that_goes_away_stops_the_work(server, accept):
    body = {"label": "Irish", "n": 1000, "novel": True, "pattern": "Mac[A-F][a-f]{1,2}", "resample": 256}
    with server.connect() as connection:
        connection.sendall(head("POST", "/api/generate", json.dumps(body).encode(), Accept=accept))
        if accept.endswith("ndjson"):
            assert status_of(connection) == 200
        time.sleep(0.3)
        assert in_use(server) == 1
    began = time.monotonic()
    while in_use(server) and time.monotonic() - began < 5:
        time.sleep(0.02)
    # The work by itself goes on until the limit.
    assert time.monotonic() - began < SECONDS / 2
    while True:  # written after the work has ended
        last = [line["status"] for line in server.log() if line.get("route") == "/api/generate"][-1]
        if last == 499 or time.monotonic() - began > 5:
            break
    assert last == 499


def test_300_requests_that_nobody_reads_keep_no_other_client_waiting(server):
    body = json.dumps({"label": "Irish", "n": 1000, "resample": 16, "prefix": "Mac"}).encode()
    before, connections = server.memory(), []
    try:
        for _ in range(300):
            connection = server.connect(source="127.0.0.2")
            connections.append(connection)
            connection.sendall(head("POST", "/api/generate", body))
        waits = []
        for _ in range(5):
            began = time.monotonic()
            other = head("POST", "/api/generate", b'{"label": "Greek", "n": 10}')
            assert ask(server, other, source="127.0.0.3") == 200
            waits.append(time.monotonic() - began)
        assert sorted(waits)[2] < 5
        assert httpx.get(f"{server.url}/readyz", timeout=2).status_code == 200
    finally:
        for connection in connections:
            connection.close()
    wait_until_idle(server)
    assert server.memory() - before < 100


def wait_until_idle(server):
    for _ in range(400):
        if not in_use(server) and not in_use(server, "charrnn_waiting"):
            return
        time.sleep(0.05)
    pytest.fail("the server is still busy after 20 s")


def test_200_clients_at_once_get_an_answer_or_a_refusal(server):
    def classify(i):
        return ask(server, head("POST", "/api/classify", json.dumps({"names": [f"Satoshi{'a' * (i % 7)}"]}).encode()))

    def generate(i):
        return ask(server, head("POST", "/api/generate", json.dumps({"label": "Irish", "n": 10}).encode()))

    with concurrent.futures.ThreadPoolExecutor(200) as threads:
        assert set(threads.map(classify, range(200))) == {200}
        statuses = list(threads.map(generate, range(200)))
    assert set(statuses) <= {200, 429} and statuses.count(200) >= 8
    wait_until_idle(server)


def test_a_refusal_says_when_to_try_again(server):
    body = json.dumps({"label": "Irish", "n": 1000, "resample": 64, "prefix": "O'"}).encode()
    connections = [server.connect() for _ in range(60)]
    try:
        for connection in connections:
            connection.sendall(head("POST", "/api/generate", body))
        time.sleep(0.5)
        response = httpx.post(f"{server.url}/api/generate", content=body, headers=JSON)
        assert response.status_code == 429 and int(response.headers["retry-after"]) >= 1
        assert response.json()["type"] == "urn:charrnn:problem:busy"
    finally:
        for connection in connections:
            connection.close()
    wait_until_idle(server)


def test_slow_clients_keep_nobody_waiting(server):
    connections = [server.connect() for _ in range(100)]
    try:
        for connection in connections:
            connection.sendall(head("POST", "/api/classify", GOOD)[:-5])
        began = time.monotonic()
        assert ask(server, head("POST", "/api/classify", GOOD)) == 200
        assert time.monotonic() - began < 2
        # A body that does not come is not waited for without end.
        assert status_of(connections[0]) == 408
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/api/../../etc/passwd",
        "/api/..%2f..%2fetc%2fpasswd",
        "/docs/assets/..%2f..%2f__init__.py",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=..%2f..%2fetc/passwd",
        "/gradio_api/file=https://127.0.0.1/",
        "/gradio_api/file=http://127.0.0.1/",
        "//gradio_api//file=https://127.0.0.1/",
        "/gradio_api/file%3Dhttps://127.0.0.1/",
        "/gradio_api/proxy=https://127.0.0.1/",
        "/gradio_api/file/https://127.0.0.1/",
        "/gradio_api/deep_link?session_hash=a",
        "/gradio_api/dev/reload",
        "/monitoring/summary",
        "/config/../monitoring",
        "/static/..%2f..%2f..%2fetc/passwd",
        "/%00",
    ],
)
def test_no_file_and_no_other_host_is_reached(server, path):
    assert ask(server, head("GET", path, Content_Length=None)) in (400, 403, 404)


def test_gradio_takes_no_files_and_no_large_names(server):
    files = {"files": ("a.txt", b"x" * 1000)}
    for path in ("/gradio_api/upload", "/gradio_api/upload?upload_id=1", "//gradio_api/upload", "/gradio_api//upload"):
        assert httpx.post(f"{server.url}{path}", files=files).status_code == 404
    for path in ("run/classify", "api/classify", "component_server", "process_recording", "vibe-edit", "stream/x"):
        assert httpx.post(f"{server.url}/gradio_api/{path}", json={"data": ["a"]}).status_code == 404
    for path, body in (
        ("queue/join", {"fn_index": 99, "session_hash": "a", "data": []}),
        ("queue/join", {"fn_index": "x"}),
        ("queue/join", []),
        ("call/classify", {"data": "x"}),
        ("call/classify", {"session_hash": ["x"]}),
    ):
        assert httpx.post(f"{server.url}/gradio_api/{path}", json=body).status_code < 500, (path, body)
    assert httpx.post(f"{server.url}/gradio_api/call/classify", json={"data": ["a" * 40_000]}).status_code == 413
    body = json.dumps({"data": ["Satoshi" * 1000, 5]}).encode()
    event = httpx.post(
        f"{server.url}/gradio_api/call/classify", content=body, headers={"Content-Type": "application/json"}
    )
    assert event.status_code == 200
    answer = httpx.get(f"{server.url}/gradio_api/call/classify/{event.json()['event_id']}", timeout=20)
    assert "too-long" in answer.text and len(answer.text) < 10_000


def test_broken_http(server):
    for data in (b"\x00\xff" * 100, b"GET\r\n\r\n", b"POST /api/classify HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00"):
        assert ask(server, data) in (400, None)
    assert ask(server, b"GET /readyz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n") in (
        200,
        400,
        431,
        None,
    )


def test_no_name_reaches_log_or_metrics(server):
    name = "Qwertyuiop"
    httpx.post(f"{server.url}/api/classify", json={"names": [name]})
    httpx.post(f"{server.url}/api/classify?name={name}", json={"names": [name], name: 1})
    httpx.post(f"{server.url}/api/generate", json={"label": name, "pattern": name})
    httpx.get(f"{server.url}/{name}")
    for data in ([name, 5], [name, name], [{"name": name}, 5], [name]):
        httpx.post(f"{server.url}/gradio_api/call/classify", json={"data": data})
    for data in ([name, 10, 0.8], ["Irish", name, 0.8], ["Irish", 5, name], [name]):
        httpx.post(f"{server.url}/gradio_api/call/generate", json={"data": data})
    httpx.get(f"{server.url}/api/{name}", headers={"X-Request-ID": f"{name} \x01"})
    time.sleep(0.5)
    assert name not in server.log_file.read_text() and name not in httpx.get(f"{server.url}/metrics").text
