"""How likely a name that is begun is to meet the constraints in the end, by bigrams of the model.

A symbol that the constraints allow may lead where hardly any name meets them: behind most letters, *-ska* is far. Names
that are drawn among the allowed symbols alone therefore grow until they meet the constraints by chance. Multiplied with
the probability that the rest of the name will do so, as bigrams see it, the probabilities of the symbols are nearly
those of freely drawn names that match; what bigrams do not see, the importance weights make good (twisted proposals,
Whiteley and Lee 2014; with a hidden Markov model in place of bigrams, Zhang et al. 2023, "GeLaTo").

Shapes: B slots, V vocabulary, S states of the automaton, R numbers of characters that may still follow.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Floats32, Ints
from charrnn.cancellation import check_stop
from charrnn.generation.automaton import NEVER
from charrnn.generation.constraints import Guide
from charrnn.text import EOS

# What a stamp draws depends on these four.
MAX_CELLS = 4_000_000
"""Cells of the table, 16 MB; of larger ones, one row serves all larger numbers of further characters."""
MAX_WORK = 20_000_000_000
"""Multiplications, some seconds; where more would be needed, there is no lookahead."""
LEAST_BIGRAM_TEMPERATURE = 0.2
"""Bigrams of a lower temperature would rule out what the model finds likely."""
TINY = 1e-300


class Lookahead:
    """log p(the name meets the constraints in the end | what it begins with), for each next symbol, times the
    temperature that bigrams are given, so that it is added to logits.

    Args:
        guide: the constraints.
        bigrams: log p(next symbol | symbol), (V, V).
        temperature: of the sampling; bigrams are given :data:`LEAST_BIGRAM_TEMPERATURE` at least.
    """

    def __init__(self, guide: Guide, bigrams: Floats32, temperature: float) -> None:
        self.longest, warmth = guide.longest, max(temperature, LEAST_BIGRAM_TEMPERATURE)
        follows = bigrams.astype(np.float64) / warmth
        follows = np.exp(follows - follows.max(axis=1, keepdims=True))
        follows /= follows.sum(axis=1, keepdims=True)
        is_possible = guide.needed < NEVER  # (S, V)
        may_end = is_possible[:, EOS].astype(np.float64)  # (S,)
        ends = np.outer(may_end, follows[:, EOS])  # (S, V), by the last symbol
        columns = np.arange(len(follows))

        def after(meets: NDArray[np.float64]) -> NDArray[np.float64]:
            """By state and next symbol, of what is known by state and last symbol."""
            return np.where(is_possible, meets[guide.next_state, columns], 0)

        rows = int(np.clip(MAX_CELLS // is_possible.size, 1, guide.longest))
        table, meets = [], ends
        for further in range(guide.longest):
            check_stop()
            chosen = after(meets)
            if further < rows - 1 or further == guide.longest - 1:
                row = warmth * np.log(np.maximum(chosen, TINY))
                row[:, EOS] = 0  # a name that may end meets them
                table.append(row.astype(np.float32))
            chosen[:, EOS] = 0
            meets = ends + chosen @ follows.T
        self.table = np.stack(table)  # (R, S, V)

    def __call__(self, states: Ints, length: Ints) -> Floats32:
        """What is to be added to the logits of the next symbols, (B, V), after ``length`` characters (B,) in
        ``states``."""
        further = np.clip(self.longest - length - 1, 0, len(self.table) - 1)
        found: Floats32 = self.table[further, states]
        return found


def lookahead(guide: Guide, bigrams: Callable[[], Floats32 | None], temperature: float) -> Lookahead | None:
    """The lookahead of a guide; None where it says nothing or would take too long: for names that no constraint shapes,
    of a model without n-grams, or of very large automata.

    Args:
        guide: the constraints.
        bigrams: gives those of :class:`Lookahead`, or None.
        temperature: of the sampling.
    """
    work = guide.longest * guide.needed.size * len(guide.needed[0])
    if not guide.is_shaped or work > MAX_WORK or (found := bigrams()) is None:
        return None
    return Lookahead(guide, found, temperature)
