"""Uvicorn's HTTP protocol with bounds on what it leaves open: the size of a head, and how long clients may idle."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 65_536
"""Of the request line and all header fields."""
HEAD_SECONDS = 10.0
"""From the connection, or the first byte of a further request, until its head is complete."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a head that is too large or does not come, and gives up a client that does not read its answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first request."""
        super().connection_made(transport)
        self._head_bytes: int | None = 0
        self._deadline: asyncio.TimerHandle | None = self.loop.call_later(HEAD_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of the head."""
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._deadline is None:
                self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)
        super().data_received(data)
        # A head that is complete with this data may have brought the beginning of a body.
        if self._head_bytes is not None and self._head_bytes > HEAD_BYTES:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """The head is there; its body is the application's concern."""
        self._head_is_there()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        super().on_response_complete()
        if self.cycle is None or self.cycle.response_complete:
            self._head_bytes = 0

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that idles; one whose client reads no answer would never close by itself."""
        if self.transport.get_write_buffer_size() > 0:
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _head_is_there(self) -> None:
        self._head_bytes = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
