"""A listener that writes TensorBoard events."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from charrnn.metrics import f1_by_label
from charrnn.model_config import ANY, ModelConfig, embedding_rows
from charrnn.text import BOS, EOS, SPECIALS, Vocabulary
from charrnn.training.metric_accumulator import MetricAccumulator
from charrnn.training.reports.plots import confusion_figure, reliability_figure, to_image
from charrnn.training.settings import Settings

TAGS = {
    "train_loss": "loss/train",
    "validation_loss": "loss/validation",
    "accuracy": "accuracy/validation",
    "macro_f1": "macro_f1/validation",
    "ece": "calibration_error/validation",
    "nats_per_char": "nats_per_char/validation",
    "learning_rate": "learning_rate",
    "gradient_norm": "gradient_norm",
    "names_per_second": "names_per_second",
}
"""Tags of the scalars, by the key of an epoch's metrics."""
SAMPLED_LABELS, NAMES_PER_LABEL = 24, 4


class TensorBoard:
    """Scalars, graph, plots, sampled names and embeddings. A context manager, at whose end the file is closed.

    Args:
        folder: of the event file; made if absent.
        config: of the model: task, labels and alphabet.
        private: leaves samples out; some of them would be training names.
        epochs: already done; events of later epochs, which a killed run may have left, are purged.
    """

    def __init__(self, folder: Path, config: ModelConfig, private: bool = False, epochs: int = 0) -> None:
        self.config, self.private = config, private
        self.epoch = epochs
        self.writer = SummaryWriter(str(folder), purge_step=epochs + 1 if epochs else None)

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    def on_epoch(self, metrics: dict[str, float], validation: MetricAccumulator, model: nn.Module) -> None:
        """Scalars; a classifier's F1 by label, confusion matrix and reliability diagram; a generator's samples."""
        self.epoch = epoch = int(metrics["epoch"])
        for key, tag in TAGS.items():
            if key in metrics:
                self.writer.add_scalar(tag, metrics[key], epoch)
        if epoch == 1:
            self._add_graph(model)
        if self.config.task == "generator" and not self.private:
            self.writer.add_text("samples", sample_table(model, self.config, epoch), epoch)
        elif validation.is_of_classifier:
            self._add_classifier_scores(validation, epoch)

    def _add_classifier_scores(self, validation: MetricAccumulator, epoch: int) -> None:
        for label, f1 in zip(self.config.labels, f1_by_label(validation.confusion), strict=True):
            self.writer.add_scalar(f"f1/{label}", f1, epoch)
        confusion = to_image(confusion_figure(validation.confusion, self.config.labels))
        self.writer.add_image("confusion", confusion, epoch, dataformats="HWC")
        reliability = to_image(reliability_figure(validation.bins))
        self.writer.add_image("reliability", reliability, epoch, dataformats="HWC")

    def on_end(self, model: nn.Module) -> None:
        """Embeddings of characters and labels for the projector; a classifier's labels are rows of its last layer."""
        symbols = ["padding", "unknown", "start", "end", *(repr(c) for c in self.config.alphabet)]
        weights = model.state_dict()
        labels = weights["head.weight" if self.config.task == "classifier" else "embed_label.weight"]
        for tag, rows, names in (
            ("characters", weights["embed.weight"], symbols),
            ("labels", labels, self._label_rows()[: len(labels)]),
        ):
            self.writer.add_embedding(rows.cpu(), names, global_step=self.epoch, tag=tag)

    def _label_rows(self) -> list[str]:
        """Of a classifier, its classes; of a generator, its labels and any."""
        if self.config.task == "generator":
            return [*self.config.labels, ANY]
        return [f"{label} {kind}".strip() for label in self.config.labels for kind in self.config.kinds or [""]]

    def _add_graph(self, model: nn.Module) -> None:
        device = next(model.parameters()).device
        chars = torch.full((2, 5), SPECIALS, device=device)  # (B, T)
        second = torch.tensor([5, 3] if self.config.task == "classifier" else [0, 0], device=device)  # (B,)
        with warnings.catch_warnings():
            # add_graph traces with TorchScript, which torch deprecates and TensorBoard still needs; the tracer also
            # warns about torch's own RNN.
            warnings.simplefilter("ignore")
            self.writer.add_graph(model, (chars, second))


def write_hparams(folder: Path, settings: Settings, scores: Mapping[str, float]) -> None:
    """The settings of a run with its scores on the test split, for TensorBoard's comparison of runs."""
    values: dict[str, Any] = dataclasses.asdict(settings)
    with SummaryWriter(str(folder)) as writer:
        writer.add_hparams(values, {f"final/{key}": value for key, value in scores.items()}, run_name=".")


@torch.no_grad()
def sample_table(model: nn.Module, config: ModelConfig, seed: int) -> str:
    """Names sampled from a generator, a row for each label, as Markdown.

    Args:
        model: a ``NameGenerator`` in evaluation mode.
        config: of the model.
        seed: of the samples; torch's own random state does not change.
    """
    labels = range(min(len(config.labels), SAMPLED_LABELS))
    size = embedding_rows(config.kind_count)  # the last row of each label stands for any kind
    rows = torch.tensor([label * size + size - 1 for label in labels for _ in range(NAMES_PER_LABEL)])  # (B,)
    chars = sample(model, rows, config.max_length, seed)
    names = [Vocabulary(config.alphabet).decode(row) for row in chars.tolist()]
    lines = [
        f"| {config.labels[i]} | {', '.join(names[i * NAMES_PER_LABEL : (i + 1) * NAMES_PER_LABEL])} |" for i in labels
    ]
    return "\n".join(["| label | names |", "| --- | --- |", *lines])


def sample(model: nn.Module, labels: Tensor, max_length: int, seed: int) -> Tensor:
    """Characters (B, T) sampled for labels (B,), EOS behind the end; each step recomputes the whole prefix."""
    random = torch.Generator().manual_seed(seed)
    device = next(model.parameters()).device
    chars = torch.full((len(labels), 1), BOS)
    for _ in range(max_length):
        p = model(chars.to(device), labels.to(device))[:, -1].softmax(-1).cpu()  # (B, V)
        p[:, :EOS] = 0
        following = torch.multinomial(p, 1, generator=random)
        following[chars[:, -1] == EOS] = EOS
        chars = torch.cat([chars, following], dim=1)
        if (following == EOS).all():
            break
    return chars[:, 1:]
