"""p(label | full name): of the parts of a name by Bayes' rule, or of a text as one name.

Shapes: N names of U units each, L labels, K kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.arguments import boolean, listed
from charrnn.arrays import Bools, Floats, Floats32, Ints, log_softmax
from charrnn.errors import InputError, SettingsError
from charrnn.inference.full_names import (
    FullNames,
    FullNameWeights,
    combine,
    likelihood_ratios,
    usual_readings,
)
from charrnn.inference.label_probability import BATCH, Evidence, LabelProbability
from charrnn.inference.name_parts import (
    MAX_UNITS,
    Units,
    are_of_several_scripts,
    units_of,
    unspaced_prefixes,
)
from charrnn.inference.name_words import without_particles
from charrnn.inference.priors import Prior
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights
from charrnn.name_forms import GENDERS, SURNAME, know_full_names
from charrnn.text import PAD, UNKNOWN, is_no_name

Scoring = Callable[[Bools], NDArray[Any]]
"""Scores of the labels (K, L) for coalitions of characters (K, T)."""
NAMES = 2 * BATCH
"""Full names of which each distinct part is scored once."""
TOGETHER = 1024
"""Full names that are put together at once: what is computed of them stays in the processor's cache."""


class Answer(NamedTuple):
    """What a classifier finds out about names.

    Attributes:
        texts: as the model reads them; None where it cannot.
        reasons: why a name cannot be scored, or is no full name; else None.
        evidence: of each name; where it has parts, the probabilities are those of its parts together.
        parts: of the names that have parts, by their index.
    """

    texts: list[str | None]
    reasons: list[str | None]
    evidence: Evidence
    parts: FullNames


