"""How good the models are: ours, their parts, and others, in one run. Writes the tables of ``docs/results.md``.

Classifiers: the tutorials' data, split five times 80/10/10 by name, stratified by label. Whatever is fitted on 80 %
never sees the validation part, except to stop or to be calibrated; "90 %" rows are fitted on both. Out of source: on
names of another list that are not in the one. Generators: makemore's own split, and the bundled names.
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
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import ROOT, SHARED, report
from numpy.typing import NDArray

import charrnn
from charrnn import metrics
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.inference.classifier import Classifier
from charrnn.inference.evaluate import evaluate, unseen_names
from charrnn.inference.generator import Generator
from charrnn.ngrams import NGrams
from charrnn.text import Vocabulary, fold

SEEDS = 5
TUTORIAL_STEPS = 100_000
MAKEMORE_STEPS = 12_000
COLUMNS = {"accuracy": "accuracy", "top3_accuracy": "top-3", "macro_f1": "macro-F1", "nll": "NLL (nats)"}
Answers = dict[str, NDArray[np.float64]]


def run_seed(seed: int) -> tuple[NDArray[np.int64], Answers, list[NDArray[np.bool_]]]:
    """True labels of the test part, each model's probabilities, and whether our 80/90/95 % sets hold the label."""
    import torch
    from peers import LogisticNGrams, TutorialLoop

    from charrnn.training.parallel import Machine
    from charrnn.training.run import prepare, train
    from charrnn.training.settings import ClassifierSettings

    torch.set_num_threads(1)
    corpus = Corpus.read(SHARED / "tutorial")
    used = prepare("classifier", corpus)
    index = {label: i for i, label in enumerate(used.label_set)}
    parts = split(used, seed)
    texts = [[fold(name) for name in part.names] for part in parts]
    labels = [[index[label] for label in part.labels] for part in parts]
    count, targets = len(index), np.array(labels[2])
    both_texts, both_labels = texts[0] + texts[1], labels[0] + labels[1]
    answers: Answers = {}

    shares = np.bincount(labels[0], minlength=count) / len(labels[0])
    answers["always the commonest label"] = np.tile(shares, (len(targets), 1))
    vocabulary = Vocabulary.build(texts[0])
    encoded = [[vocabulary.encode(text) for text in part] for part in texts]
    grams = NGrams.fit(encoded[0], labels[0], count, len(vocabulary))
    answers["class-wise 4-gram, Bayes' rule"] = grams.probabilities(encoded[2], shares)
    answers["n-gram logistic regression"] = LogisticNGrams(texts[0], labels[0], count).probabilities(texts[2])
    answers["n-gram logistic regression, 90 %"] = LogisticNGrams(both_texts, both_labels, count).probabilities(texts[2])
    loop = TutorialLoop(texts[0], labels[0], seed)
    loop.train(TUTORIAL_STEPS)
    answers["the tutorial's RNN, 100,000 names"] = loop.probabilities(texts[2])

    machine = Machine(torch.device("cpu"))
    for cell in ("rnn", "lstm", "gru"):
        settings = ClassifierSettings(seed=seed, cell=cell, refit=False)
        trained = train("classifier", corpus, settings, machine)
        alone = dataclasses.replace(trained.config, calibration={})
        name = f"plain bidirectional {cell.upper()}"
        network = {key: array for key, array in trained.weights.items() if not key.startswith("ngrams.")}
        answers[name] = Classifier(alone, network).probabilities(parts.test.names)
        if cell == "gru":
            answers["charrnn without the refit, 80 %"] = Classifier(trained.config, trained.weights).probabilities(
                parts.test.names
            )
    trained = train("classifier", corpus, ClassifierSettings(seed=seed), machine)
    ours = Classifier(trained.config, trained.weights)
    answers["charrnn, 90 %"] = ours.probabilities(parts.test.names)
    held = []
    for coverage in (0.8, 0.9, 0.95):
        sets = ours.predict(parts.test.names, coverage=coverage)
        held.append(
            np.array([lab in {s.label for s in a.predictions} for lab, a in zip(parts.test.labels, sets, strict=True)])
        )
    return targets, answers, held


