"""Fine-tuning: a model starts from the weights of another one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from charrnn import model_folder
from charrnn.errors import SettingsError
from charrnn.model_folder import ModelConfig, Weights
from charrnn.training.modules import NameClassifier
from charrnn.training.settings import Settings

CLASSIFIER_ROWS = ("head.weight", "head.bias")
GENERATOR_ROWS = ("embed_label.weight",)
"""Weights that have a row for each label."""


def adopt_pipeline(settings: Settings, init: str | Path) -> Settings:
    """The settings, with the text pipeline of the model to start from.

    Raises:
        SettingsError: they name another one.
        ModelFolderError: the model cannot be read.
    """
    pipeline: Literal["ascii", "native"]
    pipeline = "native" if model_folder.read_config(init).pipeline.startswith("native") else "ascii"
    if settings.pipeline == "native" != pipeline:
        raise SettingsError(f"--pipeline native: --init {init} reads names as {pipeline}. Leave one of them out.")
    return dataclasses.replace(settings, pipeline=pipeline)


def adopt_architecture(config: ModelConfig, init: str | Path) -> ModelConfig:
    """The config with the architecture, alphabet and text pipeline of the model to start from.

    Args:
        config: of the model to be trained; its labels and rates of dropout stay.
        init: model folder of the same task.

    Raises:
        SettingsError: ``init`` is of the other task.
        ModelFolderError: it cannot be read.
    """
    base = model_folder.read_config(init)
    if base.task != config.task:
        raise SettingsError(f"--init {init}: is a {base.task}, not a {config.task}. Name a {config.task}.")
    dropout = {key: value for key, value in config.architecture.items() if key.endswith("dropout")}
    return dataclasses.replace(
        config, architecture=base.architecture | dropout, alphabet=base.alphabet, pipeline=base.pipeline
    )


def transfer_weights(model: nn.Module, weights: Weights, old_labels: list[str], new_labels: list[str]) -> None:
    """Copy the weights of another model of the same architecture into ``model``.

    Rows of labels are copied for the labels that both have. The embedding of a new label starts at the mean of the old
    ones; its logit weights keep their random values.
    """
    label_rows = CLASSIFIER_ROWS if isinstance(model, NameClassifier) else GENERATOR_ROWS
    pairs = [(i, old_labels.index(label)) for i, label in enumerate(new_labels) if label in old_labels]
    for name, tensor in model.state_dict().items():
        old = torch.from_numpy(np.array(weights[name]))
        if name not in label_rows:
            tensor.copy_(old)
            continue
        if name.startswith("embed_label"):
            tensor.copy_(old.mean(0).expand_as(tensor))
            tensor[-1] = old[-1]  # the last row stands for any label in both
        for i, j in pairs:
            tensor[i] = old[j]
