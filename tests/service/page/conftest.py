import dataclasses

import pytest
import torch

from charrnn import model_folder
from charrnn.inference import PRETRAINED, Classifier, Generator, load
from charrnn.memory import Memory
from charrnn.model_config import ModelConfig
from charrnn.ngrams import NGramHashTable
from charrnn.service.models import ServedModels
from charrnn.service.page.texts import Texts
from charrnn.text import Vocabulary
from charrnn.training import modules

LABELS = {"Croatian": "South Slavic", "Serbian": "South Slavic", "Irish": "Celtic"}
KINDS = ["female", "surname", "<trade>"]
LISTED = [
    ("kovacic", "Croatian", "surname"),
    ("kovacic", "Serbian", "surname"),
    ("ana", "Croatian", "female"),
    ("ana", "Irish", "surname"),
    ("mila", "Croatian", "female"),
    ("mila", "Serbian", "female"),
    ("qxzvwkjx", "Irish", "surname"),
]
"""Names of a model for which its list and the frequencies below decide; its n-grams are of all but the last one."""
COUNTS = [8, 5, 1, 2, 4, 1, 1, 1, 1]
"""Of each label those of all kinds."""


@pytest.fixture(scope="session")
def models():
    return ServedModels.load(None)


@pytest.fixture(scope="session")
def english():
    return Texts("en")


@pytest.fixture(scope="session")
def changed():
    """The shipped classifier with other values in its config."""
    config, weights = model_folder.read(PRETRAINED / "names" / "classifier")
    return lambda **values: ServedModels(Classifier(dataclasses.replace(config, **values), weights), None)


@pytest.fixture(scope="session")
def private():
    """The shipped generator without the list of its names, as ``--private`` makes it."""
    return Generator(*model_folder.read(PRETRAINED / "names" / "generator"))


@pytest.fixture(scope="session")
def with_kinds():
    """A classifier that knows kinds, families and a list, and the shipped generator."""
    labels = list(LABELS)
    config = ModelConfig(
        task="classifier",
        architecture={"cell": "gru", "hidden": 4, "embedding": 4, "bidirectional": False, "pooling": "last"},
        alphabet=" abcdefghijklmnopqrstuvwxyz",
        labels=labels,
        class_counts=COUNTS,
        pipeline="folded",
        max_length=20,
        kinds=KINDS,
        families=LABELS,
        calibration={
            "weights": {"network": 0.01, "ngrams": 0.0, "prior": 1.0, "memory": 8.0},
            "thresholds": {"0.9": 0.3},
            # Unlike is what costs more than two and a half nats a character.
            "likeness": {"latin": {"mean": [2.5, 0.0], "variance": [0.0, 0.0], "threshold": 0.0}},
        },
    )
    classes = [labels.index(label) * len(KINDS) + KINDS.index(kind) for _, label, kind in LISTED]
    memory = Memory.of([name for name, _, _ in LISTED], classes, len(config.class_counts))
    vocabulary = Vocabulary(config.alphabet)
    encoded = [vocabulary.encode(name) for name, _, _ in LISTED[:-1]]
    own_labels = [labels.index(label) for _, label, _ in LISTED[:-1]]
    ngrams = NGramHashTable.fit(encoded, own_labels, len(labels), len(vocabulary))
    torch.manual_seed(0)
    network = {name: value.numpy() for name, value in modules.build(config).state_dict().items()}
    return ServedModels(Classifier(config, network | memory.weights() | ngrams.weights()), load("names/generator"))


@pytest.fixture(scope="session")
def plain_generator(models):
    """The shipped generator without kinds of names, and without letters outside ASCII."""
    config, weights = model_folder.read(PRETRAINED / "names" / "generator")
    generator = Generator(config, weights, PRETRAINED / "names" / "generator")
    generator.config = dataclasses.replace(
        config, kinds=[], alphabet="".join(c for c in config.alphabet if c.isascii())
    )
    return generator