class FullNameProbability(LabelProbability):
    """The probabilities of the labels of names, full names among them; arguments as of :class:`LabelProbability`."""

    full_name_weights = FullNameWeights()

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        super().__init__(config, weights)
        self.usual_readings = usual_readings(config, self.full_name_weights)

    @property
    def reads_full_names(self) -> bool:
        """Whether the model knows surnames and given names as kinds, and so can tell parts of a full name apart."""
        return know_full_names(self.config.kinds)

    def probabilities(
        self,
        names: Sequence[str],
        prior: Prior = "model",
        kind: str | None = None,
        labels: Sequence[str] | None = None,
        level: str = "label",
        whole: bool = False,
    ) -> Floats:
        """p(label | name), (names, labels); a row of NaN where the name cannot be scored.

        Args:
            names: to be classified.
            prior: how frequent the labels are where the names come from: ``model``, as in the training list;
                ``uniform``; or a weight for each label, those left out being impossible. The answers are divided by the
                training frequencies and multiplied by these (Saerens, Latinne and Decaestecker 2002).
            kind: as for :meth:`charrnn.inference.Classifier.predict`.
            labels: likewise.
            level: likewise; of families, (names, families) in the order of :meth:`level_names`.
            whole: likewise.

        Raises:
            UnknownLabelError: the model does not know one of ``labels``.
            SettingsError: the prior is none of these, or the model knows no such kind, or no families.
            InputError: the names are no sequence.
        """
        answer = self._answer(listed("names", names, InputError), prior, labels, kind, whole)
        return self._at_level(answer.evidence.probabilities, level)

    def _answer(
        self, names: Sequence[str], prior: Prior, labels: Sequence[str] | None, kind: str | None, whole: bool
    ) -> Answer:
        """What there is to say of names.

        Args:
            names: to be classified.
            prior: as for :meth:`probabilities`.
            labels: likewise.
            kind: likewise; under a kind all names are one name each.
            whole: likewise.
        """
        texts, reasons = self.reader.read(names)
        units, read, too_long = ({}, {}, []) if self._reads_whole(whole, kind) else self._split(names, texts)
        for i in too_long:
            reasons[i] = "too-many-parts"
        shift = self._shift(prior, labels, kind)
        # A name of listed parts is like the list; nothing but its parts needs to be scored.
        known_texts = self._listed_texts(read.values())
        others, known_names = list(texts), []
        for i, own in units.items():
            as_read = [read[unit] for unit in own.texts]
            texts[i] = others[i] = text = " ".join(as_read)
            if known_texts.issuperset(as_read):
                others[i] = None
                known_names.append(i)
            if not text.isascii() and are_of_several_scripts(own):
                reasons[i] = "several-scripts"
        evidence = self._evidence(others, shift, units)
        evidence.in_alphabet[known_names] = True
        readings = self._score_units(units, read, self._label_shift(shift), evidence.probabilities)
        return Answer(texts, reasons, evidence, FullNames(units, readings))

    def _score_units(
        self, units: dict[int, Units], read: dict[str, str], label_shift: Floats, probabilities: Floats
    ) -> dict[int, int]:
        """Put in p(label | name) of full names, and return the most likely reading of each (see :func:`combine`).

        Args:
            units: of the names, by their index.
            read: each unit as the model reads it.
            label_shift: of :meth:`_label_shift`.
            probabilities: of all names, (names, L); changed in the rows of ``units``.
        """
        readings: dict[int, int] = {}
        names = list(units)
        for first in range(0, len(names), NAMES):
            chunk = names[first : first + NAMES]
            # A part that is repeated is scored once.
            index = {
                text: row for row, text in enumerate(dict.fromkeys(read[u] for i in chunk for u in units[i].texts))
            }
            texts = list(index)
            ratios = np.concatenate([self._ratios(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)])
            by_shape: dict[tuple[int, int], list[int]] = {}
            for i in chunk:
                by_shape.setdefault((len(units[i].texts), units[i].surnames), []).append(i)
            for (size, known), same in by_shape.items():
                for begin in range(0, len(same), TOGETHER):
                    own = same[begin : begin + TOGETHER]
                    which = np.array([index[read[unit]] for i in own for unit in units[i].texts], np.int64)
                    scores, best = self._together(ratios[which.reshape(-1, size)], known)
                    probabilities[own] = p = np.exp(log_softmax(scores + label_shift))
                    readings.update(zip(own, best[np.arange(len(own)), p.argmax(axis=1)].tolist(), strict=True))
        return readings

    def _reads_whole(self, whole: bool, kind: str | None) -> bool:
        """Whether a text is one name, whatever its parts."""
        return boolean("whole", whole) or self._kind_index(kind) is not None or not self.reads_full_names

    def check_parts(
        self, parts: bool, kind: str | None = None, whole: bool = False, surname_column: str | None = None
    ) -> None:
        """Raise a SettingsError if parts of full names are wanted, or given, where no text is read in parts."""
        wanted = {"parts": boolean("parts", parts), "surname_column": surname_column is not None}
        if any(wanted.values()) and self._reads_whole(whole, kind):
            why = "this model does not know surnames and given names"
            if self.reads_full_names:
                why = "whole texts are one name each" if whole else f"texts of the kind {kind} are one name each"
            setting = next(setting for setting, is_wanted in wanted.items() if is_wanted)
            raise SettingsError(f"{setting}: {why}, so there are no parts. Leave {setting} out.")

    def _split(
        self, names: Sequence[str], texts: list[str | None]
    ) -> tuple[dict[int, Units], dict[str, str], list[int]]:
        """The units of the names that have several, by their index; how the model reads each unit; and the names that
        have too many, which are read as one.

        Args:
            names: as they were typed.
            texts: as the model reads them; where one unit is left of a name, it takes the name's place.
        """
        # A name of one word is the common case.
        several = [i for i, t in enumerate(texts) if t is not None and not (t.isascii() and t.isalpha())]
        known = self._listed_texts(texts[i] or "" for i in several)
        several = [i for i in several if texts[i] not in known]
        if self.judges_form:
            several = [i for i in several if not is_no_name(texts[i] or "")]
        prefixes = list(dict.fromkeys(prefix for i in several for prefix in unspaced_prefixes(names[i])))
        surnames = {own for own, labels in zip(prefixes, self.listed(prefixes, SURNAME), strict=True) if labels}
        is_name = cache(lambda word: bool(self.listed([word])[0]))
        found = {i: units_of(names[i], surnames.__contains__, is_name) for i in several}
        too_long = [i for i, own in found.items() if len(own.texts) > MAX_UNITS]
        for i in too_long:
            del found[i]
        read = self._read_units(unit for own in found.values() if len(own.texts) > 1 for unit in own.texts)
        for i, own in found.items():
            if len(own.texts) == 1 and own.texts[0] != names[i]:
                texts[i] = self.reader.read(own.texts)[0][0] or texts[i]
        units = {i: own for i, own in found.items() if len(own.texts) > 1 and read.keys() >= set(own.texts)}
        return units, read, too_long

    def _listed_texts(self, texts: Iterable[str]) -> set[str]:
        """Those of some texts, as the model reads them, that the list has."""
        if self.memory is None:
            return set()
        distinct = list(dict.fromkeys(texts))
        return {distinct[row] for row in self.memory.listed(distinct)[0].tolist()}

    def _ratios(self, texts: list[str]) -> Floats32:
        """What units, as the model reads them, say of labels and kinds (see :func:`likelihood_ratios`), (U, L, K)."""
        chars, lengths = self.vocabulary.encode_batch(texts)
        logits = self.model.scores(chars, lengths, self.model.ngram_scores(chars, lengths))
        self._remember(logits, texts)
        return self._as_ratios(logits)

    def _as_ratios(self, logits: NDArray[Any]) -> Floats32:
        """Of logits of the classes (B, C), as :meth:`_ratios`."""
        ratios = likelihood_ratios(logits, self.model.prior, self.full_name_weights)
        return ratios.reshape(len(logits), len(self.labels), -1)

    def _read_units(self, units: Iterable[str]) -> dict[str, str]:
        """How the model reads units; those that it cannot read are left out.

        A unit that the list does not have is read without its particles if the list has it so (de San Martín), or else
        without its hyphens: Jong-un is listed as Jongun, if at all.
        """
        distinct = list(dict.fromkeys(units))
        pairs = zip(distinct, self.reader.read(distinct)[0], strict=True)
        read = {unit: text for unit, text in pairs if text is not None}
        shorter = {text: without_particles(text) for text in read.values()}
        known = self._listed_texts(text for own in shorter.values() for text in own)

        def best(text: str) -> str:
            return next((own for own in shorter[text] if own in known), text.replace("-", ""))

        return {unit: best(text) for unit, text in read.items()}

    def _of_units(self, units: Units, shift: Floats | None) -> tuple[str, Floats, Scoring]:
        """The characters of the units with a space between them, the scores of the labels (L,), and these for
        coalitions of characters, without what the list adds."""
        read = self._read_units(units.texts)
        texts = [read[unit] for unit in units.texts]
        codes = [np.array(self.vocabulary.encode(text), np.int64) for text in texts]
        starts = np.cumsum([0, *(len(own) + 1 for own in codes[:-1])])
        label_shift = self._label_shift(shift)

        def score(coalitions: Bools) -> NDArray[Any]:
            ratios = []
            for start, own in zip(starts, codes, strict=True):
                taking_part, lengths = coalitions[:, start : start + len(own)], np.full(len(coalitions), len(own))
                for_ngrams = self.model.ngram_scores(np.where(taking_part, own, PAD), lengths)
                logits = self.model.scores(np.where(taking_part, own, UNKNOWN), lengths, for_ngrams)
                ratios.append(self._as_ratios(logits))
            return self._together(np.stack(ratios, axis=1), units.surnames)[0] + label_shift

        with_memory = self._together(self._ratios(texts)[None], units.surnames)[0][0] + label_shift
        return " ".join(texts), with_memory, score

    def _label_shift(self, shift: Floats | None) -> Floats:
        """What is added to the scores of the labels, (L,): that of the classes, where no kind is told."""
        return np.zeros(len(self.labels)) if shift is None else shift[:: self.config.kind_count]

    def _together(self, ratios: Floats32, known_surnames: int) -> tuple[Floats, Ints]:
        """Scores of the labels (N, L) of names by the ratios of their units (N, U, L, K), and the readings (N, L).

        Args:
            ratios: of :meth:`_ratios`.
            known_surnames: of :class:`Units`, of all names.
        """
        kinds = self.config.kinds
        given = [kinds.index(kind) for kind in GENDERS if kind in kinds]
        surname = ratios[..., kinds.index(SURNAME)]
        likelihood, readings = combine(
            ratios[..., given], surname, known_surnames, self.usual_readings, self.full_name_weights
        )
        frequency = np.log(self.model.prior.reshape(len(self.labels), -1).sum(axis=1))
        return likelihood + frequency, readings
