"""The page put together: tabs, and what happens in them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import gradio as gr
from pydantic import ValidationError

from charrnn.errors import CharRNNError
from charrnn.service import answers
from charrnn.service.computing import Stream
from charrnn.service.core import Service
from charrnn.service.page import about_tab, classify_tab, generate_tab
from charrnn.service.page.i18n import i18n
from charrnn.service.page.link import RANGES, TABS, FormError, name_link, names_link, read_form
from charrnn.service.page.sessions import SESSIONS, forget_sessions
from charrnn.service.page.texts import Texts, texts_for
from charrnn.service.problems import Problem, from_error, from_validation
from charrnn.service.schemas import ClassifyRequest, GenerateRequest

QUEUE, CONCURRENCY = 64, 16
"""Events that wait in Gradio's queue, and events of one kind at a time. Behind the queue, events wait for their turn to
compute as all requests do."""
PAUSE = 0.06
"""Seconds between two states of a list of names that grows."""
FIELDS = frozenset(GenerateRequest.model_fields)

Result = TypeVar("Result")


def build(service: Service) -> gr.Blocks:
    """The page over the models of a service; a model that is not there has no tab."""
    return _Page(service).blocks


class _Page:
    def __init__(self, service: Service) -> None:
        self.service = service
        models = service.models
        outputs: list[Any] = []
        with gr.Blocks(title="charrnn", analytics_enabled=False) as self.blocks:
            gr.Markdown(i18n("page.heading"), elem_id="heading")
            link = gr.Textbox(visible=False)
            with gr.Tabs(elem_id="tabs") as tabs:
                outputs.append(tabs)
                if models.classifier is not None:
                    with gr.Tab(i18n("tab.classify"), id="classify"):
                        self.classify = classify_tab.build_tab()
                    outputs += [self.classify.box, self.classify.answer]
                if models.generator is not None:
                    with gr.Tab(i18n("tab.generate"), id="generate"):
                        self.generate = generate_tab.build_tab(models.generator)
                    outputs += [*self.generate.controls, self.generate.shape]
                with gr.Tab(i18n("tab.about"), id="about") as about:
                    cards = gr.HTML(elem_id="about")
                outputs.append(cards)
            loaded = self.blocks.load(self.on_load, None, outputs, api_visibility="private", show_progress="hidden")
            if models.classifier is not None:
                self._classify_events(link)
                self._endpoint(self.api_classify, "classify", "answer")
            if models.generator is not None:
                self._generate_events(link, loaded)
                self._endpoint(self.api_generate, "generate", "names")
            about.select(self.on_about, None, cards, api_visibility="private", show_progress="hidden")
            link.change(None, link, None, js="(link) => charrnn.show(link)")
        self.blocks.queue(max_size=QUEUE, default_concurrency_limit=CONCURRENCY, api_open=False)
        self.blocks.state_session_capacity = SESSIONS

    def _classify_events(self, link: Any) -> None:
        box, answer, examples = self.classify
        # However the box gets its name. The page's script holds typed letters back until a pause.
        shown: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        box.change(self.on_name, box, [answer, link], trigger_mode="always_last", **shown)
        examples.click(None, examples, box, js=f"(index) => {json.dumps(classify_tab.EXAMPLES)}[index]")

    def _generate_events(self, link: Any, loaded: Any) -> None:
        tab = self.generate
        invents: dict[str, Any] = {
            "fn": self.on_generate,
            "inputs": tab.controls,
            "outputs": [tab.names, tab.status, tab.stop, link],
            "api_visibility": "private",
            "show_progress": "hidden",
        }
        asked = gr.on([tab.run.click, *(text.submit for text in tab.texts)], **invents)
        stopped = tab.stop.click(None, cancels=[asked, loaded.then(**invents)])
        stopped.then(self.on_stop, None, [tab.status, tab.stop], api_visibility="private", show_progress="hidden")

    def _endpoint(self, function: Callable[..., Any], name: str, output: str) -> None:
        """Make a function an endpoint of Gradio's own API, its output named."""
        gr.api(function, api_name=name)
        endpoint = next(fn for fn in self.blocks.fns.values() if fn.api_name == name)
        endpoint.outputs[0].label = output

    async def on_name(self, typed: object, request: gr.Request) -> tuple[str, str]:
        """The answer for what is in the box, and the link to it."""
        return await self._answer(typed, request), name_link(typed.strip() if isinstance(typed, str) else "")

    async def _answer(self, typed: object, request: gr.Request) -> str:
        texts, models = _texts(request), self.service.models
        try:
            return await self._computed(request, lambda: classify_tab.answer_html(models, typed, texts))
        except (CharRNNError, Problem) as error:
            return classify_tab.note(told(error, texts), is_problem=True)

    async def on_generate(self, request: gr.Request, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
        """Names as they are drawn: the list, the status, the button to stop, and at the end the link."""
        texts, models = _texts(request), self.service.models
        try:
            generator = answers.generator_of(models)
            form = generate_tab.form_of(values, generator)
            asked = form.request(nearest=generator.has_training_names)
            waiting = texts("status.working", count=0, asked=asked.n)
            yield gr.skip(), classify_tab.note(waiting), gr.Button(interactive=True), gr.skip()
            async for names, end in self._invented(models, asked, request):
                if end is None:
                    status: str = texts("status.working", count=len(names), asked=asked.n)
                    html = generate_tab.names_html(names, asked, None, texts)
                    yield html, classify_tab.note(status), gr.Button(interactive=True), gr.skip()
                else:
                    html = generate_tab.names_html(names, asked, end["seed"], texts)
                    status = _end(len(names), asked, end, texts)
                    yield html, classify_tab.note(status), gr.Button(interactive=False), names_link(form, end["seed"])
        except (CharRNNError, Problem, FormError, ValidationError) as error:
            note = classify_tab.note(told(error, texts), is_problem=True)
            yield "", note, gr.Button(interactive=False), gr.skip()

    async def _invented(
        self, models: Any, asked: GenerateRequest, request: gr.Request
    ) -> AsyncIterator[tuple[list[dict[str, Any]], dict[str, Any] | None]]:
        """The names so far, and the end when it has come."""
        names: list[dict[str, Any]] = []
        stream = Stream(self.service.computing, _address(request), lambda: generate_tab.invent(models, asked))
        async with aclosing(stream.results()) as results:
            async for items in results:
                names += [item for item in items if "name" in item]
                end = next((item for item in items if "name" not in item), None)
                yield names, end
                await asyncio.sleep(PAUSE)

    async def on_stop(self, request: gr.Request) -> tuple[str, Any]:
        """What is said when the names were stopped."""
        return classify_tab.note(_texts(request)("status.stopped")), gr.Button(interactive=False)

    async def on_about(self, request: gr.Request) -> str:
        """The model cards."""
        return about_tab.about_html(self.service.models, _texts(request))

    async def on_load(self, request: gr.Request) -> list[Any]:
        """The page as its link has it: tab, name and answer, controls and names."""
        models, query = self.service.models, dict(request.query_params)
        tabs = [tab for tab in TABS if tab == "about" or getattr(models, _MODEL[tab]) is not None]
        tab = query.get("tab")
        shown: list[Any] = [gr.Tabs(selected=tab if tab in tabs else tabs[0])]
        if models.classifier is not None:
            name = query.get("name", "")[: classify_tab.MAX_CHARACTERS]
            # A name is answered when it arrives in its box; without one, what is typed already must stay.
            shown += [name or gr.skip(), gr.skip() if name else await self._answer(classify_tab.EXAMPLES[0], request)]
        if models.generator is not None:
            form = read_form(query, generate_tab.first_label(models.generator))
            shape = gr.Accordion(open=True) if form.has_shape else gr.skip()
            shown += [*generate_tab.control_values(form, models.generator), shape]
        # A tab that is shown by its link is not selected by anybody.
        return [*shown, await self.on_about(request) if tab == "about" else gr.skip()]

    async def api_classify(self, name: str, top_k: int, request: gr.Request) -> dict[str, Any]:
        """Which language a name comes from: the most probable labels with their probabilities.

        Args:
            name: a surname.
            top_k: number of labels; 0 gives all.
        """
        models = self.service.models

        def record() -> dict[str, Any]:
            return answers.classify(models, ClassifyRequest.model_validate({"names": [name], "top_k": top_k}))[0]

        return await self._for_api(request, record)

    async def api_generate(self, label: str, n: int, temperature: float, request: gr.Request) -> list[str]:
        """New names for a language.

        Args:
            label: one of the languages that the generator knows, or * for any.
            n: number of names.
            temperature: 0 gives typical names, 1.5 daring ones; 0.8 is usual.
        """
        models = self.service.models

        def names() -> list[str]:
            asked = GenerateRequest.model_validate({"label": label, "n": n, "temperature": temperature})
            return [item["name"] for item in answers.generate(models, asked) if "name" in item]

        return await self._for_api(request, names)

    async def _for_api(self, request: gr.Request, work: Callable[[], Result]) -> Result:
        try:
            return await self._computed(request, work)
        except ValidationError as error:
            raise gr.Error(from_validation(error).detail, print_exception=False) from error
        except (CharRNNError, Problem) as error:
            raise gr.Error(str(error), print_exception=False) from error

    async def _computed(self, request: gr.Request, work: Callable[[], Result]) -> Result:
        """The result of a function, in the client's turn."""
        forget_sessions(self.blocks)
        return await self.service.computing.run(_address(request), work)


_MODEL = {"classify": "classifier", "generate": "generator"}


def told(error: Exception, texts: Texts) -> str:
    """An error in the reader's language: what is wrong, and the next move."""
    if isinstance(error, FormError):
        kind, field = "invalid", str(error)
    else:
        problem = (
            error
            if isinstance(error, Problem)
            else from_validation(error)
            if isinstance(error, ValidationError)
            else from_error(error, FIELDS)
            if isinstance(error, CharRNNError)
            else None
        )
        if problem is None:
            raise error
        kind, field = problem.kind, problem.field or ""
    key = next((k for k in (f"problem.{kind}", f"problem.{field}") if texts.has(k)), "problem.other")
    limit = int(RANGES[field][1]) if field in RANGES else 0
    return texts(key, limit=limit, detail=str(error))


def _end(count: int, asked: GenerateRequest, end: dict[str, Any], texts: Texts) -> str:
    if end["complete"]:
        return texts("status.done", count=count, seed=str(end["seed"]))
    key = "status.late" if end["message"].endswith(answers.LATE) else "status.fewer"
    return texts(key, count=count, asked=asked.n, seed=str(end["seed"]))


def _texts(request: gr.Request) -> Texts:
    return texts_for(request.headers.get("accept-language", ""))


def _address(request: gr.Request) -> str:
    return request.client.host if request.client else ""
