"""What Gradio keeps and logs of its visitors, kept small."""

from __future__ import annotations

import sys
from typing import Any

import gradio as gr

from charrnn.service.observation import log

SESSIONS = 64
"""Sessions whose state is kept."""


def forget_sessions(page: Any) -> None:
    """Let Gradio's queue forget sessions that are over: it keeps a set of events for each that was never read."""
    queue = getattr(page, "_queue", None)
    if queue is None or len(queue.pending_event_ids_session) <= 2 * SESSIONS:
        return
    for session in queue.pending_event_ids_session.keys() - queue.pending_messages_per_session.keys():
        del queue.pending_event_ids_session[session]


def quiet() -> None:
    """Let Gradio log the kind of an error of its own, not its message, which may hold what was typed."""

    class Quiet:
        @staticmethod
        def print_exc(*_: Any, **__: Any) -> None:
            kind = sys.exc_info()[0]
            log.warning("page error", extra={"fields": {"kind": kind.__name__ if kind else None}})

    for module in (gr.queueing, gr.route_utils):
        module.traceback = Quiet
