import dataclasses

import numpy as np
import pytest
import torch

from charrnn import model_folder
from charrnn.errors import SettingsError
from charrnn.model_config import conditions
from charrnn.text import SPECIALS
from charrnn.training.transfer import (
    CHARACTER_ROWS,
    LABEL_ROWS,
    adopt_architecture,
    base_pipeline,
    check_task,
    transfer_weights,
)
from tests.conftest import config, network

ARCHITECTURES = {
    "classifier": {"cell": "gru", "hidden": 6, "embedding": 4},
    "generator": {"cell": "gru", "hidden": 6, "embedding": 4, "label_embedding": 3},
}
OLD, NEW = ["A", "B", "C"], ["C", "D", "A"]


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_shared_weights_are_copied_and_rows_follow_their_labels(task):
    cfg = config(task, **ARCHITECTURES[task])
    old, weights = network(cfg, seed=1)
    new, _ = network(cfg, seed=2)
    transfer_weights(new, weights, dataclasses.replace(cfg, labels=OLD), dataclasses.replace(cfg, labels=NEW))
    for name, tensor in new.state_dict().items():
        source = old.state_dict()[name]
        if name not in LABEL_ROWS[task]:
            assert torch.equal(tensor, source)
            continue
        assert torch.equal(tensor[0], source[2]) and torch.equal(tensor[2], source[0])
        if task == "classifier":
            assert not tensor[1].any()
        else:
            # A new label starts at the mean; the last row stands for any label in both.
            assert torch.allclose(tensor[1], source.mean(0)) and torch.equal(tensor[3], source[3])


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_new_characters_get_new_rows_and_the_old_ones_keep_theirs(task, tmp_path):
    base = config(task, **ARCHITECTURES[task])
    old, weights = network(base, seed=1)
    model_folder.write(tmp_path, base, weights, "")
    own = dataclasses.replace(base, alphabet="čzаÉ\u3042 1", pipeline="native")
    adopted = adopt_architecture(own, tmp_path)
    assert adopted.alphabet == base.alphabet + "čаÉ\u30421" and adopted.pipeline == "native"
    new = network(adopted, seed=2)[0]
    transfer_weights(new, weights, base, adopted)
    first = SPECIALS + len(base.alphabet)
    for name in CHARACTER_ROWS[task]:
        before, after = old.state_dict()[name], new.state_dict()[name]
        row = {c: before[SPECIALS + base.alphabet.index(c)] for c in "ac"}
        assert torch.equal(after[:first], before)
        # č is like c, Cyrillic а and hiragana あ are like a; for É and 1 the base has nothing like it.
        mean = before[SPECIALS:].mean(0)
        for i, expected in enumerate([row["c"], row["a"], mean, row["a"], mean], start=first):
            assert torch.allclose(after[i], expected)


def test_a_new_letter_of_a_large_script_begins_as_the_rare_ones_of_the_base(tmp_path):
    base = dataclasses.replace(config("classifier", **ARCHITECTURES["classifier"]), alphabet="abj\ue000")
    old, weights = network(base, seed=1)
    model_folder.write(tmp_path, base, weights, "")
    adopted = adopt_architecture(dataclasses.replace(base, alphabet="金"), tmp_path)
    new = network(adopted, seed=2)[0]
    transfer_weights(new, weights, base, adopted)
    rows = new.state_dict()["embed.weight"]
    assert torch.equal(rows[-1], old.state_dict()["embed.weight"][-1])  # not "j", as in Jin


def test_the_pipeline_of_a_base_is_named_as_settings_name_it(tmp_path):
    for pipeline, name in (
        ("ascii-folded", "ascii"),
        ("native-folded", "native"),
        ("folded", "folded"),
        ("latin", "latin"),
    ):
        cfg = config("classifier", **ARCHITECTURES["classifier"])
        model_folder.write(tmp_path, dataclasses.replace(cfg, pipeline=pipeline), network(cfg)[1], "")
        assert base_pipeline(tmp_path) == name


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_a_model_of_the_other_task_is_no_base(task, tmp_path):
    cfg = config(task, **ARCHITECTURES[task])
    model_folder.write(tmp_path, cfg, network(cfg)[1], "")
    check_task(tmp_path, task)
    other = next(other for other in ARCHITECTURES if other != task)
    with pytest.raises(SettingsError, match=f"is a {task}, not a {other}"):
        check_task(tmp_path, other)


def tuned(task, base_kinds, kinds):
    """Logits of a base for each class or condition, and those of a model with other labels and kinds that starts so."""
    logits = []
    base = dataclasses.replace(config(task, **ARCHITECTURES[task]), kinds=base_kinds)
    own = dataclasses.replace(base, labels=NEW, kinds=kinds)
    (old, weights), (new, _) = network(base, seed=1), network(own, seed=2)
    transfer_weights(new, weights, base, own)
    chars = torch.tensor([[2, 5, 9, 6]])
    for module, cfg in ((old, base), (new, own)):
        size = 3 * cfg.kind_count
        if task == "classifier":
            found = module(chars, torch.tensor([4]))[0]
        else:
            asked = torch.from_numpy(conditions(cfg, np.arange(size)))
            found = module(chars.expand(size, -1), asked).flatten(1)
        logits.append(dict(zip(((lab, kind) for lab in cfg.labels for kind in cfg.kinds or [""]), found, strict=True)))
    return logits


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_rows_follow_their_labels_and_their_kinds(task):
    base, own = tuned(task, ["female", "male", "surname"], ["other", "surname", "male"])
    for label in ("A", "C"):
        for kind in ("male", "surname"):
            assert torch.allclose(own[label, kind], base[label, kind], atol=1e-6)
    assert not torch.allclose(own["A", "other"], own["A", "male"])


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_kinds_start_as_the_labels_of_a_base_that_has_none(task):
    base, own = tuned(task, [], ["given", "surname"])
    for label in ("A", "C"):
        assert all(torch.allclose(own[label, kind], base[label, ""], atol=1e-6) for kind in ("given", "surname"))


def test_a_list_without_kinds_starts_from_all_kinds_of_a_classifier_and_from_any_of_a_generator():
    base, own = tuned("classifier", ["given", "surname"], [])
    for label in ("A", "C"):
        mean = (base[label, "given"] + base[label, "surname"]) / 2
        assert torch.allclose(own[label, ""], mean, atol=1e-6)
    cfg = dataclasses.replace(config("generator", **ARCHITECTURES["generator"]), kinds=["given", "surname"])
    (old, weights), (new, _) = network(cfg, seed=1), network(dataclasses.replace(cfg, kinds=[]), seed=2)
    transfer_weights(new, weights, cfg, dataclasses.replace(cfg, kinds=[]))
    chars = torch.tensor([[2, 5, 9, 6]] * 4)
    assert torch.allclose(new(chars, torch.arange(4)), old(chars, torch.tensor([2, 5, 8, 11])), atol=1e-6)
