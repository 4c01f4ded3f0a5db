"""The bar that shows how far training has come."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

LOG_SECONDS = 30
"""At least so long apart are the states of a bar where standard error is no terminal, for each is a line of a log."""


def progress_bar(what: str, epochs: int, done: int, silent: bool) -> tqdm[Any]:
    """A bar on standard error.

    Args:
        what: stands beside it.
        epochs: in all.
        done: of these.
        silent: show nothing.
    """
    return tqdm(
        desc=what,
        total=epochs,
        initial=done,
        unit="epoch",
        dynamic_ncols=True,
        disable=silent,
        mininterval=0.1 if sys.stderr.isatty() else LOG_SECONDS,
        maxinterval=LOG_SECONDS,
    )
