"""The work on one part of a table, the same in this process, in another one and on another machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from charrnn.errors import ModelFolderError
from charrnn.inference import Classifier, load
from charrnn.inference.answers import answer_columns
from charrnn.inference.frames import names_of
from charrnn.tables.formats import encode
from charrnn.tables.job import Job, PartId, PartRecord, config_hash
from charrnn.tables.pieces import Piece
from charrnn.tables.store import write_part


class Scorer:
    """Classifies parts of a table.

    Args:
        job: what to classify and how.
        folder: of parts; None if the records are to carry the bytes.

    Raises:
        ModelFolderError: a model cannot be loaded, or was replaced since the job was planned.
    """

    def __init__(self, job: Job, folder: Path | None) -> None:
        self.job, self.folder = job, folder
        classifier = load(job.model)
        assert isinstance(classifier, Classifier)
        if config_hash(job.model) != job.config_sha256:
            raise ModelFolderError(
                f"{job.model}: holds another model than when the job began. Begin anew with --restart."
            )
        self.classifier = classifier
        self.names = classifier.level_names(job.settings.get("level", "label"))

    def __call__(self, part: PartId, piece: Piece) -> PartRecord:
        """Classify the names of a part and write it.

        Args:
            part: position of the part in the input.
            piece: its rows.

        Raises:
            InputError: the piece has no such column of names.
            SettingsError: the output format cannot hold a value.
            OSError: the part cannot be written.
        """
        job = self.job
        where = str(job.inputs[part.file])
        names = piece.names
        if names is None:
            names = names_of(piece.content, job.name_columns, where) if len(piece) else []
        ranking = self.classifier.rank(names, **job.settings)
        answers = answer_columns(ranking, self.names, job.width, job.prefix, job.parts)
        abstained = Counter(reason for reason in ranking.reasons if reason is not None)
        return write_part(self.folder, part, encode(piece, answers, job), dict(abstained), piece, job)
