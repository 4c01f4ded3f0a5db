import pytest
import torch

from charrnn.training.transfer import transfer_weights
from tests.conftest import config, network

ARCHITECTURES = {
    "classifier": {"cell": "gru", "hidden": 6, "embedding": 4},
    "generator": {"cell": "gru", "hidden": 6, "embedding": 4, "label_embedding": 3},
}
BY_LABEL = {"classifier": {"head.weight", "head.bias"}, "generator": {"embed_label.weight"}}
OLD, NEW = ["A", "B", "C"], ["C", "D", "A"]


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_shared_weights_are_copied_and_rows_follow_their_labels(task):
    cfg = config(task, **ARCHITECTURES[task])
    old, weights = network(cfg, seed=1)
    new, before = network(cfg, seed=2)
    transfer_weights(new, weights, OLD, NEW)
    before = {name: torch.from_numpy(array) for name, array in before.items()}
    for name, tensor in new.state_dict().items():
        source = old.state_dict()[name]
        if name not in BY_LABEL[task]:
            assert torch.equal(tensor, source)
            continue
        assert torch.equal(tensor[0], source[2]) and torch.equal(tensor[2], source[0])
        if task == "classifier":
            assert torch.equal(tensor[1], before[name][1])
        else:
            # A new label starts at the mean; the last row stands for any label in both.
            assert torch.allclose(tensor[1], source.mean(0)) and torch.equal(tensor[3], source[3])
