"""Which label a name belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from charrnn.arguments import instance, integer, listed, number, text
from charrnn.arrays import Bools, Floats, log_softmax
from charrnn.errors import InputError, SettingsError, shown
from charrnn.inference.answers import LabelScore, Prediction, Ranking, answer_columns, free_prefix
from charrnn.inference.explanation import Explanation, shapley_values
from charrnn.inference.generator import Generator
from charrnn.inference.label_model import LabelModel
from charrnn.inference.priors import Prior, log_prior_ratio
from charrnn.model_folder import ModelConfig, Weights
from charrnn.text import PAD, PIPELINES, SPECIALS, UNKNOWN, rejection_reason

BATCH = 16_384
"""Names that are sorted and scored together: the more, the more prefixes they share."""


class Classifier:
    """A trained classifier: names in, labels with probabilities out.

    Args:
        config: of a model folder, task ``classifier``.
        weights: of the same folder.

    Attributes:
        labels: in the order of all arrays over labels.
        model: computes the scores of the labels with NumPy; another implementation may be put in its place.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config = instance("config", config, ModelConfig, "a ModelConfig", SettingsError)
        instance("weights", weights, Mapping, "arrays by name", SettingsError)
        self.labels = config.labels
        self.model = LabelModel(config, weights)
        self.vocabulary = self.model.vocabulary
        self.is_letter = np.array([False] * SPECIALS + [c.isalpha() for c in config.alphabet])  # (V,)
        self.pipeline = PIPELINES[config.pipeline]

    def predict(
        self,
        names: Sequence[str],
        top_k: int = 3,
        prior: Prior = "model",
        coverage: float | None = None,
        min_probability: float = 0.0,
        ood_generator: Generator | None = None,
        labels: Sequence[str] | None = None,
    ) -> list[Prediction]:
        """The most probable labels of each name, in the order of the names.

        Letter case does not matter. A name that cannot be scored abstains with one of the reasons of
        :func:`charrnn.text.rejection_reason`. A name that can be scored may also abstain, and keeps its predictions:
        ``out-of-vocabulary`` (none of its letters is in the alphabet), ``unlike-training``, ``uncertain-score``.

        Args:
            names: to be classified.
            top_k: labels for each name; 0 gives all.
            prior: as for :meth:`probabilities`.
            coverage: 0.8, 0.9 or 0.95 gives, in place of the ``top_k`` labels, a set that holds the name's true label
                for about this share of names like those of the training list. The top label is always in it.
            min_probability: of the top label; below it the reason is ``uncertain-score``.
            ood_generator: a generator of the same names; a name that it finds out of distribution gets the reason
                ``unlike-training``. That takes about as much time again.
            labels: ask among these alone; all others count as impossible.

        Raises:
            UnknownLabelError: the model does not know one of ``labels``.
            SettingsError: ``top_k`` or ``min_probability`` is out of its range, the prior is invalid, the model was not
                calibrated for this coverage, or the generator not for out-of-distribution scores.
        """
        names = listed("names", names, InputError)
        ranking = self.rank(names, top_k, prior, coverage, min_probability, ood_generator, labels)
        shown = ranking.labels.shape[1]
        own_labels = np.array(self.labels, object)[ranking.labels.ravel()].tolist()
        # NamedTuple's own constructor costs a Python call for each object, 6 % of the whole.
        pairs = zip(own_labels, ranking.probabilities.ravel().tolist(), strict=True)
        scored = list(map(tuple.__new__, repeat(LabelScore), pairs))
        firsts = range(0, len(scored), shown or 1)
        rows = [tuple(scored[i : i + size]) for i, size in zip(firsts, ranking.sizes.tolist(), strict=True)]
        return list(map(tuple.__new__, repeat(Prediction), zip(names, rows, ranking.reasons, strict=True)))

    def rank(
        self,
        names: Sequence[str],
        top_k: int = 3,
        prior: Prior = "model",
        coverage: float | None = None,
        min_probability: float = 0.0,
        ood_generator: Generator | None = None,
        labels: Sequence[str] | None = None,
    ) -> Ranking:
        """As :meth:`predict`, in arrays."""
        self.check_settings(top_k, prior, coverage, min_probability, ood_generator, labels)
        names = listed("names", names, InputError)
        texts, rejections = self._texts(names)
        probabilities, in_alphabet = self._probabilities(texts, self._log_prior_ratio(prior, labels))
        sizes = np.full(len(names), self.width(top_k, labels=labels))
        if coverage is not None:
            sizes = np.maximum((probabilities >= self._threshold(coverage)).sum(axis=1), 1)
        best = np.argsort(-probabilities, axis=1, kind="stable")[:, : int(sizes.max(initial=0))]
        ranked = np.take_along_axis(probabilities, best, axis=1)
        scored = np.array([text is not None for text in texts], bool)
        sizes[~scored] = 0
        reasons: list[str | None] = [None] * len(names)
        # Where several reasons hold, the last of these loops decides.
        for i in np.flatnonzero(probabilities.max(axis=1, initial=0) < min_probability).tolist():
            reasons[i] = "uncertain-score"
        if ood_generator is not None:
            rows = np.flatnonzero(scored)
            for i in rows[ood_generator.is_out_of_distribution([names[i] for i in rows.tolist()])].tolist():
                reasons[i] = "unlike-training"
        for i in np.flatnonzero(~in_alphabet).tolist():
            reasons[i] = "out-of-vocabulary"
        for i in np.flatnonzero(~scored).tolist():
            reasons[i] = rejections[i]
        return Ranking(best, ranked, sizes, reasons)

    def predict_table(self, table: Any, name_column: str = "name", **settings: Any) -> Any:
        """The table with the answers as further columns: ``label``, ``probability``, ``label_2``, … ``abstained``,
        ``reason``.

        Its own columns stay as they are; where one has the name of an answer, ``charrnn_`` stands before the names of
        all answers (then ``charrnn_2_``, and so on).

        Args:
            table: a data frame of pandas or Polars, or an Arrow table. The answer is of the same kind; the index of
                pandas stays.
            name_column: which column holds the names; letter case counts only where several columns fit. A name that is
                missing, or is :data:`charrnn.text.MISSING_NAMES`, or is no text abstains.
            settings: as for :meth:`predict`.

        Raises:
            SettingsError: as :meth:`predict`.
            InputError: there is no such column, it holds no text, or this is no table.
        """
        from charrnn.inference import frames  # the readers of tables that it imports would slow the start

        names = frames.names_of(table, text("name_column", name_column))
        ranking = self.rank(names, **settings)
        width = self.width(settings.get("top_k", 3), settings.get("coverage"), settings.get("labels"))
        prefix = free_prefix(frames.taken_names(table), width)
        return frames.with_columns(table, answer_columns(ranking, self.labels, width, prefix))

    def check_settings(
        self,
        top_k: int = 3,
        prior: Prior = "model",
        coverage: float | None = None,
        min_probability: float = 0.0,
        ood_generator: Generator | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Raise what :meth:`predict` would raise for these settings, whatever the names."""
        integer("top_k", top_k, "at least 1, or 0 for every label", 0)
        number("min_probability", min_probability, "from 0 to 1", 0, 1)
        self._log_prior_ratio(prior, labels)
        if coverage is not None:
            self._threshold(coverage)
            if prior != "model":
                raise SettingsError(
                    f"coverage {coverage}: holds under the model's own prior only. Leave the prior out."
                )
            if labels is not None:
                raise SettingsError(f"coverage {coverage}: holds among all labels only. Leave labels out.")
        if ood_generator is not None:
            instance("ood_generator", ood_generator, Generator, "a Generator", SettingsError).check_ood_threshold()

    def width(self, top_k: int, coverage: float | None = None, labels: Sequence[str] | None = None) -> int:
        """How many labels an answer shows at most.

        Raises:
            SettingsError: an argument is out of its range.
        """
        top_k = integer("top_k", top_k, "at least 1, or 0 for every label", 0)
        count = len(self.labels if labels is None else listed("labels", labels))
        return count if coverage is not None else min(top_k, count) or count

    def explain(self, name: str, prior: Prior = "model", labels: Sequence[str] | None = None) -> Explanation:
        """Attribute the decision between the top label and the runner-up to characters, by :func:`shapley_values`.

        In a coalition the other characters are unknown to the network, as in training with character dropout, and the
        n-grams that hold them are left out.

        Args:
            name: to be explained.
            prior: as for :meth:`probabilities`.
            labels: as for :meth:`predict`.

        Raises:
            InputError: the name cannot be scored.
            UnknownLabelError: the model does not know one of ``labels``.
            SettingsError: the prior is invalid, or one label only is possible.
        """
        if reason := rejection_reason(name, self.config.pipeline):
            raise InputError(f"{shown(name)}: cannot be scored ({reason}), so there is nothing to explain.")
        read = self.pipeline(name)
        codes = np.array(self.vocabulary.encode(read), np.int64)
        log_ratio = self._log_prior_ratio(prior, labels)
        possible = np.ones(len(self.labels), bool) if log_ratio is None else ~np.isneginf(log_ratio)
        if possible.sum() < 2:
            raise SettingsError(
                "explain: only one label is possible, so there is nothing to explain. Allow another one."
            )
        shift = np.zeros(len(self.labels)) if log_ratio is None else np.where(possible, log_ratio, 0)

        def log_odds(coalitions: Bools) -> Floats:
            lengths = np.full(len(coalitions), len(codes))
            for_network, for_ngrams = np.where(coalitions, codes, UNKNOWN), np.where(coalitions, codes, PAD)
            scores = self.model.scores(for_network, lengths, for_ngrams) + shift  # (K, labels)
            return np.asarray(scores[:, top] - scores[:, other])

        whole = self.model.scores(codes[None], np.array([len(codes)]))[0] + shift
        top, other = np.argsort(np.where(possible, -whole, np.inf), kind="stable")[:2]
        attributions, remainder, score = shapley_values(log_odds, len(codes))
        labels = self.labels[top], self.labels[other]
        return Explanation(name, read, *labels, tuple(attributions.tolist()), remainder, score)

    def probabilities(self, names: Sequence[str], prior: Prior = "model") -> Floats:
        """p(label | name), (names, labels); a row of NaN where the name cannot be scored.

        Args:
            names: to be classified.
            prior: how frequent the labels are where the names come from: ``model``, as in the training list;
                ``uniform``; or a weight for each label, those left out being impossible. The answers are divided by the
                training frequencies and multiplied by these (Saerens, Latinne and Decaestecker 2002).

        Raises:
            SettingsError: the prior is none of these.
            InputError: the names are no sequence.
        """
        return self._probabilities(self._texts(listed("names", names, InputError))[0], self._log_prior_ratio(prior))[0]

    def _texts(self, names: Sequence[str]) -> tuple[list[str | None], list[str | None]]:
        """Names as the model reads them, None where they cannot be scored; and why they cannot."""
        pipeline, pipeline_name = self.pipeline, self.config.pipeline
        reasons = [rejection_reason(name, pipeline_name) for name in names]
        return [None if reason else pipeline(name) for name, reason in zip(names, reasons, strict=True)], reasons

    def _probabilities(self, texts: Sequence[str | None], log_prior_ratio: Floats | None) -> tuple[Floats, Bools]:
        """p(label | name), (N, labels), and whether some letter of each name is in the alphabet, (N,)."""
        result, in_alphabet = np.full((len(texts), len(self.labels)), np.nan), np.zeros(len(texts), bool)
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            rows = [i for i, text in enumerate(batch) if text is not None]
            readable = [text for text in batch if text is not None]
            # A name that is repeated is scored once.
            index = {text: i for i, text in enumerate(dict.fromkeys(readable))}
            chars, lengths = self.vocabulary.encode_batch(list(index))
            logits = self.model.scores(chars, lengths)
            scores = np.exp(log_softmax(logits if log_prior_ratio is None else logits + log_prior_ratio))
            which = [index[text] for text in readable]
            result[first : first + BATCH][rows] = scores[which]
            in_alphabet[first : first + BATCH][rows] = np.any(self.is_letter[chars], axis=1)[which]
        return result, in_alphabet

    def _threshold(self, coverage: float) -> float:
        """The least probability with which a label belongs to the set of this coverage."""
        thresholds: dict[str, float] = self.config.calibration.get("thresholds", {})
        coverage = number("coverage", coverage, "above 0 and below 1", 0, 1)
        if str(coverage) not in thresholds:
            known = f"it knows {', '.join(thresholds)}" if thresholds else "it is not calibrated; train it again"
            raise SettingsError(f"coverage {coverage}: the model was not calibrated for it; {known}.")
        return thresholds[str(coverage)]

    def _log_prior_ratio(self, prior: Prior, labels: Sequence[str] | None = None) -> Floats | None:
        return log_prior_ratio(self.labels, self.model.prior, prior, labels)
