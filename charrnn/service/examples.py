"""Examples for the documentation: real answers of the shipped models; a test keeps them true."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
"""Request and answer for each route."""


def of(route: str) -> dict[str, Any]:
    """The arguments with which FastAPI shows the example of a route."""
    if route not in EXAMPLES:
        return {}
    request, answer = EXAMPLES[route]
    return {
        "openapi_extra": {"requestBody": {"content": {"application/json": {"example": request}}}},
        "responses": {200: {"content": {"application/json": {"example": answer}}}},
    }
