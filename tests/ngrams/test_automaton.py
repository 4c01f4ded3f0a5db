import math
from collections import defaultdict

import numpy as np
import pytest

from charrnn.errors import ModelFolderError
from charrnn.ngrams import NGramAutomaton
from charrnn.text import BOS, EOS, PAD, add_bos_eos, pad

A, B, C = 4, 5, 6
SIZE = 9


def names(n, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(4, SIZE, rng.integers(1, 8)).tolist() for _ in range(n)]


def reference(fitted, name, order):
    """The equation of the docstring, by recursion over dictionaries."""
    counts = defaultdict(lambda: defaultdict(int))
    for symbols in ([BOS, *known, EOS] for known in fitted):
        for t in range(1, len(symbols)):
            for n in range(min(t, order - 1) + 1):
                counts[tuple(symbols[t - n : t])][symbols[t]] += 1
    symbols, total = [BOS, *name, EOS], 0.0
    for t in range(1, len(symbols)):
        p = 1 / (SIZE - 2)
        for n in range(min(t, order - 1) + 1):
            after = counts.get(tuple(symbols[t - n : t]))
            if after:
                p = (after.get(symbols[t], 0) + len(after) * p) / (sum(after.values()) + len(after))
        total += math.log(p)
    return total


@pytest.mark.parametrize("order", [1, 2, 4, 5])
def test_it_is_the_equation(order):
    fitted, labels = names(200, 0), [i % 3 for i in range(200)]
    asked = [*names(40, 1), *fitted[:20], []]
    model = NGramAutomaton.fit(fitted, labels, 3, SIZE, order)
    for label in range(3):
        own = [name for name, lab in zip(fitted, labels, strict=True) if lab == label]
        expected = [reference(own, name, order) for name in asked]
        assert model.log_likelihoods(asked)[:, label] == pytest.approx(expected, abs=1e-5)


def test_witten_bell_by_hand():
    # One name "A": the bigram count(start A) = 1 with one type; each order halves the mass left below.
    model = NGramAutomaton.fit([[A]], [0], 1, SIZE, order=2)
    uniform = 1 / (SIZE - 2)
    unigram = (1 + 2 * uniform) / (2 + 2)
    assert model.log_p[model.start_state[0], A] == pytest.approx(math.log((1 + unigram) / 2))


def test_every_state_is_a_distribution_over_what_can_follow():
    p = np.exp(NGramAutomaton.fit(names(100, 2), [0, 1] * 50, 2, SIZE).log_p)
    assert p.sum(axis=1) == pytest.approx(1) and p[:, [PAD, BOS]].max() < 1e-9


def test_rare_contexts_are_left_out_first():
    fitted = names(300, 3)
    whole = NGramAutomaton.fit(fitted, [0] * 300, 1, SIZE, 4)
    seen_twice = NGramAutomaton.fit(fitted, [0] * 300, 1, SIZE, 4, min_count=2)
    small = NGramAutomaton.fit(fitted, [0] * 300, 1, SIZE, 4, max_cells=60 * SIZE)
    assert len(whole.log_p) > len(seen_twice.log_p) > len(small.log_p) == 60
    for model in (seen_twice, small):
        assert np.exp(model.log_p).sum(axis=1) == pytest.approx(1)
    quality = [model.log_likelihoods(fitted).mean() for model in (whole, seen_twice, small)]
    assert quality == sorted(quality, reverse=True)


def test_states_follow_the_characters_of_a_name():
    model = NGramAutomaton.fit(names(100, 4), [0, 1] * 50, 2, SIZE)
    asked, labels = names(10, 5), np.array([0, 1] * 5)
    symbols = add_bos_eos(*pad(asked))
    states = model.states(symbols[:, :-1], labels)
    total = np.take_along_axis(model.log_p[states], symbols[:, 1:, None], axis=2)[..., 0]
    own = np.where(symbols[:, 1:] != PAD, total, 0).sum(axis=1)
    assert own == pytest.approx(model.log_likelihoods(asked)[np.arange(10), labels])


def test_bayes_rule_finds_the_label_and_sums_to_one():
    model = NGramAutomaton.fit([[A, A], [A, A, A], [B, B], [B]], [0, 0, 1, 1], 2, SIZE)
    p = model.probabilities([[A, A], [B, B]], np.array([0.5, 0.5]))
    assert p.sum(axis=1) == pytest.approx(1) and p.argmax(axis=1).tolist() == [0, 1]
    assert model.probabilities([[A, A]], np.array([0.0, 1.0])).tolist() == [[0.0, 1.0]]


def test_a_label_without_names_knows_nothing():
    model = NGramAutomaton.fit([[A, B]], [0], 2, SIZE)
    assert model.log_likelihoods([[C]])[0, 1] == pytest.approx(2 * math.log(1 / (SIZE - 2)))


def test_it_survives_a_model_folder():
    model = NGramAutomaton.fit(names(50, 6), [0, 1] * 25, 2, SIZE)
    again = NGramAutomaton.from_weights(model.weights() | {"head.bias": np.zeros(2)}, SIZE)
    assert np.array_equal(again.log_p, model.log_p) and np.array_equal(again.next_state, model.next_state)
    assert NGramAutomaton.from_weights({"head.bias": np.zeros(2)}, SIZE) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda w: w.pop("ngrams.counts"),
        lambda w: w.update({"ngrams.counts": w["ngrams.counts"][:-1]}),
        lambda w: w.update({"ngrams.children": w["ngrams.children"] + np.uint16(1)}),
        lambda w: w.update({"ngrams.symbols": w["ngrams.symbols"] + np.uint16(SIZE)}),
        lambda w: w.update({"ngrams.counts": w["ngrams.counts"].astype(np.float32)}),
    ],
)
def test_damage_is_refused(damage):
    weights = NGramAutomaton.fit(names(50, 4), [0, 1] * 25, 2, SIZE).weights()
    damage(weights)
    with pytest.raises(ModelFolderError):
        NGramAutomaton.from_weights(weights, SIZE)
