import itertools

import numpy as np
import pytest

from charrnn.generation import lookahead as module
from charrnn.generation.constraints import Constraints
from charrnn.generation.lookahead import Lookahead, lookahead
from charrnn.generation.request import Request, draw_samples
from charrnn.generation.sampling import SLOTS, Sampling, sample_round
from charrnn.inference import load
from charrnn.text import BOS, EOS, PAD, UNKNOWN

ALPHABET = "Aabc"
SIZE = 4 + len(ALPHABET)
SHAPES = [
    Constraints(suffix="ab", any_case=True),
    Constraints(contains="cc", any_case=True),
    Constraints(prefix="A", min_length=4, max_length=6, any_case=True),
    Constraints(pattern="(ab|c)*a", any_case=True),
]
LONGEST = 6


class BigramDecoder:
    """A model to which the last symbol alone counts."""

    def __init__(self, seed=0):
        self.conditions = [0]
        scores = np.random.default_rng(seed).normal(size=(SIZE, SIZE)).astype(np.float32)
        scores[:, [PAD, UNKNOWN, BOS]] = -np.inf
        self.log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

    def reset(self, slots):
        assert slots == SLOTS

    def reset_slots(self, slots):
        pass

    def next_log_p(self, symbols):
        return self.log_p[symbols]

    def bigrams(self):
        return self.log_p

    def decode(self, symbols):
        return "".join(ALPHABET[symbol - 4] for symbol in symbols)

    def free(self, sampling):
        """p of what follows each symbol where no constraint holds."""
        p = np.exp(self.log_p.astype(np.float64) / sampling.temperature)
        p /= p.sum(axis=1, keepdims=True)
        if not (sampling.top_k or sampling.top_p < 1):
            return p
        order = np.argsort(-p, axis=1)
        ranked = np.take_along_axis(p, order, axis=1)
        ranked[:, sampling.top_k or SIZE :] = 0
        ranked[np.cumsum(ranked, axis=1) - ranked >= sampling.top_p] = 0
        np.put_along_axis(p, order, ranked, axis=1)
        return p / p.sum(axis=1, keepdims=True)

    def probability(self, guide, sampling):
        """Of the names that a guide allows, all of which are tried."""
        free, total = self.free(sampling), 0.0
        for length in range(1, guide.longest + 1):
            for symbols in itertools.product(range(4, SIZE), repeat=length):
                state, last, p = 0, BOS, 1.0
                for i, symbol in enumerate((*symbols, EOS)):
                    if guide.forbidden(np.array([state]), np.array([i]))[0, symbol]:
                        break
                    p *= free[last, symbol]
                    state, last = guide.next_state[state, symbol], symbol
                else:
                    total += p
        return total


def draws(decoder, guide, ahead, sampling, n=300):
    return list(itertools.islice(sample_round(decoder, guide, sampling, np.random.default_rng(0), True, ahead), n))


@pytest.mark.parametrize("constraints", SHAPES)
@pytest.mark.parametrize("sampling", [Sampling(1.0), Sampling(0.7)])
def test_of_a_bigram_model_every_draw_weighs_the_probability_to_match(constraints, sampling):
    decoder, guide = BigramDecoder(), constraints.compile(ALPHABET, LONGEST)
    ahead = lookahead(guide, decoder.bigrams, sampling.temperature)
    weights = np.exp([raw.log_weight for raw in draws(decoder, guide, ahead, sampling)])
    np.testing.assert_allclose(weights, decoder.probability(guide, sampling), rtol=1e-4)


@pytest.mark.parametrize(
    "sampling", [Sampling(0.7), Sampling(1.0, top_k=4), Sampling(1.0, top_p=0.9), Sampling(1.0, top_p=0.75)]
)
def test_the_weights_make_good_whatever_lookahead_adds(sampling, monkeypatch):
    monkeypatch.setattr(module, "MAX_CELLS", 0)  # one row for all lengths
    decoder, guide = BigramDecoder(1), SHAPES[0].compile(ALPHABET, LONGEST)
    ahead = Lookahead(guide, BigramDecoder(2).bigrams() / 4, sampling.temperature)  # quite another model
    mean = np.exp([raw.log_weight for raw in draws(decoder, guide, ahead, sampling, 2000)]).mean()
    assert mean == pytest.approx(decoder.probability(guide, sampling), rel=0.1)


@pytest.mark.parametrize("constraints", SHAPES)
def test_what_is_drawn_with_a_view_to_the_constraints_meets_them(constraints):
    decoder, guide = BigramDecoder(2), constraints.compile(ALPHABET, LONGEST)
    ahead = lookahead(guide, decoder.bigrams, 1.0)
    plain = constraints.compile(ALPHABET, LONGEST)
    for raw in draws(decoder, guide, ahead, Sampling(1.0)):
        state = 0
        for i, symbol in enumerate((*raw.symbols, EOS)):
            assert not plain.forbidden(np.array([state]), np.array([i]))[0, symbol]
            state = plain.next_state[state, symbol]


def test_there_is_none_where_it_says_nothing(monkeypatch):
    bigrams, shaped = BigramDecoder().bigrams, SHAPES[0].compile(ALPHABET, LONGEST)
    assert lookahead(shaped, bigrams, 1.0) is not None and lookahead(shaped, bigrams, 0) is not None
    assert lookahead(shaped, lambda: None, 1.0) is None

    def never():
        raise AssertionError("bigrams are computed in vain")

    assert lookahead(Constraints(any_case=True).compile(ALPHABET, LONGEST), never, 1.0) is None
    monkeypatch.setattr(module, "MAX_WORK", 10)
    assert lookahead(shaped, never, 1.0) is None


@pytest.mark.parametrize(
    "sampling", [Sampling(0.8, top_k=3), Sampling(0.8, top_p=0.5), Sampling(0.8, top_k=1), Sampling(0.05)]
)
def test_names_do_not_grow_however_few_symbols_are_left(sampling):
    model = load("names/generator")
    request = Request("German", 3, sampling, Constraints(suffix="ska"), resample=16)
    names = [sample.name for sample in model.stream(request, 20)]
    assert np.median([len(name) for name in names]) < 12


@pytest.mark.parametrize(
    "constraints", [Constraints(suffix="ska"), Constraints(contains="ü"), Constraints(pattern=".*z.*")]
)
def test_names_are_about_as_long_as_free_ones_that_match(constraints):
    model = load("names/generator")
    request = Request("German", 3, constraints=constraints)
    lengths = {
        looks: np.median(
            [len(sample.name) for sample in model.stream(Request(**vars(request) | {"looks_ahead": looks}), 60)]
        )
        for looks in (False, True)
    }
    assert lengths[True] < 12 < lengths[False]


def test_a_blend_looks_ahead_with_the_bigrams_of_its_labels():
    model = load("names/generator")
    request = Request({"German": 0.5, "Polish": 0.5}, constraints=Constraints(suffix="ska"), resample=16)
    decoder = model.decoder(request.label)
    parts = [model.decoder(label).bigrams() for label in ("German", "Polish")]
    np.testing.assert_allclose(decoder.bigrams(), (parts[0] + parts[1]) / 2, atol=1e-4)
    names = [s.name for s in itertools.islice(draw_samples(decoder, model.guide(request), request), 5)]
    assert all(name.endswith("ska") for name in names)
