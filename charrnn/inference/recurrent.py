"""Recurrent layers in NumPy. Shapes: B names, T characters, V vocabulary, H hidden, G gates (1 RNN, 3 GRU, 4 LSTM).

The equations and the order of gates are those of ``torch.nn.RNN``, ``GRU`` and ``LSTM``. What depends on the character
alone is computed once for the whole vocabulary: the embedding times the input weights, plus the biases.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import ModelFolderError
from charrnn.model_folder import ModelConfig, Weights
from charrnn.prefixes import prefix_levels
from charrnn.text import PIPELINES

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
POOLINGS = ("last", "mean", "max")
REDUCE: dict[str, np.ufunc] = {"mean": np.add, "max": np.maximum}


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), in a form that cannot overflow."""
    y: Floats = 0.5 * np.tanh(0.5 * x) + 0.5
    return y


class Recurrent:
    """One recurrent layer in one direction.

    A state is one array, (B, H), or (B, 2H) for the LSTM: first the hidden state, then the cell.

    Args:
        cell: key of :data:`GATES`.
        weights: of the model folder.
        prefix: of this layer's weights, such as ``forward_rnn``.
        hidden: H.

    Raises:
        ModelFolderError: a weight is missing or has another shape.
    """

    def __init__(self, cell: str, weights: Weights, prefix: str, hidden: int, inputs: int) -> None:
        rows = GATES[cell] * hidden
        self.cell, self.hidden = cell, hidden
        self.size = 2 * hidden if cell == "lstm" else hidden
        self.input_weights = take(weights, f"{prefix}.weight_ih_l0", (rows, inputs)).T  # (I, GH)
        self.state_weights = np.ascontiguousarray(take(weights, f"{prefix}.weight_hh_l0", (rows, hidden)).T)  # (H, GH)
        self.bias = take(weights, f"{prefix}.bias_ih_l0", (rows,)).copy()
        state_bias = take(weights, f"{prefix}.bias_hh_l0", (rows,))
        if cell == "gru":
            # The candidate's state bias is multiplied by the reset gate, so it cannot join the input bias.
            self.bias[: 2 * hidden] += state_bias[: 2 * hidden]
            self.candidate_bias = state_bias[2 * hidden :]
        else:
            self.bias += state_bias

    def start(self, names: int) -> Floats:
        """The state before the first character, zeros."""
        return np.zeros((names, self.size), np.float32)

    def step(self, inputs: Floats, state: Floats) -> Floats:
        """The state (B, size) after one character.

        Args:
            inputs: (B, GH), the character's input times ``input_weights`` plus ``bias``.
            state: (B, size).
        """
        h = self.hidden
        gates = state[:, :h] @ self.state_weights  # (B, GH)
        if self.cell == "gru":
            both = sigmoid(inputs[:, : 2 * h] + gates[:, : 2 * h])
            reset, update = both[:, :h], both[:, h:]
            candidate = np.tanh(inputs[:, 2 * h :] + reset * (gates[:, 2 * h :] + self.candidate_bias))
            new: Floats = candidate + update * (state - candidate)
            return new
        gates += inputs
        if self.cell == "rnn":
            activated: Floats = np.tanh(gates)
            return activated
        both = sigmoid(gates[:, : 2 * h])
        memory = both[:, h:] * state[:, h:] + both[:, :h] * np.tanh(gates[:, 2 * h : 3 * h])
        return np.concatenate([sigmoid(gates[:, 3 * h :]) * np.tanh(memory), memory], axis=1)

    def pooled(self, table: Floats, chars: Ints, lengths: Ints, how: str) -> Floats:
        """The states of names as one vector each, (B, H): the last one, their mean, or their maximum.

        A state depends on the characters before it alone, so each distinct prefix is stepped once, and its sum,
        maximum or state is handed on to all that go on from it.

        Args:
            table: (V, GH), what :meth:`step` wants as input for each symbol.
            chars: (B, T), padded with 0.
            lengths: (B,), at least 1.
            how: one of :data:`POOLINGS`.
        """
        if len(chars) == 1:
            # Nothing is shared, and there is no time to find that out.
            return self._pooled_one(table[chars[0, : lengths[0]]], how)
        result = np.empty((len(chars), self.hidden), np.float32)
        for levels in prefix_levels(chars, lengths, len(table)):
            state = self.start(1)
            pooled = np.full((1, self.hidden), -np.inf if how == "max" else 0, np.float32)
            for t, level in enumerate(levels):
                state = self.step(table[chars[level.names, t]], state[level.before])  # (U, size)
                seen = state[:, : self.hidden]
                pooled = seen if how == "last" else REDUCE[how](pooled[level.before], seen)
                result[level.over] = pooled[level.whole]
        if how == "mean":
            result /= lengths[:, None]
        return result

    def _pooled_one(self, inputs: Floats, how: str) -> Floats:
        """As :meth:`pooled` for a single name, given what its characters are to :meth:`step`, (T, GH): (1, H)."""
        states = np.empty((len(inputs) + 1, self.size), np.float32)
        states[0] = 0
        for t in range(len(inputs)):
            states[t + 1] = self.step(inputs[t : t + 1], states[t : t + 1])
        seen = states[1:, : self.hidden]
        pooled: Floats = seen[-1:] if how == "last" else REDUCE[how].reduce(seen, axis=0, keepdims=True)
        return pooled / np.float32(len(inputs)) if how == "mean" else pooled


def read_architecture(config: ModelConfig, expected: Mapping[str, type | Collection[str]]) -> dict[str, Any]:
    """The architecture of a config, each value checked against a type or a collection of choices.

    Raises:
        ModelFolderError: a key is missing or a value is not one this version knows, or the text pipeline is unknown.
    """
    for key, allowed in expected.items():
        value: Any = config.architecture.get(key)
        # A bool is an int to Python, but not a number of units.
        holds = type(value) is allowed if isinstance(allowed, type) else value in allowed
        if not holds or (type(value) is int and value < 1):
            raise ModelFolderError(
                f"config.json: unknown architecture, {key} {value!r}. Update charrnn or train again."
            )
    if config.pipeline not in PIPELINES:
        raise ModelFolderError(
            f"config.json: unknown text pipeline {config.pipeline!r}. Update charrnn or train again."
        )
    return config.architecture


def take(weights: Weights, name: str, shape: tuple[int, ...]) -> Floats:
    """A weight of the model folder, its shape and type checked.

    Raises:
        ModelFolderError: it is missing, of another shape or type, or not finite.
    """
    array = weights.get(name)
    if array is None or array.shape != shape or array.dtype != np.float32:
        found = "missing" if array is None else f"{array.dtype} {array.shape}"
        raise ModelFolderError(f"weight {name}: {found}, expected float32 {shape}. Copy the model folder again.")
    if not np.isfinite(array).all():
        raise ModelFolderError(f"weight {name}: holds NaN or infinite values. Train again.")
    return array


def reverse(chars: Ints, lengths: Ints) -> Ints:
    """Each row (B, T) reversed by its own length."""
    positions = np.broadcast_to(np.arange(chars.shape[1]), chars.shape)
    mirrored = lengths[:, None] - 1 - positions
    return np.take_along_axis(chars, np.where(mirrored >= 0, mirrored, positions), axis=1)
