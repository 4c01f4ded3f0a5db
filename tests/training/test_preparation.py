import dataclasses
import string

import pytest
import torch

from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.errors import CorpusError, SettingsError
from charrnn.inference import PRETRAINED
from charrnn.model_config import classes_of, conditions
from charrnn.name_forms import NameForms
from charrnn.text import PIPELINES, Vocabulary, fold_latin, is_no_name
from charrnn.training.dataset import DeviceLoader, Loader
from charrnn.training.distributed import DistributedContext
from charrnn.training.preparation import class_indices, make_loaders, starting_config, usable_names
from charrnn.training.settings import SETTINGS
from charrnn.training.training_run import TrainingRun
from tests.conftest import random_names

# Some names have a character twice that no other name has, so that the alphabet depends on which are for training.
MARKS = string.punctuation + "12345678"
NAMES = [name + 2 * mark for name, mark in zip(random_names(40, 8), MARKS, strict=True)]
NAMES += ["Müller", "Muller", "müller"]
CORPUS = Corpus(NAMES, [*["A", "B"] * 20, "A", "A", "B"])


def prepare(task, context=None, corpus=CORPUS, families=None, **settings):
    context = context or DistributedContext(torch.device("cpu"))
    run = TrainingRun(task, corpus, SETTINGS[task](**settings), context, families=families or {})
    names = usable_names(task, corpus, run.settings.pipeline)
    splits = split(names, run.settings.seed)
    return run, names, splits, starting_config(run, names, splits)


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_the_characters_of_the_names_are_kept_where_the_alphabet_is_that_of_init(task):
    run, names, splits, own = prepare(task)
    assert own.own_characters == own.alphabet and "characters" not in own.data
    adopted = starting_config(dataclasses.replace(run, init=PRETRAINED / "names" / task), names, splits)
    assert set(own.alphabet) < set(adopted.alphabet) and adopted.own_characters == own.alphabet


