"""Stopping a computation from outside: loops that may take long ask now and then whether to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from charrnn.errors import StoppedError

_must_stop: ContextVar[Callable[[], bool] | None] = ContextVar("must_stop", default=None)


@contextmanager
def stoppable(must_stop: Callable[[], bool]) -> Iterator[None]:
    """A block in which :func:`check_stop` raises as soon as ``must_stop()`` is true; it is asked often."""
    token = _must_stop.set(must_stop)
    try:
        yield
    finally:
        _must_stop.reset(token)


def check_stop() -> None:
    """Raise if the computation must stop; without a block of :func:`stoppable` around it, do nothing.

    Raises:
        StoppedError: it must stop.
    """
    must_stop = _must_stop.get()
    if must_stop is not None and must_stop():
        raise StoppedError("stopped before the end of the computation")
