"""Inference, in NumPy alone: model folders answer without PyTorch."""

from charrnn.inference.classifier import Classifier
from charrnn.inference.generator import Generator
from charrnn.inference.loading import PRETRAINED, load, locate

__all__ = ["PRETRAINED", "Classifier", "Generator", "load", "locate"]