@pytest.mark.parametrize(
    ("task", "pipeline", "left_out"),
    [
        ("classifier", "folded", 1),
        ("classifier", "ascii", 1),
        ("classifier", "native", 0),
        ("generator", "ascii", 0),
        ("generator", "latin", 0),
        ("generator", "native", 0),
    ],
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


@pytest.mark.parametrize(
    ("task", "setting", "pipeline"),
    [
        ("classifier", "folded", "folded"),
        ("classifier", "ascii", "ascii-folded"),
        ("classifier", "native", "native-folded"),
        ("generator", "ascii", "ascii"),
        ("generator", "latin", "latin"),
        ("generator", "native", "native"),
    ],
)
def test_a_classifier_reads_names_in_folded_case(task, setting, pipeline):
    assert prepare(task, pipeline=setting)[-1].pipeline == pipeline
    assert prepare(task)[-1].pipeline == {"classifier": "folded", "generator": "ascii"}[task]


@pytest.mark.parametrize(("task", "pipeline"), [("classifier", "folded"), ("generator", "ascii")])
def test_the_config_describes_data_and_network(task, pipeline):
    run, names, splits, config = prepare(task, hidden=11, seed=4)
    assert config.architecture == run.settings.architecture() and config.architecture["hidden"] == 11
    assert config.pipeline == pipeline and config.labels == ["A", "B"]
    # Of the training names alone: nothing of the test names may pass into the model.
    texts = [PIPELINES[pipeline](name) for name in splits.train.names]
    assert config.alphabet == Vocabulary.build(texts).alphabet and config.max_length == max(map(len, texts))
    everything = Vocabulary.build([PIPELINES[pipeline](name) for name in names.names]).alphabet
    assert set(config.alphabet) < set(everything)
    assert config.class_counts == [splits.train.labels.count(label) for label in "AB"]
    assert config.kinds == [] and config.families == {}
    data = config.data
    assert [data[key] for key in ("train", "validation", "test")] == [len(part) for part in splits]
    assert data["names"] == len(names) and data["seed"] == 4 and data["fingerprint"] == CORPUS.fingerprint


def test_training_batches_are_shuffled_and_validation_batches_are_larger_and_not():
    run, _, splits, config = prepare("classifier", batch_size=5, seed=7)
    loaders = make_loaders(run, config, splits)
    assert (loaders.train.sampler.seed, loaders.train.sampler.batch_size) == (7, 5)
    assert (loaders.refit.sampler.seed, loaders.refit.sampler.batch_size) == (7, 5)
    assert (loaders.validation.sampler.seed, loaders.validation.sampler.batch_size) == (None, 20)
    assert make_loaders(*prepare("classifier", refit=False)[::3], splits).refit is None


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


KINDS = ["given", "surname"]
KINDRED = Corpus(
    [*NAMES[:40], "Kim", "Kim"], [*["A", "B"] * 20, "A", "A"], kinds=[*["given"] * 15, *["surname"] * 26, "given"]
)


def test_a_name_of_a_label_in_two_kinds_is_two():
    assert len(usable_names("classifier", KINDRED)) == len(KINDRED)
    assert len(usable_names("classifier", Corpus(KINDRED.names, KINDRED.labels))) == len(KINDRED) - 1


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_classes_are_the_kinds_of_each_label(task):
    run, _, splits, config = prepare(task, corpus=KINDRED, families={"B": "Slavic", "C": "Celtic"})
    assert (config.labels, config.kinds, config.families) == (["A", "B"], KINDS, {"B": "Slavic"})
    pairs = list(zip(splits.train.labels, splits.train.kinds, strict=True))
    assert config.class_counts == [pairs.count((label, kind)) for label in "AB" for kind in KINDS]
    classes = [2 * "AB".index(label) + KINDS.index(kind) for label, kind in pairs]
    assert class_indices(config, splits.train).tolist() == classes
    # A generator has one more kind of each label, any.
    learned = classes if task == "classifier" else [3 * (c // 2) + c % 2 for c in classes]
    assert make_loaders(run, config, splits).train.data.labels == learned


@pytest.mark.parametrize(("kinds", "knows"), [(["female", "surname"], True), (["male", "middle"], False)])
def test_a_model_that_knows_the_parts_of_full_names_is_told_how_they_are_put_together(kinds, knows):
    names = [f"{stem}{ending}" for stem in random_names(20, 8) for ending in ("ov", "ova")]
    corpus = Corpus(names, ["A"] * 20 + ["B"] * 20, kinds=[kinds[i // 2 % 2] for i in range(40)])
    forms = {"A": NameForms("surname given", ("-ova",), ("-ov",)), "B": NameForms(feminine=("-x",)), "C": NameForms()}
    context = DistributedContext(torch.device("cpu"))
    found = {}
    for task in SETTINGS:
        run = TrainingRun(task, corpus, SETTINGS[task](), context, name_forms=forms)
        usable = usable_names(task, corpus)
        data = starting_config(run, usable, split(usable, 0)).data
        found[task] = {key: value for key, value in data.items() if key.startswith("name_")}
    assert any(found.values()) == knows
    if knows:
        expected = {"A": dataclasses.replace(forms["A"], neutral=False), "B": forms["B"]}
        assert found["generator"] == {"name_forms": {label: own.as_record() for label, own in expected.items()}}
        assert found["classifier"] == {"name_orders": {"A": "surname given", "B": "given surname"}}


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_one_kind_is_none(task):
    run, _, splits, config = prepare(task, corpus=Corpus(KINDRED.names, KINDRED.labels, kinds=["given"] * 42))
    assert config.kinds == [] and len(config.class_counts) == 2
    assert set(make_loaders(run, config, splits).train.data.labels) == {0, 1}


def test_names_of_no_kind_in_particular_train_what_stands_for_any():
    kinds = ["any", "given", "given", "any"] * 20
    corpus = Corpus(random_names(80), ["A", "B"] * 40, kinds=kinds)
    *_, config = prepare("generator", corpus=corpus)
    classes = class_indices(config, corpus)
    found = conditions(config, classes)
    assert config.kinds == ["any", "given"] and set((found % 3).tolist()) == {1, 2}
    assert classes_of(config, found).tolist() == classes.tolist()


def test_a_label_of_one_name_in_two_kinds_is_refused():
    with pytest.raises(CorpusError, match="only one name for B"):
        usable_names("classifier", Corpus(["Ann", "Bo", "Cy", "Cy"], ["A", "A", "B", "B"], kinds=["f", "m", "f", "m"]))


def test_a_classifier_knows_the_share_of_its_names_that_look_like_none():
    corpus = Corpus([*random_names(30, 8), *(f"{name} Ltd" for name in random_names(10, 8))], ["A", "B"] * 20)
    _, _, splits, config = prepare("classifier", corpus=corpus)
    expected = [is_no_name(fold_latin(name)) for name in splits.train.names]
    assert config.data["no_name_share"] == sum(expected) / len(expected) and 0 < sum(expected) < len(expected)
    assert "no_name_share" not in prepare("generator", corpus=corpus)[3].data
