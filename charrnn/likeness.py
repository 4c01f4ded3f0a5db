"""How like the names of a list a name is, by the n-grams that a classifier has of the list.

Shapes: B names, T characters, L labels, W words, V vocabulary.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from charrnn.arrays import Bools, Floats, Ints, label_prior
from charrnn.errors import ModelFolderError
from charrnn.model_config import ModelConfig
from charrnn.ngrams import NGramHashTable
from charrnn.text import SPECIALS, CharacterTable, Vocabulary, symbol_script

UNLIKE_SHARE = 0.0075
"""At most this share of validation names of a script is unlike; with fewer than 133 names, none is."""
MIN_VARIANCE = 1.0
"""Of the nats of a name, so that a list of names that are all equally likely does not find every other one unlike."""
APOSTROPHES = "'’ʼʻ"
FILLERS = "\u0640\u200c\u200d"
"""Characters that only change how letters are joined: tatweel, and the two joiners of zero width."""


def _word_character(character: str) -> str:
    if character in FILLERS:
        return ""
    belongs = symbol_script(character) != "common" or unicodedata.category(character)[0] == "M"
    return character if belongs or character in APOSTROPHES else " "


_WORD_CHARACTERS = CharacterTable(_word_character)


def words(text: str) -> list[str]:
    """The words of a name, which are letters, marks and apostrophes; initials are none.

    ``nakamoto, satoshi s.`` → ``nakamoto``, ``satoshi``.
    """
    found = text.translate(_WORD_CHARACTERS).split()
    return [word for word in found if len(word) > 1 or symbol_script(word) not in ("latin", "cyrillic", "greek")]


class Measures(NamedTuple):
    """What names are judged by.

    Attributes:
        scripts: index of the script of each name, (B,); -1 where it is not judged.
        features: characters and words of each name, (B, 2).
        nats: -log p of its words, (B,).
    """

    scripts: Ints
    features: Floats
    nats: Floats


class Likeness:
    """Tells which names are unlike those of a list.

    The n-grams of all labels together, each label as frequent as in the list, give every word of a name a likelihood: a
    list of surnames knows no full names, and no punctuation. A name is judged by how many standard deviations the
    -log p of its words lies above that of validation names of the same script and of as many characters. Mean and
    variance are linear in characters and words.

    Args:
        ngrams: of the labels.
        prior: frequencies of the labels, (L,).
        alphabet: of the model.
        calibration: for each script that is judged, what :meth:`fit` found.
    """

    def __init__(
        self, ngrams: NGramHashTable, prior: Floats, alphabet: str, calibration: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.ngrams, self.log_prior, self.vocabulary = ngrams, np.log(prior), Vocabulary(alphabet)
        scripts = [symbol_script(c) for c in alphabet]
        self.scripts = sorted(set(scripts) - {"common"})
        index = {script: i for i, script in enumerate(self.scripts)} | {"common": -1}
        self.script_of = np.array([-1] * SPECIALS + [index[script] for script in scripts])  # (V,)
        # The last script stands for none, which is not judged.
        size = len(self.scripts) + 1
        self.mean, self.variance = np.zeros((size, 2)), np.zeros((size, 2))
        self.threshold = np.full(size, np.inf)
        for script, found in calibration.items():
            at = self.scripts.index(script)
            self.mean[at], self.variance[at] = (np.reshape(found[of], 2) for of in ("mean", "variance"))
            self.threshold[at] = found["threshold"]

    @classmethod
    def of(cls, config: ModelConfig, ngrams: NGramHashTable | None) -> Likeness | None:
        """That of a classifier's config; None if it was not calibrated for it.

        Raises:
            ModelFolderError: the calibration is none of this version's.
        """
        calibration = config.calibration.get("likeness")
        if calibration is None or ngrams is None:
            return None
        try:
            return cls(ngrams, label_prior(config.label_counts), config.alphabet, calibration)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = "config.json: unknown calibration, likeness. Update charrnn or train again."
            raise ModelFolderError(message) from error

    def is_unlike(self, texts: Sequence[str], chars: Ints, lengths: Ints, by_label: Floats) -> Bools:
        """Whether each name (B,) is unlike the list; never where its script is not judged, or it has several.

        Args:
            texts: names as the model reads them, (B,).
            chars: the same, encoded, (B, T), padded with 0.
            lengths: (B,), at least 1.
            by_label: what :meth:`charrnn.ngrams.NGramHashTable.scores` says of these names, (B, L).
        """
        if not len(chars):
            return np.zeros(0, bool)
        script, features, nats = self.measure(texts, chars, lengths, by_label)
        deviations = _deviations(features, nats, self.mean[script], self.variance[script])
        return np.asarray(deviations > self.threshold[script])

    def measure(self, texts: Sequence[str], chars: Ints, lengths: Ints, by_label: Floats) -> Measures:
        """What names are judged by; arguments as for :meth:`is_unlike`."""
        return Measures(self._script(chars), *self._measure(texts, lengths, by_label))

    def fit(self, measures: Measures) -> dict[str, dict[str, Any]]:
        """The calibration, from measures of names on which the n-grams were not fitted.

        Returns:
            For each script with names enough: ``mean`` and ``variance``, factors of the characters and of the words;
            ``threshold``, standard deviations; and the number of ``names``.
        """
        scripts, features, nats = measures
        found: dict[str, dict[str, Any]] = {}
        for i, script in enumerate(self.scripts):
            own, cost = features[scripts == i], nats[scripts == i]
            inside = math.ceil((len(own) + 1) * (1 - UNLIKE_SHARE))
            if inside > len(own):
                continue
            mean = np.linalg.lstsq(own, cost, rcond=None)[0]
            variance = np.linalg.lstsq(own, (cost - own @ mean) ** 2, rcond=None)[0]
            scores = np.sort(_deviations(own, cost, mean, variance))
            found[script] = {
                "mean": mean.tolist(),
                "variance": variance.tolist(),
                "threshold": float(scores[inside - 1]),
                "names": len(own),
            }
        return found

    def _script(self, chars: Ints) -> Ints:
        """Index of the script of each name's letters, (B,); -1 of no letter, or of several scripts."""
        scripts = self.script_of[chars]  # (B, T)
        last = scripts.max(axis=1, initial=-1)
        first = np.where(scripts < 0, len(self.scripts), scripts).min(axis=1, initial=len(self.scripts))
        return np.where(first == last, last, -1)

    def _measure(self, texts: Sequence[str], lengths: Ints, by_label: Floats) -> tuple[Floats, Floats]:
        """Characters (each word's EOS included) and words of each name, (B, 2); and -log p of its words, nats, (B,)."""
        nats = self._nats(lengths, by_label)
        features = np.stack([lengths + 1, np.ones(len(lengths), np.int64)], axis=1)
        others = [i for i, text in enumerate(texts) if not text.isalpha()]
        if others:
            own = [words(texts[i]) for i in others]
            name = np.repeat(others, [len(parts) for parts in own])
            nats[others], features[others] = 0, 0
            if len(name):
                chars, sizes = self.vocabulary.encode_batch([word for parts in own for word in parts])
                np.add.at(nats, name, self._nats(sizes, self.ngrams.scores(chars, sizes)))
                np.add.at(features, name, np.stack([sizes + 1, np.ones(len(sizes), np.int64)], axis=1))
        return features.astype(np.float64), nats

    def _nats(self, lengths: Ints, by_label: Floats) -> Floats:
        """-log p of names or words under all labels together."""
        scores = by_label + self.log_prior
        most = scores.max(axis=1)
        log_p = most + np.log(np.exp(scores - most[:, None]).sum(axis=1))
        # What the table's scores leave out for all labels alike: the uniform distribution below the shortest n-gram.
        return np.asarray((lengths + 1) * math.log(self.ngrams.vocabulary_size - 2) - log_p)


def _deviations(features: Floats, nats: Floats, mean: Floats, variance: Floats) -> Floats:
    """Standard deviations by which names cost more than expected, (B,); factors of the features (2,) or (B, 2)."""
    spread = np.sqrt(np.maximum((features * variance).sum(axis=1), MIN_VARIANCE))
    return np.asarray((nats - (features * mean).sum(axis=1)) / spread)
