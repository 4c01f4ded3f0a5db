"""A model folder as an ONNX graph, built by hand from the standard's operators GRU, LSTM and RNN.

PyTorch's exporters fix or forget the length of names. Shapes: B names, T characters, V vocabulary, L labels, H hidden.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn import model_folder
from charrnn.errors import ModelFolderError, SettingsError, needs_extra
from charrnn.model_folder import ModelConfig, Weights, expert_weights, write_atomically
from charrnn.ngrams import NGrams
from charrnn.text import SPECIALS

with needs_extra("onnx"):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

OPSET = 17
GATES = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
"""PyTorch's gates in the order of ONNX: GRU update, reset, candidate; LSTM input, output, forget, cell."""
OPERATORS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}


def export(folder: Path, out: Path) -> Path:
    """Write ``model.onnx`` and the ``config.json`` that goes with it.

    Args:
        folder: a model folder.
        out: made if absent.

    Returns:
        The graph's path.

    Raises:
        ModelFolderError: the folder cannot be read.
        SettingsError: ``out`` cannot be written.
    """
    config, weights = model_folder.read(folder)
    graph = BUILDERS[config.task](config, weights)
    path = out / "model.onnx"
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(path, graph.SerializeToString())
        write_atomically(out / "config.json", (folder / "config.json").read_bytes())
    except OSError as error:
        raise SettingsError(
            f"--out {out}: cannot be written ({error.strerror or error}). Choose another place."
        ) from error
    return path


def classifier_graph(config: ModelConfig, weights: Weights) -> Any:
    """``chars`` (B, T) int64, padded with 0, and ``lengths`` (B,) int32 → ``probabilities`` (B, L).

    A model with n-grams takes a third input, ``ngrams`` (B, L) float32: what
    :meth:`charrnn.hashed_ngrams.HashedNGrams.scores` gives. Their hash table has no counterpart among the operators.
    """
    shape, graph = config.architecture, _Graph()
    directions = ["forward_rnn", "backward_rnn"] if shape["bidirectional"] else ["forward_rnn"]
    size = shape["hidden"] * len(directions)
    has_ngrams = any(name.startswith("ngrams.") for name in weights)
    network, ngrams, prior = expert_weights(config, ("network", "ngrams", "prior"), has_ngrams)

    embedded = graph.add("Gather", [graph.constant(weights["embed.weight"]), "chars"])  # (B, T, E)
    embedded = graph.add("Transpose", [embedded], perm=[1, 0, 2])
    states, last, *_ = graph.recurrent(shape["cell"], weights, directions, embedded, "lengths")
    if shape["pooling"] == "last":
        pooled = graph.add("Transpose", [last], perm=[1, 0, 2])  # (B, D, H)
    else:
        states = graph.add("Transpose", [states], perm=[2, 0, 1, 3])  # (B, T, D, H)
        lengths = graph.add("Cast", ["lengths"], to=TensorProto.INT64)
        if shape["pooling"] == "mean":
            # Beyond the end of a name the operators give zeros.
            total = graph.add("ReduceSum", [states, graph.constant(np.array([1]))], keepdims=0)
            count = graph.add("Cast", [lengths], to=TensorProto.FLOAT)
            pooled = graph.add("Div", [total, graph.add("Unsqueeze", [count, graph.constant(np.array([1, 2]))])])
        else:
            time = graph.add("Gather", [graph.add("Shape", ["chars"]), graph.constant(np.array(1))])
            zero, one = graph.constant(np.array(0)), graph.constant(np.array(1))
            positions = graph.add("Range", [zero, time, one])  # (T,)
            inside = graph.add("Less", [positions, graph.add("Unsqueeze", [lengths, graph.constant(np.array([1]))])])
            inside = graph.add("Unsqueeze", [inside, graph.constant(np.array([2, 3]))])  # (B, T, 1, 1)
            masked = graph.add("Where", [inside, states, graph.constant(np.array(-np.inf, np.float32))])
            pooled = graph.add("ReduceMax", [masked], axes=[1], keepdims=0)
    flat = graph.add("Reshape", [pooled, graph.constant(np.array([-1, size]))])
    # What the experts weigh is multiplied into the output layer.
    counts = np.maximum(np.array(config.label_counts, np.float64), 0.5)
    bias = network * weights["head.bias"] + prior * np.log(counts / counts.sum())
    head = graph.constant((network * weights["head.weight"].T).astype(np.float32))
    logits = graph.add("Add", [graph.add("MatMul", [flat, head]), graph.constant(bias.astype(np.float32))])
    inputs: list[tuple[str, int, list[Any]]] = [
        ("chars", TensorProto.INT64, ["B", "T"]),
        ("lengths", TensorProto.INT32, ["B"]),
    ]
    if has_ngrams:
        inputs.append(("ngrams", TensorProto.FLOAT, ["B", len(config.labels)]))
        scaled = graph.add("Mul", ["ngrams", graph.constant(np.array(ngrams, np.float32))])
        logits = graph.add("Add", [logits, scaled])
    graph.add("Softmax", [logits], ["probabilities"], axis=-1)
    return graph.model("classifier", inputs, [("probabilities", TensorProto.FLOAT, ["B", len(config.labels)])])


