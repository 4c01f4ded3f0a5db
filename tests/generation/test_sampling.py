import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn import model_folder
from charrnn.errors import ImpossibleConstraint, SettingsError
from charrnn.generation.constraints import Constraints
from charrnn.generation.novelty import spelling_key
from charrnn.generation.request import Request
from charrnn.generation.sampling import ROUND_SIZE, SLOTS, Sampling
from charrnn.inference import PRETRAINED, load
from charrnn.inference.generator import Generator
from charrnn.text import fold

SOME = st.builds(
    Constraints,
    prefix=st.sampled_from(["", "", "M", "Ka", "De"]),
    suffix=st.sampled_from(["", "", "a", "ini", "ov"]),
    contains=st.sampled_from(["", "", "r", "an", "tt"]),
    pattern=st.sampled_from(["", "", "[A-Z][a-z]*", r"\w+( \w+)?", "(?i)[^x]*", ".*[aeiou].*[aeiou].*", "(..)+"]),
    characters=st.sampled_from(["", "", "ABCDEFGKMPabcdefghiklmnoprstuv"]),
    min_length=st.integers(1, 8),
    max_length=st.one_of(st.none(), st.integers(6, 14)),
)


MODEL = load("names/generator")


@pytest.fixture
def shipped_generator():
    return MODEL


def holds(constraints, name, longest):
    most = longest if constraints.max_length is None else constraints.max_length
    return (
        name.startswith(constraints.prefix)
        and name.endswith(constraints.suffix)
        and constraints.contains in name
        and (not constraints.pattern or re.fullmatch(constraints.pattern, name))
        and (not constraints.characters or set(name) <= set(constraints.characters))
        and constraints.min_length <= len(name) <= most
        and name == " ".join(name.split())
    )


@given(SOME, st.integers(0, 2**32), st.sampled_from([0.0, 0.5, 1.0, 3.0]))
def test_every_name_meets_its_constraints(constraints, seed, temperature):
    model = MODEL
    try:
        names = model.sample("Italian", 20, seed, temperature, constraints=constraints)
    except ImpossibleConstraint:
        return
    assert len(names) == 20
    assert all(holds(constraints, name, model.config.max_length) for name in names)


def test_what_is_new_is_new_and_stands_once(shipped_generator):
    names = shipped_generator.sample("Czech", 3000, seed=1, novel=True)
    keys = [spelling_key(name) for name in names]
    assert len(set(keys)) == len(names) == 3000
    assert not set(keys) & {spelling_key(name) for name in shipped_generator.training_names}


def test_the_search_for_what_is_new_ends(shipped_generator):
    everything = Constraints(pattern="[AB][aeiou][nr]?")
    names = shipped_generator.sample("Italian", 1000, seed=1, constraints=everything, novel=True)
    assert len(names) < 30 and not {fold(name) for name in names} & shipped_generator.training_names
    assert shipped_generator.sample("Italian", 5, constraints=Constraints(pattern="Rossi"), novel=True) == []


def test_novelty_needs_the_list(shipped_generator, tmp_path):
    without = Generator(*model_folder.read(PRETRAINED / "names/generator"))
    with pytest.raises(SettingsError, match="nothing can be proven to be new"):
        without.sample("Italian", 1, novel=True)
    private = Generator(without.config, model_folder.read(PRETRAINED / "names/generator")[1], tmp_path)
    with pytest.raises(SettingsError, match="--private"):
        private.sample("Italian", 1, novel=True)
    with pytest.raises(SettingsError, match="--private"):
        private.nearest("Rossi")
    assert without.sample("Italian", 5, seed=1) == shipped_generator.sample("Italian", 5, seed=1)


def test_a_name_is_told_with_its_own_probability(shipped_generator):
    made = list(shipped_generator.stream(Request("Irish", 5, Sampling(0.7), Constraints(suffix="n")), 200))
    expected = shipped_generator.log_probabilities([one.name for one in made], ["Irish"] * 200)
    assert np.allclose([one.log_probability for one in made], expected, atol=1e-4)
    assert [one.attempt for one in made] == list(range(200))


