"""New names for a label."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import SettingsError, UnknownLabelError
from charrnn.inference.recurrent import GATES, Floats, Ints, Recurrent, pad, read_architecture, take
from charrnn.metrics import log_softmax
from charrnn.model_folder import ModelConfig, Weights
from charrnn.text import END, PIPELINES, SPECIALS, START, Vocabulary

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
        labels = take(weights, "embed_label.weight", (len(self.labels), label_embedding))
        self.char_table = chars @ self.layer.input_weights[:embedding] + self.layer.bias  # (V, GH)
        self.label_table = labels @ self.layer.input_weights[embedding:]  # (labels, GH)
        self.head = np.ascontiguousarray(take(weights, "head.weight", (size, hidden)).T)
        self.head_bias = take(weights, "head.bias", (size,))
        self._never = [i for i in range(SPECIALS) if i != END]
        # A name has at least one character, and does not begin with a space.
        self._never_first = [END, *self.vocabulary.encode(" ")]

    def label_index(self, label: str | None) -> int:
        """Index of a label; None stands for the only label of a model that has one.

        Raises:
            UnknownLabelError: the model does not know it, or it has to be chosen.
        """
        if label is None:
            if len(self.labels) == 1:
                return 0
            raise UnknownLabelError(
                f"this model has {len(self.labels)} labels; choose one of {', '.join(self.labels)}."
            )
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
            label: one of :attr:`labels`; may be left out where there is one.
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
        drawn = np.full((BATCH, self.config.max_length), END, np.int64)
        finished = np.zeros(BATCH, bool)
        for t in range(self.config.max_length):
            state = self.layer.step(self.char_table[symbols] + self.label_table[label], state)
            logits = state[:, : self.layer.hidden] @ self.head + self.head_bias  # (B, V)
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
            result[rows] = self._score(chars, lengths, indices[rows])
        return result

    def characters(self, name: str) -> int:
        """Characters that :meth:`log_probabilities` counts: those of the name as the model reads it, and the end."""
        return len(self.pipeline(name)) + 1

    def _score(self, chars: Ints, lengths: Ints, labels: Ints) -> NDArray[np.float64]:
        targets = np.concatenate([chars[:, 1:], np.zeros((len(chars), 1), np.int64)], axis=1)
        targets[np.arange(len(chars)), lengths - 1] = END
        total = np.zeros(len(chars))
        state = self.layer.start(len(chars))
        for t in range(chars.shape[1]):
            active = int(np.searchsorted(-lengths, -t))
            inputs = self.char_table[chars[:active, t]] + self.label_table[labels[:active]]
            state = self.layer.step(inputs, state[:active])
            logp = log_softmax(state[:, : self.layer.hidden] @ self.head + self.head_bias)
            total[:active] += logp[np.arange(active), targets[:active, t]]
        return total


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
