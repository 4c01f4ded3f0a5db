import dataclasses
import unicodedata

import numpy as np
import pytest

from charrnn.arrays import log_softmax
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.errors import InputError, ModelFolderError, SettingsError
from charrnn.inference import load
from charrnn.inference.classifier import Classifier
from charrnn.inference.evaluation_details import evaluate_sets
from charrnn.inference.recurrent import reverse
from charrnn.ngrams import NGramHashTable
from charrnn.text import FEW, pad
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


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mean-last"])
def test_an_answer_does_not_depend_on_its_neighbours(cell, pooling):
    cfg = config("classifier", **ARCHITECTURE | {"cell": cell, "pooling": pooling})
    model, names = Classifier(cfg, network(cfg)[1]), random_names(2500)
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


MIXED = {"weights": {"network": 0.5, "ngrams": 0.2, "prior": 0.3, "memory": 0.0}, "thresholds": {"0.9": 0.25}}


@pytest.fixture(scope="module")
def mixed():
    """A calibrated classifier with n-grams."""
    cfg = dataclasses.replace(config("classifier", **ARCHITECTURE), calibration=MIXED)
    ngrams = NGramHashTable.fit([[6, 7, 8], [9, 10], [6, 10]], [0, 1, 2], 3, 32)
    return Classifier(cfg, network(cfg)[1] | ngrams.weights())


def test_experts_are_mixed_with_the_weights_of_the_config(mixed, model):
    names = random_names(50)
    chars = [mixed.vocabulary.encode(name) for name in names]
    scores = np.concatenate([mixed.model.ngrams.scores(np.array([c], np.int64), np.array([len(c)])) for c in chars])
    network_log_p = np.log(model.probabilities(names))
    expected = np.exp(log_softmax(0.5 * network_log_p + 0.2 * scores + 0.3 * np.log(mixed.model.prior)))
    assert np.abs(mixed.probabilities(names) - expected).max() < 1e-6


@pytest.mark.parametrize("n", [1, 2 * FEW])
def test_where_no_name_can_be_scored_all_abstain(mixed, n):
    assert {answer.reason for answer in mixed.predict(["", "42"] * n)} == {"missing-name", "no-letters"}
    assert np.isnan(mixed.probabilities(["", "42"] * n)).all()


def test_a_prior_reweighs_the_answers(mixed):
    names = random_names(20)
    own = mixed.probabilities(names)
    assert np.allclose(mixed.probabilities(names, dict(zip(mixed.labels, mixed.model.prior, strict=True))), own)
    uniform = own / mixed.model.prior
    assert np.allclose(mixed.probabilities(names, "uniform"), uniform / uniform.sum(1, keepdims=True))
    only = mixed.probabilities(names, {"B": 2.0, "C": 2.0})
    assert (only[:, 0] == 0).all() and np.allclose(only[:, 1] / only[:, 2], uniform[:, 1] / uniform[:, 2])


def test_a_label_that_alone_is_possible_is_certain_however_improbable_it_is(mixed):
    """Its probability is 0 as a float: multiplied by a ratio, and divided by the sum, it was NaN."""
    scores, far = mixed.model.scores, np.array([0.0, -2000.0, 0.0])
    mixed.model.scores = lambda *arguments: scores(*arguments) + far
    try:
        assert mixed.probabilities(["abc"], {"B": 1e-300})[0].tolist() == [0, 1, 0]
        assert mixed.predict(["abc"], labels=["B"])[0].predictions[0] == ("B", 1.0)
        assert mixed.probabilities(["abc"], {"A": 1e300, "C": 1e-300})[0, 1] == 0
    finally:
        del mixed.model.scores


@pytest.mark.parametrize("prior", ["corpus", {"D": 1.0}, {"A": -1.0, "B": 2.0}, {"A": np.nan}, {"A": 0.0}, {}, None])
def test_a_prior_that_is_none_is_refused(mixed, prior):
    with pytest.raises(SettingsError, match="prior"):
        mixed.probabilities(["abc"], prior)


