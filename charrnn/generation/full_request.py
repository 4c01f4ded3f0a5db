"""What full names to draw, and what to draw for each of their parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from charrnn.arguments import boolean, choice, instance
from charrnn.errors import SettingsError
from charrnn.generation.constraints import Constraints
from charrnn.generation.request import CONSTRAINED_DRAWS, NO_CONSTRAINTS, Label, Request, usual_resample
from charrnn.generation.sampling import TEMPERATURE, Sampling
from charrnn.name_forms import ANY_FORM, GENDERS, GIVEN, SURNAME, NameForms, SurnameForm

FULL = "full"
"""Where a kind of names is asked for, it stands for full names."""
ANY_GENDER = "any"
FULL_NAME_TEMPERATURE = 0.5
"""The usual temperature of full names: one odd part spoils the whole (``benchmarks/full_names.py`` compares others)."""
USUAL_OF_FULL = Sampling(FULL_NAME_TEMPERATURE)


def usual_temperature(kind: str | None) -> float:
    """The temperature of names of a kind where none is asked for."""
    return FULL_NAME_TEMPERATURE if kind == FULL else TEMPERATURE


@dataclass(frozen=True)
class FullRequest:
    """What full names to draw; equal requests to one model give equal names.

    Attributes:
        label: one of the model's, or a blend of several, whose names have the order and the forms of the label that
            weighs most; None for the only label of a model with one.
        seed: at least 0.
        sampling: how characters are chosen.
        given: what given names look like; its ``any_case`` and ``ascii`` hold for surnames, too.
        surname: what surnames look like; of two, the first one.
        resample: draws for each part, of which one is chosen; None is usual: 16 under a constraint or a form, else 1.
        gender: ``female``, ``male``, or ``any``: drawn for each name.
        looks_ahead: as of :class:`charrnn.generation.request.Request`.

    Raises:
        SettingsError: an attribute is out of its range or of another type.
    """

    label: Label = None
    seed: int = 0
    sampling: Sampling = USUAL_OF_FULL
    given: Constraints = NO_CONSTRAINTS
    surname: Constraints = NO_CONSTRAINTS
    resample: int | None = None
    gender: str = ANY_GENDER
    looks_ahead: bool = True

    def __post_init__(self) -> None:
        boolean("looks_ahead", self.looks_ahead)
        # A request for one name checks what both have.
        draws = 1 if self.resample is None else self.resample
        checked = Request(self.label, self.seed, self.sampling, self.given, draws)
        instance("surname", self.surname, Constraints, "Constraints", SettingsError)
        choice("gender", self.gender, (ANY_GENDER, *GENDERS))
        surname = replace(
            self.surname,
            any_case=self.surname.any_case or self.given.any_case,
            ascii=self.surname.ascii or self.given.ascii,
        )
        resample = None if self.resample is None else checked.resample
        values = {"label": checked.label, "seed": checked.seed, "surname": surname, "resample": resample}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def in_any_case(self) -> FullRequest:
        """The request without rules of spelling."""
        return replace(self, given=replace(self.given, any_case=True))

    @property
    def leading_label(self) -> str | None:
        """The label that says how names are put together: that of a blend which weighs most, the first of equals."""
        if not isinstance(self.label, Mapping):
            return self.label
        return max(self.label, key=self.label.__getitem__)


class PartRequest(NamedTuple):
    """What to draw for a part of full names.

    Attributes:
        kind: what it is, ``given`` or ``surname``.
        request: for single names.
        form: of the surnames of the gender.
    """

    kind: str
    request: Request
    form: SurnameForm


def part_requests(asked: FullRequest, forms: NameForms, gender: str, alphabet: str) -> list[PartRequest]:
    """What to draw for each part of the full names of a gender, in their order.

    Args:
        asked: full names.
        forms: of its label.
        gender: one of :data:`charrnn.name_forms.GENDERS`.
        alphabet: of the model.
    """
    form = forms.surname_form(gender, alphabet)
    further = Constraints(any_case=asked.surname.any_case, ascii=asked.surname.ascii)
    found, surnames = [], 0
    for part in forms.parts:
        is_given = part == GIVEN
        constraints = asked.given if is_given else further if surnames else asked.surname
        own = ANY_FORM if is_given else form
        usual = usual_resample(constraints) if own == ANY_FORM else CONSTRAINED_DRAWS
        surnames += not is_given
        request = Request(
            asked.label,
            _part_seed(asked.seed, gender, 0 if is_given else surnames),
            asked.sampling,
            constraints,
            usual if asked.resample is None else asked.resample,
            gender if is_given else SURNAME,
            asked.looks_ahead,
        )
        found.append(PartRequest(part, request, own))
    return found


def gender_seed(seed: int) -> int:
    """The seed of the genders, where these are drawn."""
    return _part_seed(seed, ANY_GENDER, 0)


def _part_seed(seed: int, gender: str, part: int) -> int:
    """A seed for each part: with one for all, women and men would bear the same surnames at the same places."""
    return int.from_bytes(hashlib.sha256(f"{seed} {gender} {part}".encode()).digest()[:16], "big")
