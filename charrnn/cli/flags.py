"""Flags that several commands share."""

from __future__ import annotations

import argparse

DATA = "names, tutorial or makemore; a folder of <Label>.txt; a text file; a CSV, TSV, JSONL or Parquet table"


def add_column_flags(command: argparse._ActionsContainer) -> None:
    """Which columns of a table hold names and labels."""
    command.add_argument("--name-column", default="name", metavar="C", help="of a table. Default: name.")
    command.add_argument("--label-column", default="label", metavar="C", help="of a table. Default: label.")
