import asyncio

import pytest

from charrnn.service.limits import BODY
from charrnn.service.page_guard import PageGuard, is_of_page


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
        ("/gradio_api/run/predict", True),
        ("/gradio_api/call/generate/0f3e", True),
        ("/gradio_api/call/other", False),
        ("/gradio_api/call/v2/classify", False),
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
    assert ask(fine, body=b"x" * 16_384) == [200] and ask(fine, body=b"x" * 16_385) == [413]