def generator_graph(config: ModelConfig, weights: Weights) -> Any:
    """One step: ``symbols`` (B,), ``labels`` (B,) and a state → ``logits`` (B, V) of what follows, and the new state.

    The state is ``state`` (B, H), or (B, 2H) for the LSTM, at first 0, and with n-grams ``context`` (B,), at first the
    label. Integers are int64; what is new is called ``new_state`` and ``new_context``.
    """
    shape, graph = config.architecture, _Graph()
    vocabulary, hidden = SPECIALS + len(config.alphabet), shape["hidden"]
    table = NGrams.from_weights(weights, vocabulary)
    network, ngrams = expert_weights(config, ("network", "ngrams"), table is not None)

    chars = graph.add("Gather", [graph.constant(weights["embed.weight"]), "symbols"])
    label = graph.add("Gather", [graph.constant(weights["embed_label.weight"]), "labels"])
    step = graph.add("Concat", [chars, label], axis=1)
    axis = graph.constant(np.array([0]))
    step = graph.add("Unsqueeze", [step, axis])  # (1, B, E)
    is_lstm = shape["cell"] == "lstm"
    before = graph.add("Unsqueeze", ["state", axis])  # (1, B, H or 2H)
    starts = graph.split(before, hidden) if is_lstm else [before]
    _, last, *cell = graph.recurrent(shape["cell"], weights, ["rnn"], step, "", starts)
    if is_lstm:
        graph.add("Squeeze", [graph.add("Concat", [last, *cell], axis=2), axis], ["new_state"])
    else:
        graph.add("Squeeze", [last, axis], ["new_state"])
    flat = graph.add("Squeeze", [last, axis])
    head = graph.constant((network * weights["head.weight"].T).astype(np.float32))
    bias = graph.constant((network * weights["head.bias"]).astype(np.float32))
    logits = graph.add("Add", [graph.add("MatMul", [flat, head]), bias])
    size = 2 * hidden if is_lstm else hidden
    given: list[tuple[str, int, list[Any]]] = [
        ("symbols", TensorProto.INT64, ["B"]),
        ("labels", TensorProto.INT64, ["B"]),
        ("state", TensorProto.FLOAT, ["B", size]),
    ]
    told: list[tuple[str, int, list[Any]]] = [
        ("logits", TensorProto.FLOAT, ["B", vocabulary]),
        ("new_state", TensorProto.FLOAT, ["B", size]),
    ]
    if table is not None:
        rows = graph.add("Mul", ["context", graph.constant(np.array(vocabulary))])
        place = graph.add("Add", [rows, "symbols"])
        following = graph.add("Gather", [graph.constant(table.next.ravel()), place])
        graph.add("Cast", [following], ["new_context"], to=TensorProto.INT64)
        log_p = graph.add("Gather", [graph.constant(np.float32(ngrams) * table.log_p), "new_context"])
        logits = graph.add("Add", [logits, log_p])
        given.append(("context", TensorProto.INT64, ["B"]))
        told.append(("new_context", TensorProto.INT64, ["B"]))
    graph.add("Identity", [logits], ["logits"])
    return graph.model("generator_step", given, told)


