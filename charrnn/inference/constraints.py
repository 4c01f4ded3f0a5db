"""What generated names must look like, as one automaton over a model's vocabulary."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import ImpossibleConstraint, SettingsError
from charrnn.inference.patterns import NEVER, Automaton, compile_patterns
from charrnn.text import END, MAX_LENGTH, SPECIALS

Ints = NDArray[np.int64]

TIDY = r"[^\s](\s?[^\s])*"
"""What every name must match: it begins and ends with no space, and has no two together."""


@dataclass(frozen=True)
class Constraints:
    """All of them hold for each name; letter case matters.

    Attributes:
        prefix: how names begin.
        suffix: how names end.
        contains: what stands somewhere in them.
        pattern: a regular expression that matches the whole name (see :func:`charrnn.inference.patterns`).
        characters: the only ones that occur.
        min_length: fewest characters.
        max_length: most characters; None is the length of the longest training name.
    """

    prefix: str = ""
    suffix: str = ""
    contains: str = ""
    pattern: str = ""
    characters: str = ""
    min_length: int = 1
    max_length: int | None = None

    def compile(self, alphabet: str, longest: int) -> Guide:
        """The guide to names that meet all of them.

        Args:
            alphabet: of the model.
            longest: most characters where ``max_length`` is None.

        Raises:
            ImpossibleConstraint: no name meets them; the message says which part is to blame.
            SettingsError: a length is out of its range, or the pattern is none.
        """
        most = longest if self.max_length is None else self.max_length
        for name, value in (("min_length", self.min_length), ("max_length", most)):
            if not 1 <= value <= MAX_LENGTH:
                raise SettingsError(f"{name} {value}: must be from 1 to {MAX_LENGTH}.")
        if self.min_length > most:
            raise ImpossibleConstraint(
                f"min_length {self.min_length}: no name of at most {most} characters is so long."
            )
        parts = self._patterns()
        for name, pattern in parts.items():
            unknown = (
                sorted(set(getattr(self, name)) - set(alphabet)) if name in ("prefix", "suffix", "contains") else []
            )
            if unknown:
                raise ImpossibleConstraint(
                    f"{name} {getattr(self, name)!r}: this model does not know {', '.join(map(repr, unknown))}; it "
                    f"knows {alphabet}"
                )
            self._check(f"{name} {getattr(self, name)!r}", compile_patterns([TIDY, pattern], alphabet), most)
        automaton = compile_patterns([TIDY, *parts.values()], alphabet)
        told = ", ".join(
            f"{f.name} {getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != f.default
        )
        self._check(f"{told}, together", automaton, most)
        return Guide(automaton, most)

    def _patterns(self) -> dict[str, str]:
        written = {
            "prefix": f"{re.escape(self.prefix)}.*" if self.prefix else "",
            "suffix": f".*{re.escape(self.suffix)}" if self.suffix else "",
            "contains": f".*{re.escape(self.contains)}.*" if self.contains else "",
            "characters": f"[{re.escape(self.characters)}]*" if self.characters else "",
            "min_length": f".{{{self.min_length},}}" if self.min_length > 1 else "",
            "pattern": self.pattern,
        }
        return {name: pattern for name, pattern in written.items() if pattern}

    @staticmethod
    def _check(what: str, automaton: Automaton, most: int) -> None:
        needed = int(automaton.needed[0])
        if needed > most:
            short = "" if needed == NEVER else f" (the shortest takes {needed} characters, at most {most} are allowed)"
            raise ImpossibleConstraint(f"{what}: no name of this model's characters can match{short}. Ask for less.")


class Guide:
    """An automaton over a vocabulary of V symbols, with the end of a name as one of them.

    Args:
        automaton: over the alphabet.
        longest: most characters of a name.

    Attributes:
        needed: characters that are needed at least from each state if a symbol comes next, itself included, (S, V): 0
            for an end that is allowed, :data:`NEVER` for what is not.
        next: the state after each symbol, (S, V); meaningless for what is not allowed.
    """

    def __init__(self, automaton: Automaton, longest: int) -> None:
        self.longest = longest
        size = automaton.next.shape
        self.next = np.zeros((size[0], size[1] + SPECIALS), np.int32)
        self.next[:, SPECIALS:] = automaton.next
        self.needed = np.full(self.next.shape, NEVER, np.int16)
        after = automaton.needed[automaton.next].astype(np.int64) + 1
        self.needed[:, SPECIALS:] = np.where(automaton.next >= 0, np.minimum(after, NEVER), NEVER)
        self.needed[automaton.accepts, END] = 0

    def forbidden(self, states: Ints, length: Ints) -> NDArray[np.bool_]:
        """What must not come next after ``length`` characters (B,) in ``states`` (B,), (B, V)."""
        result: NDArray[np.bool_] = self.needed[states] > (self.longest - length)[:, None]
        return result
