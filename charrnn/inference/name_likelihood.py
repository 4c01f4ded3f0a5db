"""How likely a name is under each label of a generator: scores and attributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import NoneType

import numpy as np

from charrnn.arguments import choice, instance, listed, text, texts
from charrnn.arrays import Floats
from charrnn.errors import InputError, SettingsError, UnknownLabelError, shown, some_of
from charrnn.inference.character_model import CharacterModel
from charrnn.inference.explanation import Explanation
from charrnn.model_config import ANY, ANY_KIND, ModelConfig
from charrnn.model_folder import Weights
from charrnn.text import BOS, PIPELINES, pad, rejection_reason

BATCH = 1024
"""Names whose likelihood is computed together."""


class NameLikelihood:
    """The likelihood of names under the labels of a generator.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.

    Attributes:
        labels: of the model, without :data:`charrnn.model_config.ANY`.
        model: computes the logits of the next character with NumPy; another implementation may be put in its place.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config = instance("config", config, ModelConfig, "a ModelConfig", SettingsError)
        instance("weights", weights, Mapping, "arrays by name", SettingsError)
        self.labels = config.labels
        self.model = CharacterModel(config, weights)
        self.vocabulary = self.model.vocabulary
        self.pipeline = PIPELINES[config.pipeline]

    def label_index(self, label: str | None) -> int:
        """Index of a label or of :data:`charrnn.model_config.ANY`; None stands for the label of a model with only one.

        Raises:
            UnknownLabelError: the model does not know the label, or the label is None and the model has several.
        """
        if label is None:
            if len(self.labels) == 1:
                return 0
            raise UnknownLabelError(
                f"this model has {len(self.labels)} labels; choose one of {some_of(self.labels)}, or {ANY} for any."
            )
        instance("label", label, str, "a text", UnknownLabelError)
        if label == ANY:
            return self.model.label_rows - 1
        if label not in self.labels:
            raise UnknownLabelError.of(label, self.labels)
        return self.labels.index(label)

    def kind_index(self, kind: str | None) -> int:
        """Index of a kind; None and :data:`charrnn.model_config.ANY_KIND` stand for any.

        Raises:
            SettingsError: the model does not know the kind, or knows of none.
        """
        instance("kind", kind, (str, NoneType), "a kind of names, or None", SettingsError)
        if kind is None or kind == ANY_KIND:
            return self.model.kind_rows - 1
        if not self.config.kinds:
            raise SettingsError(f"kind {shown(kind)}: this model knows of no kinds of names. Leave kind out.")
        return self.config.kinds.index(choice("kind", kind, dict.fromkeys([*self.config.kinds, ANY_KIND])))

    def log_probabilities(
        self, names: Sequence[str], labels: Sequence[str | None], kinds: Sequence[str | None] | None = None
    ) -> Floats:
        """log p(name, EOS | label, kind) in nats, (names,); characters outside the alphabet count as "unknown".

        Args:
            names: texts.
            labels: one for each name, or :data:`charrnn.model_config.ANY`.
            kinds: likewise; None is any for all.

        Raises:
            UnknownLabelError: the model does not know a label.
            InputError: a name is no text.
            SettingsError: there is not one label or kind for each name, or the model does not know a kind.
        """
        names, labels = texts("names", names, InputError), listed("labels", labels)
        kinds = [None] * len(names) if kinds is None else listed("kinds", kinds)
        for what, own in (("labels", labels), ("kinds", kinds)):
            if len(names) != len(own):
                raise SettingsError(f"{what}: {len(own):,} for {len(names):,} names. Give one for each.")
        for label in labels:
            instance("label", label, (str, NoneType), "a text", UnknownLabelError)
        for kind in kinds:
            instance("kind", kind, (str, NoneType), "a kind of names, or None", SettingsError)
        encoded = [[BOS, *self.vocabulary.encode(self.pipeline(name))] for name in names]
        label_of, kind_of = cache(self.label_index), cache(self.kind_index)
        indices = np.array([label_of(label) for label in labels], np.int64) * self.model.kind_rows
        indices += np.array([kind_of(kind) for kind in kinds], np.int64)
        result = np.zeros(len(names))
        order = np.array(sorted(range(len(names)), key=lambda i: -len(encoded[i])), np.int64)
        for first in range(0, len(names), BATCH):
            rows = order[first : first + BATCH]
            chars, lengths = pad([encoded[i] for i in rows])
            result[rows] = self.model.step_log_probabilities(chars, lengths, indices[rows]).sum(axis=1)
        return result

    def count_characters(self, name: str) -> int:
        """Characters that :meth:`log_probabilities` counts: those of the name as the model reads it, and EOS.

        Raises:
            InputError: the name is no text.
        """
        return len(self.pipeline(text("name", name, InputError))) + 1

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
        indices = np.array([self.label_index(label), self.label_index(other)], np.int64) * self.model.kind_rows
        indices += self.model.kind_rows - 1
        if indices[0] == indices[1]:
            raise SettingsError(f"{label!r} and {other!r} are the same here; compare two labels.")
        if reason := rejection_reason(name, self.config.pipeline):
            raise InputError(f"{shown(name)}: cannot be scored ({reason}), so there is nothing to explain.")
        read = self.pipeline(name)
        chars, lengths = pad([[BOS, *self.vocabulary.encode(read)]] * 2)
        steps = self.model.step_log_probabilities(chars, lengths, indices)
        ratios = steps[0] - steps[1]
        attributions = tuple(ratios[:-1].tolist())
        return Explanation(name, read, label, other, attributions, float(ratios[-1]), float(ratios.sum()))
