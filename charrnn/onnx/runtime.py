"""Models whose scores ONNX Runtime computes from an exported graph, for :mod:`charrnn.inference` to use as its own.

Shapes: B names, T characters, L labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from charrnn import model_folder
from charrnn.arrays import Floats, Ints, log_softmax
from charrnn.errors import needs_extra
from charrnn.inference import Classifier, Generator
from charrnn.inference.character_model import CharacterModel
from charrnn.inference.label_model import LabelModel
from charrnn.model_folder import ModelConfig, Weights
from charrnn.text import EOS

with needs_extra("onnx"):
    from onnxruntime import InferenceSession


def load_graph(folder: Path, graph: Path) -> Classifier | Generator:
    """The model of a folder, its scores computed from a graph. Names are still drawn with NumPy.

    Args:
        folder: a model folder.
        graph: what :func:`charrnn.onnx.export.export` made of it, quantised or not.

    Raises:
        ModelFolderError: the model folder cannot be read.
        MissingExtraError: onnxruntime is not installed.
    """
    config, weights = model_folder.read(folder)
    session = InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    if config.task == "classifier":
        return Classifier(config, weights, OnnxLabelModel(config, weights, session))
    return Generator(config, weights, folder, OnnxCharacterModel(config, weights, session))


class OnnxLabelModel(LabelModel):
    """A label model on the graph of a classifier; the n-grams, which the graph takes as an input, are looked up here.

    Args:
        config: of a model folder, task ``classifier``.
        weights: of the same folder.
        session: an ``onnxruntime.InferenceSession`` of its graph.
    """

    def __init__(self, config: ModelConfig, weights: Weights, session: Any) -> None:
        super().__init__(config, weights)
        self.session = session

    def scores(self, chars: Ints, lengths: Ints, chars_for_ngrams: Ints | None = None) -> Floats:
        """Log-probabilities (B, L): logits but for a constant; arguments as for :meth:`LabelModel.scores`."""
        if not len(chars):
            return np.zeros((0, len(self.prior)))
        feed: dict[str, Any] = {"chars": chars, "lengths": lengths.astype(np.int32)}
        if self.ngrams is not None:
            ngrams = self.ngrams.scores(chars if chars_for_ngrams is None else chars_for_ngrams, lengths)
            feed["ngrams"] = ngrams.astype(np.float32)
        (probabilities,) = self.session.run(["probabilities"], feed)
        return np.asarray(np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float64).tiny)))


class OnnxCharacterModel(CharacterModel):
    """A character model that scores names step by step on the graph of a generator.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.
        session: an ``onnxruntime.InferenceSession`` of its graph.
    """

    def __init__(self, config: ModelConfig, weights: Weights, session: Any) -> None:
        super().__init__(config, weights)
        self.session = session

    def step_log_probabilities(self, chars: Ints, lengths: Ints, labels: Ints) -> Floats:
        """log p of the character after each of the given ones, as :meth:`CharacterModel.step_log_probabilities`."""
        rows = np.arange(len(chars))
        targets = np.concatenate([chars[:, 1:], np.zeros((len(chars), 1), np.int64)], axis=1)
        targets[rows, lengths - 1] = EOS
        result = np.zeros(chars.shape)
        state, context = self.layer.initial_state(len(chars)), labels
        for t in range(chars.shape[1]):
            feed: dict[str, Any] = {"symbols": chars[:, t], "labels": labels, "state": state}
            if self.ngrams is None:
                logits, state = self.session.run(["logits", "new_state"], feed)
            else:
                feed["context"] = context
                logits, state, context = self.session.run(["logits", "new_state", "new_context"], feed)
            result[:, t] = log_softmax(logits)[rows, targets[:, t]] * (t < lengths)
        return result
