"""Batches of names: a map-style dataset, collate functions of both tasks, length buckets, loaders."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

from charrnn.text import BOS, EOS, PAD

IGNORE = -100
"""Target of padding, which the loss leaves out."""

Item = tuple[Tensor, int]


@dataclass(frozen=True)
class Batch:
    """What a loader gives and the trainer takes, for both tasks: ``loss(model(*batch.inputs), batch.targets)``.

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
    """Names and what they are of; item ``i`` is (character indices (T,) int64, class or condition).

    Args:
        names: the names.
        labels: index of each name's class (see :class:`charrnn.model_config.ModelConfig`), or of its condition (see
            :class:`charrnn.training.modules.NameGenerator`).
        transform: from a name to the indices of its characters, such as
            ``Compose(clean, to_ascii, vocabulary.encode)``; applied once, on construction.
    """

    def __init__(self, names: Sequence[str], labels: Sequence[int], transform: Callable[[str], list[int]]) -> None:
        self.encoded = [torch.tensor(transform(name), dtype=torch.long) for name in names]
        self.labels = list(labels)

    @classmethod
    def concatenate(cls, datasets: Sequence[NameDataset]) -> NameDataset:
        """All names of several datasets, in order."""
        combined = cls([], [], lambda name: [])
        combined.encoded = [name for data in datasets for name in data.encoded]
        combined.labels = [label for data in datasets for label in data.labels]
        return combined

    def select(self, indices: Sequence[int]) -> NameDataset:
        """The names at the indices, in that order."""
        chosen = NameDataset([], [], lambda name: [])
        chosen.encoded, chosen.labels = [self.encoded[i] for i in indices], [self.labels[i] for i in indices]
        return chosen

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
    chars = pad_sequence([e for e, _ in items], batch_first=True, padding_value=PAD)
    lengths = torch.tensor([len(e) for e, _ in items])
    return Batch((chars, lengths), torch.tensor([label for _, label in items]))


def collate_generator(items: Sequence[Item]) -> Batch:
    """Inputs: BOS and characters (B, T + 1), labels (B,). Targets: characters and EOS (B, T + 1)."""
    chars = pad_sequence([e for e, _ in items], batch_first=True, padding_value=PAD)  # (B, T)
    lengths = torch.tensor([len(e) for e, _ in items]).unsqueeze(1)
    targets = F.pad(chars, (0, 1)).scatter_(1, lengths, EOS)  # (B, T + 1)
    targets.masked_fill_(torch.arange(targets.size(1)) > lengths, IGNORE)
    return Batch((F.pad(chars, (1, 0), value=BOS), torch.tensor([label for _, label in items])), targets)


COLLATE: dict[str, Callable[[Sequence[Item]], Batch]] = {
    "classifier": collate_classifier,
    "generator": collate_generator,
}


