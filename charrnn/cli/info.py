"""``charrnn info``: what a model folder holds."""

from __future__ import annotations

import argparse
from typing import Any


def add_command(commands: Any) -> None:
    """Add the command to the subparsers."""
    command = commands.add_parser("info", help="what a model folder holds")
    command.add_argument("model", metavar="MODEL", help="model folder, or names/classifier, names/generator")
    command.set_defaults(execute=execute)


def execute(flags: argparse.Namespace) -> int:
    """Print task, labels, alphabet, data, scores, size and hash."""
    from charrnn import model_folder
    from charrnn.inference import locate
    from charrnn.text import RARE_LETTERS, printable

    folder = locate(flags.model)
    config, weights = model_folder.read(folder)
    architecture = ", ".join(f"{key} {value}" for key, value in config.architecture.items())
    parameters = sum(array.size for array in weights.values())
    data = config.data
    rare = [script.script for symbol, script in RARE_LETTERS.items() if symbol in config.alphabet]
    written = "".join(c for c in config.alphabet if c not in RARE_LETTERS)
    sizes = ", ".join(f"{data[side]:,} {side}" for side in ("train", "validation", "test"))
    lines = {
        "task": config.task,
        "architecture": f"{architecture}; {parameters:,} parameters",
        "labels": f"{len(config.labels)}: {', '.join(config.labels)}",
        "alphabet": f"{len(config.alphabet)}: {written}" + (f"; rare letters of {', '.join(rare)}" if rare else ""),
        "kinds": ", ".join(config.kinds) or "none",
        "families": "known" if config.families else "not known",
        "text": config.pipeline,
        "data": f"{data['source']}, {data['names']:,} names, fingerprint {data['fingerprint'][:16]}",
        "split": f"{sizes}; seed {data['seed']}",
        "size": f"{model_folder.path_of(folder, model_folder.WEIGHTS).stat().st_size / 1e6:.2f} MB",
        "sha256": config.weights_sha256,
    }
    if folds := data.get("folds"):
        lines["split"] = f"cross-validated in {folds} parts, trained on all; seed {data['seed']}"
    for who, scores in config.metrics.items():
        lines[f"test, {who}"] = ", ".join(
            f"{key} {value:,}" if isinstance(value, int) else f"{key} {value:.3f}" for key, value in scores.items()
        )
    for key, value in lines.items():
        print(printable(f"{key:<14} {value}"))
    return 0
