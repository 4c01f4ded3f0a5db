"""The server: sockets, processes and signals around the ASGI application."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from charrnn.errors import SettingsError, needs_extra

with needs_extra("app"):
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from charrnn.service.assembly import Application
    from charrnn.service.core import Service
    from charrnn.service.limits import Limits
    from charrnn.service.observation import MULTIPROCESS, log_to_stderr
from charrnn.service.models import ServedModels
from charrnn.service.settings import ServiceSettings, from_environment

DRAIN_SECONDS = 8.0
"""Time for requests in flight after a signal to stop."""
LINGER_SECONDS = 1.0
"""Time after SIGTERM in which new requests are still told to go elsewhere, so that a load balancer notices."""


def serve(settings: ServiceSettings, application: Application | None = None) -> None:
    """Serve until a signal ends it.

    Args:
        settings: with the engine ``local``.
        application: of these settings, if it is there already.

    Raises:
        SettingsError: the address cannot be listened on.
        CharRNNError: a model or the token file cannot be read.
    """
    listener = listen(settings.host, settings.port)
    try:
        log_to_stderr()
        if settings.workers > 1:
            _serve_in_processes(settings, listener)
        else:
            run(application or prepared(settings), listener)
    finally:
        listener.close()


def run(application: Application, listener: socket.socket) -> None:
    """Serve in this process until a signal ends it.

    Args:
        application: what is served.
        listener: where.
    """
    settings = application.service.settings
    _announce(settings, listener, "the page, and the API (see /docs)," if settings.has_page else "the API (see /docs)")
    # uvicorn raises the signal that stopped it once more at its end: by then the work is done, and the status is 0.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        uvicorn.Server(_config(settings, application.app)).run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def prepared(settings: ServiceSettings) -> Application:
    """An application that obeys signals: SIGTERM and Ctrl-C end it gracefully, SIGHUP loads the models anew."""
    application = Application(Service(settings))
    application.contexts.append(_obeying_signals)
    return application


def create_app() -> Any:
    """The ASGI application of one of several processes; its settings are in the environment."""
    log_to_stderr()
    return prepared(from_environment()).app


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        SettingsError: the address is taken, or is none of this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"port {port}: cannot be listened on at {host} ({error}). Choose another --port."
        ) from error
    listener.set_inheritable(True)
    return listener


def _serve_in_processes(settings: ServiceSettings, listener: socket.socket) -> None:
    ServedModels.load(settings.models)  # an error is told here once, and not by each process
    settings.read_tokens()
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="charrnn-metrics-") as folder:
        os.environ.update(settings.to_environment() | {MULTIPROCESS: folder})
        config = _config(settings, "charrnn.service.server:create_app", factory=True, workers=settings.workers)
        _announce(settings, listener, f"the API (see /docs), in {settings.workers} processes,")
        try:
            Multiprocess(config, sockets=[listener]).run()
        finally:
            os.environ.clear()
            os.environ.update(before)


def _config(settings: ServiceSettings, app: Any, **options: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        proxy_headers=settings.trusted_proxy is not None,
        forwarded_allow_ips=settings.trusted_proxy or "",
        limit_concurrency=Limits().connections,
        timeout_keep_alive=65,
        # Requests were waited for before; what is left are streams that never end.
        timeout_graceful_shutdown=1,
        lifespan="on",
        **options,
    )


def _announce(settings: ServiceSettings, listener: socket.socket, what: str) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"charrnn serves {what} at http://{host}:{listener.getsockname()[1]} (stop with Ctrl-C)", flush=True)


@contextmanager
def _obeying_signals(application: Application) -> Iterator[None]:
    """Signals drain the service before uvicorn, whose handlers were there before, gets them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    service, loop = application.service, asyncio.get_running_loop()
    former: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    began = time.monotonic()
    tasks: set[asyncio.Future[Any]] = set()

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal began
        handler = former[number]
        if not service.is_draining:
            service.is_draining, began = True, time.monotonic()
            linger = LINGER_SECONDS if number == signal.SIGTERM else 0.0
            loop.call_soon_threadsafe(lambda: tasks.add(loop.create_task(_drain(application, linger, handler, number))))
        elif number == signal.SIGINT and time.monotonic() > began + 1:
            # A supervisor passes on a signal that the terminal has delivered already: that is no second request.
            handler(number, frame)

    def reload(*_: object) -> None:
        loop.call_soon_threadsafe(lambda: tasks.add(loop.run_in_executor(None, service.reload)))

    for number in former:
        signal.signal(number, stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, reload)
    yield


async def _drain(application: Application, linger: float, handler: Callable[[int, Any], Any], number: int) -> None:
    """Wait until all requests in flight have ended, then let uvicorn stop."""
    began = time.monotonic()
    while time.monotonic() < began + linger or (
        application.observation.in_flight and time.monotonic() < began + DRAIN_SECONDS
    ):
        await asyncio.sleep(0.02)
    handler(number, None)
