"""``charrnn corpus audit``, ``fetch``, ``split``: names before training."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from charrnn.cli.flags import DATA, add_column_flags, check_out, read_corpus


def add_command(commands: Any) -> None:
    """Add the command and its actions to the subparsers."""
    command = commands.add_parser("corpus", help="examine names before training, split them, download some")
    actions = command.add_subparsers(metavar="ACTION", required=True)

    audit = actions.add_parser("audit", help="what a list holds, what is wrong with it, what to do next")
    audit.add_argument("data", metavar="NAME|PATH", help=DATA)
    add_column_flags(audit)
    audit.add_argument("--format", choices=["text", "json"], default="text")
    audit.add_argument("--plot", type=Path, metavar="FILE.png", help="also plot names per label and lengths")
    audit.set_defaults(execute=execute_audit)

    fetch = actions.add_parser("fetch", help="download a corpus once, hashes checked")
    fetch.add_argument("name", metavar="tutorial|makemore")
    fetch.set_defaults(execute=execute_fetch)

    split = actions.add_parser("split", help="write training, validation and test names that share no name")
    split.add_argument("data", metavar="NAME|PATH", help=DATA)
    add_column_flags(split)
    split.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="absent or empty; gets train/, validation/, test/"
    )
    split.add_argument("--seed", type=int, default=0, metavar="S", help="of the order of names. Default: 0.")
    split.add_argument(
        "--validation-fraction", type=float, default=0.1, metavar="F", help="share of the names. Default: 0.1."
    )
    split.add_argument(
        "--test-fraction", type=float, default=0.1, metavar="F", help="share of the names. Default: 0.1."
    )
    split.add_argument(
        "--pipeline",
        choices=["ascii", "folded", "latin", "native"],
        default="ascii",
        help="of the model that the names are for: folded and native keep every script. Default: ascii.",
    )
    split.set_defaults(execute=execute_split)


def execute_audit(flags: argparse.Namespace) -> int:
    """Print what is in a list and what is wrong with it."""
    from charrnn.corpus.audit import as_text, audit
    from charrnn.text import printable_json, printable_table

    corpus = read_corpus(flags, flags.data, "native")
    if flags.plot:
        from charrnn.corpus.plot import plot

        plot(corpus, flags.plot)
    report = audit(corpus)
    if flags.format == "json":
        print(printable_json(json.dumps(report, ensure_ascii=False)))
    else:
        print(printable_table(as_text(report)))
    return 0


def execute_fetch(flags: argparse.Namespace) -> int:
    """Download a corpus and print where it lies."""
    from charrnn.corpus.fetch import fetch

    print(fetch(flags.name))
    return 0


def execute_split(flags: argparse.Namespace) -> int:
    """Write three folders of names and print their sizes."""
    from charrnn.corpus.split import split, write_split

    check_out(flags.out)
    corpus = read_corpus(flags, flags.data, flags.pipeline)
    splits = split(corpus, flags.seed, flags.validation_fraction, flags.test_fraction)
    write_split(splits, flags.out)
    for reason, count in sorted(corpus.dropped.items()):
        remedy = "; --pipeline native keeps them" if reason == "unsupported-script" else ""
        print(f"left out: {count:,} rows ({reason}){remedy}", file=sys.stderr)
    for side, names in splits._asdict().items():
        print(f"{side:<12} {len(names):>9,} names   {flags.out / side}")
    return 0
