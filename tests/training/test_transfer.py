import dataclasses

import pytest
import torch

from charrnn import model_folder
from charrnn.text import SPECIALS
from charrnn.training.transfer import CHARACTER_ROWS, LABEL_ROWS, adopt_architecture, base_pipeline, transfer_weights
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
    new, before = network(cfg, seed=2)
    transfer_weights(new, weights, dataclasses.replace(cfg, labels=OLD), dataclasses.replace(cfg, labels=NEW))
    before = {name: torch.from_numpy(array) for name, array in before.items()}
    for name, tensor in new.state_dict().items():
        source = old.state_dict()[name]
        if name not in LABEL_ROWS[task]:
            assert torch.equal(tensor, source)
            continue
        assert torch.equal(tensor[0], source[2]) and torch.equal(tensor[2], source[0])
        if task == "classifier":
            assert torch.equal(tensor[1], before[name][1])
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


def test_the_pipeline_of_a_base_is_named_as_settings_name_it(tmp_path):
    for pipeline, name in (("ascii-folded", "ascii"), ("native-folded", "native")):
        cfg = config("classifier", **ARCHITECTURES["classifier"])
        model_folder.write(tmp_path, dataclasses.replace(cfg, pipeline=pipeline), network(cfg)[1], "")
        assert base_pipeline(tmp_path) == name
