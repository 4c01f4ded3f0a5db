import dataclasses
import itertools
from collections import Counter

import numpy as np
import pytest

from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.errors import ModelFolderError, SettingsError, UnknownLabelError
from charrnn.inference import load
from charrnn.inference.evaluate import evaluate
from charrnn.inference.generator import Generator
from charrnn.inference.sampling import ROUND
from charrnn.metrics import log_softmax
from charrnn.ngrams import NGrams
from charrnn.text import END, PAD, SPECIALS, START, UNKNOWN
from tests.conftest import config, network


@pytest.fixture(scope="module")
def model():
    cfg = config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4)
    return Generator(cfg, network(cfg)[1])


def test_same_seed_same_names(model):
    assert model.sample("A", n=300, seed=7) == model.sample("A", n=300, seed=7)
    assert model.sample("A", n=300, seed=7) != model.sample("A", n=300, seed=8)


def test_asking_for_more_only_adds_names(model):
    assert model.sample("B", n=ROUND + 5, seed=1)[:5] == model.sample("B", n=5, seed=1)


def test_names_keep_within_alphabet_and_length(model):
    for name in model.sample("C", n=500, seed=0, temperature=2.0):
        assert 1 <= len(name) <= model.config.max_length
        assert set(name) <= set(model.vocabulary.alphabet)


def test_temperature_zero_is_greedy(model):
    assert len(set(model.sample("A", n=50, seed=1, temperature=0))) == 1
    assert model.sample("A", n=1, temperature=0) == model.sample("A", n=1, top_k=1)


def test_a_name_is_drawn_as_often_as_its_probability_says():
    cfg = config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4)
    weights = network(cfg)[1]
    # What is never drawn gets no probability, so that both sides speak of the same distribution.
    weights["head.bias"][[PAD, UNKNOWN, START]] = -40
    weights["head.bias"][END] += 3
    model = Generator(cfg, weights)
    first = model.layer.step(model.char_table[[START]] + model.label_table[:1], model.layer.start(1))
    p = np.exp(log_softmax(first @ model.head + model.head_bias))[0]
    possible = 1 - p[END] - p[model.vocabulary.encode(" ")].sum()
    names = Counter(model.sample("A", n=50_000, seed=3))
    for name, count in names.most_common(5):
        expected = np.exp(model.log_probabilities([name], ["A"])[0]) / possible
        assert count / 50_000 == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(
    "arguments",
    [
        {"n": -1},
        {"n": 10**9},
        {"seed": -1},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"top_p": float("nan")},
    ],
)
def test_arguments_out_of_range_are_refused(model, arguments):
    with pytest.raises(SettingsError, match=next(iter(arguments))):
        model.sample("A", **arguments)


def test_an_unknown_label_lists_the_known_ones(model):
    with pytest.raises(UnknownLabelError, match="unknown label 'Elvish'; this model knows A, B, C"):
        model.sample("Elvish")
    with pytest.raises(UnknownLabelError, match="choose one of A, B, C"):
        model.sample()


def test_the_only_label_may_be_left_out():
    cfg = config("generator", cell="rnn", hidden=4, embedding=4, label_embedding=2)
    cfg = type(cfg)(**(vars(cfg) | {"labels": ["names"], "label_counts": [10]}))
    model = Generator(cfg, network(cfg)[1])
    assert model.sample(n=3, seed=1) == model.sample("names", n=3, seed=1)


def test_any_label_is_a_label_of_its_own(model):
    assert model.sample("*", n=20, seed=1) != model.sample("A", n=20, seed=1)
    scores = model.log_probabilities(["abc"] * 4, ["A", "B", "C", "*"])
    assert len(set(scores.tolist())) == 4


def test_where_there_is_one_label_it_is_any():
    cfg = dataclasses.replace(
        config("generator", cell="rnn", hidden=4, embedding=4, label_embedding=2), labels=["A"], label_counts=[1]
    )
    only = Generator(cfg, network(cfg)[1])
    assert only.sample("*", n=9) == only.sample("A", n=9) == only.sample(n=9)


