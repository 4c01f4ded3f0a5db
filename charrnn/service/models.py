"""The models that are served: a classifier, a generator, or both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from charrnn.errors import ModelFolderError, SettingsError
from charrnn.inference import PRETRAINED, Classifier, Generator, load


@dataclass(frozen=True)
class ServedModels:
    """Models in memory; requests that have begun keep theirs when others take their place.

    Attributes:
        classifier: None if there is none.
        generator: None if there is none.
    """

    classifier: Classifier | None
    generator: Generator | None

    @classmethod
    def load(cls, folder: str | None) -> ServedModels:
        """Load ``classifier/`` and ``generator/`` of a folder; either may be absent. None is the shipped models'.

        Raises:
            SettingsError: there is neither of the two, or one of them holds a model of the other task.
            ModelFolderError: a model cannot be read.
        """
        root = PRETRAINED / "names" if folder is None else Path(folder)
        found = {task: root / task for task in ("classifier", "generator") if (root / task).is_dir()}
        if not found:
            raise SettingsError(f"models {root}: holds neither classifier/ nor generator/. Name a folder with a model.")
        models = {task: load(path) for task, path in found.items()}
        classifier, generator = models.get("classifier"), models.get("generator")
        if not isinstance(classifier, Classifier | None) or not isinstance(generator, Generator | None):
            raise SettingsError(f"models {root}: a model lies in the folder of the other task. Rename the folders.")
        if generator is not None:
            # Read now: a damaged list is told at the start, and the first request need not wait for it.
            try:
                generator.nearest("a")
            except ModelFolderError:
                raise
            except SettingsError:
                pass  # trained with --private: requests that need the list are told so
        return cls(classifier, generator)

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the weights by task."""
        both = {"classifier": self.classifier, "generator": self.generator}
        return {task: model.config.weights_sha256 for task, model in both.items() if model is not None}
