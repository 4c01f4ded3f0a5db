import torch
from hypothesis import given
from hypothesis import strategies as st

from charrnn.text import END, PAD, START, Compose, Vocabulary, to_ascii
from charrnn.training.dataset import (
    IGNORE,
    LengthBuckets,
    NameDataset,
    collate_classifier,
    collate_generator,
    make_loader,
)

VOCABULARY = Vocabulary("abc")
DATA = NameDataset(["abc", "a", "čb"], [0, 1, 2], Compose(to_ascii, VOCABULARY.encode))
A, B, C = VOCABULARY.encode("abc")


def test_items_are_transformed_names_and_labels():
    chars, label = DATA[2]
    assert chars.tolist() == [C, B] and label == 2
    assert len(DATA) == 3 and DATA.lengths == [3, 1, 2]


def test_collate_classifier_pads_and_keeps_lengths():
    batch = collate_classifier([DATA[0], DATA[1]])
    chars, lengths = batch.inputs
    assert chars.tolist() == [[A, B, C], [A, PAD, PAD]]
    assert lengths.tolist() == [3, 1] and batch.targets.tolist() == [0, 1]


def test_collate_generator_shifts_by_one():
    batch = collate_generator([DATA[0], DATA[1]])
    chars, labels = batch.inputs
    assert chars.tolist() == [[START, A, B, C], [START, A, PAD, PAD]]
    assert batch.targets.tolist() == [[A, B, C, END], [A, END, IGNORE, IGNORE]]
    assert labels.tolist() == [0, 1]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=300), st.integers(1, 40), st.integers(0, 3))
def test_buckets_deal_every_index_once(lengths, batch_size, seed):
    for generator in (None, torch.Generator().manual_seed(seed)):
        sampler = LengthBuckets(lengths, batch_size, generator, pool=3)
        batches = list(sampler)
        assert sorted(i for b in batches for i in b) == list(range(len(lengths)))
        assert all(1 <= len(b) <= batch_size for b in batches)


def test_buckets_leave_little_padding_and_change_each_epoch():
    lengths = torch.randint(1, 30, (5000,), generator=torch.Generator().manual_seed(0)).tolist()
    sampler = LengthBuckets(lengths, 50, torch.Generator().manual_seed(0))
    first, second = list(sampler), list(sampler)
    assert first != second
    padded = sum(len(b) * max(lengths[i] for i in b) for b in first)
    assert padded < 1.1 * sum(lengths)


def test_loader_is_reproducible():
    def epoch(seed):
        return [batch.targets.tolist() for batch in make_loader(DATA, "classifier", 1, seed)]

    assert epoch(3) == epoch(3)
    assert sorted(map(tuple, epoch(3))) == [(0,), (1,), (2,)]
