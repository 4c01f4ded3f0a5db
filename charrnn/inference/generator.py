"""New names for a label."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from charrnn import model_folder
from charrnn.arguments import boolean, instance, integer, path, text, weights
from charrnn.errors import InputError, ModelFolderError, SettingsError
from charrnn.generation.constraints import Constraints, Guide, unconstrained_guide
from charrnn.generation.novelty import Neighbour, nearest_names, novel_samples, spelling_key
from charrnn.generation.request import BLEND, NO_CONSTRAINTS, Label, Request, Sample, draw_samples, usual_resample
from charrnn.generation.sampling import ROUND_SIZE, TEMPERATURE, Sampling
from charrnn.generation.stamps import make_stamp, read_stamp
from charrnn.inference.decoding import ConditionalDecoder
from charrnn.inference.name_likelihood import NameLikelihood
from charrnn.model_config import ANY, ModelConfig
from charrnn.model_folder import Weights
from charrnn.text import Spelling, fold_latin, spelling_patterns

MAX_NAMES = 1_000_000
"""Names of one request at most."""


class Generator(NameLikelihood):
    """A trained generator: a label in, new names out.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.
        folder: where they came from; without it, the training names are not known.

    Attributes:
        spellings: how the training names of each label write capitals, digits and symbols; empty in the folders of
            earlier versions.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights, folder: Path | None = None) -> None:
        super().__init__(config, weights)
        self.folder = None if folder is None else path("folder", folder)
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
        samples = draw_samples(self.decoder(request.label, request.kind), self.guide(request), request)
        return islice(samples if known is None else novel_samples(samples, known, request.resample), n)

    def stamp(self, request: Request, sample: Sample) -> str:
        """One word that holds everything needed to draw the sample again.

        Raises:
            SettingsError: an argument is of another type.
        """
        instance("request", request, Request, "a Request", SettingsError)
        instance("sample", sample, Sample, "a Sample", SettingsError)
        attempt = integer("sample.attempt", sample.attempt, "from 0 to 2^63 - 1", 0, 2**63 - 1)
        if not self.spellings:
            # A folder with the same weights may know rules, which this name did not keep.
            request = dataclasses.replace(request, constraints=dataclasses.replace(request.constraints, any_case=True))
        return make_stamp(self.config.weights_sha256, request, attempt)

    def repeat(self, stamp: str) -> Sample:
        """The sample that a stamp was made for.

        Raises:
            SettingsError: it is no stamp, or another model's.
        """
        request, attempt = read_stamp(self.config.weights_sha256, stamp)
        request = dataclasses.replace(request, resample=1)  # the attempt that was picked is known
        decoder = self.decoder(request.label, request.kind)
        samples = draw_samples(decoder, self.guide(request), request, attempt // ROUND_SIZE)
        return next(sample for sample in samples if sample.attempt == attempt)

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

    def guide(self, request: Request) -> Guide:
        """The constraints of a request as an automaton over this model's vocabulary.

        Raises:
            ImpossibleConstraint: no name can meet the constraints.
            SettingsError: the pattern is invalid.
        """
        instance("request", request, Request, "a Request", SettingsError)
        compiled = unconstrained_guide if request.constraints == NO_CONSTRAINTS else request.constraints.compile
        return compiled(self.vocabulary.alphabet, self.config.max_length, self._spelling(request))

    def _spelling(self, request: Request) -> tuple[tuple[str, ...], ...]:
        """The rules of spelling that the names of a request keep (see :func:`charrnn.text.spelling_patterns`)."""
        if request.constraints.any_case or not self.spellings:
            return ()
        asked = request.label if isinstance(request.label, Mapping) else [request.label]
        keys = [*self.labels, ANY]
        rules = [self.spellings.get(keys[self.label_index(label)], Spelling()) for label in asked]
        return spelling_patterns(rules, self.vocabulary.alphabet)

    @cached_property
    def training_names(self) -> frozenset[str]:
        """Every name of the data, of all splits, folded (see :func:`charrnn.text.fold_latin`).

        Raises:
            SettingsError: the model was trained with ``--private``, or was not loaded from a folder.
            ModelFolderError: the list is damaged.
        """
        names = None if self.folder is None else model_folder.read_training_names(self.folder)
        if names is None:
            why = "was not loaded from a folder" if self.folder is None else "was trained with --private"
            raise SettingsError(
                f"novel, distance: this model holds no list of its names (it {why}), so nothing can be proven to be "
                "new. Leave them out."
            )
        return names

    def knows(self, name: str) -> bool:
        """Whether the name is a training name; False where these are not known.

        Raises:
            ModelFolderError: as for :attr:`training_names`.
            InputError: the name is no text.
        """
        text("name", name, InputError)
        return self.has_training_names and fold_latin(self.pipeline(name)) in self.training_names

    def nearest(self, name: str) -> Neighbour:
        """The training name with the smallest edit distance, and that distance.

        Raises:
            SettingsError, ModelFolderError: as for :attr:`training_names`.
            InputError: the name is no text.
        """
        return self.neighbours(name, 1)[0]

    def neighbours(self, name: str, count: int) -> list[Neighbour]:
        """The training names with the smallest edit distances, and those distances, nearest first.

        Raises:
            SettingsError, ModelFolderError: as for :attr:`training_names`; ``count`` is below 1.
            InputError: the name is no text.
        """
        count = integer("count", count, "a whole number of at least 1", 1)
        names = self._sorted_training_names
        return nearest_names(self.pipeline(text("name", name, InputError)), names, min(count, len(names)))

    @property
    def has_training_names(self) -> bool:
        """Whether the model's folder holds the list of its names."""
        return self.folder is not None and model_folder.path_of(self.folder, model_folder.TRAINING_NAMES).exists()

    @cached_property
    def _known_spellings(self) -> frozenset[str]:
        return frozenset(map(spelling_key, self.training_names))

    @cached_property
    def _sorted_training_names(self) -> list[str]:
        return sorted(self.training_names)


def _checked_count(n: int) -> int:
    return integer("n", n, f"a whole number from 0 to {MAX_NAMES:,}", 0, MAX_NAMES)
