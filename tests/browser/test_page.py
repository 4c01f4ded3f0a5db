"""The page as a person sees it, in the system's Chromium."""

import json
import re
import sys
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitors, open_page, served
from tests.conftest import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address():
    with served(sys.executable, str(ROOT / "app.py")) as address:
        yield address


@pytest.fixture(scope="module")
def visitors(browser):
    return Visitors(browser)


@pytest.fixture
def visit(visitors, address):
    """Opens the page as a new visitor; at the end, no visitor may have asked another host."""
    visits = []

    def visit(query="", **how):
        context, free = visitors.lend(**how)
        page = open_page(context, f"{address}/{query}", address)
        visits.append((page, free))
        return page

    yield visit
    for page, free in visits:
        assert page.outside == [], "the page must work offline"
        assert page.errors == []
        visitors.take_back(page, free)


def box(page):
    return page.locator("#name textarea")


def sentence(page):
    return page.locator("#answer .sentence")


def names(page):
    return page.locator("#names .name").all_text_contents()


def jobs(page):
    """Counts the questions that the page sends from now on."""
    sent = []
    page.on("request", lambda r: sent.append(r) if "/queue/join" in r.url else None)
    return sent


def slow_to_start(browser, url):
    """A page whose first question, that of its start, waits for ``start()``."""
    page, held = browser.new_context().new_page(), []
    page.route(re.compile("/queue/join"), lambda route: held.append(route), times=1)
    with page.expect_request(re.compile("/queue/join")):
        page.goto(url)
    page.start = lambda: held[0].continue_()
    return page


def test_the_first_visit_shows_an_answer_and_names(visit):
    page = visit()
    expect(sentence(page)).to_have_text("Kowalczyk looks clearly Polish.")
    page.get_by_role("tab", name="New names").click()
    expect(page.locator("#names .name")).to_have_count(10)
    expect(page.locator("#status")).to_contain_text(re.compile(r"10 names\. Seed \d+ brings them again\."))


def test_answers_come_while_one_types_in_few_jobs(visit):
    page = visit()
    expect(sentence(page)).to_be_visible()
    sent = jobs(page)
    box(page).press_sequentially("Papadopoul", delay=60)
    expect(sentence(page)).to_contain_text("Papadopoul looks")
    assert 1 <= len(sent) <= 3
    box(page).press_sequentially("os")
    box(page).press("Enter")
    expect(sentence(page)).to_have_text("Papadopoulos looks clearly Greek.")
    assert len(sent) <= 5


def test_an_example_is_answered_at_once(visit):
    page = visit()
    page.get_by_role("button", name="Satoshi Nakamoto").click()
    expect(sentence(page)).to_have_text("Satoshi Nakamoto looks clearly Japanese.")
    assert box(page).input_value() == "Satoshi Nakamoto"


def test_who_changes_the_tab_while_the_page_loads_stays_there(browser, address):
    page = slow_to_start(browser, address)
    page.get_by_role("tab", name="New names").click()
    page.start()
    expect(page.locator("#names .name")).to_have_count(10)
    expect(page.get_by_role("tab", name="New names")).to_have_attribute("aria-selected", "true")
    page.context.close()


def test_letters_tell_their_numbers_to_eyes_and_ears(visit):
    page = visit("?name=Kowalczyk")
    letter = page.locator("#answer .letter").first
    assert re.fullmatch(r"k: [+−]\d\.\d", letter.get_attribute("aria-label"))
    letter.focus()
    shown = letter.evaluate("e => getComputedStyle(e, '::after').content")
    assert shown == f'"{letter.get_attribute("data-number")}"'
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("row", name=re.compile("^sum"))).to_be_visible()


LINES = """e => {
  const range = document.createRange();
  range.selectNodeContents(e.firstChild);
  return range.getClientRects().length;
}"""
"""In how many lines an element's first text stands."""


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_names_in_a_table_are_read_in_one_line_on_a_phone(visit, locale):
    page = visit("?name=Kova%C4%8Devi%C4%87%0AXqzwvkjx", viewport={"width": 390, "height": 844}, locale=locale)
    heads = page.locator("#answer tbody th")
    expect(heads).to_have_count(2)
    assert [head.evaluate(LINES) for head in heads.all()] == [1, 1]
    assert page.locator("#answer .wide").evaluate("e => e.scrollWidth <= e.clientWidth")
    expect(page.get_by_label("Compare with")).to_be_hidden()


