"""From a request to names: rounds of draws, and importance resampling under constraints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, islice
from types import NoneType
from typing import NamedTuple

import numpy as np

from charrnn.arguments import boolean, instance, integer, weights
from charrnn.errors import SettingsError
from charrnn.generation.constraints import Constraints, Guide, written_in_ascii
from charrnn.generation.lookahead import lookahead
from charrnn.generation.sampling import ROUND_SIZE, Decoder, RawSample, Sampling, sample_round
from charrnn.text import has_vowels

USUAL, NO_CONSTRAINTS = Sampling(), Constraints()

Label = str | Mapping[str, float] | None
"""A label, or weights of several to be blended; None for the only label of a model with one label."""


CONSTRAINED_DRAWS = 16
MOST_WITHOUT_VOWELS = 20
"""Samples in a row that :func:`with_vowels` leaves out."""
MAX_SEED = 2**128 - 1
BLEND = "finite and above 0", math.ulp(0.0)
"""What the weights of a blend must be."""


def usual_resample(constraints: Constraints) -> int:
    """The draws for each name where nobody says how many: 16 with a constraint, else 1. Spelling is none."""
    return CONSTRAINED_DRAWS if constraints.shapes else 1


@dataclass(frozen=True)
class Request:
    """What to draw; equal requests to one model give equal names.

    Attributes:
        label: one of the model's, or any, or a blend of several; None for the only label of a model with one.
        seed: at least 0.
        sampling: how characters are chosen.
        constraints: what names look like.
        resample: draws for each name, of which one is chosen.
        kind: of names, such as ``surname``; None for any.
        looks_ahead: whether symbols are drawn with a view to the constraints (see :mod:`charrnn.generation.lookahead`);
            not so for stamps of before.

    Raises:
        SettingsError: seed or resample is out of its range, or an attribute is of another type.
    """

    label: Label = None
    seed: int = 0
    sampling: Sampling = USUAL
    constraints: Constraints = NO_CONSTRAINTS
    resample: int = 1
    kind: str | None = None
    looks_ahead: bool = True

    def __post_init__(self) -> None:
        boolean("looks_ahead", self.looks_ahead)
        if isinstance(self.label, Mapping):
            object.__setattr__(self, "label", weights("label", self.label, *BLEND))
        else:
            instance("label", self.label, (str, NoneType), "a label, weights of several, or None", SettingsError)
        instance("kind", self.kind, (str, NoneType), "a kind of names, or None", SettingsError)
        instance("sampling", self.sampling, Sampling, "a Sampling", SettingsError)
        instance("constraints", self.constraints, Constraints, "Constraints", SettingsError)
        seed = integer("seed", self.seed, "a whole number from 0 to 2^128 - 1", 0, MAX_SEED)
        resample = integer("resample", self.resample, f"from 1 to {ROUND_SIZE:,}", 1, ROUND_SIZE)
        object.__setattr__(self, "seed", seed)
        object.__setattr__(self, "resample", resample)

    def in_any_case(self) -> Request:
        """The request without rules of spelling."""
        return replace(self, constraints=replace(self.constraints, any_case=True))


class Sample(NamedTuple):
    """A name that was drawn.

    Attributes:
        name: the text.
        log_probability: of the name and EOS, in nats, by the model itself, whatever temperature and constraints.
        attempt: which draw of its seed it was, from 0.
    """

    name: str
    log_probability: float
    attempt: int


def draw_samples(decoder: Decoder, guide: Guide, request: Request, first_round: int = 0) -> Iterator[Sample]:
    """Names without end.

    Args:
        decoder: the model, under the request's label.
        guide: of the request's constraints.
        request: seed, sampling and resampling.
        first_round: where to begin; a round has :data:`charrnn.generation.sampling.ROUND_SIZE` attempts.
    """
    ahead = lookahead(guide, decoder.bigrams, request.sampling.temperature) if request.looks_ahead else None
    for number in count(first_round):
        rng = np.random.default_rng([request.seed, *decoder.conditions, number])
        resampling_rng = np.random.default_rng([request.seed, *decoder.conditions, number, request.resample])
        attempts = enumerate(
            sample_round(decoder, guide, request.sampling, rng, request.resample > 1, ahead), number * ROUND_SIZE
        )
        while group := list(islice(attempts, request.resample)):
            attempt, raw = _resample(group, resampling_rng)
            name = decoder.decode(raw.symbols)
            yield Sample(written_in_ascii(name) if request.constraints.ascii else name, raw.log_probability, attempt)


def with_vowels(samples: Iterator[Sample]) -> Iterator[Sample]:
    """The samples whose words have a vowel each; behind :data:`MOST_WITHOUT_VOWELS` others in a row, as where
    constraints leave no vowel, those too.
    """
    without = 0
    for sample in samples:
        without = 0 if has_vowels(sample.name) else without + 1
        if not 0 < without <= MOST_WITHOUT_VOWELS:
            yield sample


def _resample(group: list[tuple[int, RawSample]], rng: np.random.Generator) -> tuple[int, RawSample]:
    """One of several draws, chosen in proportion to their weights (importance resampling, Rubin 1987)."""
    if len(group) == 1:
        return group[0]
    weights = np.array([raw.log_weight for _, raw in group])
    if np.isneginf(weights).all():
        return group[0]  # freely, none of them would ever be drawn
    p = np.exp(weights - weights.max())
    return group[rng.choice(len(group), p=p / p.sum())]
