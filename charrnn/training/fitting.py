"""The fit of a run, and its refit on training and validation names together: a network trained, n-grams counted."""

from __future__ import annotations

import dataclasses
import math
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from charrnn import model_folder
from charrnn.corpus.split import Split
from charrnn.memory import Memory
from charrnn.model_config import ModelConfig, classes_of, embedding_rows
from charrnn.model_folder import Weights
from charrnn.ngrams import NGramAutomaton, NGramHashTable
from charrnn.storage import storage_errors
from charrnn.text import PIPELINES, Vocabulary
from charrnn.training import modules
from charrnn.training.checkpoint import Checkpoint, check_same
from charrnn.training.dataset import Batches, NameDataset
from charrnn.training.preparation import Loaders, class_indices
from charrnn.training.reports.jsonl import JsonlLogger, write_run_description
from charrnn.training.reports.tensorboard import TensorBoard
from charrnn.training.trainer import Progress, Trainer, copy_weights
from charrnn.training.training_run import LOCK, TrainingRun
from charrnn.training.transfer import rate_factors, transfer_weights

GENERATOR_ORDER = 6
"""Longest n-gram of a generator: five characters of context. Chosen among 4 to 6 on validation names."""
MAX_ENTRIES, MAX_NGRAMS = 750_000, 1_000_000
"""Entries of a classifier's hash table and n-grams of a generator's automaton at most, about 4 MB each."""


@dataclass(frozen=True)
class FittedModel:
    """Network and n-grams, fitted on the same names.

    Attributes:
        network: with the best weights.
        ngrams: None for a private model.
        progress: of the fit of the network.
        class_counts: names of each class.
    """

    network: nn.Module
    ngrams: NGramHashTable | NGramAutomaton | None
    progress: Progress
    class_counts: list[int]

    def weights(self) -> Weights:
        """The weights of both, as a model folder holds them."""
        network = {name: tensor.numpy().astype(np.float32) for name, tensor in copy_weights(self.network).items()}
        return {**(self.ngrams.weights() if self.ngrams else {}), **network}


def fit(run: TrainingRun, config: ModelConfig, loaders: Loaders) -> FittedModel:
    """Fit the training names, steered by the validation names, if there are any; continue from the state in the run's
    folder, if any.

    Raises:
        SettingsError: the state belongs to another run.
        CheckpointError: the state is damaged or does not fit this version.
        StorageError: the state cannot be written.
        NonFiniteLossError: training diverged.
        InterruptedRunError: a signal stopped it; the state is saved.
    """
    checkpoint = Checkpoint(run.folder, run.description, run.context)
    validation = loaders.validation if len(loaders.validation.data) else None
    state = run.context.on_rank_zero(lambda: _start(run, checkpoint))
    trainer = _make_trainer(run, config, loaders.train, validation, checkpoint)
    if state is not None:
        checkpoint.restore(trainer, state)
    with ExitStack() as stack:
        if run.folder is not None and run.context.is_rank_zero:
            epochs = trainer.progress.epoch
            board = stack.enter_context(TensorBoard(run.folder, config, run.private, epochs))
            trainer.listeners = [JsonlLogger(run.folder, epochs), board]
        trainer.fit()
    return _fitted(run, config, trainer, loaders.train.data)


def fit_part(run: TrainingRun, config: ModelConfig, batches: Batches, what: str) -> FittedModel:
    """Fit a part of the names, for cross-validation; nothing is written.

    Args:
        run: whose settings and ``init`` are used.
        config: of the model.
        batches: of the part.
        what: beside the progress bar.

    Raises:
        NonFiniteLossError: training diverged.
        InterruptedRunError: a signal stopped it.
    """
    trainer = _make_trainer(run, config, batches, None, Checkpoint(None, run.description, run.context))
    trainer.fit(what)
    return _fitted(run, config, trainer, batches.data)


def refit(run: TrainingRun, config: ModelConfig, batches: Batches, first: FittedModel) -> FittedModel:
    """Fit training and validation names together, for the epochs and at the rates that were best in the first fit.

    Args:
        run: of both fits.
        config: of the model.
        batches: of training and validation names.
        first: the first fit.

    Raises:
        CharRNNError: as :func:`fit`.
    """
    progress = first.progress
    rates = [metrics["learning_rate"] for metrics in progress.history[: progress.best_epoch]]
    folder = None if run.folder is None else run.folder / "refit"
    checkpoint = Checkpoint(folder, run.description | {"rates": rates}, run.context)
    trainer = _make_trainer(run, config, batches, None, checkpoint, rates)
    state = run.context.on_rank_zero(checkpoint.read)
    # A run that was given more epochs may have found other rates; the refit then starts again.
    if state is not None and state["description"] == checkpoint.description:
        checkpoint.restore(trainer, state)
    if folder is not None and run.context.is_rank_zero:
        trainer.listeners = [JsonlLogger(folder, trainer.progress.epoch)]
    trainer.fit()
    return _fitted(run, config, trainer, batches.data)


