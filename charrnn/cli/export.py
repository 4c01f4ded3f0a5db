"""``charrnn export``: write a model as an ONNX graph."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from charrnn.cli.flags import DATA, add_column_flags, check_out, read_corpus, read_test_split
from charrnn.errors import SettingsError

SHOWN = ("accuracy", "macro_f1", "nll", "ece", "nats_per_char")
"""Scores that are printed before and after quantisation."""


def add_command(commands: Any) -> None:
    """Add the command to the subparsers."""
    command = commands.add_parser("export", help="write a model as an ONNX graph")
    command.add_argument("--model", required=True, metavar="DIR", help="model folder, or a shipped model")
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="absent or empty; gets model.onnx and config.json"
    )
    command.add_argument("--int8", action="store_true", help="weights of an LSTM as 8-bit integers; needs --data")
    command.add_argument(
        "--data",
        metavar="NAME|PATH",
        help=f"what the model was trained on; its test split shows what --int8 costs: {DATA}",
    )
    add_column_flags(command)
    command.set_defaults(execute=execute)


def execute(flags: argparse.Namespace) -> int:
    """Write the graph; with ``--int8``, print the scores before and after."""
    from charrnn.inference import load, locate
    from charrnn.inference.evaluation import evaluate, unlisted
    from charrnn.onnx.export import export, quantise, require_int8

    check_out(flags.out)
    if flags.int8 != (flags.data is not None):
        raise SettingsError("--int8 and --data: go together; what is lost is measured on the data's test split.")
    folder, model = locate(flags.model), load(flags.model)
    if not flags.int8:
        path = export(folder, flags.out)
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
        return 0
    from charrnn.onnx.runtime import load_graph

    require_int8(model.config.architecture["cell"])
    corpus = read_corpus(flags, flags.data, model.config.pipeline)
    test = read_test_split(model.config, corpus, "--data", flags.data, flags.model)
    path = export(folder, flags.out)
    before = evaluate(unlisted(model), test)
    # ONNX Runtime's advice is about other kinds of networks.
    logging.getLogger().setLevel(logging.ERROR)
    quantise(path)
    after = evaluate(unlisted(load_graph(folder, path)), test)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB; on the {after.get('n', after.get('names')):,} test names")
    for key in SHOWN:
        if key in before:
            print(f"{key:<14} {before[key]:.4f} as float, {after[key]:.4f} as int8")
    return 0
