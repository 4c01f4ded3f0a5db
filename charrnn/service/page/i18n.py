"""The texts that the browser itself translates: labels, hints and titles of Gradio's components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from charrnn.errors import needs_extra
from charrnn.service.page.texts import ENGLISH, LANGUAGES, translations

with needs_extra("app"):
    import gradio as gr

i18n = gr.I18n(**{tag: dict(translations(tag)) for tag in LANGUAGES})
"""Called with a key of the texts, it stands for the text in the language of the browser."""


def label_text(label: str) -> Any:
    """A label in the language of the browser, as far as the texts name it."""
    return _named("label", label)


def kind_choices(kinds: Sequence[str], usual: str = "any", area: str = "kind") -> list[tuple[Any, str]]:
    """What a menu of kinds of names offers: any of them, and each, likewise.

    Args:
        kinds: of names.
        usual: names any of them among the texts.
        area: of the texts that name them.
    """
    return [(i18n(f"{area}.{usual}"), ""), *((_named(area, kind), kind) for kind in kinds)]


def _named(area: str, name: str) -> Any:
    key = f"{area}.{name}"
    return i18n(key) if key in translations(ENGLISH) else name
