"""The page put together: tabs, and what happens in them."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import gradio as gr
from pydantic import ValidationError

from charrnn.errors import CharRNNError
from charrnn.model_config import ANY
from charrnn.service import answers
from charrnn.service.computing import Stream
from charrnn.service.core import Service
from charrnn.service.page import about_tab, classify_tab, generate_tab
from charrnn.service.page.endpoints import Endpoints, PageBlocks
from charrnn.service.page.i18n import i18n
from charrnn.service.page.link import TABS, FormError, NamesForm, name_link, names_link, read_form
from charrnn.service.page.problem_texts import told
from charrnn.service.page.rendering import note
from charrnn.service.page.sessions import SESSIONS, forget_sessions
from charrnn.service.page.texts import Texts, texts_for
from charrnn.service.problems import Problem
from charrnn.service.schemas import GenerateRequest

QUEUE = 64
"""Events of visitors that wait in Gradio's queue at most."""
PAUSE = 0.06
"""Seconds between two states of a list of names that grows."""
KEEP = """(arrived, compared, of_kind, example, typed, other, kind, answer) => {
  const name = typed || arrived;
  const chosen = typed ? [other, kind] : [compared || other, of_kind || kind];
  return [name, ...chosen, name || other || kind ? answer : example];
}"""
"""What was typed or chosen while the page loaded stays, and so does its answer."""
START = "-"
"""In place of a link's seed, where it has none."""

Result = TypeVar("Result")


def build(service: Service) -> gr.Blocks:
    """The page over the models of a service; a model that is not there has no tab."""
    return _Page(service).blocks


