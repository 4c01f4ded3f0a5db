"""The routes of the API. What they compute is in answers, what a request may hold in schemas."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response, StreamingResponse

from charrnn.errors import CharRNNError
from charrnn.service import answers, schemas
from charrnn.service.computing import SMALL, Computing, Stream
from charrnn.service.core import Service
from charrnn.service.examples import EXAMPLES
from charrnn.service.limits import BODY
from charrnn.service.problems import KINDS, MEDIA_TYPE, NOTED, UNKNOWN_FIELD, Problem, from_error, from_validation

NDJSON, EVENTS = "application/x-ndjson", "text/event-stream"
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""A proxy must pass on each name at once; the second one is for nginx."""
COMPUTING = "charrnn.computing"
"""Key of an ASGI scope: who computes."""
LARGE = 65_536
"""Bytes of a body from which on reading it takes a turn."""
PROBLEM = "Problem"
"""Name of the schema of problem details in the OpenAPI document."""
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": title, "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}}}
    for status, title in reversed(KINDS.values())  # the first of a status is the general one
    if status not in (405, 500)
}


class JSONRoute(APIRoute):
    """A route whose body is read strictly: no duplicate keys, no NaN, nothing converted; errors are problem details."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What FastAPI calls for each request."""
        endpoint = self.endpoint
        body: Any = self.body_field.field_info.annotation if self.body_field is not None else None

        async def handle(request: Request) -> Response:
            sent: frozenset[str] = frozenset()
            try:
                response: Response
                if body is None:
                    response = await endpoint(request)
                else:
                    asked = await _read(request, body)
                    sent = frozenset(name for name in asked.model_fields_set if getattr(asked, name) is not None)
                    response = await endpoint(asked, request)
                return response
            except Problem as error:
                problem = error
            except CharRNNError as error:
                of_client = from_error(error, sent)
                if of_client is None:
                    raise
                problem = of_client
            request.scope[NOTED] = problem.kind
            return problem.response()

        return handle


async def _read(request: Request, model: type[BaseModel]) -> BaseModel:
    """As :func:`read_body`; a large one is read in the client's turn, for it takes as long as to compute."""
    if len(request.scope[BODY]) <= LARGE:
        return read_body(request, model)
    computing: Computing = request.scope[COMPUTING]
    return await computing.run(address_of(request), lambda: read_body(request, model), request)


def address_of(request: Request) -> str:
    """The address that stands for a client in the waiting line: that of its network with IPv6, where it has many."""
    host = request.client.host if request.client else ""
    if ":" not in host:
        return host
    try:
        return str(ip_network(f"{host.partition('%')[0]}/64", strict=False))
    except ValueError:
        return host


def read_body(request: Request, model: type[BaseModel]) -> BaseModel:
    """The body of a request, validated.

    Raises:
        Problem: it is no JSON, or not what the model describes.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" and not (
        content_type.startswith("application/") and content_type.endswith("+json")
    ):
        raise Problem(
            "unsupported-media-type", "the body must be JSON. Send the header Content-Type: application/json."
        )
    body: bytes = request.scope[BODY]
    try:
        value = DECODER.decode(body.decode("utf-8"))
        # The halves of a surrogate pair that stand alone are no characters, and no answer could repeat them.
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        what = "is nested too deeply" if isinstance(error, RecursionError) else _what_is_malformed(error)
        raise Problem("malformed", f"the body {what}. Send one JSON object in UTF-8.") from error
    if not isinstance(value, dict):
        raise Problem("malformed", "the body is no JSON object. Send one, such as {}.")
    for key, content in value.items():
        # Pydantic would describe each of a hundred thousand unknown fields or items.
        if key not in model.model_fields:
            near = get_close_matches(key, model.model_fields, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise Problem("invalid", f"{_printable(key)}: {UNKNOWN_FIELD}.{meant}", _printable(key))
        if isinstance(content, list | dict) and len(content) > schemas.MAX_NAMES:
            raise Problem("invalid", f"{key}: holds {len(content):,} items, at most {schemas.MAX_NAMES:,} may be.", key)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise from_validation(error) from error


def _what_is_malformed(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON ({error.msg}, line {error.lineno}, column {error.colno})"
    if isinstance(error, UnicodeError):
        return "holds what is no Unicode text"
    return str(error) if isinstance(error, _MalformedError) else "holds a number that is too long"


class _MalformedError(ValueError):
    """JSON that Python would read, and that other programs read otherwise."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _MalformedError("holds a key twice")
    return value


def _not_a_number(text: str) -> Any:
    raise _MalformedError(f"holds {text}, which JSON does not know")


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_not_a_number)


def answered(content: Any) -> Response:
    """A response of JSON."""
    return Response(orjson.dumps(content), media_type="application/json")


