"""Scores of models on a corpus, under the keys of ``charrnn evaluate --format json``."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from charrnn import metrics
from charrnn.arrays import Floats, Ints, label_prior, log_softmax
from charrnn.corpus import Corpus
from charrnn.corpus.split import Split
from charrnn.errors import CorpusError
from charrnn.inference.classifier import Classifier
from charrnn.inference.generator import Generator
from charrnn.model_config import ANY_KIND, ModelConfig
from charrnn.ngrams import NGramAutomaton
from charrnn.text import PIPELINES, SPECIALS, UNKNOWN, Vocabulary, fold_latin

FEW_NAMES = 300
"""Test names; a score over fewer is told with its interval."""
CHARACTERS = {"ascii": 95, "latin": 1_500, "native": 150_000}
"""Characters that a name may hold under each text pipeline of a generator: printable ASCII; about as many as Unicode
has for Latin; about as many as it has in all."""
NEW_TO_INIT = "charrnn, names new to --init"
MIN_NAMES = 30
"""Names that a label needs to count in :func:`evaluate_out_of_source`; a score over fewer says little."""


def unlisted(model: Classifier | Generator) -> Classifier | Generator:
    """The model that answers test names as names that its list does not have; its memory holds them, too."""
    return model.without_memory() if isinstance(model, Classifier) else model


def evaluate(model: Classifier | Generator, corpus: Corpus, prior: str = "model") -> dict[str, float]:
    """Scores of a model on a corpus.

    Classifiers: repeated (name, label) pairs count once; keys of :func:`charrnn.metrics.classification_report`.
    Generators: repeats count; ``nats_per_char`` (EOS is a character), ``names``, ``characters``. Characters outside a
    model's alphabet share the probability of "unknown" equally (adjusted perplexity, Ueberla 1994), so that models of
    different alphabets, but one text pipeline, are scored alike.

    Args:
        model: to be scored.
        corpus: its labels must be labels of the model; a generator with one label scores a corpus of any labels.
        prior: ``model`` leaves the answers alone; ``uniform`` takes the labels of the corpus as equally frequent, and
            others as impossible.

    Raises:
        CorpusError: there are no names, or a label that the model does not know.
    """
    if not len(corpus):
        raise CorpusError(f"{corpus.source}: no names are left to score. Give other names, or exclude fewer.")
    if isinstance(model, Generator):
        return _nats_per_char(nats_of(model, corpus), [model.count_characters(n) for n in corpus.names])
    corpus = corpus.distinct_pairs(model.config.pipeline)
    _checked_labels(model, corpus)
    uniform = corpus.label_set if prior == "uniform" else None
    return metrics.classification_report(probabilities_of(model, corpus, uniform), targets_of(model, corpus))


def evaluate_apart(
    model: Classifier | Generator, corpus: Corpus, known: Collection[str] = ()
) -> dict[str, dict[str, float]]:
    """Scores on a corpus, ``charrnn``, and on the names that the model which training started from did not know.

    Args:
        model: to be scored.
        corpus: as for :func:`evaluate`.
        known: names of that other model, folded. The scores of the others stand under :data:`NEW_TO_INIT`.
    """
    read = PIPELINES[model.config.pipeline]
    new = [i for i, name in enumerate(corpus.names) if fold_latin(read(name)) not in known] if known else []
    apart = {NEW_TO_INIT: evaluate(model, corpus.select(new))} if new else {}
    return {"charrnn": evaluate(model, corpus), **apart}


def count_new(scores: Mapping[str, Mapping[str, float]]) -> int:
    """How many names :func:`evaluate_apart` scored under :data:`NEW_TO_INIT`; 0 where it told none apart, or all are
    such."""
    count = "n" if "n" in scores["charrnn"] else "names"
    new = int(scores.get(NEW_TO_INIT, {}).get(count, 0))
    return new if new < scores["charrnn"][count] else 0


def without_needless(scores: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Without the scores under :data:`NEW_TO_INIT` where :func:`count_new` is 0."""
    return scores if count_new(scores) else {who: own for who, own in scores.items() if who != NEW_TO_INIT}


