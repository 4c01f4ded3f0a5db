"""The texts that the browser itself translates: labels, hints and titles of Gradio's components."""

from __future__ import annotations

from typing import Any

from charrnn.errors import needs_extra
from charrnn.service.page.texts import ENGLISH, LANGUAGES, translations

with needs_extra("app"):
    import gradio as gr

i18n = gr.I18n(**{tag: dict(translations(tag)) for tag in LANGUAGES})
"""Called with a key of the texts, it stands for the text in the language of the browser."""


def label_text(label: str) -> Any:
    """A label in the language of the browser, as far as the texts name it."""
    key = f"label.{label}"
    return i18n(key) if key in translations(ENGLISH) else label
