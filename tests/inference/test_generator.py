import dataclasses
import itertools
import re
from collections import Counter

import numpy as np
import pytest

from charrnn import model_folder
from charrnn.arrays import log_softmax
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.errors import ModelFolderError, SettingsError, UnknownLabelError
from charrnn.generation.constraints import Constraints
from charrnn.generation.request import Request, usual_resample
from charrnn.generation.sampling import ROUND_SIZE
from charrnn.inference import PRETRAINED, load
from charrnn.inference.generator import Generator
from charrnn.model_config import ANY
from charrnn.ngrams import NGramAutomaton
from charrnn.text import BOS, EOS, PAD, SPECIALS, UNKNOWN, Spelling, has_vowels, spelling_patterns, to_ascii
from tests.conftest import config, network


@pytest.fixture(scope="module")
def model():
    cfg = config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4)
    return Generator(cfg, network(cfg)[1])


@pytest.fixture(scope="module")
def shipped_generator():
    return load("names/generator")


def test_same_seed_same_names(model):
    assert model.sample("A", n=300, seed=7) == model.sample("A", n=300, seed=7)
    assert model.sample("A", n=300, seed=7) != model.sample("A", n=300, seed=8)


def test_asking_for_more_only_adds_names(model):
    assert model.sample("B", n=ROUND_SIZE + 5, seed=1)[:5] == model.sample("B", n=5, seed=1)


def test_names_keep_within_alphabet_and_length(model):
    for name in model.sample("C", n=500, seed=0, temperature=2.0):
        assert 1 <= len(name) <= model.config.max_length
        assert set(name) <= set(model.vocabulary.alphabet)


def test_a_model_that_started_from_another_writes_the_characters_of_its_own_names(shipped_generator):
    cfg, weights = model_folder.read(shipped_generator.folder)
    cfg = dataclasses.replace(cfg, data=cfg.data | {"characters": "Aabcdehilmnorstu -]^"})
    own = Generator(cfg, weights)
    for asked in ({}, {"any_case": True}, {"constraints": Constraints(suffix="a")}):
        assert set("".join(own.sample("Polish", 200, **asked))) <= set(cfg.own_characters)
    # Whoever asks for another character gets it.
    assert all(name.startswith("Ł") for name in own.sample("Polish", 5, prefix="Ł"))


def test_temperature_zero_is_greedy(model):
    assert len(set(model.sample("A", n=50, seed=1, temperature=0))) == 1
    assert model.sample("A", n=1, temperature=0) == model.sample("A", n=1, top_k=1)


def test_a_name_is_drawn_as_often_as_its_probability_says():
    cfg = config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4)
    weights = network(cfg)[1]
    # What is never drawn gets no probability, so that both sides speak of the same distribution.
    weights["head.bias"][[PAD, UNKNOWN, BOS]] = -40
    weights["head.bias"][EOS] += 3
    model = Generator(cfg, weights)
    decoder = model.decoder("A")
    decoder.reset(1)
    p = np.exp(decoder.next_log_p(np.array([BOS])))[0]
    possible = 1 - p[EOS] - p[model.vocabulary.encode(" ")].sum()
    names = Counter(model.sample("A", n=50_000, seed=3, temperature=1))
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
    cfg = type(cfg)(**(vars(cfg) | {"labels": ["names"], "class_counts": [10]}))
    model = Generator(cfg, network(cfg)[1])
    assert model.sample(n=3, seed=1) == model.sample("names", n=3, seed=1)


def test_any_label_is_a_label_of_its_own(model):
    assert model.sample("*", n=20, seed=1) != model.sample("A", n=20, seed=1)
    scores = model.log_probabilities(["abc"] * 4, ["A", "B", "C", "*"])
    assert len(set(scores.tolist())) == 4


def test_where_there_is_one_label_it_is_any():
    cfg = dataclasses.replace(
        config("generator", cell="rnn", hidden=4, embedding=4, label_embedding=2), labels=["A"], class_counts=[1]
    )
    only = Generator(cfg, network(cfg)[1])
    assert only.sample("*", n=9) == only.sample("A", n=9) == only.sample(n=9)


@pytest.fixture(scope="module")
def mixed():
    """A calibrated generator with n-grams."""
    cfg = config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4)
    cfg = dataclasses.replace(cfg, calibration={"weights": {"network": 0.6, "ngrams": 0.3}})
    names = [[6, 7, 8], [9, 10], [6, 10], [8, 8]]
    ngrams = NGramAutomaton.fit(names, [0, 1, 2, 3], 4, SPECIALS + len(cfg.alphabet))
    return Generator(cfg, network(cfg)[1] | ngrams.weights())


