import math
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from charrnn.errors import ModelFolderError
from charrnn.ngrams import NGramAutomaton
from charrnn.ngrams.automaton import ALL_KINDS
from charrnn.text import BOS, EOS, PAD, UNKNOWN, add_bos_eos, pad

A, B, C = 4, 5, 6
SIZE = 9
W = 3.0


def names(n, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(4, SIZE, rng.integers(1, 8)).tolist() for _ in range(n)]


class Reference:
    """The equation of the docstring for one label, by recursion over dictionaries."""

    def __init__(self, fitted, kinds, order):
        self.order, self.counts = order, defaultdict(Counter)
        for known, kind in zip(fitted, kinds, strict=True):
            symbols = [BOS, *known, EOS]
            for t in range(1, len(symbols)):
                for n in range(min(t, order - 1) + 1):
                    context = tuple(symbols[t - n : t])
                    self.counts[context, kind][symbols[t]] += 1
                    self.counts[context, None][symbols[t]] += 1
        self.contexts = {context for context, _ in self.counts}

    def p(self, context, symbol, kind=None):
        """p(symbol | context) of a context that was seen."""
        lower = self.p(self.seen(context[1:]), symbol, kind) if context else 1 / (SIZE - 2)
        if kind is not None:
            lower = (1 - ALL_KINDS) * lower + ALL_KINDS * self.p(context, symbol)
        after = self.counts.get((context, kind), {})
        if not after:
            return lower
        weight = W * len(after)
        return (after.get(symbol, 0) + weight * lower) / (sum(after.values()) + weight)

    def seen(self, history):
        """The longest suffix of a history that is a context."""
        longest = history[max(len(history) - self.order + 1, 0) :]
        return next((longest[i:] for i in range(len(longest)) if longest[i:] in self.contexts), ())

    def log_p(self, name, kind=None):
        symbols = [BOS, *name, EOS]
        steps = range(1, len(symbols))
        return sum(math.log(self.p(self.seen(tuple(symbols[:t])), symbols[t], kind)) for t in steps)


