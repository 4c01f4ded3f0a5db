"""Fine-tuning: a model starts from the weights of another one.

The alphabet of the other model is extended by the characters that only the new list has; so any list, and any text
pipeline, can start from any model of the same task.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from charrnn import model_folder
from charrnn.errors import SettingsError
from charrnn.model_folder import ModelConfig, Weights
from charrnn.text import SPECIALS, UNKNOWN, to_ascii
from charrnn.training.modules import NameClassifier

LABEL_ROWS = {"classifier": ("head.weight", "head.bias"), "generator": ("embed_label.weight",)}
"""Weights of each task that have a row for each label."""
CHARACTER_ROWS = {"classifier": ("embed.weight",), "generator": ("embed.weight", "head.weight", "head.bias")}
"""Weights of each task that have a row for each symbol of the vocabulary."""


def base_pipeline(init: str | Path) -> Literal["ascii", "native"]:
    """The text pipeline of the model to start from, as settings name it.

    Raises:
        ModelFolderError: the model cannot be read.
    """
    return "native" if model_folder.read_config(init).pipeline.startswith("native") else "ascii"


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


def adopt_architecture(config: ModelConfig, init: str | Path) -> ModelConfig:
    """The config with the architecture of the model to start from, and with its alphabet before the own characters.

    Args:
        config: of the model to be trained; its labels, text pipeline and rates of dropout stay.
        init: model folder of the same task.

    Raises:
        SettingsError: ``init`` is of the other task.
        ModelFolderError: it cannot be read.
    """
    base = model_folder.read_config(init)
    if base.task != config.task:
        raise SettingsError(f"--init {init}: is a {base.task}, not a {config.task}. Name a {config.task}.")
    dropout = {key: value for key, value in config.architecture.items() if key.endswith("dropout")}
    alphabet = "".join(dict.fromkeys(base.alphabet + config.alphabet))
    return dataclasses.replace(config, architecture=base.architecture | dropout, alphabet=alphabet)


def transfer_weights(model: nn.Module, weights: Weights, base: ModelConfig, config: ModelConfig) -> None:
    """Copy the weights of another model into ``model``, which has its architecture and at least its alphabet.

    Rows of labels are copied for the labels that both have. The embedding of a new label starts at the mean of the old
    ones; its logit weights keep their random values. The rows of a new character start at those of the first
    letter of its transliteration, as é at those of e, or else at the mean of all old characters.

    Args:
        model: of ``config``, on the CPU.
        weights: of ``base``.
        base: of the other model.
        config: of :func:`adopt_architecture`.
    """
    task = "classifier" if isinstance(model, NameClassifier) else "generator"
    labels = [(i, base.labels.index(label)) for i, label in enumerate(config.labels) if label in base.labels]
    for name, tensor in model.state_dict().items():
        old = torch.from_numpy(np.array(weights[name]))
        if name in CHARACTER_ROWS[task]:
            _copy_characters(tensor, old, base.alphabet, config.alphabet)
        elif name in LABEL_ROWS[task]:
            if name.startswith("embed_label"):
                tensor.copy_(old.mean(0).expand_as(tensor))
                tensor[-1] = old[-1]  # the last row stands for any label in both
            for i, j in labels:
                tensor[i] = old[j]
        else:
            tensor.copy_(old)


def _copy_characters(tensor: Tensor, old: Tensor, old_alphabet: str, alphabet: str) -> None:
    """Copy rows of symbols; the alphabet begins with the old one."""
    rows = {character: old[i] for i, character in enumerate(old_alphabet, start=SPECIALS)}
    other = old[SPECIALS:].mean(0) if rows else old[UNKNOWN]
    tensor[: len(old)] = old
    for i, character in enumerate(alphabet[len(old_alphabet) :], start=len(old)):
        tensor[i] = rows.get(to_ascii(character)[:1], other)
