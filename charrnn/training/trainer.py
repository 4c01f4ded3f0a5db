"""One visible loop for both tasks."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from charrnn.errors import NonFiniteLossError
from charrnn.training.dataset import IGNORE, Batch, Item
from charrnn.training.parallel import unwrap
from charrnn.training.settings import Settings


class Epoch(NamedTuple):
    """What a listener is told after each epoch. Losses are nats per target: a name, or a character."""

    number: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    gradient_norm: float
    names_per_second: float


class Listener(Protocol):
    """Observes training; never steers it."""

    def on_epoch(self, epoch: Epoch) -> None:
        """Called after each epoch."""


class Trainer:
    """AdamW, gradient clipping, ReduceLROnPlateau, early stopping; the best weights by validation loss are kept.

    Args:
        model: on its device, wrapped or not; ``model(*batch.inputs)`` gives logits.
        train: batches of an epoch.
        validation: batches whose loss steers.
        settings: of the run.
        device: where the batches go.
        listeners: told of each epoch.
    """

    def __init__(
        self,
        model: nn.Module,
        train: DataLoader[Item],
        validation: DataLoader[Item],
        settings: Settings,
        device: torch.device,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self.model, self.train, self.validation = model, train, validation
        self.settings, self.device, self.listeners = settings, device, listeners
        self.optimizer = torch.optim.AdamW(parameter_groups(model, settings.weight_decay), lr=settings.learning_rate)
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=settings.lr_factor, patience=settings.lr_patience
        )
        self.best_loss = float("inf")
        self.best_epoch = 0
        self.best_weights = copy.deepcopy(unwrap(model).state_dict())

    def fit(self) -> list[Epoch]:
        """Train until the epochs are used up or validation stops improving; then restore the best weights.

        Raises:
            NonFiniteLossError: the loss became NaN or infinite; the step was not taken.
        """
        history: list[Epoch] = []
        with tqdm(total=self.settings.epochs, unit="epoch", dynamic_ncols=True) as bar:
            for number in range(1, self.settings.epochs + 1):
                epoch = self.run_epoch(number)
                history.append(epoch)
                self.scheduler.step(epoch.validation_loss)
                if epoch.validation_loss < self.best_loss:
                    self.best_loss, self.best_epoch = epoch.validation_loss, number
                    self.best_weights = copy.deepcopy(unwrap(self.model).state_dict())
                for listener in self.listeners:
                    listener.on_epoch(epoch)
                bar.set_postfix_str(
                    f"train {epoch.train_loss:.3f}, validation {epoch.validation_loss:.3f}, "
                    f"best {self.best_loss:.3f}, {epoch.names_per_second:,.0f} names/s"
                )
                bar.update()
                if 0 < self.settings.patience <= number - self.best_epoch:
                    break
        unwrap(self.model).load_state_dict(self.best_weights)
        return history

    def run_epoch(self, number: int) -> Epoch:
        """One pass over the training batches, and the validation loss after it."""
        began = time.perf_counter()
        self.model.train()
        loss_sum = norm_sum = 0.0
        targets = names = steps = 0
        learning_rate = self.optimizer.param_groups[0]["lr"]
        for batch in self.train:
            loss, norm, count = self.step(batch.to(self.device), number, steps)
            loss_sum += loss * count
            norm_sum += norm
            targets += count
            names += len(batch.targets)
            steps += 1
        seconds = time.perf_counter() - began
        validation_loss, accuracy = self.evaluate()
        return Epoch(
            number, loss_sum / targets, validation_loss, accuracy, learning_rate, norm_sum / steps, names / seconds
        )

    def step(self, batch: Batch, epoch: int, number: int) -> tuple[float, float, int]:
        """One update. Gives the mean loss, the norm of the gradient before clipping, and the number of targets."""
        loss = cross_entropy(self.model(*batch.inputs), batch.targets)
        if not torch.isfinite(loss):
            raise NonFiniteLossError(
                f"the loss is {loss.item()} at epoch {epoch}, batch {number}; nothing was written. "
                "Lower --learning-rate or --clip."
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        return loss.item(), norm.item(), int((batch.targets != IGNORE).sum())

    @torch.no_grad()
    def evaluate(self) -> tuple[float, float]:
        """Loss and accuracy on the validation batches, means over targets."""
        self.model.eval()
        loss_sum = correct = 0.0
        count = 0
        for cpu_batch in self.validation:
            batch = cpu_batch.to(self.device)
            logits = self.model(*batch.inputs)
            inside = batch.targets != IGNORE
            loss_sum += cross_entropy(logits, batch.targets, "sum").item()
            correct += ((logits.argmax(-1) == batch.targets) & inside).sum().item()
            count += int(inside.sum())
        return loss_sum / count, correct / count


def cross_entropy(logits: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
    """Cross-entropy of logits (…, C) and targets (…), padding left out."""
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORE, reduction=reduction)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Matrices decay; biases and embeddings do not."""
    spared = {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    decays: list[nn.Parameter] = []
    keeps: list[nn.Parameter] = []
    for parameter in model.parameters():
        (keeps if parameter.ndim < 2 or id(parameter) in spared else decays).append(parameter)
    return [{"params": decays, "weight_decay": weight_decay}, {"params": keeps, "weight_decay": 0.0}]
