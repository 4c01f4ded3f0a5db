"""Deterministic automata over the characters of a model: what they accept, and how they are combined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Bools, Ints
from charrnn.cancellation import check_stop
from charrnn.errors import SettingsError

MAX_STATES = 20_000
"""States of an automaton at most, deterministic or not."""
NEVER = int(np.iinfo(np.int16).max)
"""Number of further characters where no match can be reached."""


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton over an alphabet of A characters; S states, the first is the start.

    Attributes:
        next_state: the state after each character, (S, A); -1 where no match is possible any more.
        accepts: whether a match may end in each state, (S,).
    """

    next_state: NDArray[np.int32]
    accepts: Bools

    @cached_property
    def needed(self) -> NDArray[np.int16]:
        """The fewest further characters after which a match can end, (S,); :data:`NEVER` if none can."""
        needed = np.where(self.accepts, 0, NEVER)
        while True:
            check_stop()
            after = np.where(self.next_state >= 0, needed[self.next_state], NEVER).min(axis=1, initial=NEVER)
            better = np.minimum(needed, after + 1)
            if np.array_equal(better, needed):
                return needed.astype(np.int16)
            needed = better

    def longest(self, most: int) -> int:
        """Characters of the longest match of at most ``most`` characters; -1 if there is no match."""
        found, states = -1, np.zeros(1, np.int64)
        for length in range(most + 1):
            check_stop()
            if self.accepts[states].any():
                found = length
            states = np.unique(self.next_state[states])
            states = states[states >= 0]
        return found

    def intersection(self, other: Automaton) -> Automaton:
        """The automaton for strings that both accept, over the same alphabet.

        Raises:
            StateLimitError: it needs more than :data:`MAX_STATES` states.
        """
        size = len(other.accepts)
        pairs = frontier = np.zeros(1, np.int64)
        while len(frontier):
            check_stop()
            following = np.unique(self._pairs_after(other, frontier))
            frontier = np.setdiff1d(following[following >= 0], pairs, assume_unique=True)
            pairs = np.union1d(pairs, frontier)
            if len(pairs) > MAX_STATES:
                raise StateLimitError("The patterns together need too many states. Give simpler ones.")
        after = self._pairs_after(other, pairs)
        next_state = np.where(after >= 0, np.searchsorted(pairs, after), -1).astype(np.int32)
        return Automaton(next_state, self.accepts[pairs // size] & other.accepts[pairs % size])

    def complement(self) -> Automaton:
        """The automaton for the strings that this one does not accept."""
        sink = len(self.accepts)  # where no match is possible any more, which is now one
        leads = np.where(self.next_state >= 0, self.next_state, sink)
        last = np.full((1, self.next_state.shape[1]), sink)
        return Automaton(np.concatenate([leads, last]).astype(np.int32), np.append(~self.accepts, True))

    def rewritten(self, texts: Sequence[str], alphabet: str) -> Automaton:
        """The automaton for strings of other characters that this one accepts once each is replaced by its text.

        Args:
            texts: of each of the other characters.
            alphabet: of this automaton, which holds all characters of the texts.
        """
        columns = []
        for text in texts:
            states = np.arange(len(self.accepts))
            for character in text:
                following = self.next_state[states, alphabet.index(character)]
                states = np.where(states >= 0, following, -1)
            columns.append(states)
        return Automaton(np.stack(columns, axis=1).astype(np.int32), self.accepts)

    def _pairs_after(self, other: Automaton, pairs: Ints) -> Ints:
        """The pairs of states after each character, (P, A); -1 where one of the two has no match any more."""
        size = len(other.accepts)
        own, its = self.next_state[pairs // size].astype(np.int64), other.next_state[pairs % size]
        return np.where((own >= 0) & (its >= 0), own * size + its, -1)


class StateLimitError(SettingsError):
    """An automaton needs more states than are allowed."""
