"""The requests of README.md and docs/serving.md are sent to a server, and get the answers that are printed there."""

import json
import re
import shutil
import subprocess
import sys
from decimal import Decimal

import httpx
import pytest

from charrnn.cli.serve import add_flags
from charrnn.machine import processors
from charrnn.service import page_guard, schemas
from charrnn.service.computing import SMALL, WAITING_SMALL
from charrnn.service.limits import Limits
from charrnn.service.page import classify_tab
from charrnn.service.problems import KINDS
from charrnn.service.protocol import HEAD_BYTES, HEAD_SECONDS
from charrnn.service.settings import ServiceSettings, variable
from charrnn.text import MAX_LENGTH
from tests.browser.conftest import browser  # noqa: F401 - a fixture
from tests.conftest import ROOT
from tests.e2e.test_readme import ENVIRONMENT, commands, table
from tests.service.conftest import serving

SERVING, OPERATING = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("serving.md", "operating.md"))
PAGES = {"README": (ROOT / "README.md").read_text(encoding="utf-8"), "serving": SERVING, "operating": OPERATING}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ADDRESS = "http://127.0.0.1:7860"
NODE, CURL = shutil.which("node"), shutil.which("curl")
ELSEWHERE = {
    "charrnn serve": "tests/service/test_server.py, test_ray_serve.py",
    "python3 -m venv": "as the Makefile does",
    ".venv/bin/pip install": "as the Makefile does",
    "hf upload": "nowhere: it needs an account",
}
"""Commands of docs/serving.md and docs/operating.md that do not run here, and where they run."""


def examples(language):
    """The blocks of a language, each with the block of output that follows it."""
    found = []
    for name, text in PAGES.items():
        fenced = FENCED.findall(text)
        for number, ((own, code), (other, shown)) in enumerate(zip(fenced, [*fenced[1:], ("", "")], strict=True)):
            if own == language and (language != "sh" or "curl " in code):
                assert other in ("json", ""), f"no output follows {code}"
                found.append(pytest.param(code, shown, id=f"{name}-{number}"))
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served"), "--no-page") as server:
        yield server


def run(command, folder, server):
    command = [part.replace(ADDRESS, server.url) for part in command]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def documents(text, **options):
    """The values of JSON that follow one another, alone or as events."""
    text, found = re.sub(r"^data: ", "", text, flags=re.MULTILINE).strip(), []
    while text:
        value, end = json.JSONDecoder(**options).raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


def is_shown(shown, answered):
    """Whether an answer is what the page shows, where texts and lists may be cut (…) and numbers are rounded."""
    if isinstance(shown, str) and shown.endswith("…"):
        return shown == "…" or answered.startswith(shown[:-1])
    if isinstance(shown, dict):
        return list(shown) == list(answered) and all(is_shown(value, answered[key]) for key, value in shown.items())
    if isinstance(shown, list):
        if shown[-1:] == ["…"]:
            shown, answered = shown[:-1], answered[: len(shown) - 1]
        return len(shown) == len(answered) and all(map(is_shown, shown, answered))
    if isinstance(shown, Decimal):
        # A little more than half of the last digit: on other machines, the last bits differ.
        return abs(float(shown) - answered) < 0.501 * 10.0 ** shown.as_tuple().exponent
    return type(shown) is type(answered) and shown == answered


def assert_shown(shown, answered):
    ours, theirs = documents(shown, parse_float=Decimal), documents(answered)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert is_shown(one, other), f"{one}\n{other}"


@pytest.mark.skipif(not CURL, reason="no curl on this machine")
@pytest.mark.parametrize(("code", "shown"), [e for e in examples("sh") if "tokens" not in e.values[0]])
def test_curl_gets_what_is_shown(code, shown, server, tmp_path):
    assert_shown(shown, run(["bash", "-c", code], tmp_path, server))


@pytest.mark.skipif(not CURL or not shutil.which("openssl"), reason="no curl or no openssl on this machine")
def test_a_token_that_is_made_as_shown_is_let_in(tmp_path):
    (example,) = [e for e in examples("sh") if "tokens" in e.values[0]]
    code, shown = example.values
    *make, serve = [line for line in commands(SERVING) if "tokens" in line and not line.startswith("curl")]
    subprocess.run(["bash", "-c", "\n".join(make)], cwd=tmp_path, check=True)
    assert serve == "charrnn serve --token-file tokens"
    with serving(tmp_path, "--token-file", tmp_path / "tokens") as guarded:
        assert_shown(shown, run(["bash", "-c", code], tmp_path, guarded))
        assert httpx.get(f"{guarded.url}/api/models").status_code == 401


@pytest.mark.parametrize(("code", "shown"), [e for e in examples("python") if e.id.startswith("serving")])
def test_python_prints_what_is_shown(code, shown, server, tmp_path):
    assert run([sys.executable, "-c", code], tmp_path, server) == shown


def run_in_browser(browser, code, server):  # noqa: F811 - the fixture
    page = browser.new_page()
    page.goto(f"{server.url}/docs")
    printed = page.evaluate(
        f"async () => {{ const printed = []; const console = {{ log: (text) => printed.push(text) }};\n"
        f"{code.replace(ADDRESS, server.url)}\nreturn printed; }}"
    )
    page.close()
    return "".join(f"{line}\n" for line in printed)


