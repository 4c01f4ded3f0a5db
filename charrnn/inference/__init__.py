"""Inference, in NumPy alone: model folders answer without PyTorch."""

from charrnn.inference.answers import LabelScore, Prediction, Ranking
from charrnn.inference.classifier import Classifier
from charrnn.inference.explanation import Explanation
from charrnn.inference.full_name_generation import FullName
from charrnn.inference.generator import Generator
from charrnn.inference.loading import PRETRAINED, load, locate

__all__ = [
    "PRETRAINED",
    "Classifier",
    "Explanation",
    "FullName",
    "Generator",
    "LabelScore",
    "Prediction",
    "Ranking",
    "load",
    "locate",
]
