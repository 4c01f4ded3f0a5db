"""Endpoints of Gradio's own API, which ``gradio_client`` and other Spaces call."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import gradio as gr
from pydantic import ValidationError

from charrnn.errors import CharRNNError
from charrnn.service import answers
from charrnn.service.models import ServedModels
from charrnn.service.problems import Problem, from_validation
from charrnn.service.schemas import ClassifyRequest, GenerateRequest

Result = TypeVar("Result")


class Compute(Protocol):
    """How work is done for a request."""

    def __call__(self, request: gr.Request, work: Callable[[], Result], /) -> Awaitable[Result]:
        """The result of the work, done when it is the client's turn."""


class Endpoints:
    """Makes the endpoints of the models that are there, within the ``gr.Blocks`` that is being built.

    Args:
        blocks: being built.
        models: that answer.
        compute: how the work is done.
        quick, drawing: the limits of events that classify and of those that draw names, as Gradio takes them.
    """

    def __init__(
        self,
        blocks: gr.Blocks,
        models: ServedModels,
        compute: Compute,
        quick: dict[str, Any],
        drawing: dict[str, Any],
    ) -> None:
        self.models, self.compute = models, compute
        if models.classifier is not None:
            _add(blocks, self.classify, "answer", quick)
        if models.generator is not None:
            _add(blocks, self.generate, "names", drawing)

    async def classify(self, name: str, top_k: int, request: gr.Request) -> dict[str, Any]:
        """Which language a name comes from: the most probable labels with their probabilities.

        Args:
            name: of a person.
            top_k: number of labels; 0 gives all.
        """

        def record() -> dict[str, Any]:
            asked = ClassifyRequest.model_validate({"names": [name], "top_k": top_k})
            return answers.classify(self.models, asked)[0]

        return await self._answered(request, record)

    async def generate(self, label: str, n: int, temperature: float, request: gr.Request) -> list[str]:
        """New names for a language.

        Args:
            label: one of the languages that the generator knows, or * for any.
            n: number of names.
            temperature: 0 gives typical names, 1.5 daring ones; 0.8 is usual.
        """

        def names() -> list[str]:
            asked = GenerateRequest.model_validate({"label": label, "n": n, "temperature": temperature})
            return [item["name"] for item in answers.generate(self.models, asked) if "name" in item]

        return await self._answered(request, names)

    async def _answered(self, request: gr.Request, work: Callable[[], Result]) -> Result:
        try:
            return await self.compute(request, work)
        except ValidationError as error:
            raise gr.Error(from_validation(error).detail, print_exception=False) from error
        except (CharRNNError, Problem) as error:
            raise gr.Error(str(error), print_exception=False) from error


def _add(blocks: gr.Blocks, function: Callable[..., Any], output: str, limits: dict[str, Any]) -> None:
    """Make a function the endpoint of its name, its inputs named as its parameters, and its output."""
    name = function.__name__
    gr.api(function, api_name=name, **limits)
    endpoint = next(fn for fn in blocks.fns.values() if fn.api_name == name)
    endpoint.outputs[0].label = output
    for component, parameter in zip(endpoint.inputs, inspect.signature(function).parameters, strict=False):
        component.label = parameter
