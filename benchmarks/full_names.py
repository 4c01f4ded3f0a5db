"""Full names: parts put together, beside the same texts read as one name. Writes the tables of ``docs/results.md``.

``full_names/people.tsv`` and ``people_native.tsv`` are well-known people, written down before anything read full names;
the weights of :class:`charrnn.inference.full_names.FullNameWeights` were chosen on ``development.tsv``. Composed names
are held-back given names and surnames of one label, none of which the list has.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import ngram_floor
import numpy as np
from common import ROOT, report, write_table

import charrnn
from charrnn import metrics
from charrnn.corpus import Corpus
from charrnn.inference import Classifier, Generator
from charrnn.inference.full_names import joined
from charrnn.name_forms import SURNAME
from charrnn.text import fold_latin, is_latin

PEOPLE = ROOT / "benchmarks" / "full_names"
LISTS = {"development": "development", "people": "well-known people", "people_native": "the same in other scripts"}
COMPOSED = 50
"""Names of each label."""
ROWS = 1_000_000
INVENTED = 100
"""Full names of each label, at each temperature."""
INVENTED_LABELS = [
    *("Arabic", "Czech", "Greek", "Hindi", "Hungarian", "Icelandic", "Irish", "Japanese", "Polish", "Russian"),
    *("Spanish", "Vietnamese"),
]


class Person(NamedTuple):
    """A full name, its label, and its surname as written in it."""

    name: str
    label: str
    surname: str


def people(name: str) -> list[Person]:
    """The people of a list."""
    lines = (PEOPLE / f"{name}.tsv").read_text("utf-8").splitlines()[1:]
    return [Person(*line.split("\t")) for line in lines]


def composed(known: set[str], classifier: Classifier) -> list[Person]:
    """Full names of unlisted held-back given names and surnames."""
    rng = random.Random(0)
    held = ngram_floor.held_back()
    found = []
    for label in classifier.labels:
        surnames, females, males = (sorted(held[k].get(label, set()) - known) for k in ("surname", "female", "male"))
        if surnames and (given := [*females, *males]):
            for _ in range(COMPOSED):
                surname = rng.choice(surnames).title()
                found.append(Person(f"{rng.choice(given).title()} {surname}", label, surname))
    return found


def scores(classifier: Classifier, persons: Sequence[Person], whole: bool) -> list[str]:
    """A row: accuracy, top-3, by family, log-loss, ECE, surnames found; uniform prior."""
    names = [person.name for person in persons]
    p = classifier.probabilities(names, "uniform", whole=whole)
    own = np.array([classifier.labels.index(person.label) for person in persons])
    of_own = p[np.arange(len(own)), own]
    rank = (p > of_own[:, None]).sum(axis=1)
    families = [classifier.config.families[label] for label in classifier.labels]
    by_family = np.mean([families[a] == families[b] for a, b in zip(p.argmax(axis=1), own, strict=True)])
    ece = metrics.expected_calibration_error(metrics.reliability_bins(p, own))
    found = "" if whole else f"{_surnames_found(classifier, persons):.3f}"
    numbers = [np.mean(rank == 0), np.mean(rank < 3), by_family, -np.log(of_own).mean(), ece]
    return [*(f"{number:.3f}" for number in numbers), found]


def _surnames_found(classifier: Classifier, persons: Sequence[Person]) -> float:
    """Share of the names whose surname is what the answer took for it."""
    answers = classifier.predict([person.name for person in persons], prior="uniform")
    hits = []
    for person, answer in zip(persons, answers, strict=True):
        hits.append([part.text for part in joined(answer.parts) if part.kind == "surname"] == [person.surname])
    return float(np.mean(hits))


def temperatures(classifier: Classifier) -> str:
    """Invented full names at several temperatures, as the classifier sees them; a uniform prior."""
    generator = charrnn.load("names/generator")
    assert isinstance(generator, Generator)
    lines = [
        "| temperature | label found | distinct | parts in the list |",
        "| --- | --- | --- | --- |",
    ]
    for temperature in (0.4, 0.5, 0.6, 0.8, 1.0):
        found, distinct, listed = [], [], []
        for label in INVENTED_LABELS:
            made = generator.full_names(label, INVENTED, seed=5, temperature=temperature)
            names = [name.name for name in made]
            best = classifier.probabilities(names, "uniform").argmax(axis=1)
            found.append(np.mean(best == classifier.labels.index(label)))
            distinct.append(len(set(names)) / len(names))
            parts = [part.text for name in made for part in name.parts]
            listed.append(np.mean([bool(labels) for labels in classifier.listed(parts)]))
        shares = (f"{np.mean(values):.3f}" for values in (found, distinct, listed))
        lines.append(f"| {temperature} | {' | '.join(shares)} |")
    return "\n".join(lines)


def seconds_of_a_table(corpus: Corpus, rows: int) -> dict[str, float]:
    """Time for a CSV of full names, with one worker and with two.

    All labels and scripts are alike, those of one label in one script; names are as frequent as 1 / rank in each list.
    """
    rng = np.random.default_rng(0)
    lists: dict[tuple[str, bool, bool], list[str]] = {}
    for name, label, kind in zip(corpus.names, corpus.labels, corpus.kinds, strict=True):
        lists.setdefault((label, is_latin(name), kind == SURNAME), []).append(name)
    kinds = [(label, latin) for label, latin, is_surname in lists if is_surname and (label, latin, False) in lists]
    names: list[str] = []
    for key in kinds:
        drawn = []
        for own in (lists[*key, False], lists[*key, True]):
            p = 1 / np.arange(1, len(own) + 1)
            drawn.append(rng.choice(len(own), rows // len(kinds) + 1, p=p / p.sum()))
            drawn[-1] = [own[i] for i in drawn[-1]]
        names += map(" ".join, zip(*drawn, strict=True))
    rng.shuffle(names)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "people.csv"
        with source.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([["name"], *([name] for name in names[:rows])])
        for workers in (1, 2):
            command = [sys.executable, "-m", "charrnn", "classify", "--input", source, "--workers", str(workers)]
            start = time.perf_counter()
            subprocess.run([*command, "--output", Path(folder) / f"{workers}.csv"], check=True, capture_output=True)
            found[f"{rows:,} full names, workers: {workers}, seconds"] = time.perf_counter() - start
    return found


def main() -> None:
    """Print the tables."""
    classifier = charrnn.load("names/classifier")
    assert isinstance(classifier, Classifier)
    corpus = Corpus.read("names", pipeline="native")
    known = {fold_latin(name) for name in corpus.names}
    lists = {told: people(name) for name, told in LISTS.items()}
    lists["held-back names, composed"] = composed(known, classifier)
    lines = [
        "| list | names | read | top-1 | top-3 | family | log-loss | ECE | surname found |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    results: dict[str, float] = {}
    for told, persons in lists.items():
        for whole, how in ((False, "in parts"), (True, "as one name")):
            row = scores(classifier, persons, whole)
            results[f"top-1: {told}, {how}"] = float(row[0])
            lines.append(f"| {' | '.join([told, f'{len(persons):,}', how, *row])} |")
    print("\n".join(lines))
    write_table("full-names", "\n".join(lines))
    text = temperatures(classifier)
    print(text)
    write_table("temperatures", text)
    results |= seconds_of_a_table(corpus, ROWS)
    report("full_names", results)


if __name__ == "__main__":
    main()
