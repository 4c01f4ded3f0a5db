"""One training run from a corpus to the weights and config of a model."""

from __future__ import annotations

import dataclasses
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch

from charrnn import model_folder
from charrnn.corpus import Corpus
from charrnn.corpus.split import Split, split
from charrnn.errors import CorpusError, SettingsError
from charrnn.model_folder import ANY, ModelConfig, Weights
from charrnn.text import PIPELINES, Compose, Vocabulary
from charrnn.training import modules, resume
from charrnn.training.calibration import CALIBRATE, fit_ngrams
from charrnn.training.dataset import Batches, DeviceLoader, LengthBuckets, Loader, NameDataset
from charrnn.training.journal import Journal
from charrnn.training.parallel import Machine
from charrnn.training.progress import Listener
from charrnn.training.settings import Settings
from charrnn.training.tensorboard import TensorBoard
from charrnn.training.trainer import Save, Trainer, copy_weights
from charrnn.training.transfer import as_initialised, inherited, transfer

FOLDED = {"classifier": "-folded", "generator": ""}
"""Ending of the text pipeline's name."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a run gives: the config without scores, the weights, and the parts of the corpus."""

    config: ModelConfig
    weights: Weights
    parts: Split


def prepare(task: str, corpus: Corpus, pipeline: str = "ascii") -> Corpus:
    """The corpus as the task uses it: classifiers drop repeated pairs.

    Args:
        task: ``classifier`` or ``generator``.
        corpus: names with labels.
        pipeline: ``ascii`` or ``native``.

    Raises:
        CorpusError: fewer than two labels or a label with one name (classifier); a label ``*`` (generator).
    """
    if task == "classifier":
        corpus = corpus.distinct_pairs(pipeline)
        if len(corpus.label_set) < 2:
            raise CorpusError(
                f"{corpus.source}: one label only ({corpus.label_set[0]}); a classifier needs at least two. "
                "Give a folder with several <Label>.txt."
            )
        single = [label for label, count in corpus.label_counts.items() if count < 2]
        if single:
            raise CorpusError(
                f"{corpus.source}: only one name for {', '.join(single)}; a label needs at least two. "
                "Add names or remove the label."
            )
    elif ANY in corpus.label_set:
        raise CorpusError(f"{corpus.source}: a label {ANY!r}, which stands for any label. Rename it.")
    return corpus


def train(
    task: str,
    corpus: Corpus,
    settings: Settings,
    machine: Machine,
    init: str | Path | None = None,
    run: Path | None = None,
    listeners: tuple[Listener, ...] = (),
    private: bool = False,
) -> Trained:
    """Train a model on a corpus.

    Args:
        task: ``classifier`` or ``generator``.
        corpus: names with labels.
        settings: of the run.
        machine: where it computes.
        init: a model folder to start from; its architecture, alphabet and weights are taken over, and the rows of
            labels that both have.
        run: folder of state, ``run.json``, ``metrics.jsonl`` and TensorBoard events; a state that lies there is gone
            on from. None writes nothing.
        listeners: told of each epoch, besides the ones that write to ``run``.
        private: do without n-grams, from which names of the corpus could be read.

    Raises:
        CorpusError: the corpus does not serve the task.
        SettingsError: a setting contradicts ``init`` or the state in ``run``.
        StateError: the state cannot be read or written.
        NonFiniteLossError: training diverged.
        InterruptedRunError: a signal stopped it; the state is saved.
    """
    init_sha256 = None
    if init is not None:
        init_sha256 = model_folder.read_config(init).weights_sha256
        settings = as_initialised(settings, init)
    used = prepare(task, corpus, settings.pipeline)
    parts = split(used, settings.seed, settings.validation_fraction, settings.test_fraction)
    began = time.perf_counter()
    config = _config(task, corpus, parts, settings, used.dropped)
    if init is not None:
        config = inherited(config, init)
    description = resume.describe(task, settings, corpus.fingerprint, init_sha256)
    train_data, validation_data = _dataset(config, parts.train), _dataset(config, parts.validation)

    state = None if run is None else machine.on_main(lambda: resume.start(run, description, machine))
    batches = _loader(config, train_data, settings, machine)
    validation = _loader(config, validation_data, settings, machine, shuffled=False)
    both = [train_data, validation_data]
    if settings.refit:
        _loader(config, NameDataset.concatenate(both), settings, machine)  # too small a batch is told beforehand
    trainer = _trainer(config, init, batches, validation, settings, machine, resume.saver(run, machine, description))
    with ExitStack() as stack:
        if run is not None and state is not None:
            resume.restore(trainer, run, state)
        watchers = list(listeners)
        if run is not None and machine.is_main:
            watchers.append(Journal(run, trainer.progress.epoch))
            watchers.append(stack.enter_context(TensorBoard(run, config, trainer.progress.epoch)))
        trainer.listeners = watchers
        trainer.fit()
    progress = trainer.progress
    ngrams = None if private else fit_ngrams(config, [train_data])
    weights = ngrams.weights() if ngrams else {}
    calibration = CALIBRATE[task](config, trainer.kept, ngrams, validation_data, machine.device)
    config = dataclasses.replace(config, calibration=calibration)
    refit = None
    if settings.refit:
        rates = [figures["learning_rate"] for figures in progress.history[: progress.best_epoch]]
        trainer = _refit(config, init, both, settings, machine, run, description, rates)
        refit = {"names": sum(map(len, both)), "epochs": trainer.progress.epoch}
        counts = np.bincount([label for data in both for label in data.labels], minlength=len(config.labels))
        config = dataclasses.replace(config, label_counts=counts.tolist())
        weights = {} if private else fit_ngrams(config, both).weights()
    training = {
        "settings": dataclasses.asdict(settings),
        "init": None if init is None else str(init),
        "init_sha256": init_sha256,
        "best_epoch": progress.best_epoch,
        "epochs": progress.epoch,
        "validation_loss": round(progress.best_loss, 6),
        "refit": refit,
        "seconds": round(time.perf_counter() - began, 1),
        "torch": torch.__version__,
    }
    weights |= {name: tensor.numpy().astype(np.float32) for name, tensor in copy_weights(trainer.kept).items()}
    return Trained(dataclasses.replace(config, training=training), weights, parts)