def router(service: Service) -> APIRouter:
    """The routes under ``/api``.

    Args:
        service: models, limits and metrics.
    """
    routes = APIRouter(prefix="/api", route_class=JSONRoute, responses=PROBLEMS, tags=["names"])

    def count(route: str, names: int) -> None:
        service.metrics.names.labels(route).inc(names)

    @routes.post(
        "/classify",
        response_model=schemas.ClassifyAnswer,
        summary="Which label names belong to",
    )
    async def classify(body: schemas.ClassifyRequest, request: Request) -> Response:
        models = service.models
        model = answers.classifier_of(models)
        small = len(body.names) <= SMALL and not body.explain
        if small and isinstance(body.prior, str):
            settings = answers.classification_settings(body)
            key = (models, *((name, tuple(v) if isinstance(v, list) else v) for name, v in settings.items()))
            results = await service.small.submit(address_of(request), body.names, key)
        else:
            results = await service.computing.run(address_of(request), lambda: answers.classify(models, body), request)
        count("/api/classify", len(body.names))
        return answered({"results": results, "model": model.config.weights_sha256})

    @routes.post(
        "/generate",
        response_model=schemas.GenerateAnswer,
        summary="Invent names",
        description=f"`Accept: {NDJSON}` or `{EVENTS}` streams the names, each as soon as it is drawn, and at last "
        "`seed`, `complete` and `message`. A client that goes away stops the work.",
    )
    async def generate(body: schemas.GenerateRequest, request: Request) -> Response:
        models = service.models
        model = answers.generator_of(models)
        media_type = _wanted_stream(request)
        stream = Stream(service.computing, address_of(request), lambda: answers.generate(models, body), request)
        results = stream.results()
        if media_type is not None:
            first = await anext(results)
            stream.stop_watching()
            lines = _lines(first, results, media_type, lambda names: count("/api/generate", names))
            return StreamingResponse(lines, media_type=media_type, headers=STREAM_HEADERS)
        async with aclosing(results):
            items = [item async for batch in results for item in batch]
        *names, end = items
        count("/api/generate", len(names))
        return answered({"names": names, "model": model.config.weights_sha256, **end})

    @routes.post("/repeat", response_model=schemas.RepeatAnswer, summary="The name of a stamp")
    async def repeat(body: schemas.RepeatRequest, request: Request) -> Response:
        models = service.models
        return answered(await service.computing.run(address_of(request), lambda: answers.repeat(models, body), request))

    @routes.post(
        "/explain",
        response_model=schemas.ExplainAnswer,
        summary="What each character of a name says",
    )
    async def explain(body: schemas.ExplainRequest, request: Request) -> Response:
        models = service.models
        return answered(
            await service.computing.run(address_of(request), lambda: answers.explain(models, body), request)
        )

    @routes.get("/models", response_model=schemas.ModelsAnswer, summary="Labels, alphabet, hash, scores and limits")
    async def models(request: Request) -> Response:
        limits = {
            "names": schemas.MAX_NAMES,
            "explained_names": schemas.MAX_EXPLAINED,
            "nearest_names": schemas.MAX_NEAREST,
            "body_bytes": service.limits.body_bytes,
            "seconds": service.limits.seconds,
        }
        return answered({"models": answers.describe(service.models), "limits": limits})

    return routes


def document(app: FastAPI, needs_token: bool) -> dict[str, Any]:
    """The OpenAPI document of an application, with the schema of problem details and the media types of streams."""
    content = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    content["components"]["schemas"][PROBLEM] = schemas.ProblemDetails.model_json_schema()
    item = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("GeneratedName", "End")]}
    content["components"]["schemas"]["End"] = schemas.End.model_json_schema()
    answers_of_generate = content["paths"]["/api/generate"]["post"]["responses"]["200"]["content"]
    answers_of_generate |= {media_type: {"schema": item} for media_type in (NDJSON, EVENTS)}
    if needs_token:
        content["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        content["security"] = [{"token": []}]
    for route, (request, answer) in EXAMPLES.items():
        # Not by way of the routes: FastAPI would leave out what is null.
        operation = content["paths"][f"/api/{route}"]["post"]
        operation["requestBody"]["content"]["application/json"]["example"] = request
        operation["responses"]["200"]["content"]["application/json"]["example"] = answer
    return content


def posted(routes: APIRouter) -> list[JSONRoute]:
    """The routes that take a body."""
    return [route for route in routes.routes if isinstance(route, JSONRoute) and "POST" in (route.methods or ())]


def _wanted_stream(request: Request) -> str | None:
    """The media type of a stream, if the client names one before JSON."""
    for part in request.headers.get("accept", "").split(","):
        media_type = part.partition(";")[0].strip().lower()
        if media_type in (NDJSON, EVENTS):
            return media_type
        if media_type == "application/json":
            return None
    return None


async def _lines(
    first: list[dict[str, Any]],
    rest: AsyncGenerator[list[dict[str, Any]], None],
    media_type: str,
    count: Callable[[int], None],
) -> AsyncIterator[bytes]:
    """The items of a stream as lines or events; when the client goes away, the work stops."""
    prefix, suffix = (b"", b"\n") if media_type == NDJSON else (b"data: ", b"\n\n")
    async with aclosing(rest):
        batch = first
        while True:
            count(sum("name" in item for item in batch))
            yield b"".join(prefix + orjson.dumps(item) + suffix for item in batch)
            if (batch := await anext(rest, [])) == []:
                return


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
