"""One training run from a corpus to a model folder."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from charrnn import model_folder
from charrnn.corpus import Corpus
from charrnn.corpus.split import Split, split
from charrnn.errors import CorpusError, SettingsError, needs_extra
from charrnn.model_folder import ModelConfig, Weights
from charrnn.text import PIPELINES, Compose, Vocabulary
from charrnn.training import modules, parallel
from charrnn.training.dataset import NameDataset, make_loader
from charrnn.training.settings import Settings
from charrnn.training.trainer import Listener, Trainer

PIPELINE = {"classifier": "ascii-folded", "generator": "ascii"}


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


def train(
    task: str,
    corpus: Corpus,
    settings: Settings,
    init: str | Path | None = None,
    events: Path | None = None,
    listeners: Sequence[Listener] = (),
) -> Trained:
    """Train a model on a corpus.

    Args:
        task: ``classifier`` or ``generator``.
        corpus: names with labels.
        settings: of the run.
        init: a model folder to start from; its architecture, alphabet and weights are taken over, and the rows of
            labels that both have.
        events: folder for TensorBoard events; None writes none.
        listeners: told of each epoch.

    Raises:
        CorpusError: the corpus does not serve the task.
        SettingsError: a setting contradicts ``init``, or the device is not usable.
        NonFiniteLossError: training diverged.
    """
    used = prepare(task, corpus)
    parts = split(used, settings.seed, settings.validation_fraction, settings.test_fraction)
    began = time.perf_counter()
    torch.manual_seed(settings.seed)
    device = parallel.pick_device(settings.device)
    config = _config(task, corpus, parts, settings, used.dropped)
    base: Weights = {}
    if init is not None:
        config, base = _inherit(config, init)
    model = modules.build(config)
    if base:
        transfer(model, base, model_folder.read_config(init or "").labels, config.labels)

    vocabulary = Vocabulary(config.alphabet)
    transform = Compose(PIPELINES[config.pipeline], vocabulary.encode)
    index = {label: i for i, label in enumerate(config.labels)}
    train_set, validation_set = (
        NameDataset(part.names, [index[label] for label in part.labels], transform)
        for part in (parts.train, parts.validation)
    )
    with ExitStack() as stack:
        watchers = list(listeners)
        if events is not None:
            with needs_extra("train"):
                from charrnn.training.tensorboard import TensorBoard
            watchers.append(stack.enter_context(TensorBoard(events)))
        trainer = Trainer(
            parallel.wrap(model, device),
            make_loader(train_set, task, settings.batch_size, settings.seed),
            make_loader(validation_set, task, settings.batch_size * 4),
            settings,
            device,
            watchers,
        )
        history = trainer.fit()
    training = {
        "settings": dataclasses.asdict(settings),
        "init": None if init is None else str(init),
        "best_epoch": trainer.best_epoch,
        "epochs": len(history),
        "validation_loss": round(trainer.best_loss, 6),
        "seconds": round(time.perf_counter() - began, 1),
        "torch": torch.__version__,
    }
    weights = {k: v.detach().cpu().numpy().astype(np.float32) for k, v in model.state_dict().items()}
    return Trained(dataclasses.replace(config, training=training), weights, parts)


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


def _inherit(config: ModelConfig, init: str | Path) -> tuple[ModelConfig, Weights]:
    base, weights = model_folder.read(init)
    if base.task != config.task:
        raise SettingsError(f"--init {init}: is a {base.task}, not a {config.task}. Name a {config.task}.")
    changes: dict[str, Any] = {
        "architecture": base.architecture | {"dropout": config.architecture["dropout"]},
        "alphabet": base.alphabet,
        "pipeline": base.pipeline,
    }
    return dataclasses.replace(config, **changes), weights


LABELLED = ("head.weight", "head.bias"), ("embed_label.weight",)


def transfer(model: nn.Module, weights: Weights, old_labels: list[str], new_labels: list[str]) -> None:
    """Copy the weights of another model of the same architecture.

    Rows that belong to labels are copied for the labels that both have; a new label's embedding starts at the mean of
    the old ones, its logit weights as the module drew them.
    """
    by_label = LABELLED[0] if isinstance(model, modules.NameClassifier) else LABELLED[1]
    pairs = [(i, old_labels.index(label)) for i, label in enumerate(new_labels) if label in old_labels]
    state = model.state_dict()
    for name, tensor in state.items():
        old = torch.from_numpy(np.array(weights[name]))
        if name not in by_label:
            tensor.copy_(old)
            continue
        if name.startswith("embed_label"):
            tensor.copy_(old.mean(0).expand_as(tensor))
        for i, j in pairs:
            tensor[i] = old[j]