def test_a_stream_goes_on_beyond_a_round(shipped_generator):
    names = shipped_generator.sample("Greek", ROUND_SIZE + SLOTS, seed=3)
    assert names[:10] == shipped_generator.sample("Greek", 10, seed=3)
    assert len(set(names[ROUND_SIZE:])) > SLOTS / 2 and names[ROUND_SIZE : ROUND_SIZE + 50] != names[:50]


def test_resampling_brings_names_nearer_to_those_that_happen_to_match(shipped_generator):
    """Against the truth: free names that end in "ini"."""
    free = [name for name in shipped_generator.sample("Italian", 30_000, seed=1) if name.endswith("ini")]
    truth = np.mean([len(name) for name in free])

    def length(resample, looks_ahead):
        request = Request(
            "Italian", 2, constraints=Constraints(suffix="ini"), resample=resample, looks_ahead=looks_ahead
        )
        return np.mean([len(sample.name) for sample in shipped_generator.stream(request, 200)])

    assert shipped_generator.sample("Italian", 9, constraints=Constraints(suffix="ini")) == shipped_generator.sample(
        "Italian", 9, suffix="ini", resample=16
    )
    assert abs(length(32, False) - truth) < 0.7 < 2 < abs(length(1, False) - truth)
    assert abs(length(1, True) - truth) < 0.7 and abs(length(16, True) - truth) < 0.7


def test_characters_are_drawn_as_often_as_asked():
    logits = np.log(np.tile(np.array([[0.5, 0.3, 0.15, 0.05]], np.float32), (20_000, 1)))
    uniform = np.random.default_rng(0).random(20_000)

    def shares(**settings):
        return np.bincount(Sampling(**{"temperature": 1, **settings}).choose(logits, uniform), minlength=4) / 20_000

    assert shares() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.01)
    assert shares(top_k=2) == pytest.approx([0.625, 0.375, 0, 0], abs=0.01)
    assert shares(top_p=0.9) == pytest.approx(np.array([0.5, 0.3, 0.15, 0]) / 0.95, abs=0.01)
    assert shares(top_p=0.5) == pytest.approx([1, 0, 0, 0])
    square = np.array([0.25, 0.09, 0.0225, 0.0025])
    assert shares(temperature=0.5) == pytest.approx(square / square.sum(), abs=0.01)
    assert shares(temperature=1e-320) == pytest.approx([1, 0, 0, 0])


def test_the_weight_of_a_symbol_is_the_share_that_is_allowed():
    logits = np.log(np.array([[0.5, 0.3, 0.2]], np.float32))
    allowed = logits.copy()
    allowed[0, 0] = -np.inf
    for symbol in np.array([[1], [2]]):
        assert Sampling(1.0).log_weights(allowed, logits, symbol) == pytest.approx(np.log(0.5))
        assert Sampling(0.5).log_weights(allowed, logits, symbol) == pytest.approx(np.log((0.09 + 0.04) / 0.38))
        assert Sampling(0.0).log_weights(allowed, logits, symbol) == [0]


@pytest.mark.parametrize("behind", [12.0, 25.0, 80.0])
@pytest.mark.parametrize("temperature", [0.1, 0.2, 1.0])
@pytest.mark.parametrize("top_k", [0, 2])
def test_weights_are_exact_however_unlikely_the_symbol_is(temperature, behind, top_k):
    logits = np.array([[0.0, -behind]], np.float32)
    allowed = np.array([[-np.inf, -behind]], np.float32)
    found = Sampling(temperature, top_k=top_k).log_weights(allowed, logits, np.array([1]))
    assert found == pytest.approx(-behind / temperature, abs=1e-3)


