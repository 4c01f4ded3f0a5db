"""Kinds, families and memory of a classifier."""

import dataclasses
import itertools

import numpy as np
import pytest

from charrnn.errors import SettingsError
from charrnn.inference import load
from charrnn.inference.classifier import Classifier
from charrnn.memory import Memory
from charrnn.ngrams import NGramHashTable
from charrnn.text import pad
from tests.conftest import KINDS, config, network, random_names

EXPERTS = {"network": 0.5, "ngrams": 0.2, "prior": 0.3, "memory": 2.25}
FAMILIES = {"A": "North", "B": "South", "C": "North"}
NAMES = random_names(60)
LISTED = {"abba": [1], "cde": [0, 5], "f": [2, 3]}
"""Names and their classes; in a model of two kinds, class 3 is B's second one."""


def classifier(**fields):
    """A calibrated classifier with n-grams that remembers names under some of six classes of two kinds, or of three."""
    cfg = config("classifier", cell="gru", hidden=8, embedding=6, bidirectional=True, pooling="mean-last")
    cfg = dataclasses.replace(cfg, calibration={"weights": EXPERTS, "thresholds": {"0.9": 0.25}}, **fields)
    size = len(cfg.class_counts)
    pairs = [(name, own) for name, classes in LISTED.items() for own in classes if own < size]
    memory = Memory.of(*map(list, zip(*pairs, strict=True)), size)
    ngrams = NGramHashTable.fit([[6, 7, 8], [9, 10], [6, 10]], [0, 1, 2], 3, 32)
    return Classifier(cfg, network(cfg)[1] | ngrams.weights() | memory.weights())


@pytest.fixture(scope="module")
def model():
    return classifier(**KINDS, families=FAMILIES)


@pytest.fixture(scope="module")
def plain():
    return classifier()


def class_probabilities(model, names):
    """p(label, kind | name), (N, L, K), without memory."""
    chars, lengths = pad([model.vocabulary.encode(name) for name in names])
    scores = model.model.scores(chars, lengths, model.model.ngram_scores(chars, lengths))
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (p / p.sum(axis=1, keepdims=True)).reshape(len(names), len(model.labels), -1)


def normalised(p):
    return p / p.sum(axis=1, keepdims=True)


def test_kinds_add_up(model):
    assert np.allclose(model.probabilities(NAMES), class_probabilities(model, NAMES).sum(axis=2))
    assert np.array_equal(model.probabilities(NAMES, kind="any"), model.probabilities(NAMES))


@pytest.mark.parametrize(("index", "kind"), [(0, "given"), (1, "surname")])
def test_a_kind_that_is_told_is_conditioned_on(model, index, kind):
    own = class_probabilities(model, NAMES)[:, :, index]
    assert np.allclose(model.probabilities(NAMES, kind=kind), normalised(own))
    frequencies = model.model.prior.reshape(3, 2)[:, index]
    assert np.allclose(model.probabilities(NAMES, "uniform", kind), normalised(own / frequencies))
    wanted = {"A": 1.0, "C": 3.0}
    weighted = normalised(own / frequencies * [1, 0, 3])
    assert np.allclose(model.probabilities(NAMES, wanted, kind), weighted)
    assert np.allclose(model.probabilities(NAMES, kind=kind, labels=["A", "B"]), normalised(own * [1, 1, 0]))
    answers = model.predict(NAMES, 1, kind=kind)
    assert [a.predictions[0].label for a in answers] == [model.labels[i] for i in own.argmax(axis=1)]


def test_priors_count_labels_over_all_kinds(model):
    p = class_probabilities(model, NAMES).sum(axis=2)
    frequencies = model.model.prior.reshape(3, 2).sum(axis=1)
    assert np.allclose(model.probabilities(NAMES, "uniform"), normalised(p / frequencies))


def test_families_add_up_their_labels(model):
    assert model.knows_families and model.level_names("family") == ["North", "South"]
    for settings in ({}, {"kind": "given"}, {"prior": "uniform"}, {"labels": ["A", "B"]}):
        p, families = model.probabilities(NAMES, **settings), model.probabilities(NAMES, **settings, level="family")
        assert np.allclose(families, np.stack([p[:, 0] + p[:, 2], p[:, 1]], axis=1))
        answers = model.predict(NAMES, 1, **settings, level="family")
        assert [a.predictions[0].label for a in answers] == [["North", "South"][i] for i in families.argmax(axis=1)]
    assert np.isnan(model.probabilities([""], level="family")).all()
    assert model.predict([""], level="family")[0].predictions == ()


@pytest.mark.parametrize(
    ("settings", "width"),
    [
        ({"top_k": 9}, 3),
        ({"top_k": 0, "level": "family"}, 2),
        ({"top_k": 1, "level": "family"}, 1),
        ({"top_k": 0, "level": "family", "labels": ["A", "C"]}, 1),
        ({"top_k": 0, "level": "family", "labels": ["A", "B"]}, 2),
        ({"top_k": 3, "labels": ["A", "B"]}, 2),
    ],
)
def test_answers_are_as_wide_as_promised(model, settings, width):
    assert model.width(**settings) == width
    assert {len(answer.predictions) for answer in model.predict(NAMES, **settings)} == {width}


