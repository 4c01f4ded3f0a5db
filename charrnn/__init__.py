"""charrnn: tell which language a name comes from, invent new names, train both on your own list.

The public names are imported on first use, so that ``import charrnn`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charrnn.corpus import Corpus
    from charrnn.inference import load
    from charrnn.inference.classifier import Classifier
    from charrnn.inference.generator import Generator

__version__ = "0.1.0"
__all__ = ["Classifier", "Corpus", "Generator", "__version__", "load"]

_HOMES = {
    "Classifier": "charrnn.inference.classifier",
    "Corpus": "charrnn.corpus",
    "Generator": "charrnn.inference.generator",
    "load": "charrnn.inference",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'charrnn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
