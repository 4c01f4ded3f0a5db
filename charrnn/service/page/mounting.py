"""The Gradio page over two models: a tab that classifies a name, and one that generates names."""

from __future__ import annotations

import html
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

# Before Gradio is imported: no server-side rendering (it starts a Node process), no telemetry.
os.environ.setdefault("GRADIO_SSR_MODE", "false")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Gradio sums up its last 10,000 records after every so many events.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")

from charrnn.errors import CharRNNError, needs_extra
from charrnn.inference import Classifier, Generator
from charrnn.inference.explanation import Explanation
from charrnn.model_folder import ANY
from charrnn.service.core import Service
from charrnn.service.observation import log
from charrnn.service.problems import Problem
from charrnn.text import MAX_LENGTH

with needs_extra("app"):
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.cors import CORSMiddleware

MAX_NAMES = 100
"""Names that one click generates at most."""


class PageError(gr.Error):  # type: ignore[misc]
    """What is told to the user, and not logged."""

    def __init__(self, message: str) -> None:
        super().__init__(message, print_exception=False)


Result = TypeVar("Result")
QUEUE, CONCURRENCY, SESSIONS = 64, 16, 256
"""Events that wait in Gradio's queue, events of one kind at a time, and sessions whose state is kept. Behind the queue,
events wait for their turn to compute as all requests do."""
TOP_K = 5
"""Labels shown for a name."""
EXAMPLES = ["Satoshi", "Dostoevsky", "Papadopoulos", "O'Sullivan", "Nguyễn", "Dvořáková", "MacLeod", "Haddad"]
REASONS = {
    "missing-name": "Type a name to see which language it looks like.",
    "no-letters": "There are no letters in it.",
    "too-long": f"That is over {MAX_LENGTH} characters, too long for a name.",
}
"""Sentences for names that cannot be scored, by the reason of the abstention."""
DOUBTS = {
    "unlike-training": "But it is unlike the names that this model knows: do not trust the answer.",
    "out-of-vocabulary": "But the model knows none of its letters: do not trust the answer.",
}
"""Sentences for answers that are doubtful, by the reason of the abstention."""
BLUE, ORANGE = "37, 99, 235", "234, 88, 12"
CSS = """
.letters { font-size: 1.6rem; letter-spacing: 0.04em; margin: 0.5rem 0 0.25rem; overflow-wrap: anywhere; }
.letters span { padding: 0.05em 0.09em; border-radius: 3px; }
.legend { font-size: 0.85rem; opacity: 0.75; }
.gradio-container { max-width: 860px !important; margin: 0 auto !important; }
#names textarea { font-size: 1.05rem; line-height: 1.7; }
footer { display: none !important; }
"""


