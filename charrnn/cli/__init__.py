"""The ``charrnn`` command: one file a command, each with its flags and what it does."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence

# Before NumPy is imported. These matrix products are too small to profit from more than one thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from charrnn import __version__
from charrnn.cli import classify, corpus, evaluate, export, generate, info, serve
from charrnn.cli.parsing import Parser
from charrnn.errors import CharRNNError, InterruptedRunError

COMMANDS = (classify, generate, evaluate, info, corpus, export, serve)
"""Modules of the commands, in the order of ``--help``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute a command line and return its exit status."""
    flags = parser().parse_args(arguments)
    execute: Callable[[argparse.Namespace], int] = flags.execute
    try:
        status = execute(flags)
        sys.stdout.flush()
        return status
    except CharRNNError as error:
        print(f"charrnn: {error}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        return 3 if isinstance(error, InterruptedRunError) else 2
    except BrokenPipeError:
        # The receiver (head, less) closed the pipe.
        _drop_output()
        return 0
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        # Standard output on a full disk, noticed only when the rest of it is written.
        print(f"charrnn: standard output: cannot be written ({error.strerror}). Free space.", file=sys.stderr)
        _drop_output()
        return 2


def _drop_output() -> None:
    """Throw away what cannot be written, so that the flush at the exit does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> argparse.ArgumentParser:
    """All commands and their flags; ``execute`` of the parsed flags is the function of the command."""
    top = Parser(
        prog="charrnn",
        description="Tell which language a name comes from; invent new names.",
        epilog="charrnn train trains both on a list of your own: see charrnn train --help.",
    )
    top.add_argument("--version", action="version", version=f"charrnn {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_command(commands)
    return top