def table(seeds: list[tuple[NDArray[np.int64], Answers, list[NDArray[np.bool_]]]]) -> tuple[str, dict[str, Any]]:
    """Mean and spread over the splits, calibration error over all of them pooled; as Markdown and as figures."""
    figures: dict[str, Any] = {}
    rows = [f"| model | {' | '.join(COLUMNS.values())} | ECE, pooled |", f"| --- |{' --- |' * (len(COLUMNS) + 1)}"]
    for name in seeds[0][1]:
        reports = [metrics.classification_report(answers[name], targets) for targets, answers, _ in seeds]
        pooled = metrics.expected_calibration_error(
            np.concatenate([answers[name] for _, answers, _ in seeds]), np.concatenate([t for t, _, _ in seeds])
        )
        cells = []
        for key in COLUMNS:
            values = [r[key] for r in reports]
            figures[f"{name}: {key}"] = float(np.mean(values))
            cells.append(f"{np.mean(values):.3f} ± {np.std(values):.3f}")
        figures[f"{name}: pooled ece"] = pooled
        rows.append(f"| {name} | {' | '.join(cells)} | {pooled:.3f} |")
    for i, coverage in enumerate((80, 90, 95)):
        figures[f"coverage of {coverage} % sets"] = float(np.concatenate([held[i] for *_, held in seeds]).mean())
    return "\n".join(rows), figures


def outside() -> tuple[str, dict[str, Any]]:
    """Balanced accuracy on names of the other source, uniform prior, each model fitted on 90 % of the one."""
    import torch
    from peers import LogisticNGrams

    from charrnn.training.parallel import Machine
    from charrnn.training.run import prepare, train
    from charrnn.training.settings import ClassifierSettings

    sources = {"names": Corpus.read("names"), "tutorial": Corpus.read(SHARED / "tutorial")}
    figures: dict[str, Any] = {}
    for seen, other in (("names", "tutorial"), ("tutorial", "names")):
        used = prepare("classifier", sources[seen])
        index = {label: i for i, label in enumerate(used.label_set)}
        kept = unseen_names(used.label_set, sources[seen], sources[other])
        targets = np.array([index[label] for label in kept.labels])
        parts = split(used, 0)
        texts = [fold(name) for part in parts[:2] for name in part.names]
        labels = [index[label] for part in parts[:2] for label in part.labels]
        asked = [fold(name) for name in kept.names]
        vocabulary = Vocabulary.build(texts)
        grams = NGrams.fit([vocabulary.encode(text) for text in texts], labels, len(index), len(vocabulary))
        trained = train("classifier", sources[seen], ClassifierSettings(), Machine(torch.device("cpu")))
        prior, uniform = np.bincount(labels, minlength=len(index)) / len(labels), np.full(len(index), 1 / len(index))
        answers = {
            "class-wise 4-gram": grams.probabilities([vocabulary.encode(text) for text in asked], uniform),
            "n-gram logistic regression": LogisticNGrams(texts, labels, len(index)).probabilities(asked) / prior,
            "charrnn": Classifier(trained.config, trained.weights).probabilities(kept.names, "uniform"),
        }
        for name, p in answers.items():
            scores = metrics.classification_report(p / p.sum(axis=1, keepdims=True), targets)
            for key in ("balanced_accuracy", "top3_accuracy"):
                figures[f"{name}, {seen} to {other}: {key}"] = scores[key]
        figures[f"{seen} to {other}: names"] = len(kept)
        figures[f"{seen} to {other}: labels"] = len(kept.label_set)
    columns = [f"{a} to {b}" for a, b in (("names", "tutorial"), ("tutorial", "names"))]
    counts = [f"{figures[f'{c}: names']:,} names, {figures[f'{c}: labels']} labels" for c in columns]
    rows = [
        f"| model | {' | '.join(f'{c} ({n})' for c, n in zip(columns, counts, strict=True))} |",
        "| --- | --- | --- |",
    ]
    for name in answers:
        rows.append(f"| {name} | {' | '.join(_pair(figures, f'{name}, {c}') for c in columns)} |")
    return "\n".join(rows), figures


