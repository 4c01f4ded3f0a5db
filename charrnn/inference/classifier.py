"""Which label a name belongs to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from charrnn.encoded import Encoder
from charrnn.errors import ModelFolderError, SettingsError
from charrnn.hashed_ngrams import HashedNGrams
from charrnn.inference.answers import Prediction, Ranking, Scored
from charrnn.inference.explanation import Explanation, shapley_values
from charrnn.inference.recurrent import (
    GATES,
    POOLINGS,
    Floats,
    Ints,
    Recurrent,
    read_architecture,
    reverse,
    take,
)
from charrnn.metrics import log_softmax
from charrnn.model_folder import ModelConfig, Weights, expert_weights
from charrnn.text import PAD, PIPELINES, SPECIALS, UNKNOWN, Vocabulary, abstention

if TYPE_CHECKING:
    from charrnn.inference.generator import Generator

ARCHITECTURE: dict[str, type | Collection[str]] = {
    "cell": GATES,
    "hidden": int,
    "embedding": int,
    "bidirectional": bool,
    "pooling": POOLINGS,
}
BATCH = 16_384
"""Names that are sorted and scored together: the more, the more prefixes they share."""


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
        self.encode = Encoder(self.vocabulary)
        self.is_letter = np.array([False] * SPECIALS + [c.isalpha() for c in config.alphabet])  # (V,)
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
        self.ngrams = HashedNGrams.from_weights(weights, len(self.vocabulary))
        self.expert_weights = expert_weights(config, ("network", "ngrams", "prior"), self.ngrams is not None)
        if self.ngrams is not None and len(self.ngrams.base) != len(self.labels):
            raise ModelFolderError("weights ngrams: not of this model's labels. Copy the model folder again.")

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
                for about this share of names like those of the training list. The top label is always in it.
            min_probability: of the top label; below it the answer is ``uncertain-score``.
            likeness: a generator of the same names; what it finds less likely than nearly all of its own validation
                names is ``unlike-training``. That costs about as much time again.

        Raises:
            SettingsError: ``top_k`` or ``min_probability`` is out of its range, the prior is none, the model was not
                calibrated for this coverage, or the generator not for likeness.
        """
        ranking = self.rank(names, top_k, prior, coverage, min_probability, likeness)
        shown = ranking.labels.shape[1]
        labels = np.array(self.labels, object)[ranking.labels.ravel()].tolist()
        # What NamedTuple's own constructor does, without a Python call for each of them.
        pairs = zip(labels, ranking.probabilities.ravel().tolist(), strict=True)
        scored = list(map(tuple.__new__, repeat(Scored), pairs))
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
        likeness: Generator | None = None,
    ) -> Ranking:
        """As :meth:`predict`, in arrays."""
        if top_k < 0:
            raise SettingsError(f"top_k {top_k}: must be at least 1, or 0 for every label.")
        if not 0 <= min_probability <= 1:
            raise SettingsError(f"min_probability {min_probability}: must be from 0 to 1.")
        threshold = None if coverage is None else self._threshold(coverage, prior)
        texts = self._read(names)
        probabilities, known = self._answers(texts, prior)
        sizes = np.full(len(names), self.shown(top_k))
        if threshold is not None:
            sizes = np.maximum((probabilities >= threshold).sum(axis=1), 1)
        best = np.argsort(-probabilities, axis=1, kind="stable")[:, : int(sizes.max(initial=0))]
        ranked = np.take_along_axis(probabilities, best, axis=1)
        scored = np.array([text is not None for text in texts], bool)
        sizes[~scored] = 0
        reasons: list[str | None] = [None] * len(names)
        # The last reason that holds is the one that is given.
        for i in np.flatnonzero(probabilities.max(axis=1, initial=0) < min_probability).tolist():
            reasons[i] = "uncertain-score"
        if likeness is not None:
            rows = np.flatnonzero(scored)
            for i in rows[likeness.unlike([names[i] for i in rows.tolist()])].tolist():
                reasons[i] = "unlike-training"
        for i in np.flatnonzero(~known).tolist():
            reasons[i] = "out-of-vocabulary"
        for i in np.flatnonzero(~scored).tolist():
            reasons[i] = abstention(names[i], self.config.pipeline)
        return Ranking(best, ranked, sizes, reasons)

    def predict_table(self, table: Any, name_column: str = "name", **settings: Any) -> Any:
        """An Arrow table with the answers as further columns (see :func:`charrnn.inference.scorer.append_answers`).

        Args:
            table: an Arrow table, or a data frame that turns into one (of pandas or Polars).
            name_column: which column holds the names.
            settings: as for :meth:`predict`.

        Raises:
            SettingsError: as :meth:`predict`; or there is no such column, or it holds no text.
            MissingExtraError: pyarrow is not installed.
        """
        from charrnn.inference import scorer

        arrow = scorer.as_arrow(table)
        ranking = self.rank(scorer.names_of(arrow, name_column), **settings)
        width = self.shown(settings.get("top_k", 3), settings.get("coverage"))
        return scorer.append_answers(arrow, ranking, self.labels, width)

    def shown(self, top_k: int, coverage: float | None = None) -> int:
        """How many labels an answer shows at most."""
        count = len(self.labels)
        return count if coverage is not None else min(top_k, count) or count

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
        return self._answers(self._read(names), prior)[0]

    def _read(self, names: Sequence[str]) -> list[str | None]:
        """Names as the model reads them; None where they cannot be scored."""
        pipeline, kind = self.pipeline, self.config.pipeline
        return [None if abstention(name, kind) else pipeline(name) for name in names]

    def _answers(self, texts: Sequence[str | None], prior: Prior) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """p(label | name), (N, labels), and whether some letter of each name is in the alphabet, (N,)."""
        factor = self._prior_ratio(prior)
        result, known = np.full((len(texts), len(self.labels)), np.nan), np.zeros(len(texts), bool)
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            # A name that is repeated is scored once.
            rows = [i for i, text in enumerate(batch) if text is not None]
            readable = [text for text in batch if text is not None]
            index = {text: i for i, text in enumerate(dict.fromkeys(readable))}
            chars, lengths = self.encode(list(index))
            scores = np.exp(log_softmax(self.scores(chars, lengths)))
            which = [index[text] for text in readable]
            result[first : first + BATCH][rows] = scores[which]
            known[first : first + BATCH][rows] = np.any(self.is_letter[chars], axis=1)[which]
        if factor is not None:
            result *= factor
            result /= result.sum(axis=1, keepdims=True)
        return result, known

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
            chars: (B, T), padded with 0.
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
            layer.pooled(table, text, lengths, self.pooling)
            for layer, table, text in zip(self.layers, self.tables, (chars, reverse(chars, lengths)), strict=False)
        ]
        logits: Floats = np.concatenate(pooled, axis=1) @ self.head + self.head_bias
        return logits
