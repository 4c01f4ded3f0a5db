"""The service put together: routes, page and guards as one ASGI application."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from functools import cache, partial
from typing import Any

from fastapi import FastAPI
from prometheus_client.multiprocess import mark_process_dead
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from charrnn import __version__
from charrnn.service import api, schemas
from charrnn.service.api import COMPUTING
from charrnn.service.core import Service
from charrnn.service.docs import add_docs
from charrnn.service.gate import Gate
from charrnn.service.limits import BodyLimit
from charrnn.service.observation import MULTIPROCESS, ROUTE, Observation
from charrnn.service.page_guard import PageGuard
from charrnn.service.problems import NOTED, Problem

SWITCH_SECONDS = 0.001
"""After so long, a computing thread lets the event loop go on; Python's own 5 ms would add up."""
OWN_PATHS = {"/api", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"}
"""Paths of the API besides those under ``/api/`` and ``/docs/``; the page has all others."""


class Application:
    """The page and the API as one ASGI application.

    Args:
        service: models, limits, and settings.

    Attributes:
        app: the ASGI application.
        page: as ``gr.Blocks``; None without a page.
        contexts: entered when the application starts, left when it ends.

    Raises:
        SettingsError: the token file cannot be used.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.contexts: list[Callable[[Application], AbstractContextManager[None]]] = []
        self.page: Any = None
        self.api = self._api()
        guarded = Gate(
            BodyLimit(self._by_path(), service.limits), service.settings.read_tokens(), lambda: service.is_draining
        )
        self.observation = Observation(guarded, service.metrics)
        self.app = self._with_origins(self.observation)

    def _api(self) -> FastAPI:
        app = FastAPI(
            title="charrnn",
            version=__version__,
            summary="Tell which label a name belongs to; invent names.",
            docs_url=None,
            redoc_url=None,
            openapi_url="/openapi.json",
            lifespan=self._lifespan,
        )
        routes = api.router(self.service)
        app.include_router(routes)
        self._handlers = {route.path: route.get_route_handler() for route in api.posted(routes)}
        add_docs(app)

        app.openapi = cache(partial(api.document, app, self.service.settings.token_file is not None))  # type: ignore[method-assign]

        @app.get("/healthz", tags=["server"], response_model=schemas.Status, summary="Whether it is alive")
        async def healthz() -> Response:
            return api.answered({"status": "alive"})

        @app.get("/readyz", tags=["server"], response_model=schemas.Status, summary="Whether it takes requests")
        async def readyz(request: Request) -> Response:
            if self.service.is_draining:
                request.scope[NOTED] = "draining"
                return Problem("draining", "this server stops. Ask another one.").response()
            return api.answered({"status": "ready"})

        @app.get("/metrics", tags=["server"], summary="Metrics for Prometheus", response_class=Response)
        async def metrics() -> Response:
            return Response(self.service.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

        if not self.service.settings.has_page:

            @app.get("/", include_in_schema=False)
            async def root(request: Request) -> Response:
                return RedirectResponse(f"{request.scope.get('root_path', '')}/docs")

        @app.exception_handler(HTTPException)
        async def no_route(request: Request, error: HTTPException) -> Response:
            kind = "method-not-allowed" if error.status_code == 405 else "not-found"
            what = f"{request.method} is not for this path" if kind == "method-not-allowed" else "there is no such path"
            request.scope[NOTED] = kind
            return Problem(kind, f"{what}. /docs lists all.", headers=dict(error.headers or {})).response()

        return app

    def _by_path(self) -> ASGIApp:
        """The page and the API as one application."""
        page_app: ASGIApp = self.api
        if self.service.settings.has_page:
            from charrnn.service import page

            self.page = page.build(self.service)
            mounted, document = page.mount(self.page, self.service.settings.origins)
            self._page_lifespan = mounted.router.lifespan_context(mounted)
            page_app = PageGuard(document)

        async def by_path(scope: Scope, receive: Receive, send: Send) -> None:
            path = scope.get("path", "")
            if scope["type"] == "http" and scope["method"] == "POST" and path in self._handlers:
                # FastAPI's way to these routes takes as long as a small answer.
                scope[ROUTE] = path
                scope[COMPUTING] = self.service.computing
                response = await self._handlers[path](Request(scope, receive, send))
                await response(scope, receive, send)
            elif scope["type"] == "lifespan" or path in OWN_PATHS or path.startswith(("/api/", "/docs/")):
                # Monitors ask with HEAD; the server sends no body then.
                is_head = scope.get("method") == "HEAD"
                await self.api({**scope, "method": "GET"} if is_head else scope, receive, send)
            else:
                await page_app(scope, receive, send)

        return by_path

    def _with_origins(self, app: ASGIApp) -> ASGIApp:
        """The application, which pages of some origins may call; errors are for them, too."""
        if not self.service.settings.origins:
            return app
        return CORSMiddleware(
            app,
            allow_origins=self.service.settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        sys.setswitchinterval(SWITCH_SECONDS)
        async with AsyncExitStack() as stack:
            if self.page is not None:
                await stack.enter_async_context(self._page_lifespan)
            for context in self.contexts:
                stack.enter_context(context(self))
            yield
        self.service.computing.close()
        if MULTIPROCESS in os.environ:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
