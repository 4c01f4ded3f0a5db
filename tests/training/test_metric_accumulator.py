import math

import numpy as np
import pytest
import torch

from charrnn import metrics
from charrnn.arrays import log_softmax
from charrnn.training.dataset import IGNORE
from charrnn.training.metric_accumulator import MetricAccumulator


def batches(*shape):
    random = torch.Generator().manual_seed(1)
    for size in (7, 4):
        yield (
            2 * torch.randn(size, *shape, generator=random),
            torch.randint(shape[-1], (size, *shape[:-1]), generator=random),
        )


def test_scores_of_a_classifier_are_those_of_all_its_batches_together():
    accumulator = MetricAccumulator()
    for logits, targets in batches(4):
        accumulator.add(logits, targets)
    logits, targets = (torch.cat(parts).numpy() for parts in zip(*batches(4), strict=True))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    report = metrics.classification_report(p.astype(np.float64), targets)
    assert accumulator.loss == pytest.approx(report["nll"])
    assert accumulator.scores() == pytest.approx({key: report[key] for key in ("accuracy", "macro_f1", "ece")})
    assert (accumulator.confusion == metrics.confusion_matrix(targets, p.argmax(1), 4)).all()


def test_the_loss_is_that_of_classes_and_all_else_is_counted_by_label():
    accumulator = MetricAccumulator(kind_count=5)
    for logits, targets in batches(10):
        accumulator.add(logits, targets)
    logits, classes = (torch.cat(parts).numpy() for parts in zip(*batches(10), strict=True))
    p = np.exp(log_softmax(logits))
    assert accumulator.loss == pytest.approx(metrics.negative_log_likelihood(p, classes))
    by_label, labels = p.reshape(-1, 2, 5).sum(2), classes // 5
    report = metrics.classification_report(by_label, labels)
    assert accumulator.scores() == pytest.approx({key: report[key] for key in ("accuracy", "macro_f1", "ece")})
    assert (accumulator.confusion == metrics.confusion_matrix(labels, by_label.argmax(1), 2)).all()
    # Some name's best class is not of its best label.
    assert (p.argmax(1) // 5 != by_label.argmax(1)).any()


def test_scores_of_a_generator_leave_padding_out():
    accumulator = MetricAccumulator()
    nats, hits, count = 0.0, 0, 0
    for logits, targets in batches(3, 5):
        targets[0, 1:] = IGNORE
        accumulator.add(logits, targets)
        inside = targets != IGNORE
        log_p = logits.log_softmax(-1)[inside]
        nats -= log_p[torch.arange(len(log_p)), targets[inside]].sum().item()
        hits, count = hits + (log_p.argmax(-1) == targets[inside]).sum().item(), count + len(log_p)
    assert accumulator.scores() == pytest.approx({"accuracy": hits / count, "nats_per_char": nats / count})
    assert not accumulator.is_of_classifier


def test_without_batches_the_loss_is_not_a_number():
    assert math.isnan(MetricAccumulator().loss)
