import numpy as np
import pytest

from charrnn.metrics import expected_calibration_error, log_softmax, negative_log_likelihood
from charrnn.training.calibration import calibrate, conformal_thresholds, fit_weights, likeness, mix

START = np.array([0.5, 0.25, 0.25])


def world(n, seed, labels=6):
    """Names whose true log-odds are 0.5 · network + 0.2 · ngrams + 0.3 · prior."""
    rng = np.random.default_rng(seed)
    network, ngrams = rng.normal(0, 3, (n, labels)), rng.normal(0, 6, (n, labels))
    log_prior = np.log(np.arange(1, labels + 1) / np.arange(1, labels + 1).sum())
    p = np.exp(log_softmax(0.5 * network + 0.2 * ngrams + 0.3 * log_prior))
    targets = (p.cumsum(1) < rng.random((n, 1))).sum(1)
    return network, ngrams, log_prior, targets


def stacked(network, ngrams, log_prior):
    return np.stack([network, ngrams, np.broadcast_to(log_prior, network.shape)], axis=1)


def test_the_weights_of_the_world_are_found():
    network, ngrams, log_prior, targets = world(20_000, 0)
    weights = fit_weights(stacked(network, ngrams, log_prior), targets, START)
    assert weights == pytest.approx([0.5, 0.2, 0.3], abs=0.05)


def test_no_weights_nearby_are_better():
    *parts, targets = world(500, 1)
    experts = stacked(*parts)
    weights = fit_weights(experts, targets, START)

    def loss(w):
        nll = negative_log_likelihood(np.exp(log_softmax(mix(w, experts))), targets)
        return nll * len(targets) + 0.5 * ((w - START) ** 2).sum()

    rng = np.random.default_rng(0)
    assert all(loss(weights) <= loss(weights + rng.normal(0, 0.05, 3)) for _ in range(50))


def test_a_handful_of_names_does_not_send_the_weights_to_infinity():
    experts = np.zeros((2, 3, 2))
    experts[:, 0, 0] = 40
    assert np.abs(fit_weights(experts, np.array([0, 0]), START)).max() < 2


def test_calibration_mends_overconfidence():
    network, ngrams, log_prior, targets = world(4000, 2)
    told = calibrate(3 * network, ngrams, log_prior, targets)
    assert told["after"]["nll"] < told["before"]["nll"] and told["after"]["ece"] < 0.03 < told["before"]["ece"]
    weights = np.array([told["weights"][key] for key in ("network", "ngrams", "prior")])
    *parts, fresh = world(4000, 3)
    p = np.exp(log_softmax(mix(weights, stacked(3 * parts[0], *parts[1:]))))
    assert expected_calibration_error(p, fresh) < 0.03


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


def test_likeness_leaves_the_share_of_names_beyond_that_it_says():
    rng = np.random.default_rng(0)
    characters = rng.integers(2, 12, 20_000)
    nats = rng.gamma(4, 0.5, 20_000) * characters
    found = likeness(nats[:10_000], characters[:10_000])["likeness"]
    beyond = (nats[10_000:] / characters[10_000:] > found["nats_per_char"]).mean()
    assert found["names"] == 10_000 and beyond == pytest.approx(found["share"], abs=0.003)
