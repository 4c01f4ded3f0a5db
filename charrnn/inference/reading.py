"""Names as a classifier reads them, and why it cannot read some."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from charrnn.text import (
    MAX_LENGTH,
    PIPELINES,
    is_latin,
    is_readable,
    rare_letter,
    read_name,
    romanise,
    script_runs,
    symbol_script,
    unicode_script,
)


class NameReader:
    """The text pipeline of a model, and what it does with scripts that the model has not learned.

    A model whose pipeline is ``folded`` reads the parts of a name in other scripts as they are, if its alphabet has one
    of their letters. Other parts are romanised where the custom for names is known (see
    :mod:`charrnn.text.romanisation`).

    Args:
        pipeline: key of :data:`charrnn.text.PIPELINES`.
        alphabet: of the model.
    """

    def __init__(self, pipeline: str, alphabet: str) -> None:
        self.pipeline, self.alphabet = pipeline, frozenset(alphabet)
        self.letters = frozenset(c for c in alphabet if symbol_script(c) != "common")
        self.scripts = {"latin", "common", *map(symbol_script, alphabet)}
        self.clean = PIPELINES[pipeline]
        self.folds_ascii = pipeline.endswith("folded")

    def read(self, names: Sequence[object]) -> tuple[list[str | None], list[str | None]]:
        """Each name as the model reads it, None where it cannot be scored; and why it cannot.

        The reasons are those of :func:`charrnn.text.rejection_reason`. ``unsupported-script`` is the reason, too, where
        the model has learned none of the scripts of a name, and they cannot be romanised.
        """
        if not self.folds_ascii:
            return self._slowly(names)
        # Most names are words of ASCII letters, which folding only writes in lower case.
        texts: list[str | None] = [
            name.lower()
            if type(name) is str and name.isascii() and name.isalpha() and len(name) <= MAX_LENGTH
            else _folded_words(name)
            for name in names
        ]
        reasons: list[str | None] = [None] * len(texts)
        others = [i for i, text in enumerate(texts) if text is None]
        for i, text, reason in zip(others, *self._slowly([names[i] for i in others]), strict=True):
            texts[i], reasons[i] = text, reason
        return texts, reasons

    def _slowly(self, names: Sequence[object]) -> tuple[list[str | None], list[str | None]]:
        answers = [self._one(name) for name in names]
        return [text for text, _ in answers], [reason for _, reason in answers]

    def _one(self, name: object) -> tuple[str | None, str | None]:
        text, reason = read_name(name, self.pipeline)
        if text is None or not isinstance(name, str):
            return None, reason
        if self.pipeline != "folded" or text.isascii() or self._knows(text):
            return text, None
        parts = script_runs(unicodedata.normalize("NFKC", name))
        text = self.clean(
            "".join(part if self._knows(part) or not is_readable(part) else romanise(part) for part in parts)
        )
        if not any(c.isalpha() and unicode_script(c) in self.scripts for c in text):
            return None, "unsupported-script"
        return (text, None) if len(text) <= MAX_LENGTH else (None, "too-long")

    def _knows(self, text: str) -> bool:
        """Whether each part in another script than Latin has a letter of the alphabet, or one that is rare there."""
        return self.alphabet.issuperset(text) or all(
            is_latin(part) or not self.letters.isdisjoint(part) or not self.letters.isdisjoint(map(rare_letter, part))
            for part in script_runs(text)
        )


def _folded_words(name: object) -> str | None:
    """A name of several words of ASCII letters, folded; None of another."""
    if type(name) is not str or not name.isascii() or len(name) > MAX_LENGTH or not name.replace(" ", "").isalpha():
        return None
    return " ".join(name.split()).lower()
