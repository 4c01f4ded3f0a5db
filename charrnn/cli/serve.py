"""``charrnn serve``: the page and the API; also what ``app.py`` is made of."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charrnn.cli.parsing import Parser
from charrnn.errors import CharRNNError, SettingsError

if TYPE_CHECKING:
    from charrnn.service.assembly import Application
    from charrnn.service.settings import ServiceSettings

DESCRIPTION = "Serve the page and the API. Every flag has an environment variable: CHARRNN_PORT for --port."
APP = "app.py"


def add_command(commands: Any) -> None:
    """Add the command to the subparsers."""
    command = commands.add_parser("serve", help="serve the page and the API", description=DESCRIPTION)
    add_flags(command)
    command.set_defaults(execute=execute)


def add_flags(command: argparse.ArgumentParser) -> None:
    """Add the flags of the service."""
    command.add_argument("--host", metavar="H", help="address to listen on. Default: 127.0.0.1, this machine alone.")
    command.add_argument("--port", type=int, metavar="P", help="to listen on; 0 takes a free one. Default: 7860.")
    command.add_argument(
        "--models",
        metavar="DIR",
        help="folder with classifier/, generator/ or both. Default: the shipped ones. SIGHUP loads them anew.",
    )
    command.add_argument("--workers", type=int, metavar="N", help="processes; more than one serve no page. Default: 1.")
    command.add_argument("--no-page", action="store_const", const=True, help="serve the API alone")
    command.add_argument("--engine", choices=["local", "ray"], help="where it runs. Default: local.")
    command.add_argument("--ray-address", metavar="A", help="of a Ray cluster. Default: start one on this machine.")
    command.add_argument(
        "--token-file", metavar="F", help="a token on each line; requests need one of them, and there is no page"
    )
    command.add_argument(
        "--cors", metavar="ORIGIN", help="origins whose pages may call the API, separated by commas; * for all"
    )
    command.add_argument(
        "--trusted-proxy",
        metavar="A",
        help="addresses of proxies whose X-Forwarded-For is believed, separated by commas",
    )


def execute(flags: argparse.Namespace) -> int:
    """Serve until a signal ends it."""
    settings = _settings(flags)
    if settings.engine == "ray":
        from charrnn.service.ray_serve import serve_on_ray

        serve_on_ray(settings)
    else:
        from charrnn.service.server import serve

        serve(settings)
    return 0


def app(arguments: Sequence[str]) -> Application:
    """The application of ``app.py``, in this process; what is wrong with the settings ends the program with status 2.

    Args:
        arguments: flags.
    """
    parser = Parser(prog=APP, description=DESCRIPTION)
    add_flags(parser)
    flags = parser.parse_args(arguments)
    try:
        settings = _settings(flags)
        if settings.workers > 1 or settings.engine != "local":
            raise SettingsError("workers, engine: this is one process with the page. Use charrnn serve.")
        from charrnn.service.server import prepared

        return prepared(settings)
    except CharRNNError as error:
        print(f"{APP}: {error}", file=sys.stderr)
        sys.exit(2)


def run_app(application: Application) -> int:
    """Serve until a signal ends it, and return the exit status."""
    from charrnn.service.server import serve

    try:
        serve(application.service.settings, application)
    except CharRNNError as error:
        print(f"{APP}: {error}", file=sys.stderr)
        return 2
    return 0


def _settings(flags: argparse.Namespace) -> ServiceSettings:
    from charrnn.service.settings import ServiceSettings, from_environment

    return from_environment(flags={name: getattr(flags, name) for name in ServiceSettings.__dataclass_fields__})
