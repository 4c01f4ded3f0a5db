"""The system's Chromium, and servers that run for the time of a test."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# A page beside which another process of the suite is busy takes its time.
expect.set_options(timeout=15_000)


# Not for the session: while Playwright runs, its event loop does, and no other can be started in this thread.
@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        if os.environ.get("CHARRNN_REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here (CHARRNN_REQUIRE_BROWSER) but not installed", pytrace=False)
        pytest.skip("no Chromium on this machine: install it to test the pages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def served(*command):
    """The address of a server that this command starts, with ``--port`` added to it."""
    port = free_port()
    server = subprocess.Popen([*command, "--port", str(port)])
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


class Visitors:
    """Browser contexts, each lent to one visitor at a time.

    They keep what Chromium caches of the page, whose start takes most of the time of a test, and forget what their
    visitors did.

    Args:
        browser: Chromium.
    """

    def __init__(self, browser):
        self.browser = browser
        self.free = {}

    def lend(self, viewport=None, permissions=(), **how):
        """A context, and the settings to give it back with.

        Args:
            viewport: width and height.
            permissions: as Playwright names them.
            how: other settings of the context, such as ``locale``.
        """
        settings = {"viewport": viewport or {"width": 1280, "height": 900}, **how}
        free = self.free.setdefault(repr(sorted(settings.items())), [])
        context = free.pop() if free else self.browser.new_context(**settings)
        context.grant_permissions(list(permissions))
        return context, free

    @staticmethod
    def take_back(page, free):
        """End the visit of a page that was opened in a context that :meth:`lend` gave together with ``free``."""
        context = page.context
        address = urlsplit(page.url)
        # Not by a script of the page, which may be about to load anew, as after Back.
        storage = {"origin": f"{address.scheme}://{address.netloc}", "storageTypes": "local_storage"}
        page.goto("about:blank")
        context.new_cdp_session(page).send("Storage.clearDataForOrigin", storage)
        context.clear_cookies()
        context.clear_permissions()
        page.close()
        free.append(context)


def open_page(context, url, address=None):
    """A page; ``outside`` collects its requests to other servers, ``errors`` those of its scripts.

    Args:
        context: of the browser.
        url: to open.
        address: of the server; the same as the URL if that is left out.
    """
    page = context.new_page()
    page.outside, page.errors = [], []
    own = (address or url, "data:", "blob:")
    page.on("request", lambda r: page.outside.append(r.url) if not r.url.startswith(own) else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(url)
    return page