def test_experts_are_mixed_with_the_weights_of_the_config(mixed, model):
    # The unnormalised product of the experts, renormalised at each character by hand.
    text, label = "bca", 1
    symbols = [BOS, *mixed.vocabulary.encode(text), EOS]
    network, ngrams = model.model, mixed.model.ngrams
    state, context, total = network.layer.initial_state(1), np.array([label]), 0.0
    for symbol, target in itertools.pairwise(symbols):
        state = network.layer.step(network.char_table[[symbol]] + network.condition_table[[label]], state)
        context = ngrams.next_states(context, np.array([symbol]))
        scores = 0.6 * (state @ network.head + network.head_bias) + 0.3 * ngrams.log_p(context)
        total += log_softmax(scores)[0, target]
    assert mixed.log_probabilities([text], ["B"])[0] == pytest.approx(total, abs=1e-5)


def test_a_mixture_is_drawn_as_its_probabilities_say(mixed):
    firsts = Counter(name[0] for name in mixed.sample("A", n=20_000, seed=3, temperature=1))
    network, ngrams = mixed.model, mixed.model.ngrams
    context = ngrams.start_state[[0]]
    state = network.layer.step(network.char_table[[BOS]] + network.condition_table[[0]], network.layer.initial_state(1))
    logits = 0.6 * (state @ network.head + network.head_bias) + 0.3 * ngrams.log_p(context)
    logits[:, [PAD, UNKNOWN, BOS, EOS, *mixed.vocabulary.encode(" ")]] = -np.inf
    p = np.exp(log_softmax(logits))[0]
    for letter, i in zip(mixed.vocabulary.alphabet, range(SPECIALS, len(p)), strict=True):
        assert firsts[letter] / 20_000 == pytest.approx(p[i], abs=0.015)


def test_the_weight_of_the_network_holds_without_ngrams(model):
    """A private model has no n-grams; its calibration is that of the network alone."""
    cfg = dataclasses.replace(model.config, calibration={"weights": {"network": 0.5, "ngrams": 0.0}})
    decoder, plain = Generator(cfg, network(cfg)[1]).decoder("A"), model.decoder("A")
    for one in (decoder, plain):
        one.reset(1)
    weighted, whole = (one.next_log_p(np.array([BOS])) for one in (decoder, plain))
    assert weighted == pytest.approx(log_softmax(0.5 * whole), abs=1e-5)


def test_ngrams_and_calibration_must_fit(mixed):
    cfg = mixed.config
    weights = network(cfg)[1]
    with pytest.raises(ModelFolderError, match="calibration"):
        Generator(cfg, weights)
    beyond = SPECIALS + len(cfg.alphabet)
    ngrams = NGramAutomaton.fit([[beyond]], [0], 4, beyond + 1)
    with pytest.raises(ModelFolderError, match="not those of an n-gram model"):
        Generator(cfg, weights | ngrams.weights())


def test_drawn_names_begin_with_a_capital_and_have_no_other_one_but_after_mac(shipped_generator):
    """There were uk and ngoo, derwon, BreaGder and SimiQum among them."""
    for label in ("Korean", "Scottish"):
        names = shipped_generator.sample(label, 2000, seed=3)
        words = [word for name in names for word in re.split("[ '-]", re.sub("(?<![^ ])(Mac|Mc)(?=[A-Z])", "", name))]
        assert [word for word in words if word != word.capitalize()] == []


def test_drawn_names_write_capitals_and_symbols_as_the_training_names_do(shipped_generator):
    """One in a hundred broke these rules, such as horun, LambotB and -legoso."""
    alphabet = shipped_generator.vocabulary.alphabet
    for label, spelling in shipped_generator.spellings.items():
        (words, _), (symbols,) = spelling_patterns([spelling], alphabet)
        patterns = [re.compile(pattern) for pattern in (words, symbols)]
        names = shipped_generator.sample(label, 200, seed=3)
        assert [name for name in names if not all(p.fullmatch(name) for p in patterns)] == []
    free = [name for label in shipped_generator.labels for name in shipped_generator.sample(label, 50, any_case=True)]
    assert any(name[0].islower() and " " not in name for name in free)


def test_the_shipped_rules_are_those_of_the_training_names(shipped_generator):
    data = shipped_generator.config.data
    corpus = Corpus.read(data["source"], pipeline=shipped_generator.config.pipeline)
    train = split(corpus, data["seed"], data["validation_fraction"], data["test_fraction"]).train
    for label in ("Irish", "Dutch"):
        own = [shipped_generator.pipeline(n) for n, lab in zip(train.names, train.labels, strict=True) if lab == label]
        assert shipped_generator.spellings[label] == Spelling.of(own)
    assert shipped_generator.spellings[ANY] == Spelling.of(map(shipped_generator.pipeline, train.names))


