import dataclasses

import pytest

from charrnn import model_folder
from charrnn.inference import PRETRAINED, Classifier, Generator
from charrnn.service.models import ServedModels
from charrnn.service.page.texts import Texts


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
