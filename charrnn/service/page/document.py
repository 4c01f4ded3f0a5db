"""The HTML document around the page: its language, script and style, and what previews of its links say."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from markupsafe import escape
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from charrnn.service.page.texts import texts_for

FOLDER = Path(__file__).parent
PICTURE, STYLE = FOLDER / "preview.png", FOLDER / "document.css"
SCRIPTS = (FOLDER / "kept.js", FOLDER / "page.js")
"""The second one calls the first."""
PICTURE_PATH = "/preview.png"
OF_SCRIPT = ["favourites.title", "favourites.empty", "favourites.remove", "favourites.again"]
OF_SCRIPT += ["tools.copy", "tools.text", "tools.csv", "tools.done", "tools.kept"]
OF_SCRIPT += ["kind.surname", "kind.female", "kind.male", "kind.full"]
"""Texts that the page's scripts write."""
OTHER_PREVIEW = re.compile(rb"<meta\s+(?:property=\"og:|name=\"twitter:)[^>]*>\s*")


class PageDocument:
    """Puts into the page's HTML what Gradio leaves out or fills in with words about itself, and serves the picture.

    Args:
        app: the page's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or scope["path"] not in ("/", PICTURE_PATH):
            await self.app(scope, receive, send)
        elif scope["path"] == PICTURE_PATH:
            await FileResponse(PICTURE, media_type="image/png")(scope, receive, send)
        else:
            await self._page(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {}
        body = bytearray()

        async def gather(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                page = completed(bytes(body), Request(scope))
                headers = MutableHeaders(raw=start["headers"])
                headers["content-length"] = str(len(page))
                headers.add_vary_header("accept-language")
                await send(start)
                await send({"type": "http.response.body", "body": page})

        # What is changed must not be compressed.
        uncompressed = [(key, value) for key, value in scope["headers"] if key != b"accept-encoding"]
        await self.app({**scope, "headers": uncompressed}, receive, gather)


def completed(page: bytes, request: Request) -> bytes:
    """The page's HTML with its own preview and texts, in the language that the request prefers.

    Args:
        page: as Gradio made it.
        request: for it.
    """
    texts = texts_for(request.headers.get("accept-language", ""))
    named = {
        "description": texts("page.description"),
        "twitter:card": "summary_large_image",
        "charrnn-texts": json.dumps({key: str(texts(key, name="{name}")) for key in OF_SCRIPT}),
    }
    shown = {
        "og:type": "website",
        "og:title": texts("page.title"),
        "og:description": texts("page.description"),
        "og:image": str(request.base_url).rstrip("/") + PICTURE_PATH,
        "og:url": str(request.url),
    }
    tags = [f'<meta name="{name}" content="{escape(content)}" />' for name, content in named.items()]
    tags += [f'<meta property="{name}" content="{escape(content)}" />' for name, content in shown.items()]
    page = OTHER_PREVIEW.sub(b"", page)
    page = page.replace(b'lang="en"', f'lang="{texts.tag}"'.encode(), 1)
    # Before all of Gradio's own scripts.
    return page.replace(b"<head>", "\n".join(["<head>", *tags, script_and_style()]).encode(), 1)


@cache
def script_and_style() -> str:
    """The page's own scripts, and the style of what lies around Gradio's parts."""
    scripts = "".join(f"<script>{path.read_text('utf-8')}</script>\n" for path in SCRIPTS)
    return f"{scripts}<style>{STYLE.read_text('utf-8')}</style>"
