"""Signals that ask a run to stop: noted when they come, obeyed after the step."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """A context in which SIGTERM and Ctrl-C only set :attr:`signal`; a second Ctrl-C, some time later, interrupts."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.when = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        # Only the main thread may set handlers; elsewhere (a notebook's worker, say) signals stay as they are.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        # torchrun passes a signal on that the terminal may have delivered already: one request, not two.
        if self.signal is not None and number == signal.SIGINT and time.monotonic() > self.when + 1:
            raise KeyboardInterrupt
        self.signal, self.when = number, time.monotonic()