def test_a_blend_writes_as_one_of_its_labels_does(shipped_generator):
    blend = {"Japanese": 0.5, "Scottish": 0.5}
    names = shipped_generator.sample(blend, 300, seed=2, prefix="Mc")
    assert all(name[2:3].isupper() or name[1:].islower() for name in names)


@pytest.mark.parametrize(
    ("label", "parts", "kept"),
    [
        ("Italian", {"prefix": "mor"}, "mor[a-z]*"),  # nothing but the first capital is given up
        ("Italian", {"prefix": "di "}, "di( [A-Z]?[a-z]*)+"),
        ("Italian", {"contains": "-"}, "([A-Z]?[a-z]*[ '-])*[A-Z]?[a-z]*-?"),
        ("Italian", {"characters": "abcdefghij"}, "[a-j]+"),
        ("Italian", {"pattern": "[A-Z]{3,}"}, "[A-Z]{3,}"),
        ("Italian", {"pattern": "[A-Z]+"}, "[A-Z]+"),
        ("Scottish", {"prefix": "Mc", "suffix": "SON"}, "Mc.*SON"),
    ],
)
def test_what_constraints_ask_for_goes_before_the_spelling(shipped_generator, label, parts, kept):
    names = shipped_generator.sample(label, 100, seed=1, **parts)
    assert len(names) == 100 and [name for name in names if not re.fullmatch(kept, to_ascii(name))] == []
    if parts.get("pattern") == "[A-Z]+":  # a rule never shortens what is asked for
        freely = shipped_generator.sample(label, 400, seed=1, any_case=True, **parts)
        assert names == list(filter(has_vowels, freely))[:100]


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("Irish", {"pattern": ".*a.{11}"}),
        ("*", {"pattern": "(.*a.{5}|.*e.{7})"}),
        (dict.fromkeys(load("names/generator").labels, 1.0), {"min_length": 40, "max_length": 60}),
    ],
)
def test_the_spelling_makes_no_request_too_large(shipped_generator, label, parts):
    """With it, these need more states than an automaton may have; without it they do not."""
    assert len(shipped_generator.sample(label, 3, resample=1, **parts)) == 3


def test_any_label_of_a_model_with_one_label_is_that_label():
    cfg = config("generator", cell="gru", hidden=8, embedding=4, label_embedding=2)
    names = ["Abar", "Acor", "Adun", "Beri", "Bodu"]
    data = {"spelling": {"A": Spelling.of(names).as_record()}}
    cfg = dataclasses.replace(cfg, labels=["A"], class_counts=[5], alphabet="ABabcdinoru", data=data)
    one = Generator(cfg, network(cfg)[1])
    assert one.sample("*", 20) == one.sample("A", 20) == one.sample(None, 20)
    assert all(name[0] in "AB" and name[1:] == name[1:].lower() for name in one.sample("*", 20))


def test_a_stamp_of_a_folder_without_rules_brings_its_name_where_there_are_rules(shipped_generator):
    """Both have the same weights, of which alone a stamp speaks."""
    config, weights = model_folder.read(PRETRAINED / "names/generator")
    old = Generator(dataclasses.replace(config, data={}), weights)
    request = Request("Korean", 3)
    made = list(old.stream(request, 60))
    assert [shipped_generator.repeat(old.stamp(request, one)) for one in made] == made
    assert made != list(shipped_generator.stream(request, 60))


def test_spelling_alone_starts_no_resampling(shipped_generator):
    assert usual_resample(Constraints(any_case=True)) == 1 < usual_resample(Constraints(prefix="A"))
    one, many = (shipped_generator.sample("Korean", 50, seed=1, resample=k) for k in (None, 1))
    assert one == many


def test_a_folder_of_before_has_no_rules_and_broken_rules_are_refused(shipped_generator):
    config, weights = model_folder.read(PRETRAINED / "names/generator")
    old = Generator(
        dataclasses.replace(config, data={k: v for k, v in config.data.items() if k != "spelling"}), weights
    )
    assert old.sample("Korean", 300) == shipped_generator.sample("Korean", 300, any_case=True)
    for broken in ({"Korean": 5}, [], {"Korean": {}}):
        with pytest.raises(ModelFolderError, match=r"config\.json"):
            Generator(dataclasses.replace(config, data=config.data | {"spelling": broken}), weights)


def test_names_in_another_script_have_the_neighbours_of_their_romanised_form(shipped_generator):
    assert shipped_generator.neighbours("Иванов", 3) == shipped_generator.neighbours("Ivanov", 3)
