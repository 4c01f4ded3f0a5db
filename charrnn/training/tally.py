"""What a validation pass counts: sums only, so that processes can add theirs up."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charrnn import metrics
from charrnn.training.dataset import IGNORE
from charrnn.training.modules import cross_entropy
from charrnn.training.parallel import Machine

BINS = 15


class Tally:
    """Sums over targets: loss, number, hits; for a classifier also the confusion matrix and confidences in bins."""

    def __init__(self) -> None:
        self.totals = torch.zeros(3, dtype=torch.float64)  # loss, targets, hits
        self.confusion = torch.zeros(0, dtype=torch.float64)  # (labels · labels)
        self.bins = torch.zeros(3, BINS, dtype=torch.float64)  # names, confidence, hits

    def add(self, logits: Tensor, targets: Tensor) -> None:
        """Count a batch: logits (B, C) and targets (B), or (B, T, V) and (B, T)."""
        inside = targets != IGNORE
        loss = cross_entropy(logits, targets)
        answers = logits.argmax(-1)
        hits = (answers == targets) & inside
        self.totals += torch.stack([loss.double(), inside.sum().double(), hits.sum().double()]).cpu()
        if targets.ndim > 1:
            return
        labels = logits.size(1)
        if not len(self.confusion):
            self.confusion = torch.zeros(labels * labels, dtype=torch.float64)
        cells = (targets * labels + answers).cpu()
        self.confusion += torch.bincount(cells, minlength=labels * labels)
        confidence = logits.softmax(-1).amax(-1).double().cpu()
        index = (confidence * BINS).long().clamp(max=BINS - 1)
        for row, weights in enumerate((torch.ones_like(confidence), confidence, hits.double().cpu())):
            self.bins[row].index_add_(0, index, weights)

    def over(self, machine: Machine) -> Tally:
        """The sum of the tallies of all processes."""
        if machine.world > 1:
            # A rank without validation names has not met the number of labels.
            size = max(machine.gather(len(self.confusion)))
            confusion = self.confusion if len(self.confusion) else torch.zeros(size, dtype=torch.float64)
            flat = machine.sum(torch.cat([self.totals, self.bins.flatten(), confusion]))
            self.totals, self.bins = flat[:3], flat[3 : 3 + 3 * BINS].view(3, BINS)
            self.confusion = flat[3 + 3 * BINS :]
        return self

    @property
    def loss(self) -> float:
        """Nats per target."""
        return (self.totals[0] / self.totals[1]).item()

    @property
    def matrix(self) -> NDArray[np.int64] | None:
        """The confusion matrix (labels, labels) of a classifier; None for a generator."""
        if not len(self.confusion):
            return None
        labels = round(len(self.confusion) ** 0.5)
        return self.confusion.numpy().astype(np.int64).reshape(labels, labels)

    def figures(self) -> dict[str, float]:
        """Accuracy; and macro-F1 and calibration error of a classifier, nats per character of a generator."""
        accuracy = {"accuracy": (self.totals[2] / self.totals[1]).item()}
        matrix = self.matrix
        if matrix is None:
            return accuracy | {"nats_per_char": self.loss}
        names, confidence, hits = self.bins.numpy()
        ece = float(np.abs(hits - confidence).sum() / names.sum())
        return accuracy | {"macro_f1": metrics.macro_f1(matrix), "ece": ece}
