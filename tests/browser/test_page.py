"""The page as a person sees it, in the system's Chromium."""

import re
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_page, served
from tests.conftest import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser):
    with served(sys.executable, str(ROOT / "app.py")) as address:
        page = open_page(browser, address)
        yield page
        page.close()


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


def test_the_documentation_of_the_api_is_shown_without_the_network(browser):
    with served(sys.executable, "-m", "charrnn", "serve", "--no-page") as address:
        page = open_page(browser, f"{address}/docs")
        expect(page.get_by_text("Invent names", exact=True)).to_be_visible()
        page.locator(".opblock-post").nth(1).click()
        expect(page.get_by_text("Too many requests are waiting")).to_be_visible()
        expect(page.get_by_text("Resolver error")).to_have_count(0)
        assert not [url for url in page.outside if not url.startswith(address)]
        page.close()
