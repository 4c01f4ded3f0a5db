"""The tab that tells which language a name comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import gradio as gr

from charrnn.generation.novelty import Neighbour
from charrnn.inference import Classifier
from charrnn.inference.answers import LabelScore, Prediction, sure_families
from charrnn.inference.explanation import Explanation
from charrnn.service import answers
from charrnn.service.models import ServedModels
from charrnn.service.page.i18n import i18n, kind_choices, label_text
from charrnn.service.page.link import NO_LINK, name_link
from charrnn.service.page.rendering import note, percent, render
from charrnn.service.page.texts import Texts
from charrnn.service.schemas import ClassifyRequest
from charrnn.text import MAX_LENGTH, rejection_reason

EXAMPLES = ["Kowalczyk", "Satoshi Nakamoto", "Dostoevsky", "O'Sullivan", "Nguyễn", "Papadopoulos", "Haddad"]
"""Names to try; the first one is answered on the first visit."""
MAX_NAMES = 200
"""Names that are answered together on the page."""
MAX_CHARACTERS = 5000
"""Of what is typed; the page's bodies are small."""
MAX_BARS, LEAST = 5, 0.01
"""Labels that are shown for a name at most, and the probability that each of them has at least."""
COVERAGE = 0.9
"""Of the sets that the texts call nine in ten."""
CLEARLY, MOSTLY = 0.9, 0.6
"""Probabilities of the best label from which on the sentence is surer."""
ALIKE, NEAR = 4, 1 / 3
"""Known names that are shown at most, and the edits that they may be away, of the name's characters."""
MAX_LISTED = 6
"""Labels under which a list has a name that are told at most."""


FULL, WHOLE = "any-or-full", "whole"
"""In the menu of kinds: any kind where full names are told apart; one name of any kind, even if it looks like a full
one."""


class ClassifyTab(NamedTuple):
    """The components of the tab."""

    box: Any
    other: Any
    kind: Any
    answer: Any
    examples: Any


def build_tab(classifier: Classifier) -> ClassifyTab:
    """The tab's components, without events."""
    with gr.Row():
        box = gr.Textbox(
            label=i18n("classify.box"),
            placeholder=i18n("classify.placeholder"),
            info=i18n("classify.info"),
            lines=1,
            max_lines=8,
            max_length=MAX_CHARACTERS,
            autofocus=True,
            elem_id="name",
            scale=3,
        )
        kinds = kinds_of(classifier)
        kind = gr.Dropdown(
            kind_choices(kinds, FULL if WHOLE in kinds else "any"),
            value="",
            label=i18n("classify.kind"),
            visible=bool(kinds),
            scale=1,
            min_width=260,
        )
    examples = gr.Dataset(
        components=[box], samples=[[name] for name in EXAMPLES], label=i18n("classify.examples"), elem_id="examples"
    )
    answer = gr.HTML(elem_id="answer")
    other = gr.Dropdown(
        [(i18n("classify.next"), ""), *((label_text(label), label) for label in classifier.labels)],
        value="",
        label=i18n("classify.other"),
        visible=len(classifier.labels) > 2,
        elem_id="compare",
    )
    gr.Markdown(i18n("classify.scope"), elem_classes=["hint"])
    return ClassifyTab(box, other, kind, answer, examples)


def answer_html(models: ServedModels, typed: object, texts: Texts, other: object = "", kind: object = "") -> str:
    """The answer for what was typed: a name, or several, one a line.

    Args:
        models: the classifier, and the generator for known names, if there is one.
        typed: what was sent; anything that is no text counts as nothing.
        texts: in the reader's language.
        other: the label with which the answer for one name is compared; else, or if it is the answer, the next one.
        kind: of the names; what the classifier does not know is any.

    Raises:
        CharRNNError, Problem: as :func:`charrnn.service.answers.classify`.
    """
    lines = typed[:MAX_CHARACTERS].splitlines() if isinstance(typed, str) else []
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        return note(texts("classify.empty"))
    if len(names) > MAX_NAMES:
        return note(texts("many.too-many", limit=MAX_NAMES), "problem")
    kind = known_kind(models, kind)
    wants = {"names": names, "top_k": 0, "kind": None if kind == WHOLE else kind or None, "whole": kind == WHOLE}
    asked = ClassifyRequest.model_validate(wants)
    results = answers.classify(models, asked)
    if len(names) == 1:
        return _one(models, asked, results[0], texts, other)
    return _many(models, asked, results, texts, has_link=name_link(str(typed).strip()) != NO_LINK)


