"""The training loop of both tasks, on one device or many; after an interruption it goes on bit-exactly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from charrnn.errors import InterruptedRunError, NonFiniteLossError
from charrnn.training.dataset import IGNORE, Batch, Batches
from charrnn.training.distributed import DistributedContext, unwrap
from charrnn.training.metric_accumulator import MetricAccumulator
from charrnn.training.modules import cross_entropy
from charrnn.training.optimisation import make_schedule, parameter_groups, scale_gradients
from charrnn.training.progress_bar import progress_bar
from charrnn.training.settings import Settings
from charrnn.training.signals import StopRequest

SaveState = Callable[[dict[str, Any]], None]


@dataclass
class Progress:
    """How far a fit has come. Losses are nats per target: a name of a classifier, a character of a generator."""

    epoch: int = 0
    """Whole epochs done."""
    step: int = 0
    """Steps done of the current epoch."""
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])
    """Of the current epoch: loss, targets, gradient norms, names."""
    overflows: int = 0
    """Steps of the current epoch whose gradient was not finite: those that the loss scale of fp16 leaves out."""
    best_loss: float = float("inf")
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    """The metrics of each epoch."""


class Listener(Protocol):
    """Observes training on rank 0; never steers it."""

    def on_epoch(self, metrics: dict[str, float], validation: MetricAccumulator, model: nn.Module) -> None:
        """Called after each epoch.

        Args:
            metrics: of the epoch, a line of ``metrics.jsonl``.
            validation: the sums of the validation pass; empty without validation.
            model: :attr:`Trainer.eval_model`, in evaluation mode.
        """

    def on_end(self, model: nn.Module) -> None:
        """Called after the last epoch, with the best weights."""


class Trainer:
    """AdamW, clipping, a schedule, early stopping; the result has the weights of least validation loss.

    Args:
        model: not yet wrapped.
        train: batches of an epoch.
        validation: batches whose loss steers; without any, all epochs are run and the last weights are the result.
        settings: of the run.
        context: device and processes.
        listeners: called after each epoch.
        save: writes a state; called after each epoch, every ``settings.save_every`` steps, and on a signal.
        rates: learning rates of the epochs, in place of the schedule.
        epochs: to train, in place of ``settings.epochs``; a one-cycle schedule is spread over the latter all the same.
        kind_count: classes of each label of a classifier.
        factors: of the learning rate, by name of a parameter; see
            :func:`charrnn.training.optimisation.parameter_groups`.
    """

    def __init__(
        self,
        model: nn.Module,
        train: Batches,
        validation: Batches | None,
        settings: Settings,
        context: DistributedContext,
        listeners: Sequence[Listener] = (),
        save: SaveState = lambda state: None,
        rates: Sequence[float] | None = None,
        epochs: int | None = None,
        kind_count: int = 1,
        factors: Mapping[str, float] | None = None,
    ) -> None:
        self.epochs, self.kind_count = settings.epochs if epochs is None else epochs, kind_count
        self.model, self.train, self.validation = context.wrap(model), train, validation
        self.settings, self.context, self.listeners, self.save = settings, context, listeners, save
        groups = parameter_groups(model, settings.learning_rate, settings.weight_decay, factors)
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
        self.schedule = make_schedule(self.optimizer, settings, len(train.sampler), rates)
        self.scaler = torch.amp.GradScaler(context.device.type, enabled=settings.precision == "fp16")
        average = get_ema_multi_avg_fn(settings.ema)  # type: ignore[no-untyped-call]
        self.ema = AveragedModel(model, multi_avg_fn=average) if settings.ema else None
        self.progress = Progress()
        self.best_weights = copy_weights(self.eval_model)

    @property
    def eval_model(self) -> nn.Module:
        """The model that is validated and becomes the result: the moving average, if there is one."""
        return self.ema.module if self.ema else unwrap(self.model)

    def fit(self, what: str = "") -> None:
        """Train until the epochs are used up or validation stops improving; then load the best weights.

        Args:
            what: beside the progress bar.

        Raises:
            NonFiniteLossError: the loss became NaN or infinite; the step was not taken.
            InterruptedRunError: a signal came; the step was finished and the state saved.
        """
        progress, plateau = self.progress, self.settings.schedule == "plateau"
        silent = not self.context.is_rank_zero
        what = what or ("training" if self.validation else "training on all names")
        bar = progress_bar(what, self.epochs, progress.epoch, silent)
        with bar, StopRequest() as stop:
            while not self.is_over():
                self.run_epoch(stop)
                rate = self.schedule.rate
                metrics = self.end_epoch()
                self.save(self.state_dict())
                bar.set_postfix_str(self._summary(metrics), refresh=False)
                bar.update()
                if self.validation and plateau and self.schedule.rate < rate:
                    bar.write(f"epoch {progress.epoch}: learning rate cut from {rate:.2g} to {self.schedule.rate:.2g}")
        self.eval_model.load_state_dict(self.best_weights)
        if self.context.is_rank_zero:
            for listener in self.listeners:
                listener.on_end(self.eval_model)

    def is_over(self) -> bool:
        """Whether the epochs are used up, or validation has not improved for ``patience`` epochs."""
        waited = self.progress.epoch - self.progress.best_epoch
        return self.progress.epoch >= self.epochs or 0 < self.settings.patience <= waited

    def run_epoch(self, stop: StopRequest) -> None:
        """The remaining steps of the current epoch."""
        progress = self.progress
        self.train.sampler.set_epoch(progress.epoch, progress.step)
        self.model.train()
        self.began, self.names_before = time.perf_counter(), progress.sums[3]
        for batch in self.train:
            loss, count, norm, names, stopping = self.step(batch, stop.signal is not None)
            progress.step += 1
            if not math.isfinite(norm):
                progress.overflows, norm = progress.overflows + 1, 0.0
            for i, value in enumerate((loss, count, norm, names)):
                progress.sums[i] += value
            if stopping:
                self.save(self.state_dict())
                raise InterruptedRunError(
                    f"stopped by a signal after epoch {progress.epoch + 1}, step {progress.step}; the state is saved. "
                    "Go on with --resume."
                )
            if progress.step % self.settings.save_every == 0:
                self.save(self.state_dict())

    def step(self, batch: Batch, stop: bool = False) -> tuple[float, float, float, int, bool]:
        """One update over all processes.

        Args:
            batch: this process's share of it.
            stop: whether this process received a signal.

        Returns:
            Summed loss, targets, norm of the gradient before clipping, names, and whether any process has to stop.

        Raises:
            NonFiniteLossError: the loss is NaN or infinite; the step is not taken.
        """
        with self.context.autocast():
            logits = self.model(*batch.inputs)
        loss = cross_entropy(logits.float(), batch.targets, self.settings.label_smoothing)
        count = (batch.targets != IGNORE).sum()
        names_and_stop = torch.tensor([len(batch.targets), stop], dtype=torch.float32, device=loss.device)
        totals = self.context.start_sum(torch.cat([torch.stack([loss.detach(), count.float()]), names_and_stop]))
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        total, targets, names, stops = totals().tolist()
        if not math.isfinite(total):
            raise NonFiniteLossError(
                f"the loss is {total} at epoch {self.progress.epoch + 1}, batch {self.progress.step + 1}; "
                "the step was not taken. Lower --learning-rate."
            )
        self.scaler.unscale_(self.optimizer)
        # From a sum that DistributedDataParallel averaged over processes to the mean over all targets.
        scale_gradients(self.model, self.context.world_size / targets)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.schedule.after_step()
        if self.ema:
            self.ema.update_parameters(unwrap(self.model))
        return total, targets, norm.item(), int(names), stops > 0

    def end_epoch(self) -> dict[str, float]:
        """Validate, step the schedule, copy the weights if they are the best, call the listeners; the metrics."""
        progress = self.progress
        seconds = time.perf_counter() - self.began
        validation = self.evaluate()
        validated = {"validation_loss": validation.loss, **validation.scores()} if self.validation else {}
        loss, targets, norms, names = progress.sums
        taken = progress.step - progress.overflows
        metrics = {
            "epoch": progress.epoch + 1,
            "train_loss": loss / targets,
            **validated,
            "learning_rate": self.schedule.rate,
            "gradient_norm": norms / taken if taken else math.nan,
            "names_per_second": (names - self.names_before) / seconds,
        }
        self.schedule.after_epoch(validation.loss)
        progress.epoch, progress.step, progress.sums = progress.epoch + 1, 0, [0.0, 0.0, 0.0, 0.0]
        progress.overflows = 0
        progress.history.append(metrics)
        if not self.validation or validation.loss < progress.best_loss:
            progress.best_loss, progress.best_epoch = validation.loss, progress.epoch
            self.best_weights = copy_weights(self.eval_model)
        if self.context.is_rank_zero:
            for listener in self.listeners:
                listener.on_epoch(metrics, validation, self.eval_model)
        return metrics

    @torch.no_grad()
    def evaluate(self) -> MetricAccumulator:
        """The sums of a validation pass over all processes."""
        model = self.eval_model.eval()
        accumulator = MetricAccumulator(self.kind_count)
        for batch in self.validation or ():
            if len(batch.targets):
                with self.context.autocast():
                    logits = model(*batch.inputs)
                accumulator.add(logits.float(), batch.targets)
        return accumulator.all_reduce(self.context)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        rng = {"cpu": torch.get_rng_state()}
        if self.context.device.type == "cuda":
            rng["cuda"] = torch.cuda.get_rng_state(self.context.device)
        return {
            "model": unwrap(self.model).state_dict(),
            "ema": self.ema.state_dict() if self.ema else None,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "best_weights": self.best_weights,
            "progress": asdict(self.progress),
            "rng": self.context.gather(rng),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of :meth:`state_dict`."""
        unwrap(self.model).load_state_dict(state["model"])
        if self.ema:
            self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        self.best_weights = state["best_weights"]
        self.progress = Progress(**state["progress"])
        # Saved by another number of processes, the states are dealt out again; dropout then differs.
        rng = state["rng"][self.context.rank % len(state["rng"])]
        torch.set_rng_state(rng["cpu"])
        if "cuda" in rng and self.context.device.type == "cuda":
            torch.cuda.set_rng_state(rng["cuda"], self.context.device)

    def _summary(self, metrics: dict[str, float]) -> str:
        validated = (
            f"validation {metrics['validation_loss']:.3f}, best {self.progress.best_loss:.3f}, "
            if self.validation
            else ""
        )
        return f"train {metrics['train_loss']:.3f}, {validated}{metrics['names_per_second']:,.0f} names/s"


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    """The current weights, on the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
