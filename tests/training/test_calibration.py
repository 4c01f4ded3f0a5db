import dataclasses

import numpy as np
import pytest
import torch

from charrnn.arrays import label_prior, log_softmax, mix_experts
from charrnn.likeness import Likeness
from charrnn.metrics import expected_calibration_error, negative_log_likelihood, reliability_bins
from charrnn.model_config import EXPERTS, conditions, embedding_rows
from charrnn.text import pad
from charrnn.training.calibration import (
    PULLS,
    calibrate,
    calibrate_classifier,
    conformal_thresholds,
    expert_scores,
    fit_weights,
)
from charrnn.training.dataset import NameDataset
from charrnn.training.fitting import FittedModel, count_ngrams
from charrnn.training.trainer import Progress
from tests.conftest import config, network, random_names

PULL = PULLS["classifier"]
CPU = torch.device("cpu")


def world(n, seed, labels=6):
    """Scores and labels of names whose true log-odds are 0.5 · network + 0.2 · ngrams + 0.3 · prior."""
    rng = np.random.default_rng(seed)
    logits, ngrams = rng.normal(0, 3, (n, labels)), rng.normal(0, 6, (n, labels))
    log_prior = np.log(np.arange(1, labels + 1) / np.arange(1, labels + 1).sum())
    p = np.exp(log_softmax(0.5 * logits + 0.2 * ngrams + 0.3 * log_prior))
    targets = (p.cumsum(1) < rng.random((n, 1))).sum(1)
    return logits, ngrams, log_prior, targets


def loss(weights, experts, targets, kinds=1):
    """What the weights minimise: summed nats of labels and the pull."""
    p = np.exp(log_softmax(mix_experts(weights, experts)))
    nll = negative_log_likelihood(p.reshape(len(p), -1, kinds).sum(axis=2), targets)
    return nll * len(targets) + 0.5 * ((np.array(weights) - PULL) ** 2).sum()


def test_the_true_weights_are_found():
    *experts, targets = world(20_000, 0)
    assert fit_weights(experts, targets, PULL) == pytest.approx([0.5, 0.2, 0.3], abs=0.05)


@pytest.mark.parametrize("n", [4, 500])
@pytest.mark.parametrize("kinds", [1, 2, 3])
def test_no_weights_nearby_are_better(n, kinds):
    *experts, targets = world(n, 1)
    targets = targets // kinds
    weights = fit_weights(experts, targets, PULL, kinds)
    rng = np.random.default_rng(0)
    others = weights + np.concatenate([rng.normal(0, 0.05, (50, 3)), rng.normal(0, 0.001, (50, 3))])
    least = loss(weights, experts, targets, kinds)
    assert all(least <= loss(other, experts, targets, kinds) for other in others)


def test_a_handful_of_names_does_not_send_the_weights_to_infinity():
    certain, for_it, against_it = (np.tile(scores, (2, 1)) for scores in ([40.0, 0], [0.1, 0], [0, 0.1]))
    weights = fit_weights([certain, for_it, against_it], np.array([0, 0]), PULL)
    assert weights == pytest.approx(PULL, abs=0.05)


def test_an_expert_that_prefers_no_class_has_weight_0():
    logits, ngrams, log_prior, targets = world(200, 5)
    weights = fit_weights([logits, np.zeros_like(ngrams), log_prior], targets, PULL)
    assert weights[1] == 0 < min(weights[0], weights[2])
    assert fit_weights([logits, ngrams, np.full(6, np.log(1 / 6))], targets, PULL)[2] == 0


def test_calibration_mends_overconfidence():
    logits, ngrams, log_prior, targets = world(4000, 2)
    found = calibrate_classifier(3 * logits, ngrams, log_prior, targets)
    assert found["after"]["nll"] < found["before"]["nll"]
    assert found["after"]["ece"] < 0.03 < found["before"]["ece"]
    assert [found["weights"][key] for key in ("network", "ngrams", "prior")] == pytest.approx(
        [0.5 / 3, 0.2, 0.3], abs=0.1
    )
    weights = list(found["weights"].values())
    fresh_logits, fresh_ngrams, log_prior, fresh = world(4000, 3)
    p = np.exp(log_softmax(mix_experts(weights, [3 * fresh_logits, fresh_ngrams, log_prior])))
    assert expected_calibration_error(reliability_bins(p, fresh)) < 0.03


