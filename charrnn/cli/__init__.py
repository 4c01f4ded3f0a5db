"""The ``charrnn`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

# Before NumPy is imported. These matrix products are too small to profit from more than one thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from charrnn.cli import classify, corpus, export, models
from charrnn.errors import CharRNNError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    flags = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = flags.run
    try:
        return command(flags)
    except CharRNNError as error:
        print(f"charrnn: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader (head, less) has had enough; a flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    top = argparse.ArgumentParser(
        prog="charrnn", description="Tell which language a name comes from; invent new names."
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    classify.add_commands(commands)
    models.add_commands(commands)
    corpus.add_commands(commands)
    export.add_commands(commands)
    return top
