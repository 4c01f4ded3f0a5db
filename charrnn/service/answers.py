"""From a request to an answer, without HTTP; what the routes and the page compute."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from charrnn.errors import StoppedError
from charrnn.generation import Constraints, FullRequest, Request, Sample, Sampling
from charrnn.generation.full_request import ANY_GENDER, FULL, usual_temperature
from charrnn.generation.request import usual_resample
from charrnn.inference import Classifier, FullName, Generator
from charrnn.inference.answers import as_record, explanation_record
from charrnn.name_forms import know_full_names
from charrnn.service import schemas
from charrnn.service.models import ServedModels
from charrnn.service.problems import Problem

LATE = "the time is over. Ask for fewer, or constrain less."
"""The end of the message when there are fewer names than were asked for because computing took too long."""


def classifier_of(models: ServedModels) -> Classifier:
    """The classifier.

    Raises:
        Problem: none is served.
    """
    if models.classifier is None:
        raise Problem("no-model", "this service has no classifier; it only invents names. See /api/models.")
    return models.classifier


def generator_of(models: ServedModels) -> Generator:
    """The generator.

    Raises:
        Problem: none is served.
    """
    if models.generator is None:
        raise Problem("no-model", "this service has no generator; it only classifies names. See /api/models.")
    return models.generator


def classification_settings(asked: schemas.ClassifyRequest) -> dict[str, Any]:
    """The arguments of :meth:`Classifier.predict` other than the names."""
    return {
        "top_k": asked.top_k,
        "prior": asked.prior,
        "coverage": asked.coverage,
        "min_probability": asked.min_probability,
        "labels": asked.labels,
        "kind": asked.kind,
        "level": asked.level,
        "whole": asked.whole,
    }


def classify(models: ServedModels, asked: schemas.ClassifyRequest) -> list[dict[str, Any]]:
    """An answer for each name, in the keys of ``charrnn classify --format jsonl``."""
    model, settings = classifier_of(models), classification_settings(asked)
    predictions = model.predict(asked.names, **settings)  # type: ignore[arg-type]  # None is a missing name
    if not asked.explain:
        return [as_record(prediction) for prediction in predictions]
    return [
        as_record(
            p, model.explain(p.name, asked.prior, asked.labels, asked.kind, asked.whole) if p.predictions else None
        )
        for p in predictions
    ]


def explain(models: ServedModels, asked: schemas.ExplainRequest) -> dict[str, Any]:
    """What each character of a name says."""
    model = classifier_of(models)
    explanation = model.explain(asked.name, asked.prior, asked.labels, asked.kind, asked.whole)
    return {"name": asked.name, **explanation_record(explanation), "model": model.config.weights_sha256}


def generation_request(asked: schemas.GenerateRequest) -> Request | FullRequest:
    """What to draw; without a seed, a random one is chosen.

    Raises:
        SettingsError: a value is out of its range.
    """
    constraints = _constraints(asked, asked)
    label = asked.label if asked.blend is None else asked.blend
    seed = secrets.randbelow(2**32) if asked.seed is None else asked.seed
    temperature = usual_temperature(asked.kind) if asked.temperature is None else asked.temperature
    sampling = Sampling(temperature, asked.top_k, asked.top_p)
    if asked.kind == FULL:
        surname = _constraints(asked, asked.surname or schemas.Shape.model_validate({}))
        return FullRequest(label, seed, sampling, constraints, surname, asked.resample, asked.gender or ANY_GENDER)
    return Request(label, seed, sampling, constraints, asked.resample or usual_resample(constraints), asked.kind)


def _constraints(asked: schemas.GenerateRequest, shape: schemas.Shape) -> Constraints:
    """The constraints of a shape; the spelling is that of the whole request."""
    own = {field: getattr(shape, field) for field in schemas.Shape.model_fields}
    return Constraints(**own, any_case=asked.any_case, ascii=asked.ascii)


def generate(models: ServedModels, asked: schemas.GenerateRequest) -> Iterator[dict[str, Any]]:
    """Names, each as soon as it is drawn, and at last whether all are there.

    Raises:
        CharRNNError: as :meth:`charrnn.inference.Generator.stream`, before the first name.
        StoppedError: stopped before the first name; later, the last item tells of it.
    """
    model = generator_of(models)
    request = generation_request(asked)
    count, message = 0, None
    if asked.nearest:
        _ = model.training_names  # an error comes before the first name
    try:
        samples: Iterator[Sample | FullName]
        if isinstance(request, FullRequest):
            samples = model.stream_full(request, asked.n, asked.novel)
        else:
            samples = model.stream(request, asked.n, asked.novel)
        for sample in samples:
            yield _named(sample, model.stamp(request, sample)) | _near(model, sample.name, asked.nearest)
            count += 1
    except StoppedError:
        if not count:
            raise
        message = f"{count:,} names instead of {asked.n:,}: {LATE}"
    else:
        if count < asked.n:
            message = f"{count:,} names instead of {asked.n:,}: new ones became too rare."
    yield {"seed": request.seed, "complete": count == asked.n, "message": message}


def repeat(models: ServedModels, asked: schemas.RepeatRequest) -> dict[str, Any]:
    """The name of a stamp."""
    model = generator_of(models)
    return {**_named(model.repeat(asked.stamp), asked.stamp), "model": model.config.weights_sha256}


def _named(sample: Sample | FullName, stamp: str) -> dict[str, Any]:
    record: dict[str, Any] = {"name": sample.name}
    if isinstance(sample, FullName):
        record |= {"parts": [part._asdict() for part in sample.parts], "gender": sample.gender}
    return record | {"log_probability": round(sample.log_probability, 4), "stamp": stamp}


def _near(model: Generator, name: str, wanted: bool) -> dict[str, Any]:
    """The nearest training name and its distance, if they are wanted."""
    return dict(zip(("nearest", "distance"), model.nearest(name), strict=True)) if wanted else {}


def describe(models: ServedModels) -> list[dict[str, Any]]:
    """What ``/api/models`` tells of each model."""
    return [
        {
            "task": model.config.task,
            "labels": model.labels,
            "kinds": model.config.kinds,
            "full_names": know_full_names(model.config.kinds),
            "families": model.config.families,
            "alphabet": model.config.alphabet,
            "sha256": model.config.weights_sha256,
            "scores": model.config.metrics,
        }
        for model in (models.classifier, models.generator)
        if model is not None
    ]