def test_several_names_are_a_table(visit):
    page = visit()
    box(page).fill("Kowalczyk\nSatoshi\n42")
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.get_by_role("row", name=re.compile("Satoshi Japanese"))).to_be_visible()


def test_full_names_of_a_gender_are_brought_by_their_link(visit):
    page = visit("?tab=generate&label=Czech&kind=full&gender=female&seed=7&n=3")
    expect(page.locator("#names .name")).to_have_count(3)
    assert all(re.fullmatch(r".+ \S+á", name) for name in names(page))
    gender = page.get_by_role("combobox", name="Gender", exact=True)
    expect(gender).to_have_value("Women")
    page.get_by_role("combobox", name="Kind", exact=True).click()
    page.get_by_role("option", name="Surnames").click()
    expect(gender).to_be_hidden()
    daring = page.get_by_label("number input for How daring")
    expect(daring).to_have_value("0.8")
    page.get_by_role("combobox", name="Kind", exact=True).click()
    page.get_by_role("option", name="Full names").click()
    expect(gender).to_be_visible()
    expect(daring).to_have_value("0.5")


def test_names_are_invented_stopped_kept_and_brought_again(visit):
    page = visit("?tab=generate&label=Irish&seed=7&n=5")
    expect(page.locator("#names .name")).to_have_count(5)
    first = names(page)
    page.get_by_role("button", name=f"Keep {first[0]}", exact=True).click()
    expect(page.locator("#favourites .name")).to_have_text([first[0]])
    # The seed of a link brings its names once. Kept, it brings them each time.
    page.get_by_role("button", name="Invent names").click()
    expect(page.locator("#names .name").first).not_to_have_text(first[0])
    expect(page.locator("#names .name")).to_have_count(5)
    second = names(page)
    page.get_by_role("button", name="Keep this seed").click()
    expect(page.get_by_label("Seed")).to_have_value(re.compile("[0-9]+"))
    # One more, for the list of the same names is not seen to come again.
    page.locator("#how-many input[type=number]").fill("6")
    page.get_by_role("button", name="Invent names").click()
    expect(page.locator("#names .name")).to_have_count(6)
    assert names(page)[:5] == second
    page.go_back()
    expect(page.locator("#names .name")).to_have_text(second)
    page.go_back()
    expect(page.locator("#favourites .name")).to_have_text([first[0]])
    expect(page.get_by_role("button", name=f"Keep {first[0]}", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name=f"Let go of {first[0]}").click()
    expect(page.locator("#favourites .name")).to_have_count(0)


OLD = [{"name": "Olderová", "label": "Czech", "nearest": "", "distance": "", "looks": "", "stamp": "x"}]
"""A favourite as it was kept before kinds and links."""


def test_a_favourite_has_its_kind_and_is_drawn_again_by_its_link(visit):
    page = visit("?tab=generate&label=Czech&kind=female&seed=7&n=5")
    expect(page.locator("#names .name")).to_have_count(5)
    page.evaluate("old => localStorage.setItem('charrnn.favourites', JSON.stringify(old))", OLD)
    drawn = names(page)
    page.get_by_role("button", name=f"Keep {drawn[2]}", exact=True).click()
    kept = page.locator("#favourites .kept li")
    expect(kept).to_have_count(2)
    assert kept.nth(0).inner_text().split() == ["Olderová", "Czech"] and kept.nth(0).get_by_role("link").count() == 0
    expect(kept.nth(1)).to_contain_text("Female given names")
    with page.expect_download() as table:
        page.locator("#favourites").get_by_role("button", name="Save as CSV").click()
    rows = [row.split(",") for row in table.value.path().read_text("utf-8").splitlines()]
    assert [row[2] for row in rows] == ["kind", "", "female"]
    page.get_by_role("button", name="Invent names").click()
    expect(page.locator("#names .name").first).not_to_have_text(drawn[0])
    page.get_by_role("link", name=drawn[2], exact=True).click()
    expect(page.locator("#names .name")).to_have_text(drawn[:3])
    expect(page.get_by_role("combobox", name="Kind", exact=True)).to_have_value("Female given names")
    page.get_by_role("button", name="Let go of Olderová").click()
    expect(page.locator("#favourites .kept li")).to_have_count(1)


def test_shapes_are_kept_and_enter_asks(visit):
    page = visit("?tab=generate")
    page.get_by_role("button", name="Shape").click()
    page.get_by_label("Begins with").fill("Mac")
    page.get_by_label("Begins with").press("Enter")
    expect(page.locator("#names .name")).to_have_text([re.compile("^Mac")] * 10)
    assert "prefix=Mac" in page.url and "seed=" in page.url


def test_what_cannot_be_is_told_beside_the_names_and_goes_with_the_next_success(visit):
    page = visit("?tab=generate&label=Irish&prefix=%E6%97%A5")  # what is shaped is open
    expect(page.locator("#status .problem")).to_contain_text("What the names begin with has characters")
    page.get_by_label("Begins with").fill("Mac")
    page.get_by_role("button", name="Invent names").click()
    expect(page.locator("#names .name")).to_have_count(10)
    expect(page.locator("#status .problem")).to_have_count(0)


def test_stop_ends_the_work_of_the_server(visit, address):
    # There are few such names: the search for a hundred goes on until it is stopped, or given up after seconds.
    page = visit("?tab=generate&n=100&pattern=Spanochristodoul[a-o]{2}")
    expect(page.locator("#names .name").nth(3)).to_be_visible()

    def computing():
        metrics = urllib.request.urlopen(f"{address}/metrics").read().decode()
        return float(re.search(r"^charrnn_computing (\S+)", metrics, re.MULTILINE)[1])

    assert computing() == 1
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#status")).to_contain_text("Stopped after")
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()
    assert computing() == 0
    count = len(names(page))
    assert 3 < count < 100 and f"n={count}&" in f"{page.url}&"


# Between typing and Enter there is a frame, however quick somebody is; Gradio learns of what was typed in it.
NEXT_FRAMES = "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
STOP_AT_ONCE = """() => {
  const stop = document.querySelector('#stop');
  if (stop.disabled) return false;
  stop.click();
  return true;
}"""


def test_names_of_an_earlier_request_do_not_pass_for_those_of_one_that_was_stopped(visit):
    page = visit("?tab=generate&label=Greek&seed=7&n=5")
    expect(page.locator("#names .name")).to_have_count(5)
    page.get_by_role("button", name="Shape").click()
    page.get_by_label("Pattern").fill("Spanochristodoulou")  # the only such name is known; the search takes seconds
    page.evaluate(NEXT_FRAMES)
    page.get_by_label("Pattern").press("Enter")
    page.wait_for_function(STOP_AT_ONCE, polling=5)
    expect(page.locator("#status")).to_contain_text("Stopped before the first name.")
    expect(page.locator("#names .name")).to_have_count(0)


def test_a_link_restores_what_it_was_copied_from_and_back_works(visit):
    page = visit("?tab=generate&label=Scottish&seed=7&prefix=Mac&n=4")
    expect(page.locator("#names .name")).to_have_count(4)
    again = visit("?" + page.url.partition("?")[2])
    expect(again.locator("#names .name")).to_have_count(4)
    assert names(again) == names(page)
    page.get_by_role("tab", name="Which language?").click()
    box(page).fill("Haddad")
    expect(sentence(page)).to_contain_text("Haddad")
    page.wait_for_url(re.compile("name=Haddad"))
    page.go_back()
    expect(page.locator("#names .name")).to_have_count(4)
    assert "label=Scottish" in page.url


def test_back_leads_out_of_the_page(visit, address):
    """A link that the page completes makes no entry of its own, or each Back would make another."""
    page = visit("docs")
    page.goto(f"{address}/?tab=generate")
    expect(page.locator("#names .name")).to_have_count(10)
    page.wait_for_url(re.compile("seed="))
    page.go_back()
    page.wait_for_url(re.compile("/docs$"))


def test_a_request_that_comes_too_early_is_not_lost(visit):
    page = visit("?tab=generate&n=100&pattern=Spanochristodoul[a-o]{2}")
    expect(page.locator("#names .name").nth(3)).to_be_visible()
    expect(page.get_by_role("button", name="Invent names")).to_be_disabled()
    page.get_by_label("Pattern").fill("Mac.*")
    page.get_by_label("Pattern").press("Enter")
    expect(page.locator("#names .name")).to_have_count(100, timeout=20000)
    assert all(name.startswith("Mac") for name in names(page))


def test_who_asks_while_the_names_of_a_link_are_drawn_gets_their_own(visit):
    page = visit("?tab=generate&n=100&pattern=Spanochristodoul[a-o]{2}&seed=7")
    expect(page.locator("#names .name").nth(3)).to_be_visible()
    page.get_by_label("Pattern").fill("Mac.*")
    page.get_by_label("Seed").fill("42")
    page.get_by_label("Seed").press("Enter")
    expect(page.locator("#status")).to_contain_text("100 names. Seed 42", timeout=20000)
    assert all(name.startswith("Mac") for name in names(page))


def test_a_request_that_waits_is_dropped_by_stop(visit):
    page = visit("?tab=generate&n=100&pattern=Spanochristodoul[a-o]{2}")
    expect(page.locator("#names .name").nth(3)).to_be_visible()
    sent = jobs(page)
    page.get_by_label("Pattern").fill("Mac.*")
    page.get_by_label("Pattern").press("Enter")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#status")).to_contain_text("Stopped after")
    expect(page.get_by_role("button", name="Invent names")).to_be_enabled()
    before = len(sent)
    page.get_by_role("button", name="Invent names").click()
    expect(page.locator("#status")).to_contain_text("100 names.")
    page.wait_for_timeout(500)
    assert len(sent) == before + 1


@pytest.mark.parametrize("query", ["?tab=generate", "?tab=generate&label=Greek&seed=7&n=5"])
def test_nothing_is_asked_before_the_page_has_started(browser, address, query):
    page = slow_to_start(browser, f"{address}/{query}")
    page.get_by_role("tab", name="New names").click()
    sent, count = jobs(page), 5 if "n=5" in query else 10
    page.get_by_role("button", name="Invent names").click()
    page.wait_for_timeout(300)
    assert sent == []
    page.start()
    expect(page.locator("#names .name")).to_have_count(count)
    expect(page.locator("#status")).to_contain_text(f"{count} names. Seed")
    page.wait_for_timeout(500)
    assert len(sent) == 1
    page.context.close()


def test_who_asks_before_the_names_before_have_begun_is_heard(browser, address):
    """As where a crowd waits in the server's queue: the button is not disabled yet."""
    page, held = browser.new_context().new_page(), []
    page.goto(f"{address}/?tab=generate&label=Irish&seed=7&n=5")
    expect(page.locator("#names .name")).to_have_count(5)
    expect(page.get_by_role("button", name="Invent names")).to_be_enabled()
    page.wait_for_timeout(300)
    page.route(re.compile("/queue/join"), lambda route: held.append(route), times=1)
    with page.expect_request(re.compile("/queue/join")):
        page.get_by_role("button", name="Invent names").click()
    page.locator("#how-many input[type=number]").fill("7")
    page.get_by_role("button", name="Invent names").click()
    page.wait_for_timeout(300)
    held[0].continue_()
    expect(page.locator("#names .name")).to_have_count(7)
    page.context.close()


def test_a_question_between_two_languages_is_answered(visit):
    page = visit("?name=Kowalczyk")
    expect(sentence(page)).to_be_visible()
    page.get_by_label("Compare with").click()
    page.get_by_role("option", name="Czech").click()
    expect(page.locator("#answer")).to_contain_text("dashed orange line for Czech")
    page.wait_for_url(re.compile("name=Kowalczyk&other=Czech"))
    page.reload()
    expect(page.locator("#answer")).to_contain_text("dashed orange line for Czech")


def test_arrows_go_through_the_letters(visit):
    page = visit("?name=Kowalczyk")
    page.locator("#answer .letter").first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "w"
    assert page.locator("#answer .letter[tabindex='0']").count() == 1


def test_copies_and_files_hold_the_names(visit):
    page = visit("?tab=generate&label=Irish&seed=7&n=3", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator("#names .name")).to_have_count(3)
    page.get_by_role("button", name="Copy the names").first.click()
    assert page.evaluate("navigator.clipboard.readText()").split("\n") == names(page)
    page.get_by_role("button", name="Copy a link").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('seed=7'))")
    with page.expect_download() as text:
        page.get_by_role("button", name="Save as text").first.click()
    assert text.value.path().read_text("utf-8").splitlines() == names(page)
    with page.expect_download() as table:
        page.get_by_role("button", name="Save as CSV").first.click()
    rows = table.value.path().read_text("utf-8").splitlines()
    assert rows[0] == "\ufeffname,label,kind,nearest,distance,looks,stamp"
    assert [row.split(",")[0] for row in rows[1:]] == names(page)
    stamp = rows[1].split(",")[6]
    request = urllib.request.Request(
        f"{page.url.partition('?')[0]}api/repeat",
        json.dumps({"stamp": stamp}).encode(),
        {"Content-Type": "application/json"},
    )
    assert json.load(urllib.request.urlopen(request))["name"] == names(page)[0]


