"""The inputs of a training run, and its claim on the output folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from charrnn import model_folder
from charrnn.corpus import Corpus
from charrnn.errors import CharRNNError, SettingsError
from charrnn.name_forms import NameForms
from charrnn.storage import lock, storage_errors
from charrnn.training.checkpoint import check_same, has_state
from charrnn.training.distributed import DistributedContext
from charrnn.training.settings import SETTINGS, SHORT_LIST, Settings
from charrnn.transaction import PENDING

SMALLEST_BATCH, BATCHES_OF_SHORT_LIST = 8, 16
"""Names in a batch of a short list at least, and batches of an epoch otherwise."""
LOCK = "lock"
RUN = "run"
"""Folder inside the model folder, for what only the run needs."""


@dataclass(frozen=True)
class TrainingRun:
    """The inputs of a training run.

    Attributes:
        task: ``classifier`` or ``generator``.
        corpus: names with labels.
        settings: of the task.
        context: device and processes.
        init: a model folder to fine-tune from: architecture, alphabet and weights are taken over, and the rows of
            labels that both have; new characters and labels get new rows.
        out: the model folder to write; states of the run lie in its ``run``. None writes nothing.
        score_on: names of another source, to be scored too.
        private: whether to leave names and n-grams out of the model folder; names could be read from the latter.
        command: that starts this run, for the model card.
        families: of labels, as far as they are known.
        name_forms: how full names of labels are put together, likewise.
        alternative: a run that takes this one's place if the list is cross-validated and is scored better by it.
    """

    task: str
    corpus: Corpus
    settings: Settings
    context: DistributedContext
    init: Path | None = None
    out: Path | None = None
    score_on: Corpus | None = None
    private: bool = False
    command: str = ""
    families: Mapping[str, str] = field(default_factory=dict)
    name_forms: Mapping[str, NameForms] = field(default_factory=dict)
    alternative: TrainingRun | None = None

    @cached_property
    def is_cross_validated(self) -> bool:
        """Whether the list is so short that it is cross-validated and then trained on as a whole."""
        return self.settings.folds > 0 and len(set(self.corpus.keys)) < SHORT_LIST

    @property
    def fractions(self) -> tuple[float, float]:
        """Shares of the names for validation and for the final score."""
        settings = self.settings
        return (0.0, 0.0) if self.is_cross_validated else (settings.validation_fraction, settings.test_fraction)

    @cached_property
    def fitting(self) -> Settings:
        """The settings of a fit: those of a short list take small batches, for steps enough, and one cycle."""
        if not self.is_cross_validated:
            return replace(self.settings, folds=0)
        least = max(SMALLEST_BATCH, 2 * self.context.world_size)
        batch = min(self.settings.batch_size, max(least, len(self.corpus) // BATCHES_OF_SHORT_LIST))
        return replace(self.settings, schedule="one-cycle", batch_size=batch)

    @property
    def folder(self) -> Path | None:
        """Of states, ``run.json``, ``metrics.jsonl`` and TensorBoard events."""
        return None if self.out is None else self.out / RUN

    @cached_property
    def init_sha256(self) -> str | None:
        """SHA-256 of the weights of ``init``."""
        return None if self.init is None else model_folder.read_config(self.init).weights_sha256

    @cached_property
    def init_names(self) -> frozenset[str]:
        """The names that ``init`` was trained on, folded, as far as they are known."""
        return (None if self.init is None else model_folder.read_training_names(self.init)) or frozenset()

    @property
    def description(self) -> dict[str, Any]:
        """What must be equal when the run is resumed (see :func:`charrnn.training.checkpoint.check_same`)."""
        return _description(self.task, self.fitting, self.corpus.fingerprint, self.init_sha256, self.private)


@contextmanager
def claim(run: TrainingRun, resume: bool) -> Iterator[str]:
    """Own the output folder, if there is one, inside the block; a run that saved no state leaves nothing in it.

    Args:
        run: to be executed inside the block.
        resume: whether the folder may hold an interrupted or finished run.

    Yields:
        A message if the folder holds a finished run, to which there is nothing to add; else an empty string.

    Raises:
        SettingsError: the folder is in use, or belongs to another run.
        StorageError: the folder cannot be written, now or in the block.
    """
    if run.out is None:
        yield ""
        return
    out, folder, existed = run.out, run.out / RUN, run.out.exists()
    with ExitStack() as stack:

        def enter() -> str:
            # Errors are converted here, on rank 0, so that all ranks see them.
            with storage_errors(f"--out {out}", "Choose another."):
                message = _finished(run, out, resume)
                if not message:
                    folder.mkdir(parents=True, exist_ok=True)
                    refusal = f"{folder}: another process is training there. Wait for it, or choose another --out."
                    stack.enter_context(lock(folder / LOCK, refusal))
                return message

        message = run.context.on_rank_zero(enter)
        try:
            with storage_errors(f"--out {out}", "Choose another."):
                yield message
        finally:
            is_empty = not model_folder.path_of(out, model_folder.CONFIG).exists() and not has_state(folder)
            if run.context.is_rank_zero and is_empty:
                shutil.rmtree(folder, ignore_errors=True)
                if not existed:
                    shutil.rmtree(out, ignore_errors=True)


def _finished(run: TrainingRun, out: Path, resume: bool) -> str:
    """A message if the run in ``out`` is finished, an empty string if there is something to do.

    Raises:
        SettingsError: ``out`` belongs to another run, or is not empty and may not be resumed.
    """
    model_folder.finish_writing(out)
    names = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if names and not resume:
        hint = "Add --resume to go on with it" if RUN in names else "Choose another folder"
        raise SettingsError(f"--out {out}: is not empty. {hint}, or empty this one.")
    if model_folder.CONFIG in names:
        config = model_folder.read_config(out)
        record = config.training
        settings = SETTINGS[config.task](**{"folds": 0} | record["settings"])  # older records know no folds
        private = record.get("private", model_folder.TRAINING_NAMES not in names)  # older records do not say
        fingerprint, init_sha256 = config.data["fingerprint"], record["init_sha256"]
        check_same(out, _description(config.task, settings, fingerprint, init_sha256, private), run.description)
        if run.settings.epochs == settings.epochs or record["epochs"] < settings.epochs:
            return f"{out}: complete after {record['epochs']} epochs; nothing to do"
    elif names and not (all(map(_may_be_of_a_run, names)) and (out / RUN / LOCK).exists()):
        raise SettingsError(f"--out {out}: holds no run to go on with. Choose another folder, or empty this one.")
    return ""


def _may_be_of_a_run(name: str) -> bool:
    """Whether a run that was killed while it wrote the model folder may have left a file of this name."""
    temporary = name.startswith(PENDING) or (name.startswith(".") and name.endswith(".tmp"))
    return temporary or name in (*model_folder.FILES, RUN)


def _description(
    task: str, settings: Settings, fingerprint: str, init_sha256: str | None, private: bool
) -> dict[str, Any]:
    return {"task": task, **asdict(settings), "data": fingerprint, "init": init_sha256, "private": private}


def begun(out: Path) -> dict[str, Any] | None:
    """Of a run in a model folder ``task``, ``init`` (SHA-256 of the weights that it started from, or None) and the text
    ``pipeline``; None where no run was begun.
    """
    try:
        description = json.loads((out / RUN / "run.json").read_bytes())["description"]
        return {key: description[key] for key in ("task", "init", "pipeline")}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        config = model_folder.read_config(out)  # the folder of the run may have been removed
        record = config.training
        return {"task": config.task, "init": record["init_sha256"], "pipeline": record["settings"]["pipeline"]}
    except (CharRNNError, OSError, KeyError, TypeError):
        return None
