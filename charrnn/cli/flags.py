"""Flags that several commands share."""

from __future__ import annotations

import argparse
from typing import Any

from charrnn.errors import SettingsError

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
