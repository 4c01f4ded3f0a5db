"""What all requests share: models, limits, threads and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from charrnn.errors import CharRNNError, SettingsError
from charrnn.inference.answers import as_record
from charrnn.service.computing import Computing, SmallRequests
from charrnn.service.limits import Limits
from charrnn.service.models import ServedModels
from charrnn.service.observation import Metrics, log
from charrnn.service.settings import ServiceSettings


class Service:
    """Models, and who computes with them.

    Args:
        settings: what is served.
        limits: how much of it.

    Attributes:
        models: those that new requests get.
        is_draining: set by a signal to stop; new requests are refused.

    Raises:
        CharRNNError: a model cannot be read.
    """

    def __init__(self, settings: ServiceSettings, limits: Limits | None = None) -> None:
        self.settings, self.limits = settings, limits or Limits()
        self.models = ServedModels.load(settings.models)
        self.is_draining = False
        self.metrics = Metrics()
        self.metrics.show_models(self.models.hashes, {})
        self.computing = Computing(self.limits)
        self.computing.admission.changed = self.metrics.show_load
        self.small = SmallRequests(_classify_together)

    def reload(self) -> None:
        """Load the models folder anew; if that fails, the former models stay, and the log says why."""
        try:
            models = ServedModels.load(self.settings.models)
            if gone := self.models.hashes.keys() - models.hashes.keys():
                raise SettingsError(f"models: {', '.join(gone)}/ is gone. Start anew to serve without it.")
        except CharRNNError as error:
            log.error("the former models stay", extra={"fields": {"why": str(error)}})
            return
        self.metrics.show_models(models.hashes, self.models.hashes)
        self.models = models
        log.info("models loaded anew", extra={"fields": models.hashes})


def _classify_together(names: list[Any], key: tuple[Any, ...]) -> Sequence[dict[str, Any]]:
    models, *settings = key  # arguments by name, as pairs
    assert models.classifier is not None
    return [as_record(prediction) for prediction in models.classifier.predict(names, **dict(settings))]