def training_record(run: TrainingRun, first: FittedModel, final: FittedModel, seconds: float) -> dict[str, Any]:
    """What ``config.json`` says of the run, under ``training``."""
    refitted = {"names": sum(final.class_counts), "epochs": final.progress.epoch}
    return {
        "settings": dataclasses.asdict(run.fitting),
        "init": None if run.init is None else str(run.init),
        "init_sha256": run.init_sha256,
        "private": run.private,
        "best_epoch": first.progress.best_epoch,
        "epochs": first.progress.epoch,
        "validation_loss": round(loss, 6) if math.isfinite(loss := first.progress.best_loss) else None,
        "refit": refitted if final is not first else None,
        "seconds": round(seconds, 1),
        "torch": torch.__version__,
    }


def count_ngrams(config: ModelConfig, data: NameDataset) -> NGramHashTable | NGramAutomaton:
    """The n-grams of names, in the layout of the task; a generator counts each name under the label of any, too."""
    names, size = [name.tolist() for name in data.encoded], len(Vocabulary(config.alphabet))
    if config.task == "classifier":
        # Kinds are left to the network: a label's names of all kinds together have the better n-grams.
        pairs = {(tuple(name), label // config.kind_count) for name, label in zip(names, data.labels, strict=True)}
        texts, labels = zip(*sorted(pairs), strict=True)
        return NGramHashTable.fit(texts, labels, len(config.labels), size, max_entries=MAX_ENTRIES)
    classes = classes_of(config, np.array(data.labels, np.int64))
    labels, kinds = (part.tolist() for part in np.divmod(classes, config.kind_count))
    rows = embedding_rows(len(config.labels))
    if rows > len(config.labels):
        names, labels, kinds = names * 2, labels + [rows - 1] * len(names), kinds * 2
    return NGramAutomaton.fit(
        names, labels, rows, size, GENERATOR_ORDER, kinds, config.kind_count, max_ngrams=MAX_NGRAMS
    )


def remember(run: TrainingRun, config: ModelConfig, splits: Split) -> Weights:
    """What a classifier's list says of each of its names, as weights of the folder; of a private model nothing."""
    if run.task != "classifier" or run.private:
        return {}
    read = PIPELINES[config.pipeline]
    texts = [read(name) for corpus in splits for name in corpus.names]
    classes = [int(index) for corpus in splits for index in class_indices(config, corpus)]
    return Memory.of(texts, classes, len(config.class_counts)).weights()


def _start(run: TrainingRun, checkpoint: Checkpoint) -> dict[str, Any] | None:
    """The state to go on from. Without one, what an earlier attempt left is removed. Writes ``run.json``."""
    if run.folder is None:
        return None
    state = checkpoint.read()
    # Only errors of charrnn's own reach the other ranks.
    with storage_errors(str(run.folder), "Free space, then --resume."):
        if state is None:
            _clear(run.folder)
        else:
            # Older states do not say whether a run is private, and know no folds.
            older = {"private": run.private, "folds": 0}
            check_same(run.folder, older | state["description"], checkpoint.description)
        write_run_description(run.folder, checkpoint.description, str(run.context.device), run.context.world_size)
    return state


def _clear(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def _make_trainer(
    run: TrainingRun,
    config: ModelConfig,
    train: Batches,
    validation: Batches | None,
    checkpoint: Checkpoint,
    rates: list[float] | None = None,
) -> Trainer:
    """A trainer of random weights, or of those of ``init``; with ``rates``, it repeats epochs and rates of a fit."""
    settings, context, epochs = run.fitting, run.context, None
    torch.manual_seed(settings.seed)
    model, factors = modules.build(config), None
    if run.init is not None:
        base, weights = model_folder.read(run.init)
        transfer_weights(model, weights, base, config)
        factors = rate_factors(model)
    if context.rank:
        # All processes start from the same weights, and drop different units.
        torch.manual_seed(settings.seed + context.rank)
    if rates is not None:
        epochs = len(rates)
        # A one-cycle schedule gives the same rates again, step by step.
        rates = rates if settings.schedule == "plateau" else None
    listeners, kinds = (), config.kind_count
    return Trainer(
        model, train, validation, settings, context, listeners, checkpoint.save, rates, epochs, kinds, factors
    )


def _fitted(run: TrainingRun, config: ModelConfig, trainer: Trainer, data: NameDataset) -> FittedModel:
    ngrams = None if run.private else count_ngrams(config, data)
    classes = np.array(data.labels, np.int64)
    if config.task == "generator":
        classes = classes_of(config, classes)
    counts = np.bincount(classes, minlength=len(config.class_counts)).tolist()
    return FittedModel(trainer.eval_model, ngrams, trainer.progress, counts)
