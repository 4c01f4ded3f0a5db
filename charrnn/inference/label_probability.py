"""p(label | name): what a classifier's answers are made of.

Shapes: N, B names, C classes (a label and a kind each), L labels.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, Self

import numpy as np

from charrnn.arguments import choice, instance, listed, text
from charrnn.arrays import Bools, Floats, Floats32, Ints, label_probabilities
from charrnn.errors import InputError, SettingsError, shown
from charrnn.inference.label_model import LabelModel
from charrnn.inference.priors import Prior, log_prior_ratio
from charrnn.inference.reading import NameReader
from charrnn.likeness import UNLIKE_SHARE, Likeness
from charrnn.memory import Memory
from charrnn.model_config import ANY_KIND, ModelConfig
from charrnn.model_folder import Weights
from charrnn.ngrams import has_ngrams
from charrnn.text import SPECIALS, symbol_script

BATCH = 16_384
"""Names that are sorted and scored together: the more, the more prefixes they share."""


class Evidence(NamedTuple):
    """What a classifier finds out about N names.

    Attributes:
        probabilities: p(label | name), (N, labels); NaN where the name cannot be scored.
        in_alphabet: whether some letter of the name is in the alphabet, (N,).
        is_listed: whether the memory has the name, (N,).
        is_unlike: whether the name is unlike those of the list (see :class:`charrnn.likeness.Likeness`), (N,).
    """

    probabilities: Floats
    in_alphabet: Bools
    is_listed: Bools
    is_unlike: Bools


class LabelProbability:
    """The probabilities of the labels of names: a model of their letters, and a memory of the list.

    Args:
        config: of a model folder, task ``classifier``.
        weights: of the same folder.

    Attributes:
        labels: in the order of all arrays over labels.
        reader: reads names as the model wants them.
        memory: of the list that the model learned from; None if it keeps none.
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
        self.is_letter = np.array([False] * SPECIALS + [symbol_script(c) != "common" for c in config.alphabet])
        self.reader = NameReader(config.pipeline, config.own_characters)
        self.memory = Memory.from_weights(weights, len(config.class_counts))
        self.memory_weight = config.expert_weights(has_ngrams(weights))[-1]
        self.likeness = Likeness.of(config, self.model.ngrams)

    def listed(self, names: Sequence[str], kind: str | None = None) -> list[tuple[str, ...]]:
        """The labels under which the list that the model learned from has exactly each name, folded.

        Empty for a name that it does not have, and for all names where the model keeps no memory of its list. Names are
        compared by their hashes (see :class:`charrnn.memory.Memory`).

        Args:
            names: to be looked up.
            kind: of the names in the list; None for any.

        Raises:
            InputError: the names are no sequence.
            SettingsError: the model knows no such kind.
        """
        column = self._kind_index(kind)
        texts = self.reader.read(listed("names", names, InputError))[0]
        found: list[tuple[str, ...]] = [()] * len(texts)
        if self.memory is not None:
            known = [i for i, text in enumerate(texts) if text is not None]
            rows, classes = self.memory.listed([texts[i] or "" for i in known])
            labels, kinds = np.divmod(classes, self.config.kind_count)
            if column is not None:
                rows, labels = rows[kinds == column], labels[kinds == column]
            pairs = zip(rows.tolist(), labels.tolist(), strict=True)
            for row, own in groupby(pairs, itemgetter(0)):
                found[known[row]] = tuple(self.labels[label] for label in dict.fromkeys(label for _, label in own))
        return found

    def _kind_index(self, kind: str | None) -> int | None:
        """Index of a kind; None for any, which is None or :data:`charrnn.model_config.ANY_KIND`.

        Raises:
            SettingsError: the model knows no such kind.
        """
        if kind is None or text("kind", kind) == ANY_KIND:
            return None
        if not self.config.kinds:
            raise SettingsError(f"kind {shown(kind)}: this model knows of no kinds of names. Leave kind out.")
        choice("kind", kind, dict.fromkeys([*self.config.kinds, ANY_KIND]))
        return self.config.kinds.index(kind)

    def without_memory(self) -> Self:
        """The same model, which answers listed names as it answers all others."""
        model = copy(self)
        model.memory = None
        return model

    @property
    def knows_families(self) -> bool:
        """Whether the family of each label is known."""
        return all(label in self.config.families for label in self.labels)

    def level_names(self, level: str) -> list[str]:
        """What answers name at a level: the labels, or their families.

        Raises:
            SettingsError: there is no such level, or the families of the labels are not known.
        """
        if choice("level", level, ("label", "family")) == "label":
            return self.labels
        if not self.knows_families:
            raise SettingsError("level family: this model does not know the families of its labels. Leave level out.")
        return sorted(set(self.config.families.values()))

    def _evidence(
        self, texts: Sequence[str | None], shift: Floats | None, without_labels: Collection[int] = ()
    ) -> Evidence:
        """What there is to say of names.

        Args:
            texts: as the model reads them; None where it cannot.
            shift: see :meth:`_shift`.
            without_labels: indices of unlisted names of which no probabilities are wanted.
        """
        size = len(texts)
        found = Evidence(np.full((size, len(self.labels)), np.nan), *(np.zeros(size, bool) for _ in range(3)))
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            rows = [i for i, text in enumerate(batch) if text is not None]
            readable = [text for text in batch if text is not None]
            # A name that is repeated is scored once.
            index = {text: i for i, text in enumerate(dict.fromkeys(readable))}
            own = list(index)
            chars, lengths = self.vocabulary.encode_batch(own)
            ngrams = self.model.ngram_scores(chars, lengths)
            is_listed, is_unlike = np.zeros(len(own), bool), np.zeros(len(own), bool)
            if self.likeness is not None and ngrams is not None:
                is_unlike = self.likeness.is_unlike(own, chars, lengths, ngrams)
            p = np.full((len(own), len(self.labels)), np.nan)
            wanted = sorted({index[batch[i] or ""] for i in rows if first + i not in without_labels})
            if len(wanted) == len(own):
                logits = self.model.scores(chars, lengths, ngrams)
            else:
                some = chars[wanted], lengths[wanted], None if ngrams is None else ngrams[wanted]
                logits = self.model.scores(*some)
            remembered = self._remember(logits, [own[i] for i in wanted])
            is_listed[np.array(wanted, np.int64)[remembered]] = True
            p[wanted] = label_probabilities(logits if shift is None else logits + shift, self.config.kind_count)
            which = [index[text] for text in readable]
            findings = p, np.any(self.is_letter[chars], axis=1), is_listed, is_unlike
            for of_all, of_batch in zip(found, findings, strict=True):
                of_all[first : first + BATCH][rows] = of_batch[which]
        return found

    def _remember(self, logits: Floats32, texts: list[str]) -> Ints:
        """Add to logits (B, C) what the list says of the names that it has; the rows of these names."""
        if self.memory is None:
            return np.zeros(0, np.int64)
        rows, classes = self.memory.listed(texts)
        logits[rows, classes] += np.float32(self.memory_weight)
        return rows

    @property
    def judges_form(self) -> bool:
        """Whether texts that are no names by their form abstain: not if the list holds many that look like it."""
        share = self.config.data.get("no_name_share")
        return isinstance(share, float) and share <= UNLIKE_SHARE

    def _at_level(self, probabilities: Floats, level: str) -> Floats:
        names = self.level_names(level)
        if level == "label":
            return probabilities
        which = [names.index(self.config.families[label]) for label in self.labels]
        result = np.zeros((len(probabilities), len(names)))
        for column, family in enumerate(which):
            result[:, family] += probabilities[:, column]
        return result

    def _shift(self, prior: Prior, labels: Sequence[str] | None = None, kind: str | None = None) -> Floats | None:
        """What is added to the logits of the classes, (C,): log of the wanted label frequencies divided by those of
        training, and -inf where a label or a kind is impossible; None where nothing is."""
        size = self.config.kind_count
        by_kind, column = self.model.prior.reshape(-1, size), self._kind_index(kind)  # (L, K)
        own = by_kind.sum(axis=1) if column is None else by_kind[:, column] / by_kind[:, column].sum()
        ratio = log_prior_ratio(self.labels, own, prior, labels)
        if column is None:
            return ratio if ratio is None else np.repeat(ratio, size)
        shift = np.full((len(self.labels), size), -np.inf)
        shift[:, column] = 0 if ratio is None else ratio
        return shift.ravel()
