"""One training run from a corpus to the weights and config of a model."""

from __future__ import annotations

import dataclasses
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from charrnn import model_folder
from charrnn.corpus import Corpus
from charrnn.corpus.split import Split, split
from charrnn.errors import CorpusError, SettingsError, StateError
from charrnn.hashed_ngrams import HashedNGrams
from charrnn.model_folder import ModelConfig, Weights
from charrnn.text import PIPELINES, SPECIALS, Compose, Vocabulary
from charrnn.training import modules, resume
from charrnn.training.calibration import calibrate
from charrnn.training.dataset import COLLATE, Batches, DeviceLoader, LengthBuckets, Loader, NameDataset
from charrnn.training.journal import Journal, write_start
from charrnn.training.parallel import Machine
from charrnn.training.progress import Listener
from charrnn.training.settings import Settings
from charrnn.training.tensorboard import TensorBoard
from charrnn.training.trainer import Save, Trainer, copy_weights
from charrnn.training.transfer import inherited, transfer

PIPELINE = {"classifier": "ascii-folded", "generator": "ascii"}
FREE = ("epochs", "device", "parallel")
"""Settings that may change between a run and its resumption; epochs may only grow."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a run gives: the config without scores, the weights, and the parts of the corpus."""

    config: ModelConfig
    weights: Weights
    parts: Split


def prepare(task: str, corpus: Corpus) -> Corpus:
    """The corpus as the task uses it: classifiers drop repeated pairs.

    Raises:
        CorpusError: fewer than two labels or a label with one name (classifier).
    """
    if task == "classifier":
        corpus = corpus.distinct_pairs()
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
    return corpus


def describe(task: str, settings: Settings, fingerprint: str, init_sha256: str | None) -> dict[str, Any]:
    """What must be the same when a run is resumed, and how many epochs it was to have."""
    return {"task": task, **dataclasses.asdict(settings), "data": fingerprint, "init": init_sha256}


