"""The page as a person sees it, in the system's Chromium."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

if not CHROMIUM and os.environ.get("CHARRNN_REQUIRE_BROWSER"):
    pytest.fail("Chromium is required here (CHARRNN_REQUIRE_BROWSER) but not installed", pytrace=False)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine: install it to test the page"),
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def address():
    port = free_port()
    server = subprocess.Popen([sys.executable, str(ROOT / "app.py"), "--port", str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            assert server.poll() is None, "the server ended"
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.25)
        else:
            pytest.fail("the page did not answer within a minute")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture
def page(address):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        page.outside = []
        page.on(
            "request",
            lambda r: page.outside.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None,
        )
        page.goto(address)
        yield page
        browser.close()


def test_a_name_is_classified_and_names_are_invented(page):
    page.get_by_label("Name", exact=True).fill("Papadopoulos")
    page.get_by_role("button", name="Classify").click()
    expect(page.get_by_text("looks clearly Greek")).to_be_visible()
    page.get_by_role("button", name="Satoshi").click()
    expect(page.get_by_text(re.compile("Satoshi looks .* Japanese"))).to_be_visible()

    page.get_by_role("tab", name="Generate").click()
    page.get_by_label("Seed").fill("7")
    page.get_by_role("button", name="Generate").click()
    box = page.locator("#names textarea")
    expect(box).to_have_value(re.compile(r"(\S.*\n){9}\S.*"))
    first = box.input_value()
    page.get_by_label("Label").click()
    page.get_by_role("option", name="Japanese").click()
    page.get_by_role("button", name="Generate").click()
    expect(box).not_to_have_value(first)
    assert page.outside == [], "the page must work offline"
