"""Which label a name belongs to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import SettingsError
from charrnn.inference.recurrent import (
    GATES,
    POOLINGS,
    Floats,
    Recurrent,
    log_softmax,
    pad,
    pool,
    read_architecture,
    reverse,
    take,
)
from charrnn.model_folder import ModelConfig, Weights
from charrnn.text import PIPELINES, Vocabulary, abstention

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
        predictions: the most probable labels, best first; empty where the model abstains.
        reason: why it abstains (see :func:`charrnn.text.abstention`), or None.
    """

    name: str
    predictions: tuple[Scored, ...]
    reason: str | None = None

    @property
    def abstained(self) -> bool:
        """Whether there is no answer."""
        return self.reason is not None


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

    @property
    def prior(self) -> NDArray[np.float64]:
        """Label frequencies of the training names, (labels,)."""
        counts = np.array(self.config.label_counts, np.float64)
        frequencies: NDArray[np.float64] = counts / counts.sum()
        return frequencies

    def predict(self, names: Sequence[str], top_k: int = 3) -> list[Prediction]:
        """The ``top_k`` most probable labels of each name, in the order of the names; 0 gives all labels.

        Letter case does not matter. A name that cannot be scored abstains with a reason, in its place.

        Raises:
            SettingsError: ``top_k`` is negative.
        """
        if top_k < 0:
            raise SettingsError(f"top_k {top_k}: must be at least 1, or 0 for every label.")
        probabilities = self.probabilities(names)
        k = min(top_k, len(self.labels)) or len(self.labels)
        best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
        answers: list[Prediction] = []
        for name, row, order in zip(names, probabilities, best, strict=True):
            if np.isnan(row[0]):
                answers.append(Prediction(name, (), abstention(name) or "out-of-vocabulary"))
            else:
                answers.append(Prediction(name, tuple(Scored(self.labels[i], float(row[i])) for i in order)))
        return answers

    def probabilities(self, names: Sequence[str]) -> NDArray[np.float64]:
        """p(label | name), shape (names, labels); a row of NaN where the model abstains."""
        result = np.full((len(names), len(self.labels)), np.nan)
        rows = [i for i, name in enumerate(names) if abstention(name) is None]
        encoded = {i: self.vocabulary.encode(self.pipeline(names[i])) for i in rows}
        # Longest first: the recurrent layers drop finished names from the end of the batch.
        rows.sort(key=lambda i: -len(encoded[i]))
        for first in range(0, len(rows), CHUNK):
            chunk = rows[first : first + CHUNK]
            result[chunk] = np.exp(log_softmax(self.logits([encoded[i] for i in chunk])))
        return result

    def logits(self, encoded: list[list[int]]) -> Floats:
        """Logits (names, labels) of encoded names, longest first and none of them empty."""
        chars, lengths = pad(encoded)
        pooled = [
            pool(layer.states(table, text, lengths), lengths, layer.hidden, self.pooling)
            for layer, table, text in zip(self.layers, self.tables, (chars, reverse(chars, lengths)), strict=False)
        ]
        logits: Floats = np.concatenate(pooled, axis=1) @ self.head + self.head_bias
        return logits
