"""What ``config.json`` of a model folder holds, and how classes and conditions are numbered."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charrnn.arrays import Ints
from charrnn.errors import ModelFolderError

FORMAT_VERSION = 3
ANY = "*"
"""The label of a generator that stands for any of its labels."""
ANY_KIND = "any"
"""What stands for all kinds of names together."""
EXPERTS = {"classifier": ("network", "ngrams", "prior", "memory"), "generator": ("network", "ngrams")}
"""The experts of each task, whose weighted product is the answer; tuples of weights have this order."""


@dataclass(frozen=True)
class ModelConfig:
    """What ``config.json`` holds.

    Attributes:
        task: ``classifier`` or ``generator``.
        architecture: the arguments of the module, without vocabulary and label sizes.
        alphabet: the characters of the vocabulary, in order.
        labels: the labels, in order.
        class_counts: training names of each class, a label and a kind: all kinds of the first label, of the second, and
            so on; a class is a label where there are no kinds. The prior that the model learned.
        pipeline: key of :data:`charrnn.text.PIPELINES`.
        max_length: length of the longest training name, in characters.
        kinds: of names, such as ``surname``, in order; empty for a model that knows of none.
        families: the family of each label, such as ``South Slavic``; empty where they are not known.
        data: source, fingerprint, numbers, seed and fractions of the split; ``characters``, those that the training
            names have, where training started from a model that knows more; of a generator also ``spelling``, how the
            training names of each label write capitals, digits and symbols (see :mod:`charrnn.text.spelling`). How full
            names of each label are put together, where it is known (see :mod:`charrnn.name_forms`): of a generator
            ``name_forms``, of a classifier ``name_orders``.
        training: the settings of the run, and what it took.
        calibration: of a classifier, see :func:`charrnn.training.calibration.calibrate_classifier`; of a generator, see
            :func:`charrnn.training.calibration.calibrate_generator`. Empty: the network answers alone. Of a classifier
            also what was measured on the test split, or in cross-validation: ``test``, the sets of labels, and
            ``reliability``, names, summed confidence and hits in bins of confidence.
        metrics: likewise, scores of the model and of the baseline.
        by_label: scores by label on the test split, or in cross-validation, see
            :func:`charrnn.inference.evaluation_details.evaluate_labels`.
        out_of_source: scores of :func:`charrnn.inference.evaluation.evaluate_out_of_source`, if another source was
            named.
        weights_sha256: SHA-256 of ``model.safetensors``; empty until written.
        format_version: of this folder's format.
    """

    task: str
    architecture: dict[str, Any]
    alphabet: str
    labels: list[str]
    class_counts: list[int]
    pipeline: str
    max_length: int
    kinds: list[str] = field(default_factory=list)
    families: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    by_label: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    out_of_source: dict[str, Any] = field(default_factory=dict)
    weights_sha256: str = ""
    format_version: int = FORMAT_VERSION

    @property
    def kind_count(self) -> int:
        """Classes of each label."""
        return max(len(self.kinds), 1)

    @property
    def label_counts(self) -> list[int]:
        """Training names of each label."""
        size = self.kind_count
        return [sum(self.class_counts[i : i + size]) for i in range(0, len(self.class_counts), size)]

    def expert_weights(self, has_ngrams: bool) -> tuple[float, ...]:
        """The weights that calibration gave to the :data:`EXPERTS`; without calibration, the network's is 1.

        Args:
            has_ngrams: whether the folder holds n-grams.

        Raises:
            ModelFolderError: a weight is missing or not finite, or n-grams that the folder lacks have one.
        """
        experts = EXPERTS[self.task]
        found = self.calibration.get("weights")
        if found is None and not has_ngrams:
            return (1.0, *(0.0 for _ in experts[1:]))
        try:
            weights = tuple(float(found[key]) for key in experts)  # type: ignore[index]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFolderError("config.json: calibration has no weights. Copy the model folder again.") from error
        if not all(map(math.isfinite, weights)) or (weights[1] and not has_ngrams):
            raise ModelFolderError("config.json: calibration and weights do not fit. Copy the model folder again.")
        return weights

    @property
    def own_characters(self) -> str:
        """The characters of the training names; the alphabet may have more, from the model that training started
        from."""
        found = self.data.get("characters")
        return found if isinstance(found, str) and found else self.alphabet


def embedding_rows(count: int) -> int:
    """Rows of a generator's embedding of labels or kinds: where there are several, the last one stands for any."""
    return count + 1 if count > 1 else 1


def conditions(config: ModelConfig, classes: Ints) -> Ints:
    """The conditions of a generator, in which the last kind stands for any, of classes (see :class:`ModelConfig`).

    Names of no kind in particular are of the kind that stands for any.
    """
    rows = embedding_rows(config.kind_count)
    labels, kinds = np.divmod(classes, config.kind_count)
    if ANY_KIND in config.kinds:
        kinds[kinds == config.kinds.index(ANY_KIND)] = rows - 1
    return np.asarray(labels * rows + kinds)


def classes_of(config: ModelConfig, conditions: Ints) -> Ints:
    """The classes of the conditions of names, the reverse of :func:`conditions`."""
    labels, kinds = np.divmod(conditions, embedding_rows(config.kind_count))
    if ANY_KIND in config.kinds:
        kinds[kinds == config.kind_count] = config.kinds.index(ANY_KIND)
    return np.asarray(labels * config.kind_count + kinds)
