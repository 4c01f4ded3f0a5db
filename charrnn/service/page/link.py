"""What a link to the page carries: the tab, a name to classify, or what names to invent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from charrnn.generation.full_request import FULL
from charrnn.generation.sampling import TEMPERATURE
from charrnn.name_forms import GENDERS
from charrnn.service.schemas import MAX_NEAREST, PATTERN_LENGTH, GenerateRequest
from charrnn.text import MAX_LENGTH

TABS = ("classify", "generate", "about")
MAX_TEMPERATURE, SEED_DIGITS = 1.5, 15
LONGEST_NAME = 2000
"""Characters of names that a link carries."""
NO_LINK = "?"
"""In place of the query of a link that carries nothing."""
RANGES: dict[str, tuple[float, float]] = {
    "n": (1, MAX_NEAREST),
    "share": (0, 100),
    "temperature": (0, MAX_TEMPERATURE),
    "min_length": (1, MAX_LENGTH),
    "max_length": (1, MAX_LENGTH),
}
"""Limits of the numbers."""
TEXTS = ("prefix", "suffix", "contains", "characters", "pattern")
"""Parts of a shape that are texts."""


class FormError(ValueError):
    """A control holds what it cannot; the message is the name of its field."""


class NamesForm(NamedTuple):
    """The controls of the tab that invents names, in their order on the page.

    Values come from anybody over HTTP, so they are checked in :meth:`request`.
    """

    label: str = ""
    kind: str = ""
    gender: str = ""
    other: str = ""
    share: float = 50
    n: float = 10
    temperature: float = TEMPERATURE
    novel: bool = True
    ascii: bool = False
    prefix: str = ""
    suffix: str = ""
    contains: str = ""
    min_length: float = 1
    max_length: float | None = None
    characters: str = ""
    pattern: str = ""
    seed: str = ""

    def request(self, nearest: bool) -> GenerateRequest:
        """What the API would be asked.

        Args:
            nearest: whether the nearest known name of each is wanted; full names have none.

        Raises:
            FormError: a value cannot be used.
            pydantic.ValidationError: likewise.
        """
        share = self._number("share") / 100
        is_blend = bool(self.other) and self.other != self.label and share > 0
        seed = self.seed.strip() if isinstance(self.seed, str) else "?"
        if seed and not (seed.isascii() and seed.isdecimal() and len(seed) <= SEED_DIGITS):
            raise FormError("seed")
        if not isinstance(self.label, str) or not isinstance(self.other or "", str):
            raise FormError("unknown-label")
        for field in ("kind", "gender"):
            if not isinstance(getattr(self, field) or "", str):
                raise FormError(field)
        is_full = self.kind == FULL
        blend = {self.label: 1 - share, self.other: share} if is_blend and share < 1 else None
        wants = {
            "label": None if blend else self.other if is_blend else self.label,
            "blend": blend,
            "kind": self.kind or None,
            "gender": (self.gender or None) if is_full else None,
            "n": int(self._number("n")),
            "seed": int(seed) if seed else None,
            "temperature": self._number("temperature"),
            "min_length": int(self._number("min_length")),
            "max_length": None if self.max_length is None else int(self._number("max_length")),
            "novel": bool(self.novel),
            "ascii": bool(self.ascii),
            "nearest": nearest and not is_full,
        }
        return GenerateRequest.model_validate(wants | {field: getattr(self, field) for field in TEXTS})

    @property
    def has_shape(self) -> bool:
        """Whether it constrains what names look like."""
        return (
            self.ascii
            or any(getattr(self, field) for field in TEXTS)
            or self.min_length != 1
            or self.max_length is not None
        )

    def _number(self, field: str) -> float:
        value, (least, most) = getattr(self, field), RANGES[field]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise FormError(field)
        return float(value)


def names_link(form: NamesForm, seed: int) -> str:
    """The query of a link that brings these names again.

    Args:
        form: what differs from its defaults is in the link.
        seed: that was used.
    """
    usual = NamesForm(label=form.label)
    values = {
        key: f"{value:g}" if isinstance(value, float) else str(int(value)) if isinstance(value, bool) else value
        for key, value in form._asdict().items()
        if value not in (getattr(usual, key), None, "") or key == "label"
    }
    if not form.other:
        values.pop("share", None)
    return f"?{urlencode({'tab': 'generate', **values, 'seed': seed})}"


def name_link(names: str, other: str = "", kind: str = "") -> str:
    """The query of a link to the answer for a name; :data:`NO_LINK` for more than one can carry.

    Args:
        names: as they were typed.
        other: the language with which the answer is compared, if one was chosen.
        kind: of the names, if one was chosen.
    """
    if not 0 < len(names) <= LONGEST_NAME:
        return NO_LINK
    values = {"name": names, "other": other, "kind": kind}
    return f"?{urlencode({key: value for key, value in values.items() if value})}"


def read_form(
    query: Mapping[str, str], label: str, labels: Collection[str], longest: int, kinds: Collection[str] = ()
) -> NamesForm:
    """The controls as a link has them; what cannot be used is as usual.

    Args:
        query: parameters of the link.
        label: the usual one.
        labels: that may be chosen.
        longest: the largest length of a name.
        kinds: of names that may be chosen.
    """
    values: dict[str, object] = {}
    for field in NamesForm._fields:
        given = query.get(field, "")[:PATTERN_LENGTH]
        if field in RANGES:
            least, most = RANGES[field]
            values[field] = _number(given, least, min(most, longest) if field.endswith("_length") else most)
        elif field == "novel":
            values[field] = given != "0"
        elif field == "ascii":
            values[field] = given == "1"
        elif field in ("label", "other"):
            values[field] = given if given in labels else ""
        elif field == "kind":
            values[field] = given if given in kinds else ""
        elif field == "gender":
            values[field] = given if given in GENDERS else ""
        else:
            values[field] = given
    usual = NamesForm(label=label)._asdict()
    return NamesForm(**{key: usual[key] if value in (None, "") else value for key, value in values.items()})  # type: ignore[arg-type]


def _number(text: str, least: float, most: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not least <= value <= most:
        return None
    return int(value) if value == int(value) else value
