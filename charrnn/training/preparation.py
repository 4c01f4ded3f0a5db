"""From a corpus to batches: the names that a task uses, the config of the model, datasets and loaders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from charrnn.arrays import Ints
from charrnn.corpus import Corpus
from charrnn.corpus.split import Split
from charrnn.errors import CorpusError, SettingsError
from charrnn.model_config import ANY, ModelConfig, conditions, embedding_rows
from charrnn.name_forms import NAME_FORMS, NAME_ORDERS, SURNAME, know_full_names
from charrnn.text import PIPELINES, Compose, Spelling, Vocabulary, fold_latin, is_no_name
from charrnn.training.dataset import Batches, DeviceLoader, LengthBuckets, Loader, NameDataset
from charrnn.training.training_run import TrainingRun
from charrnn.training.transfer import adopt_architecture

FOLDED = {"folded": "folded", "ascii": "ascii-folded", "native": "native-folded"}
"""The text pipeline of a classifier, which reads names in folded case, by the setting ``pipeline``."""
EVALUATION_BATCH = 4
"""A validation batch holds this many times the names of a training batch; it needs no memory for gradients."""


def usable_names(task: str, corpus: Corpus, pipeline: str = "ascii") -> Corpus:
    """The names that a task trains on: a classifier drops names that are repeated under their label and kind.

    Args:
        task: ``classifier`` or ``generator``.
        corpus: names with labels.
        pipeline: that the settings name.

    Raises:
        CorpusError: fewer than two labels or a label with one name (classifier); a label ``*`` (generator).
    """
    if task == "classifier":
        corpus = corpus.distinct_pairs(pipeline, by_kind=True)
        if len(corpus.label_set) < 2:
            raise CorpusError(
                f"{corpus.source}: one label only ({corpus.label_set[0]}); a classifier needs at least two. "
                "Give a folder with several <Label>.txt."
            )
        single = [label for label, count in corpus.distinct_pairs(pipeline).label_counts.items() if count < 2]
        if single:
            raise CorpusError(
                f"{corpus.source}: only one name for {', '.join(single)}; a label needs at least two. "
                "Add names or remove the label."
            )
    elif ANY in corpus.label_set:
        raise CorpusError(f"{corpus.source}: a label {ANY!r}, which stands for any label. Rename it.")
    return corpus


def starting_config(run: TrainingRun, names: Corpus, splits: Split) -> ModelConfig:
    """The config of the model to be trained, without calibration and scores.

    Args:
        run: whose settings give the architecture; ``init`` takes precedence.
        names: of :func:`usable_names`.
        splits: of these names; the alphabet is that of the training names.

    Raises:
        SettingsError: ``init`` is of the other task.
        ModelFolderError: ``init`` cannot be read.
    """
    corpus, settings = run.corpus, run.settings
    pipeline = FOLDED[settings.pipeline] if run.task == "classifier" else settings.pipeline
    texts = [PIPELINES[pipeline](name) for name in splits.train.names]
    kinds = list(corpus.kind_counts) if len(corpus.kind_counts) > 1 else []
    config = ModelConfig(
        task=run.task,
        architecture=settings.architecture(),
        alphabet=Vocabulary.build(texts, with_rare=run.task == "classifier").alphabet,
        labels=corpus.label_set,
        class_counts=[0] * (len(corpus.label_set) * max(len(kinds), 1)),
        pipeline=pipeline,
        max_length=max(map(len, texts)),
        kinds=kinds,
        families={label: run.families[label] for label in corpus.label_set if label in run.families},
        data={
            "source": corpus.source,
            "fingerprint": corpus.fingerprint,
            "left_out": names.dropped,
            "names": len(names),
            "train": len(splits.train),
            "validation": len(splits.validation),
            "test": len(splits.test),
            "seed": settings.seed,
            "validation_fraction": settings.validation_fraction if len(splits.validation) else 0,
            "test_fraction": settings.test_fraction if len(splits.test) else 0,
            "folds": run.fitting.folds,
            "known_to_init": _count_known(run, texts, splits.train.labels),
        },
    )
    counts = np.bincount(class_indices(config, splits.train), minlength=len(config.class_counts))
    config = replace(config, class_counts=counts.tolist())
    if run.task == "classifier":
        own: dict[str, Any] = {"no_name_share": sum(map(is_no_name, texts)) / len(texts)}
    else:
        own = {"spelling": _spelling(splits.train.labels, texts, config.labels, run.private)}
    config = replace(config, data=config.data | own | _full_names(run, config, splits.train, texts))
    if run.init is None:
        return config
    adopted = adopt_architecture(config, run.init)
    # The alphabet is now that of the starting model, which knows more characters than the names have.
    return replace(adopted, data=adopted.data | {"characters": config.alphabet})


def _count_known(run: TrainingRun, texts: Sequence[str], labels: Sequence[str]) -> int:
    """How many names the model that training starts from knows; as scores count them, a classifier's once a label."""
    known = [(text, label) for text, label in zip(texts, labels, strict=True) if fold_latin(text) in run.init_names]
    return len(set(known) if run.task == "classifier" else known)


