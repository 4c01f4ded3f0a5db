"""The ``charrnn`` command: one file a command, each with its flags and what it does."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

# Before NumPy is imported. These matrix products are too small to profit from more than one thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from charrnn.cli import classify, corpus, evaluate, export, generate, info, serve
from charrnn.errors import CharRNNError, InterruptedRunError

COMMANDS = (classify, generate, evaluate, info, corpus, export, serve)
"""Modules of the commands, in the order of ``--help``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute a command line and return its exit status."""
    flags = parser().parse_args(arguments)
    execute: Callable[[argparse.Namespace], int] = flags.execute
    try:
        return execute(flags)
    except CharRNNError as error:
        print(f"charrnn: {error}", file=sys.stderr)
        return 3 if isinstance(error, InterruptedRunError) else 2
    except BrokenPipeError:
        # The receiver (head, less) closed the pipe; the flush at exit must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their flags; ``execute`` of the parsed flags is the function of the command."""
    top = argparse.ArgumentParser(
        prog="charrnn", description="Tell which language a name comes from; invent new names."
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_command(commands)
    return top
