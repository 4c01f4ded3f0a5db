"""The settings of a run: frozen dataclasses whose attribute docs become the help of the command's flags."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import math
import textwrap
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

from charrnn.errors import SettingsError

NO_FLAG = {"flag": False}
"""Metadata of a setting that Python can change and the command line does not show."""


@dataclass(frozen=True)
class Settings:
    """What both tasks have in common.

    Raises:
        SettingsError: a value is out of its range.
    """

    cell: Literal["rnn", "gru", "lstm"] = "gru"
    """Recurrent cell: Elman RNN with tanh, GRU or LSTM."""
    hidden: int = 128
    """Hidden units, in each direction."""
    embedding: int = field(default=64, metadata=NO_FLAG)
    """Size of the character embedding."""
    dropout: float = 0.3
    """Share of units dropped after the embedding and before the output layer."""
    pipeline: Literal["ascii", "native"] = "ascii"
    """Text: written in ASCII, or with the diacritics and scripts that the names have."""
    epochs: int = 40
    """Most epochs to train."""
    batch_size: int = 128
    """Names in a batch, over all devices and processes together."""
    learning_rate: float = 2e-3
    """First learning rate of AdamW under plateau, the highest under one-cycle."""
    weight_decay: float = 0.01
    """AdamW's decay of matrices; biases and embeddings are spared."""
    label_smoothing: float = field(default=0.0, metadata=NO_FLAG)
    """Share of each target that is spread over all classes."""
    ema: float = 0.0
    """Decay of the moving average of the weights that is validated and kept; 0 keeps the weights themselves."""
    clip: float = field(default=1.0, metadata=NO_FLAG)
    """Largest norm of the gradient; a longer one is scaled down."""
    schedule: Literal["plateau", "one-cycle"] = "plateau"
    """Learning rate: cut where validation stops improving, or up and down once over all epochs."""
    lr_factor: float = 0.4
    """What plateau multiplies the learning rate by."""
    lr_patience: int = 1
    """Epochs without improvement before plateau cuts the learning rate."""
    lr_threshold: float = 1e-4
    """Relative change of the validation loss that plateau counts as an improvement."""
    lr_min: float = 0.0
    """Learning rate that plateau does not go below."""
    patience: int = 5
    """Epochs without improvement before stopping; 0 never stops."""
    refit: bool = field(default=False, metadata=NO_FLAG)
    """Train once more, on training and validation names together, as long as validation found best."""
    save_every: int = field(default=500, metadata=NO_FLAG)
    """Steps between two saved states; one is saved after each epoch, too."""
    seed: int = 0
    """Seed of the split, the initial weights, the order of batches and dropout."""
    device: str = "auto"
    """auto takes CUDA, then MPS, then the CPU; or a torch device such as cpu or cuda:1."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Precision of the forward pass; fp16 needs CUDA and scales the loss."""
    parallel: Literal["auto", "none", "dp", "ddp"] = "auto"
    """Over several GPUs: dp in one process, ddp under torchrun. auto takes ddp under torchrun, else dp if it can."""
    validation_fraction: float = 0.1
    """Share of the names that steers training: learning rate, stopping, best epoch."""
    test_fraction: float = 0.1
    """Share of the names for the final score; 0 keeps every name for training and validation."""

    def __post_init__(self) -> None:
        for name in ("hidden", "embedding", "epochs", "batch_size", "save_every"):
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in ("lr_patience", "patience", "weight_decay", "lr_threshold", "lr_min"):
            self._require(name, getattr(self, name) >= 0, "at least 0")
        for name in ("learning_rate", "clip"):
            self._require(name, getattr(self, name) > 0, "above 0")
        for name in ("dropout", "label_smoothing", "ema", "test_fraction"):
            self._require(name, 0 <= getattr(self, name) < 1, "at least 0 and below 1")
        self._require("lr_factor", 0 < self.lr_factor < 1, "between 0 and 1")
        self._require("seed", 0 <= self.seed < 2**63, "from 0 to 2^63 - 1")
        self._require("validation_fraction", 0 < self.validation_fraction < 1, "above 0 and below 1")

    def _require(self, name: str, holds: bool, what: str) -> None:
        value = getattr(self, name)
        if not holds or (isinstance(value, float) and not math.isfinite(value)):
            raise SettingsError(f"--{name.replace('_', '-')} {value}: must be {what}.")

    def architecture(self) -> dict[str, Any]:
        """The arguments of the module that these settings ask for, without vocabulary and label sizes."""
        return {"cell": self.cell, "hidden": self.hidden, "embedding": self.embedding, "dropout": self.dropout}