def _pair(figures: dict[str, Any], what: str) -> str:
    return f"{figures[f'{what}: balanced_accuracy']:.3f} (top-3 {figures[f'{what}: top3_accuracy']:.3f})"


def generators() -> tuple[str, dict[str, Any]]:
    """Nats per character on makemore's split and on the test part of the bundled names."""
    import torch
    from peers import MakemoreGRU, makemore_split

    from charrnn.training.baseline import baseline
    from charrnn.training.parallel import Machine
    from charrnn.training.run import train
    from charrnn.training.settings import GeneratorSettings

    machine = Machine(torch.device("cpu"))
    training, held_out = makemore_split(SHARED / "makemore" / "names.txt")
    seen = set(training)
    unseen = [name for name in held_out if name not in seen]
    test = {"all 1,000": held_out, f"the {len(unseen)} unseen": unseen}
    corpus = Corpus(training, ["names"] * len(training), "makemore")
    figures: dict[str, Any] = {}
    ours = {}
    for name, refit in (("charrnn", False), ("charrnn, refitted on validation names, too", True)):
        settings = GeneratorSettings(test_fraction=0.0, validation_fraction=0.03, refit=refit)
        trained = train("generator", corpus, settings, machine)
        ours[name] = Generator(trained.config, trained.weights)
    gru = MakemoreGRU(training)
    gru.train(MAKEMORE_STEPS)
    vocabulary = Vocabulary.build(training)
    grams = NGrams.fit([vocabulary.encode(name) for name in training], [0] * len(training), 1, len(vocabulary))
    for title, names in test.items():
        characters = sum(len(name) + 1 for name in names)
        nats = -grams.log_likelihoods([vocabulary.encode(name) for name in names]).sum()
        figures[f"4-gram, {title}"] = float(nats) / characters
        figures[f"makemore's GRU, 12,000 steps, {title}"] = gru.nats_per_char(names)
        for name, model in ours.items():
            scores = evaluate(model, Corpus(names, ["names"] * len(names)))
            figures[f"{name}, {title}"] = scores["nats_per_char"]
    shipped = charrnn.load("names/generator")
    data = shipped.config.data
    parts = split(Corpus.read("names"), data["seed"], data["validation_fraction"], data["test_fraction"])
    figures["4-gram, bundled names"] = baseline(shipped.config, parts)["nats_per_char"]
    figures["charrnn, bundled names"] = evaluate(shipped, parts.test)["nats_per_char"]
    columns = [*test, "bundled names"]
    heads = [*(f"makemore, {title}" for title in test), "bundled names, by label"]
    rows = [f"| model | {' | '.join(heads)} |", "| --- | --- | --- | --- |"]
    for name in ("4-gram", "makemore's GRU, 12,000 steps", *ours):
        cells = [f"{figures[f'{name}, {c}']:.3f}" if f"{name}, {c}" in figures else "" for c in columns]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows), figures


def classifiers(seeds: int) -> tuple[str, dict[str, Any]]:
    """See :func:`table`, and how often sets of labels held the true one."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        text, figures = table(list(pool.map(run_seed, range(seeds))))
    covered = ", ".join(f"{100 * figures[f'coverage of {c} % sets']:.1f} % for {c} %" for c in (80, 90, 95))
    return f"{text}\n\nSets of labels held the true one: {covered}.", figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of the classifiers; fewer write no table")
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
            text, figures = measure(flags.seeds)
            report(f"quality-{section}", figures | {"seconds": time.perf_counter() - began})
            print(text)
            if flags.seeds == SEEDS:
                write(section, text)
    return 0


def write(section: str, text: str) -> None:
    """Put a table in its place in ``docs/results.md``."""
    results = ROOT / "docs" / "results.md"
    old, begin, end = results.read_text(encoding="utf-8"), f"<!-- {section} -->\n", f"<!-- end of {section} -->"
    new = f"{begin}\n{text}\n\n{end}"
    results.write_text(old[: old.index(begin)] + new + old[old.index(end) + len(end) :], encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
