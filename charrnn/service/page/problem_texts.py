"""What went wrong, in the reader's language."""

from __future__ import annotations

from pydantic import ValidationError

from charrnn.service.page.link import RANGES, FormError
from charrnn.service.page.texts import Texts
from charrnn.service.problems import Problem, from_error, from_validation
from charrnn.service.schemas import MAX_SEED, GenerateRequest

FIELDS = frozenset(GenerateRequest.model_fields)


def told(error: Exception, texts: Texts) -> str:
    """What is wrong, and the next move.

    Args:
        error: of charrnn, of a request's validation, or of the page's form.
        texts: in the reader's language.

    Raises:
        CharRNNError: the error itself, if it is the server's own and not the reader's.
    """
    if isinstance(error, FormError):
        problem: Problem | None = Problem("invalid", str(error), str(error))
    elif isinstance(error, ValidationError):
        problem = from_validation(error)
    else:
        problem = error if isinstance(error, Problem) else from_error(error, FIELDS)  # type: ignore[arg-type]
    if problem is None:
        raise error
    field = problem.field or ""
    key = next((k for k in (f"problem.{problem.kind}", f"problem.{field}") if texts.has(k)), "problem.other")
    limit = MAX_SEED if field == "seed" else int(RANGES[field][1]) if field in RANGES else 0
    return texts(key, limit=limit, detail=problem.detail)
