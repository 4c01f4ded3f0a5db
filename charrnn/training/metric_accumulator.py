"""Sums over a validation pass, which processes can add up; scores are computed from the sums."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from charrnn import metrics
from charrnn.arrays import Floats, Ints
from charrnn.training.dataset import IGNORE
from charrnn.training.distributed import DistributedContext
from charrnn.training.modules import cross_entropy

BINS = 15


class MetricAccumulator:
    """Sums over the targets of batches; processes add theirs up by :meth:`all_reduce`.

    The loss of a classifier is that of its classes; all else is counted by label.

    Args:
        kind_count: classes of each label of a classifier.

    Attributes:
        totals: loss, targets and hits, (3,).
        confusion: the confusion matrix of a classifier, (labels, labels); (0, 0) before its first batch, and for a
            generator.
        bins: of :func:`charrnn.metrics.reliability_bins`, for a classifier, (3, BINS).
    """

    def __init__(self, kind_count: int = 1) -> None:
        self.kind_count = kind_count
        self.totals: Floats = np.zeros(3)
        self.confusion: Ints = np.zeros((0, 0), np.int64)
        self.bins: Floats = np.zeros((3, BINS))

    def add(self, logits: Tensor, targets: Tensor) -> None:
        """Count a batch of a classifier, logits (B, C) and targets (B), or of a generator, (B, T, V) and (B, T)."""
        loss = cross_entropy(logits, targets)
        if targets.ndim == 1 and self.kind_count > 1:
            logits = logits.reshape(len(logits), -1, self.kind_count).logsumexp(2)  # (B, L)
            targets = targets // self.kind_count
        predictions = logits.argmax(-1)  # never IGNORE
        counts = [(targets != IGNORE).sum(), (predictions == targets).sum()]
        # Stacked, so that the three sums are one transfer; float32 counts exactly up to 2^24 targets.
        sums = torch.stack([loss, *(count.to(loss.dtype) for count in counts)])
        self.totals += sums.cpu().double().numpy()
        if targets.ndim == 1:
            labels = logits.size(1)
            true = targets.cpu().numpy()
            confusion = metrics.confusion_matrix(true, predictions.cpu().numpy(), labels)
            self.confusion = self.confusion + confusion if len(self.confusion) else confusion
            self.bins += metrics.reliability_bins(logits.cpu().double().softmax(-1).numpy(), true, BINS)

    def all_reduce(self, context: DistributedContext) -> MetricAccumulator:
        """Add up the sums of all processes, in place; the accumulator itself."""
        if context.world_size > 1:
            # A rank without validation names has not met the number of labels.
            labels = max(context.gather(len(self.confusion)))
            confusion = self.confusion if len(self.confusion) else np.zeros((labels, labels), np.int64)
            sums = context.sum(torch.from_numpy(np.concatenate([self.totals, self.bins.ravel(), confusion.ravel()])))
            totals, bins, cells = np.split(sums.numpy(), [3, 3 + 3 * BINS])
            self.totals, self.bins = totals, bins.reshape(3, BINS)
            self.confusion = cells.astype(np.int64).reshape(labels, labels)
        return self

    @property
    def loss(self) -> float:
        """Nats per target; NaN before the first batch."""
        return float(self.totals[0] / self.totals[1]) if self.totals[1] else math.nan

    @property
    def is_of_classifier(self) -> bool:
        """Whether there are a confusion matrix and bins of confidence."""
        return len(self.confusion) > 0

    def scores(self) -> dict[str, float]:
        """``accuracy``; ``macro_f1`` and ``ece`` of a classifier, ``nats_per_char`` of a generator."""
        accuracy = {"accuracy": float(self.totals[2] / self.totals[1])}
        if not self.is_of_classifier:
            return accuracy | {"nats_per_char": self.loss}
        ece = metrics.expected_calibration_error(self.bins)
        return accuracy | {"macro_f1": metrics.macro_f1(self.confusion), "ece": ece}
