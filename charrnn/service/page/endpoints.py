"""Endpoints of Gradio's own API, which ``gradio_client`` and other Spaces call."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import gradio as gr
from gradio.components.api_component import Api
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


class PageBlocks(gr.Blocks):  # type: ignore[misc]  # Gradio has no types
    """Blocks whose endpoints may be called without their last arguments.

    Gradio fills these in for its own clients alone. Who calls by plain HTTP sends a list, which grows with an endpoint.
    """

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *rest: Any, **more: Any) -> list[Any]:
        """What the function is given."""
        missing = block_fn.inputs[len(inputs) :]
        if all(isinstance(one, Api) and one.value is not None for one in missing):
            inputs = [*inputs, *(one.value for one in missing)]
        return await super().preprocess_data(block_fn, inputs, *rest, **more)  # type: ignore[no-any-return]


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

    # The request stands first, so that arguments to come may have defaults; those that are here keep their order.
    async def classify(self, request: gr.Request, name: str, top_k: int, kind: str = "") -> dict[str, Any]:
        """Which language a name comes from: the most probable labels with their probabilities.

        Args:
            name: of a person.
            top_k: number of labels; 0 gives all.
            kind: of the name: surname, female or male; empty for any.
        """

        def record() -> dict[str, Any]:
            asked = ClassifyRequest.model_validate({"names": [name], "top_k": top_k, "kind": kind or None})
            return answers.classify(self.models, asked)[0]

        return await self._answered(request, record)

    async def generate(
        self,
        request: gr.Request,
        label: str,
        n: int,
        temperature: float,
        kind: str = "",
        ascii: bool = False,
        gender: str = "",
    ) -> list[str]:
        """New names for a language.

        Args:
            label: one of the languages that the generator knows, or * for any.
            n: number of names.
            temperature: 0 gives typical names, 1.5 daring ones; 0.8 is usual, of full names 0.5.
            kind: of names: surname, female or male; full for full names; empty for any.
            ascii: write them without diacritics: Dvorak, not Dvořák.
            gender: of full names: female or male; empty for any.
        """

        def names() -> list[str]:
            wants = {"label": label, "n": n, "temperature": temperature, "kind": kind or None, "ascii": ascii}
            wants["gender"] = gender or None
            asked = GenerateRequest.model_validate(wants)
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
    _request, *parameters = inspect.signature(function).parameters
    for component, parameter in zip(endpoint.inputs, parameters, strict=True):
        component.label = parameter
