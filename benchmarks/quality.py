"""Quality of charrnn's models, of their experts alone, and of other models. Writes the tables of ``docs/results.md``.

Classifiers: the tutorials' data, split five times 80/10/10 by name, stratified by label. Models are fitted on 80 %; the
validation names serve early stopping and calibration alone. "90 %" rows are fitted on both. Out of source: the names of
one list that are not in the other. Generators: makemore's own split, and the bundled names.
Needs the tutorials' and makemore's data beside the checkout, in ``../shared/data``.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import SHARED, report, write_table

import charrnn
from charrnn import metrics
from charrnn.arrays import Bools, Floats, Ints, log_softmax
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.inference import Classifier, Generator
from charrnn.inference.evaluation import evaluate, evaluate_baseline, unseen_names
from charrnn.ngrams import NGramAutomaton
from charrnn.text import Vocabulary, fold

if TYPE_CHECKING:
    from charrnn.recipe import TrainedModel

SEEDS = 5
COVERAGES = (0.8, 0.9, 0.95)
TUTORIAL_STEPS = 100_000
MAKEMORE_STEPS = 12_000
COLUMNS = {"accuracy": "accuracy", "top3_accuracy": "top-3", "macro_f1": "macro-F1", "nll": "NLL (nats)"}
Probabilities = dict[str, Floats]


def train(task: str, corpus: Corpus, **settings: Any) -> TrainedModel:
    """Train on the CPU, without a folder."""
    import torch

    from charrnn import recipe
    from charrnn.training.distributed import DistributedContext
    from charrnn.training.settings import SETTINGS
    from charrnn.training.training_run import TrainingRun

    context = DistributedContext(torch.device("cpu"))
    return recipe.train(TrainingRun(task, corpus, SETTINGS[task](**settings), context))


def run_seed(seed: int) -> tuple[Ints, Probabilities, list[Bools]]:
    """True labels of the test split, each model's probabilities, and whether charrnn's sets hold the label."""
    import torch
    from peers import LogisticNGrams, TutorialLoop

    torch.set_num_threads(1)
    corpus = Corpus.read(SHARED / "tutorial")
    distinct = corpus.distinct_pairs()
    index = {label: i for i, label in enumerate(distinct.label_set)}
    splits = split(distinct, seed)
    texts = [[fold(name) for name in own.names] for own in splits]
    labels = [[index[label] for label in own.labels] for own in splits]
    count, targets = len(index), np.array(labels[2])
    both_texts, both_labels = texts[0] + texts[1], labels[0] + labels[1]
    probabilities: Probabilities = {}

    shares = np.bincount(labels[0], minlength=count) / len(labels[0])
    probabilities["always the commonest label"] = np.tile(shares, (len(targets), 1))
    vocabulary = Vocabulary.build(texts[0])
    encoded = [[vocabulary.encode(text) for text in own] for own in texts]
    grams = NGramAutomaton.fit(encoded[0], labels[0], count, len(vocabulary), lower_order_weight=1.0)
    joint = grams.log_likelihoods(encoded[2]) + np.log(shares)
    probabilities["class-wise 4-gram, Bayes' rule"] = np.exp(log_softmax(joint))
    probabilities["n-gram logistic regression"] = LogisticNGrams(texts[0], labels[0], count).probabilities(texts[2])
    probabilities["n-gram logistic regression, 90 %"] = LogisticNGrams(both_texts, both_labels, count).probabilities(
        texts[2]
    )
    loop = TutorialLoop(texts[0], labels[0], seed)
    loop.train(TUTORIAL_STEPS)
    probabilities["the tutorial's RNN, 100,000 names"] = loop.probabilities(texts[2])

    for cell in ("rnn", "lstm", "gru"):
        trained = train("classifier", corpus, seed=seed, cell=cell, refit=False)
        alone = dataclasses.replace(trained.config, calibration={})
        name = f"plain bidirectional {cell.upper()}"
        network = {key: array for key, array in trained.weights.items() if not key.startswith("ngrams.")}
        probabilities[name] = Classifier(alone, network).probabilities(splits.test.names)
        if cell == "gru":
            mixture = Classifier(trained.config, trained.weights).without_memory()
            probabilities["charrnn without the refit, 80 %"] = mixture.probabilities(splits.test.names)
    trained = train("classifier", corpus, seed=seed)
    classifier = Classifier(trained.config, trained.weights).without_memory()  # it holds the test names
    probabilities["charrnn, 90 %"] = classifier.probabilities(splits.test.names)
    covered = []
    for coverage in COVERAGES:
        answers = classifier.predict(splits.test.names, coverage=coverage)
        sets = [{scored.label for scored in answer.predictions} for answer in answers]
        covered.append(np.array([label in own for label, own in zip(splits.test.labels, sets, strict=True)]))
    return targets, probabilities, covered


def table(seeds: list[tuple[Ints, Probabilities, list[Bools]]]) -> tuple[str, dict[str, Any]]:
    """Mean and standard deviation over the splits, and pooled calibration error: as Markdown, and as numbers."""
    results: dict[str, Any] = {}
    rows = [f"| model | {' | '.join(COLUMNS.values())} | ECE, pooled |", f"| --- |{' --- |' * (len(COLUMNS) + 1)}"]
    for name in seeds[0][1]:
        reports = [metrics.classification_report(probabilities[name], targets) for targets, probabilities, _ in seeds]
        # Bins hold sums, so those of several splits add up.
        bins = sum(metrics.reliability_bins(probabilities[name], targets) for targets, probabilities, _ in seeds)
        pooled = metrics.expected_calibration_error(np.asarray(bins))
        cells = []
        for key in COLUMNS:
            values = [r[key] for r in reports]
            results[f"{name}: {key}"] = float(np.mean(values))
            cells.append(f"{np.mean(values):.3f} ± {np.std(values):.3f}")
        results[f"{name}: pooled ece"] = pooled
        rows.append(f"| {name} | {' | '.join(cells)} | {pooled:.3f} |")
    for i, coverage in enumerate(COVERAGES):
        share = np.concatenate([covered[i] for *_, covered in seeds]).mean()
        results[f"coverage of {100 * coverage:.0f} % sets"] = float(share)
    return "\n".join(rows), results


def outside() -> tuple[str, dict[str, Any]]:
    """Balanced accuracy on names of another source, uniform prior; each model is fitted on 90 % of one source.

    Of the bundled surnames, those of the tutorial's labels are taken.
    """
    from peers import LogisticNGrams

    tutorial, surnames = Corpus.read(SHARED / "tutorial"), Corpus.read("names/surname")
    shared = [i for i, label in enumerate(surnames.labels) if label in tutorial.label_set]
    sources = {"names": surnames.select(shared), "tutorial": tutorial}
    results: dict[str, Any] = {}
    for seen, other in (("names", "tutorial"), ("tutorial", "names")):
        distinct = sources[seen].distinct_pairs()
        index = {label: i for i, label in enumerate(distinct.label_set)}
        unseen = unseen_names(distinct.label_set, sources[seen], sources[other])
        targets = np.array([index[label] for label in unseen.labels])
        splits = split(distinct, 0)
        texts = [fold(name) for own in splits[:2] for name in own.names]
        labels = [index[label] for own in splits[:2] for label in own.labels]
        unseen_texts = [fold(name) for name in unseen.names]
        vocabulary = Vocabulary.build(texts)
        encoded = [vocabulary.encode(text) for text in texts]
        grams = NGramAutomaton.fit(encoded, labels, len(index), len(vocabulary), lower_order_weight=1.0)
        trained = train("classifier", sources[seen])
        prior = np.bincount(labels, minlength=len(index)) / len(labels)
        likelihoods = grams.log_likelihoods([vocabulary.encode(text) for text in unseen_texts])
        probabilities = {
            "class-wise 4-gram": np.exp(log_softmax(likelihoods)),
            "n-gram logistic regression": LogisticNGrams(texts, labels, len(index)).probabilities(unseen_texts) / prior,
            "charrnn": Classifier(trained.config, trained.weights).probabilities(unseen.names, "uniform", whole=True),
        }
        for name, p in probabilities.items():
            scores = metrics.classification_report(p / p.sum(axis=1, keepdims=True), targets)
            for key in ("balanced_accuracy", "top3_accuracy"):
                results[f"{name}, {seen} to {other}: {key}"] = scores[key]
        results[f"{seen} to {other}: names"] = len(unseen)
        results[f"{seen} to {other}: labels"] = len(unseen.label_set)
    columns = [f"{a} to {b}" for a, b in (("names", "tutorial"), ("tutorial", "names"))]
    counts = [f"{results[f'{c}: names']:,} names, {results[f'{c}: labels']} labels" for c in columns]
    rows = [
        f"| model | {' | '.join(f'{c} ({n})' for c, n in zip(columns, counts, strict=True))} |",
        "| --- | --- | --- |",
    ]
    for name in probabilities:
        rows.append(f"| {name} | {' | '.join(_pair(results, f'{name}, {c}') for c in columns)} |")
    return "\n".join(rows), results


def _pair(results: dict[str, Any], what: str) -> str:
    return f"{results[f'{what}: balanced_accuracy']:.3f} (top-3 {results[f'{what}: top3_accuracy']:.3f})"


def generators() -> tuple[str, dict[str, Any]]:
    """Nats per character on makemore's split and on the test split of the bundled names."""
    from peers import MakemoreGRU, makemore_split

    training, held_out = makemore_split(SHARED / "makemore" / "names.txt")
    seen = set(training)
    unseen = [name for name in held_out if name not in seen]
    test = {"all 1,000": held_out, f"the {len(unseen)} unseen": unseen}
    corpus = Corpus(training, ["names"] * len(training), "makemore")
    results: dict[str, Any] = {}
    models = {}
    for name, refit in (("charrnn", False), ("charrnn, refitted on validation names, too", True)):
        trained = train("generator", corpus, test_fraction=0.0, validation_fraction=0.03, refit=refit)
        models[name] = Generator(trained.config, trained.weights)
    gru = MakemoreGRU(training)
    gru.train(MAKEMORE_STEPS)
    vocabulary = Vocabulary.build(training)
    encoded = [vocabulary.encode(name) for name in training]
    grams = NGramAutomaton.fit(encoded, [0] * len(training), 1, len(vocabulary), lower_order_weight=1.0)
    for title, names in test.items():
        characters = sum(len(name) + 1 for name in names)
        nats = -grams.log_likelihoods([vocabulary.encode(name) for name in names]).sum()
        results[f"4-gram, {title}"] = float(nats) / characters
        results[f"makemore's GRU, 12,000 steps, {title}"] = gru.nats_per_char(names)
        for name, model in models.items():
            scores = evaluate(model, Corpus(names, ["names"] * len(names)))
            results[f"{name}, {title}"] = scores["nats_per_char"]
    shipped = charrnn.load("names/generator")
    data = shipped.config.data
    corpus = Corpus.read(data["source"], pipeline=shipped.config.pipeline)
    splits = split(corpus, data["seed"], data["validation_fraction"], data["test_fraction"])
    results["4-gram, bundled names"] = evaluate_baseline(shipped.config, splits)["nats_per_char"]
    results["charrnn, bundled names"] = evaluate(shipped, splits.test)["nats_per_char"]
    columns = [*test, "bundled names"]
    heads = [*(f"makemore, {title}" for title in test), "bundled names, by label and kind"]
    rows = [f"| model | {' | '.join(heads)} |", "| --- | --- | --- | --- |"]
    for name in ("4-gram", "makemore's GRU, 12,000 steps", *models):
        cells = [f"{results[f'{name}, {c}']:.3f}" if f"{name}, {c}" in results else "" for c in columns]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows), results