def test_every_expert_but_memory_is_fitted():
    """Validation names are not listed where they are fitted on; what the list says of them cannot be."""
    for task, *experts, targets in (("classifier", *world(50, 0)), ("generator", *world(50, 0)[:2], world(50, 0)[3])):
        assert len(fit_weights(experts, targets, PULLS[task])) == len(PULLS[task]) == len(experts)
    assert tuple(calibrate_classifier(*world(50, 0))["weights"]) == EXPERTS["classifier"][:-1]


def test_with_kinds_the_weights_and_the_losses_are_those_of_labels():
    logits, ngrams, log_prior, targets = world(300, 7)
    ngrams = ngrams[:, :3]  # of labels; three labels of two kinds make six classes
    found = calibrate_classifier(logits, ngrams, log_prior, targets, kind_count=2)
    experts = [logits, ngrams[:, [0, 0, 1, 1, 2, 2]], log_prior]
    assert list(found["weights"].values()) == pytest.approx(fit_weights(experts, targets // 2, PULL, 2))
    mixture = mix_experts(list(found["weights"].values()), experts)
    for when, scores in (("before", logits), ("after", mixture)):
        p = np.exp(log_softmax(scores))
        p = np.stack([p[:, 0] + p[:, 1], p[:, 2] + p[:, 3], p[:, 4] + p[:, 5]], axis=1)
        assert found[when]["nll"] == pytest.approx(negative_log_likelihood(p, targets // 2))
        assert found[when]["ece"] == pytest.approx(expected_calibration_error(reliability_bins(p, targets // 2)))
    assert found["thresholds"] == pytest.approx(conformal_thresholds(p, targets // 2))


def test_the_losses_of_a_classifier_are_those_of_its_parts():
    *experts, targets = world(300, 6)
    found = calibrate_classifier(*experts, targets)
    mixture = mix_experts(list(found["weights"].values()), experts)
    for when, logits in (("before", experts[0]), ("after", mixture)):
        p = np.exp(log_softmax(logits))
        assert found[when]["nll"] == pytest.approx(negative_log_likelihood(p, targets))
        assert found[when]["ece"] == pytest.approx(expected_calibration_error(reliability_bins(p, targets)))
    assert found["thresholds"] == conformal_thresholds(np.exp(log_softmax(mixture)), targets)
    assert found["names"] == 300


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_cover_what_they_promise(coverage):
    rng = np.random.default_rng(4)
    covered = []
    for _ in range(200):
        p = rng.dirichlet(np.ones(5) * 0.4, 400)
        # The model is wrong about a quarter of the names; the promise holds all the same.
        targets = np.where(rng.random(400) < 0.25, rng.integers(0, 5, 400), p.argmax(1))
        threshold = conformal_thresholds(p[:200], targets[:200])[str(coverage)]
        covered.append((p[200:][np.arange(200), targets[200:]] >= threshold).mean())
    assert np.mean(covered) == pytest.approx(coverage, abs=0.01)


def test_too_few_names_promise_nothing():
    assert conformal_thresholds(np.full((3, 2), 0.5), np.array([0, 1, 0])) == {"0.8": 0.0, "0.9": 0.0, "0.95": 0.0}


def fitted(task, private=False, kinds=()):
    """A network with random weights and n-grams of some names, and other names like them."""
    cfg = dataclasses.replace(config(task, **ARCHITECTURES[task]), kinds=list(kinds))
    counts = [30, 20, 10, 6, 4, 2][: 3 * cfg.kind_count]
    cfg = dataclasses.replace(cfg, class_counts=counts)
    module, _ = network(cfg)
    module.train()  # calibration has to turn dropout off
    letters = {c: i for i, c in enumerate(cfg.alphabet, start=4)}

    def dataset(seed):
        classes = np.arange(60) % len(counts)
        own = classes if task == "classifier" else conditions(cfg, classes)
        return NameDataset(random_names(60, 9, seed), own.tolist(), lambda s: [letters.get(c, 1) for c in s])

    ngrams = None if private else count_ngrams(cfg, dataset(1))
    return cfg, FittedModel(module, ngrams, Progress(), counts), dataset(2)


def calibrated(cfg, model, data):
    return calibrate(cfg, model, [expert_scores(cfg, model, data, CPU)])


ARCHITECTURES = {
    "classifier": {"cell": "gru", "hidden": 6, "embedding": 4, "dropout": 0.5},
    "generator": {"cell": "gru", "hidden": 6, "embedding": 4, "dropout": 0.5, "label_embedding": 3},
}


KINDS = pytest.mark.parametrize("kinds", [(), ("given", "surname")])


@KINDS
def test_a_classifier_is_calibrated_on_the_scores_of_both_experts_and_the_class_counts(kinds):
    cfg, model, data = fitted("classifier", kinds=kinds)
    found = calibrated(cfg, model, data)
    logits, scores = np.zeros((60, len(cfg.class_counts))), np.zeros((60, 3))
    for i, encoded in enumerate(data.encoded):
        chars, lengths = encoded[None], torch.tensor([len(encoded)])
        logits[i] = model.network(chars, lengths).detach()[0]
        scores[i] = model.ngrams.scores(chars.numpy(), lengths.numpy())[0]
    log_prior = np.log(label_prior(cfg.class_counts))
    expected = calibrate_classifier(logits, scores, log_prior, np.array(data.labels), cfg.kind_count)
    assert found["weights"] == pytest.approx(expected["weights"], abs=1e-4)
    assert found["before"]["nll"] == pytest.approx(expected["before"]["nll"], abs=1e-5)
    assert found["thresholds"] == pytest.approx(expected["thresholds"], abs=1e-4)


def test_a_classifier_with_ngrams_learns_which_names_are_unlike_its_list(monkeypatch):
    monkeypatch.setattr("charrnn.likeness.UNLIKE_SHARE", 0.1)
    cfg, model, data = fitted("classifier")
    found = calibrated(cfg, model, data)["likeness"]
    likeness = Likeness(model.ngrams, label_prior(cfg.class_counts), cfg.alphabet, found)
    chars, lengths = pad([name.tolist() for name in data.encoded])
    texts = [likeness.vocabulary.decode(name.tolist()) for name in data.encoded]
    assert found["latin"]["names"] == 60 and found.keys() == {"latin"}
    assert 0 < likeness.is_unlike(texts, chars, lengths, model.ngrams.scores(chars, lengths)).mean() <= 0.1
    assert "likeness" not in calibrated(*fitted("classifier", private=True))


def test_a_classifier_is_calibrated_on_so_many_names_at_most(monkeypatch):
    monkeypatch.setattr("charrnn.training.calibration.MAX_FITTING_NAMES", 40)
    assert calibrated(*fitted("classifier"))["names"] == 40


@KINDS
def test_a_generator_is_calibrated_on_the_next_characters(kinds):
    cfg, model, data = fitted("generator", kinds=kinds)
    rows = embedding_rows(cfg.kind_count)
    found = calibrated(cfg, model, data)
    weights = [found["weights"][key] for key in ("network", "ngrams")]
    sums = np.zeros(2)
    for encoded, condition in zip(data.encoded, data.labels, strict=True):
        chars = torch.cat([torch.tensor([2]), encoded])[None]
        following, steps = [*encoded.tolist(), 3], np.arange(len(encoded) + 1)
        network_p = log_softmax(model.network(chars, torch.tensor([condition])).detach()[0].numpy())
        states = model.ngrams.states(chars.numpy(), np.array([condition // rows]))[0]
        mixture = log_softmax(mix_experts(weights, [network_p, model.ngrams.log_p(states, condition % rows)]))
        sums -= network_p[steps, following].sum(), mixture[steps, following].sum()
    characters = sum(data.lengths) + 60
    assert found["characters"] == characters
    assert found["before"]["nats_per_char"] == pytest.approx(sums[0] / characters)
    assert found["after"]["nats_per_char"] == pytest.approx(sums[1] / characters)
    assert set(found) == {"weights", "characters", "before", "after"}


def test_the_weights_of_a_generator_are_fitted_on_some_characters_of_a_large_corpus(monkeypatch):
    cfg, model, data = fitted("generator")
    monkeypatch.setattr("charrnn.training.calibration.BATCH", 20)
    monkeypatch.setattr("charrnn.training.calibration.MAX_FITTING_CELLS", 1)
    found = calibrated(cfg, model, data)
    assert 20 < found["characters"] < (sum(data.lengths) + 60) / 2


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_without_ngrams_their_weight_is_0(task):
    cfg, model, data = fitted(task, private=True)
    weights = calibrated(cfg, model, data)["weights"]
    assert weights["ngrams"] == 0 != weights["network"]


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_scores_of_several_parts_are_fitted_together(task):
    cfg, model, data = fitted(task)
    parts = [data.select(range(start, len(data), 3)) for start in range(3)]
    together = calibrate(cfg, model, [expert_scores(cfg, model, part, CPU) for part in parts])
    assert together["weights"] == pytest.approx(calibrated(cfg, model, data)["weights"], abs=1e-4)
    assert together.get("names", 60) == 60
