"""The routes of the API. What they compute is in answers, what a request may hold in schemas."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response, StreamingResponse

from charrnn.errors import CharRNNError
from charrnn.service import answers, examples, schemas
from charrnn.service.computing import SMALL, Stream
from charrnn.service.core import Service
from charrnn.service.limits import BODY
from charrnn.service.problems import MEDIA_TYPE, NOTED, Problem, from_error, from_validation

NDJSON, EVENTS = "application/x-ndjson", "text/event-stream"
PROBLEM = "Problem"
"""Name of the schema of problem details in the OpenAPI document."""
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}},
    }
    for status, description in (
        (400, "The body is no JSON object."),
        (401, "A token is needed."),
        (404, "No model for this task is served."),
        (408, "The body did not arrive in time."),
        (413, "The body is too large."),
        (415, "The body is not JSON."),
        (422, "A value cannot be used; `field` says which."),
        (429, "Too many requests are waiting; `Retry-After` says when to try again."),
        (503, "The server is about to stop."),
        (504, "Computing took too long."),
    )
}


class JSONRoute(APIRoute):
    """A route whose body is read strictly: no duplicate keys, no NaN, nothing converted; errors are problem details."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What FastAPI calls for each request."""
        endpoint = self.endpoint
        body: Any = self.body_field.field_info.annotation if self.body_field is not None else None
        fields = frozenset(body.model_fields) if body is not None else frozenset()

        async def handle(request: Request) -> Response:
            try:
                response: Response = await (
                    endpoint(request) if body is None else endpoint(read_body(request, body), request)
                )
                return response
            except Problem as error:
                problem = error
            except CharRNNError as error:
                of_client = from_error(error, fields)
                if of_client is None:
                    raise
                problem = of_client
            request.scope[NOTED] = problem.kind
            return problem.response()

        return handle


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

    def address(request: Request) -> str:
        return request.client.host if request.client else ""

    def count(route: str, names: int) -> None:
        service.metrics.names.labels(route).inc(names)

    @routes.post(
        "/classify",
        response_model=schemas.ClassifyAnswer,
        summary="Which label names belong to",
        **examples.of("classify"),
    )
    async def classify(body: schemas.ClassifyRequest, request: Request) -> Response:
        models = service.models
        model = answers.classifier_of(models)
        small = len(body.names) <= SMALL and not (body.explain or body.unlike_training)
        if small and isinstance(body.prior, str):
            labels = None if body.labels is None else tuple(body.labels)
            key = (models, body.top_k, body.prior, body.coverage, body.min_probability, labels)
            results = await service.small.submit(address(request), body.names, key)
        else:
            results = await service.computing.run(address(request), lambda: answers.classify(models, body), request)
        count("/api/classify", len(body.names))
        return answered({"results": results, "model": model.config.weights_sha256})

    @routes.post(
        "/generate",
        response_model=schemas.GenerateAnswer,
        summary="Invent names",
        description=f"`Accept: {NDJSON}` or `{EVENTS}` streams the names, each as soon as it is drawn, and at last "
        "`seed`, `complete` and `message`. A client that goes away stops the work.",
        **examples.of("generate"),
    )
    async def generate(body: schemas.GenerateRequest, request: Request) -> Response:
        models = service.models
        model = answers.generator_of(models)
        media_type = _wanted_stream(request)
        stream = Stream(service.computing, address(request), lambda: answers.generate(models, body), request)
        results = stream.results()
        if media_type is not None:
            first = await anext(results)
            stream.stop_watching()
            count("/api/generate", body.n)
            return StreamingResponse(_lines(first, results, media_type), media_type=media_type)
        async with aclosing(results):
            items = [item async for batch in results for item in batch]
        *names, end = items
        count("/api/generate", len(names))
        return answered({"names": names, "model": model.config.weights_sha256, **end})

    @routes.post("/repeat", response_model=schemas.RepeatAnswer, summary="The name of a stamp", **examples.of("repeat"))
    async def repeat(body: schemas.RepeatRequest, request: Request) -> Response:
        models = service.models
        return answered(await service.computing.run(address(request), lambda: answers.repeat(models, body), request))

    @routes.post(
        "/explain",
        response_model=schemas.ExplainAnswer,
        summary="What each character of a name says",
        **examples.of("explain"),
    )
    async def explain(body: schemas.ExplainRequest, request: Request) -> Response:
        models = service.models
        return answered(await service.computing.run(address(request), lambda: answers.explain(models, body), request))

    @routes.get("/models", response_model=schemas.ModelsAnswer, summary="Labels, alphabet, hash, scores and limits")
    async def models(request: Request) -> Response:
        limits = {
            "names": schemas.MAX_NAMES,
            "explained_names": schemas.MAX_EXPLAINED,
            "body_bytes": service.limits.body_bytes,
            "seconds": service.limits.seconds,
        }
        return answered({"models": answers.describe(service.models), "limits": limits})

    return routes


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an application, with the schema of problem details and the media types of streams."""
    content = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    content["components"]["schemas"][PROBLEM] = schemas.ProblemDetails.model_json_schema()
    item = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("GeneratedName", "End")]}
    content["components"]["schemas"]["End"] = schemas.End.model_json_schema()
    answers_of_generate = content["paths"]["/api/generate"]["post"]["responses"]["200"]["content"]
    answers_of_generate |= {media_type: {"schema": item} for media_type in (NDJSON, EVENTS)}
    return content


def posted(routes: APIRouter) -> list[JSONRoute]:
    """The routes that take a body."""
    return [route for route in routes.routes if isinstance(route, JSONRoute) and "POST" in (route.methods or ())]


def _wanted_stream(request: Request) -> str | None:
    """The media type of a stream, if the client prefers one."""
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    return next((media_type for media_type in (NDJSON, EVENTS) if media_type in accepted), None)


async def _lines(
    first: list[dict[str, Any]], rest: AsyncIterator[list[dict[str, Any]]], media_type: str
) -> AsyncIterator[bytes]:
    """The items of a stream as lines or events; what the client does not wait for is not computed."""
    prefix, suffix = (b"", b"\n") if media_type == NDJSON else (b"data: ", b"\n\n")
    try:
        yield b"".join(prefix + orjson.dumps(item) + suffix for item in first)
        async for batch in rest:
            yield b"".join(prefix + orjson.dumps(item) + suffix for item in batch)
    finally:
        await rest.aclose()  # type: ignore[attr-defined]