def _trainer(
    config: ModelConfig,
    init: str | Path | None,
    train: Batches,
    validation: Batches | None,
    settings: Settings,
    machine: Machine,
    save: Save,
    rates: list[float] | None = None,
    epochs: int | None = None,
) -> Trainer:
    """A trainer of fresh weights, or of those of ``init``."""
    torch.manual_seed(settings.seed)
    model = modules.build(config)
    if init is not None:
        _, weights = model_folder.read(init)
        transfer(model, weights, model_folder.read_config(init).labels, config.labels)
    if machine.rank:
        # Every process starts from the same weights, and drops units of its own.
        torch.manual_seed(settings.seed + machine.rank)
    return Trainer(model, train, validation, settings, machine, save=save, rates=rates, epochs=epochs)


def _refit(
    config: ModelConfig,
    init: str | Path | None,
    parts: list[NameDataset],
    settings: Settings,
    machine: Machine,
    run: Path | None,
    description: dict[str, Any],
    rates: list[float],
) -> Trainer:
    """Train anew on training and validation names together, as long and at the rates that validation found best."""
    where = None if run is None else run / "refit"
    description = description | {"rates": rates}
    plateau = settings.schedule == "plateau"
    settings = dataclasses.replace(settings, patience=0)
    batches = _loader(config, NameDataset.concatenate(parts), settings, machine)
    save = resume.saver(where, machine, description)
    trainer = _trainer(config, init, batches, None, settings, machine, save, rates if plateau else None, len(rates))
    if where is not None:
        state = machine.on_main(lambda: resume.load_whole(where))
        # A run that was given more epochs may have found other rates.
        if state is not None and state["description"] == description:
            resume.restore(trainer, where, state)
        if machine.is_main:
            where.mkdir(parents=True, exist_ok=True)
            trainer.listeners = [Journal(where, trainer.progress.epoch)]
    trainer.fit()
    return trainer


def _dataset(config: ModelConfig, part: Corpus) -> NameDataset:
    index = {label: i for i, label in enumerate(config.labels)}
    transform = Compose(PIPELINES[config.pipeline], Vocabulary(config.alphabet).encode)
    return NameDataset(part.names, [index[label] for label in part.labels], transform)


def _loader(
    config: ModelConfig, data: NameDataset, settings: Settings, machine: Machine, shuffled: bool = True
) -> Loader | DeviceLoader:
    kind = Loader if machine.device.type == "cpu" else DeviceLoader
    size, seed = (settings.batch_size, settings.seed) if shuffled else (settings.batch_size * 4, None)
    loader = kind(
        data, config.task, LengthBuckets(data.lengths, size, seed, machine.rank, machine.world), machine.device
    )
    if shuffled and loader.sampler.smallest < machine.world:
        raise SettingsError(
            f"--batch-size {settings.batch_size}: some batch has {loader.sampler.smallest} names for {machine.world} "
            "processes. Take larger batches or fewer processes."
        )
    return loader


def _config(task: str, corpus: Corpus, parts: Split, settings: Settings, left_out: dict[str, int]) -> ModelConfig:
    pipeline = settings.pipeline + FOLDED[task]
    texts = [PIPELINES[pipeline](name) for name in parts.train.names]
    counts = parts.train.label_counts
    return ModelConfig(
        task=task,
        architecture=settings.architecture(),
        alphabet=Vocabulary.build(texts).alphabet,
        labels=corpus.label_set,
        label_counts=[counts.get(label, 0) for label in corpus.label_set],
        pipeline=pipeline,
        max_length=max(map(len, texts)),
        data={
            "source": corpus.source,
            "fingerprint": corpus.fingerprint,
            "left_out": left_out,
            "names": sum(map(len, parts)),
            "train": len(parts.train),
            "validation": len(parts.validation),
            "test": len(parts.test),
            "seed": settings.seed,
            "validation_fraction": settings.validation_fraction,
            "test_fraction": settings.test_fraction,
        },
    )
