"""Flags that several commands share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from charrnn.errors import SettingsError

if TYPE_CHECKING:
    from charrnn.corpus import Corpus
    from charrnn.model_folder import ModelConfig

DATA = "names, tutorial or makemore; a folder of <Label>.txt; a text file; a CSV, TSV, JSONL or Parquet table"


def add_column_flags(command: argparse._ActionsContainer) -> None:
    """Which columns of a table hold names and labels."""
    command.add_argument("--name-column", default="name", metavar="C", help="of a table. Default: name.")
    command.add_argument("--label-column", default="label", metavar="C", help="of a table. Default: label.")


def add_model_flag(command: argparse.ArgumentParser, default: str) -> None:
    """Which model folder to load."""
    command.add_argument(
        "--model", default=default, metavar="DIR", help=f"model folder. Default: the shipped one, {default}."
    )


def load_model(path: str, task: str) -> Any:
    """The model of a folder.

    Raises:
        SettingsError: it is of the other task.
        ModelFolderError: it cannot be read.
    """
    from charrnn.inference import load

    model = load(path)
    if model.config.task != task:
        raise SettingsError(f"--model {path}: is a {model.config.task}; this command needs a {task}.")
    return model


def own_test_split(config: ModelConfig, corpus: Corpus, flag: str, data: str, model: str) -> Corpus:
    """The test split of the data that a model was trained on, found again.

    Raises:
        SettingsError: it is other data.
    """
    from charrnn.corpus.split import split

    told = config.data
    if corpus.fingerprint != told["fingerprint"]:
        raise SettingsError(
            f"{flag}: {data} is not the data that {model} was trained on (fingerprints differ), so its test split is "
            "unknown. Give that data."
        )
    return split(corpus, told["seed"], told["validation_fraction"], told["test_fraction"]).test
