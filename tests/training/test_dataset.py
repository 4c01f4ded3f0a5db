from itertools import chain

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charrnn.text import BOS, EOS, PAD, Compose, Vocabulary, to_ascii
from charrnn.training.dataset import (
    IGNORE,
    DeviceLoader,
    LengthBuckets,
    Loader,
    NameDataset,
    collate_classifier,
    collate_generator,
)
from tests.conftest import random_names

VOCABULARY = Vocabulary("abc")
DATA = NameDataset(["abc", "a", "čb"], [0, 1, 2], Compose(to_ascii, VOCABULARY.encode))
A, B, C = VOCABULARY.encode("abc")


def test_items_are_transformed_names_and_labels():
    chars, label = DATA[2]
    assert chars.tolist() == [C, B] and label == 2
    assert len(DATA) == 3 and DATA.lengths == [3, 1, 2]


def test_some_names_are_selected_in_order():
    chosen = DATA.select([2, 0])
    assert [(chars.tolist(), label) for chars, label in chosen] == [([C, B], 2), ([A, B, C], 0)]
    assert len(chosen) == 2 and chosen.lengths == [2, 3] and len(DATA) == 3


def test_collate_classifier_pads_and_keeps_lengths():
    batch = collate_classifier([DATA[0], DATA[1]])
    chars, lengths = batch.inputs
    assert chars.tolist() == [[A, B, C], [A, PAD, PAD]]
    assert lengths.tolist() == [3, 1] and batch.targets.tolist() == [0, 1]


def test_collate_generator_shifts_by_one():
    batch = collate_generator([DATA[0], DATA[1]])
    chars, labels = batch.inputs
    assert chars.tolist() == [[BOS, A, B, C], [BOS, A, PAD, PAD]]
    assert batch.targets.tolist() == [[A, B, C, EOS], [A, EOS, IGNORE, IGNORE]]
    assert labels.tolist() == [0, 1]


LENGTHS = torch.randint(1, 30, (5000,), generator=torch.Generator().manual_seed(0)).tolist()


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=300),
    st.integers(1, 40),
    st.none() | st.integers(0, 3),
    st.integers(1, 4),
)
def test_every_index_occurs_once_over_all_ranks(lengths, batch_size, seed, world_size):
    whole = list(LengthBuckets(lengths, batch_size, seed, pool=3))
    assert sorted(i for b in whole for i in b) == list(range(len(lengths)))
    assert all(1 <= len(b) <= batch_size for b in whole)
    assert max(map(len, whole)) <= 2 * min(map(len, whole)) or len(lengths) > 3 * batch_size
    shares = [list(LengthBuckets(lengths, batch_size, seed, r, world_size, pool=3)) for r in range(world_size)]
    assert sorted(i for share in shares for b in share for i in b) == list(range(len(lengths)))
    # Rank 0 has a part of every batch; where all have, together they have the batches of one process.
    assert len(shares[0]) == len(whole)
    if min(map(len, whole)) >= world_size:
        assert [sorted(chain(*parts)) for parts in zip(*shares, strict=True)] == [sorted(b) for b in whole]


def test_buckets_hold_little_padding_and_change_each_epoch():
    sampler = LengthBuckets(LENGTHS, 50, seed=0)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert first != second
    padded = sum(len(b) * max(LENGTHS[i] for i in b) for b in first)
    assert padded < 1.1 * sum(LENGTHS)


def test_an_epoch_can_be_entered_anywhere():
    sampler = LengthBuckets(LENGTHS, 50, seed=3)
    sampler.set_epoch(2)
    whole = list(sampler)
    sampler.set_epoch(2, 17)
    assert list(sampler) == whole[17:]
    other = LengthBuckets(LENGTHS, 50, seed=2)
    other.set_epoch(3)
    assert list(other) != whole


@pytest.mark.parametrize("task", ["classifier", "generator"])
def test_batches_indexed_on_the_device_equal_the_loaders(task):
    names = random_names(200, longest=13)
    data = NameDataset(names, [i % 3 for i in range(200)], Vocabulary("abcdefghijklmnopqrstuvwxyz'").encode)
    cpu = torch.device("cpu")
    reference = list(Loader(data, task, LengthBuckets(data.lengths, 16, 1), cpu))
    quick = list(DeviceLoader(data, task, LengthBuckets(data.lengths, 16, 1), cpu))
    assert len(reference) == len(quick) > 10
    widths = set()
    for a, b in zip(reference, quick, strict=True):
        width = a.inputs[0].size(1)
        widths.add(b.inputs[0].size(1))
        assert torch.equal(a.inputs[0], b.inputs[0][:, :width]) and (b.inputs[0][:, width:] == PAD).all()
        assert torch.equal(a.inputs[1], b.inputs[1])
        if task == "generator":
            assert torch.equal(a.targets, b.targets[:, :width]) and (b.targets[:, width:] == IGNORE).all()
        else:
            assert torch.equal(a.targets, b.targets)
    assert widths <= {4, 8, 12, 16}


def test_loading_leaves_the_random_state_of_torch_alone():
    loader = Loader(DATA, "classifier", LengthBuckets(DATA.lengths, 2, 0), torch.device("cpu"))
    before = torch.get_rng_state()
    list(loader)
    assert torch.equal(before, torch.get_rng_state())
