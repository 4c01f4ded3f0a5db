"""How the full names of a label are put together: the order of their parts, and the forms of surnames by gender."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from charrnn.text import to_ascii

GIVEN, SURNAME = "given", "surname"
"""What a part of a full name is."""
ORDERS: dict[str, tuple[str, ...]] = {
    "given surname": (GIVEN, SURNAME),
    "surname given": (SURNAME, GIVEN),
    "given father": (GIVEN, SURNAME),
    "given patronymic": (GIVEN, SURNAME),
    "given patronymic surname": (GIVEN, SURNAME),
    "given two-surnames": (GIVEN, SURNAME, SURNAME),
}
"""Orders of the parts of a full name, and the parts that are drawn for each. *Father* is the father's given name, and
*patronymic* alone a name made of it: both stand in the lists of surnames. A patronymic before a surname is in no list,
so it is left out."""
NAME_FORMS = "name_forms"
"""Key of a generator's ``data``: the record of :class:`NameForms` of each label of whose full names something is known.
"""
NAME_ORDERS = "name_orders"
"""Key of a classifier's ``data``: the order of the parts of each such label, a key of :data:`ORDERS`."""
GENDERS = FEMALE, MALE = ("female", "male")
"""Of who bears a name; the kinds of given names are called so, too."""

USUAL_SHARE = 1 / 15
"""Of a label's surnames, from which on those without a form are usual. A generator makes them more often than its list
has them; where the list has few, as in Icelandic, most of them are no surnames."""


def know_full_names(kinds: Sequence[str]) -> bool:
    """Whether a model of these kinds of names knows surnames and given names, and so the parts of full names."""
    return SURNAME in kinds and any(gender in kinds for gender in GENDERS)


class SurnameForm(NamedTuple):
    """What the surnames of a gender look like, as regular expressions for the whole name; empty ones say nothing.

    Attributes:
        required: matches each of them.
        excluded: matches none of them.
    """

    required: str = ""
    excluded: str = ""


ANY_FORM = SurnameForm()


@dataclass(frozen=True)
class NameForms:
    """The full names of a label.

    Attributes:
        order: of their parts, a key of :data:`ORDERS`.
        feminine: what surnames that women bear often end (``-ová``) or begin with (``Ní -``), where they have forms of
            their own.
        masculine: likewise for men.
        neutral: whether surnames without any form are usual.

    Raises:
        ValueError: the order is unknown, or a form has no hyphen at its beginning or end.
    """

    order: str = "given surname"
    feminine: tuple[str, ...] = ()
    masculine: tuple[str, ...] = ()
    neutral: bool = True

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise ValueError(f"order is none of {', '.join(ORDERS)}")
        for key in ("feminine", "masculine"):
            for form in getattr(self, key):
                if len(form) < 2 or form.startswith("-") == form.endswith("-"):
                    raise ValueError(f"{key} holds {form!r}, which is no ending (-a) and no beginning (O'-)")

    @classmethod
    def read(cls, record: Any) -> NameForms:
        """The forms of a record, as :meth:`as_record` gives it.

        Raises:
            ValueError: it is no such record.
        """
        keys = {"order", "feminine", "masculine", "neutral"}
        if not isinstance(record, dict) or record.keys() != keys:
            raise ValueError("has other values than order, feminine, masculine and neutral")
        if not isinstance(record["order"], str) or not isinstance(record["neutral"], bool):
            raise ValueError("order is no text, or neutral is neither true nor false")
        lists = {key: record[key] for key in ("feminine", "masculine")}
        for key, forms in lists.items():
            if not isinstance(forms, list) or not all(isinstance(form, str) for form in forms):
                raise ValueError(f"{key} is no list of texts")
        return cls(record["order"], tuple(lists["feminine"]), tuple(lists["masculine"]), record["neutral"])

    def as_record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @property
    def parts(self) -> tuple[str, ...]:
        """What the parts of a full name are, in order: :data:`GIVEN` or :data:`SURNAME` each."""
        return ORDERS[self.order]

    def surname_form(self, gender: str, alphabet: str) -> SurnameForm:
        """What the surnames of a gender look like.

        None has a form of the other gender. Surnames without any form are borne by both, unless these are unusual, or
        women alone have forms, as in Czech: then all other surnames are men's.

        Args:
            gender: one of :data:`GENDERS`.
            alphabet: of the model; a form with letters that it does not have counts in ASCII.
        """
        feminine, masculine = _pattern(self.feminine, alphabet), _pattern(self.masculine, alphabet)
        if gender == MALE:
            return SurnameForm("" if self.neutral else masculine, feminine)
        return SurnameForm("" if self.neutral and masculine else feminine, masculine)

    def observed(self, surnames: Collection[str], alphabet: str) -> NameForms:
        """The forms with ``neutral`` as a list has it.

        Args:
            surnames: of the label, as the model reads them.
            alphabet: of the model.
        """
        pattern = _pattern((*self.feminine, *self.masculine), alphabet)
        without = sum(re.fullmatch(pattern, name) is None for name in surnames) if pattern else len(surnames)
        return replace(self, neutral=without >= USUAL_SHARE * len(surnames))


def _pattern(forms: Sequence[str], alphabet: str) -> str:
    """A regular expression for the names that have one of the forms; empty if there are none."""
    written = dict.fromkeys(form if set(form) <= {*alphabet, "-"} else to_ascii(form) for form in forms)
    patterns = [f".*{re.escape(form[1:])}" if form[0] == "-" else f"{re.escape(form[:-1])}.*" for form in written]
    return f"(?i)({'|'.join(patterns)})" if patterns else ""
