"""``charrnn evaluate``: score a model on labelled names."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from charrnn.cli.flags import DATA, add_column_flags, add_prior_flag, read_corpus, read_test_split
from charrnn.errors import InputError

if TYPE_CHECKING:
    from charrnn.inference import Classifier, Generator


def add_command(commands: Any) -> None:
    """Add the command to the subparsers."""
    command = commands.add_parser("evaluate", help="score a model on labelled names")
    command.add_argument("--model", required=True, metavar="DIR", help="model folder, or a shipped model")
    command.add_argument("--data", required=True, metavar="NAME|PATH", help=DATA)
    add_column_flags(command)
    command.add_argument("--exclude", metavar="CORPUS", help="leave out the names of this corpus")
    add_prior_flag(command)
    command.add_argument(
        "--split", choices=["all", "test"], default="all", help="test: the model's own test split. Default: all."
    )
    command.add_argument("--format", choices=["table", "json"], default="table")
    command.set_defaults(execute=execute)


def execute(flags: argparse.Namespace) -> int:
    """Print the scores."""
    from charrnn.inference import load
    from charrnn.inference.evaluation import evaluate, unlisted

    model = load(flags.model)
    corpus = read_corpus(flags, flags.data, model.config.pipeline)
    if flags.split == "test" and not model.config.data["test"]:
        why = "it was cross-validated" if model.config.data.get("folds") else "it was trained with --test-fraction 0"
        raise InputError(f"--split test: {flags.model} has no test names ({why}). Leave --split out, or score others.")
    if flags.split == "test":
        # Splits group by name: dropping repeats first or afterwards gives the same sides.
        corpus = read_test_split(model.config, corpus, "--split test", flags.data, flags.model)
        model = unlisted(model)
    if flags.exclude:
        corpus = corpus.without(read_corpus(flags, flags.exclude, model.config.pipeline, with_kinds=False).keys)
    scores = evaluate(model, corpus, flags.prior)
    distinct = list(dict.fromkeys(corpus.names))
    if flags.split != "test" and (known := _count_listed(model, distinct)):
        told = f"{known:,} of {len(distinct):,} names are in the list that the model learned from"
        print(f"charrnn: {told}; of new names it knows less. --exclude leaves a list out.", file=sys.stderr)
    if flags.format == "json":
        print(json.dumps(scores))
    else:
        for key, value in scores.items():
            print(f"{key:<18} {value:,}" if isinstance(value, int) else f"{key:<18} {value:.4f}")
    return 0


def _count_listed(model: Classifier | Generator, names: list[str]) -> int:
    """How many names are in the list that the model learned from; 0 where it keeps none."""
    from charrnn.inference import Classifier

    return sum(map(bool, model.listed(names)) if isinstance(model, Classifier) else map(model.knows, names))