def classifiers(seeds: int) -> tuple[str, dict[str, Any]]:
    """The table of :func:`table`, and how often sets of labels held the true one."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        text, results = table(list(pool.map(run_seed, range(seeds))))
    promised = [f"{100 * coverage:.0f} %" for coverage in COVERAGES]
    covered = ", ".join(f"{100 * results[f'coverage of {share} sets']:.1f} % for {share}" for share in promised)
    return f"{text}\n\nSets of labels held the true one: {covered}.", results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seeds",
        type=int,
        default=SEEDS,
        help="splits of the classifiers; another number than %(default)s writes no table",
    )
    sections: dict[str, Callable[[int], tuple[str, dict[str, Any]]]] = {
        "classifiers": classifiers,
        "outside": lambda _: outside(),
        "generators": lambda _: generators(),
    }
    parser.add_argument("--only", choices=sections)
    flags = parser.parse_args()
    if not SHARED.is_dir():
        print(f"{SHARED}: the tutorials' data is not there; nothing was measured.", file=sys.stderr)
        return 2
    for section, measure in sections.items():
        if flags.only in (None, section):
            began = time.perf_counter()
            text, results = measure(flags.seeds)
            report(f"quality-{section}", results | {"seconds": time.perf_counter() - began})
            print(text)
            if flags.seeds == SEEDS:
                write_table(section, text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
