"""Drawing names character by character, many at a time.

Shapes: B slots, V vocabulary, T characters of the longest name, its end included.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import SettingsError
from charrnn.inference.constraints import Guide
from charrnn.inference.recurrent import Floats, Ints
from charrnn.text import END, START

SLOTS = 256
"""Names that are drawn side by side. Fixed, because the last bits of a matrix product change with its shape."""
ROUND = 2048
"""Names that share one stream of random numbers; to draw a name again, its round is drawn again up to it."""


@dataclass(frozen=True)
class Sampling:
    """How characters are chosen.

    Attributes:
        temperature: divides the logits; 0 always takes the most probable character.
        top_k: draw among the k most probable characters; 0 among all.
        top_p: draw among the most probable characters that together reach this probability (Holtzman et al. 2020).

    Raises:
        SettingsError: one of them is out of its range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        for name, holds, what in (
            ("temperature", math.isfinite(self.temperature) and 0 <= self.temperature <= 100, "from 0 to 100"),
            ("top_k", self.top_k >= 0, "at least 1, or 0 for all characters"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1"),
        ):
            if not holds:
                raise SettingsError(f"{name} {getattr(self, name)}: must be {what}.")

    def choose(self, logits: Floats, uniform: NDArray[np.float64]) -> Ints:
        """One symbol for each row of logits (B, V), inverting the cumulative distribution at ``uniform`` (B,)."""
        if self.temperature == 0:
            return np.asarray(logits.argmax(axis=1), np.int64)
        if not self.top_k and self.top_p == 1:
            return _invert(self._weights(logits, logits.max(axis=1, keepdims=True)), uniform)
        order = np.argsort(-logits, axis=1, kind="stable")  # most probable first
        ranked = np.take_along_axis(logits, order, axis=1)
        p = self._weights(ranked, ranked[:, :1])
        if self.top_k:
            p[:, self.top_k :] = 0
        if self.top_p < 1:
            p /= p.sum(axis=1, keepdims=True)
            p[np.cumsum(p, axis=1) - p >= self.top_p] = 0
        return np.take_along_axis(order, _invert(p, uniform)[:, None], axis=1)[:, 0].astype(np.int64)

    def share(self, allowed: Floats, logits: Floats) -> NDArray[np.float64]:
        """log of the share of the probability that is allowed, (B,), nats; 0 at temperature 0, which draws nothing."""
        if self.temperature == 0:
            return np.zeros(len(logits))
        largest = logits.max(axis=1, keepdims=True)
        p = self._weights(logits, largest)
        kept = np.where(np.isneginf(allowed), 0, p).sum(axis=1)
        return np.asarray(np.log(np.maximum(kept, np.finfo(np.float64).tiny)) - np.log(p.sum(axis=1)))

    def _weights(self, logits: Floats, largest: Floats) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):  # a tiny temperature sends all but the best to -inf, which is what it means
            return np.exp((logits.astype(np.float64) - largest) / self.temperature)


def _invert(weights: NDArray[np.float64], uniform: NDArray[np.float64]) -> Ints:
    cumulative = np.cumsum(weights, axis=1)
    return np.asarray((cumulative <= uniform[:, None] * cumulative[:, -1:]).sum(axis=1), np.int64)


class Reader(Protocol):
    """What predicts the next character under labels, given as their indices."""

    labels: list[int]

    def begin(self, slots: int) -> None:
        """Forget all; so many names begin."""

    def begin_again(self, slots: Ints) -> None:
        """New names begin in these slots."""

    def read(self, symbols: Ints) -> Floats:
        """Logits (B, V) of what follows ``symbols`` (B,)."""

    def spell(self, symbols: list[int]) -> str:
        """Symbols as text."""


class Drawn(NamedTuple):
    """A name.

    Attributes:
        symbols: of the vocabulary, the end left out.
        log_probability: nats, the end included; the model's own, whatever temperature and guide.
        log_weight: nats; log of how much of the probability, character by character, the guide left over. Names drawn
            without a guide, and thrown away unless they match it, are distributed as these are with weights.
    """

    symbols: list[int]
    log_probability: float
    log_weight: float


def draw_round(reader: Reader, guide: Guide, sampling: Sampling, rng: np.random.Generator) -> Iterator[Drawn]:
    """:data:`ROUND` names, one after the other; a slot whose name is over begins the next one at once.

    Args:
        reader: the model, under a label.
        guide: what names must look like; only what can still lead to such a name is drawn.
        sampling: how characters are chosen.
        rng: of the round.
    """
    longest = guide.longest + 1
    # The last row belongs to slots that have nothing left to do.
    uniform = rng.random((ROUND + 1, longest))
    drawn = np.full((ROUND + 1, longest), END, np.int64)
    weight = np.zeros(ROUND + 1)
    total, over = np.zeros(ROUND + 1), np.zeros(ROUND + 1, bool)
    name = np.arange(SLOTS)
    length, place = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
    symbols = np.full(SLOTS, START, np.int64)
    following, told, all_slots = SLOTS, 0, np.arange(SLOTS)
    reader.begin(SLOTS)
    while told < ROUND:
        logits = reader.read(symbols)
        largest = logits.max(axis=1, keepdims=True)
        log_z = largest[:, 0] + np.log(np.exp(logits - largest).sum(axis=1))
        allowed = np.where(guide.forbidden(place, length), np.float32(-np.inf), logits)
        weight[name] += sampling.share(allowed, logits)
        symbols = sampling.choose(allowed, uniform[name, length])
        total[name] += logits[all_slots, symbols] - log_z
        drawn[name, length] = symbols
        place = guide.next[place, symbols].astype(np.int64)
        length += 1
        ended = np.flatnonzero(symbols == END)
        if not len(ended):
            continue
        over[name[ended]] = True
        name[ended] = np.minimum(following + np.arange(len(ended)), ROUND)
        following += len(ended)
        length[ended], place[ended], symbols[ended] = 0, 0, START
        reader.begin_again(ended)
        while told < ROUND and over[told]:
            row = drawn[told].tolist()
            yield Drawn(row[: row.index(END)], float(total[told]), float(weight[told]))
            told += 1
