"""One training run, from top to bottom: corpus, split, loaders, fit, calibrate, refit, evaluate, card, write.

Training (PyTorch) and inference (NumPy) meet here. Each step is called once, in order; no step calls back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from charrnn import model_folder
from charrnn.corpus.split import Split, split
from charrnn.cross_validation import calibration_of, cross_validate
from charrnn.inference import Classifier, Generator, evaluation, evaluation_details
from charrnn.model_config import ModelConfig
from charrnn.model_folder import Weights
from charrnn.text import PIPELINES, fold_latin
from charrnn.training.calibration import expert_scores
from charrnn.training.fitting import fit, refit, remember, training_record
from charrnn.training.preparation import make_loaders, starting_config, usable_names
from charrnn.training.reports.card import model_card
from charrnn.training.reports.plots import reliability_figure, to_png
from charrnn.training.reports.tensorboard import write_hparams
from charrnn.training.training_run import RUN, TrainingRun


@dataclass(frozen=True)
class TrainedModel:
    """A model and the split of its corpus; the config has no test scores where nothing was written."""

    config: ModelConfig
    weights: Weights
    splits: Split


def train(run: TrainingRun) -> TrainedModel:
    """Train a model and, on rank 0 and with an output folder, evaluate and write it.

    Raises:
        CharRNNError: see the steps.
    """
    began, settings = time.perf_counter(), run.settings
    names = usable_names(run.task, run.corpus, settings.pipeline)
    splits = split(names, settings.seed, *run.fractions)
    cross = cross_validate(run, names) if run.is_cross_validated else None
    run = cross.run if cross else run
    config = starting_config(run, names, splits)
    loaders = make_loaders(run, config, splits)
    first = fit(run, config, loaders)
    if cross:
        calibration = cross.calibration
        config = replace(
            config, metrics=cross.scores, data=config.data | {"folds": cross.folds, "spread": cross.spread}
        )
    else:
        own = expert_scores(config, first, loaders.validation.data, run.context.device)
        calibration = calibration_of(run, config, first, [own])
    final = refit(run, config, loaders.refit, first) if loaders.refit else first
    record = training_record(run, first, final, time.perf_counter() - began)
    config = replace(config, calibration=calibration, class_counts=final.class_counts, training=record)
    weights = {**final.weights(), **remember(run, config, splits)}
    if run.out is None or not run.context.is_rank_zero:
        return TrainedModel(config, weights, splits)

    model = evaluation.unlisted((Classifier if run.task == "classifier" else Generator)(config, weights))
    test, pictures = splits.test, {}
    if run.score_on is not None:
        config = replace(config, out_of_source=evaluation.evaluate_out_of_source(model, run.corpus, run.score_on))
    if len(test):
        scores = evaluation.without_needless(evaluation.evaluate_apart(model, test, run.init_names))
        scores["4-gram"] = evaluation.evaluate_baseline(config, splits)
        write_hparams(run.out / RUN, settings, scores["charrnn"])
        scores["charrnn"] |= evaluation.evaluate_interval(model, test)
        config = replace(config, metrics=scores)
    held_out = cross.held_out if cross else [(model, test)] if len(test) else []
    config = evaluation_details.with_details(config, held_out)
    if bins := config.calibration.get("reliability"):
        pictures["reliability.png"] = to_png(reliability_figure(np.transpose(bins)))
    card = model_card(config, run.command)
    read = PIPELINES[config.pipeline]
    known = None if run.private else {fold_latin(read(name)) for names in splits for name in names.names}
    config = model_folder.write(run.out, config, weights, card, known, pictures)
    return TrainedModel(config, weights, splits)
