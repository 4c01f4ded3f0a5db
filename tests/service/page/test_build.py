"""The page as an application: tabs, endpoints of Gradio's own API, and events that say what is wrong."""

import asyncio
import copy
import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from charrnn.service import page
from charrnn.service.core import Service
from charrnn.service.page.build import _Page
from charrnn.service.page.classify_tab import build_tab as build_classify_tab
from charrnn.service.page.generate_tab import build_tab as build_generate_tab
from charrnn.service.page.generate_tab import control_values
from charrnn.service.page.link import FormError, NamesForm
from charrnn.service.page.problem_texts import told
from charrnn.service.page.texts import LANGUAGES, Texts
from charrnn.service.problems import KINDS, Problem
from charrnn.service.settings import ServiceSettings
from tests.service.conftest import serving


@pytest.fixture(scope="module")
def built():
    async def made():
        # With a running event loop, for Gradio would leave one open that it starts itself.
        return _Page(Service(ServiceSettings()))

    return asyncio.run(made())


@pytest.fixture(scope="module")
def built_with_kinds(with_kinds):
    async def made():
        service = Service(ServiceSettings())
        service.models = with_kinds
        return _Page(service)

    return asyncio.run(made())


def request(**query):
    return SimpleNamespace(headers={"accept-language": "en"}, client=None, query_params=query)


def tabs_of(folder):
    async def tabs():
        built = page.build(Service(ServiceSettings(models=folder)))
        return [block.id for block in built.blocks.values() if isinstance(block, gr.Tab)]

    return asyncio.run(tabs())


def test_a_model_that_is_not_there_has_no_tab(tmp_path, shipped):
    for task, there in (("generator", ["generate", "about"]), ("classifier", ["classify", "about"])):
        (tmp_path / task).mkdir()
        (tmp_path / task / task).symlink_to(shipped / task)
        assert tabs_of(str(tmp_path / task)) == there
    assert tabs_of(None) == ["classify", "generate", "about"]


def test_endpoints_have_names_and_descriptions(built):
    info = built.blocks.get_api_info()
    assert not info["unnamed_endpoints"]
    told = {
        name: ([p["parameter_name"] for p in one["parameters"]], [r["label"] for r in one["returns"]])
        for name, one in info["named_endpoints"].items()
    }
    assert told == {
        "/classify": (["name", "top_k", "kind"], ["answer"]),
        "/generate": (["label", "n", "temperature", "kind", "ascii", "gender"], ["names"]),
    }
    defaults = {
        p["parameter_name"]: p["parameter_default"]
        for one in info["named_endpoints"].values()
        for p in one["parameters"]
        if p["parameter_has_default"]
    }
    assert defaults == {"kind": "", "ascii": False, "gender": ""}
    assert all(len(one["description"]) > 20 for one in info["named_endpoints"].values())


def test_the_endpoints_answer_and_say_what_is_wrong(tmp_path):
    with serving(tmp_path) as server:
        client = Client(server.url, verbose=False, analytics_enabled=False)
        assert client.predict("Kowalczyk", 1, api_name="/classify")["predictions"][0]["label"] == "Polish"
        assert len(client.predict(label="Irish", n=3, temperature=0.8, api_name="/generate")) == 3
        plain = client.predict("Czech", 20, 0.8, "female", True, api_name="/generate")
        assert len(plain) == 20 and all(name.isascii() for name in plain)
        for values, what in (
            (("Elvish", 3, 0.8), "unknown label"),
            (("Irish", 0, 0.8), "n 0"),
            (("Irish", 3, -1), "temp"),
            (("Irish", 3, 0.8, "dwarves"), "kind"),
            (("Irish", 3, 0.8, ["female"]), "kind"),
            (("Irish", 3, 0.8, "", "yes"), "ascii"),
        ):
            with pytest.raises(AppError, match=what):
                client.predict(*values, api_name="/generate")
        client.close()


def test_who_sends_a_list_may_leave_out_its_last_arguments(tmp_path):
    """As who called the endpoints before they took a kind."""

    def call(server, name, *values):
        url = f"{server.url}/gradio_api/call/{name}"
        event = httpx.post(url, json={"data": values}).raise_for_status().json()["event_id"]
        told, data = httpx.get(f"{url}/{event}", timeout=60).text.strip().split("\n")[-2:]
        return told.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    with serving(tmp_path) as server:
        told, (answer,) = call(server, "classify", "Kowalczyk", 1)
        assert told == "complete" and len(answer["predictions"]) == 1
        assert call(server, "classify", "Kowalczyk", 1, "", "one too many") == ("complete", [answer])
        for values in (("Irish", 3, 0.8), ("Irish", 3, 0.8, "male"), ("Irish", 3, 0.8, None, True)):
            told, (names,) = call(server, "generate", *values)
            assert told == "complete" and len(names) == 3
        assert call(server, "classify", "Kowalczyk")[0] == call(server, "generate", "Irish", 3)[0] == "error"


