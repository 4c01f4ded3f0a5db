"""``charrnn corpus audit``, ``fetch``, ``split``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from charrnn.cli.flags import DATA, add_column_flags
from charrnn.errors import SettingsError


def add_commands(commands: Any) -> None:
    """Add this module's commands to the subparsers."""
    corpus = commands.add_parser("corpus", help="look at names before training, split them, download some")
    actions = corpus.add_subparsers(metavar="ACTION", required=True)

    audit = actions.add_parser("audit", help="the data doctor: what is in a list, what is wrong, what to do next")
    audit.add_argument("data", metavar="NAME|PATH", help=DATA)
    add_column_flags(audit)
    audit.add_argument("--format", choices=["text", "json"], default="text")
    audit.add_argument("--plot", type=Path, metavar="FILE.png", help="also draw names per label and lengths")
    audit.set_defaults(run=run_audit)

    fetch = actions.add_parser("fetch", help="download a corpus once, hashes checked")
    fetch.add_argument("name", metavar="tutorial|makemore")
    fetch.set_defaults(run=run_fetch)

    split = actions.add_parser("split", help="write training, validation and test parts that share no name")
    split.add_argument("data", metavar="NAME|PATH", help=DATA)
    add_column_flags(split)
    split.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="absent or empty; train/, validation/, test/"
    )
    split.add_argument("--seed", type=int, default=0, metavar="S", help="Default: 0.")
    split.add_argument("--validation-fraction", type=float, default=0.1, metavar="F", help="Default: 0.1.")
    split.add_argument("--test-fraction", type=float, default=0.1, metavar="F", help="Default: 0.1.")
    split.set_defaults(run=run_split)


def run_audit(flags: argparse.Namespace) -> int:
    """``charrnn corpus audit``."""
    from charrnn.corpus import Corpus
    from charrnn.corpus.audit import as_text, audit

    corpus = Corpus.read(flags.data, flags.name_column, flags.label_column)
    if flags.plot:
        from charrnn.corpus.plot import plot

        plot(corpus, flags.plot)
    report = audit(corpus)
    print(json.dumps(report, ensure_ascii=False) if flags.format == "json" else as_text(report))
    return 0


def run_fetch(flags: argparse.Namespace) -> int:
    """``charrnn corpus fetch``."""
    from charrnn.corpus.fetch import fetch

    print(fetch(flags.name))
    return 0


def run_split(flags: argparse.Namespace) -> int:
    """``charrnn corpus split``."""
    from charrnn.corpus import Corpus
    from charrnn.corpus.split import split, write

    if flags.out.exists() and (not flags.out.is_dir() or any(flags.out.iterdir())):
        raise SettingsError(f"--out {flags.out}: is not empty. Choose another folder, or empty this one.")
    corpus = Corpus.read(flags.data, flags.name_column, flags.label_column)
    parts = split(corpus, flags.seed, flags.validation_fraction, flags.test_fraction)
    write(parts, flags.out)
    for name, part in parts._asdict().items():
        print(f"{name:<12} {len(part):>9,} names   {flags.out / name}")
    return 0
