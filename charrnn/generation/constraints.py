"""Constraints on generated names, compiled into one automaton over a model's vocabulary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from charrnn.arguments import boolean, instance, integer, listed, text, texts
from charrnn.arrays import Bools, Ints
from charrnn.errors import ImpossibleConstraint, SettingsError
from charrnn.generation.automaton import NEVER, Automaton, StateLimitError
from charrnn.generation.patterns import compile_patterns
from charrnn.name_forms import ANY_FORM, SurnameForm
from charrnn.text import EOS, MAX_LENGTH, SPECIALS, to_ascii

MOST_TOLD = 60
"""Characters of an alphabet that a message names."""
TEXTS = ("prefix", "suffix", "contains", "characters")
"""Constraints that are texts; all characters of the first three occur in names."""
TIDY = r"[^\s](\s?[^\s])*"
"""Every name matches it: no space at its beginning or end, and no two spaces together."""


@dataclass(frozen=True)
class Constraints:
    """Constraints on generated names; every name meets all of them. Letter case matters.

    Attributes:
        prefix: how names begin.
        suffix: how names end.
        contains: a string that occurs in them.
        pattern: a regular expression that matches the whole name (see
            :func:`charrnn.generation.patterns.compile_patterns`).
        characters: the only characters that occur.
        min_length: fewest characters.
        max_length: most characters; None is the length of the longest training name.
        any_case: capitals, digits and symbols anywhere. By default they stand where the training names have them (see
            :mod:`charrnn.text.spelling`), unless the other constraints ask for something else (see :meth:`compile`).
        ascii: names come out in ASCII, as Dvorak of a model that writes Dvořák. Of texts and characters of the other
            constraints, the ASCII form counts; patterns match it.

    Raises:
        SettingsError: an attribute is of another type.
    """

    prefix: str = ""
    suffix: str = ""
    contains: str = ""
    pattern: str = ""
    characters: str = ""
    min_length: int = 1
    max_length: int | None = None
    any_case: bool = False
    ascii: bool = False

    def __post_init__(self) -> None:
        for part in fields(self):
            kind, value = type(part.default), getattr(self, part.name)
            if part.name.endswith("_length"):
                if value is not None or part.name == "min_length":
                    length = integer(part.name, value, f"from 1 to {MAX_LENGTH}", 1, MAX_LENGTH)
                    object.__setattr__(self, part.name, length)
            else:
                checked = text(part.name, value) if kind is str else boolean(part.name, value)
                object.__setattr__(self, part.name, checked)

    def replaced(self, parts: Mapping[str, Any]) -> Constraints:
        """The constraints with other parts.

        Args:
            parts: attributes by name.

        Raises:
            SettingsError: there is no such part.
        """
        instance("constraints", parts, Mapping, "a mapping", SettingsError)
        known = [part.name for part in fields(self)]
        if unknown := sorted(map(str, parts.keys() - set(known))):
            raise SettingsError(f"{', '.join(unknown)}: no such constraint. There are {', '.join(known)}.")
        return replace(self, **parts)

    @property
    def shapes(self) -> bool:
        """Whether they constrain more than the spelling."""
        return replace(self, any_case=False, ascii=False) != Constraints()

    def compile(
        self, alphabet: str, longest: int, spelling: Sequence[Sequence[str]] = (), form: SurnameForm = ANY_FORM
    ) -> Guide:
        """The automaton for names that meet all constraints.

        Args:
            alphabet: of the model.
            longest: most characters where ``max_length`` is None.
            spelling: rules that names keep, too, as regular expressions, each with laxer ones behind it. Of these the
                first counts that fits the constraints; none, if with all of them no name would remain, or none of the
                greatest length, or the automaton would be too large.
            form: what names look like, too, as they are before they are written in ASCII.

        Raises:
            ImpossibleConstraint: no name meets them; the message names the constraint that excludes all.
            SettingsError: an argument is out of its range, or the pattern is invalid.
        """
        longest = integer("longest", longest, f"from 1 to {MAX_LENGTH}", 1, MAX_LENGTH)
        most = longest if self.max_length is None else self.max_length
        if self.min_length > most:
            raise ImpossibleConstraint(
                f"min_length {self.min_length}: no name of at most {most} characters is so long."
            )
        text("alphabet", alphabet)
        for alternatives in listed("spelling", spelling):
            texts("spelling", alternatives)
        instance("form", form, SurnameForm, "a SurnameForm", SettingsError)
        automaton = self._ascii_automaton(alphabet, most) if self.ascii else self._automaton(alphabet, most)
        if form != ANY_FORM:
            automaton = _formed(automaton, alphabet, form)
            self._check("the form of the gender, together with the other constraints", automaton, most)
        return Guide(_spelled(automaton, alphabet, most, spelling), most, self.shapes or form != ANY_FORM)

    def _ascii_automaton(self, alphabet: str, most: int) -> Automaton:
        """The automaton for names that are written in ASCII once they are drawn."""
        written = [written_in_ascii(c) for c in alphabet]
        letters = "".join(sorted(set("".join(written))))
        # Letters of a pattern are literals, too, or members of a set.
        texts_in_ascii: dict[str, Any] = {name: to_ascii(getattr(self, name)) for name in (*TEXTS, "pattern")}
        for name, in_ascii in texts_in_ascii.items():
            if getattr(self, name) and not in_ascii:
                raise ImpossibleConstraint(f"{name} {getattr(self, name)!r}: has no ASCII form. Leave out ascii.")
        own = replace(self, **texts_in_ascii, ascii=False)
        # The length counts, too: one character may become two.
        automaton = own._automaton(letters, most, f".{{0,{most}}}").rewritten(written, letters)
        self._check("ascii, together with the other constraints", automaton, most)
        return automaton

    def _automaton(self, alphabet: str, most: int, *more: str) -> Automaton:
        """The automaton over an alphabet of all constraints, and of further patterns."""
        patterns = self._patterns()
        for name, pattern in patterns.items():
            unknown = sorted(set(getattr(self, name)) - set(alphabet)) if name in TEXTS[:3] else []
            if unknown:
                known = "".join(sorted(alphabet.strip(), key=lambda c: not c.isalpha()))  # letters first
                most_told = (
                    known if len(known) <= MOST_TOLD else f"{known[:MOST_TOLD]} and {len(known) - MOST_TOLD} more"
                )
                raise ImpossibleConstraint(
                    f"{name} {getattr(self, name)!r}: this model does not know {', '.join(map(repr, unknown))}; it "
                    f"knows {most_told}"
                )
            if name in TEXTS[:3] and len(getattr(self, name)) > most:
                raise _impossible(f"{name} {getattr(self, name)!r}", len(getattr(self, name)), most)
            self._check(f"{name} {getattr(self, name)!r}", compile_patterns([TIDY, pattern], alphabet), most)
        automaton = compile_patterns([TIDY, *patterns.values(), *more], alphabet)
        given = ", ".join(
            f"{f.name} {getattr(self, f.name)!r}"
            for f in fields(self)
            if getattr(self, f.name) != f.default and f.name not in ("any_case", "ascii")
        )
        self._check(f"{given}, together" if given else "the alphabet", automaton, most)
        return automaton

    def _patterns(self) -> dict[str, str]:
        """Each constraint that is set, as a regular expression."""
        patterns = {
            "prefix": f"{re.escape(self.prefix)}.*" if self.prefix else "",
            "suffix": f".*{re.escape(self.suffix)}" if self.suffix else "",
            "contains": f".*{re.escape(self.contains)}.*" if self.contains else "",
            "characters": f"[{re.escape(self.characters)}]*" if self.characters else "",
            "min_length": f".{{{self.min_length},}}" if self.min_length > 1 else "",
            "pattern": self.pattern,
        }
        return {name: pattern for name, pattern in patterns.items() if pattern}

    @staticmethod
    def _check(what: str, automaton: Automaton, most: int) -> None:
        """Raise if the automaton accepts no string of at most ``most`` characters."""
        needed = int(automaton.needed[0])
        if needed > most:
            raise _impossible(what, needed, most)


def written_in_ascii(name: str) -> str:
    """A name as ``ascii`` writes it, letter by letter, so that each letter of an alphabet has one text; 佐 is Zuo."""
    return "".join(to_ascii(c).strip() or to_ascii(c) for c in name)


def _formed(automaton: Automaton, alphabet: str, form: SurnameForm) -> Automaton:
    """The automaton for those of its names that have a form."""
    if form.required:
        automaton = automaton.intersection(compiled_rule(form.required, alphabet))
    if form.excluded:
        automaton = automaton.intersection(compiled_rule(form.excluded, alphabet).complement())
    return automaton


def _spelled(automaton: Automaton, alphabet: str, most: int, spelling: Sequence[Sequence[str]]) -> Automaton:
    """The automaton and, of each of the rules of spelling, the first alternative that fits it."""
    greatest = automaton.longest(most) if spelling else 0
    for alternatives in spelling:
        for rule in alternatives:
            with suppress(StateLimitError):
                spelled = automaton.intersection(compiled_rule(rule, alphabet))
                if spelled.longest(most) == greatest:
                    automaton = spelled
                    break
    return automaton


def _impossible(what: str, needed: int, most: int) -> ImpossibleConstraint:
    short = "" if needed == NEVER else f" (the shortest takes {needed} characters, at most {most} are allowed)"
    return ImpossibleConstraint(f"{what}: no name of this model's characters can match{short}. Ask for less.")


@lru_cache(maxsize=64)
def compiled_rule(rule: str, alphabet: str) -> Automaton:
    """The automaton of a rule of spelling or of a form, which does not depend on the constraints of a request.

    Raises:
        StateLimitError: it is too large.
    """
    return compile_patterns([rule], alphabet)


@lru_cache(maxsize=64)
def unconstrained_guide(alphabet: str, longest: int, spelling: tuple[tuple[str, ...], ...], form: SurnameForm) -> Guide:
    """That of :meth:`Constraints.compile` for no constraint, which most requests share."""
    return Constraints().compile(alphabet, longest, spelling, form)


class Guide:
    """An automaton over a vocabulary of V symbols, EOS among them; S states, the first is the start.

    Args:
        automaton: over the alphabet.
        longest: most characters of a name.
        is_shaped: whether it constrains more than the spelling.

    Attributes:
        needed: the fewest characters that complete a match from each state if a given symbol comes next, that symbol
            counted, (S, V); 0 for EOS where a match may end, :data:`NEVER` for symbols that lead to no match.
        next_state: the state after each symbol, (S, V); meaningless where ``needed`` is :data:`NEVER`.
    """

    def __init__(self, automaton: Automaton, longest: int, is_shaped: bool = False) -> None:
        self.longest, self.is_shaped = longest, is_shaped
        states, characters = automaton.next_state.shape
        self.next_state = np.zeros((states, characters + SPECIALS), np.int32)
        self.next_state[:, SPECIALS:] = automaton.next_state
        self.needed = np.full(self.next_state.shape, NEVER, np.int16)
        after = automaton.needed[automaton.next_state].astype(np.int64) + 1
        self.needed[:, SPECIALS:] = np.where(automaton.next_state >= 0, np.minimum(after, NEVER), NEVER)
        self.needed[automaton.accepts, EOS] = 0

    def forbidden(self, states: Ints, length: Ints) -> Bools:
        """Symbols that must not come next after ``length`` characters (B,) in ``states`` (B,), (B, V)."""
        return np.asarray(self.needed[states] > (self.longest - length)[:, None])