def check_same(where: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Whether a run may go on under a new description.

    Raises:
        SettingsError: something else than more epochs has changed; all differences are named.
    """
    held = {key: value for key, value in new.items() if key not in FREE}
    changed = resume.differences({key: value for key, value in old.items() if key not in FREE}, held)
    if new["epochs"] < old["epochs"] or (new["epochs"] > old["epochs"] and new["schedule"] == "one-cycle"):
        changed.append(f"epochs: {old['epochs']} → {new['epochs']}")
    if changed:
        raise SettingsError(
            f"{where}: belongs to another run ({'; '.join(changed)}). Only more epochs of plateau can be added: "
            "repeat its settings, or choose another --out."
        )


def train(
    task: str,
    corpus: Corpus,
    settings: Settings,
    machine: Machine,
    init: str | Path | None = None,
    run: Path | None = None,
    listeners: tuple[Listener, ...] = (),
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

    Raises:
        CorpusError: the corpus does not serve the task.
        SettingsError: a setting contradicts ``init`` or the state in ``run``.
        StateError: the state cannot be read or written.
        NonFiniteLossError: training diverged.
        InterruptedRunError: a signal stopped it; the state is saved.
    """
    used = prepare(task, corpus)
    parts = split(used, settings.seed, settings.validation_fraction, settings.test_fraction)
    began = time.perf_counter()
    config = _config(task, corpus, parts, settings, used.dropped)
    init_sha256 = None
    if init is not None:
        config = inherited(config, init)
        init_sha256 = model_folder.read_config(init).weights_sha256
    description = describe(task, settings, corpus.fingerprint, init_sha256)
    train_data, validation_data = _dataset(config, parts.train), _dataset(config, parts.validation)

    state = None if run is None else machine.on_main(lambda: _start(run, description, machine))
    batches = _loader(config, train_data, settings, machine)
    validation = _loader(config, validation_data, settings, machine, shuffled=False)
    trainer = _trainer(config, init, batches, validation, settings, machine, _saver(run, machine, description))
    with ExitStack() as stack:
        if run is not None and state is not None:
            _restore(trainer, run, state)
        watchers = list(listeners)
        if run is not None and machine.is_main:
            watchers.append(Journal(run, trainer.progress.epoch))
            watchers.append(stack.enter_context(TensorBoard(run, config, trainer.progress.epoch)))
        trainer.listeners = watchers
        trainer.fit()
    progress = trainer.progress
    weights: dict[str, NDArray[Any]] = {}
    if task == "classifier":
        ngrams = _ngrams(config, [train_data])
        config = dataclasses.replace(
            config, calibration=_calibration(config, trainer, validation_data, ngrams, machine)
        )
        weights = ngrams.weights()
    refit = None
    if settings.refit:
        both = [train_data, validation_data]
        rates = [figures["learning_rate"] for figures in progress.history[: progress.best_epoch]]
        trainer = _refit(config, init, both, settings, machine, run, description, rates)
        refit = {"names": sum(map(len, both)), "epochs": trainer.progress.epoch}
        counts = np.bincount([label for data in both for label in data.labels], minlength=len(config.labels))
        config = dataclasses.replace(config, label_counts=counts.tolist())
        if task == "classifier":
            weights = _ngrams(config, both).weights()
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
    return Trainer(model, train, validation, settings, machine, save=save, rates=rates)


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
    settings = dataclasses.replace(settings, epochs=len(rates) if plateau else settings.epochs, patience=0)
    batches = _loader(config, NameDataset.concatenate(parts), settings, machine)
    save = _saver(where, machine, description)
    trainer = _trainer(config, init, batches, None, settings, machine, save, rates if plateau else None)
    if where is not None:
        state = machine.on_main(lambda: _load(where))
        # A run that was given more epochs may have found other rates.
        if state is not None and state["description"] == description:
            _restore(trainer, where, state)
        if machine.is_main:
            where.mkdir(parents=True, exist_ok=True)
            trainer.listeners = [Journal(where, trainer.progress.epoch)]
    trainer.fit()
    return trainer


def _saver(run: Path | None, machine: Machine, description: dict[str, Any]) -> Save:
    def save(state: dict[str, Any]) -> None:
        if run is not None:
            machine.on_main(lambda: resume.save(run, state | {"description": description}))

    return save


def _ngrams(config: ModelConfig, parts: list[NameDataset]) -> HashedNGrams:
    names = [name.tolist() for data in parts for name in data.encoded]
    labels = [label for data in parts for label in data.labels]
    return HashedNGrams.fit(names, labels, len(config.labels), SPECIALS + len(config.alphabet))


@torch.no_grad()
def _calibration(
    config: ModelConfig, trainer: Trainer, data: NameDataset, ngrams: HashedNGrams, machine: Machine
) -> dict[str, Any]:
    """What the validation names say, of which neither the network nor the n-grams have learned."""
    model = trainer.kept.eval()
    order = list(LengthBuckets(data.lengths, 512))
    network = np.zeros((len(data), len(config.labels)))
    scores = np.zeros_like(network)
    for indices in order:
        batch = COLLATE["classifier"]([data[i] for i in indices])
        chars, lengths = (tensor.numpy() for tensor in batch.inputs)
        scores[indices] = ngrams.scores(chars, lengths)
        network[indices] = model(*batch.to(machine.device).inputs).double().cpu().numpy()
    counts = np.maximum(np.array(config.label_counts, np.float64), 0.5)
    return calibrate(network, scores, np.log(counts / counts.sum()), np.array(data.labels))


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


def _start(run: Path, description: dict[str, Any], machine: Machine) -> dict[str, Any] | None:
    """The state to go on from, on rank 0; what earlier attempts left without a state is removed."""
    state = _load(run)
    if state is None:
        for path in run.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != resume.LOCK:
                path.unlink()
    else:
        check_same(run, state["description"], description)
    write_start(run, description, str(machine.device), machine.world)
    return state


def _load(run: Path) -> dict[str, Any] | None:
    state, messages = resume.load(run)
    for message in messages:
        print(f"charrnn.train: {message}; going on from the one before it")
    return state


def _restore(trainer: Trainer, run: Path, state: dict[str, Any]) -> None:
    try:
        trainer.load_state_dict(state)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StateError(
            f"{run}: its state does not fit this charrnn ({reason}). Resume with the one that wrote it, or train anew."
        ) from error
    if trainer.machine.is_main:
        progress = trainer.progress
        print(f"resuming after {progress.epoch} epochs and {progress.step} steps")


def _config(task: str, corpus: Corpus, parts: Split, settings: Settings, left_out: dict[str, int]) -> ModelConfig:
    pipeline = PIPELINES[PIPELINE[task]]
    texts = [pipeline(name) for name in parts.train.names]
    counts = parts.train.label_counts
    return ModelConfig(
        task=task,
        architecture=settings.architecture(),
        alphabet=Vocabulary.build(texts).alphabet,
        labels=corpus.label_set,
        label_counts=[counts.get(label, 0) for label in corpus.label_set],
        pipeline=PIPELINE[task],
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
