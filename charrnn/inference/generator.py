"""New names for a label."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from charrnn import model_folder
from charrnn.arrays import Bools, Floats
from charrnn.errors import InputError, SettingsError, UnknownLabelError
from charrnn.generation.constraints import Constraints, Guide
from charrnn.generation.novelty import Neighbour, nearest_names, novel_samples, spelling_key
from charrnn.generation.request import NO_CONSTRAINTS, Label, Request, Sample, draw_samples, usual_resample
from charrnn.generation.sampling import ROUND_SIZE, TEMPERATURE, Sampling
from charrnn.generation.stamps import make_stamp, read_stamp
from charrnn.inference.character_model import CharacterModel, ConditionalDecoder
from charrnn.inference.explanation import Explanation
from charrnn.model_folder import ANY, ModelConfig, Weights
from charrnn.text import BOS, PIPELINES, pad, rejection_reason

MAX_NAMES = 1_000_000
"""Names of one request at most."""
BATCH = 1024
"""Names whose likelihood is computed together."""
ROUNDING = 1e-5
"""Nats a character by which one name's score differs at most with the number of names scored together."""


class Generator:
    """A trained generator: a label in, new names out.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.
        folder: where they came from; without it, the training names are not known.

    Attributes:
        labels: of the model, without :data:`charrnn.model_folder.ANY`.
        model: computes the logits of the next character with NumPy; another implementation may be put in its place.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights, folder: Path | None = None) -> None:
        self.config, self.folder = config, folder
        self.labels = config.labels
        self.model = CharacterModel(config, weights)
        self.vocabulary = self.model.vocabulary
        self.pipeline = PIPELINES[config.pipeline]

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
        **parts: Any,
    ) -> list[str]:
        """Draw ``n`` names. The same arguments give the same names; a larger ``n`` only adds names.

        Args:
            label: one of :attr:`labels`, or :data:`charrnn.model_folder.ANY`; may be left out where there is one label.
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
            parts: of the constraints by name, as in ``sample("Scottish", prefix="Mac", max_length=9)``; they replace
                those of ``constraints``.

        Raises:
            UnknownLabelError: the model does not know the label.
            ImpossibleConstraint: no name can meet the constraints.
            SettingsError: an argument is out of its range or no constraint, or ``novel`` is set and the training names
                are not known.
            ModelFolderError: ``novel`` is set and the list of training names is damaged.
        """
        constraints = constraints.replaced(parts)
        resample = usual_resample(constraints) if resample is None else resample
        wanted = Request(label, seed, Sampling(temperature, top_k, top_p), constraints, resample)
        return [sample.name for sample in self.stream(wanted, n, novel)]

    def stream(self, request: Request, n: int | None = None, novel: bool = False) -> Iterator[Sample]:
        """Names, each as soon as it is finished; arguments and errors as for :meth:`sample`.

        Args:
            request: what to draw.
            n: number of names; None goes on without end.
            novel: ends where new names are rare (see :data:`charrnn.generation.novelty.DRAWS_FOR_A_NAME`).
        """
        if n is not None and not 0 <= n <= MAX_NAMES:
            raise SettingsError(f"n {n}: must be from 0 to {MAX_NAMES:,}.")
        known = self._known_spellings if novel else None
        samples = draw_samples(self.decoder(request.label), self.guide(request), request)
        return islice(samples if known is None else novel_samples(samples, known, request.resample), n)

    def stamp(self, request: Request, sample: Sample) -> str:
        """One word that holds everything needed to draw the sample again."""
        return make_stamp(self.config.weights_sha256, request, sample.attempt)

    def repeat(self, stamp: str) -> Sample:
        """The sample that a stamp was made for.

        Raises:
            SettingsError: it is no stamp, or another model's.
        """
        request, attempt = read_stamp(self.config.weights_sha256, stamp)
        request = dataclasses.replace(request, resample=1)  # the attempt that was picked is known
        samples = draw_samples(self.decoder(request.label), self.guide(request), request, attempt // ROUND_SIZE)
        return next(sample for sample in samples if sample.attempt == attempt)

    def decoder(self, label: Label) -> ConditionalDecoder:
        """What predicts the next character under a label or a blend.

        Raises:
            UnknownLabelError: the model does not know a label.
            SettingsError: a weight is not above 0.
        """
        if not isinstance(label, Mapping):
            return ConditionalDecoder(self.model, [self.label_index(label)], np.ones(1))
        weights = np.array(list(label.values()), np.float64)
        if not len(weights) or not np.isfinite(weights).all() or weights.min() <= 0:
            raise SettingsError(f"label {dict(label)}: weights must be finite and above 0.")
        return ConditionalDecoder(self.model, [self.label_index(name) for name in label], weights / weights.sum())

    def guide(self, request: Request) -> Guide:
        """The constraints of a request as an automaton over this model's vocabulary.

        Raises:
            ImpossibleConstraint: no name can meet the constraints.
            SettingsError: the pattern is invalid.
        """
        return request.constraints.compile(self.vocabulary.alphabet, self.config.max_length)

    def label_index(self, label: str | None) -> int:
        """Index of a label or of :data:`charrnn.model_folder.ANY`; None stands for the label of a model with only one.

        Raises:
            UnknownLabelError: the model does not know the label, or the label is None and the model has several.
        """
        if label is None:
            if len(self.labels) == 1:
                return 0
            raise UnknownLabelError(
                f"this model has {len(self.labels)} labels; choose one of {', '.join(self.labels)}, or {ANY} for any."
            )
        if label == ANY:
            return self.model.label_count - 1
        if label not in self.labels:
            raise UnknownLabelError.of(label, self.labels)
        return self.labels.index(label)

    @cached_property
    def training_names(self) -> frozenset[str]:
        """Every name of the data, of all splits, ASCII in folded case.

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

    def nearest(self, name: str) -> Neighbour:
        """The training name with the smallest edit distance, and that distance.

        Raises:
            SettingsError, ModelFolderError: as for :attr:`training_names`.
        """
        return self.neighbours(name, 1)[0]

    def neighbours(self, name: str, count: int) -> list[Neighbour]:
        """The training names with the smallest edit distances, and those distances, nearest first.

        Raises:
            SettingsError, ModelFolderError: as for :attr:`training_names`.
        """
        return nearest_names(name, self._sorted_training_names, count)

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

    def log_probabilities(self, names: Sequence[str], labels: Sequence[str | None]) -> Floats:
        """log p(name, EOS | label) in nats, (names,); characters outside the alphabet count as "unknown".

        Raises:
            UnknownLabelError: the model does not know a label.
        """
        encoded = [[BOS, *self.vocabulary.encode(self.pipeline(name))] for name in names]
        indices = np.array([self.label_index(label) for label in labels], np.int64)
        result = np.zeros(len(names))
        order = np.array(sorted(range(len(names)), key=lambda i: -len(encoded[i])), np.int64)
        for first in range(0, len(names), BATCH):
            rows = order[first : first + BATCH]
            chars, lengths = pad([encoded[i] for i in rows])
            result[rows] = self.model.step_log_probabilities(chars, lengths, indices[rows]).sum(axis=1)
        return result

    def count_characters(self, name: str) -> int:
        """Characters that :meth:`log_probabilities` counts: those of the name as the model reads it, and EOS."""
        return len(self.pipeline(name)) + 1

    def is_out_of_distribution(self, names: Sequence[str]) -> Bools:
        """Whether the out-of-distribution score of each name is above the model's threshold, (names,).

        The score is -log p(name, EOS) a character, in nats, under no label in particular; letter case does not matter:
        the most probable of the given spelling, all lower case and title case counts. The threshold lets nearly all
        validation names pass; their share stands in the config, ``calibration.likeness``.

        Args:
            names: that can be scored (see :func:`charrnn.text.rejection_reason`).

        Raises:
            SettingsError: the model was not calibrated for it.
        """
        threshold = self.check_ood_threshold()
        spellings = [{name, name.lower(), name.title()} for name in names]
        distinct = sorted(set().union(*spellings))
        nats = -self.log_probabilities(distinct, [ANY] * len(distinct)) if distinct else np.zeros(0)
        scores = {name: n / self.count_characters(name) for name, n in zip(distinct, nats, strict=True)}
        return np.array([min(scores[s] for s in group) > threshold + ROUNDING for group in spellings], bool)

    @property
    def ood_threshold(self) -> float | None:
        """The threshold of :meth:`is_out_of_distribution`, nats a character; None if the model is not calibrated."""
        try:
            return float(self.config.calibration["likeness"]["nats_per_char"])
        except (KeyError, TypeError, ValueError):
            return None

    def check_ood_threshold(self) -> float:
        """The threshold, if there is one.

        Raises:
            SettingsError: the model was not calibrated for it.
        """
        if self.ood_threshold is None:
            raise SettingsError("this generator cannot tell what is unlike its names; train it again.")
        return self.ood_threshold

    def explain(self, name: str, label: str, other: str = ANY) -> Explanation:
        """Attribute the log-likelihood ratio between two labels to characters; that of EOS is the remainder.

        Args:
            name: to be explained.
            label: positive attributions favour it.
            other: another label, or any.

        Raises:
            UnknownLabelError: the model does not know a label.
            SettingsError: both are the same.
            InputError: the name cannot be scored.
        """
        indices = np.array([self.label_index(label), self.label_index(other)], np.int64)
        if indices[0] == indices[1]:
            raise SettingsError(f"{label!r} and {other!r} are the same here; compare two labels.")
        if reason := rejection_reason(name, self.config.pipeline):
            raise InputError(f"{name!r}: cannot be scored ({reason}), so there is nothing to explain.")
        text = self.pipeline(name)
        chars, lengths = pad([[BOS, *self.vocabulary.encode(text)]] * 2)
        steps = self.model.step_log_probabilities(chars, lengths, indices)
        ratios = steps[0] - steps[1]
        attributions = tuple(ratios[:-1].tolist())
        return Explanation(name, text, label, other, attributions, float(ratios[-1]), float(ratios.sum()))
