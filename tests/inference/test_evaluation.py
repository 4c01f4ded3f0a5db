import dataclasses

import numpy as np
import pytest

from charrnn import model_folder
from charrnn.corpus import Corpus
from charrnn.corpus.split import Split
from charrnn.errors import CorpusError
from charrnn.inference import evaluation
from charrnn.inference.classifier import Classifier
from charrnn.inference.evaluation import (
    MIN_NAMES,
    evaluate,
    evaluate_baseline,
    evaluate_interval,
    evaluate_out_of_source,
    unseen_names,
)
from charrnn.inference.evaluation_details import evaluate_labels
from charrnn.inference.generator import Generator
from charrnn.text import BOS, EOS, PAD, UNKNOWN, pad
from tests.conftest import config, network


@pytest.fixture(scope="module")
def classifier():
    cfg = config("classifier", cell="gru", hidden=8, embedding=6, bidirectional=False, pooling="last")
    return Classifier(cfg, network(cfg)[1])


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_the_baseline_does_not_pay_for_an_alphabet_that_init_brings(task, trained):
    own = model_folder.read_config(trained[task])
    one, two = own.labels[:2]
    splits = Split(*(Corpus(["Anna", "Nana", "Otto", "Toto"], [one, one, two, two]) for _ in range(3)))
    wide = dataclasses.replace(own, alphabet=own.alphabet + "".join(map(chr, range(0x4E00, 0x4F00))))
    assert evaluate_baseline(own, splits) == evaluate_baseline(wide, splits)


def test_repeated_pairs_count_once(classifier):
    corpus = Corpus(["Abc", "ABC", "abd"], ["A", "A", "B"])
    assert evaluate(classifier, corpus)["n"] == 2


def test_uniform_prior_undoes_the_training_frequencies_among_the_labels_of_the_corpus(classifier):
    corpus = Corpus(["abc", "?", "abc"], ["C", "B", "B"])  # "?" cannot be read
    p = classifier.probabilities(["abc"])[0] / np.array([np.inf, 0.3, 0.2])
    p /= p.sum()
    assert evaluate(classifier, corpus, "uniform")["nll"] == pytest.approx(-np.log([p[2], 0.5, p[1]]).mean())


def test_generators_keep_repeats_and_count_the_end():
    cfg = config("generator", cell="gru", hidden=8, embedding=6, label_embedding=2)
    model = Generator(cfg, network(cfg)[1])
    report = evaluate(model, Corpus(["abc", "abc"], ["A", "A"]))
    assert report["names"] == 2 and report["characters"] == 8
    assert report["nats_per_char"] == pytest.approx(-model.log_probabilities(["abc"], ["A"])[0] / 4)


@pytest.mark.parametrize(
    ("corpus", "message"), [(Corpus([], []), "no names are left"), (Corpus(["x"], ["Elvish"]), "labels Elvish")]
)
def test_what_cannot_be_scored_is_refused(classifier, corpus, message):
    with pytest.raises(CorpusError, match=message):
        evaluate(classifier, corpus)


def names_of(label, n):
    return [f"{label.lower()}{a}{b}" for a in "abcdefgh" for b in "aeiou"][:n]


def test_names_of_another_source_are_unseen_and_of_large_known_labels(classifier):
    seen = Corpus(["aaa", "Abb"], ["A", "B"])
    sizes = {"A": MIN_NAMES + 1, "B": MIN_NAMES - 1, "Elvish": MIN_NAMES + 5}
    pairs = [(name, label) for label, n in sizes.items() for name in names_of(label, n)]
    # Two names of A are known, one of them under another label.
    pairs += [("aaa", "A"), ("ABB", "A"), (names_of("A", 1)[0].upper(), "A")]
    other = Corpus(*map(list, zip(*pairs, strict=True)), "other")
    unseen = unseen_names(classifier.labels, seen, other)
    assert unseen.label_counts == {"A": MIN_NAMES + 1 - len({"aaa", "abb"} & set(names_of("A", MIN_NAMES + 1)))}
    assert not set(unseen.keys) & set(seen.keys)
    report = evaluate_out_of_source(classifier, seen, other)
    # A label of few names is not scored, but may be the answer.
    predictions = classifier.probabilities(unseen.names, {"A": 1, "B": 1}).argmax(axis=1)
    assert report["names"] == len(unseen) and report["corpus"] == "other"
    assert report["recall"] == {"A": pytest.approx((predictions == 0).mean())}