def with_kinds(order=4, kind_count=3, **settings):
    """An automaton of two labels, of which the second has no names of the last kind; its names, labels and kinds."""
    fitted, labels = names(200, 0), [i % 2 for i in range(200)]
    kinds = [i // 2 % (kind_count - label) for i, label in enumerate(labels)]
    model = NGramAutomaton.fit(fitted, labels, 2, SIZE, order, kinds, kind_count, lower_order_weight=W, **settings)
    return model, fitted, labels, kinds


def log_p_of_name(model, name, label, kind):
    symbols = add_bos_eos(*pad([name]))
    states = model.states(symbols[:, :-1], np.array([label]))[0]
    return model.log_p(states, kind)[np.arange(len(states)), symbols[0, 1:]].sum()


@pytest.mark.parametrize("order", [1, 2, 4, 5])
def test_it_is_the_equation(order):
    fitted, labels = names(200, 0), [i % 3 for i in range(200)]
    asked = [*names(40, 1), *fitted[:20], []]
    model = NGramAutomaton.fit(fitted, labels, 3, SIZE, order, lower_order_weight=W)
    found = model.log_likelihoods(asked)
    for label in range(3):
        own = [name for name, lab in zip(fitted, labels, strict=True) if lab == label]
        reference = Reference(own, [0] * len(own), order)
        assert found[:, label] == pytest.approx([reference.log_p(name) for name in asked], abs=1e-5)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_kind_is_the_equation(order):
    model, fitted, labels, kinds = with_kinds(order)
    asked = [*names(10, 1), *fitted[:6], []]
    for label in range(2):
        own = [i for i in range(200) if labels[i] == label]
        reference = Reference([fitted[i] for i in own], [kinds[i] for i in own], order)
        for kind in (0, 1, 2, None):
            found = [log_p_of_name(model, name, label, kind) for name in asked]
            assert found == pytest.approx([reference.log_p(name, kind) for name in asked], abs=1e-5)


def test_all_kinds_together_are_the_names_without_kinds():
    model, fitted, labels, _ = with_kinds()
    without = NGramAutomaton.fit(fitted, labels, 2, SIZE, lower_order_weight=W)
    states = np.arange(len(model.children))
    assert np.array_equal(model.log_p(states), without.log_p(states))
    assert np.array_equal(model.log_p(states, 3), model.log_p(states))
    assert np.array_equal(without.log_p(states, 0), without.log_p(states))


def test_witten_bell_by_hand():
    # One name "A": the bigram count(start A) = 1 with one type; each order halves the mass left below.
    model = NGramAutomaton.fit([[A]], [0], 1, SIZE, order=2, lower_order_weight=1)
    # The lowest order knows A, the end, and one character for all others.
    unigram = (1 + 2 * 1 / 3) / (2 + 2)
    assert model.log_p(model.start_state)[0, A] == pytest.approx(math.log((1 + unigram) / 2))


@pytest.mark.parametrize("max_ngrams", [60, 200, 10**9])
def test_every_state_is_a_distribution_over_what_can_follow(max_ngrams):
    model = with_kinds(max_ngrams=max_ngrams)[0]
    for kind in (0, 1, 2, None):
        p = np.exp(model.log_p(np.arange(len(model.children)), kind).astype(np.float64))
        assert p.sum(axis=1) == pytest.approx(1) and p[:, [PAD, BOS]].max() < 1e-9
        assert np.delete(p, [PAD, BOS], axis=1).min() > 1e-6


@pytest.mark.parametrize("kind", [0, 2, None])
def test_log_p_of_few_symbols_is_log_p(kind):
    model = with_kinds()[0]
    states = np.random.default_rng(0).integers(0, len(model.children), 300)
    symbols = np.random.default_rng(1).choice([UNKNOWN, EOS, *range(A, SIZE)], 300)
    expected = model.log_p(states, kind)[np.arange(300), symbols]
    assert model.log_p_of(states, symbols, kind) == pytest.approx(expected, abs=1e-5)


def test_forgetting_changes_nothing():
    model, small = with_kinds()[0], with_kinds()[0]
    small.capacity = 64
    small._forget()
    rng = np.random.default_rng(0)
    for n in (1, 3, 4, 5, 50, 300):
        states, kind = rng.integers(0, len(model.children), n), [0, 1, 2, None][n % 4]
        assert np.array_equal(small.log_p(states, kind), model.log_p(states, kind))
        assert small.used <= 64


def test_the_next_state_is_the_longest_suffix_that_is_a_state():
    model, fitted, labels, kinds = with_kinds()
    own = [i for i in range(200) if labels[i] == 1]
    reference = Reference([fitted[i] for i in own], [kinds[i] for i in own], 4)
    spelled = {1: ()}
    for node in range(model.roots, len(model.children)):
        if (parent := int(model.parent[node])) in spelled:
            spelled[node] = (*spelled[parent], int(model.symbols[node - model.roots]))
    states = {text: node for node, text in spelled.items() if text in reference.contexts}
    assert len(states) == len(reference.contexts)
    for text, node in states.items():
        for symbol in range(BOS, SIZE):
            (found,) = model.next_states(np.array([node]), np.array([symbol]))
            assert spelled[int(found)] == reference.seen((*text, symbol))


def test_rare_contexts_are_left_out_first():
    fitted = names(300, 3)
    models = [NGramAutomaton.fit(fitted, [0] * 300, 1, SIZE, 4, max_ngrams=n) for n in (10**9, 400, 150, 0)]
    sizes = [len(model.symbols) for model in models]
    assert sizes == sorted(set(sizes), reverse=True) and sizes[1] <= 400 and sizes[2] <= 150
    bigrams = NGramAutomaton.fit(fitted, [0] * 300, 1, SIZE, 2)
    assert models[-1].log_likelihoods(fitted) == pytest.approx(bigrams.log_likelihoods(fitted))
    quality = [model.log_likelihoods(fitted).mean() for model in models]
    assert quality == sorted(quality, reverse=True)
    contexts = [model._counts_of(np.flatnonzero(model.children[1:]) + 1).min() for model in models[:2]]
    assert contexts[1] >= contexts[0]


def test_states_follow_the_characters_of_a_name():
    model = NGramAutomaton.fit(names(100, 4), [0, 1] * 50, 2, SIZE)
    asked, labels = names(10, 5), np.array([0, 1] * 5)
    symbols = add_bos_eos(*pad(asked))
    states = model.states(symbols[:, :-1], labels)
    assert np.array_equal(states[:, 0], model.start_state[labels])
    log_p = model.log_p(states.ravel()).reshape(*states.shape, SIZE)
    total = np.take_along_axis(log_p, symbols[:, 1:, None], axis=2)[..., 0]
    own = np.where(symbols[:, 1:] != PAD, total, 0).sum(axis=1)
    assert own == pytest.approx(model.log_likelihoods(asked)[np.arange(10), labels], abs=1e-5)


def test_names_are_likeliest_under_their_own_label():
    model = NGramAutomaton.fit([[A, A], [A, A, A], [B, B], [B]], [0, 0, 1, 1], 2, SIZE)
    assert model.log_likelihoods([[A, A], [B, B]]).argmax(axis=1).tolist() == [0, 1]


def test_a_label_without_names_knows_nothing():
    model = NGramAutomaton.fit([[A, B, C, 7, 8]], [0], 2, SIZE, kinds=[1], kind_count=2)
    assert model.log_likelihoods([[C]])[0, 1] == pytest.approx(2 * math.log(1 / (SIZE - 2)))
    assert np.exp(model.log_p(np.array([1]), 0)[0, BOS + 1 :]) == pytest.approx(1 / (SIZE - 2))


def test_characters_that_no_name_has_take_nothing_from_the_others():
    few, many = (NGramAutomaton.fit(names(50, 0), [0] * 50, 1, size, order=3) for size in (SIZE, SIZE + 300))
    states = np.arange(len(few.children))
    own, wide = few.log_p(states), many.log_p(states)
    assert np.array_equal(own[:, EOS:], wide[:, EOS:SIZE])
    assert np.exp(wide[0, [UNKNOWN, *range(SIZE, SIZE + 300)]]).sum() == pytest.approx(np.exp(own[0, UNKNOWN]))


def test_no_names_have_no_likelihoods():
    assert NGramAutomaton.fit([[A]], [0], 1, SIZE).log_likelihoods([]).shape == (0, 1)


def test_it_survives_a_model_folder():
    model, _, _, _ = with_kinds()
    weights = model.weights() | {"head.bias": np.zeros(2)}
    again = NGramAutomaton.from_weights(weights, SIZE, 2, 3, W)
    states = np.arange(len(model.children))
    for kind in (0, 1, 2, None):
        assert np.array_equal(again.log_p(states, kind), model.log_p(states, kind))
    assert all(np.array_equal(array, model.weights()[name]) for name, array in again.weights().items())
    assert NGramAutomaton.from_weights({"head.bias": np.zeros(2)}, SIZE, 2) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda w: w.pop("ngrams.counts"),
        lambda w: w.update({"ngrams.counts": w["ngrams.counts"][:-1]}),
        lambda w: w.update({"ngrams.counts": w["ngrams.counts"].astype(np.float32)}),
        lambda w: w.update({"ngrams.children": w["ngrams.children"] + np.uint8(1)}),
        lambda w: w.update({"ngrams.children": w["ngrams.children"][:1]}),
        lambda w: w.update({"ngrams.children": w["ngrams.children"][::-1]}),
        lambda w: w.update({"ngrams.symbols": w["ngrams.symbols"] + np.uint8(SIZE)}),
        lambda w: w.update({"ngrams.symbols": w["ngrams.symbols"][::-1]}),
        lambda w: w.update({"ngrams.symbols": w["ngrams.symbols"][None]}),
        lambda w: w.update({"ngrams.rows": w["ngrams.rows"] + np.uint8(1)}),
        lambda w: w.update({"ngrams.rows": w["ngrams.rows"][1:]}),
    ],
)
def test_damage_is_refused(damage):
    weights = with_kinds()[0].weights()
    damage(weights)
    with pytest.raises(ModelFolderError):
        NGramAutomaton.from_weights(weights, SIZE, 2, 3)


def test_an_ngram_that_is_its_own_context_is_refused():
    arrays = {"symbols": [A, B], "children": [0, 0, 2], "rows": [0, 0], "counts": [1]}
    with pytest.raises(ModelFolderError):
        NGramAutomaton({name: np.array(array, np.uint8) for name, array in arrays.items()}, SIZE, 1)


def test_threads_get_what_one_alone_gets():
    fitted = names(400, 9)
    model, alone = (NGramAutomaton.fit(fitted, [0] * 400, 1, SIZE, 5) for _ in range(2))
    model.capacity = 4 * model.longest_chain
    model._forget()
    asked = [np.random.default_rng(i).integers(0, len(model.children), 60) for i in range(200)]
    asked = [states[model.children[states] > 0] for states in asked]
    expected = [alone.log_p(states) for states in asked]
    sys_interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(model.log_p, asked))
    finally:
        sys.setswitchinterval(sys_interval)
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
