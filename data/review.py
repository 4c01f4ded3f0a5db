"""Find label errors in the bundled corpus: ``python data/review.py`` prints names that a model gives another label.

Ten-fold cross-validation with hashed character n-grams, kind by kind, under a uniform prior: the model that classifies
a name was fitted without it. The output is a list to check by hand.
"""

from __future__ import annotations

import numpy as np

from charrnn.corpus import Corpus
from charrnn.ngrams import NGramHashTable
from charrnn.text import PIPELINES, Vocabulary, pad

FOLDS = 10
CONFIDENT = 0.98
BATCH = 500


def main() -> None:
    """Print, by kind and label, the names that another label gets with confidence: ``name → label probability``."""
    everything = Corpus.read("names", pipeline="native")
    for kind in everything.kind_counts:
        print_strays(everything.select([i for i, own in enumerate(everything.kinds) if own == kind]), kind)


def print_strays(corpus: Corpus, kind: str) -> None:
    """Print what is given another label among the names of one kind."""
    keys = list(map(PIPELINES["native-folded"], corpus.names))
    others: dict[str, set[str]] = {}
    for key, label in zip(keys, corpus.labels, strict=True):
        others.setdefault(key, set()).add(label)
    vocabulary = Vocabulary.build(keys)
    encoded = [vocabulary.encode(key) for key in keys]
    index = {label: i for i, label in enumerate(corpus.label_set)}
    labels = np.array([index[label] for label in corpus.labels])
    # A name of several labels falls into one fold with all of them.
    fold_of = {key: i % FOLDS for i, key in enumerate(np.random.default_rng(0).permutation(sorted(others)).tolist())}
    folds = np.array([fold_of[key] for key in keys])
    flagged: dict[str, list[tuple[float, str, str]]] = {label: [] for label in corpus.label_set}
    for fold in range(FOLDS):
        seen, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        table = NGramHashTable.fit([encoded[i] for i in seen], labels[seen].tolist(), len(index), len(vocabulary))
        for first in range(0, len(held), BATCH):
            batch = held[first : first + BATCH].tolist()
            scores = table.scores(*pad([encoded[i] for i in batch]))
            p = np.exp(scores - scores.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            for row, i in zip(p, batch, strict=True):
                best = int(row.argmax())
                if row[best] >= CONFIDENT and corpus.label_set[best] not in others[keys[i]]:
                    flagged[corpus.labels[i]].append((float(row[best]), corpus.names[i], corpus.label_set[best]))
    for label, found in flagged.items():
        print(f"# {kind}, {label}: {len(found)} of {corpus.label_counts[label]}")
        for probability, name, other in sorted(found, reverse=True):
            print(f"{name} → {other} {probability:.3f}")


if __name__ == "__main__":
    main()
