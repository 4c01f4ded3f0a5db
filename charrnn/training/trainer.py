"""One visible loop for both tasks, on one device or many, that can stop after any step and go on bit-exactly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from charrnn.errors import InterruptedRunError, NonFiniteLossError
from charrnn.training.dataset import IGNORE, Batch, Batches
from charrnn.training.modules import cross_entropy
from charrnn.training.optimisation import make_schedule, parameter_groups, scale_gradients
from charrnn.training.parallel import Machine, unwrap
from charrnn.training.progress import Listener, Progress
from charrnn.training.settings import Settings
from charrnn.training.stop import StopRequest
from charrnn.training.tally import Tally

Save = Callable[[dict[str, Any]], None]


class Trainer:
    """AdamW, clipping, a schedule, early stopping; the best weights by validation loss are kept.

    Args:
        model: not yet wrapped.
        train: batches of an epoch.
        validation: batches whose loss steers; without any, all epochs are run and the last weights kept.
        settings: of the run.
        machine: where it computes.
        listeners: told of each epoch.
        save: keeps a state; called after each epoch, every ``settings.save_every`` steps, and on a signal.
        rates: learning rates of the epochs, in place of the schedule.
        epochs: to train, in place of ``settings.epochs``, over which a one-cycle schedule is spread all the same.
    """

    def __init__(
        self,
        model: nn.Module,
        train: Batches,
        validation: Batches | None,
        settings: Settings,
        machine: Machine,
        listeners: Sequence[Listener] = (),
        save: Save = lambda state: None,
        rates: Sequence[float] | None = None,
        epochs: int | None = None,
    ) -> None:
        self.epochs = settings.epochs if epochs is None else epochs
        self.model, self.train, self.validation = machine.wrap(model), train, validation
        self.settings, self.machine, self.listeners, self.save = settings, machine, listeners, save
        groups = parameter_groups(model, settings.weight_decay)
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
        self.schedule = make_schedule(self.optimizer, settings, len(train.sampler), rates)
        self.scaler = torch.amp.GradScaler(machine.device.type, enabled=settings.precision == "fp16")
        average = get_ema_multi_avg_fn(settings.ema)  # type: ignore[no-untyped-call]
        self.ema = AveragedModel(model, multi_avg_fn=average) if settings.ema else None
        self.progress = Progress()
        self.best_weights = copy_weights(self.kept)

    @property
    def kept(self) -> nn.Module:
        """The model that is validated and kept: the moving average, if there is one."""
        return self.ema.module if self.ema else unwrap(self.model)

    def fit(self) -> None:
        """Train until the epochs are used up or validation stops improving; then load the best weights.

        Raises:
            NonFiniteLossError: the loss became NaN or infinite; the step was not taken.
            InterruptedRunError: a signal came; the step was finished and the state saved.
        """
        progress, settings = self.progress, self.settings
        hidden = not self.machine.is_main
        bar = tqdm(total=self.epochs, initial=progress.epoch, unit="epoch", dynamic_ncols=True, disable=hidden)
        with bar, StopRequest() as stop:
            while not self.is_over():
                self.run_epoch(stop)
                rate = self.schedule.rate
                figures = self.end_epoch()
                self.save(self.state_dict())
                validated = (
                    f"validation {figures['validation_loss']:.3f}, best {progress.best_loss:.3f}, "
                    if self.validation
                    else ""
                )
                bar.set_postfix_str(
                    f"train {figures['train_loss']:.3f}, {validated}{figures['names_per_second']:,.0f} names/s"
                )
                bar.update()
                if self.validation and settings.schedule == "plateau" and self.schedule.rate < rate:
                    bar.write(f"epoch {progress.epoch}: learning rate cut from {rate:.2g} to {self.schedule.rate:.2g}")
        self.kept.load_state_dict(self.best_weights)
        if self.machine.is_main:
            for listener in self.listeners:
                listener.on_end(self.kept)

    def is_over(self) -> bool:
        """Whether the epochs are used up, or validation has not improved for ``patience`` epochs."""
        waited = self.progress.epoch - self.progress.best_epoch
        return self.progress.epoch >= self.epochs or 0 < self.settings.patience <= waited

    def run_epoch(self, stop: StopRequest) -> None:
        """The steps of an epoch that are not yet done."""
        progress = self.progress
        self.train.sampler.enter(progress.epoch, progress.step)
        self.model.train()
        self.began, self.names_before = time.perf_counter(), progress.sums[3]
        for batch in self.train:
            loss, count, norm, names, stopping = self.step(batch, stop.signal is not None)
            progress.step += 1
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

        Returns:
            Summed loss, targets, norm of the gradient before clipping, names, and whether any process wants to stop.
        """
        with self.machine.autocast():
            logits = self.model(*batch.inputs)
        loss = cross_entropy(logits.float(), batch.targets, self.settings.label_smoothing)
        count = (batch.targets != IGNORE).sum()
        others = torch.tensor([len(batch.targets), stop], dtype=torch.float32, device=loss.device)
        totals = self.machine.start_sum(torch.cat([torch.stack([loss.detach(), count.float()]), others]))
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        total, targets, names, stops = totals().tolist()
        if not math.isfinite(total):
            raise NonFiniteLossError(
                f"the loss is {total} at epoch {self.progress.epoch + 1}, batch {self.progress.step + 1}; "
                "the step was not taken. Lower --learning-rate."
            )
        self.scaler.unscale_(self.optimizer)
        # To the mean over all targets everywhere; DistributedDataParallel has averaged over processes.
        scale_gradients(self.model, self.machine.world / targets)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.schedule.after_step()
        if self.ema:
            self.ema.update_parameters(unwrap(self.model))
        return total, targets, norm.item(), int(names), stops > 0

    def end_epoch(self) -> dict[str, float]:
        """Validate, let the schedule decide, keep the best weights, tell the listeners."""
        progress = self.progress
        seconds = time.perf_counter() - self.began
        tally = self.evaluate()
        validated = {"validation_loss": tally.loss, **tally.figures()} if self.validation else {}
        loss, targets, norms, names = progress.sums
        figures = {
            "epoch": progress.epoch + 1,
            "train_loss": loss / targets,
            **validated,
            "learning_rate": self.schedule.rate,
            "gradient_norm": norms / progress.step,
            "names_per_second": (names - self.names_before) / seconds,
        }
        self.schedule.after_epoch(tally.loss)
        progress.epoch, progress.step, progress.sums = progress.epoch + 1, 0, [0.0, 0.0, 0.0, 0.0]
        progress.history.append(figures)
        if not self.validation or tally.loss < progress.best_loss:
            progress.best_loss, progress.best_epoch = tally.loss, progress.epoch
            self.best_weights = copy_weights(self.kept)
        if self.machine.is_main:
            for listener in self.listeners:
                listener.on_epoch(figures, tally, self.kept)
        return figures

    @torch.no_grad()
    def evaluate(self) -> Tally:
        """What the validation batches count, over all processes."""
        model = self.kept.eval()
        tally = Tally()
        for batch in self.validation or ():
            if len(batch.targets):
                with self.machine.autocast():
                    logits = model(*batch.inputs)
                tally.add(logits.float(), batch.targets)
        return tally.over(self.machine)

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on."""
        rng = {"cpu": torch.get_rng_state()}
        if self.machine.device.type == "cuda":
            rng["cuda"] = torch.cuda.get_rng_state(self.machine.device)
        return {
            "model": unwrap(self.model).state_dict(),
            "ema": self.ema.state_dict() if self.ema else None,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "best_weights": self.best_weights,
            "progress": asdict(self.progress),
            "rng": self.machine.gather(rng),
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
        # With another number of processes than before, dropout cannot go on as it would have.
        rng = state["rng"][self.machine.rank % len(state["rng"])]
        torch.set_rng_state(rng["cpu"])
        if "cuda" in rng and self.machine.device.type == "cuda":
            torch.cuda.set_rng_state(rng["cuda"], self.machine.device)


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    """The weights as they are now, on the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