@pytest.mark.parametrize(
    ("fields", "settings", "message"),
    [
        ({}, {"level": "family"}, "level family: this model does not know the families"),
        ({"families": {"A": "North"}}, {"level": "family"}, "does not know the families"),
        (KINDS, {"level": "genus"}, "level 'genus': must be one of label, family"),
        ({}, {"kind": "surname"}, "kind 'surname'"),
        (KINDS, {"kind": "middle"}, "kind 'middle': must be one of given, surname, any"),
        (KINDS, {"kind": 5}, "kind 5"),
        (KINDS, {"coverage": 0.9, "kind": "given"}, r"coverage 0\.9: .* Leave the kind out"),
        (
            KINDS | {"families": FAMILIES},
            {"coverage": 0.9, "level": "family"},
            r"coverage 0\.9: .* Leave the level out",
        ),
    ],
)
def test_what_the_model_does_not_know_or_promise_is_refused_in_a_line(fields, settings, message):
    asked = classifier(**fields)
    for ask in (asked.check_settings, lambda **own: asked.predict(["abc"], **own), lambda **own: asked.rank([], **own)):
        with pytest.raises(SettingsError, match=message) as caught:
            ask(**settings)
        assert "\n" not in str(caught.value)


def test_without_kinds_any_is_the_only_kind(plain):
    assert np.array_equal(plain.probabilities(NAMES, kind="any"), plain.probabilities(NAMES))


def test_memory_adds_its_weight_to_the_listed_classes_and_nothing_to_others(model, plain):
    for asked in (model, plain):
        for name, classes in LISTED.items():
            p = class_probabilities(asked, [name]).reshape(1, -1)
            own = [c for c in classes if c < p.shape[1]]
            p[0, own] *= np.exp(EXPERTS["memory"])
            expected = normalised(p).reshape(1, 3, -1).sum(axis=2)
            for spelling in (name, name.upper(), f" {name} "):
                assert np.allclose(asked.probabilities([spelling]), expected)
    strangers = [name for name in NAMES if name not in LISTED]
    assert np.array_equal(model.probabilities(strangers), model.without_memory().probabilities(strangers))


def test_the_list_tells_labels_once(model, plain):
    names = ["abba", "ABBA", "cde", "F", "abb", "", None, "abbaa"]
    assert model.listed(names) == [("A",), ("A",), ("A", "C"), ("B",), (), (), (), ()]
    assert plain.listed(names) == [("B",), ("B",), ("A",), ("C",), (), (), (), ()]
    assert model.listed([]) == []


def test_without_memory_every_name_is_new(model):
    forgetful, before = model.without_memory(), model.probabilities([*LISTED])
    assert type(forgetful) is Classifier and forgetful.listed([*LISTED]) == [()] * 3
    assert np.allclose(forgetful.probabilities([*LISTED]), class_probabilities(model, [*LISTED]).sum(axis=2))
    assert np.array_equal(model.probabilities([*LISTED]), before) and model.listed(["f"]) == [("B",)]


@pytest.mark.parametrize(("name", "kind"), list(itertools.product([*LISTED, "fedc"], [None, *KINDS["kinds"]])))
def test_the_parts_of_an_explanation_add_up_to_the_log_odds(model, name, kind):
    why = model.explain(name, kind=kind)
    assert sum(why.attributions) + why.remainder + why.memory == pytest.approx(why.score)
    first, second = model.predict([name], 2, kind=kind)[0].predictions
    assert (why.label, why.other) == (first.label, second.label)
    assert why.score == pytest.approx(np.log(first.probability / second.probability))
    assert why.listed == model.listed([name], kind)[0] and (why.memory != 0) <= bool(why.listed)
    p = dict(zip(model.labels, model.without_memory().probabilities([name], kind=kind)[0], strict=True))
    assert why.score - why.memory == pytest.approx(np.log(p[why.label] / p[why.other]))


def test_what_memory_adds_to_an_explanation_is_its_weight(plain):
    for name, listed in (("abba", {"B"}), ("cde", {"A"}), ("f", {"C"})):
        why = plain.explain(name)
        ahead = (why.label in listed) - (why.other in listed)
        assert why.memory == pytest.approx(ahead * EXPERTS["memory"]) and set(why.listed) == listed
    assert plain.explain("fedc").memory == 0 == plain.without_memory().explain("abba").memory


def test_the_shipped_model_knows_its_kinds_families_and_list():
    shipped = load("names/classifier")
    names = ["Satoshi", "Papadopoulos", "Иванов", "Zzyzx"]
    total = shipped.probabilities(names)
    assert total.sum(axis=1) == pytest.approx(1) and shipped.knows_families
    assert shipped.probabilities(names, level="family").sum(axis=1) == pytest.approx(1)
    of_kinds = np.stack([shipped.probabilities(names, kind=kind) for kind in shipped.config.kinds])
    assert of_kinds.sum(axis=2) == pytest.approx(np.ones(of_kinds.shape[:2]))
    assert (total <= of_kinds.max(axis=0) + 1e-9).all() and (total >= of_kinds.min(axis=0) - 1e-9).all()
    assert "Japanese" in shipped.listed(["Satoshi"])[0] and shipped.listed(["Qxzvwkjq"]) == [()]
