"""The settings of a training run: frozen dataclasses that carry their help and become the flags of the command."""

from __future__ import annotations

import argparse
import dataclasses
import math
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

from charrnn.arguments import boolean, choice, integer, number, text
from charrnn.errors import SettingsError

SHORT_LIST = 2_000
"""Distinct names below which a list is cross-validated."""
MEMORY_WEIGHT = 2.25
"""What a list says of its names, in nats: fitted where two sources hold the same names (``benchmarks/memory.py``)."""


@dataclass(frozen=True)
class Settings:
    """Settings of both tasks. Metadata: ``help`` of the flag; ``flag``, if False, leaves a setting to Python alone.

    Raises:
        SettingsError: a value is out of its range, or of another type.
    """

    cell: Literal["rnn", "gru", "lstm"] = field(
        default="gru", metadata={"help": "Recurrent cell: Elman RNN with tanh, GRU or LSTM."}
    )
    hidden: int = field(default=128, metadata={"help": "Hidden units, in each direction."})
    embedding: int = field(default=64, metadata={"help": "Size of the character embedding.", "flag": False})
    dropout: float = field(
        default=0.3, metadata={"help": "Share of units dropped after the embedding and before the output layer."}
    )
    pipeline: Literal["ascii", "latin", "native"] = field(
        default="ascii",
        metadata={
            "help": "Text: written in ASCII, in Latin letters with their marks, or with the marks and scripts that the "
            "names have. Left out, --init brings that of its model."
        },
    )
    epochs: int = field(default=40, metadata={"help": "Most epochs to train."})
    batch_size: int = field(
        default=128, metadata={"help": "Names in a batch, over all devices and processes together."}
    )
    learning_rate: float = field(
        default=2e-3,
        metadata={"help": "First learning rate of AdamW under plateau, the highest under one-cycle."},
    )
    weight_decay: float = field(
        default=0.01, metadata={"help": "AdamW's decay of matrices; biases and embeddings are not decayed."}
    )
    label_smoothing: float = field(
        default=0.0, metadata={"help": "Share of each target that is spread over all classes.", "flag": False}
    )
    ema: float = field(
        default=0.0,
        metadata={
            "help": "Decay of a moving average of the weights, which is then validated and written in their place; "
            "0 averages nothing."
        },
    )
    clip: float = field(
        default=1.0, metadata={"help": "Largest norm of the gradient; a longer one is scaled down.", "flag": False}
    )
    schedule: Literal["plateau", "one-cycle"] = field(
        default="plateau",
        metadata={"help": "Learning rate: cut where validation stops improving, or up and down once over all epochs."},
    )
    lr_factor: float = field(default=0.4, metadata={"help": "Factor of a cut under plateau."})
    lr_patience: int = field(
        default=1, metadata={"help": "Epochs without improvement before plateau cuts the learning rate."}
    )
    lr_threshold: float = field(
        default=1e-4,
        metadata={"help": "Relative change of the validation loss that plateau counts as an improvement."},
    )
    lr_min: float = field(default=0.0, metadata={"help": "Lowest learning rate under plateau."})
    patience: int = field(default=5, metadata={"help": "Epochs without improvement before stopping; 0 never stops."})
    refit: bool = field(
        default=True,
        metadata={
            "help": "Train once more, on training and validation names together, for the best number of epochs.",
            "flag": False,
        },
    )
    save_every: int = field(
        default=500,
        metadata={"help": "Steps between two saved states; one is saved after each epoch, too.", "flag": False},
    )
    seed: int = field(
        default=0, metadata={"help": "Seed of the split, the initial weights, the order of batches and dropout."}
    )
    device: str = field(
        default="auto",
        metadata={"help": "auto takes CUDA, then MPS, then the CPU; or a torch device such as cpu or cuda:1."},
    )
    precision: Literal["fp32", "bf16", "fp16"] = field(
        default="fp32", metadata={"help": "Precision of the forward pass; fp16 needs CUDA and scales the loss."}
    )
    parallel: Literal["auto", "none", "dp", "ddp"] = field(
        default="auto",
        metadata={
            "help": "Over several GPUs: dp in one process, ddp under torchrun. auto takes ddp under torchrun, else dp "
            "if it can."
        },
    )
    validation_fraction: float = field(
        default=0.1,
        metadata={
            "help": "Share of the names for validation: learning rate, stopping, best epoch, calibration and the "
            "thresholds of label sets."
        },
    )
    test_fraction: float = field(
        default=0.1,
        metadata={"help": "Share of the names for the final score; 0 keeps every name for training and validation."},
    )

    folds: int = field(
        default=5,
        metadata={
            "help": f"A list of fewer than {SHORT_LIST:,} names is trained on as a whole, under one-cycle, and scored "
            "and calibrated by cross-validation in so many parts; 0 splits it once, as longer lists are."
        },
    )

    def __post_init__(self) -> None:
        for name, kind in typing.get_type_hints(type(self)).items():
            self._check_type(name, kind)
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
        self._require("folds", self.folds == 0 or self.folds >= 2, "0 or at least 2")
        self._require("validation_fraction", 0 < self.validation_fraction < 1, "above 0 and below 1")

    def _check_type(self, name: str, kind: Any) -> None:
        flag, value = f"--{name.replace('_', '-')}", getattr(self, name)
        if typing.get_origin(kind) is Literal:
            value = choice(flag, value, typing.get_args(kind))
        elif kind is int:
            value = integer(flag, value, "a whole number", -(2**63), 2**63 - 1)
        elif kind is float:
            value = number(flag, value, "a finite number", -math.inf)
        elif kind is bool:
            value = boolean(flag, value)
        else:
            text(flag, value)
        object.__setattr__(self, name, value)

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise SettingsError(f"--{name.replace('_', '-')} {getattr(self, name)}: must be {what}.")

    def architecture(self) -> dict[str, Any]:
        """The arguments of the network that these settings give, without vocabulary and label sizes."""
        return {"cell": self.cell, "hidden": self.hidden, "embedding": self.embedding, "dropout": self.dropout}