@pytest.mark.parametrize(
    "typed", ["<img src=x onerror=\"document.title='bad'\">", "![a](http://127.0.0.1:9/a.png)", "<form>"]
)
def test_names_are_shown_as_text(visit, typed):
    page = visit()
    box(page).fill(typed)
    expect(sentence(page)).to_contain_text(typed)
    assert page.locator("#answer img, #answer form").count() == 0 and page.title() == "charrnn"


@pytest.mark.parametrize(
    ("locale", "told", "tab"),
    [
        ("zh-CN", "Kowalczyk 显然像波兰语的名字。", "新的名字"),
        ("zh-TW", "Kowalczyk 顯然像波蘭語的名字。", "新的名字"),
        ("zh", "Kowalczyk 显然像波兰语的名字。", "新的名字"),
        ("de-DE", "Kowalczyk looks clearly Polish.", "New names"),
    ],
)
def test_it_speaks_the_language_of_the_browser(visit, locale, told, tab):
    page = visit("?name=Kowalczyk", locale=locale)
    expect(sentence(page)).to_have_text(told)
    page.get_by_role("tab", name=tab).click()
    expect(page.locator("#names .name")).to_have_count(10)
    if locale.startswith("zh"):
        latin = re.findall(r"[A-Za-z]{3,}", page.locator("#tabs").inner_text())
        own = {word for name in names(page) for word in re.findall(r"[A-Za-z]{3,}", name)}
        near = set(re.findall(r"[A-Za-z]{3,}", " ".join(page.locator("#names .remarks").all_inner_texts())))
        assert set(latin) - own - near <= {"Mac", "CSV", "Enter"}


