"""Take the pictures of the page that README.md shows: ``python docs/images/make.py``. Needs Chromium and ``[dev]``."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURES = {
    "which-language": ("?name=Kowalczyk&other=Czech", 1000, 860, "light", "en-US", "#answer .sentence"),
    "new-names": (
        "?tab=generate&label=Irish&other=Japanese&seed=7",
        1000,
        1000,
        "dark",
        "en-US",
        "#names .name",
    ),
    "phone": ("?tab=generate&label=Japanese&seed=7", 390, 844, "light", "zh-CN", "#names .name"),
}
"""By the name of the file: link, width, height, colours, language, and what must be there first."""


def main() -> None:
    """Serve the page, and take the pictures."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "charrnn", "serve", "--port", str(port)])
    address = f"http://127.0.0.1:{port}/"
    try:
        wait_for(address)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            for name, (link, width, height, colours, language, part) in PICTURES.items():
                size = {"width": width, "height": height}
                page = browser.new_page(viewport=size, color_scheme=colours, locale=language)  # type: ignore[arg-type]
                page.goto(address + link)
                page.locator(part).first.wait_for()
                page.wait_for_timeout(1000)
                page.screenshot(path=Path(__file__).with_name(f"{name}.png"))
                page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str) -> None:
    """Return when the server takes requests."""
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{address}readyz", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{address}: did not start.")


if __name__ == "__main__":
    main()