def kinds_of(classifier: Classifier) -> list[str]:
    """What a visitor may say of a name: the kinds that the model knows, and that it is one name and no full name."""
    kinds = classifier.config.kinds
    return [*kinds, WHOLE] if classifier.reads_full_names else kinds


def known_kind(models: ServedModels, kind: object) -> str:
    """The kind of names, or :data:`WHOLE`, if the classifier knows it; else none."""
    known = kinds_of(models.classifier) if models.classifier is not None else []
    return kind if isinstance(kind, str) and kind in known else ""


def _one(models: ServedModels, asked: ClassifyRequest, result: dict[str, Any], texts: Texts, other: object) -> str:
    name, predictions = result["name"], result["predictions"]
    if not predictions:
        return note(_reason(result["reason"], texts))
    best, known, reason = predictions[0], _known_names(models, name), result["reason"]
    compared = {p["label"]: p["probability"] for p in predictions[1:]}.get(str(other))
    shown = [(p["label"], p["probability"]) for p in predictions[:MAX_BARS] if p["probability"] >= LEAST]
    if compared is not None and str(other) not in dict(shown):
        shown.append((str(other), compared))
    pair = None if compared is None else [best["label"], str(other)]
    explain = answers.classifier_of(models).explain
    explanation = explain(name, labels=pair, kind=asked.kind, whole=asked.whole) if len(predictions) > 1 else None
    listed = [p["label"] for p in predictions if explanation and p["label"] in explanation.listed]
    return render(
        "answer",
        texts,
        sentence=_sentence(models, asked, result, reason, texts),
        guess=texts("doubt.guess", label=texts.label(best["label"])) if reason is not None else None,
        bars=shown,
        rest=round(1 - sum(p for _, p in shown), 6) if len(shown) < len(predictions) else 0,
        labels=sorted(texts.label(p["label"]) for p in predictions),
        set=None if asked.kind or "parts" in result else _set(models, name, best["probability"], reason, texts),
        parts=[{"text": part["text"], "kind": texts(f"part.{part['kind']}")} for part in result.get("parts", ())],
        listed=_listed([texts.label(label) for label in listed], texts),
        explanation=explanation,
        letters=_letters(explanation) if explanation else [],
        read=explanation.characters
        if explanation and explanation.characters != name.lower() and "parts" not in result
        else None,
        remainder=signed(explanation.remainder) if explanation else "",
        memory=signed(explanation.memory) if explanation and explanation.memory else None,
        score=signed(explanation.score) if explanation else "",
        alike=[_alike(*one, texts) for one in known],
    )


def _sentence(
    models: ServedModels, asked: ClassifyRequest, result: dict[str, Any], reason: str | None, texts: Texts
) -> str:
    name, best = result["name"], LabelScore(**result["predictions"][0])
    if reason is not None and texts.has(f"doubt.{reason}"):
        return texts(f"doubt.{reason}", name=name)
    sure = "clearly" if best.probability >= CLEARLY else "mostly" if best.probability >= MOSTLY else "perhaps"
    (family,) = _families(models, asked, [result])
    if family is None or sure == "clearly":
        return texts(f"answer.{sure}", name=name, label=texts.label(best.label))
    share = percent(family.probability)
    told = texts.family(family.label)
    return texts(f"answer.family.{sure}", name=name, family=told, share=share, label=texts.label(best.label))


