"""Parameter groups of AdamW, and learning-rate schedules behind one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from charrnn.training.settings import Settings


class Plateau:
    """``ReduceLROnPlateau``: the rate is cut where the validation loss stops improving.

    Each group of parameters has the rate times its ``factor``.
    """

    def __init__(self, optimizer: Optimizer, settings: Settings) -> None:
        self.optimizer = optimizer
        self.scheduler = ReduceLROnPlateau(
            optimizer,
            factor=settings.lr_factor,
            patience=settings.lr_patience,
            threshold=settings.lr_threshold,
            min_lr=[settings.lr_min * group.get("factor", 1.0) for group in optimizer.param_groups],
        )

    @property
    def rate(self) -> float:
        """The current learning rate, of a group whose factor is 1."""
        group = self.optimizer.param_groups[0]
        return float(group["lr"] / group.get("factor", 1.0))

    def after_step(self) -> None:
        """Nothing changes within an epoch."""

    def after_epoch(self, loss: float) -> None:
        """Count an epoch without improvement; beyond the patience, cut the rate."""
        self.scheduler.step(loss)

    def state_dict(self) -> dict[str, Any]:
        """State of the scheduler."""
        return self.scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of :meth:`state_dict`."""
        self.scheduler.load_state_dict(state)


class OneCycle(Plateau):
    """``OneCycleLR`` (Smith and Topin 2018): the rate rises for 30 % of all steps, then falls to almost 0."""

    def __init__(self, optimizer: Optimizer, settings: Settings, steps: int) -> None:
        self.optimizer = optimizer
        highest = [settings.learning_rate * group.get("factor", 1.0) for group in optimizer.param_groups]
        self.cycle = OneCycleLR(optimizer, highest, total_steps=settings.epochs * steps)

    def after_step(self) -> None:
        """Go one step along the cycle."""
        # OneCycleLR raises an error beyond its last step.
        if self.cycle.last_epoch < self.cycle.total_steps - 1:
            self.cycle.step()

    def after_epoch(self, loss: float) -> None:
        """The cycle does not depend on the loss."""

    def state_dict(self) -> dict[str, Any]:
        """State of the cycle."""
        state = self.cycle.state_dict()
        # The rest are bound methods, which cannot be saved; the constructor makes them again.
        return {key: value for key, value in state.items() if isinstance(value, int | float | list | str | bool)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of :meth:`state_dict`."""
        self.cycle.load_state_dict(state)


class Replay(Plateau):
    """The rates of an earlier fit, epoch by epoch.

    Args:
        optimizer: whose rate it sets.
        rates: of the epochs.
    """

    def __init__(self, optimizer: Optimizer, rates: Sequence[float]) -> None:
        self.optimizer, self.rates = optimizer, list(rates)
        self.epoch = -1
        self.after_epoch(0.0)

    def after_epoch(self, loss: float) -> None:
        """Set the next epoch's rate; the last one stays."""
        self.epoch += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self.rates[min(self.epoch, len(self.rates) - 1)] * group.get("factor", 1.0)

    def state_dict(self) -> dict[str, Any]:
        """The epoch; the rates come with the constructor."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state; the optimizer's own state holds the rate."""
        self.epoch = state["epoch"]


def make_schedule(
    optimizer: Optimizer, settings: Settings, steps: int, rates: Sequence[float] | None = None
) -> Plateau:
    """The schedule of the settings, or the replay of given rates.

    Args:
        optimizer: whose rate it sets.
        settings: of the run.
        steps: of an epoch.
        rates: of the epochs.
    """
    if rates is not None:
        return Replay(optimizer, rates)
    return OneCycle(optimizer, settings, steps) if settings.schedule == "one-cycle" else Plateau(optimizer, settings)


def parameter_groups(
    model: nn.Module, learning_rate: float, weight_decay: float, factors: Mapping[str, float] | None = None
) -> list[dict[str, object]]:
    """Groups of parameters: matrices, which decay, apart from biases and embeddings, which do not.

    Args:
        model: whose parameters they are.
        learning_rate: of those without a factor.
        weight_decay: of matrices.
        factors: of the learning rate, by name of the parameter; 1 where it is left out.
    """
    not_decayed = {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        decays = parameter.ndim >= 2 and id(parameter) not in not_decayed
        groups.setdefault((decays, (factors or {}).get(name, 1.0)), []).append(parameter)
    return [
        {"params": own, "weight_decay": weight_decay * decays, "lr": learning_rate * factor, "factor": factor}
        for (decays, factor), own in sorted(groups.items(), key=lambda item: item[0], reverse=True)
    ]


def scale_gradients(model: nn.Module, factor: float) -> None:
    """Multiply all gradients, in place."""
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.mul_(factor)
