"""The tab that invents names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import gradio as gr

from charrnn.generation.full_request import FULL, usual_temperature
from charrnn.inference import Generator
from charrnn.model_config import ANY
from charrnn.name_forms import GENDERS, know_full_names
from charrnn.service import answers
from charrnn.service.models import ServedModels
from charrnn.service.page.i18n import i18n, kind_choices, label_text
from charrnn.service.page.link import MAX_TEMPERATURE, SEED_DIGITS, FormError, NamesForm
from charrnn.service.page.rendering import render
from charrnn.service.page.texts import Texts
from charrnn.service.schemas import MAX_NEAREST, PATTERN_LENGTH, GenerateRequest
from charrnn.text import MAX_LENGTH, to_ascii

FIRST = "Irish"
"""The label of the first visit, if the model knows it."""
RAREST = 1e9
"""Beyond one in so many, a name is simply rare."""


class GenerateTab(NamedTuple):
    """The components of the tab.

    Attributes:
        controls: one for each field of :class:`NamesForm`, in that order.
        texts: those of the controls in which Enter asks for names.
        shape: what opens and closes over the parts of a shape.
        run, stop: the buttons.
        status: what is going on, in a sentence.
        names: the list.
    """

    controls: list[Any]
    texts: list[Any]
    shape: Any
    run: Any
    stop: Any
    status: Any
    names: Any


def first_label(generator: Generator) -> str:
    """The label that the menu shows first."""
    return FIRST if FIRST in generator.labels else generator.labels[0]


def build_tab(generator: Generator) -> GenerateTab:
    """The tab's components, without events."""
    choices = [(label_text(label), label) for label in generator.labels]
    any_choice = [(i18n("generate.any"), ANY)] if len(choices) > 1 else []
    usual = NamesForm(label=first_label(generator))
    with gr.Row(equal_height=True):
        # Kinds have the longest texts; on a phone, two menus stand side by side.
        label = gr.Dropdown(
            [*choices, *any_choice], value=usual.label, label=i18n("generate.label"), scale=5, min_width=120
        )
        kind = gr.Dropdown(
            kind_choices(kinds_of(generator)),
            value="",
            label=i18n("generate.kind"),
            visible=bool(generator.config.kinds),
            scale=8,
            min_width=180,
        )
        gender = gr.Dropdown(
            kind_choices(genders_of(generator), area="gender"),
            value="",
            label=i18n("generate.gender"),
            visible=False,
            scale=5,
            min_width=120,
        )
        other = gr.Dropdown(
            [(i18n("generate.nothing"), ""), *choices],
            value="",
            label=i18n("generate.other"),
            visible=len(choices) > 1,
            scale=5,
        )
    share = gr.Slider(0, 100, usual.share, step=5, label=i18n("generate.share"), visible=False, buttons=[])
    with gr.Row(equal_height=True):
        n = gr.Slider(
            1,
            MAX_NEAREST,
            usual.n,
            step=1,
            label=i18n("generate.n"),
            buttons=[],
            elem_id="how-many",
        )
        temperature = gr.Slider(
            0,
            MAX_TEMPERATURE,
            usual.temperature,
            step=0.05,
            label=i18n("generate.temperature"),
            buttons=[],
        )
    novel = gr.Checkbox(
        generator.has_training_names, label=i18n("generate.novel"), interactive=generator.has_training_names
    )
    with gr.Accordion(i18n("generate.shape"), open=False, elem_id="shape") as shape:
        ascii_only = gr.Checkbox(
            False, label=i18n("generate.ascii"), info=i18n("generate.ascii.info"), visible=has_diacritics(generator)
        )
        gr.Markdown(i18n("generate.case"), elem_classes=["hint"])
        of_given = gr.Markdown(i18n("generate.given"), elem_classes=["hint"], visible=False)
        with gr.Row():
            prefix, suffix, contains = (
                gr.Textbox("", label=i18n(f"generate.{field}"), max_length=MAX_LENGTH, min_width=140)
                for field in ("prefix", "suffix", "contains")
            )
        longest = longest_name(generator)
        with gr.Row():
            min_length = gr.Slider(1, longest, 1, step=1, label=i18n("generate.min_length"), buttons=[])
            max_length = gr.Slider(1, longest, longest, step=1, label=i18n("generate.max_length"), buttons=[])
        with gr.Row():
            characters = gr.Textbox("", label=i18n("generate.characters"), max_length=MAX_LENGTH, min_width=140)
            pattern = gr.Textbox(
                "",
                label=i18n("generate.pattern"),
                info=i18n("generate.pattern.info"),
                max_length=PATTERN_LENGTH,
                min_width=140,
            )
        # A text box, because an empty number field arrives as 0.
        seed = gr.Textbox(
            "", label=i18n("generate.seed"), info=i18n("generate.seed.info"), max_length=SEED_DIGITS, elem_id="seed"
        )
    with gr.Row():
        run = gr.Button(i18n("generate.run"), variant="primary", elem_id="run", scale=3, min_width=120)
        stop = gr.Button(i18n("generate.stop"), interactive=False, elem_id="stop", scale=1, min_width=80)
    status = gr.HTML(elem_id="status")
    names = gr.HTML(elem_id="names")
    gr.HTML(elem_id="favourites")
    controls = [
        label,
        kind,
        gender,
        other,
        share,
        n,
        temperature,
        novel,
        ascii_only,
        prefix,
        suffix,
        contains,
        min_length,
        max_length,
        characters,
        pattern,
        seed,
    ]
    other.change(lambda value: gr.Slider(visible=bool(value)), other, share, api_visibility="private")
    kind.change(_shown_for_full_names, kind, [gender, of_given], api_visibility="private")
    # Where a visitor chooses the kind; a link keeps the temperature that it was made with.
    kind.input(usual_temperature, kind, temperature, api_visibility="private")
    texts = [prefix, suffix, contains, characters, pattern, seed]
    return GenerateTab(controls, texts, shape, run, stop, status, names)