def test_an_endpoint_answers_for_a_kind(built_with_kinds):
    def best(kind):
        endpoints = next(fn.fn.__self__ for fn in built_with_kinds.blocks.fns.values() if fn.api_name == "classify")
        return asyncio.run(endpoints.classify(request(), "Ana", 1, kind))["predictions"][0]["label"]

    assert (best("female"), best("surname")) == ("Croatian", "Irish")


def test_a_crowd_waits_and_nobody_is_refused(tmp_path):
    """More visitors ask at a time than may wait to compute."""
    with serving(tmp_path) as server:
        events = {event["api_name"]: event for event in httpx.get(f"{server.url}/config").json()["dependencies"]}
        event = events["on_generate"]
        data = ["Irish", "", "", "", 50, 10, 0.8, True, False, "", "", "", 1, 26, "", "", ""]

        def visit(number):
            body = {"data": data, "fn_index": event["id"], "trigger_id": event["targets"][0][0]}
            visitor = {"session_hash": f"visitor{number}"}
            with httpx.Client(base_url=f"{server.url}/gradio_api/queue", timeout=60) as client:
                client.post("/join", json=body | visitor).raise_for_status()
                return client.get("/data", params=visitor).text

        with ThreadPoolExecutor(24) as crowd:
            answers = list(crowd.map(visit, range(24)))
    assert ["Seed" in answer and "problem" not in answer for answer in answers] == [True] * 24


def invented(built, *values):
    async def states():
        return [state async for state in built.on_generate(request(), *values)]

    return asyncio.run(states())


def test_names_come_with_a_status_and_end_with_a_link(built, models):
    form = NamesForm(label="Irish", n=3, seed="7")
    *_, (html, status, run, stop, link) = invented(built, *control_values(form, models.generator))
    assert (
        html.count('class="name"') == 3 and "Seed 7" in status and (run.interactive, stop.interactive) == (True, False)
    )
    assert link == "?tab=generate&label=Irish&n=3&seed=7"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"label": "Elvish"}, "does not know this language"),
        ({"label": ["Irish"]}, "does not know this language"),
        ({"kind": "dwarves"}, "no such kind"),
        ({"kind": ["surname"]}, "no such kind"),
        ({"kind": "full", "gender": "dwarf"}, "no names of this gender"),
        ({"kind": "full", "gender": 3}, "no names of this gender"),
        ({"kind": "full", "label": "*"}, "Full names are those of one language"),
        ({"n": 0}, "1 to 100 names"),
        ({"n": None}, "1 to 100 names"),
        ({"seed": "1.5"}, "whole number"),
        ({"seed": "9" * 30}, "whole number"),
        ({"temperature": float("nan")}, "How daring"),
        ({"characters": "Ω"}, "No name of this model"),
        ({"prefix": " a"}, "No name of this model"),
        ({"prefix": "日"}, "begin with"),
        ({"prefix": "☃", "ascii": True}, "begin with"),
        ({"contains": None}, "contain"),
        ({"pattern": "("}, "pattern cannot be used"),
        ({"pattern": "Mac", "prefix": "O"}, "No name of this model can have this shape"),
        ({"min_length": 20, "max_length": 3}, "No name of this model can have this shape"),
    ],
)
def test_what_is_wrong_is_told_beside_the_names(built, models, changes, what):
    form = NamesForm(label="Irish")._replace(**changes)
    *_, (html, status, run, stop, _) = invented(built, *control_values(form, models.generator))
    assert (
        html == "" and what in status and 'problem"' in status and (run.interactive, stop.interactive) == (True, False)
    )


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_kind_of_problem_is_told_in_every_language(tag):
    texts = Texts(tag)
    for kind in KINDS:
        assert told(Problem(kind, "detail"), texts)
    assert told(FormError("n"), texts) == texts("problem.n", limit=100)


def test_what_is_no_problem_of_the_visitor_is_an_error():
    with pytest.raises(RuntimeError):
        told(RuntimeError("a fault of ours"), Texts("en"))


def loaded(built, **query):
    return asyncio.run(built.on_load(request(**query)))


def test_a_link_sets_the_controls_and_its_tab(built):
    query = {"tab": "generate", "label": "Irish", "prefix": "Mac", "seed": "7"}
    tabs, _, _, _, answer, *controls, shape, seed, _ = loaded(built, **query)
    assert tabs.selected == "generate" and shape.open
    assert controls[0] == "Irish" and controls[9] == "Mac" and (controls[-1], seed) == ("", "7")
    assert "For example:" in answer and "Kowalczyk" in answer


