"""Attribution: how much each character contributes to the decision between two labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from charrnn.arrays import Bools, Floats
from charrnn.cancellation import check_stop

ORDERS = 16
"""Random orders of the characters that are averaged over; each is also used backwards."""
MAX_CHARACTERS = 10_000
"""Characters of the coalitions of all orders at most, but for one order; long names are explained by fewer orders."""
BATCH = 128
"""Coalitions that are valued together, which bounds the memory and the time until a stop is noticed."""


@dataclass(frozen=True)
class Explanation:
    """Attributions of log p(label) - log p(other) to the characters of a name.

    Attributes:
        name: as it was given.
        characters: the name as the model reads it.
        label: positive attributions favour it.
        other: negative attributions favour it.
        attributions: nats, one for each of ``characters``.
        remainder: nats that belong to no character: a classifier's score for a name of unknown characters, a
            generator's score of the end of the name.
        score: nats, the sum of ``attributions``, ``remainder`` and ``memory``.
        memory: nats that the list adds, because it has exactly this name.
        listed: the labels under which it has it (see :meth:`Classifier.listed`).
    """

    name: str
    characters: str
    label: str
    other: str
    attributions: tuple[float, ...]
    remainder: float
    score: float
    memory: float = 0.0
    listed: tuple[str, ...] = ()


def shapley_values(value: Callable[[Bools], Floats], size: int, seed: int = 0) -> tuple[Floats, float, float]:
    """Shapley values: what each player adds to those before it, averaged over sampled orders of all players.

    Castro, Gómez and Tejada (2009), with each order also taken backwards (Mitchell et al. 2022). The differences within
    one order telescope, so the values sum to value(all) - value(nobody) exactly, whatever the sample.

    Args:
        value: of coalitions (K, size), a number each, (K,).
        size: number of players, at least 1.
        seed: of the sampled orders.

    Returns:
        The players' values (size,), the value of the empty coalition and that of the full one.
    """
    rng = np.random.default_rng(seed)
    sampled = np.array(
        [rng.permutation(size) for _ in range(min(ORDERS, max(MAX_CHARACTERS // (size * (size + 1)), 1)))]
    )
    orders = np.concatenate([sampled, sampled[:, ::-1]])  # (O, size)
    ranks = orders.argsort(axis=1)
    coalitions = ranks[:, None, :] < np.arange(size + 1)[:, None]  # (O, size + 1, size)
    distinct, which = np.unique(coalitions.reshape(-1, size), axis=0, return_inverse=True)
    batches = []
    for first in range(0, len(distinct), BATCH):
        check_stop()
        batches.append(value(distinct[first : first + BATCH]))
    values = np.concatenate(batches)[which.reshape(len(orders), size + 1)]  # (O, size + 1)
    gains = np.diff(values, axis=1)
    shapley = np.take_along_axis(gains, ranks, axis=1).mean(axis=0)
    return shapley, float(values[0, 0]), float(values[0, -1])
