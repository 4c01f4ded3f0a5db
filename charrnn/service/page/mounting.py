"""The page as an application, and its look."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from charrnn.service.page.document import PageDocument
from charrnn.service.page.i18n import i18n
from charrnn.service.page.sessions import quiet
from charrnn.service.page.theme import theme

FOLDER = Path(__file__).parent


def mount(page: gr.Blocks, origins: Sequence[str] = ()) -> tuple[FastAPI, ASGIApp]:
    """The application that serves the page at its root.

    Args:
        page: of :func:`charrnn.service.page.build.build`.
        origins: whose pages may call it. Without this list Gradio would let all in.

    Returns:
        The application whose lifespan must run, and the one that is asked.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    quiet()
    app.add_middleware(CORSMiddleware, allow_origins=list(origins))
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=theme(),
        css=(FOLDER / "page.css").read_text("utf-8"),
        i18n=i18n,
        ssr_mode=False,
        enable_monitoring=False,
        run_history=False,
        show_error=False,
        max_file_size=0,
        footer_links=[],
        mcp_server=False,
    )
    return app, PageDocument(app)
