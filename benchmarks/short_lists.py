"""Short lists: from scratch, with ``--init``, and n-grams alone. Writes its table of ``docs/results.md``.

Six lists that the shipped models did not see, of at most six labels each: held-back surnames and given names and the
tutorials' names, less every name that the bundled corpus has; and names of invented tongues. The labels of one list are
renamed, so that ``--init`` knows none of them. 10, 20, 50 and 200 names of each label are drawn at random; models of
them, by the default settings, are scored on others of the same list. Medians over the drawings.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from operator import itemgetter
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import invented
import numpy as np
import torch
from common import SHARED, report, write_table
from ngram_floor import held_back_names
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import charrnn
from charrnn import metrics, recipe
from charrnn.corpus import Corpus
from charrnn.corpus.split import Split
from charrnn.inference import evaluation, locate
from charrnn.text import fold_latin, is_latin
from charrnn.training.distributed import DistributedContext
from charrnn.training.preparation import starting_config
from charrnn.training.settings import SETTINGS
from charrnn.training.training_run import TrainingRun

DRAWINGS = {10: 3, 20: 3, 50: 1, 200: 1}
"""How often names are drawn, by the number of names a label."""
LABELS, LEAST, TESTED = 6, 260, 200
"""Labels of a list, names of each at least, and names of each that models are scored on at most."""
STARTS = ("n-grams alone", "logistic regression", "from scratch", "with --init", "--init auto")
CONTEXT = DistributedContext(torch.device("cpu"))
PIPELINE = {"classifier": "folded", "generator": "latin"}
Lists = Mapping[str, Mapping[str, list[str]]]


def lists() -> Lists:
    """The lists by name, and their names by label."""
    corpus, tutorial = (Corpus.read(where, pipeline="native") for where in ("names", SHARED / "tutorial"))
    known = {fold_latin(name) for name in corpus.names}
    held: dict[str, Mapping[str, set[str]]] = dict(held_back_names())
    of_tutorial: defaultdict[str, set[str]] = defaultdict(set)
    for name, label in zip(tutorial.names, tutorial.labels, strict=True):
        of_tutorial[label].add(name)
    held["tutorial"] = of_tutorial
    found = {kind: _unseen(own, known) for kind, own in held.items()}
    male = {f"people {i}": names for i, names in enumerate(found.pop("male").values(), start=1)}
    tongues = {"sea and desert": invented.SEA_AND_DESERT, "steppe and sky": invented.STEPPE_AND_SKY}
    return {
        "held-back surnames": found["surname"],
        "held-back female names": found["female"],
        "held-back male names, labels renamed": male,
        "the tutorials' surnames": found["tutorial"],
        **{name: {label: own.names(600, seed=7) for label, own in of.items()} for name, of in tongues.items()},
    }


def _unseen(names: Mapping[str, set[str]], known: set[str]) -> dict[str, list[str]]:
    """The labels with most names in Latin letters that the bundled corpus does not have."""
    unseen = {
        label: sorted(n for n in own if is_latin(n) and fold_latin(n) not in known) for label, own in names.items()
    }
    most = sorted(unseen, key=lambda label: (-len(unseen[label]), label))[:LABELS]
    return {label: unseen[label] for label in sorted(most) if len(unseen[label]) >= LEAST}


def draw(names: Mapping[str, list[str]], size: int, seed: int, source: str) -> tuple[Corpus, Corpus]:
    """``size`` names of each label, and others."""
    chosen: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    for i, (label, own) in enumerate(names.items()):
        order = np.random.default_rng([seed, i]).permutation(len(own)).tolist()
        chosen[0].extend((own[j], label) for j in order[:size])
        chosen[1].extend((own[j], label) for j in order[size : size + TESTED])
    return tuple(Corpus(*map(list, zip(*pairs, strict=True)), source) for pairs in chosen)  # type: ignore[return-value]


def trained(task: str, corpus: Corpus, test: Corpus, init: Path | None) -> tuple[float, dict[str, float]]:
    """The loss of a model of the corpus in cross-validation, and its scores on the test names."""
    settings = SETTINGS[task](pipeline=PIPELINE[task])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model"
        recipe.train(TrainingRun(task, corpus, settings, CONTEXT, init, out))
        model = charrnn.load(out)
        loss = model.config.metrics["charrnn"]["nll" if task == "classifier" else "nats_per_char"]
        return loss, evaluation.evaluate(evaluation.unlisted(model), test)


def ngrams_alone(task: str, corpus: Corpus, test: Corpus) -> dict[str, float]:
    """Scores of the interpolated 4-gram of :func:`charrnn.inference.evaluation.evaluate_baseline`."""
    splits = Split(corpus, corpus.select([]), test)
    run = TrainingRun(task, corpus, SETTINGS[task](pipeline=PIPELINE[task]), CONTEXT)
    return evaluation.evaluate_baseline(starting_config(run, corpus, splits), splits)


def logistic_regression(corpus: Corpus, test: Corpus) -> dict[str, float]:
    """Scores of TF-IDF of 1- to 5-grams into multinomial logistic regression, C = 30."""
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 5), sublinear_tf=True, lowercase=False)
    texts = [[f" {fold_latin(name)} " for name in own.names] for own in (corpus, test)]
    model = LogisticRegression(C=30, max_iter=500).fit(vectorizer.fit_transform(texts[0]), corpus.labels)
    index = {label: i for i, label in enumerate(model.classes_)}
    p = model.predict_proba(vectorizer.transform(texts[1]))
    return metrics.classification_report(p, np.array([index[label] for label in test.labels]))


def of_list(name: str, names: Mapping[str, list[str]], size: int) -> dict[tuple[Any, ...], float]:
    """Medians over the drawings, by list, size, start and score."""
    torch.set_num_threads(1)
    found: defaultdict[tuple[Any, ...], list[float]] = defaultdict(list)
    for seed in range(DRAWINGS[size]):
        corpus, test = draw(names, size, seed, name)
        scores: dict[str, dict[str, float]] = {start: {} for start in STARTS}
        scores["logistic regression"] = logistic_regression(corpus, test)
        for task in ("classifier", "generator"):
            scores["n-grams alone"] |= ngrams_alone(task, corpus, test)
            fresh, tuned = (trained(task, corpus, test, init) for init in (None, locate(f"names/{task}")))
            scores["from scratch"] |= fresh[1]
            scores["with --init"] |= tuned[1]
            scores["--init auto"] |= min(tuned, fresh, key=itemgetter(0))[1]
        for start, own in scores.items():
            for key in ("nats_per_char", "accuracy", "nll"):
                if key in own:
                    found[name, size, start, key].append(own[key])
    return {key: statistics.median(values) for key, values in found.items()}


def main() -> int:
    """Train, score and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[*DRAWINGS], choices=DRAWINGS)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    flags = parser.parse_args()
    began = time.perf_counter()
    found: dict[tuple[Any, ...], float] = {}
    own = lists()
    with ProcessPoolExecutor(flags.workers) as pool:
        futures = [
            pool.submit(of_list, name, names, size)
            for size in sorted(flags.sizes, reverse=True)
            for name, names in own.items()
        ]
        for future in futures:
            found |= future.result()
            print(future.result(), flush=True)
    results = {": ".join(map(str, key)): value for key, value in found.items()}
    report("short_lists", results | {"seconds": time.perf_counter() - began})
    rows = [
        "| list | names a label | start | nats per character | accuracy | NLL |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, labels in own.items():
        for size in flags.sizes:
            for start in STARTS:
                cells = [found.get((name, size, start, key)) for key in ("nats_per_char", "accuracy", "nll")]
                shown = " | ".join("" if cell is None else f"{cell:.3f}" for cell in cells)
                rows.append(f"| {name}, {len(labels)} labels | {size} | {start} | {shown} |")
    if flags.sizes == [*DRAWINGS]:
        write_table("short lists", "\n".join(rows))
    print("\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
