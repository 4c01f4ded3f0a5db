"""From a corpus to batches: a map-style dataset, collate functions for both tasks, length buckets, loaders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from charrnn.text import END, PAD, START

IGNORE = -100
"""Target of padding; the loss leaves it out."""

Item = tuple[Tensor, int]


@dataclass(frozen=True)
class Batch:
    """The one contract between data and trainer: ``loss(model(*batch.inputs), batch.targets)``.

    Attributes:
        inputs: tensors whose first dimension is the batch.
        targets: class indices, (B,) to classify or (B, T) to generate, padding being :data:`IGNORE`.
    """

    inputs: tuple[Tensor, ...]
    targets: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(tuple(t.to(device, non_blocking=True) for t in self.inputs), self.targets.to(device))


class NameDataset(Dataset[Item]):
    """Names and label indices; item ``i`` is (character indices (T,) int64, label index).

    Args:
        names: the names.
        labels: index of each name's label.
        transform: from a name to the indices of its characters, such as
            ``Compose(clean, to_ascii, vocabulary.encode)``; applied once, on construction.
    """

    def __init__(self, names: Sequence[str], labels: Sequence[int], transform: Callable[[str], list[int]]) -> None:
        self.encoded = [torch.tensor(transform(name), dtype=torch.long) for name in names]
        self.labels = list(labels)

    def __len__(self) -> int:
        return len(self.encoded)

    def __getitem__(self, index: int) -> Item:
        return self.encoded[index], self.labels[index]

    @property
    def lengths(self) -> list[int]:
        """Characters of each name."""
        return [len(e) for e in self.encoded]


def collate_classifier(items: Sequence[Item]) -> Batch:
    """Inputs: characters (B, T) padded, lengths (B,). Targets: labels (B,)."""
    chars = torch.nn.utils.rnn.pad_sequence([e for e, _ in items], batch_first=True, padding_value=PAD)
    lengths = torch.tensor([len(e) for e, _ in items])
    return Batch((chars, lengths), torch.tensor([label for _, label in items]))


def collate_generator(items: Sequence[Item]) -> Batch:
    """Inputs: start symbol and characters (B, T + 1), labels (B,). Targets: characters and end symbol (B, T + 1)."""
    start, end = torch.tensor([START]), torch.tensor([END])
    pad = torch.nn.utils.rnn.pad_sequence
    chars = pad([torch.cat([start, e]) for e, _ in items], batch_first=True, padding_value=PAD)
    targets = pad([torch.cat([e, end]) for e, _ in items], batch_first=True, padding_value=IGNORE)
    return Batch((chars, torch.tensor([label for _, label in items])), targets)


COLLATE: dict[str, Callable[[Sequence[Item]], Batch]] = {
    "classifier": collate_classifier,
    "generator": collate_generator,
}


class LengthBuckets(Sampler[list[int]]):
    """Batches of names of similar length, so that little is padding.

    Shuffled: names are cut at random into pools of ``pool`` batches; each pool is sorted by length and cut into
    batches, whose order is shuffled again. Unshuffled: sorted by length. Either way every index comes once an epoch.

    Args:
        lengths: length of each name.
        batch_size: names in a batch; the last one may be smaller.
        generator: source of randomness; None keeps the order fixed.
        pool: batches in a pool.
    """

    def __init__(
        self, lengths: Sequence[int], batch_size: int, generator: torch.Generator | None = None, pool: int = 50
    ) -> None:
        self.lengths = torch.tensor(lengths)
        self.batch_size = batch_size
        self.generator = generator
        self.pool = pool

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        n = len(self.lengths)
        if self.generator is None:
            order = torch.argsort(self.lengths, stable=True)
            yield from (batch.tolist() for batch in torch.split(order, self.batch_size))
            return
        order = torch.randperm(n, generator=self.generator)
        pools = torch.split(order, self.batch_size * self.pool)
        batches = [
            batch
            for pool in pools
            for batch in torch.split(pool[torch.argsort(self.lengths[pool], stable=True)], self.batch_size)
        ]
        for i in torch.randperm(len(batches), generator=self.generator).tolist():
            yield batches[i].tolist()


def make_loader(dataset: NameDataset, task: str, batch_size: int, seed: int | None = None) -> DataLoader[Item]:
    """Batches of a data set: shuffled anew each epoch with a seed, sorted by length without one."""
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    sampler = LengthBuckets(dataset.lengths, batch_size, generator)
    return DataLoader(dataset, batch_sampler=sampler, collate_fn=COLLATE[task])
