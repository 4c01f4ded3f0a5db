"""Recurrent layers in NumPy. Shapes: B names, T characters, V vocabulary, H hidden, G gates (1 RNN, 3 GRU, 4 LSTM).

The equations and the order of gates are those of ``torch.nn.RNN``, ``GRU`` and ``LSTM``. The embedding times the input
weights, plus the biases, depends on the character alone and is computed once for the whole vocabulary; both are
multiplied with :data:`SCALES`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from charrnn.arrays import Floats32, Ints
from charrnn.errors import ModelFolderError
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights
from charrnn.text import PIPELINES, prefix_levels

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
REDUCE: dict[str, np.ufunc] = {"mean": np.add, "max": np.maximum}
POOLINGS = ("last", *REDUCE, "mean-last")


def vector_count(pooling: str) -> int:
    """How many vectors of H numbers a pooling makes of a name's states."""
    return len(pooling.split("-"))


SCALES = {"rnn": (2,), "gru": (-1, -1, 2), "lstm": (-1, -1, 2, -1)}
"""What the weights of each gate are multiplied with once, so that :func:`_exp_plus_1` is the denominator of
sigmoid(x) = 1 / (1 + exp(-x)), and of tanh(x) = 1 - 2 / (1 + exp(2x)). NumPy's exp is faster than its tanh."""


LARGEST = 80
"""Above it exp would soon overflow; the reciprocal, a gate, is 0 there to single precision."""


def _exp_plus_1(x: Floats32) -> Floats32:
    """exp(x) + 1, in place."""
    np.minimum(x, LARGEST, out=x)
    np.exp(x, out=x)
    x += 1
    return x


def _tanh(doubled: Floats32) -> Floats32:
    """tanh(x) of 2x, in place."""
    np.divide(-2, _exp_plus_1(doubled), out=doubled)
    doubled += 1
    return doubled


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
        scales = np.repeat(np.array(SCALES[cell], np.float32), hidden)  # (GH,)
        self.input_weights, self.state_weights = self.input_weights * scales, self.state_weights * scales
        self.bias *= scales
        if cell == "gru":
            self.candidate_bias = self.candidate_bias * scales[2 * hidden :]

    def initial_state(self, names: int) -> Floats32:
        """The state before the first character: zeros, (names, size)."""
        return np.zeros((names, self.size), np.float32)

    def step(self, inputs: Floats32, state: Floats32) -> Floats32:
        """The state (B, size) after one character.

        Args:
            inputs: (B, GH), the character's input times ``input_weights`` plus ``bias``, both as scaled here.
            state: (B, size).
        """
        h = self.hidden
        gates: Floats32 = state[..., :h] @ self.state_weights  # (B, GH)
        # In place and on whole arrays, for intermediate results would take as long as the product.
        if self.cell == "gru":
            reset_update = _exp_plus_1(gates[..., : 2 * h] + inputs[..., : 2 * h])  # their reciprocals
            candidate = gates[..., 2 * h :] + self.candidate_bias
            candidate /= reset_update[..., :h]
            candidate += inputs[..., 2 * h :]
            new: Floats32 = state - _tanh(candidate)
            new /= reset_update[..., h:]
            new += candidate
            return new
        gates += inputs
        if self.cell == "rnn":
            return _tanh(gates)
        input_forget = _exp_plus_1(gates[..., : 2 * h].copy())  # their reciprocals
        memory = state[..., h:] / input_forget[..., h:]
        memory += _tanh(gates[..., 2 * h : 3 * h].copy()) / input_forget[..., :h]
        return np.concatenate([np.tanh(memory) / _exp_plus_1(gates[..., 3 * h :].copy()), memory], axis=-1)

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


class SideBySide:
    """D layers of one cell and size, which take their steps together: for few names that is faster.

    Args:
        layers: one for each direction.
        tables: their inputs for each symbol, (D, V, GH).
    """

    def __init__(self, layers: Sequence[Recurrent], tables: Floats32) -> None:
        self.tables, self.hidden, self.size = tables, layers[0].hidden, layers[0].size
        self._together = copy(layers[0])
        self._together.state_weights = np.stack([layer.state_weights for layer in layers])  # (D, H, GH)
        if self._together.cell == "gru":
            biases = np.stack([layer.candidate_bias for layer in layers])
            self._together.candidate_bias = biases[:, None]  # (D, 1, H)

    def pooled(self, chars: Ints, lengths: Ints, pooling: str) -> Floats32:
        """As :meth:`Recurrent.pooled` of each layer, one behind the other; prefixes are not shared.

        Args:
            chars: what each layer reads, (D, B, T).
            lengths: (B,), at least 1.
            pooling: one of :data:`POOLINGS`.

        Returns:
            (B, D · H), or (B, D · 2H) of ``mean-last``.
        """
        longest_first = np.argsort(-lengths, kind="stable")
        chars, lengths = chars[:, longest_first], lengths[longest_first]
        inputs = self.tables[np.arange(len(self.tables))[:, None], chars.transpose(2, 0, 1)]  # (T, D, B, GH)
        inside = np.arange(len(inputs))[:, None] < lengths  # (T, B)
        states = np.zeros((len(inputs) + 1, len(self.tables), len(lengths), self.size), np.float32)
        for t, active in enumerate(inside.sum(axis=1).tolist()):
            states[t + 1, :, :active] = self._together.step(inputs[t, :, :active], states[t, :, :active])
        outputs = states[1:, ..., : self.hidden]  # (T, D, B, H)
        vectors = []
        for how in pooling.split("-"):
            if how == "last":
                vectors.append(outputs[lengths - 1, :, np.arange(len(lengths))])  # (B, D, H)
                continue
            if how == "mean":
                pooled = outputs.sum(axis=0) / lengths[:, None].astype(np.float32)  # behind a name the states are 0
            else:
                pooled = outputs.max(axis=0, where=inside[:, None, :, None], initial=-np.inf)
            vectors.append(pooled.transpose(1, 0, 2))
        result = np.empty((len(lengths), len(self.tables) * self.hidden * len(vectors)), np.float32)
        result[longest_first] = np.concatenate(vectors, axis=2).reshape(result.shape)
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
