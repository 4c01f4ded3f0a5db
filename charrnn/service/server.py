"""The server: sockets, processes and signals around the ASGI application."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from charrnn.errors import CharRNNError, SettingsError, WorkerError, needs_extra

with needs_extra("app"):
    import uvicorn
    from prometheus_client.multiprocess import mark_process_dead
    from uvicorn.config import STARTUP_FAILURE
    from uvicorn.supervisors import Multiprocess

    from charrnn.service.assembly import Application
    from charrnn.service.core import Service
    from charrnn.service.limits import Limits
    from charrnn.service.observation import MULTIPROCESS, log, log_to_stderr
    from charrnn.service.protocol import BoundedProtocol
from charrnn.service.models import ServedModels
from charrnn.service.settings import ServiceSettings, from_environment

RESERVED_FILES = 128
"""Files that may be open besides connections."""
START_SECONDS = 30
"""Time for a process that replaces another one to get ready."""
ANSWER_SECONDS = 1
"""Time for answers to be sent after all computing has stopped."""
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


def prepared(settings: ServiceSettings, limits: Limits | None = None) -> Application:
    """An application that obeys signals: SIGTERM and Ctrl-C end it gracefully, SIGHUP loads the models anew."""
    application = Application(Service(settings, limits))
    application.contexts.append(_draining if settings.workers == 1 else _leaving)
    return application


def create_app() -> Any:
    """The ASGI application of one of several processes; its settings are in the environment."""
    log_to_stderr()
    try:
        application = prepared(from_environment())
    except CharRNNError as error:
        # The supervisor keeps a process that is to be replaced, and tries again in the place of one that has died.
        log.error("this process cannot start", extra={"fields": {"why": str(error)}})
        sys.exit(1)
    log.info("models loaded", extra={"fields": application.service.models.hashes})
    return application.app


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        SettingsError: the address is taken, or is none of this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except (socket.gaierror, UnicodeError) as error:
        raise SettingsError(f"host {host}: is no address ({error}). Choose another --host.") from error
    except OSError as error:
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
        supervisor = _Supervisor(config, sockets=[listener])
        try:
            supervisor.run()
        finally:
            os.environ.clear()
            os.environ.update(before)
        if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
            raise WorkerError("serve: a process could not start. Its log says why.")


def _config(settings: ServiceSettings, app: Any, **options: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        proxy_headers=settings.trusted_proxy is not None,
        forwarded_allow_ips=settings.trusted_proxy or "",
        limit_concurrency=_connections(),
        timeout_keep_alive=65,
        # One process has waited for its requests before; what is left then are streams of Gradio that never end.
        timeout_graceful_shutdown=ANSWER_SECONDS + (0 if settings.workers == 1 else int(Limits().drain_seconds)),
        lifespan="on",
        **options,
    )


def _connections() -> int:
    """How many connections may be open at a time; the operating system is asked for as many files."""
    wanted = Limits().connections
    try:
        import resource
    except ImportError:  # Windows
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted + RESERVED_FILES:
        soft = wanted + RESERVED_FILES if hard == resource.RLIM_INFINITY else min(wanted + RESERVED_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, soft - RESERVED_FILES)


def _announce(settings: ServiceSettings, listener: socket.socket, what: str) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"charrnn serves {what} at http://{host}:{listener.getsockname()[1]} (stop with Ctrl-C)", flush=True)


Stop = Callable[[int, Callable[[], Any]], None]
"""What handles a signal to stop: gets its number, and what passes it on to uvicorn."""


@contextmanager
def _draining(application: Application) -> Iterator[None]:
    """Signals to stop let a server refuse new requests and answer the others; SIGHUP loads the models anew."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Future[None]] = set()

    def reload(*_: object) -> None:
        loop.call_soon_threadsafe(lambda: tasks.add(loop.run_in_executor(None, application.service.reload)))

    _intercept(_drainer(application))
    if hasattr(signal, "SIGHUP") and _in_main_thread():
        signal.signal(signal.SIGHUP, reload)
    yield


@contextmanager
def _leaving(application: Application) -> Iterator[None]:
    """As :func:`_draining` when all processes stop; one that is replaced leaves new requests to the others at once."""
    drain = _drainer(application)

    def stop(number: int, pass_on: Callable[[], Any]) -> None:
        if _all_stop().exists():
            drain(number, pass_on)
        else:
            # uvicorn listens no longer, and waits for the requests in flight.
            application.service.computing.end_soon()
            pass_on()

    _intercept(stop)
    if hasattr(signal, "SIGHUP") and _in_main_thread():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the supervisor replaces the processes
    yield


def _drainer(application: Application) -> Stop:
    """What refuses new requests, and passes the signal on when those in flight have ended."""
    service, loop, began = application.service, asyncio.get_running_loop(), 0.0
    tasks: set[asyncio.Task[None]] = set()

    def stop(number: int, pass_on: Callable[[], Any]) -> None:
        nonlocal began
        if not service.is_draining:
            service.is_draining, began = True, time.monotonic()
            service.computing.end_soon()
            linger = LINGER_SECONDS if number == signal.SIGTERM else 0.0
            loop.call_soon_threadsafe(lambda: tasks.add(loop.create_task(_drain(application, linger, pass_on))))
        elif number == signal.SIGINT and time.monotonic() > began + 1:
            pass_on()  # a second Ctrl-C does not wait

    return stop


async def _drain(application: Application, linger: float, pass_on: Callable[[], Any]) -> None:
    """Wait until all requests in flight have ended, then let uvicorn stop."""
    began, observation = time.monotonic(), application.observation
    longest = began + application.service.limits.drain_seconds + ANSWER_SECONDS
    while (now := time.monotonic()) < longest:
        # Who has just got an answer may ask once more, and is told to go elsewhere.
        if not observation.in_flight and now > max(began + linger, observation.answered_at + linger / 3):
            break
        await asyncio.sleep(0.02)
    server = getattr(getattr(pass_on, "func", None), "__self__", None)
    if isinstance(server, uvicorn.Server):
        server.config.timeout_graceful_shutdown = ANSWER_SECONDS  # the waiting is done
    pass_on()


class _Supervisor(Multiprocess):
    """Uvicorn's supervisor of several processes, which tells them when it is not for a replacement that they stop."""

    def keep_subprocess_alive(self) -> None:
        """Replace processes that have died, and forget the load that they had."""
        dead = [process.pid for process in self.processes if not process.process.is_alive()]
        super().keep_subprocess_alive()
        for pid in dead:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]

    def restart_all(self) -> None:
        """Replace all processes; a new one has longer to get ready than one that runs has to answer."""
        before = self.config.timeout_worker_healthcheck
        self.config.timeout_worker_healthcheck = START_SECONDS
        try:
            super().restart_all()
        finally:
            self.config.timeout_worker_healthcheck = before

    def terminate_all(self) -> None:
        """Stop all processes."""
        _all_stop().touch()
        super().terminate_all()


def _all_stop() -> Path:
    """A file that is there when all processes stop."""
    return Path(os.environ[MULTIPROCESS]) / "stop"


def _intercept(stop: Stop) -> None:
    """Have signals to stop handled by a function before uvicorn, whose handlers are there already."""
    if not _in_main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        former: Any = signal.getsignal(number)
        signal.signal(number, lambda n, frame, former=former: stop(n, partial(former, n, frame)))  # type: ignore[misc]


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
