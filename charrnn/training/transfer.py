"""Fine-tuning: a model starts from the weights of another one.

The alphabet of the other model is extended by the characters that only the new list has; so any list, and any text
pipeline, can start from any model of the same task.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from charrnn import model_folder
from charrnn.errors import SettingsError
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights
from charrnn.text import SPECIALS, UNKNOWN, rare_letter, to_ascii
from charrnn.training.modules import NameClassifier

LABEL_ROWS = {"classifier": ("head.weight", "head.bias"), "generator": ("embed_label.weight",)}
"""Weights of each task that have a row for each label, or for each class."""
INHERITED_RATE = 0.3
"""Factor of the learning rate of weights that come from the other model; what they know is soon forgotten else."""
LABEL_RATE = {"classifier": 1.0, "generator": 5.0}
"""Factor of the rows of labels; all new labels of a generator start from one embedding, and must part quickly."""
KIND_ROWS = "embed_kind.weight"
"""The weight of a generator that has a row for each kind."""
CHARACTER_ROWS = {"classifier": ("embed.weight",), "generator": ("embed.weight", "head.weight", "head.bias")}
"""Weights of each task that have a row for each symbol of the vocabulary."""


def base_pipeline(init: str | Path) -> Any:
    """The text pipeline of the model to start from, as settings name it.

    Raises:
        ModelFolderError: the model cannot be read.
    """
    return model_folder.read_config(init).pipeline.removesuffix("-folded")


def check_architecture(init: str | Path, asked: Mapping[str, Any]) -> None:
    """Check that the model to start from has the architecture that is asked for.

    Args:
        init: its folder.
        asked: settings by name; None asks for nothing.

    Raises:
        SettingsError: it has another one.
        ModelFolderError: it cannot be read.
    """
    own = model_folder.read_config(init).architecture
    for key, value in asked.items():
        if value is not None and value != own.get(key):
            raise SettingsError(f"--{key} {value}: --init {init} has {own.get(key)}, which is kept. Leave --{key} out.")


def check_task(init: str | Path, task: str) -> None:
    """Check that the model to start from is of the task.

    Raises:
        SettingsError: it is of the other one.
        ModelFolderError: it cannot be read.
    """
    own = model_folder.read_config(init).task
    if own != task:
        raise SettingsError(f"--init {init}: is a {own}, not a {task}. Name a {task}.")


def adopt_architecture(config: ModelConfig, init: str | Path) -> ModelConfig:
    """The config with the architecture of the model to start from, and with its alphabet before the own characters.

    Args:
        config: of the model to be trained; its labels, text pipeline and rates of dropout stay.
        init: model folder of the same task.

    Raises:
        SettingsError: ``init`` is of the other task.
        ModelFolderError: it cannot be read.
    """
    check_task(init, config.task)
    base = model_folder.read_config(init)
    dropout = {key: value for key, value in config.architecture.items() if key.endswith("dropout")}
    alphabet = "".join(dict.fromkeys(base.alphabet + config.alphabet))
    return dataclasses.replace(config, architecture=base.architecture | dropout, alphabet=alphabet)


def rate_factors(model: nn.Module) -> dict[str, float]:
    """The factors of the learning rate with which a model goes on from another one, by name of the parameter."""
    task = "classifier" if isinstance(model, NameClassifier) else "generator"
    names = [name for name, _ in model.named_parameters()]
    return {name: LABEL_RATE[task] if name in (*LABEL_ROWS[task], KIND_ROWS) else INHERITED_RATE for name in names}


def transfer_weights(model: nn.Module, weights: Weights, base: ModelConfig, config: ModelConfig) -> None:
    """Copy the weights of another model into ``model``, which has its architecture and at least its alphabet.

    Rows of labels and kinds are copied for those that both have. The embedding of a new one starts at the mean of the
    old ones, the logit weights of a new label at 0. A classifier that has other kinds than its base starts from the
    mean over the base's kinds; a generator without kinds from the base's names of any kind. The rows of a new character
    start at those of the first letter of its transliteration, as é at those of e, or else at the mean of all old
    characters.

    Args:
        model: of ``config``, on the CPU.
        weights: of ``base``.
        base: of the other model.
        config: of :func:`adopt_architecture`.
    """
    task = "classifier" if isinstance(model, NameClassifier) else "generator"
    own = model.state_dict()
    for name, tensor in own.items():
        if name == KIND_ROWS and name not in weights:
            tensor.zero_()  # each kind starts as the base's names, whatever their kinds
            continue
        old = torch.from_numpy(np.array(weights[name]))
        if name in CHARACTER_ROWS[task]:
            _copy_characters(tensor, old, base.alphabet, config.alphabet)
        elif name == KIND_ROWS:
            _copy_embedding(tensor, old, base.kinds, config.kinds)
        elif name not in LABEL_ROWS[task]:
            tensor.copy_(old)
        elif task == "classifier":
            _copy_classes(tensor, old, base, config)
        else:
            _copy_embedding(tensor, old, base.labels, config.labels)
            if KIND_ROWS in weights and KIND_ROWS not in own:
                tensor += torch.from_numpy(np.array(weights[KIND_ROWS][-1]))


def _copy_embedding(tensor: Tensor, old: Tensor, old_names: Sequence[str], names: Sequence[str]) -> None:
    """Copy rows of labels or kinds; the last row stands for any in both."""
    tensor.copy_(old.mean(0).expand_as(tensor))
    tensor[-1] = old[-1]
    for i, name in enumerate(names):
        if name in old_names:
            tensor[i] = old[old_names.index(name)]


def _copy_classes(tensor: Tensor, old: Tensor, base: ModelConfig, config: ModelConfig) -> None:
    """Copy rows of classes, labels by kinds."""
    old_rows = old.reshape(-1, base.kind_count, *old.shape[1:])  # (L, K, ...)
    rows = tensor.view(-1, config.kind_count, *tensor.shape[1:])
    rows.zero_()
    for i, label in enumerate(config.labels):
        for j, kind in enumerate(config.kinds or [""]):
            if label in base.labels:
                own = old_rows[base.labels.index(label)]
                rows[i, j] = own[base.kinds.index(kind)] if kind in base.kinds else own.mean(0)


def _copy_characters(tensor: Tensor, old: Tensor, old_alphabet: str, alphabet: str) -> None:
    """Copy rows of symbols; the alphabet begins with the old one."""
    rows = {character: old[i] for i, character in enumerate(old_alphabet, start=SPECIALS)}
    other = old[SPECIALS:].mean(0) if rows else old[UNKNOWN]
    tensor[: len(old)] = old
    for i, character in enumerate(alphabet[len(old_alphabet) :], start=len(old)):
        tensor[i] = rows.get(rare_letter(character), rows.get(to_ascii(character)[:1], other))
