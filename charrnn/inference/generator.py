"""New names for a label."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from charrnn.encoded import pad
from charrnn.errors import ModelFolderError, SettingsError, UnknownLabelError
from charrnn.inference.explanation import Explanation
from charrnn.inference.recurrent import GATES, Floats, Ints, Recurrent, read_architecture, take
from charrnn.metrics import log_softmax
from charrnn.model_folder import ANY, ModelConfig, Weights, expert_weights, label_rows
from charrnn.ngrams import NGrams
from charrnn.text import END, PIPELINES, SPECIALS, START, Vocabulary, abstention

ARCHITECTURE: dict[str, type | Collection[str]] = {
    "cell": GATES,
    "hidden": int,
    "embedding": int,
    "label_embedding": int,
}
BATCH = 128
"""Names drawn at once. Fixed, because the last bits of a matrix product change with its shape."""
LONGEST_REQUEST = 1_000_000


class Generator:
    """A trained generator: a label in, new names out.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config = config
        self.labels = config.labels
        self.vocabulary = Vocabulary(config.alphabet)
        size = len(self.vocabulary)
        architecture = read_architecture(config, ARCHITECTURE)
        self.pipeline = PIPELINES[config.pipeline]
        cell, hidden = architecture["cell"], architecture["hidden"]
        embedding, label_embedding = architecture["embedding"], architecture["label_embedding"]
        self.layer = Recurrent(cell, weights, "rnn", hidden, embedding + label_embedding)
        chars = take(weights, "embed.weight", (size, embedding))
        labels = take(weights, "embed_label.weight", (label_rows(len(self.labels)), label_embedding))
        self.char_table = chars @ self.layer.input_weights[:embedding] + self.layer.bias  # (V, GH)
        self.label_table = labels @ self.layer.input_weights[embedding:]  # (labels + 1, GH)
        self.head = np.ascontiguousarray(take(weights, "head.weight", (size, hidden)).T)
        self.head_bias = take(weights, "head.bias", (size,))
        self.ngrams = NGrams.from_weights(weights, size)
        self.expert_weights = expert_weights(config, ("network", "ngrams"), self.ngrams is not None)
        if self.ngrams is not None and len(self.ngrams.start) != len(self.label_table):
            raise ModelFolderError("weights ngrams: not of this model's labels. Copy the model folder again.")
        self._never = [i for i in range(SPECIALS) if i != END]
        # A name has at least one character, and does not begin with a space.
        self._never_first = [END, *self.vocabulary.encode(" ")]

    def label_index(self, label: str | None) -> int:
        """Index of a label, :data:`ANY` included; None stands for the only label of a model that has one.

        Raises:
            UnknownLabelError: the model does not know it, or it has to be chosen.
        """
        if label is None:
            if len(self.labels) == 1:
                return 0
            raise UnknownLabelError(
                f"this model has {len(self.labels)} labels; choose one of {', '.join(self.labels)}, or {ANY} for any."
            )
        if label == ANY:
            return len(self.label_table) - 1
        if label not in self.labels:
            raise UnknownLabelError(f"unknown label {label!r}; this model knows {', '.join(self.labels)}.")
        return self.labels.index(label)

    def sample(
        self,
        label: str | None = None,
        n: int = 1,
        seed: int = 0,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> list[str]:
        """Draw ``n`` names, repeats allowed. The same arguments give the same names; a larger ``n`` only adds names.

        Args:
            label: one of :attr:`labels`, or :data:`ANY`; may be left out where there is one.
            n: number of names.
            seed: at least 0.
            temperature: divides the logits; 0 always takes the most probable character.
            top_k: draw among the k most probable characters; 0 among all.
            top_p: draw among the most probable characters that together reach this probability (Holtzman et al. 2020).

        Raises:
            UnknownLabelError: the model does not know the label.
            SettingsError: an argument is out of its range.
        """
        index = self.label_index(label)
        _check(n, seed, temperature, top_k, top_p)
        names: list[str] = []
        for batch in range(-(-n // BATCH)):
            names += self._sample_batch(index, np.random.default_rng([seed, index, batch]), temperature, top_k, top_p)
        return names[:n]

    def _sample_batch(
        self, label: int, rng: np.random.Generator, temperature: float, top_k: int, top_p: float
    ) -> list[str]:
        symbols = np.full(BATCH, START, np.int64)
        state = self.layer.start(BATCH)
        context = np.full(BATCH, label)  # of the n-grams: their first states are the labels'
        drawn = np.full((BATCH, self.config.max_length), END, np.int64)
        finished = np.zeros(BATCH, bool)
        for t in range(self.config.max_length):
            state = self.layer.step(self.char_table[symbols] + self.label_table[label], state)
            logits, context = self._mixed(state, context, symbols)
            logits[:, self._never] = -np.inf
            if t == 0:
                logits[:, self._never_first] = -np.inf
            symbols = choose(logits, rng.random(BATCH), temperature, top_k, top_p)
            symbols[finished] = END
            drawn[:, t] = symbols
            finished |= symbols == END
            if finished.all():
                break
        return [self.vocabulary.decode(row).strip() for row in drawn.tolist()]

    def log_probabilities(self, names: Sequence[str], labels: Sequence[str | None]) -> NDArray[np.float64]:
        """log p(name, end | label) in nats, shape (names,); characters outside the alphabet count as "unknown".

        Raises:
            UnknownLabelError: the model does not know a label.
        """
        encoded = [[START, *self.vocabulary.encode(self.pipeline(name))] for name in names]
        indices = np.array([self.label_index(label) for label in labels], np.int64)
        result = np.zeros(len(names))
        order = np.array(sorted(range(len(names)), key=lambda i: -len(encoded[i])), np.int64)
        for first in range(0, len(names), 1024):
            rows = order[first : first + 1024]
            chars, lengths = pad([encoded[i] for i in rows])
            result[rows] = self._steps(chars, lengths, indices[rows]).sum(axis=1)
        return result

    def characters(self, name: str) -> int:
        """Characters that :meth:`log_probabilities` counts: those of the name as the model reads it, and the end."""
        return len(self.pipeline(name)) + 1

    def unlike(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Whether names are less likely, a character, than nearly all of the names this model was validated on.

        Under no label in particular. Letter case does not matter: a name counts as its likeliest spelling among the
        given one, all small, and with capitals. How few names of the same kind it calls unlike stands in the config,
        ``calibration.likeness``.

        Args:
            names: that can be scored (see :func:`charrnn.text.abstention`).

        Raises:
            SettingsError: the model was not calibrated for it.
        """
        try:
            most = float(self.config.calibration["likeness"]["nats_per_char"])
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError("this generator cannot tell what is unlike its names; train it again.") from error
        spellings = [{name, name.lower(), name.title()} for name in names]
        different = sorted(set().union(*spellings))
        nats = -self.log_probabilities(different, [ANY] * len(different)) if different else np.zeros(0)
        per_char = {name: n / self.characters(name) for name, n in zip(different, nats, strict=True)}
        return np.array([min(per_char[s] for s in group) > most for group in spellings], bool)

    def explain(self, name: str, label: str, other: str = ANY) -> Explanation:
        """Each character's log-likelihood ratio between two labels; the end of the name is the rest.

        Args:
            name: to be explained.
            label: what speaks for it is positive.
            other: another label, or any.

        Raises:
            UnknownLabelError: the model does not know a label.
            SettingsError: both are the same, or the name cannot be scored.
        """
        indices = np.array([self.label_index(label), self.label_index(other)], np.int64)
        if indices[0] == indices[1]:
            raise SettingsError(f"{label!r} and {other!r} are the same here; compare two labels.")
        if reason := abstention(name, self.config.pipeline):
            raise SettingsError(f"{name!r}: cannot be scored ({reason}), so there is nothing to explain.")
        text = self.pipeline(name)
        chars, lengths = pad([[START, *self.vocabulary.encode(text)]] * 2)
        steps = self._steps(chars, lengths, indices)
        shares = steps[0] - steps[1]
        return Explanation(
            name, text, label, other, tuple(shares[:-1].tolist()), float(shares[-1]), float(shares.sum())
        )

    def _steps(self, chars: Ints, lengths: Ints, labels: Ints) -> NDArray[np.float64]:
        """log p of the character after each of ``chars`` (B, T), 0 beyond the end; longest name first."""
        targets = np.concatenate([chars[:, 1:], np.zeros((len(chars), 1), np.int64)], axis=1)
        targets[np.arange(len(chars)), lengths - 1] = END
        result = np.zeros(chars.shape)
        state, context = self.layer.start(len(chars)), labels
        for t in range(chars.shape[1]):
            active = int(np.searchsorted(-lengths, -t))
            inputs = self.char_table[chars[:active, t]] + self.label_table[labels[:active]]
            state = self.layer.step(inputs, state[:active])
            logits, context = self._mixed(state, context[:active], chars[:active, t])
            logp = log_softmax(logits)
            result[:active, t] = logp[np.arange(active), targets[:active, t]]
        return result

    def _mixed(self, state: Floats, context: Ints, symbols: Ints) -> tuple[Floats, Ints]:
        """Logits (B, V) of network and n-grams after ``symbols`` (B,), and the n-grams' state then."""
        network, ngrams = self.expert_weights
        logits: Floats = state[:, : self.layer.hidden] @ self.head + self.head_bias  # (B, V)
        if self.ngrams is None:
            return logits, context
        after = self.ngrams.next[context, symbols].astype(np.int64)
        return network * logits + ngrams * self.ngrams.log_p[after], after


def choose(logits: Floats, uniform: NDArray[np.float64], temperature: float, top_k: int, top_p: float) -> Ints:
    """One symbol for each row of logits (B, V), inverting the cumulative distribution at ``uniform`` (B,)."""
    if temperature == 0:
        best: Ints = logits.argmax(axis=1).astype(np.int64)
        return best
    order = np.argsort(-logits, axis=1, kind="stable")  # most probable first
    ranked = np.take_along_axis(logits, order, axis=1).astype(np.float64)
    with np.errstate(over="ignore"):  # a tiny temperature sends all but the best to -inf, which is what it means
        p = np.exp((ranked - ranked[:, :1]) / temperature)
    if top_k:
        p[:, top_k:] = 0
    if top_p < 1:
        p /= p.sum(axis=1, keepdims=True)
        p[np.cumsum(p, axis=1) - p >= top_p] = 0
    cumulative = np.cumsum(p, axis=1)
    picked = (cumulative <= uniform[:, None] * cumulative[:, -1:]).sum(axis=1)
    symbols: Ints = np.take_along_axis(order, picked[:, None], axis=1)[:, 0].astype(np.int64)
    return symbols


def _check(n: int, seed: int, temperature: float, top_k: int, top_p: float) -> None:
    for name, value, holds, what in (
        ("n", n, 0 <= n <= LONGEST_REQUEST, f"from 0 to {LONGEST_REQUEST:,}"),
        ("seed", seed, seed >= 0, "at least 0"),
        ("temperature", temperature, math.isfinite(temperature) and 0 <= temperature <= 100, "from 0 to 100"),
        ("top_k", top_k, top_k >= 0, "at least 1, or 0 for all characters"),
        ("top_p", top_p, 0 < top_p <= 1, "above 0 and at most 1"),
    ):
        if not holds:
            raise SettingsError(f"{name} {value}: must be {what}.")
