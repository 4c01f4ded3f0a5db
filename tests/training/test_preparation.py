import string

import pytest
import torch

from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.errors import CorpusError, SettingsError
from charrnn.text import PIPELINES, Vocabulary
from charrnn.training.dataset import DeviceLoader, Loader
from charrnn.training.distributed import DistributedContext
from charrnn.training.preparation import make_loaders, starting_config, usable_names
from charrnn.training.settings import SETTINGS
from charrnn.training.training_run import TrainingRun
from tests.conftest import random_names

# Some names have a character twice that no other name has, so that the alphabet depends on which are for training.
MARKS = string.punctuation + "12345678"
NAMES = [name + 2 * mark for name, mark in zip(random_names(40, 8), MARKS, strict=True)]
NAMES += ["Müller", "Muller", "müller"]
CORPUS = Corpus(NAMES, [*["A", "B"] * 20, "A", "A", "B"])


def prepare(task, context=None, **settings):
    run = TrainingRun(task, CORPUS, SETTINGS[task](**settings), context or DistributedContext(torch.device("cpu")))
    names = usable_names(task, CORPUS, run.settings.pipeline)
    splits = split(names, run.settings.seed)
    return run, names, splits, starting_config(run, names, splits)


@pytest.mark.parametrize(
    ("task", "pipeline", "left_out"),
    [("classifier", "ascii", 1), ("classifier", "native", 0), ("generator", "ascii", 0), ("generator", "native", 0)],
)
def test_a_classifier_drops_pairs_that_it_reads_alike(task, pipeline, left_out):
    names = usable_names(task, CORPUS, pipeline)
    repeats = len(CORPUS) - len(CORPUS.distinct_pairs("native")) if task == "classifier" else 0
    assert len(names) == len(CORPUS) - left_out - repeats
    assert names.dropped.get("repeated", 0) == left_out + repeats


@pytest.mark.parametrize(
    ("task", "labels", "message"),
    [
        ("classifier", ["A", "A", "A"], "one label only"),
        ("classifier", ["A", "A", "B"], "only one name for B"),
        ("generator", ["A", "A", "*"], "stands for any label"),
    ],
)
def test_a_corpus_that_does_not_serve_the_task_is_refused(task, labels, message):
    with pytest.raises(CorpusError, match=message):
        usable_names(task, Corpus(["Ab", "Cd", "Ef"], labels))


@pytest.mark.parametrize(("task", "pipeline"), [("classifier", "ascii-folded"), ("generator", "ascii")])
def test_the_config_describes_data_and_network(task, pipeline):
    run, names, splits, config = prepare(task, hidden=11, seed=4)
    assert config.architecture == run.settings.architecture() and config.architecture["hidden"] == 11
    assert config.pipeline == pipeline and config.labels == ["A", "B"]
    # Of the training names alone: nothing of the test names may pass into the model.
    texts = [PIPELINES[pipeline](name) for name in splits.train.names]
    assert config.alphabet == Vocabulary.build(texts).alphabet and config.max_length == max(map(len, texts))
    everything = Vocabulary.build([PIPELINES[pipeline](name) for name in names.names]).alphabet
    assert set(config.alphabet) < set(everything)
    assert config.label_counts == [splits.train.labels.count(label) for label in "AB"]
    data = config.data
    assert [data[key] for key in ("train", "validation", "test")] == [len(part) for part in splits]
    assert data["names"] == len(names) and data["seed"] == 4 and data["fingerprint"] == CORPUS.fingerprint


def test_training_batches_are_shuffled_and_validation_batches_are_larger_and_not():
    run, _, splits, config = prepare("classifier", batch_size=5, seed=7)
    loaders = make_loaders(run, config, splits)
    assert (loaders.train.sampler.seed, loaders.train.sampler.batch_size) == (7, 5)
    assert (loaders.refit.sampler.seed, loaders.refit.sampler.batch_size) == (7, 5)
    assert (loaders.validation.sampler.seed, loaders.validation.sampler.batch_size) == (None, 20)
    assert make_loaders(*prepare("generator")[::3], splits).refit is None


@pytest.mark.parametrize(("device", "kind"), [("cpu", Loader), ("meta", DeviceLoader)])
def test_names_lie_on_a_gpu_and_not_on_the_cpu(device, kind):
    run, _, splits, config = prepare("classifier", DistributedContext(torch.device(device)))
    loaders = make_loaders(run, config, splits)
    assert all(type(batches) is kind for batches in (loaders.train, loaders.validation, loaders.refit))


def test_each_rank_has_its_share_of_the_batches_and_too_small_ones_are_refused():
    run, _, splits, config = prepare("classifier", DistributedContext(torch.device("cpu"), "ddp", rank=1, world_size=3))
    samplers = [batches.sampler for batches in vars(make_loaders(run, config, splits)).values()]
    assert [(sampler.rank, sampler.world_size) for sampler in samplers] == [(1, 3)] * 3
    run, _, splits, config = prepare("classifier", run.context, batch_size=2)
    with pytest.raises(SettingsError, match="--batch-size 2: some batch has 2 names for 3 processes"):
        make_loaders(run, config, splits)