def evaluate_interval(model: Classifier | Generator, corpus: Corpus) -> dict[str, float]:
    """95 % interval of the main score of :func:`evaluate`, for a corpus of few names; empty for others.

    Returns:
        ``accuracy_low`` and ``accuracy_high`` of a classifier, ``nats_per_char_low`` and ``nats_per_char_high`` of a
        generator.
    """
    if len(corpus) >= FEW_NAMES:
        return {}
    if isinstance(model, Generator):
        characters = np.array([model.count_characters(name) for name in corpus.names], np.float64)
        low, high = metrics.bootstrap_interval(nats_of(model, corpus), characters)
        return {"nats_per_char_low": low, "nats_per_char_high": high}
    corpus = corpus.distinct_pairs(model.config.pipeline)
    hits = probabilities_of(model, corpus).argmax(axis=1) == targets_of(model, corpus)
    low, high = metrics.wilson_interval(int(hits.sum()), len(hits))
    return {"accuracy_low": low, "accuracy_high": high}


def evaluate_baseline(config: ModelConfig, split: Split) -> dict[str, float]:
    """Scores of an interpolated character 4-gram on the test split, fitted on the model's names.

    It has the model's text pipeline, and of its alphabet, which may come from another list, the characters of these
    names; it knows of no kinds. Of a classifier it goes by Bayes' rule, of a generator each label has a 4-gram of its
    own. Keys as for :func:`evaluate`.
    """
    pipeline, whole = PIPELINES[config.pipeline], Vocabulary(config.alphabet)
    used = {symbol for corpus in split for name in corpus.names for symbol in whole.encode(pipeline(name))}
    config = replace(config, alphabet="".join(c for i, c in enumerate(config.alphabet, SPECIALS) if i in used))
    vocabulary = Vocabulary(config.alphabet)
    index = {label: i for i, label in enumerate(config.labels)}
    if config.task == "classifier":  # a name may stand in several kinds of a label
        split = Split(*(corpus.distinct_pairs(config.pipeline) for corpus in split))
    (train, train_labels), (validation, validation_labels), (test, test_labels) = (
        ([vocabulary.encode(pipeline(name)) for name in corpus.names], [index[label] for label in corpus.labels])
        for corpus in split
    )
    if config.training.get("refit"):
        train, train_labels = train + validation, train_labels + validation_labels
    ngrams = NGramAutomaton.fit(train, train_labels, len(config.labels), len(vocabulary), lower_order_weight=1.0)
    if config.task == "classifier":
        prior = label_prior(np.bincount(train_labels, minlength=len(config.labels)))
        p = np.exp(log_softmax(ngrams.log_likelihoods(test) + np.log(prior)))
        return metrics.classification_report(p, np.array(test_labels))
    nats = -ngrams.log_likelihoods(test)[np.arange(len(test)), test_labels] + _unknown_nats(config, test)
    return _nats_per_char(nats, [len(name) + 1 for name in test])


def evaluate_out_of_source(model: Classifier | Generator, seen: Corpus, other: Corpus) -> dict[str, Any]:
    """Scores on names of another source that the model never saw. Labels that the model does not know are left out.

    Classifiers: uniform prior over the labels that ``other`` has; ``balanced_accuracy``, ``top3_accuracy``, ``names``
    and ``recall`` by label, of labels with at least :data:`MIN_NAMES` unseen names. Generators: as :func:`evaluate`.

    Args:
        model: trained on ``seen``.
        seen: all its names are taken out of ``other``, whatever split they were in.
        other: the names to score.

    Raises:
        CorpusError: nothing is left to score.
    """
    if isinstance(model, Generator):
        unseen, known = other.without(seen.keys), set(model.labels)
        scored = unseen.select([i for i, label in enumerate(unseen.labels) if len(known) == 1 or label in known])
        return {"corpus": other.source, **evaluate(model, scored)}
    scored = unseen_names(model.labels, seen, other, model.config.pipeline)
    p = probabilities_of(model, scored, sorted(set(model.labels) & set(other.label_set)))
    report = metrics.classification_report(p, targets_of(model, scored))
    labels = np.array(scored.labels)
    hits = np.array(model.labels)[p.argmax(axis=1)] == labels
    return {
        "corpus": other.source,
        "balanced_accuracy": report["balanced_accuracy"],
        "top3_accuracy": report["top3_accuracy"],
        "names": report["n"],
        "recall": {label: float(hits[labels == label].mean()) for label in scored.label_set},
    }


