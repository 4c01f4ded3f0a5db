"""Cross-validation of a short list: calibration and scores by models of its parts, so that no name is lost to them.

Training (PyTorch) and inference (NumPy) meet here, as in :mod:`charrnn.recipe`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from charrnn.corpus import Corpus
from charrnn.corpus.split import Split, folds
from charrnn.errors import InterruptedRunError
from charrnn.inference import Classifier, Generator, evaluation
from charrnn.inference.evaluation_details import HeldOut
from charrnn.model_config import ModelConfig
from charrnn.training.calibration import ExpertScores, calibrate, expert_scores
from charrnn.training.fitting import FittedModel, fit_part
from charrnn.training.preparation import dataset, shuffled_batches, starting_config
from charrnn.training.settings import ClassifierSettings
from charrnn.training.training_run import TrainingRun


class CrossValidation(NamedTuple):
    """What the models of the parts of a list say of the names that they did not learn.

    Attributes:
        run: the one that scored best, where there was an alternative.
        folds: how many parts there are.
        calibration: of the model of all names.
        scores: means over the parts, of charrnn and of the 4-gram; keys as for
            :func:`charrnn.inference.evaluation.evaluate`. Counts are summed up.
        spread: likewise, standard deviations over the parts; of counts there is none.
        held_out: the models of the parts, each with the names that it did not learn.
    """

    run: TrainingRun
    folds: int
    calibration: dict[str, Any]
    scores: dict[str, dict[str, float]]
    spread: dict[str, dict[str, float]]
    held_out: HeldOut


def cross_validate(run: TrainingRun, names: Corpus) -> CrossValidation:
    """Fit a model without each part of the names in turn, and score it on that part.

    The calibration is fitted on the names of all parts, each scored by the model that does not know it. To score a
    part, it is fitted on the other parts. If the run has an alternative, both are cross-validated, and compared on the
    names that the model which one starts from did not know, or on all names, if these are too few; what the better one
    scores is that of the better of two, and so a little too good.

    Args:
        run: whose settings and ``init`` each fit has.
        names: all names.

    Raises:
        CorpusError: there are too few names.
        NonFiniteLossError: training diverged.
        KeyboardInterrupt: a signal stopped it; there is no state to go on from.
    """
    runs = [own for own in (run, run.alternative) if own is not None]
    known = frozenset().union(*(own.init_names for own in runs))
    found = [_cross_validate(own, names, known) for own in runs]
    loss = "nll" if run.task == "classifier" else "nats_per_char"
    is_told_apart = evaluation.count_new(found[0].scores) >= evaluation.MIN_NAMES
    losses = [own.scores[evaluation.NEW_TO_INIT if is_told_apart else "charrnn"][loss] for own in found]
    # Rank 0 decides, for machines may differ in the last digits.
    best = found[run.context.on_rank_zero(lambda: losses.index(min(losses)))]
    if best.run.init is None or not evaluation.count_new(best.scores):
        for report in (best.scores, best.spread):
            report.pop(evaluation.NEW_TO_INIT, None)
    return best


def _cross_validate(run: TrainingRun, names: Corpus, known: Collection[str]) -> CrossValidation:
    parts = folds(names, run.settings.seed, run.settings.folds)
    # Labels and alphabet of each fit are those of all names.
    config = starting_config(run, names, Split(names, names.select([]), names.select([])))
    models: list[FittedModel] = []
    scores: list[ExpertScores] = []
    start = "from scratch" if run.init is None else "with --init"
    for i, part in enumerate(parts, start=1):
        what = f"cross-validation {start}, {i} of {len(parts)}"
        try:
            models.append(fit_part(run, config, shuffled_batches(run, dataset(config, part.train)), what))
        except InterruptedRunError as error:
            raise KeyboardInterrupt from error
        scores.append(expert_scores(config, models[-1], dataset(config, part.test), run.context.device))
    kind = Classifier if run.task == "classifier" else Generator
    held_out: list[tuple[Classifier | Generator, Corpus]] = []
    reports: defaultdict[str, list[dict[str, float]]] = defaultdict(list)
    for i, (part, model) in enumerate(zip(parts, models, strict=True)):
        others = calibration_of(run, config, model, [*scores[:i], *scores[i + 1 :]])
        own = replace(config, calibration=others, class_counts=model.class_counts)
        held_out.append((kind(own, model.weights()), part.test))
        for who, report in evaluation.evaluate_apart(*held_out[-1], known).items():
            reports[who].append(report)
        reports["4-gram"].append(evaluation.evaluate_baseline(own, part))
    return CrossValidation(
        run,
        len(parts),
        calibration_of(run, config, models[-1], scores),
        {who: _counts(own) | _over_parts(np.mean, own) for who, own in reports.items()},
        {who: _over_parts(np.std, own) for who, own in reports.items()},
        held_out,
    )


def calibration_of(
    run: TrainingRun, config: ModelConfig, model: FittedModel, scores: Sequence[ExpertScores]
) -> dict[str, Any]:
    """The calibration of :func:`charrnn.training.calibration.calibrate`, with the weight of memory."""
    calibration = calibrate(config, model, scores)
    if isinstance(run.settings, ClassifierSettings):
        calibration["weights"]["memory"] = 0.0 if run.private else run.settings.memory_weight
    return calibration


def _over_parts(statistic: Any, reports: Sequence[dict[str, float]]) -> dict[str, float]:
    scores = [key for key, value in reports[0].items() if not isinstance(value, int)]
    return {key: float(statistic([report[key] for report in reports])) for key in scores}


def _counts(reports: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: sum(own[key] for own in reports) for key, value in reports[0].items() if isinstance(value, int)}
