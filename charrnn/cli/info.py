"""``charrnn info``: what a model folder holds."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

MOST_SHOWN = 200
"""Characters of an alphabet."""


def add_command(commands: Any) -> None:
    """Add the command to the subparsers."""
    command = commands.add_parser("info", help="what a model folder holds")
    command.add_argument("model", metavar="MODEL", help="model folder, or names/classifier, names/generator")
    command.set_defaults(execute=execute)


def execute(flags: argparse.Namespace) -> int:
    """Print task, labels, alphabet, data, scores, size and hash."""
    from charrnn import model_folder
    from charrnn.inference import locate
    from charrnn.text import printable

    folder = locate(flags.model)
    config, weights = model_folder.read(folder)
    architecture = ", ".join(f"{key} {value}" for key, value in config.architecture.items())
    parameters = sum(array.size for array in weights.values())
    data = config.data
    sizes = ", ".join(f"{data[side]:,} {side}" for side in ("train", "validation", "test"))
    lines = {
        "task": config.task,
        "architecture": f"{architecture}; {parameters:,} parameters",
        "labels": f"{len(config.labels)}: {', '.join(config.labels)}",
        "alphabet": f"{len(config.alphabet):,}: {_alphabet(config.alphabet)}",
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


def _alphabet(alphabet: str) -> str:
    """The characters; of a long alphabet, how many there are of each script."""
    from charrnn.text import RARE_LETTERS, unicode_script

    rare = [script.script for symbol, script in RARE_LETTERS.items() if symbol in alphabet]
    written = [c for c in alphabet if c not in RARE_LETTERS]
    counts = Counter(map(unicode_script, written))
    shown = ", ".join(f"{script} {count}" for script, count in counts.most_common())
    told = "".join(written) if len(written) <= MOST_SHOWN else shown
    return f"{told}; rare letters of {', '.join(rare)}" if rare else told
