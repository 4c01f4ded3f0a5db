"""Signals that stop a run: noted when they arrive, obeyed at the end of a step."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """A context in which SIGTERM and Ctrl-C only set :attr:`signal`; a second Ctrl-C, over a second later, interrupts.

    Attributes:
        signal: the number of the last signal; None before there was one.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.received_at = 0.0
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        # Only the main thread may set handlers; in another one (of a notebook, say) signals keep their handlers.
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        # torchrun passes on a signal that the terminal may have delivered already: that is one request, not two.
        if self.signal is not None and number == signal.SIGINT and time.monotonic() > self.received_at + 1:
            raise KeyboardInterrupt
        self.signal, self.received_at = number, time.monotonic()
