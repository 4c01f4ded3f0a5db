"""Fine-tuning: a new model begins with the weights of another one."""

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
from charrnn.training import modules
from charrnn.training.settings import Settings

LABELLED = ("head.weight", "head.bias"), ("embed_label.weight",)


def as_initialised(settings: Settings, init: str | Path) -> Settings:
    """The settings with the text pipeline of the model to start from.

    Raises:
        SettingsError: they ask for another one.
        ModelFolderError: the model cannot be read.
    """
    pipeline: Literal["ascii", "native"]
    pipeline = "native" if model_folder.read_config(init).pipeline.startswith("native") else "ascii"
    if settings.pipeline == "native" != pipeline:
        raise SettingsError(f"--pipeline native: --init {init} reads names as {pipeline}. Leave one of them out.")
    return dataclasses.replace(settings, pipeline=pipeline)


def inherited(config: ModelConfig, init: str | Path) -> ModelConfig:
    """The config with the architecture, alphabet and pipeline of another model.

    Args:
        config: of the model to be trained; its labels and its kinds of dropout stay.
        init: model folder of the same task.

    Raises:
        SettingsError: ``init`` is of the other task.
        ModelFolderError: it cannot be read.
    """
    base = model_folder.read_config(init)
    if base.task != config.task:
        raise SettingsError(f"--init {init}: is a {base.task}, not a {config.task}. Name a {config.task}.")
    own = {key: value for key, value in config.architecture.items() if key.endswith("dropout")}
    return dataclasses.replace(
        config, architecture=base.architecture | own, alphabet=base.alphabet, pipeline=base.pipeline
    )


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
            # The last row stands for any label, in both.
            tensor.copy_(old.mean(0).expand_as(tensor))
            tensor[-1] = old[-1]
        for i, j in pairs:
            tensor[i] = old[j]
