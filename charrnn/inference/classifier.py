"""Which label a name belongs to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.encoded import pad
from charrnn.errors import SettingsError
from charrnn.hashed_ngrams import HashedNGrams
from charrnn.inference.explanation import Explanation, shapley_values
from charrnn.inference.recurrent import (
    GATES,
    POOLINGS,
    Floats,
    Ints,
    Recurrent,
    pool,
    read_architecture,
    reverse,
    take,
)
from charrnn.metrics import log_softmax
from charrnn.model_folder import ModelConfig, Weights, expert_weights
from charrnn.text import PAD, PIPELINES, UNKNOWN, Vocabulary, abstention

if TYPE_CHECKING:
    from charrnn.inference.generator import Generator

ARCHITECTURE: dict[str, type | Collection[str]] = {
    "cell": GATES,
    "hidden": int,
    "embedding": int,
    "bidirectional": bool,
    "pooling": POOLINGS,
}
CHUNK = 1024
"""Names computed at once; bounds the memory."""


class Scored(NamedTuple):
    """A label and its probability."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one name.

    Attributes:
        name: as it was given.
        predictions: the most probable labels, or those of a set (see :meth:`Classifier.predict`), best first; empty
            where the model abstains.
        reason: why it abstains (see :meth:`Classifier.predict`), or None.
    """

    name: str
    predictions: tuple[Scored, ...]
    reason: str | None = None

    @property
    def abstained(self) -> bool:
        """Whether there is no answer."""
        return self.reason is not None


Prior = str | Mapping[str, float]
"""``model``, ``uniform``, or a weight for each label."""


class Classifier:
    """A trained classifier: names in, labels with probabilities out.

    Args:
        config: of a model folder, task ``classifier``.
        weights: of the same folder.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config = config
        self.labels = config.labels
        self.vocabulary = Vocabulary(config.alphabet)
        architecture = read_architecture(config, ARCHITECTURE)
        self.pipeline = PIPELINES[config.pipeline]
        self.pooling = architecture["pooling"]
        cell, hidden, embedding = architecture["cell"], architecture["hidden"], architecture["embedding"]
        directions = ["forward_rnn", "backward_rnn"] if architecture["bidirectional"] else ["forward_rnn"]
        table = take(weights, "embed.weight", (len(self.vocabulary), embedding))
        self.layers = [Recurrent(cell, weights, prefix, hidden, embedding) for prefix in directions]
        self.tables = [table @ layer.input_weights + layer.bias for layer in self.layers]  # (V, GH)
        self.head = take(weights, "head.weight", (len(self.labels), hidden * len(directions))).T
        self.head_bias = take(weights, "head.bias", (len(self.labels),))
        self.ngrams = HashedNGrams.from_weights(weights)
        self.expert_weights = expert_weights(config, ("network", "ngrams", "prior"), self.ngrams is not None)

    @property
    def prior(self) -> NDArray[np.float64]:
        """Label frequencies of the training names, (labels,); a label without names counts as half a name."""
        counts = np.maximum(np.array(self.config.label_counts, np.float64), 0.5)
        frequencies: NDArray[np.float64] = counts / counts.sum()
        return frequencies

    def predict(
        self,
        names: Sequence[str],
        top_k: int = 3,
        prior: Prior = "model",
        coverage: float | None = None,
        min_probability: float = 0.0,
        likeness: Generator | None = None,
    ) -> list[Prediction]:
        """The most probable labels of each name, in the order of the names.

        Letter case does not matter. A name that cannot be scored abstains with a reason, in its place: those of
        :func:`charrnn.text.abstention`. One that can be scored may abstain, too, and keeps its predictions:
        ``out-of-vocabulary`` (the model knows none of its letters), ``unlike-training``, ``uncertain-score``.

        Args:
            names: to be classified.
            top_k: labels for each name; 0 gives all.
            prior: as for :meth:`probabilities`.
            coverage: 0.8, 0.9 or 0.95 gives, in place of the ``top_k`` labels, a set that holds the name's own label
                for at least this share of names like those of the training list. The top label is always in it.
            min_probability: of the top label; below it the answer is ``uncertain-score``.
            likeness: a generator of the same names; what it finds less likely than nearly all of its own validation
                names is ``unlike-training``. That costs about as much time again.

        Raises:
            SettingsError: ``top_k`` or ``min_probability`` is out of its range, the prior is none, the model was not
                calibrated for this coverage, or the generator not for likeness.
        """
        if top_k < 0:
            raise SettingsError(f"top_k {top_k}: must be at least 1, or 0 for every label.")
        if not 0 <= min_probability <= 1:
            raise SettingsError(f"min_probability {min_probability}: must be from 0 to 1.")
        threshold = None if coverage is None else self._threshold(coverage, prior)
        probabilities = self.probabilities(names, prior)
        k = min(top_k, len(self.labels)) or len(self.labels)
        best = np.argsort(-probabilities, axis=1, kind="stable")
        unlike = np.zeros(len(names), bool)
        if likeness is not None:
            scored = np.flatnonzero(~np.isnan(probabilities[:, 0]))
            unlike[scored] = likeness.unlike([names[i] for i in scored.tolist()])
        answers: list[Prediction] = []
        for name, row, order, strange in zip(names, probabilities, best, unlike, strict=True):
            if np.isnan(row[0]):
                answers.append(Prediction(name, (), abstention(name, self.config.pipeline)))
                continue
            size = k if threshold is None else max(1, int((row >= threshold).sum()))
            reason = "unlike-training" if strange else "uncertain-score" if row.max() < min_probability else None
            if not self.vocabulary.knows(self.pipeline(name)):
                reason = "out-of-vocabulary"
            answers.append(Prediction(name, tuple(Scored(self.labels[i], float(row[i])) for i in order[:size]), reason))
        return answers

    def explain(self, name: str, prior: Prior = "model") -> Explanation:
        """Each character's share of the decision between the top label and the runner-up, by :func:`shapley_values`.

        A coalition is the name with all other characters unknown to the network, as in training with character dropout,
        and without the n-grams that hold them.

        Args:
            name: to be explained.
            prior: as for :meth:`probabilities`.

        Raises:
            SettingsError: the name cannot be scored, the prior is none or leaves one label only.
        """
        if reason := abstention(name, self.config.pipeline):
            raise SettingsError(f"{name!r}: cannot be scored ({reason}), so there is nothing to explain.")
        text = self.pipeline(name)
        codes = np.array(self.vocabulary.encode(text), np.int64)
        ratio = self._prior_ratio(prior)
        possible = np.ones(len(self.labels), bool) if ratio is None else ratio > 0
        if possible.sum() < 2:
            raise SettingsError("prior: only one label is possible, so there is nothing to explain.")
        shift = np.zeros(len(self.labels)) if ratio is None else np.log(np.where(possible, ratio, 1))

        def log_odds(coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
            lengths = np.full(len(coalitions), len(codes))
            heard = np.where(coalitions, codes, UNKNOWN), np.where(coalitions, codes, PAD)
            scores = self._mixed(*heard, lengths) + shift  # (K, labels)
            difference: NDArray[np.float64] = scores[:, top] - scores[:, other]
            return difference

        whole = self.scores(codes[None], np.array([len(codes)]))[0] + shift
        top, other = np.argsort(np.where(possible, -whole, np.inf), kind="stable")[:2]
        shares, rest, score = shapley_values(log_odds, len(codes))
        return Explanation(name, text, self.labels[top], self.labels[other], tuple(shares.tolist()), rest, score)

    def _threshold(self, coverage: float, prior: Prior) -> float:
        thresholds: dict[str, float] = self.config.calibration.get("thresholds", {})
        if str(coverage) not in thresholds:
            known = f"it knows {', '.join(thresholds)}" if thresholds else "it is not calibrated; train it again"
            raise SettingsError(f"coverage {coverage}: the model was not calibrated for it; {known}.")
        if prior != "model":
            raise SettingsError(f"coverage {coverage}: holds under the model's own prior only. Leave the prior out.")
        return thresholds[str(coverage)]

    def probabilities(self, names: Sequence[str], prior: Prior = "model") -> NDArray[np.float64]:
        """p(label | name), shape (names, labels); a row of NaN where the model abstains.

        Args:
            names: to be classified.
            prior: how frequent the labels are where the names come from: ``model``, as in the training list;
                ``uniform``; or a weight for each label, those left out being impossible. The answers are divided by the
                training frequencies and multiplied by these (Saerens, Latinne and Decaestecker 2002).

        Raises:
            SettingsError: the prior is none of these.
        """
        factor = self._prior_ratio(prior)
        result = np.full((len(names), len(self.labels)), np.nan)
        rows = [i for i, name in enumerate(names) if abstention(name, self.config.pipeline) is None]
        encoded = {i: self.vocabulary.encode(self.pipeline(names[i])) for i in rows}
        # Longest first: the recurrent layers drop finished names from the end of the batch.
        rows.sort(key=lambda i: -len(encoded[i]))
        for first in range(0, len(rows), CHUNK):
            chunk = rows[first : first + CHUNK]
            chars, lengths = pad([encoded[i] for i in chunk])
            result[chunk] = np.exp(log_softmax(self.scores(chars, lengths)))
        if factor is not None:
            result *= factor
            result /= result.sum(axis=1, keepdims=True)
        return result

    def _prior_ratio(self, prior: Prior) -> NDArray[np.float64] | None:
        if prior == "model":
            return None
        if prior == "uniform":
            wanted = np.ones(len(self.labels))
        elif isinstance(prior, Mapping):
            if unknown := sorted(prior.keys() - set(self.labels)):
                raise SettingsError(f"prior: unknown label {unknown[0]!r}; this model knows {', '.join(self.labels)}.")
            wanted = np.array([prior.get(label, 0.0) for label in self.labels], np.float64)
        else:
            raise SettingsError(f"prior {prior!r}: must be 'model', 'uniform', or a weight for each label.")
        if not np.isfinite(wanted).all() or wanted.min() < 0 or not wanted.any():
            raise SettingsError("prior: weights must be finite, at least 0, and not all 0.")
        ratio: NDArray[np.float64] = wanted / self.prior
        return ratio

    def scores(self, chars: Ints, lengths: Ints) -> NDArray[np.float64]:
        """Logits (names, labels) of all experts together: network, n-grams, and label frequencies.

        Args:
            chars: (B, T), longest first, padded with 0.
            lengths: (B,), at least 1.
        """
        return self._mixed(chars, chars, lengths)

    def _mixed(self, for_network: Ints, for_ngrams: Ints, lengths: Ints) -> NDArray[np.float64]:
        network, ngrams, prior = self.expert_weights
        total: NDArray[np.float64] = network * self.logits(for_network, lengths).astype(np.float64)
        total += prior * np.log(self.prior)
        if self.ngrams is not None:
            total += ngrams * self.ngrams.scores(for_ngrams, lengths)
        return total

    def logits(self, chars: Ints, lengths: Ints) -> Floats:
        """Logits (names, labels) of the network alone; arguments as for :meth:`scores`."""
        pooled = [
            pool(layer.states(table, text, lengths), lengths, layer.hidden, self.pooling)
            for layer, table, text in zip(self.layers, self.tables, (chars, reverse(chars, lengths)), strict=False)
        ]
        logits: Floats = np.concatenate(pooled, axis=1) @ self.head + self.head_bias
        return logits