def test_a_set_holds_every_label_above_the_threshold_and_the_best(mixed):
    names = random_names(200)
    for answer, row in zip(mixed.predict(names, coverage=0.9), mixed.probabilities(names), strict=True):
        likely = {mixed.labels[i] for i in np.flatnonzero(row >= 0.25)} | {mixed.labels[row.argmax()]}
        assert {s.label for s in answer.predictions} == likely


def test_a_coverage_that_cannot_be_promised_is_refused(mixed, model):
    with pytest.raises(SettingsError, match=r"coverage 0\.5: .* it knows 0\.9"):
        mixed.predict(["abc"], coverage=0.5)
    with pytest.raises(SettingsError, match="not calibrated"):
        model.predict(["abc"], coverage=0.9)
    with pytest.raises(SettingsError, match="own prior"):
        mixed.predict(["abc"], coverage=0.9, prior="uniform")


@pytest.mark.parametrize("calibration", [{"weights": {}}, {"weights": {"network": "x"}}, {"weights": 1}, MIXED])
def test_calibration_that_does_not_fit_is_refused(calibration):
    cfg = dataclasses.replace(config("classifier", **ARCHITECTURE), calibration=calibration)
    with pytest.raises(ModelFolderError, match="calibration"):
        Classifier(cfg, network(cfg)[1])


def test_the_shipped_model_keeps_its_coverage_on_its_test_split(shipped):
    model = load(shipped / "classifier")
    data = model.config.data
    test = split(
        Corpus.read(data["source"], pipeline="folded").distinct_pairs("folded", by_kind=True),
        data["seed"],
        data["validation_fraction"],
        data["test_fraction"],
    ).test
    report = evaluate_sets([(model.without_memory(), test)])
    assert set(report) == {"0.8", "0.9", "0.95"}
    for key, measured in report.items():
        promised = float(key)
        # Thresholds come from as many validation names, hence twice the variance. The best label is always shown.
        deviation = (2 * promised * (1 - promised) / len(test)) ** 0.5
        assert measured["coverage"] > promised - 4 * deviation
        assert measured["coverage"] < promised + 4 * deviation or measured["size"] < 1.1
        assert model.config.calibration["test"][key] == pytest.approx(measured, abs=1e-3)


def test_a_name_without_a_letter_of_the_alphabet_abstains():
    cfg = dataclasses.replace(config("classifier", **ARCHITECTURE), alphabet=" 'abc", pipeline="native-folded")
    model = Classifier(cfg, network(cfg)[1])
    assert [a.reason for a in model.predict(["xyz", "' '", "Иван", "bad"])] == [
        *("out-of-vocabulary", "no-letters", "out-of-vocabulary", None)
    ]
    assert [len(a.predictions) for a in model.predict(["xyz", "' '", "bad"])] == [3, 0, 3]


def test_an_uncertain_answer_abstains_and_keeps_its_distribution(model):
    names = random_names(50)
    plain = model.predict(names)
    least = float(np.median([answer.predictions[0].probability for answer in plain]))
    careful = model.predict(names, min_probability=least)
    assert {a.reason for a in careful} == {None, "uncertain-score"}
    for before, after in zip(plain, careful, strict=True):
        assert before.predictions == after.predictions
        assert after.abstained == (before.predictions[0].probability < least)
    with pytest.raises(SettingsError, match="min_probability"):
        model.predict(names, min_probability=float("nan"))


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mean-last"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_shared_prefixes_give_the_numbers_of_the_plain_path(cell, pooling):
    cfg = config("classifier", **(ARCHITECTURE | {"cell": cell, "pooling": pooling}))
    plain = Classifier(cfg, network(cfg)[1])
    names = random_names(300) + [name[:3] + "xyz" for name in random_names(300)]
    chars, lengths = pad([plain.vocabulary.encode(name) for name in names])
    pooled = []
    for layer, table, text in zip(
        plain.model.layers, plain.model.tables, (chars, reverse(chars, lengths)), strict=True
    ):
        state, states = layer.initial_state(len(names)), []
        for t in range(chars.shape[1]):
            state = layer.step(table[text[:, t]], state)
            states.append(state[:, : layer.hidden])
        rows = [np.stack(states)[:length, i] for i, length in enumerate(lengths)]
        how = {"last": lambda s: s[-1], "mean": lambda s: s.mean(0), "max": lambda s: s.max(0)}
        pooled += [np.stack([how[one](own) for own in rows]) for one in pooling.split("-")]
    expected = np.concatenate(pooled, axis=1) @ plain.model.head + plain.model.head_bias
    assert np.abs(plain.model.scores(chars, lengths, None) - expected).max() < 1e-5
    few = slice(0, FEW)
    assert np.abs(plain.model.scores(chars[few], lengths[few], None) - expected[few]).max() < 1e-5
    assert np.abs(plain.probabilities(names) - np.exp(log_softmax(expected))).max() < 1e-6


