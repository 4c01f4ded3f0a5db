"""What a corpus holds that is hardly a name, and labels with hardly any: the audit says so, and so does training."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from charrnn.corpus.corpus import Corpus
from charrnn.text import MISSING_NAMES, script

TINY_LABEL = 50
"""Distinct names; with fewer, the score of a label on a test split says little."""
_HEADERS = frozenset(
    [
        "name",
        "names",
        "surname",
        "surnames",
        "lastname",
        "last_name",
        "firstname",
        "first_name",
        "label",
        "country",
        "nationality",
    ]
)
_PUNCTUATION = re.compile(r"""[,;:/\\|"()\[\]{}<>_=+*#!?&%$^~]""")
_ADDRESS = re.compile(r"@|https?:|www\.", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """One fact about a corpus that deserves a look.

    Attributes:
        kind: a fixed word, such as ``repeated``.
        severity: ``error`` (to be mended), ``warning`` (to be decided on), ``info``.
        count: number of rows, names, labels or characters concerned, as the message says.
        message: what was found, with examples.
        next: what to do about it.
    """

    kind: str
    severity: str
    count: int
    message: str
    next: str


def suspicious_names(corpus: Corpus) -> Iterator[Finding]:
    """A finding for each kind of name that looks like something else."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    seen: set[str] = set()
    for name, label in zip(corpus.names, corpus.labels, strict=True):
        if label not in seen:
            seen.add(label)
            if name.casefold() in _HEADERS:
                found["header"].append(name)
        if name in MISSING_NAMES:
            found["missing"].append(name)
            continue
        if name.isascii() and name.isalpha():
            continue  # most names
        if _ADDRESS.search(name):
            found["address"].append(name)
        elif any(unicodedata.category(c) in ("Nd", "No") for c in name):
            found["digits"].append(name)
        elif _PUNCTUATION.search(name):
            found["punctuation"].append(name)
        if not name.isascii() and len({script(c) for c in name if c.isalpha()} - {"kana", "han", "common"}) > 1:
            found["mixed-scripts"].append(name)
    descriptions = {
        "header": "look like a column's header",
        "missing": "are what programs write where a name is missing",
        "address": "look like an e-mail or web address",
        "digits": "hold digits",
        "punctuation": "hold characters that names do not have",
        "mixed-scripts": "mix scripts",
    }
    for kind, names in found.items():
        yield Finding(
            f"suspicious-{kind}",
            "error",
            len(names),
            f"{len(names):,} names {descriptions[kind]} ({some(names)})",
            "Mend or remove these lines.",
        )


def tiny_labels(corpus: Corpus) -> Iterator[Finding]:
    """A finding where labels have fewer than :data:`TINY_LABEL` distinct names."""
    tiny = sorted(label for label, count in corpus.distinct_counts.items() if count < TINY_LABEL)
    if tiny:
        yield Finding(
            "tiny-label",
            "warning",
            len(tiny),
            f"under {TINY_LABEL} distinct names: {some(tiny)}; a model learns little of so few",
            "Add names, or merge labels.",
        )


def some(names: Sequence[str], most: int = 5) -> str:
    """The first of the names, as text."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