@pytest.mark.parametrize("query", ["?name=Kowalczyk", "?tab=generate&label=Irish&seed=7", "?tab=about", "?name=a%0Ab"])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_phone_needs_no_sideways_scrolling_and_has_the_answer_in_view(visit, query, locale):
    page = visit(query, viewport={"width": 390, "height": 844}, locale=locale)
    answer = page.locator("#answer table, #names .name, #about h2").locator("visible=true").first
    expect(answer).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


STATES = {
    "first visit": "",
    "first names": "?tab=generate",
    "several names": "?name=" + "%0A".join(["Kovačević", "Horvat", "Nakamoto", "unknown", "Xqzwvkjx", "Acme Ltd"]),
    "long names": "?name=" + "%0A".join(["W" * 95, "Nguyễn", "a" * 120]),
    "a long name": "?name=" + "Wolfeschlegelsteinhausenbergerdorff" * 2,
    "doubt": "?name=Xqzwvkjx",
    "no letters": "?name=42",
    "error": "?tab=generate&pattern=(",
    "few names": "?tab=generate&n=100&pattern=[AB][ab]{2}&seed=1",
    "about": "?tab=about",
}


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_cut_short_in_any_state(visit, tmp_path, state):
    page = visit(STATES[state], viewport={"width": 390, "height": 844}, color_scheme="dark")
    shown = page.locator("#answer .answer, #answer p, #status p, #about h2").locator("visible=true").first
    expect(shown).to_be_visible()
    expect(page.locator("#status", has_text="names …")).to_have_count(0, timeout=15000)
    page.screenshot(path=tmp_path / f"{state}.png", full_page=True)
    assert page.evaluate(CUT) == []


