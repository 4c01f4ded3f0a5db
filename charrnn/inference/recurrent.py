"""Recurrent layers in NumPy. Shapes: B names, T characters, V vocabulary, H hidden, G gates (1 RNN, 3 GRU, 4 LSTM).

The equations and the order of gates are those of ``torch.nn.RNN``, ``GRU`` and ``LSTM``. The embedding times the input
weights, plus the biases, depends on the character alone and is computed once for the whole vocabulary.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from charrnn.arrays import Floats32, Ints
from charrnn.errors import ModelFolderError
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights
from charrnn.text import FEW, PIPELINES, prefix_levels

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
REDUCE: dict[str, np.ufunc] = {"mean": np.add, "max": np.maximum}
POOLINGS = ("last", *REDUCE, "mean-last")


def vector_count(pooling: str) -> int:
    """How many vectors of H numbers a pooling makes of a name's states."""
    return len(pooling.split("-"))


def sigmoid(x: Floats32) -> Floats32:
    """1 / (1 + exp(-x)), in place, in a form that cannot overflow."""
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5
    return x


class Recurrent:
    """One recurrent layer in one direction.

    A state is one array, (B, H), or (B, 2H) for the LSTM: first the hidden state, then the cell.

    Args:
        cell: key of :data:`GATES`.
        weights: of the model folder.
        prefix: of this layer's weights, such as ``forward_rnn``.
        hidden: H.
        inputs: size of the layer's input.

    Raises:
        ModelFolderError: a weight is missing or has another shape.
    """

    def __init__(self, cell: str, weights: Weights, prefix: str, hidden: int, inputs: int) -> None:
        rows = GATES[cell] * hidden
        self.cell, self.hidden = cell, hidden
        self.size = 2 * hidden if cell == "lstm" else hidden
        self.input_weights = checked_weight(weights, f"{prefix}.weight_ih_l0", (rows, inputs)).T  # (I, GH)
        state_weights = checked_weight(weights, f"{prefix}.weight_hh_l0", (rows, hidden)).T
        self.state_weights = np.ascontiguousarray(state_weights)  # (H, GH)
        self.bias = checked_weight(weights, f"{prefix}.bias_ih_l0", (rows,)).copy()
        state_bias = checked_weight(weights, f"{prefix}.bias_hh_l0", (rows,))
        if cell == "gru":
            # The candidate's state bias is multiplied by the reset gate, so it cannot join the input bias.
            self.bias[: 2 * hidden] += state_bias[: 2 * hidden]
            self.candidate_bias = state_bias[2 * hidden :]
        else:
            self.bias += state_bias

    def initial_state(self, names: int) -> Floats32:
        """The state before the first character: zeros, (names, size)."""
        return np.zeros((names, self.size), np.float32)

    def step(self, inputs: Floats32, state: Floats32) -> Floats32:
        """The state (B, size) after one character.

        Args:
            inputs: (B, GH), the character's input times ``input_weights`` plus ``bias``.
            state: (B, size).
        """
        h = self.hidden
        gates: Floats32 = state[:, :h] @ self.state_weights  # (B, GH)
        # In place, for arrays of intermediate results would take as long as the product.
        if self.cell == "gru":
            gates[:, : 2 * h] += inputs[:, : 2 * h]
            both = sigmoid(gates[:, : 2 * h])
            reset, update = both[:, :h], both[:, h:]
            candidate = gates[:, 2 * h :]
            candidate += self.candidate_bias
            candidate *= reset
            candidate += inputs[:, 2 * h :]
            np.tanh(candidate, out=candidate)
            new: Floats32 = state - candidate
            new *= update
            new += candidate
            return new
        gates += inputs
        if self.cell == "rnn":
            return np.tanh(gates, out=gates)
        sigmoid(gates[:, : 2 * h])
        memory = gates[:, h : 2 * h] * state[:, h:]
        memory += gates[:, :h] * np.tanh(gates[:, 2 * h : 3 * h])
        return np.concatenate([sigmoid(gates[:, 3 * h :]) * np.tanh(memory), memory], axis=1)

    def pooled(self, table: Floats32, chars: Ints, lengths: Ints, pooling: str) -> Floats32:
        """The hidden states of each name as one vector: the last one, their mean, their maximum, or mean and last one.

        Returns:
            (B, H), or (B, 2H) of ``mean-last``.

        A state depends on the characters before it alone, so each distinct prefix is stepped once; its state and its
        running sum or maximum serve all names that begin with it.

        Args:
            table: (V, GH), the input of :meth:`step` for each symbol.
            chars: (B, T), padded with 0.
            lengths: (B,), at least 1.
            pooling: one of :data:`POOLINGS`.
        """
        if len(chars) <= FEW:
            return self._pooled_few(table, chars, lengths, pooling)
        reduce = REDUCE.get(pooling.split("-")[0])
        result = np.empty((len(chars), self.hidden * vector_count(pooling)), np.float32)
        for levels in prefix_levels(chars, lengths, len(table)):
            state = self.initial_state(1)
            pooled = np.full((1, self.hidden), -np.inf if pooling == "max" else 0, np.float32)
            for t, level in enumerate(levels):
                state = self.step(table[chars[level.names, t]], state[level.parent])  # (U, size)
                outputs = state[:, : self.hidden]
                pooled = outputs if reduce is None else reduce(pooled[level.parent], outputs)
                result[level.ended, : self.hidden] = pooled[level.prefix_index]
                if pooling == "mean-last":
                    result[level.ended, self.hidden :] = outputs[level.prefix_index]
        if reduce is np.add:
            result[:, : self.hidden] /= lengths[:, None]
        return result

    def _pooled_few(self, table: Floats32, chars: Ints, lengths: Ints, pooling: str) -> Floats32:
        """As :meth:`pooled` for few names, where finding shared prefixes takes longer than it saves."""
        longest_first = np.argsort(-lengths, kind="stable")
        chars, lengths = chars[longest_first], lengths[longest_first]
        inputs = table[chars.T]  # (T, B, GH)
        inside = np.arange(len(inputs))[:, None] < lengths  # (T, B)
        states = np.zeros((len(inputs) + 1, len(lengths), self.size), np.float32)
        for t, active in enumerate(inside.sum(axis=1).tolist()):
            states[t + 1, :active] = self.step(inputs[t, :active], states[t, :active])
        outputs = states[1:, :, : self.hidden]  # (T, B, H)
        vectors = []
        for how in pooling.split("-"):
            if how == "last":
                vectors.append(outputs[lengths - 1, np.arange(len(lengths))])
            elif how == "mean":
                vectors.append(outputs.sum(axis=0) / lengths[:, None])  # the states behind a name are 0
            else:
                vectors.append(outputs.max(axis=0, where=inside[:, :, None], initial=-np.inf))
        result = np.empty((len(lengths), self.hidden * len(vectors)), np.float32)
        result[longest_first] = np.concatenate(vectors, axis=1)
        return result