def theme() -> Any:
    """A theme with the fonts of the system, so that the page needs no network."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    return gr.themes.Soft(primary_hue="indigo", font=fonts, font_mono=["ui-monospace", "monospace"])


def classify(model: Classifier, ood_generator: Generator | None, name: str) -> tuple[dict[str, float], str, str]:
    """The answer for one name.

    Args:
        model: the classifier.
        ood_generator: finds names that are out of distribution; without it, the answer to such a name has no warning.
        name: what was typed.

    Returns:
        Probabilities of the most probable labels, a sentence, and the letters coloured by their attributions (HTML).

    Raises:
        gr.Error: the name is no text.
    """
    if not isinstance(name, str):
        raise PageError("The name must be text.")
    answer = model.predict([name], TOP_K, ood_generator=ood_generator)[0]
    if not answer.predictions:
        return {}, REASONS.get(answer.reason or "", f"No answer: {answer.reason}."), ""
    best, probability = answer.predictions[0]
    sure = "clearly" if probability >= 0.9 else "mostly" if probability >= 0.6 else "a little"
    sentence = f"**{name.strip()}** looks {sure} **{best}**."
    if answer.reason:
        sentence += f" {DOUBTS[answer.reason]}"
    probabilities = {score.label: score.probability for score in answer.predictions}
    return probabilities, sentence, coloured_letters(model.explain(name))


def coloured_letters(explanation: Explanation) -> str:
    """An explanation as HTML: blue letters favour the label, orange ones the runner-up."""
    largest = max(map(abs, explanation.attributions)) or 1.0
    spans = []
    for character, nats in zip(explanation.characters, explanation.attributions, strict=True):
        colour = BLUE if nats > 0 else ORANGE
        shown = html.escape(character) if character != " " else "&nbsp;"
        spans.append(
            f'<span style="background: rgba({colour}, {0.75 * abs(nats) / largest:.2f})" '
            f'title="{nats:+z.1f}">{shown}</span>'
        )
    label, other = html.escape(explanation.label), html.escape(explanation.other)
    legend = f"What speaks for <b>{label}</b> is blue, what speaks for the runner-up, <b>{other}</b>, is orange."
    return f'<p class="letters">{"".join(spans)}</p><p class="legend">{legend}</p>'


def generate(model: Generator, label: str, number: float, temperature: float, seed: str | None) -> tuple[str, str]:
    """Names, one per line, and a sentence with the seed that gives them again.

    Args:
        model: the generator.
        label: one of the model's, or any.
        number: of names.
        temperature: of sampling.
        seed: a whole number as text; without one, each call draws its own.

    Raises:
        gr.Error: an argument is no number, or out of its range; the message is for the page.
    """
    try:
        n = int(number)
        used_seed = int(seed) if seed and str(seed).strip() else secrets.randbelow(2**31)
        if not 1 <= n <= MAX_NAMES:
            raise PageError(f"Ask for 1 to {MAX_NAMES} names.")
        names = model.sample(label, n, used_seed, float(temperature))
    except CharRNNError as error:
        raise PageError(str(error)) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise PageError("Number, temperature and seed must be numbers, the seed a whole one.") from error
    return "\n".join(names), f"Seed {used_seed}: the same seed and settings give the same names."


def build(service: Service) -> Any:
    """The page over the models of a service, as ``gr.Blocks``; a model that is not there has no tab."""

    async def on_classify(name: str, request: gr.Request) -> tuple[dict[str, float], str, str]:
        models = service.models
        if models.classifier is None:
            raise PageError("There is no classifier any more.")
        model = models.classifier
        return await _computed(service, page, request, lambda: classify(model, models.ood_generator, name))

    async def on_generate(
        label: str, number: float, temperature: float, seed: str | None, request: gr.Request
    ) -> tuple[str, str]:
        model = service.models.generator
        if model is None:
            raise PageError("There is no generator any more.")
        return await _computed(service, page, request, lambda: generate(model, label, number, temperature, seed))

    with gr.Blocks(title="charrnn: names") as page:
        gr.Markdown(
            "# charrnn\nTell which language a surname comes from, and invent new ones. "
            "Two small recurrent networks, trained on real surnames."
        )
        if service.models.classifier is not None:
            _classify_tab(service.models.classifier, on_classify)
        if service.models.generator is not None:
            _generate_tab(service.models.generator, on_generate)
    page.queue(max_size=QUEUE, default_concurrency_limit=CONCURRENCY, api_open=False)
    page.state_session_capacity = SESSIONS
    return page


def _classify_tab(classifier: Classifier, on_classify: Callable[..., Any]) -> None:
    with gr.Tab("Classify"):
        with gr.Row(equal_height=False):
            with gr.Column():
                name = gr.Textbox(label="Name", placeholder="Satoshi", max_length=MAX_LENGTH, autofocus=True)
                ask = gr.Button("Classify", variant="primary")
                gr.Examples([[e] for e in EXAMPLES], name, label="Try one")
            with gr.Column():
                bars = gr.Label(label="Language", num_top_classes=TOP_K)
                sentence = gr.Markdown()
                why = gr.HTML(padding=False)
        gr.on([ask.click, name.submit], on_classify, name, [bars, sentence, why], api_name="classify")
        # A click on an example fills the box without submitting it; the change brings the answer.
        name.change(
            on_classify,
            name,
            [bars, sentence, why],
            api_name=False,
            show_progress="hidden",
            trigger_mode="always_last",
        )
        gr.Markdown(
            f"It knows {len(classifier.labels)} labels: {', '.join(classifier.labels)}. The answer says which list "
            "of names a name resembles. It says nothing about a person's identity, origin or ancestry."
        )


def _generate_tab(generator: Generator, on_generate: Callable[..., Any]) -> None:
    with gr.Tab("Generate"), gr.Row(equal_height=False):
        with gr.Column():
            start = "Irish" if "Irish" in generator.labels else generator.labels[0]
            choices = [(label, label) for label in generator.labels]
            choices += [("any", ANY)] if len(choices) > 1 else []
            # An unknown value is checked, and answered, by the function; Gradio would print it into the log.
            label = gr.Dropdown(choices, value=start, label="Label", allow_custom_value=True)
            number = gr.Slider(1, MAX_NAMES, value=10, step=1, label="Number")
            temperature = gr.Slider(0, 2, value=0.8, step=0.05, label="Temperature", info="Low: typical. High: wild.")
            # A text box, because an empty number field arrives as 0.
            seed = gr.Textbox(label="Seed", placeholder="any whole number", info="Empty: new names each time.")
            make = gr.Button("Generate", variant="primary")
        with gr.Column():
            names = gr.Textbox(label="Names", lines=10, max_lines=20, buttons=["copy"], elem_id="names")
            again = gr.Markdown()
        gr.on([make.click], on_generate, [label, number, temperature, seed], [names, again], api_name="generate")


async def _computed(service: Service, page: Any, request: gr.Request, work: Callable[[], Result]) -> Result:
    """The result of a function, in the client's turn."""
    forget_sessions(page)
    try:
        return await service.computing.run(request.client.host if request.client else "", work)
    except Problem as problem:
        raise PageError(problem.detail) from problem


def forget_sessions(page: Any) -> None:
    """Let Gradio's queue forget sessions that are over: it keeps a set of events for each that was never read."""
    queue = getattr(page, "_queue", None)
    if queue is None or len(queue.pending_event_ids_session) <= 2 * SESSIONS:
        return
    for session in queue.pending_event_ids_session.keys() - queue.pending_messages_per_session.keys():
        del queue.pending_event_ids_session[session]


def quiet() -> None:
    """Let Gradio log the kind of an error of its own, not its message, which may hold what was typed."""

    class Quiet:
        @staticmethod
        def print_exc(*_: Any, **__: Any) -> None:
            kind = sys.exc_info()[0]
            log.warning("page error", extra={"fields": {"kind": kind.__name__ if kind else None}})

    for module in (gr.queueing, gr.route_utils):
        module.traceback = Quiet


def mount(page: Any, origins: Sequence[str] = ()) -> FastAPI:
    """The application that serves the page at its root.

    Args:
        page: of :func:`build`.
        origins: whose pages may call it. Without this list Gradio would let all in.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    quiet()
    app.add_middleware(CORSMiddleware, allow_origins=list(origins))
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=theme(),
        css=CSS,
        ssr_mode=False,
        enable_monitoring=False,
        run_history=False,
        show_error=False,
        max_file_size=0,
        footer_links=[],
        mcp_server=False,
    )
    return app