@dataclass(frozen=True)
class ClassifierSettings(Settings):
    """Settings of ``python -m charrnn.train classifier``."""

    pipeline: Literal["folded", "ascii", "native"] = field(  # type: ignore[assignment]
        default="folded",
        metadata={
            "help": "Text, in folded case: Latin letters without their marks, other scripts as they are; all in ASCII; "
            "or with the marks and scripts that the names have. Left out, --init brings that of its model."
        },
    )
    hidden: int = field(default=96, metadata={"help": "Hidden units, in each direction."})
    embedding: int = field(default=32, metadata={"help": "Size of the character embedding.", "flag": False})
    char_dropout: float = field(
        default=0.1,
        metadata={
            "help": "Share of characters that become unknown in training; none where dropout is 0.",
            "flag": False,
        },
    )
    memory_weight: float = field(
        default=MEMORY_WEIGHT,
        metadata={"help": "Nats that a label gains where the list has exactly this name under it."},
    )
    bidirectional: bool = field(default=True, metadata={"help": "Read names in both directions.", "flag": False})
    pooling: Literal["last", "mean", "max", "mean-last"] = field(
        default="mean-last",
        metadata={
            "help": "How the states of a name become one vector: the last one, their mean, their maximum, or mean and "
            "last one together.",
            "flag": False,
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("memory_weight", 0 <= self.memory_weight < math.inf, "at least 0 and finite")
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

    hidden: int = field(default=192, metadata={"help": "Hidden units."})
    dropout: float = field(default=0.3, metadata={"help": "Share of units dropped before the output layer."})
    label_embedding: int = field(default=32, metadata={"help": "Size of the label embedding.", "flag": False})
    label_dropout: float = field(
        default=0.1,
        metadata={
            "help": "Share of training names shown without their label, which trains the label that stands for any.",
            "flag": False,
        },
    )

    kind_dropout: float = field(
        default=0.2,
        metadata={
            "help": "Share of training names shown without their kind, which trains the kind that stands for any.",
            "flag": False,
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("label_dropout", "kind_dropout"):
            self._require(name, 0 <= getattr(self, name) < 1, "at least 0 and below 1")
        self._require("label_embedding", self.label_embedding >= 1, "at least 1")

    def architecture(self) -> dict[str, Any]:
        """See :meth:`Settings.architecture`."""
        return super().architecture() | {
            "label_embedding": self.label_embedding,
            "label_dropout": self.label_dropout,
            "kind_dropout": self.kind_dropout,
        }


SETTINGS: dict[str, type[Settings]] = {"classifier": ClassifierSettings, "generator": GeneratorSettings}


GROUPS = {
    "cell": "model",
    "epochs": "optimisation",
    "schedule": "schedule",
    "seed": "machine",
    "validation_fraction": "split",
}
"""Groups of flags in ``--help``, by the setting that begins each of them."""


def add_flags(parser: argparse.ArgumentParser, settings: type[Settings]) -> None:
    """Give the parser one flag for each setting that has one, with its type, choices, default and help, in groups."""
    hints = typing.get_type_hints(settings)
    group: argparse._ActionsContainer = parser
    for setting in dataclasses.fields(settings):
        if setting.name in GROUPS:
            group = parser.add_argument_group(GROUPS[setting.name])
        if not setting.metadata.get("flag", True):
            continue
        flag = "--" + setting.name.replace("_", "-")
        kind: Any = hints[setting.name]
        help_text = f"{setting.metadata['help']} Default: {setting.default}."
        if typing.get_origin(kind) is Literal:
            group.add_argument(flag, choices=typing.get_args(kind), default=setting.default, help=help_text)
        else:
            group.add_argument(flag, type=kind, default=setting.default, metavar=kind.__name__, help=help_text)


def from_flags(settings: type[Settings], flags: argparse.Namespace) -> Settings:
    """The settings that the parsed flags describe; a flag that is None leaves the setting's default.

    Raises:
        SettingsError: a value is out of its range.
    """
    names = [setting.name for setting in dataclasses.fields(settings) if getattr(flags, setting.name, None) is not None]
    return settings(**{name: getattr(flags, name) for name in names})
