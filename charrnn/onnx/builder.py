"""Nodes and constants of an ONNX graph, and the recurrent operators with PyTorch's weights.

Shapes: B names, T characters, H hidden, D directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import needs_extra
from charrnn.model_folder import Weights

with needs_extra("onnx"):
    import onnx
    from onnx import helper, numpy_helper

OPSET = 17
IR_VERSION = 8
OPERATORS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
GATES = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
"""PyTorch's gates in the order of ONNX: GRU update, reset, candidate; LSTM input, output, forget, cell."""

Tensor = tuple[str, int, list[Any]]
"""An input or output of a graph: name, element type, and shape of numbers and names of dimensions."""


class GraphBuilder:
    """Collects the nodes and constants of a graph, named by their number.

    Attributes:
        nodes: in the order in which they are computed.
        constants: the weights and other fixed arrays.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, array: NDArray[Any]) -> str:
        """Add a constant; its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def integers(self, values: int | Sequence[int]) -> str:
        """Add a constant of type int64; its name."""
        return self.constant(np.array(values, np.int64))

    def add(self, operator: str, inputs: list[str], outputs: list[str] | None = None, **attributes: Any) -> str:
        """Add a node; the name of its first output."""
        outputs = outputs or [f"n{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0]

    def halves(self, tensor: str, size: int) -> list[str]:
        """Split a tensor (., ., 2 size) along its last axis; the names of both halves."""
        names = [f"n{len(self.nodes)}_{i}" for i in range(2)]
        self.add("Split", [tensor, self.integers([size, size])], names, axis=2)
        return names

    def recurrent(
        self,
        cell: str,
        weights: Weights,
        directions: list[str],
        inputs: str,
        lengths: str = "",
        initial_states: Sequence[str] = (),
    ) -> list[str]:
        """Add a recurrent layer.

        Args:
            cell: key of :data:`OPERATORS`.
            weights: of a model folder.
            directions: prefixes of the weights, one or two.
            inputs: name of the input (T, B, I).
            lengths: name of the lengths (B,), int32; empty where all inputs have T characters.
            initial_states: names of the first hidden state and, of an LSTM, the first cell, (D, B, H) each; zeros
                by default.

        Returns:
            Names of the states (T, D, B, H), the last state (D, B, H) and, of an LSTM, the last cell (D, B, H).
        """
        ordered = {
            kind: np.stack([_reordered(cell, weights[f"{direction}.{kind}_l0"]) for direction in directions])
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        bias = np.concatenate([ordered["bias_ih"], ordered["bias_hh"]], axis=1)
        arrays = (ordered["weight_ih"], ordered["weight_hh"], bias)
        names = [f"n{len(self.nodes)}_{i}" for i in range(3 if cell == "lstm" else 2)]
        self.add(
            OPERATORS[cell],
            [inputs, *map(self.constant, arrays), lengths, *initial_states],
            names,
            hidden_size=ordered["weight_hh"].shape[2],
            direction="bidirectional" if len(directions) == 2 else "forward",
            **({"linear_before_reset": 1} if cell == "gru" else {}),
        )
        return names

    def model(self, name: str, inputs: list[Tensor], outputs: list[Tensor]) -> Any:
        """The graph as an ``onnx.ModelProto``, checked against the standard."""
        tensors = [[helper.make_tensor_value_info(*tensor) for tensor in side] for side in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, name, *tensors, initializer=self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="charrnn")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model


def _reordered(cell: str, weight: NDArray[Any]) -> NDArray[Any]:
    """A weight of PyTorch's, its gates in the order of ONNX."""
    gates = GATES[cell]
    rows = len(weight) // len(gates)
    return np.concatenate([weight[gate * rows : (gate + 1) * rows] for gate in gates])