def unseen_names(labels: Collection[str], seen: Corpus, other: Corpus, pipeline: str = "ascii") -> Corpus:
    """Distinct pairs of ``other`` that are not in ``seen``, for labels with at least :data:`MIN_NAMES` of them."""
    unseen = other.without(seen.keys).distinct_pairs(pipeline)
    counts = unseen.label_counts
    return unseen.select([i for i, lab in enumerate(unseen.labels) if lab in labels and counts[lab] >= MIN_NAMES])


def _nats_per_char(nats: Floats, characters: Sequence[int]) -> dict[str, float]:
    """The report of a generator: the names' nats over the characters of each."""
    total = sum(characters)
    return {"nats_per_char": float(nats.sum()) / total, "names": len(characters), "characters": total}


def nats_of(model: Generator, corpus: Corpus) -> Floats:
    """-log p(name, EOS | label, kind) of each name, (names,), with each character outside the alphabet told apart.

    Names are scored under their kinds where the model knows them all, else under any.
    """
    encoded = [model.vocabulary.encode(model.pipeline(name)) for name in corpus.names]
    labels = [None] * len(corpus) if len(model.labels) == 1 else _checked_labels(model, corpus)
    knows_kinds = corpus.kinds and set(corpus.kinds) <= {*model.config.kinds, ANY_KIND}
    log_p = model.log_probabilities(corpus.names, labels, corpus.kinds if knows_kinds else None)
    return _unknown_nats(model.config, encoded) - log_p


def _unknown_nats(config: ModelConfig, encoded: Sequence[Sequence[int]]) -> Floats:
    """What it takes to say which characters the unknown ones are, in nats, (names,)."""
    # A model that reads ASCII may have started from one that does not, whose characters it keeps.
    known = sum(config.pipeline != "ascii" or c.isascii() for c in config.alphabet)
    others = max(1, CHARACTERS[config.pipeline] - known)
    return math.log(others) * np.array([name.count(UNKNOWN) for name in encoded], np.float64)


def probabilities_of(model: Classifier, corpus: Corpus, uniform: Sequence[str] | None = None) -> Floats:
    """p(label | name), (names, labels); a name that the model cannot read has the label frequencies.

    Args:
        model: that answers.
        corpus: names.
        uniform: the only labels that are possible, and equally frequent; None takes the frequencies of training.
    """
    if uniform is None:
        p, frequencies = model.probabilities(corpus.names, whole=True), label_prior(model.config.label_counts)
    else:
        p = model.probabilities(corpus.names, dict.fromkeys(uniform, 1.0), whole=True)
        frequencies = np.isin(model.labels, uniform) / len(uniform)
    p[np.isnan(p[:, 0])] = frequencies
    return p


def targets_of(model: Classifier, corpus: Corpus) -> Ints:
    """Indices of the labels of a corpus, (names,)."""
    index = {label: i for i, label in enumerate(model.labels)}
    return np.array([index[label] for label in corpus.labels], np.int64)


def _checked_labels(model: Classifier | Generator, corpus: Corpus) -> list[str]:
    """The labels of the corpus, if the model knows them all."""
    unknown = sorted(set(corpus.labels) - set(model.labels))
    if unknown:
        raise CorpusError(
            f"{corpus.source}: the model does not know the labels {', '.join(unknown)}; it knows "
            f"{', '.join(model.labels)}. Rename or remove them."
        )
    return list(corpus.labels)