class _Page:
    def __init__(self, service: Service) -> None:
        self.service = service
        models = service.models
        # Visitors wait in Gradio's queue. All their events that have left it find room in the line of those who wait to
        # compute, where programs are refused when it is full; half of them may be searches for names, which take long.
        room = max(1, service.computing.limits.waiting // 2)
        self.quick = {"concurrency_limit": room, "concurrency_id": "quick"}
        self.drawing = {"concurrency_limit": room, "concurrency_id": "drawing"}
        outputs: list[Any] = []
        with PageBlocks(title="charrnn", analytics_enabled=False) as self.blocks:
            gr.Markdown(i18n("page.heading"), elem_id="heading")
            link, arrived, compared, of_kind, example, start = (gr.Textbox(visible=False) for _ in range(6))
            self.stopped_at = gr.Number(0, visible=False, precision=0)
            with gr.Tabs(elem_id="tabs") as tabs:
                outputs.append(tabs)
                if models.classifier is not None:
                    with gr.Tab(i18n("tab.classify"), id="classify"):
                        self.classify = classify_tab.build_tab(models.classifier)
                    outputs += [arrived, compared, of_kind, example]
                if models.generator is not None:
                    with gr.Tab(i18n("tab.generate"), id="generate"):
                        self.generate = generate_tab.build_tab(models.generator)
                    outputs += [*self.generate.controls, self.generate.shape, start]
                with gr.Tab(i18n("tab.about"), id="about") as about:
                    cards = gr.HTML(elem_id="about")
                outputs.append(cards)
            loaded = self.blocks.load(
                self.on_load, None, outputs, api_visibility="private", show_progress="hidden", **self.quick
            )
            if models.classifier is not None:
                self._classify_events(link)
                kept = list(self.classify[:4])
                loaded.then(None, [arrived, compared, of_kind, example, *kept], kept, js=KEEP, show_progress="hidden")
            if models.generator is not None:
                self._generate_events(link)
                start.change(None, start, None, js="(seed) => charrnn.begin(seed)")
            Endpoints(self.blocks, models, self._computed, self.quick, self.drawing)
            about.select(self.on_about, None, cards, api_visibility="private", show_progress="hidden", **self.quick)
            link.change(None, link, None, js="(link) => charrnn.show(link)")
        self.blocks.queue(max_size=QUEUE, default_concurrency_limit=room, api_open=False)
        self.blocks.state_session_capacity = SESSIONS
        # Gradio checks the paths of files only in what it has launched itself.
        self.blocks.has_launched = True

    def _classify_events(self, link: Any) -> None:
        box, other, kind, answer, examples = self.classify
        # However the box gets its name. The page's script holds typed letters back until a pause.
        gr.on(
            [box.change, other.input, kind.input],
            self.on_name,
            [box, other, kind],
            [answer, link],
            trigger_mode="always_last",
            api_visibility="private",
            show_progress="hidden",
            **self.quick,
        )
        examples.click(None, examples, box, js=f"(index) => {json.dumps(classify_tab.EXAMPLES)}[index]")

    def _generate_events(self, link: Any) -> None:
        tab = self.generate
        # One event for all that asks for names, so that no two lists are written at once. The page's script lets one
        # that comes while names are drawn wait until they have ended, and the first names begin.
        asked = gr.on(
            [tab.run.click, *(text.submit for text in tab.texts)],
            self.on_generate,
            tab.controls,
            [tab.names, tab.status, tab.run, tab.stop, link],
            js="(...controls) => charrnn.ask(controls)",
            trigger_mode="once",
            api_visibility="private",
            show_progress="hidden",
            **self.drawing,
        )
        asked.then(None, None, None, js="() => charrnn.ended()", show_progress="hidden")
        tab.stop.click(None, cancels=[asked]).then(
            self.on_stop,
            self.stopped_at,
            [tab.names, tab.status, tab.run, tab.stop],
            js="async () => [await charrnn.stopped()]",
            api_visibility="private",
            show_progress="hidden",
        )

    async def on_name(self, typed: object, other: object, kind: object, request: gr.Request) -> tuple[str, str]:
        """The answer for what is in the box, as a kind of name, compared with a language, and the link to it."""
        name, kind = typed.strip() if isinstance(typed, str) else "", classify_tab.known_kind(self.service.models, kind)
        if not name and (other or kind):
            return await self._example(request, other, kind), name_link("")
        link = name_link(name, other if isinstance(other, str) else "", kind)
        return await self._answer(name, other, kind, request), link

    async def _answer(self, typed: object, other: object, kind: str, request: gr.Request) -> str:
        texts, models = _texts(request), self.service.models
        try:
            return await self._computed(request, lambda: classify_tab.answer_html(models, typed, texts, other, kind))
        except (CharRNNError, Problem) as error:
            return note(told(error, texts), "problem")

    async def _example(self, request: gr.Request, other: object = "", kind: str = "") -> str:
        """What a visitor sees who has typed nothing yet."""
        answer = await self._answer(classify_tab.EXAMPLES[0], other, kind, request)
        return note(_texts(request)("classify.example")) + answer

    async def on_generate(self, request: gr.Request, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
        """Names as they are drawn: list, status, the buttons to run and to stop, the link that brings them again."""
        texts, models = _texts(request), self.service.models
        running = gr.Button(interactive=False), gr.Button(interactive=True)
        ended = gr.Button(interactive=True), gr.Button(interactive=False)
        try:
            generator = answers.generator_of(models)
            form = generate_tab.form_of(values, generator)
            asked = form.request(nearest=generator.has_training_names)
            if asked.seed is None:
                asked = asked.model_copy(update={"seed": secrets.randbelow(2**32)})
            link = names_link(form, asked.seed or 0)
            yield gr.skip(), _status(0, asked, None, texts), *running, link
            async for names, end in self._invented(models, asked, request):
                html = generate_tab.names_html(names, asked, texts, link) if names else ""
                yield html, _status(len(names), asked, end, texts), *(ended if end else running), link
        except (CharRNNError, Problem, FormError, ValidationError) as error:
            yield "", note(told(error, texts), "problem"), *ended, gr.skip()

    async def _invented(
        self, models: Any, asked: GenerateRequest, request: gr.Request
    ) -> AsyncIterator[tuple[list[dict[str, Any]], dict[str, Any] | None]]:
        """The names so far, and the end when it has come."""
        forget_sessions(self.blocks)
        names: list[dict[str, Any]] = []
        stream = Stream(self.service.computing, _address(request), lambda: generate_tab.invent(models, asked))
        async with aclosing(stream.results()) as results:
            async for items in results:
                names += [item for item in items if "name" in item]
                end = next((item for item in items if "name" not in item), None)
                yield names, end
                await asyncio.sleep(PAUSE)

    async def on_stop(self, request: gr.Request, count: object) -> tuple[Any, ...]:
        """Names, what is said when they were stopped after so many, and the buttons.

        Before the first name, those of an earlier request are still there: they would pass for the new ones.
        """
        texts = _texts(request)
        some = isinstance(count, int) and count > 0
        told = texts("status.stopped", count=count) if some else texts("status.stopped.none")
        return gr.skip() if some else "", note(told), gr.Button(interactive=True), gr.Button(interactive=False)

    async def on_about(self, request: gr.Request) -> str:
        """The model cards."""
        return about_tab.about_html(self.service.models, _texts(request))

    async def on_load(self, request: gr.Request) -> list[Any]:
        """The page as its link has it: tab, name or an example's answer, controls, cards.

        What the link does not say is skipped: the visitor may have chosen or typed it by then.
        """
        forget_sessions(self.blocks)
        models, query = self.service.models, dict(request.query_params)
        tabs = [tab for tab in TABS if tab == "about" or getattr(models, _MODEL[tab]) is not None]
        tab = query.get("tab")
        shown: list[Any] = [gr.Tabs(selected=tab) if tab in tabs else gr.skip()]
        if models.classifier is not None:
            name, other = query.get("name", "")[: classify_tab.MAX_CHARACTERS], query.get("other", "")
            shown += [name, other if name and other in models.classifier.labels else ""]
            shown.append(classify_tab.known_kind(models, query.get("kind")) if name else "")
            # A name is answered when it arrives in its box.
            shown.append("" if name else await self._example(request))
        if models.generator is not None:
            labels, longest = [*models.generator.labels, ANY], generate_tab.longest_name(models.generator)
            # A link to an answer may name a language to compare with, as one to names does for a blend.
            asked = query if tab == "generate" else {}
            kinds = generate_tab.kinds_of(models.generator)
            form = read_form(asked, generate_tab.first_label(models.generator), labels, longest, kinds)
            # The seed of a link brings its names once; whoever asks again wants others.
            controls = generate_tab.control_values(form._replace(seed=""), models.generator)
            if not asked.keys() & set(NamesForm._fields):
                controls = [gr.skip()] * len(controls)
            shape = gr.Accordion(open=True) if form.has_shape else gr.skip()
            shown += [*controls, shape, form.seed or START]
        # A tab that is shown by its link is not selected by anybody.
        return [*shown, await self.on_about(request) if tab == "about" else gr.skip()]

    async def _computed(self, request: gr.Request, work: Callable[[], Result]) -> Result:
        """The result of a function, in the client's turn."""
        forget_sessions(self.blocks)
        return await self.service.computing.run(_address(request), work)


_MODEL = {"classify": "classifier", "generate": "generator"}


def _status(count: int, asked: GenerateRequest, end: dict[str, Any] | None, texts: Texts) -> str:
    if end is None:
        return note(texts("status.working", done=count, asked=asked.n), "hint working")
    if end["complete"]:
        key = "status.done"
    elif end["message"].endswith(answers.LATE):
        key = "status.late"
    else:
        key = "status.fewer" if count else "status.none"
    return note(texts(key, count=count, asked=asked.n, seed=str(end["seed"])))


def _texts(request: gr.Request) -> Texts:
    return texts_for(request.headers.get("accept-language", ""))


def _address(request: gr.Request) -> str:
    return request.client.host if request.client else ""
