import dataclasses

import pytest
import torch

from charrnn.training.modules import NameClassifier, NameGenerator, pool, reverse
from tests.conftest import CLASSIFIER_CASES, config, network


@pytest.mark.parametrize(
    ("cell", "bidirectional", "pooling"),
    sorted({*CLASSIFIER_CASES, ("gru", False, "mean-last"), ("lstm", True, "mean-last")}),
)
def test_padding_is_never_read(cell, bidirectional, pooling):
    cfg = config("classifier", cell=cell, hidden=6, embedding=4, bidirectional=bidirectional, pooling=pooling)
    module, _ = network(cfg)
    chars = torch.tensor([[5, 6, 7, 0, 0], [8, 9, 10, 11, 12]])
    lengths = torch.tensor([3, 5])
    both = module(chars, lengths)
    alone = module(chars[:1, :3], lengths[:1])
    assert torch.allclose(both[:1], alone, atol=1e-6)


def test_both_directions_equal_torchs_own_bidirectional_layer():
    cfg = config("classifier", cell="lstm", hidden=6, embedding=4, bidirectional=True, pooling="last")
    module, _ = network(cfg)
    reference = torch.nn.LSTM(4, 6, batch_first=True, bidirectional=True)
    state = dict(module.forward_rnn.state_dict())
    state |= {f"{name}_reverse": value for name, value in module.backward_rnn.state_dict().items()}
    reference.load_state_dict(state)
    chars = torch.tensor([[5, 6, 7, 0], [8, 9, 10, 11]])
    lengths = torch.tensor([3, 4])
    packed = torch.nn.utils.rnn.pack_padded_sequence(module.embed(chars), lengths, True, enforce_sorted=False)
    _, (ends, _) = reference(packed)
    assert torch.allclose(module(chars, lengths), module.head(torch.cat([ends[0], ends[1]], -1)), atol=1e-6)


def test_reverse_by_own_length():
    chars = torch.tensor([[1, 2, 3, 0], [4, 5, 6, 7]])
    assert reverse(chars, torch.tensor([3, 4])).tolist() == [[3, 2, 1, 0], [7, 6, 5, 4]]


def test_pooling_by_hand():
    states = torch.tensor([[[1.0], [4.0], [9.0]], [[-3.0], [-1.0], [-2.0]]])
    lengths = torch.tensor([2, 3])
    assert pool(states, lengths, "last").flatten().tolist() == [4, -2]
    assert pool(states, lengths, "mean").flatten().tolist() == [2.5, -2]
    assert pool(states, lengths, "max").flatten().tolist() == [4, -1]
    assert pool(states, lengths, "mean-last").tolist() == [[2.5, 4], [-2, -2]]


def test_the_generator_sees_its_label_and_nothing_of_the_future():
    cfg = config("generator", cell="gru", hidden=6, embedding=4, label_embedding=3)
    module, _ = network(cfg)
    chars = torch.tensor([[2, 5, 6], [2, 5, 9]])
    logits = module(chars, torch.tensor([0, 0]))
    assert logits.shape == (2, 3, 32)
    assert torch.equal(logits[0, :2], logits[1, :2])
    assert not torch.allclose(logits, module(chars, torch.tensor([1, 1])))


def test_character_dropout_makes_characters_unknown_in_training_only():
    torch.manual_seed(0)
    module = NameClassifier(12, 3, "gru", 8, 4, char_dropout=0.5)
    seen = []
    module.embed.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    chars = torch.full((200, 10), 7)
    chars[:, 8:] = 0
    module(chars, torch.full((200,), 8))
    module.eval()(chars, torch.full((200,), 8))
    # Both directions read the same characters.
    assert set(seen[0].unique().tolist()) == {0, 1, 7} and torch.equal(seen[0][:, :8].flip(1), seen[1][:, :8])
    assert (seen[0][:, :8] == 1).float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert (seen[0][:, 8:] == 0).all() and torch.equal(seen[2], chars)


def test_label_dropout_shows_names_without_their_label_in_training_only():
    torch.manual_seed(0)
    module = NameGenerator(12, 3, "gru", 8, 4, 2, label_dropout=0.25)
    seen = []
    module.embed_label.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    labels = torch.arange(2000) % 3
    chars = torch.full((2000, 2), 7)
    module(chars, labels)
    module.eval()(chars, labels)
    left_out = seen[0] == 3
    assert left_out.float().mean().item() == pytest.approx(0.25, abs=0.04)
    assert torch.equal(seen[0][~left_out], labels[~left_out]) and torch.equal(seen[1], labels)


def with_kinds(task, **architecture):
    cfg = dataclasses.replace(config(task, **architecture), kinds=["given", "surname"], class_counts=[1] * 6)
    return network(cfg)[0]


def test_a_classifier_has_a_logit_for_each_kind_of_each_label():
    module = with_kinds("classifier", cell="gru", hidden=6, embedding=4)
    assert module(torch.tensor([[5, 6]]), torch.tensor([2])).shape == (1, 6)


def test_the_generator_sees_its_label_and_its_kind_and_any_of_both():
    module = with_kinds("generator", cell="gru", hidden=6, embedding=4, label_embedding=3)
    logits = module(torch.tensor([[2, 5, 6]] * 12), torch.arange(12))
    assert len(logits.flatten(1).unique(dim=0)) == 12
    # Conditions are labels times kinds, any being the last of each.
    seen = module.embed_label.weight[:, None] + module.embed_kind.weight  # (4, 3, E)
    states, _ = module.rnn(torch.cat([module.embed(torch.tensor([[2]] * 12)), seen.reshape(12, 1, 3)], -1))
    assert torch.allclose(module.head(states), logits[:, :1], atol=1e-6)


def test_with_one_kind_the_generator_has_no_embedding_of_kinds():
    assert NameGenerator(12, 3, "gru", 8, 4, 2).embed_kind is None


def test_kind_dropout_shows_names_without_their_kind_in_training_only():
    torch.manual_seed(0)
    module = NameGenerator(12, 3, "gru", 8, 4, 2, kind_count=2, kind_dropout=0.25)
    labels, kinds = [], []
    module.embed_label.register_forward_pre_hook(lambda _, inputs: labels.append(inputs[0]))
    module.embed_kind.register_forward_pre_hook(lambda _, inputs: kinds.append(inputs[0]))
    conditions = torch.arange(2000) % 9
    chars = torch.full((2000, 2), 7)
    module(chars, conditions)
    module.eval()(chars, conditions)
    own = conditions % 3
    left_out = (kinds[0] == 2) & (own != 2)
    assert (left_out.sum() / (own != 2).sum()).item() == pytest.approx(0.25, abs=0.04)
    assert torch.equal(kinds[0][~left_out], own[~left_out]) and torch.equal(kinds[1], own)
    assert all(torch.equal(seen, conditions // 3) for seen in labels)
