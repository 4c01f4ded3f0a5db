"""Full names put together from parts that a generator draws one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from charrnn.errors import ImpossibleConstraint, ModelFolderError, SettingsError, shown
from charrnn.generation.full_request import (
    ANY_GENDER,
    FULL,
    FullRequest,
    PartRequest,
    gender_seed,
    part_requests,
)
from charrnn.generation.novelty import novel_samples
from charrnn.generation.request import Sample
from charrnn.inference.full_names import Part
from charrnn.inference.name_parts import EAST_ASIAN
from charrnn.model_config import ANY, ModelConfig
from charrnn.name_forms import GENDERS, NAME_FORMS, SURNAME, NameForms, know_full_names
from charrnn.text import unicode_script

Draw = Callable[[PartRequest], Iterator[Sample]]
"""Gives the single names of a part, without end; what cannot be drawn is refused at once."""


class FullName(NamedTuple):
    """A full name that was drawn.

    Attributes:
        name: the text.
        parts: given name and surnames, in order.
        gender: whose name it is, ``female`` or ``male``.
        log_probability: sum of those of the parts, each by the model itself under its kind, in nats.
        attempts: which draw of its seed each part was, from 0.
    """

    name: str
    parts: tuple[Part, ...]
    gender: str
    log_probability: float
    attempts: tuple[int, ...]


def read_name_forms(config: ModelConfig) -> dict[str, NameForms]:
    """What a config says of the full names of its labels; nothing, in folders of earlier versions.

    Raises:
        ModelFolderError: it is malformed.
    """
    records = config.data.get(NAME_FORMS, {})
    if not isinstance(records, dict):
        raise ModelFolderError(f"config.json: {NAME_FORMS} is no object by label. Copy the model folder again.")
    found = {}
    for label, record in records.items():
        try:
            found[label] = NameForms.read(record)
        except ValueError as error:
            raise ModelFolderError(
                f"config.json: {NAME_FORMS} of {label}: {error}. Copy the model folder again."
            ) from error
    return found


def genders_of(config: ModelConfig, asked: FullRequest) -> tuple[str, ...]:
    """The genders of the full names that are asked for.

    Args:
        config: of a generator, which knows the labels.
        asked: full names.

    Raises:
        SettingsError: the model, or one of the labels, has no names of a kind that is needed; or the names are to be
            of any label.
    """
    genders: tuple[str, ...] = (asked.gender,)
    if not know_full_names(config.kinds):
        had = f"has the kinds {', '.join(config.kinds)}" if config.kinds else "knows of no kinds"
        raise SettingsError(
            f"kind {FULL}: a model that was trained on female, male and surname is needed; this one {had} of names. "
            "Leave it out."
        )
    labels = [asked.label or config.labels[0]] if isinstance(asked.label, str | None) else list(asked.label)
    if ANY in labels:
        raise SettingsError(f"label {ANY}: order and forms of full names are those of one label. Name one.")

    def lacking(kind: str) -> str | None:
        """A label without names of the kind."""
        return next((own for own in labels if not _count(config, own, kind)), None)

    if asked.gender == ANY_GENDER:
        genders = tuple(gender for gender in GENDERS if lacking(gender) is None) or GENDERS[:1]
    for kind in (*genders, SURNAME):
        if (label := lacking(kind)) is not None:
            raise SettingsError(
                f"label {shown(label)}: this model learned no {kind} names of it, so it makes no such full names. "
                "Choose another label or gender."
            )
    return genders


def _count(config: ModelConfig, label: str, kind: str) -> int:
    """How many names of a label and a kind a model learned."""
    if kind not in config.kinds:
        return 0
    return config.class_counts[config.labels.index(label) * config.kind_count + config.kinds.index(kind)]


def full_names(
    asked: FullRequest,
    genders: Sequence[str],
    forms: NameForms,
    alphabet: str,
    draw: Draw,
    known: Collection[str] | None = None,
) -> Iterator[FullName]:
    """Full names without end, or until new ones are rare.

    Args:
        asked: what to draw.
        genders: of :func:`genders_of`.
        forms: of the label.
        alphabet: of the model.
        draw: gives the names of a part.
        known: keys of names that no part may be (see :func:`charrnn.generation.novelty.spelling_key`); then no full
            name comes twice, either.

    Raises:
        CharRNNError: as ``draw``, before the first name; of a constraint that no gender can meet.
    """
    streams: dict[str, list[Iterator[Sample]]] = {}
    draws, refusal = 1, None
    for gender in genders:
        parts = part_requests(asked, forms, gender, alphabet)
        try:
            drawn = [draw(part) for part in parts]
        except ImpossibleConstraint as error:
            refusal = error  # of a surname, perhaps, that only the other gender bears
            continue
        draws = sum(part.request.resample for part in parts)
        if known is not None:
            drawn = [
                novel_samples(samples, known, part.request.resample, repeats=True)
                for samples, part in zip(drawn, parts, strict=True)
            ]
        streams[gender] = drawn
    if refusal is not None and not streams:
        raise refusal
    names = _composed(streams, forms, gender_seed(asked.seed))
    return names if known is None else novel_samples(names, (), draws)


def put_together(samples: Sequence[Sample], forms: NameForms, gender: str) -> FullName:
    """The full name of its parts, in their order."""
    parts = tuple(Part(sample.name, kind) for sample, kind in zip(samples, forms.parts, strict=True))
    return FullName(
        _separator(parts).join(part.text for part in parts),
        parts,
        gender,
        sum(sample.log_probability for sample in samples),
        tuple(sample.attempt for sample in samples),
    )


def _composed(streams: dict[str, list[Iterator[Sample]]], forms: NameForms, seed: int) -> Iterator[FullName]:
    genders, rng = list(streams), np.random.default_rng(seed)
    while True:
        gender = genders[int(rng.integers(len(genders)))]
        samples = [sample for stream in streams[gender] if (sample := next(stream, None)) is not None]
        if len(samples) < len(forms.parts):
            return  # new names of this part are rare
        yield put_together(samples, forms, gender)


def _separator(parts: Sequence[Part]) -> str:
    """What stands between parts: nothing where all are written in the scripts of East Asia."""
    return "" if {unicode_script(c) for part in parts for c in part.text} <= EAST_ASIAN else " "