def _families(
    models: ServedModels, asked: ClassifyRequest, results: Sequence[dict[str, Any]]
) -> list[LabelScore | None]:
    """For each result the family to tell, if any; of doubtful names none is."""
    predictions = []
    for result in results:
        best = [LabelScore(**p) for p in result["predictions"][:1] if result["reason"] is None]
        predictions.append(Prediction(result["name"], tuple(best), result["reason"]))
    return sure_families(answers.classifier_of(models), predictions, answers.classification_settings(asked))


def _listed(labels: Sequence[str], texts: Texts) -> str | None:
    """Under which labels the list has a name, the most probable first, in words."""
    if not labels:
        return None
    *firsts, last = labels[:MAX_LISTED]
    joined = str(texts("set.separator")).join(firsts)
    told = f"{joined}{texts('set.last')}{last}" if firsts else last
    if len(labels) > MAX_LISTED:
        return texts("listed.some", labels=told, count=len(labels))
    return texts("listed.all", labels=told)


def _reason(reason: str | None, texts: Texts) -> str:
    key = f"reason.{reason}" if texts.has(f"reason.{reason}") else "reason.other"
    return texts(key, limit=MAX_LENGTH)


def _set(models: ServedModels, name: str, probability: float, reason: str | None, texts: Texts) -> str | None:
    """The conformal set in words.

    Its promise is one over all names (marginal coverage). So it is not made for doubtful names, nor for one label that
    is far from sure, where it would be taken for one about this name.
    """
    classifier = answers.classifier_of(models)
    if reason is not None or str(COVERAGE) not in classifier.config.calibration.get("thresholds", {}):
        return None
    labels = [texts.label(p.label) for p in classifier.predict([name], coverage=COVERAGE)[0].predictions]
    if len(labels) == 1 and probability < CLEARLY:
        return None
    return texts("set.list", labels=str(texts("set.separator")).join(labels))


class Letter(NamedTuple):
    """A character of an explained name.

    Attributes:
        character: as the model reads it.
        number: its share in nats, with its sign.
        side: ``for`` or ``against`` the label.
        share: of the largest, 0 to 1.
    """

    character: str
    number: str
    side: str
    share: float


def _letters(explanation: Explanation) -> list[Letter]:
    largest = max(map(abs, explanation.attributions), default=0) or 1.0
    return [
        Letter(
            "␣" if character == " " else character,
            signed(nats),
            "for" if nats >= 0 else "against",
            abs(nats) / largest,
        )
        for character, nats in zip(explanation.characters, explanation.attributions, strict=True)
    ]


def signed(nats: float) -> str:
    """A number with its sign and one decimal place."""
    text = f"{nats:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def _known_names(models: ServedModels, name: str) -> Sequence[Neighbour]:
    """The training names nearest to this one; none if the model keeps no list of them."""
    generator = models.generator
    if generator is None or not generator.has_training_names or rejection_reason(name, generator.config.pipeline):
        return []
    return [near for near in generator.neighbours(name, ALIKE) if near.distance <= NEAR * len(name)]


def _alike(known: str, distance: int, texts: Texts) -> str:
    key = {0: "alike.same", 1: "alike.one"}.get(distance, "alike.more")
    return texts(key, name=known.title(), distance=distance)


def _many(
    models: ServedModels, asked: ClassifyRequest, results: Sequence[dict[str, Any]], texts: Texts, has_link: bool
) -> str:
    rows = []
    for result, sure in zip(results, _families(models, asked, results), strict=True):
        shown = [p for p in result["predictions"][:2] if p is result["predictions"][0] or p["probability"] >= LEAST]
        remark = ""
        if not shown:
            remark = _reason(result["reason"], texts)
        elif texts.has(f"many.{result['reason']}"):
            remark = texts(f"many.{result['reason']}")
        told = [f"{texts.label(p['label'])} {percent(p['probability'])}" for p in shown]
        family = sure and texts("many.family", family=texts.family(sure.label), share=percent(sure.probability))
        rows.append({"name": result["name"], "remark": remark, "family": family, "answers": [*told, "", ""][:2]})
    return render("many", texts, rows=rows, has_link=has_link)
