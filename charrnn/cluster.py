"""Connecting to a Ray cluster, or starting one on this machine."""

from __future__ import annotations

import os
import socket
from typing import Any

from charrnn.errors import SettingsError

# Ray reads these when it is imported: no reports over the network, no advice on standard error.
for variable, value in (
    ("RAY_USAGE_STATS_ENABLED", "0"),
    ("RAY_DATA_LOG_LEVEL", "ERROR"),
    ("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"),
):
    os.environ.setdefault(variable, value)


def connect(address: str | None, processors: int) -> None:
    """Connect this process to a cluster. Ray is installed.

    Args:
        address: of the cluster; None starts one on this machine, whatever else runs here.
        processors: of a cluster that is started.

    Raises:
        SettingsError: no cluster answers at the address.
    """
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        # "local" starts one, whatever RAY_ADDRESS or a cluster that runs on this machine says.
        ray.init(address="local", num_cpus=processors, include_dashboard=False, **quiet)
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdigit():
            # Ray keeps trying for minutes where nothing listens.
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(address=address, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise SettingsError(f"--ray-address {address}: no cluster answers ({reason}). Check the address.") from error