class LengthBuckets(Sampler[list[int]]):
    """Batches of names of similar length, which hold little padding.

    Shuffled: the names are cut at random into pools of ``pool`` batches; each pool is sorted by length and cut into
    batches, and the order of all batches is shuffled. Unshuffled: sorted by length. Every index occurs once an epoch.
    The order depends on seed and epoch alone, so an epoch can be entered at any batch without replaying it.

    Several processes share each batch: rank r of n takes every n-th name, beginning with the r-th. The batches do not
    depend on n, and each pool is cut into batches of nearly equal size.

    Args:
        lengths: length of each name.
        batch_size: names in a batch at most, over all ranks.
        seed: of the order; None sorts by length alone.
        rank: of this process.
        world_size: number of processes.
        pool: batches in a pool.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        seed: int | None = None,
        rank: int = 0,
        world_size: int = 1,
        pool: int = 50,
    ) -> None:
        self.lengths = torch.tensor(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.rank, self.world_size = rank, world_size
        self.pool = pool
        self.epoch = self.first_batch = 0

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        """The next iteration gives the batches of this epoch from ``first_batch`` on."""
        self.epoch, self.first_batch = epoch, first_batch

    def __len__(self) -> int:
        return len(self._order())

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self._order()[self.first_batch :]:
            if len(own := batch[self.rank :: self.world_size]):
                yield own.tolist()

    @property
    def smallest_batch(self) -> int:
        """Names in the smallest batch of an epoch, over all ranks."""
        return min(map(len, self._order()))

    def _order(self) -> list[Tensor]:
        n = len(self.lengths)
        if self.seed is None:
            return self._cut(torch.argsort(self.lengths, stable=True))
        # A hash of both numbers: seed + epoch would make epoch 1 of seed 0 equal to epoch 0 of seed 1.
        digest = hashlib.sha256(f"{self.seed}:{self.epoch}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
        order = torch.randperm(n, generator=generator)
        batches: list[Tensor] = []
        for pool in torch.split(order, self.batch_size * self.pool):
            batches += self._cut(pool[torch.argsort(self.lengths[pool], stable=True)])
        return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]

    def _cut(self, order: Tensor) -> list[Tensor]:
        return list(torch.tensor_split(order, math.ceil(len(order) / self.batch_size)))


class Batches(Protocol):
    """The batches of a dataset, an epoch at each iteration.

    Attributes:
        data: the names.
        sampler: gives the indices of each batch, from the epoch that the trainer sets.
    """

    data: NameDataset
    sampler: LengthBuckets

    def __iter__(self) -> Iterator[Batch]:
        """The batches of the sampler's epoch, on the device."""


class Loader:
    """Batches by ``torch.utils.data.DataLoader`` and a collate function. Used on the CPU.

    Args:
        data: names.
        task: key of :data:`COLLATE`.
        sampler: gives the indices of each batch.
        device: of the batches.
    """

    def __init__(self, data: NameDataset, task: str, sampler: LengthBuckets, device: torch.device) -> None:
        self.data, self.sampler, self.device = data, sampler, device
        # With a generator of its own, an iteration draws no seed from the generator that dropout uses.
        self.loader: DataLoader[Item] = DataLoader(
            data, batch_sampler=sampler, collate_fn=COLLATE[task], generator=torch.Generator()
        )

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.loader:
            yield batch.to(self.device)


class DeviceLoader:
    """The batches of :class:`Loader`, indexed from one tensor of all names on the device. Used on GPUs.

    Args:
        data: names.
        task: ``classifier`` or ``generator``.
        sampler: gives the indices of each batch.
        device: of the names and the batches.
        bucket: batches are padded to a multiple of this number of characters, so that a GPU meets few shapes.
    """

    def __init__(
        self, data: NameDataset, task: str, sampler: LengthBuckets, device: torch.device, bucket: int = 4
    ) -> None:
        self.data, self.sampler, self.task, self.bucket = data, sampler, task, bucket
        everything = COLLATE[task]([data[i] for i in range(len(data))]).to(device)
        chars, self.second = everything.inputs
        self.steps = torch.tensor(data.lengths) + (task == "generator")  # symbols of each input, on the CPU
        width = -(-chars.size(1) // bucket) * bucket
        self.chars = F.pad(chars, (0, width - chars.size(1)), value=PAD)
        self.targets = everything.targets
        if task == "generator":
            self.targets = F.pad(everything.targets, (0, width - chars.size(1)), value=IGNORE)
        self.device = device

    def __iter__(self) -> Iterator[Batch]:
        for indices in self.sampler:
            longest = int(self.steps[indices].max())
            width = -(-longest // self.bucket) * self.bucket
            rows = torch.tensor(indices, device=self.device)
            targets = self.targets.index_select(0, rows)
            if self.task == "generator":
                targets = targets[:, :width]
            yield Batch((self.chars.index_select(0, rows)[:, :width], self.second.index_select(0, rows)), targets)