BUILDERS = {"classifier": classifier_graph, "generator": generator_graph}


class _Graph:
    """Nodes and constants, named by their number."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name))
        return name

    def add(self, operator: str, inputs: list[str], outputs: list[str] | None = None, **attributes: Any) -> str:
        outputs = outputs or [f"n{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0]

    def split(self, value: str, size: int) -> list[str]:
        names = [f"n{len(self.nodes)}_{i}" for i in range(2)]
        self.add("Split", [value, self.constant(np.array([size, size]))], names, axis=2)
        return names

    def recurrent(
        self,
        cell: str,
        weights: Weights,
        directions: list[str],
        inputs: str,
        lengths: str,
        starts: list[str] | None = None,
    ) -> list[str]:
        """States (T, D, B, H), the last one (D, B, H) and, of an LSTM, the last cell (D, B, H)."""
        ordered = {
            kind: np.stack([_reordered(cell, weights[f"{d}.{kind}_l0"]) for d in directions])
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        bias = np.concatenate([ordered["bias_ih"], ordered["bias_hh"]], axis=1)
        operands = [inputs, *(self.constant(a) for a in (ordered["weight_ih"], ordered["weight_hh"], bias)), lengths]
        names = [f"n{len(self.nodes)}_{i}" for i in range(3 if cell == "lstm" else 2)]
        self.add(
            OPERATORS[cell],
            operands + (starts or []),
            names,
            hidden_size=ordered["weight_hh"].shape[2],
            direction="bidirectional" if len(directions) == 2 else "forward",
            **({"linear_before_reset": 1} if cell == "gru" else {}),
        )
        return names

    def model(
        self, name: str, inputs: list[tuple[str, int, list[Any]]], outputs: list[tuple[str, int, list[Any]]]
    ) -> Any:
        ends = [[helper.make_tensor_value_info(*end) for end in side] for side in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, name, *ends, initializer=self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="charrnn")
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model


def _reordered(cell: str, weight: NDArray[Any]) -> NDArray[Any]:
    gates = GATES[cell]
    rows = len(weight) // len(gates)
    return np.concatenate([weight[gate * rows : (gate + 1) * rows] for gate in gates])


def require_int8(cell: str) -> None:
    """Check that there are 8-bit integers for a cell.

    Raises:
        SettingsError: ONNX Runtime has no such operator.
    """
    if cell != "lstm":
        raise SettingsError(f"--int8: ONNX Runtime has no 8-bit {cell.upper()}. Train with --cell lstm or drop --int8.")


def quantise(path: Path) -> None:
    """Turn an LSTM's weights in a graph into 8-bit integers, in place (ONNX Runtime's dynamic quantisation).

    Raises:
        ModelFolderError: the operator is not in the result.
    """
    with needs_extra("onnx"):
        from onnxruntime.quantization import QuantType, quantize_dynamic
    small = path.with_name(f".{path.name}.int8")
    try:
        quantize_dynamic(path, small, op_types_to_quantize=["LSTM"], weight_type=QuantType.QInt8)
        if not any(node.op_type == "DynamicQuantizeLSTM" for node in onnx.load(small).graph.node):
            raise ModelFolderError(f"{path}: ONNX Runtime left the LSTM as it was. Drop --int8.")
        write_atomically(path, small.read_bytes())
    finally:
        small.unlink(missing_ok=True)
