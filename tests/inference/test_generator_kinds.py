"""Kinds of names in a generator."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from charrnn.arrays import log_softmax
from charrnn.corpus import Corpus
from charrnn.errors import SettingsError
from charrnn.generation.request import Request
from charrnn.inference import load
from charrnn.inference.evaluation import evaluate
from charrnn.inference.generator import Generator
from charrnn.model_config import conditions
from charrnn.ngrams import NGramAutomaton
from charrnn.text import BOS, EOS, SPECIALS, Vocabulary
from charrnn.training.calibration import calibrate, expert_scores
from charrnn.training.dataset import NameDataset
from charrnn.training.fitting import FittedModel
from charrnn.training.trainer import Progress
from tests.conftest import KINDS, config, network, random_names

ASKED = ["given", "surname", "any", None]


@pytest.fixture(scope="module")
def model():
    """A calibrated generator of three labels and two kinds, with n-grams."""
    cfg = config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4)
    cfg = dataclasses.replace(cfg, **KINDS, calibration={"weights": {"network": 0.6, "ngrams": 0.3}})
    names, labels, kinds = [[6, 7, 8], [9, 10], [6, 10], [8, 8], [7, 7, 7]], [0, 1, 2, 3, 1], [0, 1, 1, 0, 0]
    ngrams = NGramAutomaton.fit(names, labels, 4, SPECIALS + len(cfg.alphabet), kinds=kinds, kind_count=2)
    return Generator(cfg, network(cfg)[1] | ngrams.weights())


def test_a_kind_changes_the_names(model):
    given, surname, anything, default = (model.sample("A", 50, seed=1, kind=kind) for kind in ASKED)
    assert given != surname and anything not in (given, surname) and anything == default
    assert given == model.sample("A", 50, seed=1, kind="given")


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("label", ["B", "*"])
def test_experts_are_mixed_under_the_kind(model, label, kind):
    text, own = "bca", model.kind_index(kind)
    symbols = [BOS, *model.vocabulary.encode(text), EOS]
    plain = Generator(dataclasses.replace(model.config, calibration={}), network(model.config)[1])
    net, ngrams, row = plain.model, model.model.ngrams, model.label_index(label)
    state, context, total = net.layer.initial_state(1), np.array([row]), 0.0
    for symbol, target in itertools.pairwise(symbols):
        state = net.layer.step(net.char_table[[symbol]] + net.condition_table[[row * 3 + own]], state)
        context = ngrams.next_states(context, np.array([symbol]))
        scores = 0.6 * (state @ net.head + net.head_bias) + 0.3 * ngrams.log_p(context, own)
        total += log_softmax(scores)[0, target]
    assert model.log_probabilities([text], [label], [kind])[0] == pytest.approx(total, abs=1e-5)


def test_names_of_all_kinds_are_scored_together_as_alone(model):
    names = random_names(40)
    labels, kinds = [[*"ABC", "*"][i % 4] for i in range(40)], [ASKED[i // 4 % 4] for i in range(40)]
    together = model.log_probabilities(names, labels, kinds)
    alone = [model.log_probabilities([n], [label], [k])[0] for n, label, k in zip(names, labels, kinds, strict=True)]
    assert together == pytest.approx(np.array(alone), abs=1e-4)
    assert np.array_equal(model.log_probabilities(names, labels), model.log_probabilities(names, labels, ["any"] * 40))


def test_a_name_is_told_with_its_probability_under_its_kind(model):
    made = list(model.stream(Request("C", 3, kind="surname"), 60))
    expected = model.log_probabilities([one.name for one in made], ["C"] * 60, ["surname"] * 60)
    assert [one.log_probability for one in made] == pytest.approx(expected, abs=1e-4)


def test_a_decoder_has_the_conditions_of_its_labels_and_kind(model):
    assert model.decoder("B", "surname").conditions == [1 * 3 + 1]
    assert model.decoder("*").conditions == model.decoder("*", "any").conditions == [3 * 3 + 2]
    assert model.decoder({"A": 1, "C": 2}, "given").conditions == [0, 2 * 3]


@pytest.mark.parametrize("kind", ASKED)
def test_a_stamp_brings_a_name_of_its_kind_again(model, kind):
    request = Request("A", 5, kind=kind)
    made = list(model.stream(request, 20))
    assert [model.repeat(model.stamp(request, one)) for one in made] == made


@pytest.mark.parametrize("kind", ["middle", "", 5, ["given"], np.array([1, 2])])
def test_a_kind_that_is_not_known_is_refused_in_a_line(model, kind):
    cfg = config("generator", cell="gru", hidden=4, embedding=3, label_embedding=2)
    without = Generator(cfg, network(cfg)[1])
    for asked in (model, without):
        for ask in (
            asked.kind_index,
            lambda own, m=asked: m.decoder("A", own),
            lambda own, m=asked: m.sample("A", 1, kind=own),
        ):
            with pytest.raises(SettingsError, match="kind") as caught:
                ask(kind)
            assert "\n" not in str(caught.value)
        with pytest.raises(SettingsError, match="kind"):
            asked.log_probabilities(["abc"], ["A"], [kind])
    with pytest.raises(SettingsError, match="kind 'given': this model knows of no kinds"):
        without.sample("A", 1, kind="given")
    with pytest.raises(SettingsError, match="kinds: 1 for 2 names"):
        model.log_probabilities(["abc", "de"], ["A", "B"], ["given"])


def test_a_model_without_kinds_draws_any(model):
    cfg = config("generator", cell="gru", hidden=4, embedding=3, label_embedding=2)
    without = Generator(cfg, network(cfg)[1])
    assert without.sample("A", 9, kind="any") == without.sample("A", 9)


@pytest.mark.parametrize(
    ("kinds", "scored"), [(["given", "surname"], ["given", "surname"]), (["given", "other"], None), ([], None)]
)
def test_names_are_evaluated_under_kinds_that_the_model_knows(model, kinds, scored):
    corpus = Corpus(["abc", "de"], ["A", "B"], kinds=kinds)
    nats = -model.log_probabilities(corpus.names, corpus.labels, scored).sum() / 7
    assert evaluate(model, corpus)["nats_per_char"] == pytest.approx(nats)


def test_shipped_names_are_likelier_under_their_own_kind():
    shipped = load("names/generator")
    given, surname = ["Giovanna", "Francesca", "Elisabetta"], ["Bianchini", "Morandini", "Ferrari"]
    for names, own, other in ((given, "female", "surname"), (surname, "surname", "female")):
        told, untold = (shipped.log_probabilities(names, ["Italian"] * 3, [kind] * 3).sum() for kind in (own, other))
        assert told > untold


@pytest.mark.parametrize("kinds", [{}, KINDS])
def test_what_was_promised_on_validation_is_kept(kinds):
    """The scores of calibration, in PyTorch, are those of NumPy on the same names."""
    cfg = dataclasses.replace(config("generator", cell="gru", hidden=16, embedding=8, label_embedding=4), **kinds)
    names, of = random_names(60), [i % 3 for i in range(60)]
    kind_of = [i // 3 % cfg.kind_count for i in range(60)]
    classes = np.array(of) * cfg.kind_count + kind_of
    vocabulary = Vocabulary(cfg.alphabet)
    data = NameDataset(names, conditions(cfg, classes).tolist(), vocabulary.encode)
    ngrams = NGramAutomaton.fit(data.encoded[:40], of[:40], 4, len(vocabulary), 4, kind_of[:40], cfg.kind_count)
    fitted = FittedModel(network(cfg)[0], ngrams, Progress(), [])
    calibration = calibrate(cfg, fitted, [expert_scores(cfg, fitted, data, torch.device("cpu"))])
    model = Generator(dataclasses.replace(cfg, calibration=calibration), fitted.weights())
    own_kinds = [cfg.kinds[kind] for kind in kind_of] if kinds else None
    nats = -model.log_probabilities(names, [cfg.labels[label] for label in of], own_kinds)
    promised = calibration["after"]["nats_per_char"]
    assert promised < calibration["before"]["nats_per_char"]
    assert nats.sum() / sum(map(model.count_characters, names)) == pytest.approx(promised, abs=1e-5)
