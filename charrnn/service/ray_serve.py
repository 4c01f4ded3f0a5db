"""The service on a Ray cluster: Ray Serve routes requests, replaces replicas that die, and adds some under load.

A replica is the application of one process, without the page. Each takes one processor.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from charrnn.cluster import connect
from charrnn.errors import SettingsError, needs_extra
from charrnn.service.models import ServedModels
from charrnn.service.settings import ServiceSettings

with needs_extra("serve-ray"):
    import ray
    from ray import serve
    from ray.serve.config import AutoscalingConfig, HTTPOptions
    from ray.serve.schema import LoggingConfig

    from charrnn.machine import processors
    from charrnn.service.limits import Limits

logging.getLogger("ray.serve").setLevel(logging.ERROR)
APPLICATION = "charrnn"
ONGOING, QUEUED = 64, 256
"""Requests that a replica takes at a time, and that wait for one before Ray answers 429."""


def serve_on_ray(settings: ServiceSettings) -> None:
    """Serve until a signal ends it.

    Args:
        settings: with the engine ``ray``; more than one worker is a fixed number of replicas, else there are as many as
            the load needs.

    Raises:
        SettingsError: no cluster answers, or it has too few processors.
        CharRNNError: a model or the token file cannot be read here; all machines must see them under the same paths.
    """
    if settings.port == 0 or settings.trusted_proxy is not None:
        raise SettingsError("port 0, trusted_proxy: Ray's proxies know neither. Leave them out with --engine ray.")
    ServedModels.load(settings.models)
    settings.read_tokens()
    stop = threading.Event()
    replicas = settings.workers if settings.workers > 1 else processors()
    connect(settings.ray_address, replicas)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # new models need a new start here
    try:
        room = int(ray.cluster_resources().get("CPU", 0))
        if settings.workers > room:
            raise SettingsError(f"workers {settings.workers}: the cluster has {room} processors. Take {room} at most.")
        deploy(settings, room)
        print(f"charrnn serves the API (see /docs) on Ray, at http://{settings.host}:{settings.port}", flush=True)
        stop.wait()
        serve.delete(APPLICATION)
    finally:
        if settings.ray_address is None:
            serve.shutdown()
        ray.shutdown()


def deploy(settings: ServiceSettings, processors: int) -> None:
    """Start the replicas on the cluster that this process is connected to, and return when they answer.

    Args:
        settings: what is served; paths are made absolute, because replicas have another working folder.
        processors: of the cluster.
    """
    paths = {name: getattr(settings, name) for name in ("models", "token_file")}
    own: dict[str, Any] = {name: str(Path(path).absolute()) for name, path in paths.items() if path is not None}
    serve.start(
        http_options=HTTPOptions(host=settings.host, port=settings.port),
        logging_config=LoggingConfig(log_level="ERROR"),
    )
    scaling: dict[str, Any] = (
        {"num_replicas": settings.workers}
        if settings.workers > 1
        else {"autoscaling_config": AutoscalingConfig(min_replicas=1, max_replicas=processors)}
    )
    deployment = serve.deployment(
        serve.ingress(_builder(replace(settings, **own, no_page=True)))(),
        name="api",
        max_ongoing_requests=ONGOING,
        max_queued_requests=QUEUED,
        backpressure_config={"status_code": 429, "retry_after_s": 1},
        ray_actor_options={"num_cpus": 1},
        graceful_shutdown_timeout_s=8,
        **scaling,
    )
    serve.run(deployment.bind(), name=APPLICATION, route_prefix="/", logging_config=LoggingConfig(log_level="ERROR"))


def _builder(settings: ServiceSettings) -> Callable[[], Any]:
    def build() -> Any:
        from charrnn.service.assembly import Application
        from charrnn.service.core import Service
        from charrnn.service.observation import log_to_stderr

        log_to_stderr()
        return Application(Service(settings, Limits(computing=1))).app

    return build
