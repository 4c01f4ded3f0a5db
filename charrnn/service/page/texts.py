"""What the page says, in English and Chinese: the files of ``texts/``, one for each language, with the same keys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup

FOLDER = Path(__file__).parent / "texts"
ENGLISH, SIMPLIFIED, TRADITIONAL = LANGUAGES = ("en", "zh-CN", "zh-TW")
"""The languages, by the names of their files."""
TRADITIONAL_TAGS = re.compile(r"zh-(hant|tw|hk|mo)\b", re.IGNORECASE)


class Texts:
    """The texts in one language.

    Args:
        tag: one of :data:`LANGUAGES`.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self._texts = translations(tag)

    def __call__(self, key: str, **values: object) -> Markup:
        """A text, its values escaped for HTML. With a ``count`` of 1 it is the text of the key with ``.one``, if any.

        Args:
            key: of the files.
            values: for the places of the text; numbers are written with separators.
        """
        if values.get("count") == 1 and f"{key}.one" in self._texts:
            key = f"{key}.one"
        shown = {name: f"{value:,}" if type(value) is int else value for name, value in values.items()}
        return Markup(self._texts[key]).format(**shown)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._texts

    def label(self, label: str) -> str:
        """The name of a label in this language; of labels that the files do not name, the label itself."""
        return self._texts.get(f"label.{label}", label)

    def family(self, family: str) -> str:
        """The name of a family of languages; likewise."""
        return self._texts.get(f"family.{family}", family)


@cache
def translations(tag: str) -> Mapping[str, str]:
    """All texts of a language by key."""
    texts: dict[str, str] = json.loads((FOLDER / f"{tag}.json").read_text("utf-8"))
    return texts


def texts_for(accepted: str) -> Texts:
    """The texts for who sends such an ``Accept-Language``: in its first language, or else in English.

    Args:
        accepted: the header, such as ``zh-CN,zh;q=0.9,en;q=0.8``.
    """
    first = accepted.split(",")[0].split(";")[0].strip()
    if TRADITIONAL_TAGS.match(first):
        return Texts(TRADITIONAL)
    return Texts(SIMPLIFIED if first.lower().split("-")[0] == "zh" else ENGLISH)