def checked_architecture(config: ModelConfig, expected: Mapping[str, type | Collection[str]]) -> dict[str, Any]:
    """The architecture of a config, each value checked against a type or a collection of choices.

    Raises:
        ModelFolderError: a key is missing or has a value that this version does not know, or the text pipeline is
            unknown.
    """
    for key, allowed in expected.items():
        value: Any = config.architecture.get(key)
        # isinstance would take True for an int.
        fits = type(value) is allowed if isinstance(allowed, type) else value in allowed
        if not fits or (type(value) is int and value < 1):
            raise ModelFolderError(
                f"config.json: unknown architecture, {key} {value!r}. Update charrnn or train again."
            )
    if config.pipeline not in PIPELINES:
        raise ModelFolderError(
            f"config.json: unknown text pipeline {config.pipeline!r}. Update charrnn or train again."
        )
    return config.architecture


def checked_weight(weights: Weights, name: str, shape: tuple[int, ...]) -> Floats32:
    """A weight of the model folder, its shape, type and values checked.

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
    """Each row (B, T) reversed by its own length; padding stays at the end."""
    positions = np.broadcast_to(np.arange(chars.shape[1]), chars.shape)
    mirrored = lengths[:, None] - 1 - positions
    return np.take_along_axis(chars, np.where(mirrored >= 0, mirrored, positions), axis=1)
