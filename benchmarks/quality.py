"""How good the classifier is: ours, its parts, and others, on the tutorials' data split five times in the same way.

Each split is 80/10/10 by name, stratified by label. Whatever is fitted on 80 % never sees the validation part, except
to stop or to be calibrated; "90 %" rows are fitted on both. Writes ``docs/results.md`` when all five seeds were run.
Needs the tutorials' data beside the checkout, in ``../shared/data``.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import ROOT, SHARED, report
from numpy.typing import NDArray

from charrnn import metrics
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.inference.classifier import Classifier
from charrnn.ngrams import NGramClassifier
from charrnn.text import SPECIALS, Vocabulary, fold

SEEDS = 5
TUTORIAL_STEPS = 100_000
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
    grams = NGramClassifier(encoded[0], labels[0], count, SPECIALS + len(vocabulary.alphabet))
    answers["class-wise 4-gram, Bayes' rule"] = grams.probabilities(encoded[2])
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
        answers[name] = Classifier(alone, trained.weights).probabilities(parts.test.names)
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    seeds = parser.parse_args().seeds
    if not SHARED.is_dir():
        print(f"{SHARED}: the tutorials' data is not there; nothing was measured.", file=sys.stderr)
        return 2
    began = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        text, figures = table(list(pool.map(run_seed, range(seeds))))
    report("quality", figures | {"seconds": time.perf_counter() - began})
    print(text)
    results = ROOT / "docs" / "results.md"
    begin, end = "<!-- quality -->\n", "<!-- end -->"
    if seeds == SEEDS:
        old = results.read_text(encoding="utf-8")
        covered = ", ".join(f"{100 * figures[f'coverage of {c} % sets']:.1f} % for {c} %" for c in (80, 90, 95))
        new = f"{begin}\n{text}\n\nSets of labels held the true one: {covered}.\n\n{end}"
        results.write_text(old[: old.index(begin)] + new + old[old.index(end) + len(end) :], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