def _full_names(run: TrainingRun, config: ModelConfig, names: Corpus, texts: Sequence[str]) -> dict[str, Any]:
    """How full names of each label are put together, of a classifier their order alone, where the model knows their
    parts and of labels; under its key.

    Args:
        run: that knows of labels.
        config: of the model.
        names: that are trained on.
        texts: of these names, as the model reads them.
    """
    known = [label for label in config.labels if label in run.name_forms]
    if not known or not know_full_names(config.kinds):
        return {}
    if run.task == "classifier":
        return {NAME_ORDERS: {label: run.name_forms[label].order for label in known}}
    surnames = defaultdict(list)
    for text, label, kind in zip(texts, names.labels, names.kinds, strict=True):
        if kind == SURNAME:
            surnames[label].append(text)
    observed = {label: run.name_forms[label].observed(surnames[label], config.alphabet) for label in known}
    return {NAME_FORMS: {label: forms.as_record() for label, forms in observed.items()}}


@dataclass(frozen=True)
class Loaders:
    """The batches of a run.

    Attributes:
        train: shuffled, of the training names.
        validation: of the validation names.
        refit: shuffled, of both together; None where there are no validation names, or the settings do not refit.
    """

    train: Batches
    validation: Batches
    refit: Batches | None


def _spelling(of: Sequence[str], texts: Sequence[str], labels: Sequence[str], private: bool) -> dict[str, Any]:
    """How the texts of each label, and those of all where there are several, write capitals, digits and symbols."""
    by_label = defaultdict(list)
    for label, text in zip(of, texts, strict=True):
        by_label[label].append(text)
    groups: dict[str, Sequence[str]] = {label: by_label[label] for label in labels}
    groups |= {ANY: texts} if embedding_rows(len(labels)) > len(labels) else {}
    return {label: Spelling.of(own, private).as_record() for label, own in groups.items()}


def make_loaders(run: TrainingRun, config: ModelConfig, splits: Split) -> Loaders:
    """The batches of training names, of validation names, and of both where the settings refit.

    Raises:
        SettingsError: a shuffled batch has fewer names than there are processes.
    """
    train, validation = (dataset(config, corpus) for corpus in (splits.train, splits.validation))
    refits = run.settings.refit and len(validation) > 0
    return Loaders(
        shuffled_batches(run, train),
        _loader(run, validation, shuffled=False),
        shuffled_batches(run, NameDataset.concatenate([train, validation])) if refits else None,
    )


def shuffled_batches(run: TrainingRun, data: NameDataset) -> Batches:
    """The batches of a dataset in an order that differs from epoch to epoch.

    Raises:
        SettingsError: a batch has fewer names than there are processes.
    """
    return _loader(run, data, shuffled=True)


def class_indices(config: ModelConfig, corpus: Corpus) -> Ints:
    """The class of each name (see :class:`charrnn.model_config.ModelConfig`), (names,)."""
    label_index = {label: i for i, label in enumerate(config.labels)}
    kind_index = {kind: i for i, kind in enumerate(config.kinds)}
    kinds = [kind_index[kind] for kind in corpus.kinds] if config.kinds else [0] * len(corpus)
    labels = [label_index[label] for label in corpus.labels]
    return np.array(labels, np.int64) * config.kind_count + np.array(kinds, np.int64)


def dataset(config: ModelConfig, corpus: Corpus) -> NameDataset:
    """The names of a corpus, encoded, with their classes or conditions."""
    transform = Compose(PIPELINES[config.pipeline], Vocabulary(config.alphabet).encode)
    indices = class_indices(config, corpus)
    indices = indices if config.task == "classifier" else conditions(config, indices)
    return NameDataset(corpus.names, indices.tolist(), transform)


def _loader(run: TrainingRun, data: NameDataset, shuffled: bool) -> Loader | DeviceLoader:
    settings, context = run.fitting, run.context
    size, seed = (settings.batch_size, settings.seed) if shuffled else (settings.batch_size * EVALUATION_BATCH, None)
    sampler = LengthBuckets(data.lengths, size, seed, context.rank, context.world_size)
    if shuffled and sampler.smallest_batch < context.world_size:
        raise SettingsError(
            f"--batch-size {settings.batch_size}: some batch has {sampler.smallest_batch} names for "
            f"{context.world_size} processes. Take larger batches or fewer processes."
        )
    return (Loader if context.device.type == "cpu" else DeviceLoader)(data, run.task, sampler, context.device)