CUT = """() => [...document.querySelectorAll('#tabs *')].filter((e) => {
  const style = getComputedStyle(e);
  const hides = ['hidden', 'clip'].includes(style.overflowX) && style.display !== 'inline';
  const isText = e.checkVisibility() && e.childElementCount === 0 && e.textContent.trim();
  return isText && hides && e.scrollWidth > e.clientWidth + 1;
}).map((e) => e.outerHTML.slice(0, 200))"""
"""Elements whose own text does not fit into them and is hidden."""


def test_on_a_phone_names_that_come_are_brought_into_view(visit):
    page = visit("?tab=generate", viewport={"width": 390, "height": 600})
    page.get_by_role("button", name="Invent names").click()
    expect(page.locator("#names .name").first).to_be_in_viewport()


def test_two_visitors_do_not_see_each_other(visit):
    one, other = visit("?name=Kowalczyk"), visit("?name=Satoshi")
    expect(sentence(one)).to_contain_text("Kowalczyk")
    expect(sentence(other)).to_contain_text("Satoshi")
    box(one).fill("Haddad")
    expect(sentence(one)).to_contain_text("Haddad")
    expect(sentence(other)).to_contain_text("Satoshi")
    other.get_by_role("tab", name="New names").click()
    other.locator("#names .heart").first.click()
    expect(other.locator("#favourites .name")).to_have_count(1)
    one.get_by_role("tab", name="New names").click()
    expect(one.locator("#favourites .name")).to_have_count(0)