def test_repeated_names_get_one_answer(mixed):
    names = [*random_names(40), "", *random_names(40), "Abc", "ABC"]
    p = mixed.probabilities(names)
    assert np.array_equal(p[:40], p[41:81]) and np.isnan(p[40]).all() and np.array_equal(p[81], p[82])


def test_ngrams_of_other_labels_are_refused():
    cfg = dataclasses.replace(config("classifier", **ARCHITECTURE), calibration=MIXED)
    ngrams = NGramHashTable.fit([[6, 7, 8]], [0], 1, 32)
    with pytest.raises(ModelFolderError, match="labels"):
        Classifier(cfg, network(cfg)[1] | ngrams.weights())


@pytest.mark.parametrize("name", ["щ" * 100, "a" + "\u265e" * 99])
def test_a_name_that_grows_too_long_when_it_is_read_abstains(model, name):
    assert model.predict([name])[0].reason == "too-long"
    with pytest.raises(InputError, match="too-long"):
        model.explain(name)


def test_composition_does_not_make_a_name_too_long(model):
    decomposed = unicodedata.normalize("NFD", "\u1ec5" * 60)
    assert len(decomposed) > 100 and model.predict([decomposed, " " * 100 + "Bob"])[1].reason is None


def test_labels_ask_among_these_alone(model):
    asked, names = ["C", "A"], random_names(60)
    whole, chosen = model.probabilities(names), model.rank(names, top_k=0, labels=asked)
    assert chosen.labels.shape == (60, 2) and set(chosen.labels.ravel()) == {0, 2}
    within = whole[:, [0, 2]] / whole[:, [0, 2]].sum(axis=1, keepdims=True)
    assert np.allclose(chosen.probabilities, -np.sort(-within, axis=1))
    weighted = model.predict(names[:1], 1, prior={"A": 1.0, "B": 5.0}, labels=asked)[0]
    assert weighted.predictions == (("A", 1.0),)
    explanation = model.explain("abc", labels=asked)
    assert {explanation.label, explanation.other} == {"A", "C"}
    assert explanation.score == pytest.approx(abs(np.log(model.probabilities(["abc"])[0, [0, 2]]) @ [1, -1]))


@pytest.mark.parametrize(
    ("labels", "settings", "message"),
    [
        (["A", "Elvish"], {}, "labels: unknown label 'Elvish'; this model knows A, B, C"),
        ([], {}, "must be a list"),
        ("AB", {}, "is one text, not a sequence"),
        (["A", "A"], {}, "each of them once"),
        (["A"], {"prior": {"B": 1.0}}, "impossible"),
    ],
)
def test_wrong_labels_are_refused(model, labels, settings, message):
    with pytest.raises(SettingsError, match=message):
        model.predict(["abc"], labels=labels, **settings)


def test_labels_exclude_coverage_and_explaining_needs_two():
    with pytest.raises(SettingsError, match="among all labels only"):
        load("names/classifier").predict(["abc"], coverage=0.9, labels=["Irish", "Scottish"])
    with pytest.raises(SettingsError, match="one label is possible"):
        load("names/classifier").explain("abc", labels=["Irish"])
