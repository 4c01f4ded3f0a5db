"""The names that a generator was trained on: which these are, and which ones are near."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from charrnn import model_folder
from charrnn.arguments import integer, path, text
from charrnn.errors import InputError, SettingsError
from charrnn.generation.novelty import Neighbour, nearest_names, spelling_key
from charrnn.inference.name_likelihood import NameLikelihood
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights
from charrnn.text import fold_latin


class ListedNames(NameLikelihood):
    """The likelihood of names, and the list of training names.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.
        folder: where they came from; without it, the training names are not known.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights, folder: Path | None = None) -> None:
        super().__init__(config, weights)
        self.folder = None if folder is None else path("folder", folder)

    @cached_property
    def training_names(self) -> frozenset[str]:
        """Every name of the data, of all splits, folded (see :func:`charrnn.text.fold_latin`).

        Raises:
            SettingsError: the model was trained with ``--private``, or was not loaded from a folder.
            ModelFolderError: the list is damaged.
        """
        names = None if self.folder is None else model_folder.read_training_names(self.folder)
        if names is None:
            why = "was not loaded from a folder" if self.folder is None else "was trained with --private"
            raise SettingsError(
                f"novel, distance: this model holds no list of its names (it {why}), so nothing can be proven to be "
                "new. Leave them out."
            )
        return names

    def knows(self, name: str) -> bool:
        """Whether the name is a training name; False where these are not known.

        Raises:
            ModelFolderError: as for :attr:`training_names`.
            InputError: the name is no text.
        """
        text("name", name, InputError)
        return self.has_training_names and fold_latin(self.pipeline(name)) in self.training_names

    def nearest(self, name: str) -> Neighbour:
        """The training name with the smallest edit distance, and that distance.

        Raises:
            SettingsError, ModelFolderError: as for :attr:`training_names`.
            InputError: the name is no text.
        """
        return self.neighbours(name, 1)[0]

    def neighbours(self, name: str, count: int) -> list[Neighbour]:
        """The training names with the smallest edit distances, and those distances, nearest first.

        Raises:
            SettingsError, ModelFolderError: as for :attr:`training_names`; ``count`` is below 1.
            InputError: the name is no text.
        """
        count = integer("count", count, "a whole number of at least 1", 1)
        names = self._sorted_training_names
        return nearest_names(self.pipeline(text("name", name, InputError)), names, min(count, len(names)))

    @property
    def has_training_names(self) -> bool:
        """Whether the model's folder holds the list of its names."""
        return self.folder is not None and model_folder.path_of(self.folder, model_folder.TRAINING_NAMES).exists()

    @cached_property
    def _known_spellings(self) -> frozenset[str]:
        return frozenset(map(spelling_key, self.training_names))

    @cached_property
    def _sorted_training_names(self) -> list[str]:
        return sorted(self.training_names)