def test_the_keyboard_alone_is_enough(visit):
    page = visit("?tab=generate")
    expect(page.locator("#names .name")).to_have_count(10)
    before = names(page)
    expect(page.get_by_role("button", name="Invent names")).to_be_enabled()
    page.get_by_role("button", name="Invent names").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#names .name").first).not_to_have_text(before[0])
    page.locator("#names .heart").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#favourites .name")).to_have_count(1)


def test_menus_close_when_one_tabs_on(visit):
    page = visit("?tab=generate")
    expect(page.locator("#names .name")).to_have_count(10)
    menus = page.get_by_role("combobox")
    menus.first.focus()
    expect(page.get_by_role("option", name="Japanese")).to_be_visible()
    page.keyboard.press("Tab")
    expect(menus.nth(1)).to_be_focused()
    expect(page.locator("[role=listbox]:visible")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(menus.nth(2)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("[role=listbox]:visible")).to_have_count(0)
    expect(page.locator("#how-many input").first).to_be_focused()
    menus.first.click()
    page.get_by_role("option", name="Japanese").click()
    expect(menus.first).to_have_value("Japanese")


def test_answers_are_announced(visit):
    page = visit("?name=Kowalczyk")
    announcer = page.locator("#announcer")
    expect(announcer).to_have_text("Kowalczyk looks clearly Polish.")
    page.get_by_role("tab", name="New names").click()
    page.get_by_role("button", name="Invent names").click()
    expect(announcer).to_contain_text(re.compile(r"^10 names\. Seed \d+ brings them again\.$"))


@pytest.mark.parametrize("query", ["", "?name=Kowalczyk"])
def test_what_is_typed_while_the_page_loads_stays(browser, address, query):
    page = slow_to_start(browser, f"{address}/{query}")
    box(page).fill("Haddad")
    expect(sentence(page)).to_contain_text("Haddad")
    page.start()
    page.wait_for_timeout(1000)
    assert box(page).input_value() == "Haddad"
    expect(sentence(page)).to_contain_text("Haddad")
    page.context.close()


def test_what_is_compared_while_the_page_loads_fits_its_answer(browser, address):
    page = slow_to_start(browser, f"{address}/?name=Kowalczyk&other=Greek")
    box(page).fill("Haddad")
    expect(sentence(page)).to_contain_text("Haddad")
    page.start()
    page.wait_for_timeout(1000)
    assert "Greek" not in page.locator("#answer").inner_text()
    assert "Greek" not in page.get_by_label("Compare with").input_value()
    page.context.close()


@pytest.mark.parametrize("query", ["?name=Kowalczyk", "?tab=generate&label=Irish&seed=7", "?tab=about"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_our_parts(visit, query, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(query, color_scheme=scheme)
    expect(page.locator("#answer table, #names .name, #about h2").locator("visible=true").first).to_be_visible()
    page.wait_for_timeout(300)
    found = [
        (finding["id"], finding["impact"], node["target"], node["any"][:1])
        for finding in Axe().run(page).response["violations"]
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]
    assert found == []


def test_the_documentation_of_the_api_is_shown_without_the_network(browser):
    with served(sys.executable, "-m", "charrnn", "serve", "--no-page") as address:
        page = open_page(browser.new_context(), f"{address}/docs", address)
        expect(page.get_by_text("Invent names", exact=True)).to_be_visible()
        page.locator(".opblock-post").nth(1).click()
        expect(page.get_by_text("Too many requests are waiting")).to_be_visible()
        expect(page.get_by_text("Resolver error")).to_have_count(0)
        assert page.outside == []
        page.context.close()