def test_few_names_of_the_list_are_unlike_it_and_noise_is(trained):
    model = load(trained["generator"])
    corpus = Corpus.read(model.config.data["source"])
    own = model.unlike(corpus.names)
    assert own.mean() < 0.02
    assert np.array_equal(
        model.unlike([name.upper() for name in corpus.names]), model.unlike([n.lower() for n in corpus.names])
    )
    assert model.unlike(["Xqzwvkjx", "Wwwwwwww", "Zbtrgkml"]).all()
    assert model.unlike([]).shape == (0,)


def test_a_generator_that_was_not_calibrated_says_so(model):
    with pytest.raises(SettingsError, match="train it again"):
        model.unlike(["abc"])


@pytest.fixture(scope="module")
def mixed():
    """A calibrated generator with n-grams."""
    cfg = config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4)
    cfg = dataclasses.replace(cfg, calibration={"weights": {"network": 0.6, "ngrams": 0.3}})
    names = [[6, 7, 8], [9, 10], [6, 10], [8, 8]]
    ngrams = NGrams.fit(names, [0, 1, 2, 3], 4, SPECIALS + len(cfg.alphabet))
    return Generator(cfg, network(cfg)[1] | ngrams.weights())


def test_experts_are_mixed_with_the_weights_of_the_config(mixed, model):
    # The unnormalised product of the experts, renormalised at each character by hand.
    text, label = "bca", 1
    symbols = [START, *mixed.vocabulary.encode(text), END]
    state, context, total = model.layer.start(1), np.array([label]), 0.0
    for symbol, target in itertools.pairwise(symbols):
        state = model.layer.step(model.char_table[[symbol]] + model.label_table[[label]], state)
        context = mixed.ngrams.next[context, symbol]
        scores = 0.6 * (state @ model.head + model.head_bias) + 0.3 * mixed.ngrams.log_p[context]
        total += log_softmax(scores)[0, target]
    assert mixed.log_probabilities([text], ["B"])[0] == pytest.approx(total, abs=1e-5)


def test_a_mixture_is_drawn_as_its_probabilities_say(mixed):
    firsts = Counter(name[0] for name in mixed.sample("A", n=20_000, seed=3))
    context = mixed.ngrams.next[[0], START]
    state = mixed.layer.step(mixed.char_table[[START]] + mixed.label_table[[0]], mixed.layer.start(1))
    logits = 0.6 * (state @ mixed.head + mixed.head_bias) + 0.3 * mixed.ngrams.log_p[context]
    logits[:, [PAD, UNKNOWN, START, END, *mixed.vocabulary.encode(" ")]] = -np.inf
    p = np.exp(log_softmax(logits))[0]
    for letter, i in zip(mixed.vocabulary.alphabet, range(SPECIALS, len(p)), strict=True):
        assert firsts[letter] / 20_000 == pytest.approx(p[i], abs=0.015)


def test_ngrams_and_calibration_must_fit(mixed):
    cfg = mixed.config
    weights = network(cfg)[1]
    with pytest.raises(ModelFolderError, match="calibration"):
        Generator(cfg, weights)
    ngrams = NGrams.fit([[6]], [0], 3, SPECIALS + len(cfg.alphabet))
    with pytest.raises(ModelFolderError, match="labels"):
        Generator(cfg, weights | ngrams.weights())


def test_what_was_promised_on_validation_is_kept(trained):
    """The figures of training, in PyTorch, are those of NumPy on the same names."""
    model = load(trained["generator"])
    data = model.config.data
    validation = split(Corpus.read(data["source"]), data["seed"]).validation
    promised = model.config.calibration
    assert promised["after"]["nats_per_char"] < promised["before"]["nats_per_char"]
    assert evaluate(model, validation)["nats_per_char"] == pytest.approx(promised["after"]["nats_per_char"], abs=1e-5)
