"""charrnn: tell which language a name comes from, invent new names, train both on your own list.

The public names are imported on first use, so that ``import charrnn`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charrnn.corpus import Corpus
    from charrnn.errors import (
        CharRNNError,
        CheckpointError,
        CorpusError,
        ImpossibleConstraint,
        InputError,
        InterruptedRunError,
        MissingExtraError,
        ModelFolderError,
        NonFiniteLossError,
        SettingsError,
        StoppedError,
        StorageError,
        UnknownLabelError,
        WorkerError,
    )
    from charrnn.generation import Constraints, FullRequest, Neighbour, Request, Sample, Sampling
    from charrnn.inference import Classifier, Explanation, FullName, Generator, LabelScore, Prediction, Ranking, load

__version__ = "0.2.0"
__all__ = [
    "CharRNNError",
    "CheckpointError",
    "Classifier",
    "Constraints",
    "Corpus",
    "CorpusError",
    "Explanation",
    "FullName",
    "FullRequest",
    "Generator",
    "ImpossibleConstraint",
    "InputError",
    "InterruptedRunError",
    "LabelScore",
    "MissingExtraError",
    "ModelFolderError",
    "Neighbour",
    "NonFiniteLossError",
    "Prediction",
    "Ranking",
    "Request",
    "Sample",
    "Sampling",
    "SettingsError",
    "StoppedError",
    "StorageError",
    "UnknownLabelError",
    "WorkerError",
    "__version__",
    "load",
]

_MODULES = {
    "Classifier": "charrnn.inference",
    "Constraints": "charrnn.generation",
    "Corpus": "charrnn.corpus",
    "Explanation": "charrnn.inference",
    "FullName": "charrnn.inference",
    "FullRequest": "charrnn.generation",
    "Generator": "charrnn.inference",
    "LabelScore": "charrnn.inference",
    "Neighbour": "charrnn.generation",
    "Prediction": "charrnn.inference",
    "Ranking": "charrnn.inference",
    "Request": "charrnn.generation",
    "Sample": "charrnn.generation",
    "Sampling": "charrnn.generation",
    "load": "charrnn.inference",
}
"""Where a public name is defined; those that are not listed are errors."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'charrnn' has no attribute {name!r}")
    return getattr(import_module(_MODULES.get(name, "charrnn.errors")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
