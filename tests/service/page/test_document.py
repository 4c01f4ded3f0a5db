"""The document around the page: its own preview, its language, and nothing of other hosts."""

import asyncio
import json
import re
from html import unescape

import httpx
import pytest

from charrnn.service.assembly import Application
from charrnn.service.core import Service
from charrnn.service.settings import ServiceSettings


@pytest.fixture(scope="module")
def ask():
    async def made():
        # With a running event loop, for Gradio would leave one open that it starts itself.
        return Application(Service(ServiceSettings())).app

    app = asyncio.run(made())

    def ask(path, language="en", **headers):
        async def request():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://names.example") as client:
                return await client.get(path, headers={"accept-language": language, **headers})

        return asyncio.run(request())

    return ask


def meta(html):
    found = re.findall(r'<meta (?:property|name)="([^"]+)"\s+content="([^"]*)"', html)
    assert len({name for name, _ in found}) == len(found), "each only once"
    return {name: unescape(content) for name, content in found}


def test_previews_speak_of_the_page(ask):
    shown = meta(ask("/?name=Kelly").text)
    assert shown["og:title"] == "charrnn: names" and shown["og:image"] == "http://names.example/preview.png"
    assert shown["og:description"] == shown["description"]
    assert not any("gradio" in content.lower() for name, content in shown.items() if name.startswith(("og:", "twit")))
    picture = ask("/preview.png")
    assert picture.headers["content-type"] == "image/png" and 1000 < len(picture.content) < 200_000


def test_the_document_is_in_the_language_of_the_browser(ask):
    assert 'lang="en"' in ask("/").text
    chinese = ask("/", "zh-CN,zh;q=0.9").text
    assert 'lang="zh-CN"' in chinese and "姓名" in meta(chinese)["og:title"]
    texts = json.loads(meta(chinese)["charrnn-texts"])
    assert texts["favourites.title"] == "收藏的名字" and texts["kind.female"] == "女性名字"


def test_hosts_and_links_are_escaped(ask):
    html = ask('/?name="><script>alert(1)</script>', **{"x-forwarded-host": '"><b>'}).text
    assert "<script>alert" not in html and '"><b>' not in html


def test_it_is_whole_for_who_accepts_compression(ask):
    answer = ask("/", **{"accept-encoding": "gzip"})
    assert answer.text.rstrip().endswith("</html>") and int(answer.headers["content-length"]) == len(answer.content)
