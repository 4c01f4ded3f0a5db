"""Sampling names character by character, many side by side.

Shapes: B slots, V vocabulary, T characters of the longest name, EOS included.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from charrnn.arguments import integer, number
from charrnn.arrays import Bools, Floats, Floats32, Ints
from charrnn.cancellation import check_stop
from charrnn.generation.constraints import Guide
from charrnn.generation.lookahead import Lookahead
from charrnn.text import BOS, EOS

SLOTS = 256
"""Names that are drawn side by side; fixed, because the last bits of a matrix product depend on its shape."""
ROUND_SIZE = 2048
"""Names that share one stream of random numbers; a name is drawn again by drawing its round up to it."""


TEMPERATURE = 0.8
"""The usual temperature of single names: names of 1, as learned, are often odd."""

LEAST_TEMPERATURE = 1e-30
"""Lower temperatures are 0 in single precision; at this one, too, only the most probable character is ever drawn."""


@dataclass(frozen=True)
class Sampling:
    """How characters are chosen.

    Attributes:
        temperature: divides the logits; 0 always takes the most probable character, 1 follows the model.
        top_k: draw among the k most probable characters; 0 among all.
        top_p: draw among the most probable characters that together reach this probability (Holtzman et al. 2020).

    Raises:
        SettingsError: one of them is out of its range.
    """

    temperature: float = TEMPERATURE
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        checked = {
            "temperature": number("temperature", self.temperature, "from 0 to 100", 0, 100),
            "top_k": integer("top_k", self.top_k, "at least 1, or 0 for all characters", 0),
            "top_p": number("top_p", self.top_p, "above 0 and at most 1", math.ulp(0.0), 1),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def _with_lookahead(self, allowed: Floats32, logits: Floats32, ahead: Floats32) -> Floats32:
        """The logits that symbols are drawn by, (B, V), without further truncation.

        What top-k and top-p would leave of a free draw stays, so that every name that can be drawn freely and matches
        can be drawn; and what they leave once the view to the constraints counts.

        Args:
            allowed: the logits, -inf for what the constraints forbid, (B, V).
            logits: of all symbols, (B, V).
            ahead: of a :class:`charrnn.generation.lookahead.Lookahead`, (B, V).
        """
        tilted = allowed + ahead
        if not self._truncates:
            return tilted
        kept = self._kept(tilted) | (self._kept(logits) & np.isfinite(allowed))
        return np.where(kept, tilted, np.float32(-np.inf))

    def choose(self, logits: Floats32, uniform: Floats, truncated: bool = False) -> Ints:
        """One symbol for each row of logits (B, V), inverting the cumulative distribution at ``uniform`` (B,).

        Args:
            logits: -inf for what is never drawn.
            uniform: from 0 to 1.
            truncated: whether top-k and top-p have left out already what they leave out.
        """
        if self.temperature == 0:
            return np.asarray(logits.argmax(axis=1), np.int64)
        if truncated or not self._truncates:
            return _invert(self._weights(logits, logits.max(axis=1, keepdims=True)), uniform)
        order, p, left_out = self._ranked(logits)
        p[left_out] = 0
        return np.take_along_axis(order, _invert(p, uniform)[:, None], axis=1)[:, 0].astype(np.int64)

    def log_weights(self, allowed: Floats32, logits: Floats32, symbols: Ints, truncated: bool = False) -> Floats:
        """log of the importance weights of chosen symbols, (B,), nats.

        A weight is the probability to choose the symbol freely, divided by that to choose it among what the constraints
        leave: 0 where it is never chosen freely, because top-k or top-p leaves it out; 1 at temperature 0, which is
        deterministic.

        Args:
            allowed: the logits that symbols are drawn by, (B, V): -inf for what the constraints forbid.
            logits: of all symbols, (B, V).
            symbols: chosen, (B,).
            truncated: as of :meth:`choose`, for ``allowed``.
        """
        if self.temperature == 0:
            return np.zeros(len(logits))
        free, among = logits, allowed
        if self._truncates:
            free = np.where(self._kept(logits), logits, -np.inf)
            among = allowed if truncated else np.where(self._kept(allowed), logits, -np.inf)
        largest = [rows.max(axis=1).astype(np.float64) for rows in (among, free)]
        with np.errstate(over="ignore"):  # a tiny temperature sends all but the best to -inf
            # In double precision, for differences may be large.
            sums = [
                np.exp((rows - most[:, None]) / self.temperature).sum(axis=1)
                for rows, most in zip((among, free), largest, strict=True)
            ]
            rows = np.arange(len(symbols))
            # In this order, no rounding is left where the best symbol is chosen.
            difference = (logits[rows, symbols] - largest[1]) - (among[rows, symbols] - largest[0])
            log_ratio = difference / self.temperature + np.log(sums[0]) - np.log(sums[1])
        if not self._truncates:
            return np.asarray(log_ratio)
        is_possible = np.isfinite(np.take_along_axis(free, symbols[:, None], axis=1)[:, 0])
        return np.where(is_possible, log_ratio, -np.inf)

    @property
    def _truncates(self) -> bool:
        return bool(self.top_k) or self.top_p < 1

    def _ranked(self, logits: Floats32) -> tuple[Ints, Floats32, Bools]:
        """The symbols, most probable first, their weights, and which ones top-k and top-p leave out, (B, V) each."""
        order = np.argsort(-logits, axis=1, kind="stable")
        ranked = np.take_along_axis(logits, order, axis=1)
        p, left_out = self._weights(ranked, ranked[:, :1]), np.isneginf(ranked)
        if self.top_k:
            left_out[:, self.top_k :] = True
        if self.top_p < 1:
            shares = np.where(left_out, 0, p)
            shares /= shares.sum(axis=1, keepdims=True)
            left_out |= np.cumsum(shares, axis=1) - shares >= self.top_p
            left_out[:, 0] = False  # to single precision a tiny top-p is 0
        return order, p, left_out

    def _kept(self, logits: Floats32) -> Bools:
        """Whether top-k and top-p leave a symbol in, (B, V)."""
        order, _, left_out = self._ranked(logits)
        kept = np.zeros(logits.shape, bool)
        np.put_along_axis(kept, order, ~left_out, axis=1)
        return kept

    def _weights(self, logits: Floats32, largest: Floats32) -> Floats32:
        """exp of the tempered logits, less the largest."""
        with np.errstate(over="ignore"):  # a tiny temperature sends all but the best to -inf
            tempered: Floats32 = (logits - largest) / np.float32(max(self.temperature, LEAST_TEMPERATURE))
            np.exp(tempered, out=tempered)
        return tempered


BLOCK = 16
"""Neighbouring symbols whose weights are first summed; then only the symbols of one block are looked at."""


def _invert(weights: NDArray[Any], uniform: Floats) -> Ints:
    """The index at which the cumulative weights (B, V) pass ``uniform`` (B,), for each row."""
    size, rows = weights.shape[1], np.arange(len(weights))
    blocks = np.cumsum(np.add.reduceat(weights, np.arange(0, size, BLOCK), axis=1).astype(np.float64), axis=1)
    wanted = uniform * blocks[:, -1]
    block = (blocks <= wanted[:, None]).sum(axis=1)
    wanted -= np.where(block > 0, blocks[rows, block - 1], 0)
    columns = block[:, None] * BLOCK + np.arange(BLOCK)
    inner = weights[rows[:, None], np.minimum(columns, size - 1)].astype(np.float64)
    inner[columns >= size] = 0
    place = (np.cumsum(inner, axis=1) <= wanted[:, None]).sum(axis=1)
    # The block's sum above and here may differ in the last bits; a symbol of weight 0 is never taken.
    return np.asarray(block * BLOCK + np.where(place < BLOCK, place, inner.argmax(axis=1)), np.int64)


class Decoder(Protocol):
    """A model under given labels that predicts the next character of many names side by side."""

    conditions: list[int]
    """Of the labels; they seed the random numbers."""

    def reset(self, slots: int) -> None:
        """Begin ``slots`` new names."""

    def reset_slots(self, slots: Ints) -> None:
        """Begin new names in these slots; the others go on."""

    def next_log_p(self, symbols: Ints) -> Floats32:
        """log p (B, V) of what follows ``symbols`` (B,), which every slot reads."""

    def bigrams(self) -> Floats32 | None:
        """log p of what follows each symbol, by it alone, (V, V); None where that is not known."""

    def decode(self, symbols: list[int]) -> str:
        """The text of symbols."""


class RawSample(NamedTuple):
    """A name as symbols.

    Attributes:
        symbols: of the vocabulary, without EOS.
        log_probability: of symbols and EOS, in nats, by the model itself, whatever temperature and constraints.
        log_weight: sum of the steps' :meth:`Sampling.log_weights`, in nats. With these weights, names drawn under
            constraints are distributed as freely drawn names of which only those that match are kept.
    """

    symbols: list[int]
    log_probability: float
    log_weight: float


def sample_round(
    decoder: Decoder,
    guide: Guide,
    sampling: Sampling,
    rng: np.random.Generator,
    weighs: bool,
    lookahead: Lookahead | None = None,
) -> Iterator[RawSample]:
    """:data:`ROUND_SIZE` names in order; a slot whose name has ended begins the next one at once.

    Args:
        decoder: the model, under a label.
        guide: the constraints; symbols that cannot lead to a matching name are never drawn.
        sampling: how characters are chosen.
        rng: of the round.
        weighs: whether the importance weights are wanted; else they count as 1.
        lookahead: of the guide; the weights make good what it adds.
    """
    longest = guide.longest + 1
    # The last row of these arrays belongs to slots that have no name left to draw.
    uniform = rng.random((ROUND_SIZE + 1, longest))
    symbols_of = np.full((ROUND_SIZE + 1, longest), EOS, np.int64)
    log_weight, log_probability = np.zeros(ROUND_SIZE + 1), np.zeros(ROUND_SIZE + 1)
    is_finished = np.zeros(ROUND_SIZE + 1, bool)
    name = np.arange(SLOTS)  # of each slot
    length, state = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
    symbols = np.full(SLOTS, BOS, np.int64)
    next_name, yielded, all_slots = SLOTS, 0, np.arange(SLOTS)
    decoder.reset(SLOTS)
    while yielded < ROUND_SIZE:
        check_stop()
        log_p = decoder.next_log_p(symbols)
        allowed = np.where(guide.forbidden(state, length), np.float32(-np.inf), log_p)
        ahead = None if lookahead is None else lookahead(state, length)
        if ahead is not None:
            allowed = sampling._with_lookahead(allowed, log_p, ahead)
        symbols = sampling.choose(allowed, uniform[name, length], truncated=ahead is not None)
        if weighs:
            log_weight[name] += sampling.log_weights(allowed, log_p, symbols, truncated=ahead is not None)
        log_probability[name] += log_p[all_slots, symbols]
        symbols_of[name, length] = symbols
        state = guide.next_state[state, symbols].astype(np.int64)
        length += 1
        ended = np.flatnonzero(symbols == EOS)
        if not len(ended):
            continue
        is_finished[name[ended]] = True
        name[ended] = np.minimum(next_name + np.arange(len(ended)), ROUND_SIZE)
        next_name += len(ended)
        length[ended], state[ended], symbols[ended] = 0, 0, BOS
        decoder.reset_slots(ended)
        while yielded < ROUND_SIZE and is_finished[yielded]:
            row = symbols_of[yielded].tolist()
            yield RawSample(row[: row.index(EOS)], float(log_probability[yielded]), float(log_weight[yielded]))
            yielded += 1