@dataclass(frozen=True)
class ClassifierSettings(Settings):
    """Settings of ``python -m charrnn.train classifier``."""

    hidden: int = 96
    """Hidden units, in each direction."""
    embedding: int = field(default=32, metadata=NO_FLAG)
    """Size of the character embedding."""
    char_dropout: float = field(default=0.1, metadata=NO_FLAG)
    """Share of characters that are made unknown in training; none where ``dropout`` is 0."""
    refit: bool = field(default=True, metadata=NO_FLAG)
    """Train once more, on training and validation names together, as long as validation found best."""
    bidirectional: bool = field(default=True, metadata=NO_FLAG)
    """Read names in both directions."""
    pooling: Literal["last", "mean", "max"] = field(default="mean", metadata=NO_FLAG)
    """How the states of a name become one vector: the last one, their mean, or their maximum."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("char_dropout", 0 <= self.char_dropout < 1, "at least 0 and below 1")

    def architecture(self) -> dict[str, Any]:
        """See :meth:`Settings.architecture`."""
        return super().architecture() | {
            "char_dropout": self.char_dropout if self.dropout else 0.0,
            "bidirectional": self.bidirectional,
            "pooling": self.pooling,
        }


@dataclass(frozen=True)
class GeneratorSettings(Settings):
    """Settings of ``python -m charrnn.train generator``."""

    hidden: int = 192
    """Hidden units."""
    dropout: float = 0.3
    """Share of units dropped before the output layer."""
    label_embedding: int = field(default=32, metadata=NO_FLAG)
    """Size of the label embedding."""
    label_dropout: float = field(default=0.1, metadata=NO_FLAG)
    """Share of names whose label is left out in training, which teaches the model names of any label."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("label_dropout", 0 <= self.label_dropout < 1, "at least 0 and below 1")
        self._require("label_embedding", self.label_embedding >= 1, "at least 1")

    def architecture(self) -> dict[str, Any]:
        """See :meth:`Settings.architecture`."""
        return super().architecture() | {
            "label_embedding": self.label_embedding,
            "label_dropout": self.label_dropout,
        }


SETTINGS: dict[str, type[Settings]] = {"classifier": ClassifierSettings, "generator": GeneratorSettings}


GROUPS = {
    "model": "cell",
    "optimisation": "epochs",
    "schedule": "schedule",
    "machine": "seed",
    "split": "validation_fraction",
}
"""Groups of flags in ``--help``, each with the setting that it begins with."""


def add_flags(parser: argparse.ArgumentParser, settings: type[Settings]) -> None:
    """Give the parser one flag for each setting that has one, with its type, choices, default and doc, in groups."""
    hints = typing.get_type_hints(settings)
    docs = _attribute_docs(settings)
    begins = {first: group for group, first in GROUPS.items()}
    group = parser.add_argument_group("model")
    for setting in dataclasses.fields(settings):
        if setting.name in begins and setting.name != "cell":
            group = parser.add_argument_group(begins[setting.name])
        if not setting.metadata.get("flag", True):
            continue
        flag = "--" + setting.name.replace("_", "-")
        kind: Any = hints[setting.name]
        help_text = f"{docs[setting.name]} Default: {setting.default}."
        if typing.get_origin(kind) is Literal:
            group.add_argument(flag, choices=typing.get_args(kind), default=setting.default, help=help_text)
        else:
            group.add_argument(flag, type=kind, default=setting.default, metavar=kind.__name__, help=help_text)


def from_flags(settings: type[Settings], flags: argparse.Namespace) -> Settings:
    """The settings that the parsed flags describe.

    Raises:
        SettingsError: a value is out of its range.
    """
    names = [setting.name for setting in dataclasses.fields(settings) if hasattr(flags, setting.name)]
    return settings(**{name: getattr(flags, name) for name in names})


def _attribute_docs(settings: type) -> dict[str, str]:
    docs: dict[str, str] = {}
    for cls in reversed(settings.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
        assert isinstance(body, ast.ClassDef)
        for node, after in zip(body.body, body.body[1:], strict=False):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
                docs[node.target.id] = ast.literal_eval(after.value)
    return docs
