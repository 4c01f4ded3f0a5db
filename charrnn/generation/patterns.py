"""Regular expressions as deterministic automata over the characters of a model.

Python's own parser reads the expression. Thompson's construction (1968) makes a nondeterministic automaton of it, and
the subset construction (Rabin and Scott 1959) a deterministic one, which intersects several expressions at the same
time. Nothing backtracks, so no expression is slow; the number of states is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import numpy as np

from charrnn.arrays import Ints
from charrnn.cancellation import check_stop
from charrnn.errors import SettingsError
from charrnn.generation.automaton import MAX_STATES, Automaton, StateLimitError

MAX_SIZE = 2_000_000
"""Nondeterministic states that the deterministic ones stand for at most, all in all: what bounds the memory."""

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
