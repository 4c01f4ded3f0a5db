"""Find label errors in the bundled corpus: ``python data/review.py`` prints names that a model gives another label.

Ten-fold cross-validation with character 4-grams under a uniform prior: the model that classifies a name was fitted
without it. The output is a list to check by hand.
"""

from __future__ import annotations

import sys

import numpy as np

from charrnn.corpus import Corpus
from charrnn.ngrams import NGramAutomaton
from charrnn.text import Vocabulary

FOLDS = 10
CONFIDENT = 0.98


def main() -> int:
    """Print, for each label, the names that another label gets with confidence: ``name → label probability``."""
    corpus = Corpus.read("names")
    others: dict[str, set[str]] = {}
    for key, label in zip(corpus.keys, corpus.labels, strict=True):
        others.setdefault(key, set()).add(label)
    vocabulary = Vocabulary.build(corpus.keys)
    encoded = [vocabulary.encode(key) for key in corpus.keys]
    index = {label: i for i, label in enumerate(corpus.label_set)}
    labels = np.array([index[label] for label in corpus.labels])
    # A name of several labels falls into one fold with all of them.
    fold_of = {key: i % FOLDS for i, key in enumerate(np.random.default_rng(0).permutation(sorted(others)).tolist())}
    folds = np.array([fold_of[key] for key in corpus.keys])
    flagged: dict[str, list[tuple[float, str, str]]] = {label: [] for label in corpus.label_set}
    for fold in range(FOLDS):
        seen, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        model = NGramAutomaton.fit([encoded[i] for i in seen], labels[seen].tolist(), len(index), len(vocabulary))
        p = model.probabilities([encoded[i] for i in held], np.full(len(index), 1 / len(index)))
        for row, i in zip(p, held.tolist(), strict=True):
            best = int(row.argmax())
            if row[best] >= CONFIDENT and corpus.label_set[best] not in others[corpus.keys[i]]:
                flagged[corpus.labels[i]].append((float(row[best]), corpus.names[i], corpus.label_set[best]))
    for label, found in flagged.items():
        print(f"# {label}: {len(found)} of {corpus.label_counts[label]}")
        for probability, name, other in sorted(found, reverse=True):
            print(f"{name} → {other} {probability:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