@pytest.mark.parametrize(("code", "shown"), examples("js"))
def test_javascript_prints_what_is_shown(code, shown, server, tmp_path, request):
    """In Node.js or, where there is none, in Chromium, whose fixture skips the test where there is neither."""
    if NODE:
        assert run([NODE, "--input-type=module", "-e", code], tmp_path, server) == shown
    else:
        assert run_in_browser(request.getfixturevalue("browser"), code, server) == shown


def test_every_other_command_is_run_elsewhere():
    shown = [line for page in (SERVING, OPERATING) for line in commands(page)]
    others = [line for line in shown if not line.startswith("curl ") and not line.endswith(" tokens")]
    assert all(line.startswith(tuple(ELSEWHERE)) for line in others)
    assert all(any(line.startswith(start) for line in others) for start in ELSEWHERE)


def rows(text, heading):
    """The rows of the first table after a heading, by their first cells without marks of code."""
    lines = text[text.index(f"\n{heading}\n") :].split("\n| --- |")[1].splitlines()[1:]
    end = next(number for number, line in enumerate([*lines, ""]) if not line.startswith("|"))
    return table(line.replace("`", "") for line in lines[:end])


def test_the_table_of_problems_has_all_kinds():
    text = SERVING[SERVING.index("## Errors") : SERVING.index("## Limits")]
    told = [
        (int(status), kind)
        for status, kinds in re.findall(r"^\| (\d{3}) \| (.*?) \|", text, re.MULTILINE)
        for kind in re.findall(r"`([\w-]+)`", kinds)
    ]
    assert sorted(told) == sorted((status, kind) for kind, (status, _) in KINDS.items())


def test_the_table_of_flags_has_all_flags():
    import argparse

    parser, defaults = argparse.ArgumentParser(add_help=False), ServiceSettings()
    add_flags(parser)
    told = rows(SERVING, "## Flags and variables")
    assert list(told) == [action.option_strings[0] for action in parser._actions]
    for flag, (own_variable, _, default) in told.items():
        field = flag.removeprefix("--").replace("-", "_")
        assert own_variable == variable(field)
        if getattr(defaults, field) not in (None, False):
            assert default == str(getattr(defaults, field))


def test_the_limits_are_those_of_the_code():
    characters = schemas.GenerateRequest.model_json_schema()["properties"]["characters"]["maxLength"]
    limits, told = Limits(), {what: limit for what, (limit,) in rows(SERVING, "## Limits").items()}
    numbers = {
        what: [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*\d|\d", text)] for what, text in told.items()
    }
    assert numbers == {
        "a body": [limits.body_bytes, limits.body_seconds],
        "classify": [schemas.MAX_NAMES, MAX_LENGTH, schemas.MAX_EXPLAINED],
        "generate": [schemas.MAX_NAMES, schemas.MAX_NEAREST, MAX_LENGTH, characters, schemas.PATTERN_LENGTH],
        "computing": [limits.seconds],
        "requests that compute": [],
        "requests that wait": [limits.waiting // processors(), limits.waiting_seconds],
        "small requests": [SMALL, WAITING_SMALL],
        "connections": [limits.connections, 503],
        "the head of a request": [HEAD_BYTES // 1024, HEAD_SECONDS],
        "the page": [page_guard.BODY_BYTES // 1024, classify_tab.MAX_CHARACTERS, classify_tab.MAX_NAMES],
    }
    assert limits.computing == processors()
    longest = limits.seconds + limits.waiting_seconds
    assert f"can thus take {longest:g} seconds" in SERVING and f"over {limits.drain_seconds:g} seconds" in OPERATING
    # Importing Ray Serve takes seconds.
    code = (ROOT / "charrnn" / "service" / "ray_serve.py").read_text(encoding="utf-8")
    ongoing, queued = re.search(r"^ONGOING, QUEUED = (\d+), (\d+)$", code, re.MULTILINE).groups()
    assert f"Beyond {ongoing} requests in a replica and {queued} that wait" in OPERATING


def test_metrics_log_and_headers_are_as_told(server):
    problem = httpx.post(f"{server.url}/api/generate", json={"label": "Elvish"}, headers={"X-Request-ID": "a-1"})
    httpx.post(f"{server.url}/api/classify", json={"names": ["Satoshi"]}).raise_for_status()
    metrics = httpx.get(f"{server.url}/metrics").text
    told = rows(OPERATING, "## Watching it")
    named = {name for cell in told for name in cell.split(", ")}
    assert named == set(re.findall(r"^# HELP (charrnn_\w+)", metrics, re.MULTILINE)) and "\nprocess_" in metrics
    for cell, (labels, _) in told.items():
        shown = re.search(rf"^{cell.split(', ')[0]}(?:_count)?(?:{{(.*)}})? ", metrics, re.MULTILINE)[1] or ""
        assert set(re.findall(r'(\w+)="', shown)) == set(filter(None, labels.split(", ")))
    (line,) = re.findall(r'^{"time".*$', OPERATING, re.MULTILINE)
    (logged,) = [own for own in server.log() if own.get("id") == "a-1"]
    assert [(key, type(value)) for key, value in json.loads(line).items()] == [(k, type(v)) for k, v in logged.items()]
    assert "Elvish" not in server.log_file.read_text(encoding="utf-8")
    assert problem.headers["X-Request-ID"] == "a-1"
    for name, value in re.findall(r"`([\w-]+): ([\w-]+)`", SERVING[SERVING.index("## Safety") :]):
        assert problem.headers[name] == value
    assert "huggingface.co" in problem.headers["Content-Security-Policy"]
