"""How the full names of a label are put together: the order of their parts, and the forms of surnames by gender."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
GENDERS = FEMALE, MALE = ("female", "male")
"""Of who bears a name; the kinds of given names are called so, too."""


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

    Raises:
        ValueError: the order is unknown, or a form has no hyphen at its beginning or end.
    """

    order: str = "given surname"
    feminine: tuple[str, ...] = ()
    masculine: tuple[str, ...] = ()

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
        keys = {"order", "feminine", "masculine"}
        if not isinstance(record, dict) or record.keys() != keys or not isinstance(record["order"], str):
            raise ValueError("a label's entry has other values than order, feminine and masculine")
        lists = {key: record[key] for key in ("feminine", "masculine")}
        for key, forms in lists.items():
            if not isinstance(forms, list) or not all(isinstance(form, str) for form in forms):
                raise ValueError(f"{key} is no list of texts")
        return cls(record["order"], tuple(lists["feminine"]), tuple(lists["masculine"]))

    def as_record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @property
    def parts(self) -> tuple[str, ...]:
        """What the parts of a full name are, in order: :data:`GIVEN` or :data:`SURNAME` each."""
        return ORDERS[self.order]

    def surname_form(self, gender: str, alphabet: str) -> SurnameForm:
        """What the surnames of a gender look like.

        None has a form of the other gender; surnames without any form are borne by both. Where women alone have forms,
        as in Czech, all other surnames are men's, so women bear one of these.

        Args:
            gender: one of :data:`GENDERS`.
            alphabet: of the model; a form with letters that it does not have counts in ASCII.
        """
        feminine, masculine = _pattern(self.feminine, alphabet), _pattern(self.masculine, alphabet)
        if gender == MALE:
            return SurnameForm(excluded=feminine)
        return SurnameForm("" if masculine else feminine, masculine)


def _pattern(forms: Sequence[str], alphabet: str) -> str:
    """A regular expression for the names that have one of the forms; empty if there are none."""
    written = dict.fromkeys(form if set(form) <= {*alphabet, "-"} else to_ascii(form) for form in forms)
    patterns = [f".*{re.escape(form[1:])}" if form[0] == "-" else f"{re.escape(form[:-1])}.*" for form in written]
    return f"(?i)({'|'.join(patterns)})" if patterns else ""
