"""Regular expressions as deterministic automata over the characters of a model.

Python's own parser reads the expression. Thompson's construction (1968) makes a nondeterministic automaton of it, and
the subset construction (Rabin and Scott 1959) a deterministic one, which intersects several expressions at the same
time. Nothing backtracks, so no expression is slow; the number of states is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Bools, Ints
from charrnn.cancellation import check_stop
from charrnn.errors import SettingsError

MAX_STATES = 20_000
"""States of an automaton at most, deterministic or not."""
MAX_SIZE = 2_000_000
"""Nondeterministic states that the deterministic ones stand for at most, all in all: what bounds the memory."""
NEVER = int(np.iinfo(np.int16).max)
"""Number of further characters where no match can be reached."""

Symbols = frozenset[int]
States = frozenset[int]

CATEGORIES = {
    sre.CATEGORY_DIGIT: str.isdigit,
    sre.CATEGORY_NOT_DIGIT: lambda c: not c.isdigit(),
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    sre.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    sre.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}


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


def compile_patterns(patterns: Sequence[str], alphabet: str) -> Automaton:
    """One automaton for strings that all of the patterns match from beginning to end.

    Args:
        patterns: as Python's :mod:`re` writes them: characters, classes, groups, alternatives, repetition. Whether a
            repetition is greedy makes no difference.
        alphabet: the characters of the strings, each once.

    Raises:
        SettingsError: a pattern is invalid, uses look-around or back-references, which no automaton can express, or
            needs too many states.
    """
    automata = [_Nondeterministic(pattern, alphabet) for pattern in patterns]
    sets = [symbols for automaton in automata for symbols in automaton.symbols]
    representatives, class_of = _character_classes(sets, len(alphabet))
    first = tuple(automaton.closure({automaton.start}) for automaton in automata)
    index: dict[tuple[States, ...], int] = {first: 0}
    size = 0
    rows: list[list[int]] = []
    for states in (queue := [first]):
        check_stop()
        row = []
        for symbol in representatives:
            after = tuple(automaton.after(own, symbol) for automaton, own in zip(automata, states, strict=True))
            if not all(after):
                row.append(-1)
                continue
            if after not in index:
                size += sum(map(len, after))
                if len(index) >= MAX_STATES or size > MAX_SIZE:
                    raise StateLimitError(
                        f"pattern {patterns[-1]!r}: together with the other constraints it needs too many states. "
                        "Give a simpler one."
                    )
                index[after] = len(index)
                queue.append(after)
            row.append(index[after])
        rows.append(row)
    accepts = [all(a.end in own for a, own in zip(automata, states, strict=True)) for states in queue]
    by_class = np.array(rows, np.int32).reshape(len(rows), len(representatives))
    return Automaton(by_class[:, class_of], np.array(accepts))


def _character_classes(sets: list[Symbols], size: int) -> tuple[list[int], Ints]:
    """Classes of characters that are in the same sets: one character of each, and the class of every one, (A,)."""
    signatures = [tuple(i in symbols for symbols in sets) for i in range(size)]
    index = {signature: i for i, signature in enumerate(dict.fromkeys(signatures))}
    class_of = np.array([index[signature] for signature in signatures], np.int64)
    return [int(np.flatnonzero(class_of == i)[0]) for i in range(len(index))], class_of


class _Nondeterministic:
    """Thompson's automaton. A state is a number; it has transitions that read a character of a set, and empty ones."""

    def __init__(self, pattern: str, alphabet: str) -> None:
        self.pattern, self.alphabet = pattern, alphabet
        self.transitions: list[list[tuple[Symbols, int]]] = []
        self.empty: list[list[int]] = []
        self.cache: dict[tuple[States, int], States] = {}
        self.start, self.end = self.state(), self.state()
        try:
            parsed = parser.parse(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise SettingsError(f"pattern {pattern!r}: {error}. Write it as Python's re does.") from error
        items = list(parsed)
        # Anchors change nothing: the whole string is matched anyway.
        if items and items[0] in ((sre.AT, sre.AT_BEGINNING), (sre.AT, sre.AT_BEGINNING_STRING)):
            items = items[1:]
        if items and items[-1] in ((sre.AT, sre.AT_END), (sre.AT, sre.AT_END_STRING)):
            items = items[:-1]
        self.add(items, self.start, self.end, parsed.state.flags)

    @property
    def symbols(self) -> list[Symbols]:
        """The sets of characters that its transitions read, each once."""
        return list(dict.fromkeys(symbols for outgoing in self.transitions for symbols, _ in outgoing))

    def state(self) -> int:
        if len(self.transitions) >= MAX_STATES:
            raise StateLimitError(
                f"pattern {self.pattern!r}: needs more than {MAX_STATES:,} states. Give a simpler one."
            )
        self.transitions.append([])
        self.empty.append([])
        return len(self.transitions) - 1

    def closure(self, states: Iterable[int]) -> States:
        """The states, and those that empty transitions reach from them."""
        reached = set(states)
        waiting = list(reached)
        while waiting:
            for state in self.empty[waiting.pop()]:
                if state not in reached:
                    reached.add(state)
                    waiting.append(state)
        return frozenset(reached)

    def after(self, states: States, symbol: int) -> States:
        """The states after a character; an empty set if no transition reads it."""
        if (states, symbol) not in self.cache:
            outgoing = (transition for state in states for transition in self.transitions[state])
            self.cache[states, symbol] = self.closure(to for symbols, to in outgoing if symbol in symbols)
        return self.cache[states, symbol]

    def add(self, items: Iterable[tuple[Any, Any]], begin: int, end: int, flags: int) -> None:
        """Add states and transitions so that what the parsed items match leads from ``begin`` to ``end``."""
        for operation, argument in items:
            middle = self.state()
            if operation is sre.SUBPATTERN:
                _, on, off, inner = argument
                self.add(inner, begin, middle, (flags | on) & ~off)
            elif operation is sre.BRANCH:
                for inner in argument[1]:
                    self.add(inner, begin, middle, flags)
            elif operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
                least, most, inner = argument
                self._repeat(least, most, inner, begin, middle, flags)
            else:
                self.transitions[begin].append((self._characters(operation, argument, flags), middle))
            begin = middle
        self.empty[begin].append(end)

    def _repeat(self, least: int, most: Any, inner: Any, begin: int, end: int, flags: int) -> None:
        endless = most is sre.MAXREPEAT
        for done in range(least if endless else most):
            if done >= least:
                self.empty[begin].append(end)
            middle = self.state()
            self.add(inner, begin, middle, flags)
            begin = middle
        if endless:
            again = self.state()
            self.empty[begin].append(again)
            self.add(inner, again, again, flags)
            begin = again
        self.empty[begin].append(end)

    def _characters(self, operation: Any, argument: Any, flags: int) -> Symbols:
        fold = str.lower if flags & re.IGNORECASE else str
        if operation is sre.ANY:
            return frozenset(range(len(self.alphabet)))
        items = argument if operation is sre.IN else [(operation, argument)]
        # Letters, which large classes consist of, are looked up; the rest is tested one by one.
        literals = {fold(chr(value)) for code, value in items if code is sre.LITERAL}
        holds = [self._test(code, value, fold) for code, value in items if code not in (sre.NEGATE, sre.LITERAL)]
        negated = operation is sre.IN and items[0][0] is sre.NEGATE
        return frozenset(
            i for i, c in enumerate(self.alphabet) if (fold(c) in literals or any(test(c) for test in holds)) != negated
        )

    def _test(self, code: Any, value: Any, fold: Any) -> Any:
        """Whether a character fits one item of a parsed class, as a function."""
        if code is sre.NOT_LITERAL:
            return lambda c: fold(c) != fold(chr(value))
        if code is sre.RANGE:
            low, high = value
            cases = (str.lower, str.upper) if fold is str.lower else (str,)
            return lambda c: any(low <= ord(case(c)[0]) <= high for case in cases)
        if code is sre.CATEGORY:
            return CATEGORIES[value]
        raise SettingsError(
            f"pattern {self.pattern!r}: {str(code).lower().replace('_', ' ')} is more than an automaton can do. Use "
            "characters, classes, groups, | and repetition."
        )
