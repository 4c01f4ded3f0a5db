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
from charrnn.model_folder import ANY, ModelConfig
from charrnn.text import END, SPECIALS, START, Vocabulary
from charrnn.training.figures import confusion_image, reliability_image
from charrnn.training.settings import Settings
from charrnn.training.tally import Tally

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
"""Tags of the scalars, by the key of an epoch's figures."""
SAMPLE_LABELS, SAMPLES = 24, 4


class TensorBoard:
    """Scalars, graph, pictures, samples and embeddings. Use as a context manager, so that the file is closed.

    Args:
        folder: where the event file goes; made if absent.
        config: of the model: task, labels and alphabet.
        epochs: already done; events of later epochs, which a killed run may have left, are purged.
    """

    def __init__(self, folder: Path, config: ModelConfig, epochs: int = 0) -> None:
        self.config = config
        self.epoch = epochs
        self.writer = SummaryWriter(str(folder), purge_step=epochs + 1 if epochs else None)

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    def on_epoch(self, figures: dict[str, float], tally: Tally, model: nn.Module) -> None:
        """Scalars; a classifier's F1 by label, confusion matrix and reliability diagram; a generator's samples."""
        self.epoch = epoch = int(figures["epoch"])
        for key, tag in TAGS.items():
            if key in figures:
                self.writer.add_scalar(tag, figures[key], epoch)
        if epoch == 1:
            self._graph(model)
        matrix = tally.matrix
        if matrix is None:
            self.writer.add_text("samples", sample_table(model, self.config, epoch), epoch)
            return
        for label, f1 in zip(self.config.labels, f1_by_label(matrix), strict=True):
            self.writer.add_scalar(f"f1/{label}", f1, epoch)
        self.writer.add_image("confusion", confusion_image(matrix, self.config.labels), epoch, dataformats="HWC")
        self.writer.add_image("reliability", reliability_image(tally.bins.numpy()), epoch, dataformats="HWC")

    def on_end(self, model: nn.Module) -> None:
        """Embeddings of characters and labels for the projector; a classifier's labels are rows of its last layer."""
        symbols = ["padding", "unknown", "start", "end", *(repr(c) for c in self.config.alphabet)]
        assert len(symbols) == SPECIALS + len(self.config.alphabet)
        weights = model.state_dict()
        labels = weights["head.weight" if self.config.task == "classifier" else "embed_label.weight"]
        for tag, rows, names in (
            ("characters", weights["embed.weight"], symbols),
            ("labels", labels, [*self.config.labels, ANY][: len(labels)]),
        ):
            self.writer.add_embedding(rows.cpu(), names, global_step=self.epoch, tag=tag)

    def _graph(self, model: nn.Module) -> None:
        device = next(model.parameters()).device
        chars = torch.full((2, 5), SPECIALS, device=device)  # (B, T)
        second = torch.tensor([5, 3] if self.config.task == "classifier" else [0, 0], device=device)  # (B,)
        with warnings.catch_warnings():
            # add_graph traces by TorchScript, which torch deprecates and TensorBoard still needs; and the tracer warns
            # of torch's own RNN.
            warnings.simplefilter("ignore")
            self.writer.add_graph(model, (chars, second))


def write_hparams(folder: Path, settings: Settings, metrics: Mapping[str, float]) -> None:
    """The settings of a run with its final figures, for the tab that compares runs."""
    values: dict[str, Any] = dataclasses.asdict(settings)
    with SummaryWriter(str(folder)) as writer:
        writer.add_hparams(values, {f"final/{key}": value for key, value in metrics.items()}, run_name=".")


@torch.no_grad()
def sample_table(model: nn.Module, config: ModelConfig, seed: int) -> str:
    """Names drawn from a generator, a row a label, as Markdown.

    Args:
        model: a ``NameGenerator`` in evaluation mode.
        config: of the model.
        seed: of the draw, which leaves torch's own random state alone.
    """
    labels = range(min(len(config.labels), SAMPLE_LABELS))
    rows = torch.tensor([label for label in labels for _ in range(SAMPLES)])  # (B,)
    drawn = sample(model, rows, config.max_length, seed)
    names = [Vocabulary(config.alphabet).decode(row) for row in drawn.tolist()]
    lines = [f"| {config.labels[i]} | {', '.join(names[i * SAMPLES : (i + 1) * SAMPLES])} |" for i in labels]
    return "\n".join(["| label | names |", "| --- | --- |", *lines])


def sample(model: nn.Module, labels: Tensor, max_length: int, seed: int) -> Tensor:
    """Characters (B, T) drawn for labels (B,), end symbols behind; each step reads the whole prefix again."""
    random = torch.Generator().manual_seed(seed)
    device = next(model.parameters()).device
    chars = torch.full((len(labels), 1), START)
    for _ in range(max_length):
        chances = model(chars.to(device), labels.to(device))[:, -1].softmax(-1).cpu()  # (B, V)
        chances[:, :END] = 0
        drawn = torch.multinomial(chances, 1, generator=random)
        drawn[chars[:, -1] == END] = END
        chars = torch.cat([chars, drawn], dim=1)
        if (drawn == END).all():
            break
    return chars[:, 1:]
