"""New names for a label."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.arguments import boolean, instance, integer, listed, weights
from charrnn.errors import ModelFolderError, SettingsError
from charrnn.generation.constraints import Constraints, Guide, unconstrained_guide
from charrnn.generation.full_request import ANY_GENDER, FULL_NAME_TEMPERATURE, FullRequest, PartRequest, part_requests
from charrnn.generation.novelty import novel_samples
from charrnn.generation.request import (
    BLEND,
    NO_CONSTRAINTS,
    Label,
    Request,
    Sample,
    draw_samples,
    usual_resample,
    with_vowels,
)
from charrnn.generation.sampling import ROUND_SIZE, TEMPERATURE, Sampling
from charrnn.generation.stamps import MAX_ATTEMPT, FullStamp, make_full_stamp, make_stamp, read_stamp
from charrnn.inference.decoding import ConditionalDecoder
from charrnn.inference.full_name_generation import FullName, full_names, genders_of, put_together, read_name_forms
from charrnn.inference.listed_names import ListedNames
from charrnn.model_config import ANY, ModelConfig
from charrnn.model_folder import Weights
from charrnn.name_forms import ANY_FORM, SURNAME, NameForms, SurnameForm
from charrnn.text import Spelling, spelling_patterns

MAX_NAMES = 1_000_000
"""Names of one request at most."""


class Generator(ListedNames):
    """A trained generator: a label in, new names out.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.
        folder: where they came from; without it, the training names are not known.

    Attributes:
        spellings: how the training names of each label write capitals, digits and symbols; empty in the folders of
            earlier versions.
        name_forms: how full names of a label are put together; those of other labels are a given name and a surname,
            which has no forms.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights, folder: Path | None = None) -> None:
        super().__init__(config, weights, folder)
        self.name_forms = read_name_forms(config)
        try:
            self.spellings = {key: Spelling.read(own) for key, own in config.data.get("spelling", {}).items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelFolderError(f"config.json: {error}. Copy the model folder again.") from error

    def sample(
        self,
        label: Label = None,
        n: int = 1,
        seed: int = 0,
        temperature: float = TEMPERATURE,
        top_k: int = 0,
        top_p: float = 1.0,
        constraints: Constraints = NO_CONSTRAINTS,
        novel: bool = False,
        resample: int | None = None,
        kind: str | None = None,
        **parts: Any,
    ) -> list[str]:
        """Draw ``n`` names. The same arguments give the same names; a larger ``n`` only adds names.

        Args:
            label: one of :attr:`labels`, or :data:`charrnn.model_config.ANY`; may be left out where there is one label.
                A mapping from labels to weights blends them.
            n: number of names.
            seed: at least 0.
            temperature: divides the logits; 0 always takes the most probable character, 1 follows the model.
            top_k: draw among the k most probable characters; 0 among all.
            top_p: draw among the most probable characters that together reach this probability (Holtzman et al. 2020).
            constraints: what all names look like.
            novel: no name twice, and none of the training names; their letters alone count. There may be fewer than
                ``n``: see :meth:`stream`.
            resample: draw this many candidates for each name and pick one by its importance weight (importance
                resampling, Rubin 1987). Names drawn under constraints alone (1) are often improbable, such as long
                names before a suffix; the larger ``resample``, the nearer the names come to the model's own
                distribution over names that meet the constraints. None is usual: 16 with a constraint, else 1.
            kind: of names, such as ``surname``; None for any.
            parts: of the constraints by name, as in ``sample("Scottish", prefix="Mac", max_length=9)``; they replace
                those of ``constraints``.

        Raises:
            UnknownLabelError: the model does not know the label.
            ImpossibleConstraint: no name can meet the constraints.
            SettingsError: an argument is out of its range or no constraint, or ``novel`` is set and the training names
                are not known.
            ModelFolderError: ``novel`` is set and the list of training names is damaged.
        """
        constraints = instance("constraints", constraints, Constraints, "Constraints", SettingsError).replaced(parts)
        resample = usual_resample(constraints) if resample is None else resample
        wanted = Request(label, seed, Sampling(temperature, top_k, top_p), constraints, resample, kind)
        return [sample.name for sample in self.stream(wanted, _checked_count(n), novel)]

    def stream(self, request: Request, n: int | None = None, novel: bool = False) -> Iterator[Sample]:
        """Names, each as soon as it is finished; arguments and errors as for :meth:`sample`.

        Args:
            request: what to draw.
            n: number of names; None goes on without end.
            novel: ends where new names are rare (see :data:`charrnn.generation.novelty.DRAWS_FOR_A_NAME`).
        """
        instance("request", request, Request, "a Request", SettingsError)
        novel = boolean("novel", novel)
        n = None if n is None else _checked_count(n)
        known = self._known_spellings if novel else None
        samples = self._samples(request)
        return islice(samples if known is None else novel_samples(samples, known, request.resample), n)

    def full_names(
        self,
        label: Label = None,
        n: int = 1,
        seed: int = 0,
        temperature: float = FULL_NAME_TEMPERATURE,
        top_k: int = 0,
        top_p: float = 1.0,
        constraints: Constraints = NO_CONSTRAINTS,
        surname: Constraints = NO_CONSTRAINTS,
        novel: bool = False,
        resample: int | None = None,
        gender: str = ANY_GENDER,
    ) -> list[FullName]:
        """Draw ``n`` full names, in the order of the label and the form of the gender, as Jana Nováková.

        Arguments and errors are those of :meth:`sample`, but for these:

        Args:
            label: one of :attr:`labels`; a blend has the order and the forms of the label that weighs most.
            constraints: what given names look like; ``any_case`` and ``ascii`` hold for surnames, too.
            surname: what surnames look like; where people have two, the first one.
            novel: no part is a training name, and no full name comes twice.
            resample: for each part; the form of a gender is a constraint.
            gender: ``female``, ``male``, or ``any``: drawn for each name.

        Raises:
            SettingsError: also if the model or the label has no names of a kind that is needed.
        """
        wanted = FullRequest(label, seed, Sampling(temperature, top_k, top_p), constraints, surname, resample, gender)
        return list(self.stream_full(wanted, _checked_count(n), novel))

    def stream_full(self, request: FullRequest, n: int | None = None, novel: bool = False) -> Iterator[FullName]:
        """Full names, each as soon as it is finished; arguments and errors as for :meth:`full_names`.

        Args:
            request: what to draw.
            n: number of names; None goes on without end.
            novel: ends where new names are rare.
        """
        instance("request", request, FullRequest, "a FullRequest", SettingsError)
        novel = boolean("novel", novel)
        n = None if n is None else _checked_count(n)
        forms, genders = self._forms(request), genders_of(self.config, request)
        known = self._known_spellings if novel else None
        return islice(full_names(request, genders, forms, self.vocabulary.alphabet, self._draw, known), n)

    def stamp(self, request: Request | FullRequest, sample: Sample | FullName) -> str:
        """One word that holds everything needed to draw the sample again.

        Args:
            request: that it was drawn for.
            sample: a name, or a full name.

        Raises:
            SettingsError: an argument is of another type.
        """
        instance("request", request, (Request, FullRequest), "a Request or a FullRequest", SettingsError)
        if not self.spellings:
            # A folder with the same weights may know rules, which this name did not keep.
            request = request.in_any_case()
        if isinstance(request, FullRequest):
            full = instance("sample", sample, FullName, "a FullName", SettingsError)
            request = dataclasses.replace(request, gender=full.gender)
            attempts = tuple(map(_checked_attempt, listed("sample.attempts", full.attempts)))
            return make_full_stamp(self.config.weights_sha256, FullStamp(request, self._forms(request), attempts))
        single = instance("sample", sample, Sample, "a Sample", SettingsError)
        return make_stamp(self.config.weights_sha256, request, _checked_attempt(single.attempt))

    def repeat(self, stamp: str) -> Sample | FullName:
        """The name, or full name, that a stamp was made for.

        Raises:
            SettingsError: it is no stamp, or another model's.
        """
        held = read_stamp(self.config.weights_sha256, stamp)
        if not isinstance(held, FullStamp):
            return self._again(*held)
        gender = held.request.gender
        parts = part_requests(held.request, held.forms, gender, self.vocabulary.alphabet)
        samples = [self._again(own.request, of, own.form) for own, of in zip(parts, held.attempts, strict=True)]
        return put_together(samples, held.forms, gender)

    def _again(self, request: Request, attempt: int, form: SurnameForm = ANY_FORM) -> Sample:
        """One attempt of a request."""
        request = dataclasses.replace(request, resample=1)  # the attempt that was picked is known
        decoder = self.decoder(request.label, request.kind)
        samples = draw_samples(decoder, self.guide(request, form), request, attempt // ROUND_SIZE)
        return next(sample for sample in samples if sample.attempt == attempt)

    def _draw(self, part: PartRequest) -> Iterator[Sample]:
        """The single names of a part of full names."""
        try:
            return self._samples(part.request, part.form)
        except SettingsError as error:
            raise type(error)(f"surname: {error}" if part.kind == SURNAME else str(error)) from error

    def _samples(self, request: Request, form: SurnameForm = ANY_FORM) -> Iterator[Sample]:
        """The single names of a request; errors as for :meth:`sample`."""
        samples = draw_samples(self.decoder(request.label, request.kind), self.guide(request, form), request)
        have_vowels = not request.constraints.any_case and all(own.vowels for own in self._spellings(request))
        return with_vowels(samples) if have_vowels else samples

    def _forms(self, request: FullRequest) -> NameForms:
        """How the full names of a request are put together.

        Raises:
            UnknownLabelError: the model does not know a label.
        """
        for label in request.label if isinstance(request.label, Mapping) else [request.label]:
            self.label_index(label)
        return self.name_forms.get(request.leading_label or self.labels[0], NameForms())

    def decoder(self, label: Label, kind: str | None = None) -> ConditionalDecoder:
        """What predicts the next character under a label or a blend, and a kind.

        Raises:
            UnknownLabelError: the model does not know a label.
            SettingsError: a weight is not above 0, or the model does not know the kind.
        """
        index = self.kind_index(kind)
        if not isinstance(label, Mapping):
            return ConditionalDecoder(self.model, [self.label_index(label)], np.ones(1), index)
        shares = np.array(list(weights("label", label, *BLEND).values()), np.float64)
        shares /= shares.max()  # the sum of large ones may be infinite
        return ConditionalDecoder(self.model, [self.label_index(name) for name in label], shares / shares.sum(), index)

    def guide(self, request: Request, form: SurnameForm = ANY_FORM) -> Guide:
        """The constraints of a request as an automaton over this model's vocabulary.

        Args:
            request: whose constraints.
            form: what surnames look like, too.

        Raises:
            ImpossibleConstraint: no name can meet the constraints.
            SettingsError: the pattern is invalid.
        """
        instance("request", request, Request, "a Request", SettingsError)
        instance("form", form, SurnameForm, "a SurnameForm", SettingsError)
        compiled = unconstrained_guide if request.constraints == NO_CONSTRAINTS else request.constraints.compile
        return compiled(self.vocabulary.alphabet, self.config.max_length, self._spelling(request), form)

    def _spelling(self, request: Request) -> tuple[tuple[str, ...], ...]:
        """The rules of spelling that the names of a request keep (see :func:`charrnn.text.spelling_patterns`); before
        them, that names have the characters of the training names alone."""
        own = self.config.own_characters
        characters = () if own == self.config.alphabet else ((f"[{re.escape(own)}]*",),)
        if request.constraints.any_case or not self.spellings:
            return characters
        return (*characters, *spelling_patterns(self._spellings(request), self.vocabulary.alphabet))

    def _spellings(self, request: Request) -> list[Spelling]:
        """The rules of each label of a request."""
        asked = request.label if isinstance(request.label, Mapping) else [request.label]
        keys = [*self.labels, ANY]
        return [self.spellings.get(keys[self.label_index(label)], Spelling()) for label in asked]


def _checked_count(n: int) -> int:
    return integer("n", n, f"a whole number from 0 to {MAX_NAMES:,}", 0, MAX_NAMES)


def _checked_attempt(attempt: int) -> int:
    return integer("sample.attempt", attempt, "from 0 to 2^63 - 1", 0, MAX_ATTEMPT)
