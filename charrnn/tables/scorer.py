"""The work on one part of a table, the same in this process, in another one and on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from charrnn.inference import Classifier, load
from charrnn.inference.answers import append_answers, names_of
from charrnn.tables.job import Job, PartId, PartRecord
from charrnn.tables.store import write_part


class Scorer:
    """Classifies parts of a table.

    Args:
        job: what to classify and how.
        folder: of parts; None if the records are to carry the bytes.

    Raises:
        ModelFolderError: a model cannot be loaded.
    """

    def __init__(self, job: Job, folder: Path | None) -> None:
        self.job, self.folder = job, folder
        classifier = load(job.model)
        ood_generator = load(job.generator) if job.generator else None
        assert isinstance(classifier, Classifier) and not isinstance(ood_generator, Classifier)
        self.classifier, self.ood_generator = classifier, ood_generator
        # Sets of labels differ in size from name to name; all parts must have the same columns.
        self.width = classifier.width(job.settings["top_k"], job.settings["coverage"])

    def __call__(self, part: PartId, table: Any) -> PartRecord:
        """Classify the names of a part and write it.

        Args:
            part: position of the part in the input.
            table: its rows, as an Arrow table.

        Raises:
            InputError: the table has no such column of names.
            SettingsError: the output format cannot hold a column.
            OSError: the part cannot be written.
        """
        names = names_of(table, self.job.name_column)
        ranking = self.classifier.rank(names, **self.job.settings, ood_generator=self.ood_generator)
        answered = append_answers(table, ranking, self.classifier.labels, self.width)
        return write_part(self.folder, part, answered, self.job)