@pytest.mark.parametrize("query", [{}, {"tab": ""}, {"tab": "nothing"}, {"tab": "<script>"}])
def test_what_a_link_does_not_say_is_left_to_the_visitor(built, query):
    tabs, name, other, kind, _, *controls, shape, start, cards = loaded(built, **query)
    assert name == other == kind == "" and start == "-"
    assert all(one == gr.skip() for one in (tabs, *controls, shape, cards))


def test_a_link_to_a_comparison_blends_no_names(built):
    _, name, other, _, _, *controls, shape, start, _ = loaded(built, name="Kowalczyk", other="Greek")
    assert (name, other, start) == ("Kowalczyk", "Greek", "-")
    assert all(one == gr.skip() for one in (*controls, shape))


def test_the_example_can_be_compared_and_the_link_stays_empty(built):
    answer, link = asyncio.run(built.on_name("", "Czech", "", request()))
    assert "For example:" in answer and "Kowalczyk" in answer and "Czech" in answer and link == "?"
    assert "Kowalczyk" not in asyncio.run(built.on_name("", "", "", request()))[0]


@pytest.mark.parametrize(
    "query", [{"label": "Foo"}, {"other": "Foo"}, {"kind": "Foo"}, {"max_length": "99"}, {"min_length": "99"}]
)
def test_what_a_link_cannot_ask_for_is_as_usual(built, query):
    usual = loaded(built, tab="generate", n="10")
    assert loaded(built, tab="generate", **query)[5:-3] == usual[5:-3]


def test_a_link_sets_kind_and_spelling(built):
    query = {"tab": "generate", "label": "Czech", "kind": "female", "ascii": "1"}
    _, _, _, kind, _, *controls, shape, _, _ = loaded(built, **query)
    form = NamesForm(*controls)
    assert (form.label, form.kind, form.ascii, kind) == ("Czech", "female", True, "") and shape.open


def test_names_of_a_kind_without_diacritics_end_with_their_link(built, models):
    form = NamesForm(label="Czech", kind="female", n=3, ascii=True, suffix="á", seed="7")
    *_, (html, status, _, _, link) = invented(built, *control_values(form, models.generator))
    assert html.count('class="name"') == 3 and "Seed 7" in status
    assert link == "?tab=generate&label=Czech&kind=female&n=3&ascii=1&suffix=%C3%A1&seed=7"


def test_a_name_is_asked_for_as_a_kind(built_with_kinds):
    answer, link = asyncio.run(built_with_kinds.on_name(" Ana ", "", "surname", request()))
    assert "Ana looks clearly Irish." in answer and link == "?name=Ana&kind=surname"
    answer, link = asyncio.run(built_with_kinds.on_name("Ana", "", "dwarves", request()))
    assert "Ana looks clearly Irish." not in answer and link == "?name=Ana"
    answer, link = asyncio.run(built_with_kinds.on_name("", "", "surname", request()))
    assert "For example:" in answer and link == "?"


def test_a_link_to_an_answer_sets_the_kind_that_the_model_knows(built_with_kinds):
    query = {"name": "Ana", "kind": "female"}
    assert loaded(built_with_kinds, **query)[1:4] == ["Ana", "", "female"]
    assert loaded(built_with_kinds, **query | {"kind": "whole"})[1:4] == ["Ana", "", "whole"]
    assert loaded(built_with_kinds, **query | {"kind": "dwarves"})[1:4] == ["Ana", "", ""]


def test_menus_of_kinds_are_there_for_models_that_know_some(built, built_with_kinds, plain_generator):
    assert built_with_kinds.classify.kind.visible and built.generate.controls[1].visible
    assert [value for _, value in built_with_kinds.classify.kind.choices] == [
        "",
        "female",
        "surname",
        "<trade>",
        "whole",
    ]
    told = [str(shown) for shown, _ in built_with_kinds.classify.kind.choices]
    keys = ["kind.any-or-full", "kind.female", "kind.surname", "<trade>", "kind.whole"]
    assert all(key in one for key, one in zip(keys, told, strict=True))
    without_kinds = copy.copy(built.service.models.classifier)
    without_kinds.config = dataclasses.replace(without_kinds.config, kinds=[])

    async def tabs():
        with gr.Blocks():
            return build_classify_tab(without_kinds), build_generate_tab(plain_generator)

    classify, generate = asyncio.run(tabs())
    kind, ascii_only = generate.controls[1], generate.controls[8]
    assert not classify.kind.visible and not kind.visible and not ascii_only.visible
    assert built.generate.controls[8].visible
