"""Which label a name belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.arguments import integer, listed, number, text, texts
from charrnn.arrays import Bools, Floats, Floats32, largest, sum_of_kinds
from charrnn.errors import InputError, SettingsError, shown
from charrnn.inference.answers import LabelScore, Prediction, Ranking, answer_columns, free_prefix
from charrnn.inference.explanation import Explanation, shapley_values
from charrnn.inference.full_name_probability import FullNameProbability, Scoring
from charrnn.inference.full_names import Part
from charrnn.inference.priors import Prior
from charrnn.text import PAD, UNKNOWN, is_no_name


class Classifier(FullNameProbability):
    """A trained classifier: names in, labels with probabilities out.

    Args:
        config: of a model folder, task ``classifier``.
        weights: of the same folder.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def predict(
        self,
        names: Sequence[str],
        top_k: int = 3,
        prior: Prior = "model",
        coverage: float | None = None,
        min_probability: float = 0.0,
        labels: Sequence[str] | None = None,
        kind: str | None = None,
        level: str = "label",
        whole: bool = False,
    ) -> list[Prediction]:
        """The most probable labels of each name, in the order of the names.

        Letter case does not matter. A name that cannot be scored abstains with one of the reasons of
        :func:`charrnn.text.rejection_reason`. A name that can be scored may also abstain, and keeps its predictions:
        ``too-many-parts`` and ``several-scripts`` (of a full name), ``out-of-vocabulary`` (none of its letters is in
        the alphabet), ``not-a-name`` (see :func:`charrnn.text.is_no_name`), ``unlike-training`` (see
        :class:`charrnn.likeness.Likeness`), ``uncertain-score``. ``not-a-name`` and ``unlike-training`` are no reasons
        for a name that the list has.

        Args:
            names: to be classified.
            top_k: labels for each name; 0 gives all.
            prior: as for :meth:`probabilities`.
            coverage: 0.8, 0.9 or 0.95 gives, in place of the ``top_k`` labels, a set that holds the name's true label
                for about this share of names like those of the training list. The top label is always in it.
            min_probability: of the top label; below it the reason is ``uncertain-score``.
            labels: ask among these alone; all others count as impossible.
            kind: of all names, such as ``surname``; None sums over the kinds that the model knows.
            level: ``label``, or ``family`` to add up the labels of each family.
            whole: read each text as one name, also where it looks like a full name. Without it, a model that knows
                surnames and given names, and is told no kind, scores the parts of a full name and puts them together.
                Calibration and coverage hold for names of one part.

        Raises:
            UnknownLabelError: the model does not know one of ``labels``.
            SettingsError: ``top_k`` or ``min_probability`` is out of its range, the prior is invalid, the model was not
                calibrated for this coverage; the model knows no such kind, or no families.
        """
        names = listed("names", names, InputError)
        ranking = self.rank(names, top_k, prior, coverage, min_probability, labels, kind, level, whole)
        shown = ranking.labels.shape[1]
        own_labels = np.array(self.level_names(level), object)[ranking.labels.ravel()].tolist()
        # NamedTuple's own constructor costs a Python call for each object, 6 % of the whole.
        pairs = zip(own_labels, ranking.probabilities.ravel().tolist(), strict=True)
        scored = list(map(tuple.__new__, repeat(LabelScore), pairs))
        firsts = range(0, len(scored), shown or 1)
        rows = [tuple(scored[i : i + size]) for i, size in zip(firsts, ranking.sizes.tolist(), strict=True)]
        parts: list[tuple[Part, ...]] = [()] * len(names)
        for i, own in ranking.parts.items():
            parts[i] = own
        return list(map(tuple.__new__, repeat(Prediction), zip(names, rows, ranking.reasons, parts, strict=True)))

    def rank(
        self,
        names: Sequence[str],
        top_k: int = 3,
        prior: Prior = "model",
        coverage: float | None = None,
        min_probability: float = 0.0,
        labels: Sequence[str] | None = None,
        kind: str | None = None,
        level: str = "label",
        whole: bool = False,
    ) -> Ranking:
        """As :meth:`predict`, in arrays."""
        self.check_settings(top_k, prior, coverage, min_probability, labels, kind, level, whole)
        names = listed("names", names, InputError)
        texts, rejections, evidence, parts = self._answer(names, prior, labels, kind, whole)
        probabilities = self._at_level(evidence.probabilities, level)
        sizes = np.full(len(names), self.width(top_k, labels=labels, level=level))
        if coverage is not None:
            sizes = np.maximum((probabilities >= self._threshold(coverage)).sum(axis=1), 1)
        best = largest(probabilities, int(sizes.max(initial=0)))
        ranked = np.take_along_axis(probabilities, best, axis=1)
        scored = np.array([text is not None for text in texts], bool)
        sizes[~scored] = 0
        reasons: list[str | None] = [None] * len(names)
        # Where several reasons hold, the last of these loops decides.
        if min_probability:
            for i in np.flatnonzero(probabilities.max(axis=1, initial=0) < min_probability).tolist():
                reasons[i] = "uncertain-score"
        unlisted = scored & ~evidence.is_listed
        for i in np.flatnonzero(unlisted & evidence.is_unlike).tolist():
            reasons[i] = "unlike-training"
        if self.judges_form:
            for i in np.flatnonzero(unlisted).tolist():
                if i not in parts and is_no_name(texts[i] or ""):
                    reasons[i] = "not-a-name"
        for i in np.flatnonzero(scored & ~evidence.in_alphabet).tolist():
            reasons[i] = "out-of-vocabulary"
        for i, rejection in enumerate(rejections):
            reasons[i] = rejection or reasons[i]
        return Ranking(best, ranked, sizes, reasons, parts)

    def predict_table(
        self,
        table: Any,
        name_column: str = "name",
        parts: bool = False,
        surname_column: str | None = None,
        **settings: Any,
    ) -> Any:
        """The table with the answers as further columns: ``label``, ``probability``, ``label_2``, … ``abstained``,
        ``reason``; with ``parts``, ``given`` and ``surname``.

        Its own columns stay as they are; where one has the name of an answer, ``charrnn_`` stands before the names of
        all answers (then ``charrnn_2_``, and so on).

        Args:
            table: a data frame of pandas or Polars, or an Arrow table. The answer is of the same kind; the index of
                pandas stays.
            name_column: which column holds the names; letter case counts only where several columns fit. A name that is
                missing, or is :data:`charrnn.text.MISSING_NAMES`, or is no text abstains.
            parts: whether to tell what the parts of full names were taken for; None where a text is one name.
            surname_column: which column holds the surnames, where ``name_column`` holds given names alone.
            settings: as for :meth:`predict`.

        Raises:
            SettingsError: as :meth:`predict`; or ``parts`` or ``surname_column`` where no text is read in parts.
            InputError: there is no such column, it holds no text, or this is no table.
        """
        from charrnn.inference import frames  # the readers of tables that it imports would slow the start

        surname_column = None if surname_column is None else text("surname_column", surname_column)
        self.check_parts(parts, settings.get("kind"), settings.get("whole", False), surname_column)
        names = frames.names_of(table, frames.NameColumns(text("name_column", name_column), surname_column))
        ranking = self.rank(names, **settings)
        level = settings.get("level", "label")
        width = self.width(settings.get("top_k", 3), settings.get("coverage"), settings.get("labels"), level)
        prefix = free_prefix(frames.taken_names(table), width, parts)
        return frames.with_columns(table, answer_columns(ranking, self.level_names(level), width, prefix, parts))

    def check_settings(
        self,
        top_k: int = 3,
        prior: Prior = "model",
        coverage: float | None = None,
        min_probability: float = 0.0,
        labels: Sequence[str] | None = None,
        kind: str | None = None,
        level: str = "label",
        whole: bool = False,
    ) -> None:
        """Raise what :meth:`predict` would raise for these settings, whatever the names."""
        integer("top_k", top_k, "at least 1, or 0 for every label", 0)
        number("min_probability", min_probability, "from 0 to 1", 0, 1)
        self._shift(prior, labels, kind)
        self.level_names(level)
        if coverage is not None:
            self._threshold(coverage)
            if self._kind_index(kind) is not None:
                raise SettingsError(f"coverage {coverage}: holds for all kinds of names only. Leave the kind out.")
            if level != "label":
                raise SettingsError(f"coverage {coverage}: holds for labels, not for families. Leave the level out.")
            if prior != "model":
                raise SettingsError(
                    f"coverage {coverage}: holds under the model's own prior only. Leave the prior out."
                )
            if labels is not None:
                raise SettingsError(f"coverage {coverage}: holds among all labels only. Leave labels out.")

    def width(
        self, top_k: int, coverage: float | None = None, labels: Sequence[str] | None = None, level: str = "label"
    ) -> int:
        """How many labels an answer shows at most.

        Raises:
            SettingsError: an argument is out of its range.
        """
        top_k = integer("top_k", top_k, "at least 1, or 0 for every label", 0)
        named = self.level_names(level)
        if labels is not None:
            named = texts("labels", labels)
            named = named if level == "label" else sorted({self.config.families.get(label, label) for label in named})
        count = len(named)
        return count if coverage is not None else min(top_k, count) or count

    def explain(
        self,
        name: str,
        prior: Prior = "model",
        labels: Sequence[str] | None = None,
        kind: str | None = None,
        whole: bool = False,
    ) -> Explanation:
        """Attribute the decision between the top label and the runner-up to characters, by :func:`shapley_values`.

        In a coalition the other characters are unknown to the network, as in training with character dropout, and the
        n-grams that hold them are left out. The characters of a full name are those of its parts.

        Args:
            name: to be explained.
            prior: as for :meth:`probabilities`.
            labels: as for :meth:`predict`.
            kind: as for :meth:`predict`.
            whole: likewise.

        Raises:
            InputError: the name cannot be scored.
            UnknownLabelError: the model does not know one of ``labels``.
            SettingsError: the prior is invalid, or one label only is possible.
        """
        (read,), (reason,) = self.reader.read([name])
        if read is None:
            raise InputError(f"{shown(name)}: cannot be scored ({reason}), so there is nothing to explain.")
        shift = self._shift(prior, labels, kind)
        texts: list[str | None] = [read]
        units = {} if self._reads_whole(whole, kind) else self._split([name], texts)[0]
        characters, scores, score = self._of_units(units[0], shift) if units else self._of_one(texts[0] or read, shift)
        possible = np.isfinite(scores)
        if possible.sum() < 2:
            raise SettingsError(
                "explain: only one label is possible, so there is nothing to explain. Allow another one."
            )
        top, other = np.argsort(np.where(possible, -scores, np.inf), kind="stable")[:2]

        def log_odds(coalitions: Bools) -> Floats:
            of_labels = score(coalitions)  # (K, labels)
            return np.asarray(of_labels[:, top] - of_labels[:, other])

        attributions, remainder, total = shapley_values(log_odds, len(characters))
        listed_under = self.listed([name], kind)[0]
        # Of a full name the list may have parts, though not the whole.
        may_remember = bool(listed_under or (units and self.memory is not None))
        memory = float(scores[top] - scores[other]) - total if may_remember else 0.0
        pair = self.labels[top], self.labels[other]
        values = tuple(attributions.tolist())
        return Explanation(name, characters, *pair, values, remainder, total + memory, memory, listed_under)

    def _of_one(self, read: str, shift: Floats | None) -> tuple[str, Floats, Scoring]:
        """The characters of a text, the scores of the labels (L,), and these for coalitions of characters, without
        what the list adds."""
        codes = np.array(self.vocabulary.encode(read), np.int64)
        shift = np.zeros(len(self.config.class_counts)) if shift is None else shift

        def label_scores(scores: Floats32) -> NDArray[Any]:
            with np.errstate(invalid="ignore"):  # a label of which no class is possible
                return sum_of_kinds(scores + shift, self.config.kind_count)

        def score(coalitions: Bools) -> NDArray[Any]:
            lengths = np.full(len(coalitions), len(codes))
            for_network, for_ngrams = np.where(coalitions, codes, UNKNOWN), np.where(coalitions, codes, PAD)
            return label_scores(self.model.scores(for_network, lengths, self.model.ngram_scores(for_ngrams, lengths)))

        one = codes[None], np.array([len(codes)])
        logits = self.model.scores(*one, self.model.ngram_scores(*one))
        self._remember(logits, [read])
        return read, label_scores(logits)[0], score

    def _threshold(self, coverage: float) -> float:
        """The least probability with which a label belongs to the set of this coverage."""
        thresholds: dict[str, float] = self.config.calibration.get("thresholds", {})
        coverage = number("coverage", coverage, "above 0 and below 1", 0, 1)
        if str(coverage) not in thresholds:
            known = f"it knows {', '.join(thresholds)}" if thresholds else "it is not calibrated; train it again"
            raise SettingsError(f"coverage {coverage}: the model was not calibrated for it; {known}.")
        return thresholds[str(coverage)]
