"""How far hashed 5-grams alone come on the bundled corpus, by label and kind. Writes its table of ``docs/results.md``.

One table of 5-grams a label, learned from the training side of a default split: all kinds, both trees. A uniform prior.
Latin letters are folded to ASCII, other scripts read as they are. Scored on

- held-out names: the test side of the split;
- held-back names: the lists of ``data/held_back.json``, which no list is built from, less names that any label of the
  corpus has;
- popular: common surnames of another project (``popular/surnames.csv`` of the shared data), under a uniform prior over
  its labels; and the share of them that the corpus holds under their own label.

An answer is right if the list that the name is from has it under that label.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from common import ROOT, SHARED, report, write_table

from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.ngrams import NGramHashTable
from charrnn.text import Vocabulary, fold_latin, pad

sys.path.insert(0, str(ROOT / "data"))
import build
import packages

PACKAGES = {"Faker": "Faker", "mimesis": "mimesis", "@faker-js/faker": "faker-js"}
POPULAR = SHARED / "popular" / "surnames.csv"
BATCH = 500

Lists = Mapping[str, Mapping[str, Collection[str]]]
"""Distinct texts by kind and label."""


def by_kind(corpus: Corpus) -> Lists:
    """The names of a corpus."""
    lists: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, label, kind in zip(corpus.names, corpus.labels, corpus.kinds, strict=True):
        lists[kind][label].add(fold_latin(name))
    return lists


def held_back_names() -> dict[str, dict[str, set[str]]]:
    """The names of the lists that the build does not read, as they are written, by kind and label."""
    lists: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    held = json.loads((ROOT / "data" / "held_back.json").read_text(encoding="utf-8"))
    for label, source in held.items():
        package = PACKAGES[source["package"].rsplit(" ", 1)[0]]
        for locale in source["locales"]:
            for kind, names in packages.read(f"{package} {locale}").items():
                tidy = {build.RESPELL.get(label, str)(build.tidy(name)) for name in names}
                lists[kind][label] |= {name for name in tidy if build.is_latin(name) is not None}
    return lists


def held_back() -> Lists:
    """:func:`held_back_names`, folded."""
    names = held_back_names()
    return {kind: {label: set(map(fold_latin, own)) for label, own in of.items()} for kind, of in names.items()}


def popular(labels: Collection[str]) -> dict[str, set[str]]:
    """The surnames of the other project under labels that the corpus has."""
    corpus = Corpus.read(POPULAR, pipeline="native")
    lists: dict[str, set[str]] = defaultdict(set)
    for name, label in zip(corpus.names, corpus.labels, strict=True):
        if label in labels:
            lists[label].add(fold_latin(name))
    return lists


class Floor:
    """The 5-grams of a corpus."""

    def __init__(self, training: Corpus) -> None:
        pairs = sorted({(fold_latin(n), label) for n, label in zip(training.names, training.labels, strict=True)})
        self.labels = training.label_set
        self.vocabulary = Vocabulary.build([text for text, _ in pairs])
        encoded = [self.vocabulary.encode(text) for text, _ in pairs]
        own = [self.labels.index(label) for _, label in pairs]
        self.table = NGramHashTable.fit(encoded, own, len(self.labels), len(self.vocabulary))

    def answers(self, texts: list[str], labels: Collection[str] | None = None) -> list[str]:
        """The likeliest label of each text, among the given ones."""
        allowed = np.array([0.0 if labels is None or label in labels else -np.inf for label in self.labels])
        best: list[str] = []
        for first in range(0, len(texts), BATCH):
            encoded = [self.vocabulary.encode(text) for text in texts[first : first + BATCH]]
            scores = self.table.scores(*pad(encoded)) + allowed
            best += [self.labels[i] for i in scores.argmax(axis=1).tolist()]
        return best

    def hits(
        self, lists: Mapping[str, Collection[str]], labels: Collection[str] | None = None
    ) -> dict[str, list[bool]]:
        """For each label, whether the answer for each of its names is a label that has the name."""
        texts = sorted(set().union(*lists.values()))
        answer = dict(zip(texts, self.answers(texts, labels), strict=True))
        return {label: [text in lists.get(answer[text], ()) for text in own] for label, own in lists.items()}


def less(lists: Lists, known: Collection[str]) -> Lists:
    """Without known texts; labels that keep none are left out."""
    return {
        kind: {label: rest for label, own in labels.items() if (rest := set(own) - set(known))}
        for kind, labels in lists.items()
    }


def cell(hits: list[bool] | None) -> str:
    """Share and number, as in the table."""
    return f"{np.mean(hits):.2f} ({len(hits):,})" if hits else ""


def main() -> int:
    if not POPULAR.exists():
        print(f"ngram_floor: {POPULAR} is missing. Put the shared data beside the checkout.", file=sys.stderr)
        return 2
    corpus = Corpus.read("names", pipeline="native")
    sides = split(corpus)
    floor = Floor(sides.train)
    known = {fold_latin(name) for name in corpus.names}
    results: dict[str, Any] = {"labels": len(corpus.label_set), "names": len(corpus)}
    scored: dict[str, dict[str, list[bool]]] = {}
    for what, lists in (("held out", by_kind(sides.test)), ("held back", less(held_back(), known))):
        for kind in packages.KINDS:
            scored[f"{what}, {kind}"] = floor.hits(lists[kind])
    lists = popular(corpus.label_set)
    scored["popular"] = floor.hits(lists, lists.keys())
    scored["popular, unlisted"] = floor.hits(less({"": lists}, known)[""], lists.keys())
    surnames = by_kind(corpus)["surname"]
    listed = {label: [text in surnames[label] for text in own] for label, own in lists.items()}
    for what, hits in (scored | {"popular, listed under the label": listed}).items():
        results[f"{what}: names"], results[f"{what}: labels"] = sum(map(len, hits.values())), len(hits)
        results[f"{what}: share"] = float(np.mean([hit for own in hits.values() for hit in own]))
        results[f"{what}: mean of labels"] = float(np.mean([np.mean(own) for own in hits.values()]))
        results[f"{what}: least label"] = min((float(np.mean(own)), label) for label, own in hits.items())
    report("ngram_floor", results)
    columns = {head: scored[head] for head in scored if head != "popular, unlisted"} | {"listed": listed}
    rows = [f"| label | {' | '.join(columns)} |", f"|{' --- |' * (len(columns) + 1)}"]
    rows += [f"| {label} | {' | '.join(cell(own.get(label)) for own in columns.values())} |" for label in floor.labels]
    totals = (cell([hit for own in hits.values() for hit in own]) for hits in columns.values())
    write_table("ngram floor", "\n".join([*rows, f"| all | {' | '.join(totals)} |"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
