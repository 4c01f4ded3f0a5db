"""Names from other lists than the bundled ones: the shipped classifier beside n-gram logistic regression.

Both learned from the same names. The lists are those of ``data/held_back.json``, by kind, which no list is built from;
with ``--popular`` also common surnames of another project. All under a uniform prior over the labels that a list has.
An answer is right if the list of that label has the name; of several answers, one must be right. *Listed* names are
those that the bundled corpus has under any label.

``--popular`` is for models that are finished: nothing was ever chosen by these names.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Mapping

import numpy as np
from common import report, write_table
from ngram_floor import held_back, popular
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import charrnn
from charrnn.arrays import Floats
from charrnn.corpus import Corpus
from charrnn.inference import Classifier
from charrnn.metrics import expected_calibration_error, reliability_bins
from charrnn.text import fold_latin

Answer = Callable[[list[str], list[str], str | None], Floats]
"""From texts, the labels that are possible and the kind of the texts to p(label | text), (texts, labels)."""
ITERATIONS = 120


def logistic(corpus: Corpus, labels: list[str]) -> Answer:
    """TF-IDF of 1- to 5-grams into multinomial logistic regression, C = 30; kinds are not used."""
    pairs = sorted({(fold_latin(n), labels.index(label)) for n, label in zip(corpus.names, corpus.labels, strict=True)})
    own = np.array([label for _, label in pairs])
    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 5), sublinear_tf=True, lowercase=False, dtype=np.float32
    )
    features = vectorizer.fit_transform([f" {text} " for text, _ in pairs])
    model = LogisticRegression(C=30, max_iter=ITERATIONS, tol=1e-3).fit(features, own)
    prior = np.bincount(own, minlength=len(labels)) / len(own)

    def answer(texts: list[str], possible: list[str], kind: str | None) -> Floats:
        p = model.predict_proba(vectorizer.transform([f" {text} " for text in texts])) / prior
        p *= np.isin(labels, possible)
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    return answer


def shipped(model: Classifier) -> Answer:
    """The classifier, told the kind."""
    return lambda texts, possible, kind: model.probabilities(texts, "uniform", kind, possible, whole=True)


def scores(p: Floats, right: np.ndarray, family_of: Floats) -> dict[str, float]:
    """Shares of names whose best answer, best three and best family are right; (names, labels), (labels, families)."""
    best = np.argsort(-p, axis=1, kind="stable")[:, :3]
    hits = np.take_along_axis(right, best, axis=1)
    family = (p @ family_of).argmax(axis=1)
    right_family = (right.astype(float) @ family_of)[np.arange(len(p)), family] > 0
    return {"top-1": hits[:, 0].mean(), "top-3": hits.any(axis=1).mean(), "family": right_family.mean()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--popular", action="store_true")
    with_popular = parser.parse_args().popular
    corpus, model = Corpus.read("names", pipeline="native"), charrnn.load("names/classifier")
    assert isinstance(model, Classifier)
    labels, families = model.labels, sorted(set(model.config.families.values()))
    family_of = np.array([[model.config.families[label] == family for family in families] for label in labels], float)
    known = {fold_latin(name) for name in corpus.names}
    lists: dict[str, tuple[str | None, Mapping[str, Collection[str]]]] = {
        f"held back, {kind}": (kind, own) for kind, own in held_back().items()
    }
    if with_popular:
        lists["popular"] = "surname", popular(labels)
    regression = logistic(corpus, labels)
    answers = {"charrnn": shipped(model), "logistic regression": regression}
    results: dict[str, float] = {}
    rows = ["| list | names | | top-1 | top-3 | family |", "| --- | --- | --- | --- | --- | --- |"]
    for title, (kind, own) in lists.items():
        for part in ("all", "listed", "unlisted"):
            texts = sorted(t for t in set().union(*own.values()) if part == "all" or (t in known) == (part == "listed"))
            right = np.array([[text in own.get(label, ()) for label in labels] for text in texts])
            for who, answer in answers.items():
                p = np.nan_to_num(answer(texts, list(own), kind))
                found = scores(p, right, family_of)
                results |= {f"{title}, {part}, {who}: {key}": float(value) for key, value in found.items()}
                cells = " | ".join(f"{value:.3f}" for value in found.values())
                rows.append(f"| {title}, {part} | {len(texts):,} | {who} | {cells} |")
                if part == "all":
                    first = right.argmax(axis=1)
                    own_label = np.where(right[np.arange(len(p)), p.argmax(axis=1)], p.argmax(axis=1), first)
                    bins = reliability_bins(p, own_label)
                    results[f"{title}, {who}: ECE"] = expected_calibration_error(bins)
    print("\n".join(rows))
    write_table("other lists", "\n".join(rows))
    report("other_lists", results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
