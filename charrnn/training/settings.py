"""The settings of a run: frozen dataclasses whose attribute docs become the help of the command's flags."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import math
import textwrap
import typing
from dataclasses import dataclass
from typing import Any, Literal

from charrnn.errors import SettingsError


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
    embedding: int = 64
    """Size of the character embedding."""
    dropout: float = 0.3
    """Share of units dropped after the embedding and before the output layer."""
    epochs: int = 40
    """Most epochs to train."""
    batch_size: int = 128
    """Names in a batch, over all devices together."""
    learning_rate: float = 2e-3
    """First learning rate of AdamW."""
    weight_decay: float = 0.01
    """AdamW's decay of matrices; biases and embeddings are spared."""
    clip: float = 1.0
    """Largest norm of the gradient; a longer one is scaled down."""
    lr_factor: float = 0.4
    """What ReduceLROnPlateau multiplies the learning rate by."""
    lr_patience: int = 1
    """Epochs without improvement before the learning rate is cut."""
    patience: int = 5
    """Epochs without improvement before stopping; 0 never stops."""
    seed: int = 0
    """Seed of the split, the initial weights, the order of batches and dropout."""
    device: str = "auto"
    """auto takes CUDA, then MPS, then the CPU; or a torch device such as cpu or cuda:1."""
    validation_fraction: float = 0.1
    """Share of the names that steers training: learning rate, stopping, best epoch."""
    test_fraction: float = 0.1
    """Share of the names for the final score; 0 keeps every name for training and validation."""

    def __post_init__(self) -> None:
        for name in ("hidden", "embedding", "epochs", "batch_size"):
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in ("lr_patience", "patience", "weight_decay"):
            self._require(name, getattr(self, name) >= 0, "at least 0")
        for name in ("learning_rate", "clip"):
            self._require(name, getattr(self, name) > 0, "above 0")
        self._require("dropout", 0 <= self.dropout < 1, "at least 0 and below 1")
        self._require("lr_factor", 0 < self.lr_factor < 1, "between 0 and 1")
        self._require("seed", 0 <= self.seed < 2**63, "from 0 to 2^63 - 1")
        self._require("validation_fraction", 0 < self.validation_fraction < 1, "above 0 and below 1")
        self._require("test_fraction", 0 <= self.test_fraction < 1, "at least 0 and below 1")

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

    bidirectional: bool = True
    """Read names in both directions."""
    pooling: Literal["last", "mean", "max"] = "max"
    """How the states of a name become one vector: the last one, their mean, or their maximum."""

    def architecture(self) -> dict[str, Any]:
        """See :meth:`Settings.architecture`."""
        return super().architecture() | {"bidirectional": self.bidirectional, "pooling": self.pooling}


@dataclass(frozen=True)
class GeneratorSettings(Settings):
    """Settings of ``python -m charrnn.train generator``."""

    hidden: int = 192
    """Hidden units."""
    label_embedding: int = 32
    """Size of the label embedding."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("label_embedding", self.label_embedding >= 1, "at least 1")

    def architecture(self) -> dict[str, Any]:
        """See :meth:`Settings.architecture`."""
        return super().architecture() | {"label_embedding": self.label_embedding}


SETTINGS: dict[str, type[Settings]] = {"classifier": ClassifierSettings, "generator": GeneratorSettings}


def add_flags(parser: argparse.ArgumentParser, settings: type[Settings]) -> None:
    """Give the parser one flag for each field, with its type, choices, default and doc."""
    hints = typing.get_type_hints(settings)
    docs = _attribute_docs(settings)
    for field in dataclasses.fields(settings):
        flag = "--" + field.name.replace("_", "-")
        kind: Any = hints[field.name]
        help_text = f"{docs[field.name]} Default: {field.default}."
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default, help=help_text)
        elif typing.get_origin(kind) is Literal:
            parser.add_argument(flag, choices=typing.get_args(kind), default=field.default, help=help_text)
        else:
            parser.add_argument(flag, type=kind, default=field.default, metavar=kind.__name__, help=help_text)


def from_flags(settings: type[Settings], flags: argparse.Namespace) -> Settings:
    """The settings that the parsed flags describe.

    Raises:
        SettingsError: a value is out of its range.
    """
    return settings(**{field.name: getattr(flags, field.name) for field in dataclasses.fields(settings)})


def _attribute_docs(settings: type) -> dict[str, str]:
    docs: dict[str, str] = {}
    for cls in reversed(settings.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
        assert isinstance(body, ast.ClassDef)
        for node, after in zip(body.body, body.body[1:], strict=False):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
                docs[node.target.id] = ast.literal_eval(after.value)
    return docs
