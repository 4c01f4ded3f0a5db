"""From a path or the name of a shipped model to a model in memory."""

from __future__ import annotations

from pathlib import Path

from charrnn import arguments, model_folder
from charrnn.inference.classifier import Classifier
from charrnn.inference.generator import Generator

PRETRAINED = Path(__file__).parent.parent / "pretrained"
SHIPPED = ("names/classifier", "names/generator")


def load(path: str | Path) -> Classifier | Generator:
    """Load a model folder, or a shipped model: ``names/classifier``, ``names/generator`` (a folder needs ``./``).

    Raises:
        ModelFolderError: the folder is absent, incomplete, altered, or of another format version.
        InputError: this is no path.
    """
    arguments.path("path", path)  # the Path that it gives has no ./ before it any more
    folder = locate(path)
    config, weights = model_folder.read(folder)
    return Classifier(config, weights) if config.task == "classifier" else Generator(config, weights, folder)


def locate(path: str | Path) -> Path:
    """The folder of a shipped model's name; any other path as it is."""
    return PRETRAINED / path if str(path) in SHIPPED else Path(path)
