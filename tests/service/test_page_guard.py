import asyncio
import json

import pytest

from charrnn.service.limits import BODY
from charrnn.service.page_guard import BODY_BYTES, PageGuard, is_of_page


@pytest.mark.parametrize(
    ("path", "is_needed"),
    [
        ("/", True),
        ("/config", True),
        ("/assets/index-1.js", True),
        ("/static/fonts/a.woff2", True),
        ("/gradio_api/queue/join", True),
        ("/gradio_api/heartbeat/a1b2", True),
        ("/gradio_api/call/classify", True),
        ("/gradio_api/run/predict", False),
        ("/gradio_api/call/generate/0f3e", True),
        ("/gradio_api/call/other", False),
        ("/gradio_api/call/v2/classify", True),
        ("/gradio_api/call/v2/other", False),
        ("/gradio_api/call/v2/classify/0f3e", False),
        ("/gradio_api/file=https://a.example", False),
        ("/gradio_api/file/https://a.example", False),
        ("/gradio_api/upload", False),
        ("/gradio_api/run/classify", False),
        ("/gradio_api/queue/join/", False),
        ("//config", False),
        ("/assets/../config", False),
        ("/login", False),
    ],
)
def test_only_what_the_page_needs_leads_to_gradio(path, is_needed):
    assert is_of_page(path) == is_needed


def ask(app, path="/config", body=b""):
    async def run():
        sent = []

        async def send(message):
            sent.append(message)

        await PageGuard(app)({"type": "http", "method": "POST", "path": path, "headers": [], BODY: body}, None, send)
        return [message.get("status") for message in sent if message["type"] == "http.response.start"]

    return asyncio.run(run())


async def failing(scope, receive, send):
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": b"Internal Server Error"})
    raise KeyError("99")


async def fine(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})


def test_what_gradio_fails_on_was_no_request_of_the_page():
    assert ask(failing) == [422] and ask(fine) == [200]


def test_bodies_of_the_page_are_small():
    body = b'{"data": ["%s"]}'
    fitting = body % (b"x" * (BODY_BYTES - len(body) + 2))
    assert ask(fine, body=fitting) == [200] and ask(fine, body=fitting + b" ") == [413]


FILE = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize(
    "body",
    [
        {"data": [FILE]},
        {"data": [[[FILE]]]},
        {"data": ["a"], "event_data": FILE},
        {"data": FILE},
        {"name": FILE, "top_k": 1},
        [FILE],
        "text",
        7,
    ],
)
def test_objects_which_gradio_may_take_for_files_never_reach_it(body):
    assert ask(fine, body=json.dumps(body).encode()) == [422]


@pytest.mark.parametrize("body", [b"{", b"[" * 10_000, b"a=b", b"\xff", b'{"data": [}'])
def test_what_is_no_json_never_reaches_it(body):
    assert ask(fine, body=body) == [422]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"data": ["a", 1, null, true, [1, "b"]], "event_data": null}',
        b'{"event_data": {"value": "About", "index": 2}}',
    ],
)
def test_texts_and_numbers_do(body):
    assert ask(fine, body=body) == [200]
