"""Which characters a decision between two labels rests on, in shares that add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Value = Callable[[NDArray[np.bool_]], NDArray[np.float64]]
ORDERS = 16
"""Random orders of the characters that are averaged over; each is used backwards, too."""
MOST_STEPS = 640
"""Orders times characters; longer names are explained by fewer orders."""
AT_ONCE = 512
"""Coalitions that are valued together, which bounds the memory."""


@dataclass(frozen=True)
class Explanation:
    """Why one label rather than another: log p(label) - log p(other), shared out among the characters.

    Attributes:
        name: as it was given.
        characters: as the model reads it.
        label: what speaks for it is positive.
        other: what speaks for it is negative.
        shares: nats, one for each of ``characters``.
        rest: nats that no character accounts for: a classifier's answer to a name of unknown characters, a generator's
            end of the name.
        score: nats, the sum of ``shares`` and ``rest``.
    """

    name: str
    characters: str
    label: str
    other: str
    shares: tuple[float, ...]
    rest: float
    score: float


def shapley_values(value: Value, size: int, seed: int = 0) -> tuple[NDArray[np.float64], float, float]:
    """What each of ``size`` players adds on average to whom came before, over sampled orders of all.

    Castro, Gómez and Tejada (2009), with each order also taken backwards (Mitchell et al. 2022). Within an order the
    gains telescope, so their sum is exact whatever the sample.

    Args:
        value: of coalitions (K, size), a number each, (K,).
        size: number of players, at least 1.
        seed: of the orders.

    Returns:
        The players' values (size,), the value of nobody and that of all.
    """
    rng = np.random.default_rng(seed)
    drawn = np.array([rng.permutation(size) for _ in range(min(ORDERS, max(MOST_STEPS // size, 1)))])
    orders = np.concatenate([drawn, drawn[:, ::-1]])  # (O, size)
    ranks = orders.argsort(axis=1)
    coalitions = ranks[:, None, :] < np.arange(size + 1)[:, None]  # (O, size + 1, size)
    different, which = np.unique(coalitions.reshape(-1, size), axis=0, return_inverse=True)
    parts = [value(different[first : first + AT_ONCE]) for first in range(0, len(different), AT_ONCE)]
    values = np.concatenate(parts)[which.reshape(len(orders), size + 1)]  # (O, size + 1)
    gains = np.diff(values, axis=1)
    shares = np.take_along_axis(gains, ranks, axis=1).mean(axis=0)
    return shares, float(values[0, 0]), float(values[0, -1])