def test_scores_of_labels_add_up_to_those_of_the_corpus():
    cfg = config("generator", cell="gru", hidden=8, embedding=6, label_embedding=2)
    model = Generator(cfg, network(cfg)[1])
    corpus = Corpus(["abc", "de", "abcd", "abc"], ["A", "A", "B", "A"])
    labels = evaluate_labels([(model, corpus)])
    assert {label: scores["names"] for label, scores in labels.items()} == {"A": 3, "B": 1}
    nats = labels["A"]["nats_per_char"] * 11 + labels["B"]["nats_per_char"] * 5
    assert nats / 16 == pytest.approx(evaluate(model, corpus)["nats_per_char"])


def test_the_baseline_learns_from_what_the_model_learned_from():
    train, validation = Corpus(["abab", "abba", "cdcd", "ccdd"], list("AABB")), Corpus(["xyxy", "yxyx"], list("CC"))
    splits = Split(train, validation, Corpus(["xyyx", "abab"], ["C", "A"]))
    for task, key in (("classifier", "nll"), ("generator", "nats_per_char")):
        alone, both = (
            evaluate_baseline(dataclasses.replace(config(task), training={"refit": refit}), splits)
            for refit in (None, {"names": 6})
        )
        # Only the validation names show what C looks like.
        assert both[key] < 0.7 * alone[key]
    assert both["names"] == 2 and both["characters"] == 10


def test_generators_of_different_alphabets_are_scored_alike():
    """A model that knows fewer characters may not score better for it: it says which ones its unknown ones are."""
    cfg = config("generator", cell="gru", hidden=8, embedding=6, label_embedding=2)
    few = dataclasses.replace(cfg, alphabet=cfg.alphabet.replace("z", ""))
    corpus = Corpus(["Zaz", "ab"], ["A", "A"])
    for own, unknown in ((cfg, 1), (few, 2)):  # Z is unknown to both
        model = Generator(own, network(own)[1])
        nats = -model.log_probabilities(corpus.names, corpus.labels).sum()
        nats += unknown * np.log(95 - len(own.alphabet))
        assert evaluate(model, corpus)["nats_per_char"] == pytest.approx(nats / 7)
        assert evaluate_labels([(model, corpus)])["A"]["nats_per_char"] == pytest.approx(nats / 7)
        low, high = (evaluate_interval(model, corpus)[f"nats_per_char_{end}"] for end in ("low", "high"))
        assert low <= nats / 7 <= high


@pytest.mark.parametrize("alphabet", ["a", "ab", "abc", "ab" + "".join(map(chr, range(0x100, 0x1A0)))])
def test_probabilities_of_all_characters_sum_to_one(alphabet):
    """Of the first place in a name, over the characters of ASCII, the end and what is never drawn."""
    cfg = dataclasses.replace(
        config("generator", cell="gru", hidden=4, embedding=3, label_embedding=2), alphabet=alphabet
    )
    model = Generator(cfg, network(cfg)[1])
    ascii_characters = [chr(code) for code in range(33, 127)]  # a name of a space alone is empty
    first = [
        evaluate_labels([(model, Corpus([c, ""], ["A", "B"]))])["A"]["nats_per_char"] * 2 for c in ascii_characters
    ]
    after = [
        -model.model.step_log_probabilities(*pad([[BOS, *model.vocabulary.encode(c)]]), np.zeros(1, np.int64))[0, 1]
        for c in ascii_characters
    ]
    total = sum(np.exp(end - nats) for nats, end in zip(first, after, strict=True))
    decoder = model.decoder("A")
    decoder.reset(1)
    p = np.exp(decoder.next_log_p(np.array([BOS])))[0]
    known = sum(map(str.isascii, alphabet))
    others = p[4 + known :].sum()  # not in ASCII, as a model has them that started from one of another pipeline
    space = p[UNKNOWN] / (95 - known)
    assert total + space + others + p[[PAD, BOS, EOS]].sum() == pytest.approx(1)


@pytest.mark.parametrize(("new", "told"), [(0, 0), (3, 3), (5, 0)])
@pytest.mark.parametrize("count", ["n", "names"])
def test_new_names_are_told_apart_where_there_are_others(new, told, count):
    scores = {"charrnn": {count: 5}} | ({evaluation.NEW_TO_INIT: {count: new}} if new else {})
    assert evaluation.count_new(scores) == told
    assert (evaluation.NEW_TO_INIT in evaluation.without_needless(scores)) == bool(told)
