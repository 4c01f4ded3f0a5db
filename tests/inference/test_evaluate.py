import numpy as np
import pytest

from charrnn.corpus import Corpus
from charrnn.errors import CorpusError
from charrnn.inference.classifier import Classifier
from charrnn.inference.evaluate import evaluate
from charrnn.inference.generator import Generator
from tests.conftest import config, network


@pytest.fixture(scope="module")
def classifier():
    cfg = config("classifier", cell="gru", hidden=8, embedding=6, bidirectional=False, pooling="last")
    return Classifier(cfg, network(cfg)[1])


def test_repeated_pairs_count_once(classifier):
    corpus = Corpus(["Abc", "ABC", "abd"], ["A", "A", "B"])
    assert evaluate(classifier, corpus)["n"] == 2


def test_uniform_prior_undoes_the_training_frequencies(classifier):
    corpus = Corpus(["abc"], ["C"])
    p = classifier.probabilities(["abc"])[0] / np.array([0.5, 0.3, 0.2])
    assert evaluate(classifier, corpus, "uniform")["nll"] == pytest.approx(-np.log(p[2] / p.sum()))


def test_generators_keep_repeats_and_count_the_end():
    cfg = config("generator", cell="gru", hidden=8, embedding=6, label_embedding=2)
    model = Generator(cfg, network(cfg)[1])
    report = evaluate(model, Corpus(["abc", "abc"], ["A", "A"]))
    assert report["names"] == 2 and report["characters"] == 8
    assert report["nats_per_char"] == pytest.approx(-model.log_probabilities(["abc"], ["A"])[0] / 4)


@pytest.mark.parametrize(
    ("corpus", "message"), [(Corpus([], []), "no names are left"), (Corpus(["x"], ["Elvish"]), "labels Elvish")]
)
def test_what_cannot_be_scored_is_refused(classifier, corpus, message):
    with pytest.raises(CorpusError, match=message):
        evaluate(classifier, corpus)
