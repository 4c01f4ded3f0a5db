"""Settings of the service: from flags, or from environment variables of the same names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from charrnn.errors import SettingsError

ENGINES = ("local", "ray")
BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True)
class ServiceSettings:
    """What is served, to whom, and where.

    Attributes:
        host: address to listen on.
        port: to listen on; 0 takes a free one.
        models: folder with ``classifier/``, ``generator/`` or both; None is that of the shipped models.
        workers: processes; more than one serve no page.
        no_page: serve the API alone.
        engine: ``local``, or ``ray`` for replicas on a Ray cluster.
        ray_address: of a cluster; None starts one on this machine.
        token_file: a token on each line; who sends none of them is refused. Turns the page off.
        cors: origins whose pages may call the API, separated by commas.
        trusted_proxy: addresses of proxies whose ``X-Forwarded-For`` is believed, separated by commas.

    Raises:
        SettingsError: a value is out of its range, or contradicts another one.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    models: str | None = None
    workers: int = 1
    no_page: bool = False
    engine: str = "local"
    ray_address: str | None = None
    token_file: str | None = None
    cors: str | None = None
    trusted_proxy: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise SettingsError(f"port {self.port}: must be from 0 to 65535.")
        if not 1 <= self.workers <= 1024:
            raise SettingsError(f"workers {self.workers}: must be from 1 to 1,024.")
        if self.engine not in ENGINES:
            raise SettingsError(f"engine {self.engine!r}: must be one of {', '.join(ENGINES)}.")
        for origin in self.origins:
            if origin != "*" and not re.fullmatch(r"https?://[^/\s]+", origin):
                raise SettingsError(f"cors {origin!r}: must be an origin such as https://game.example, without a path.")
        for address in filter(None, (part.strip() for part in (self.trusted_proxy or "").split(","))):
            if address != "*" and not _is_network(address):
                raise SettingsError(f"trusted_proxy {address!r}: must be an address such as 10.0.0.1, or 10.0.0.0/8.")
        if self.ray_address is not None and self.engine != "ray":
            raise SettingsError("ray_address: is for the engine ray. Set --engine ray, or leave it out.")

    @property
    def has_page(self) -> bool:
        """Whether the page is served: Gradio's queue needs one process, and knows no tokens."""
        return not self.no_page and self.workers == 1 and self.engine == "local" and self.token_file is None

    @property
    def origins(self) -> list[str]:
        """The origins of :attr:`cors`."""
        return [origin.strip() for origin in (self.cors or "").split(",") if origin.strip()]

    def read_tokens(self) -> list[bytes]:
        """The tokens of :attr:`token_file`; an empty list if there is no such file to be read.

        Raises:
            SettingsError: the file cannot be read, holds no token, or one that no header can carry.
        """
        if self.token_file is None:
            return []
        try:
            lines = Path(self.token_file).read_bytes().split(b"\n")
        except OSError as error:
            raise SettingsError(
                f"token_file {self.token_file}: cannot be read ({error.strerror}). Check the path and its rights."
            ) from error
        tokens = [line.strip() for line in lines if line.strip()]
        if not tokens or not all(token.isascii() and b" " not in token and len(token) >= 16 for token in tokens):
            raise SettingsError(
                f"token_file {self.token_file}: needs a token on each line, of at least 16 ASCII characters without "
                "spaces. For example: openssl rand -hex 32"
            )
        return tokens

    def to_environment(self) -> dict[str, str]:
        """The variables from which :func:`from_environment` reads equal settings."""
        values = {variable(field.name): getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in values.items() if value is not None}


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def variable(name: str) -> str:
    """The environment variable of a setting: ``CHARRNN_TOKEN_FILE`` for ``token_file``."""
    return f"CHARRNN_{name.upper()}"


def from_environment(
    environ: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
) -> ServiceSettings:
    """Settings from flags; those that are not given come from the environment.

    Gradio's own ``GRADIO_SERVER_NAME`` and ``GRADIO_SERVER_PORT``, which a Hugging Face Space sets, count for host and
    port where ours are not set.

    Args:
        environ: the environment; by default that of the process.
        flags: values that are None are not given.

    Raises:
        SettingsError: a value is out of its range, or is no number.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for field, fallback in (("host", "GRADIO_SERVER_NAME"), ("port", "GRADIO_SERVER_PORT")):
        if environ.get(fallback):
            values[field] = _converted(field, environ[fallback], fallback)
    for field in (field.name for field in fields(ServiceSettings)):
        if environ.get(variable(field)):
            values[field] = _converted(field, environ[variable(field)], variable(field))
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    return ServiceSettings(**values | given)


def _converted(field: str, text: str, name: str) -> Any:
    if field in ("port", "workers"):
        try:
            return int(text)
        except ValueError as error:
            raise SettingsError(f"{name} {text!r}: must be a whole number.") from error
    if field == "no_page":
        if text.lower() not in BOOLEANS:
            raise SettingsError(f"{name} {text!r}: must be 1 or 0.")
        return BOOLEANS[text.lower()]
    return text
