"""HTML of answers, by the templates of ``templates/``; whatever they are given is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from charrnn.service.page.texts import ENGLISH, Texts

SPACE = "\N{NO-BREAK SPACE}"


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = percent
    return environment


def render(template: str, texts: Texts, **values: object) -> str:
    """A template filled in.

    Args:
        template: name of a file, without its suffix.
        texts: called ``t`` in the template.
        values: by their names in the template.
    """
    return _environment().get_template(f"{template}.html").render(t=texts, **values)


def note(text: str, kind: str = "hint") -> str:
    """A sentence in place of an answer.

    Args:
        text: of the sentence.
        kind: its class: ``hint`` or ``problem``.
    """
    return render("note", Texts(ENGLISH), text=text, kind=kind)


def percent(share: float) -> str:
    """A share as a whole percentage; only what is all or nothing is 100 % or 0 %."""
    if 0 < share < 0.01:
        return f"<{SPACE}1{SPACE}%"
    if 0.99 < share < 1:
        return f">{SPACE}99{SPACE}%"
    return f"{100 * share:.0f}{SPACE}%"
