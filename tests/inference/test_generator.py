from collections import Counter

import numpy as np
import pytest

from charrnn.errors import SettingsError, UnknownLabelError
from charrnn.inference.generator import BATCH, Generator, choose
from charrnn.metrics import log_softmax
from charrnn.text import END, PAD, START, UNKNOWN
from tests.conftest import config, network


@pytest.fixture(scope="module")
def model():
    cfg = config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4)
    return Generator(cfg, network(cfg)[1])


def test_same_seed_same_names(model):
    assert model.sample("A", n=300, seed=7) == model.sample("A", n=300, seed=7)
    assert model.sample("A", n=300, seed=7) != model.sample("A", n=300, seed=8)


def test_asking_for_more_only_adds_names(model):
    assert model.sample("B", n=BATCH + 5, seed=1)[:5] == model.sample("B", n=5, seed=1)


def test_names_keep_within_alphabet_and_length(model):
    for name in model.sample("C", n=500, seed=0, temperature=2.0):
        assert 1 <= len(name) <= model.config.max_length
        assert set(name) <= set(model.vocabulary.alphabet)


def test_temperature_zero_is_greedy(model):
    assert len(set(model.sample("A", n=50, seed=1, temperature=0))) == 1
    assert model.sample("A", n=1, temperature=0) == model.sample("A", n=1, top_k=1)


def test_sampling_follows_the_distribution():
    logits = np.log(np.tile(np.array([[0.5, 0.3, 0.15, 0.05]], np.float32), (20_000, 1)))
    uniform = np.random.default_rng(0).random(20_000)

    def shares(**limits):
        arguments = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} | limits
        return np.bincount(choose(logits, uniform, **arguments), minlength=4) / 20_000

    assert shares() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.01)
    assert shares(top_k=2) == pytest.approx([0.625, 0.375, 0, 0], abs=0.01)
    assert shares(top_p=0.9) == pytest.approx(np.array([0.5, 0.3, 0.15, 0]) / 0.95, abs=0.01)
    assert shares(top_p=0.5) == pytest.approx([1, 0, 0, 0])
    square = np.array([0.25, 0.09, 0.0225, 0.0025])
    assert shares(temperature=0.5) == pytest.approx(square / square.sum(), abs=0.01)
    assert shares(temperature=1e-320) == pytest.approx([1, 0, 0, 0])


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