def _shown_for_full_names(kind: object) -> tuple[Any, Any]:
    """The menu of genders, and the remark on whose shape is asked for."""
    return gr.Dropdown(visible=kind == FULL), gr.Markdown(visible=kind == FULL)


def kinds_of(generator: Generator) -> list[str]:
    """What a visitor may ask for: the kinds of names that the model knows, and full names if it knows their parts."""
    kinds = generator.config.kinds
    return [*kinds, FULL] if know_full_names(kinds) else kinds


def genders_of(generator: Generator) -> list[str]:
    """The genders whose full names the model can make."""
    return [gender for gender in GENDERS if gender in generator.config.kinds]


def form_of(values: Sequence[Any], generator: Generator) -> NamesForm:
    """The controls as they were sent, but for what the model cannot do; the largest length of all is no limit.

    Raises:
        FormError: what names are to begin with, end with or contain has characters that the model never writes.
    """
    form = _possible(NamesForm(*values), generator)
    written = to_ascii if form.ascii else str
    known = set(written(generator.config.alphabet))
    for field in ("prefix", "suffix", "contains"):
        given = str(getattr(form, field))
        # What has no ASCII form would be left out without a word.
        if not set(written(given)) <= known or bool(written(given)) != bool(given):
            raise FormError(field)
    return form._replace(max_length=None) if form.max_length == longest_name(generator) else form


def control_values(form: NamesForm, generator: Generator) -> list[Any]:
    """What the controls show for a form."""
    if form.max_length is None:
        form = form._replace(max_length=longest_name(generator))
    return list(_possible(form, generator))


def _possible(form: NamesForm, generator: Generator) -> NamesForm:
    """The form without ticks that say nothing: of new names where there is no list, of ASCII where all is ASCII."""
    form = form if generator.has_training_names else form._replace(novel=False)
    return form if has_diacritics(generator) else form._replace(ascii=False)


def has_diacritics(generator: Generator) -> bool:
    """Whether names come in more than ASCII."""
    return not generator.config.alphabet.isascii()


def longest_name(generator: Generator) -> int:
    """Characters of a name at most."""
    return min(generator.config.max_length, MAX_LENGTH)


def invent(models: ServedModels, asked: GenerateRequest) -> Iterator[dict[str, Any]]:
    """Names as the API gives them, each with what it is to a reader; the end comes last.

    To ``looks``, the label that the classifier would give it, the others are those of
    :class:`charrnn.service.schemas.GeneratedName`.
    """
    classifier = models.classifier
    kind = asked.kind if classifier is not None and asked.kind in classifier.config.kinds else None
    for item in answers.generate(models, asked):
        if "name" in item and classifier is not None:
            predictions = classifier.predict([item["name"]], 1, kind=kind)[0].predictions
            item["looks"] = predictions[0].label if predictions else None
        yield item


class Remark(NamedTuple):
    """A short remark about a name, and what explains it."""

    text: str
    help: str = ""


def names_html(names: Sequence[dict[str, Any]], asked: GenerateRequest, texts: Texts, link: str = "") -> str:
    """The list of names.

    Args:
        names: of :func:`invent`.
        asked: what was asked for, with its seed.
        texts: in the reader's language.
        link: that brings them again; a name that is kept takes it along.
    """
    labels = [asked.label or ""] if asked.blend is None else list(asked.blend)
    shown = [{**name, "remarks": _remarks(name, labels, texts)} for name in names]
    label = " + ".join(texts("generate.any") if label == ANY else texts.label(label) for label in labels)
    return render("names", texts, names=shown, label=label, kind=asked.kind or "", link=link, seed=asked.seed)


def _remarks(name: dict[str, Any], wanted: Sequence[str], texts: Texts) -> list[Remark]:
    remarks = []
    if "distance" in name:
        near = name["nearest"].title()
        key = {0: "names.known", 1: "names.near.one"}.get(name["distance"], "names.near.more")
        remarks.append(Remark(texts(key, nearest=near, distance=name["distance"])))
    if name.get("looks") is not None and ANY not in wanted:
        key = "names.fits" if name["looks"] in wanted else "names.differs"
        remarks.append(Remark(texts(key, label=texts.label(name["looks"]))))
    if "parts" in name:
        return remarks  # the chance of a full name is far too small to tell anything
    odds = math.exp(min(-name["log_probability"], 50))
    likely = texts("names.rare") if odds > RAREST else texts("names.likely", odds=_rounded(odds))
    remarks.append(Remark(likely, texts("names.likely.help")))
    return remarks


def _rounded(number: float) -> int:
    """A number to two significant digits."""
    return int(float(f"{number:.2g}"))
