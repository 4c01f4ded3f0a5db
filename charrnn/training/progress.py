"""How far training has come, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from torch import nn

from charrnn.training.tally import Tally


@dataclass
class Progress:
    """How far a run has come. Losses are nats per target: a name, or a character."""

    epoch: int = 0
    """Whole epochs done."""
    step: int = 0
    """Steps done of the current epoch."""
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])
    """Of the current epoch: loss, targets, gradient norms, names."""
    best_loss: float = float("inf")
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    """What was measured after each epoch."""


class Listener(Protocol):
    """Observes training; never steers it."""

    def on_epoch(self, figures: dict[str, float], tally: Tally, model: nn.Module) -> None:
        """Called on rank 0 after each epoch, with its figures, what validation counted, and the model to be kept.

        Without validation, nothing was counted.
        """

    def on_end(self, model: nn.Module) -> None:
        """Called on rank 0 when training is over, with the best weights."""
