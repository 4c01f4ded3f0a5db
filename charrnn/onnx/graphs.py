"""The graph of each task, built by hand: PyTorch's exporters either fix the lengths of names or drop them.

Shapes: B names, T characters, V vocabulary, L labels, D directions, H hidden.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from charrnn.arrays import label_prior
from charrnn.errors import needs_extra
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights
from charrnn.ngrams import has_ngrams
from charrnn.onnx.builder import GraphBuilder, Tensor
from charrnn.text import SPECIALS

with needs_extra("onnx"):
    from onnx import TensorProto


def classifier_graph(config: ModelConfig, weights: Weights) -> Any:
    """``chars`` (B, T) int64, padded with 0, and ``lengths`` (B,) int32 → ``probabilities`` (B, C) of the classes.

    A class is a label, or a label and a kind: all kinds of the first label come first.

    A model with n-grams takes a third input, ``ngrams`` (B, L) float32: the result of
    :meth:`charrnn.ngrams.NGramHashTable.scores`, whose hash table has no counterpart among the operators.

    Args:
        config: of a model folder, task ``classifier``.
        weights: of the same folder.
    """
    architecture, graph = config.architecture, GraphBuilder()
    with_ngrams, labels, classes = has_ngrams(weights), len(config.labels), len(config.class_counts)
    directions = ["forward_rnn", "backward_rnn"] if architecture["bidirectional"] else ["forward_rnn"]
    network_weight, ngram_weight, prior_weight, _ = config.expert_weights(with_ngrams)

    embedded = graph.add("Gather", [graph.constant(weights["embed.weight"]), "chars"])  # (B, T, E)
    embedded = graph.add("Transpose", [embedded], perm=[1, 0, 2])
    states, last, *_ = graph.recurrent(architecture["cell"], weights, directions, embedded, "lengths")
    vectors = [_pooled(graph, how, states, last) for how in architecture["pooling"].split("-")]  # (B, D, H) each
    pooled = graph.add("Concat", vectors, axis=2)
    width = architecture["hidden"] * len(directions) * len(vectors)
    flat = graph.add("Reshape", [pooled, graph.integers([-1, width])])
    # The output layer contains the weights of the experts, and the label frequencies.
    head = graph.constant((network_weight * weights["head.weight"].T).astype(np.float32))
    bias = network_weight * weights["head.bias"] + prior_weight * np.log(label_prior(config.class_counts))
    logits = graph.add("Add", [graph.add("MatMul", [flat, head]), graph.constant(bias.astype(np.float32))])
    inputs: list[Tensor] = [("chars", TensorProto.INT64, ["B", "T"]), ("lengths", TensorProto.INT32, ["B"])]
    if with_ngrams:
        inputs.append(("ngrams", TensorProto.FLOAT, ["B", labels]))
        scaled = graph.add("Mul", ["ngrams", graph.constant(np.array(ngram_weight, np.float32))])
        if classes > labels:
            of_label = graph.integers(np.repeat(np.arange(labels), config.kind_count).tolist())
            scaled = graph.add("Gather", [scaled, of_label], axis=1)
        logits = graph.add("Add", [logits, scaled])
    graph.add("Softmax", [logits], ["probabilities"], axis=-1)
    return graph.model("classifier", inputs, [("probabilities", TensorProto.FLOAT, ["B", classes])])


def _pooled(graph: GraphBuilder, pooling: str, states: str, last: str) -> str:
    """Pool the states (T, D, B, H), of which the last are (D, B, H), over the characters: (B, D, H)."""
    if pooling == "last":
        return graph.add("Transpose", [last], perm=[1, 0, 2])
    states = graph.add("Transpose", [states], perm=[2, 0, 1, 3])  # (B, T, D, H)
    lengths = graph.add("Cast", ["lengths"], to=TensorProto.INT64)
    if pooling == "mean":
        # Beyond the end of a name the operators give zeros.
        total = graph.add("ReduceSum", [states, graph.integers([1])], keepdims=0)
        count = graph.add("Cast", [lengths], to=TensorProto.FLOAT)
        return graph.add("Div", [total, graph.add("Unsqueeze", [count, graph.integers([1, 2])])])
    longest = graph.add("Gather", [graph.add("Shape", ["chars"]), graph.integers(1)])
    zero, one = graph.integers(0), graph.integers(1)
    positions = graph.add("Range", [zero, longest, one])  # (T,)
    inside = graph.add("Less", [positions, graph.add("Unsqueeze", [lengths, graph.integers([1])])])
    inside = graph.add("Unsqueeze", [inside, graph.integers([2, 3])])  # (B, T, 1, 1)
    masked = graph.add("Where", [inside, states, graph.constant(np.array(-np.inf, np.float32))])
    return graph.add("ReduceMax", [masked], axes=[1], keepdims=0)


def generator_graph(config: ModelConfig, weights: Weights) -> Any:
    """One step: ``symbols`` (B,), ``conditions`` (B,) and a state → ``logits`` (B, V) of what follows, and a new state.

    The state is ``state`` (B, H), or (B, 2H) for the LSTM, zeros at first; the new one is ``new_state``. Integers are
    int64. A model with n-grams takes a further input, ``ngrams`` (B, V) float32: the rows of
    :meth:`charrnn.ngrams.NGramAutomaton.log_p`, whose tree has no counterpart among the operators.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.
    """
    architecture, graph = config.architecture, GraphBuilder()
    vocabulary_size, hidden = SPECIALS + len(config.alphabet), architecture["hidden"]
    is_lstm = architecture["cell"] == "lstm"
    with_ngrams = has_ngrams(weights)
    network_weight, ngram_weight = config.expert_weights(with_ngrams)

    chars = graph.add("Gather", [graph.constant(weights["embed.weight"]), "symbols"])
    table = weights["embed_label.weight"]
    if "embed_kind.weight" in weights:
        table = (table[:, None] + weights["embed_kind.weight"]).reshape(-1, table.shape[1])
    condition = graph.add("Gather", [graph.constant(table), "conditions"])
    step = graph.add("Concat", [chars, condition], axis=1)
    axis = graph.integers([0])
    step = graph.add("Unsqueeze", [step, axis])  # (1, B, E)
    state = graph.add("Unsqueeze", ["state", axis])  # (1, B, H or 2H)
    initial_states = graph.halves(state, hidden) if is_lstm else [state]
    _, last, *cell = graph.recurrent(architecture["cell"], weights, ["rnn"], step, initial_states=initial_states)
    new_state = graph.add("Concat", [last, *cell], axis=2) if is_lstm else last
    graph.add("Squeeze", [new_state, axis], ["new_state"])
    flat = graph.add("Squeeze", [last, axis])
    head = graph.constant((network_weight * weights["head.weight"].T).astype(np.float32))
    bias = graph.constant((network_weight * weights["head.bias"]).astype(np.float32))
    logits = graph.add("Add", [graph.add("MatMul", [flat, head]), bias])
    state_size = 2 * hidden if is_lstm else hidden
    inputs: list[Tensor] = [
        ("symbols", TensorProto.INT64, ["B"]),
        ("conditions", TensorProto.INT64, ["B"]),
        ("state", TensorProto.FLOAT, ["B", state_size]),
    ]
    outputs: list[Tensor] = [
        ("logits", TensorProto.FLOAT, ["B", vocabulary_size]),
        ("new_state", TensorProto.FLOAT, ["B", state_size]),
    ]
    if with_ngrams:
        scaled = graph.add("Mul", ["ngrams", graph.constant(np.array(ngram_weight, np.float32))])
        logits = graph.add("Add", [logits, scaled])
        inputs.append(("ngrams", TensorProto.FLOAT, ["B", vocabulary_size]))
    graph.add("Identity", [logits], ["logits"])
    return graph.model("generator_step", inputs, outputs)


GRAPHS = {"classifier": classifier_graph, "generator": generator_graph}
"""The function that builds the graph of each task."""
