"""ONNX Runtime in place of the NumPy models of :mod:`charrnn.inference`.

Shapes: B names, T characters, L labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from charrnn import model_folder
from charrnn.arrays import Floats, Floats32, Ints
from charrnn.errors import ModelFolderError, needs_extra
from charrnn.inference import Classifier, Generator
from charrnn.inference.character_model import CharacterModel
from charrnn.inference.label_model import LabelModel
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights

with needs_extra("onnx"):
    from onnxruntime import InferenceSession


def load_graph(folder: Path, graph: Path) -> Classifier | Generator:
    """The model of a folder, its scores computed from a graph. Names are still drawn with NumPy.

    Args:
        folder: a model folder.
        graph: what :func:`charrnn.onnx.export.export` made of it, quantised or not.

    Raises:
        ModelFolderError: the model folder or the graph cannot be read.
        MissingExtraError: onnxruntime is not installed.
    """
    config, weights = model_folder.read(folder)
    try:
        session = InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common class for what it raises
        reason = str(error).splitlines()[0]
        raise ModelFolderError(f"{graph}: cannot be loaded ({reason}). Export it again.") from error
    if config.task == "classifier":
        classifier = Classifier(config, weights)
        classifier.model = OnnxLabelModel(config, weights, session)
        return classifier
    generator = Generator(config, weights, folder)
    generator.model = OnnxCharacterModel(config, weights, session)
    return generator


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

    def scores(self, chars: Ints, lengths: Ints, ngrams: Floats | None) -> Floats32:
        """Log-probabilities (B, C): logits but for a constant; arguments as for :meth:`LabelModel.scores`."""
        if not len(chars):
            return np.zeros((0, len(self.prior)), np.float32)
        feed: dict[str, Any] = {"chars": chars, "lengths": lengths.astype(np.int32)}
        if ngrams is not None:
            feed["ngrams"] = ngrams.astype(np.float32)
        (probabilities,) = self.session.run(["probabilities"], feed)
        return np.asarray(np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)))


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

    def step(self, symbols: Ints, conditions: Ints, state: Floats32, context: Ints) -> tuple[Floats32, Floats32, Ints]:
        """As :meth:`CharacterModel.step`, by the graph; the n-grams, which it takes as an input, are looked up here."""
        feed: dict[str, Any] = {"symbols": symbols, "conditions": conditions, "state": state}
        context = self.next_context(context, symbols)
        if self.ngrams is not None:
            feed["ngrams"] = self.ngram_scores(context, conditions % self.kind_rows)
        logits, state = self.session.run(["logits", "new_state"], feed)
        return logits, state, context
