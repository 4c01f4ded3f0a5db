import numpy as np
import pytest

from charrnn.errors import ModelFolderError, SettingsError
from charrnn.inference.classifier import Classifier
from tests.conftest import config, network, random_names

ARCHITECTURE = {"cell": "gru", "hidden": 8, "embedding": 6, "bidirectional": True, "pooling": "max"}


@pytest.fixture(scope="module")
def model():
    cfg = config("classifier", **ARCHITECTURE)
    return Classifier(cfg, network(cfg)[1])


def test_case_and_marks_do_not_matter(model):
    answers = model.predict(["NOWAK", "nowak", "Nowák", " Nowak "])
    assert len({a.predictions for a in answers}) == 1


def test_rows_stay_in_place_and_abstain_with_a_reason(model):
    answers = model.predict(["abc", "", "42", "x" * 101, "de"], top_k=1)
    assert [a.reason for a in answers] == [None, "missing-name", "no-letters", "too-long", None]
    assert [len(a.predictions) for a in answers] == [1, 0, 0, 0, 1]


def test_an_answer_does_not_depend_on_its_neighbours(model):
    names = random_names(2500)
    alone = np.concatenate([model.probabilities([name]) for name in names[:50]])
    assert np.abs(model.probabilities(names)[:50] - alone).max() < 1e-6


def test_zero_gives_every_label_and_they_sum_to_one(model):
    (answer,) = model.predict(["abc"], top_k=0)
    assert {s.label for s in answer.predictions} == set(model.labels)
    assert sum(s.probability for s in answer.predictions) == pytest.approx(1)
    best = [s.probability for s in answer.predictions]
    assert best == sorted(best, reverse=True)


def test_no_names_no_answers(model):
    assert model.predict([]) == []


def test_negative_top_k_is_refused(model):
    with pytest.raises(SettingsError, match="top_k -1"):
        model.predict(["abc"], top_k=-1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("head.bias"), "head.bias: missing"),
        (lambda w: w.update({"head.bias": np.zeros(7, np.float32)}), r"float32 \(7,\), expected float32 \(3,\)"),
        (lambda w: w.update({"head.bias": np.zeros(3)}), "float64"),
        (lambda w: w["embed.weight"].__setitem__((5, 0), np.nan), "NaN"),
    ],
)
def test_weights_that_do_not_fit_are_refused(change, message):
    cfg = config("classifier", **ARCHITECTURE)
    weights = network(cfg)[1]
    change(weights)
    with pytest.raises(ModelFolderError, match=message):
        Classifier(cfg, weights)


@pytest.mark.parametrize("change", [{"cell": "mamba"}, {"pooling": "median"}, {"hidden": "many"}])
def test_an_unknown_architecture_is_refused(change):
    cfg = config("classifier", **ARCHITECTURE)
    weights = network(cfg)[1]
    with pytest.raises(ModelFolderError, match="architecture"):
        Classifier(config("classifier", **(ARCHITECTURE | change)), weights)