@pytest.mark.parametrize("temperature", [1e-30, 1e-12, 1e-6])
def test_the_best_symbol_has_the_weight_one_at_the_lowest_temperatures(temperature):
    rng = np.random.default_rng(0)
    logits, ahead = (rng.normal(size=(1000, 8)).astype(np.float32) for _ in range(2))
    drawn_by = logits + ahead
    best = np.flatnonzero(logits.argmax(axis=1) == drawn_by.argmax(axis=1))
    symbols = logits.argmax(axis=1)[best]
    found = Sampling(temperature).log_weights(drawn_by[best], logits[best], symbols, truncated=True)
    assert len(best) > 100 and np.all(np.abs(found) < 1e-2)
    if temperature < 1e-10:
        assert np.all(found == 0)


@pytest.mark.parametrize(
    ("sampling", "weights"),
    [
        # Freely, top-k draws symbol 0 alone, which is forbidden; then 0 and 1, and all that is forbidden is 0.
        (Sampling(1.0, top_k=1), [0, 0, 0]),
        (Sampling(1.0, top_k=2), [0.45 / 0.8, 0, 0]),
        (Sampling(1.0, top_k=3), [0.5 / 0.95, 0.5 / 0.95, 0]),
        (Sampling(1.0, top_p=0.6), [0.3 / 0.8, 0, 0]),
        (Sampling(1.0, top_k=4), [0.5, 0.5, 0.5]),
    ],
)
def test_weights_know_what_is_left_out_of_a_free_draw(sampling, weights):
    logits = np.log(np.array([[0.5, 0.3, 0.15, 0.05]] * 3, np.float32))
    allowed = logits.copy()
    allowed[:, 0] = -np.inf
    assert np.exp(sampling.log_weights(allowed, logits, np.array([1, 2, 3]))) == pytest.approx(np.array(weights))


def test_where_nothing_could_be_drawn_freely_there_are_names_all_the_same(shipped_generator):
    names = shipped_generator.sample("Italian", 3, seed=1, top_k=1, prefix="Zu")
    assert len(names) == 3 and all(name.startswith("Zu") for name in names)


def test_what_has_no_probability_is_never_drawn():
    logits = np.array([[-np.inf, 0.0, -np.inf, 0.0]] * 3, np.float32)
    lowest_and_highest = np.array([0.0, 0.5, np.nextafter(1, 0)])
    assert Sampling().choose(logits, lowest_and_highest).tolist() == [1, 3, 3]


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"prefix": "佐"}, "prefix '佐': this model does not know '佐'"),
        ({"pattern": "[0-9]+"}, "pattern '\\[0-9\\]\\+': no name"),
        ({"prefix": "Mac", "max_length": 2}, "prefix 'Mac': .* takes 3 characters"),
        ({"prefix": "A", "pattern": "B.*"}, "prefix 'A', pattern 'B.\\*', together: no name"),
        ({"contains": "  "}, "contains '  ': no name"),
        ({"min_length": 9, "max_length": 8}, "min_length 9: no name of at most 8"),
        ({"characters": "#"}, "characters '#': no name"),
    ],
)
def test_what_is_impossible_says_which_part(constraints, message, shipped_generator):
    with pytest.raises(ImpossibleConstraint, match=message):
        shipped_generator.sample("Italian", 1, **constraints)


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"min_length": 0}, "min_length 0"),
        ({"max_length": -1}, "max_length -1"),
        ({"max_length": 10**9}, "max_length 1000000000"),
        ({"pattern": "("}, "pattern '\\('"),
    ],
)
def test_what_is_no_constraint_is_refused(constraints, message, shipped_generator):
    with pytest.raises(SettingsError, match=message):
        shipped_generator.sample("Italian", 1, **constraints)
    with pytest.raises(SettingsError, match="suffixes: no such constraint"):
        shipped_generator.sample("Italian", 1, suffixes="a")
    with pytest.raises(SettingsError, match="resample 0"):
        shipped_generator.sample("Italian", 1, resample=0)
