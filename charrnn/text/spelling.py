"""How a label's names write capitals, digits and symbols, and whether words have vowels: rules that new names keep.

A *word* is what stands between spaces and hyphens. A *beginning* is what stands before a capital inside a word: Mac in
MacLeod, O' in O'Brien. What fewer than three names show is not allowed; of a short list, fewer are enough (see
:func:`evidence`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

EVIDENCE = 3
"""Names of a long list that show something (see :func:`evidence`)."""
EXCEPTIONS = 0.01
"""Share of names that may break a rule which holds, or fewer names than :func:`evidence`."""
MOST_SHOWN = 200
"""Beginnings that a rule keeps at most, the most frequent ones; as many words."""
CASES = ("capital", "lower", "upper", "one-capital", "any")
"""How words are written; the first that holds counts:

- ``capital``: a capital begins them, maybe behind a beginning that names show, and there is no other one; or names show
  them in lower case as a part of a name, as van in van Gogh;
- ``lower``: no capital; ``upper``: no lower case;
- ``one-capital``: at most one capital, which begins them, maybe behind a beginning that names show;
- ``any``: as they come.

Letters without case fit all of them.
"""
VOWELS = frozenset("aeiouyæœøıɛɔəɪʊ")
APOSTROPHES = frozenset("'’‘ʼ")
_SEPARATORS = " -"
_WORD = re.compile(rf"[^{_SEPARATORS}]+")


def evidence(count: int) -> int:
    """Names that must show a beginning, a word in lower case or the place of a symbol: 3; 2 below 20 names, 1 below 10.

    Args:
        count: distinct names of the list.
    """
    return min(EVIDENCE, 1 + count // 10)


@dataclass(frozen=True)
class WordRule:
    """How the words of a label's names are written.

    Attributes:
        case: one of :data:`CASES`.
        beginnings: that names show.
        lower: words in lower case that names of several words show.
    """

    case: str = "any"
    beginnings: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Sequence[Sequence[str]], parts: Sequence[Sequence[str]], least: int) -> WordRule:
        """The rule that names keep.

        Args:
            words: of each name.
            least: names that must show a part.
            parts: of each name, those that may be shown: none where nothing of a name may be told.
        """
        beginnings = Counter(text for own in parts for text in {*map(_beginning, own)} - {""})
        lower = Counter(word for own in parts for word in {*own} if word == word.lower() != word.upper())
        shown = cls("any", _frequent(beginnings, least), _frequent(lower, least))
        alphabet = sorted({c for own in words for word in own for c in word})
        allowed = max(EXCEPTIONS * len(words), evidence(len(words)) - 1)
        for case in CASES:
            rule = replace(shown, case=case)
            keeps = re.compile("|".join(rule.patterns(alphabet))).fullmatch
            if sum(not all(map(keeps, own)) for own in words) <= allowed:
                break
        return rule

    def patterns(self, alphabet: Sequence[str]) -> list[str]:
        """Regular expressions for words of the alphabet: one that may end a name, and one that may not, if any."""
        capitals = "".join(c for c in alphabet if c != c.lower())
        small = "".join(c for c in alphabet if c == c.lower() != c.upper())
        signs = "".join(c for c in alphabet if _is_symbol(c) and c not in _SEPARATORS)
        symbols = f"[{re.escape(signs)}]" if signs else "[^\0-\U0010ffff]"
        no_capital, no_small, no_small_letter, any_character = (
            _none_of(characters + _SEPARATORS) for characters in (capitals, small, small + signs, "")
        )
        beginning = f"({'|'.join(map(re.escape, self.beginnings))})?" if self.beginnings else ""
        pattern = {
            "capital": f"{beginning}{symbols}*{no_small_letter}{no_capital}*|{symbols}+",
            "lower": f"{no_capital}+",
            "upper": f"{no_small}+",
            "one-capital": f"{beginning}{any_character}{no_capital}*",
            "any": f"{any_character}+",
        }[self.case]
        shown = self.lower if self.case == "capital" else ()
        return [pattern, *(["|".join(map(re.escape, shown))] if shown else [])]


@dataclass(frozen=True)
class Spelling:
    """The rules of one label.

    Attributes:
        first: how the first word is written.
        later: how the other words are.
        start: digits and symbols that names begin with.
        inside: digits and symbols between their first and last character.
        end: digits and symbols that names end with.
        vowels: whether each word has a vowel (see :func:`has_vowels`).
    """

    first: WordRule = WordRule()
    later: WordRule = WordRule()
    start: str = ""
    inside: str = ""
    end: str = ""
    vowels: bool = False

    @classmethod
    def of(cls, names: Iterable[str], is_private: bool = False) -> Spelling:
        """The rules that names keep.

        Args:
            names: not empty, without surplus white space.
            is_private: leaves beginnings and words out, which are parts of names.
        """
        distinct = sorted(set(names))
        words = [own for name in distinct if (own := _WORD.findall(name))]
        several, least = [own for own in words if len(own) > 1], evidence(len(distinct))
        firsts = [own[:1] if len(own) > 1 or own[0] != own[0].lower() else [] for own in words]
        rules = (
            WordRule.of([own[:1] for own in words], [] if is_private else firsts, least),
            WordRule.of([own[1:] for own in several], [] if is_private else [own[1:] for own in several], least),
        )
        symbols = [
            Counter(c for name in distinct for c in set(name[part]) if _is_symbol(c))
            for part in (slice(0, 1), slice(1, -1), slice(-1, None))
        ]
        start, inside, end = ("".join(_frequent(counter, least)) for counter in symbols)
        without = sum(not has_vowels(name) for name in distinct)
        return cls(*rules, start, inside, end, vowels=without <= EXCEPTIONS * len(distinct))

    def as_record(self) -> dict[str, Any]:
        """The rules as JSON holds them."""
        return asdict(self, dict_factory=lambda pairs: {k: list(v) if isinstance(v, tuple) else v for k, v in pairs})

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Spelling:
        """The rules of :meth:`as_record`.

        Raises:
            ValueError: something else.
        """
        try:
            first, later = (
                WordRule(rule["case"], tuple(rule["beginnings"]), tuple(rule["lower"]))
                for rule in (fields["first"], fields["later"])
            )
            start, inside, end = (fields[key] for key in ("start", "inside", "end"))
            vowels = fields.get("vowels", False)  # absent in folders of earlier versions
        except (KeyError, TypeError) as error:
            raise ValueError(f"spelling: {fields!r:.80}") from error
        texts = (*first.beginnings, *first.lower, *later.beginnings, *later.lower, start, inside, end)
        if first.case not in CASES or later.case not in CASES or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"spelling: {fields!r:.80}")
        if not isinstance(vowels, bool):
            raise ValueError(f"spelling: vowels {vowels!r:.80}")
        return cls(first, later, start, inside, end, vowels)

    def words_patterns(self, alphabet: Sequence[str]) -> tuple[str, str]:
        """Regular expressions for names of the alphabet: their words are written so, and none ends in van; or each word
        has at most one capital, which begins it, maybe behind a beginning."""
        first, *first_lower = self.first.patterns(alphabet)
        later, *later_lower = self.later.patterns(alphabet)
        gap = f"[{_SEPARATORS}]+"
        more = f"{gap}(({later_lower[0]}){gap})*({later})" if later_lower else f"{gap}({later})"
        begin = f"(({first})|({first_lower[0]}){more})" if first_lower else f"({first})"
        lax = [
            replace(rule, case=rule.case if rule.case in ("upper", "any") else "one-capital").patterns(alphabet)[0]
            for rule in (self.first, self.later)
        ]
        ends = f"[{_SEPARATORS}]*"
        return f"{ends}{begin}({more})*{ends}", f"{ends}({lax[0]})({gap}({lax[1]}))*{ends}"

    def symbols_pattern(self, alphabet: Sequence[str]) -> str:
        """A regular expression for names of the alphabet whose digits and symbols stand where names show them."""
        symbols = [c for c in alphabet if _is_symbol(c)]
        start, inside, end = (
            _none_of("".join(c for c in symbols if c not in shown)) for shown in (self.start, self.inside, self.end)
        )
        return f"{start}({inside}*{end})?"


def spelling_patterns(spellings: Sequence[Spelling], alphabet: str) -> tuple[tuple[str, ...], ...]:
    """Regular expressions for names whose words, and for names whose symbols, are as one of the labels has them.

    Args:
        spellings: of the labels.
        alphabet: of the model.

    Returns:
        Of words and of symbols one expression; of words a laxer one behind it, for names that cannot keep the first.
    """
    words, lax = zip(*(spelling.words_patterns(alphabet) for spelling in spellings), strict=True)
    symbols = [spelling.symbols_pattern(alphabet) for spelling in spellings]
    return (_one_of(words), _one_of(lax)), (_one_of(symbols),)


def has_vowels(name: str) -> bool:
    """Whether each word of a name has a Latin vowel, with or without marks; y is one. What begins with an apostrophe
    need not: van 't Hoff."""
    return all(word[0] in APOSTROPHES or any(map(_is_vowel, word)) for word in _WORD.findall(name))


@lru_cache(maxsize=4096)
def _is_vowel(character: str) -> bool:
    return unicodedata.normalize("NFD", character.lower())[0] in VOWELS


def _one_of(patterns: Iterable[str]) -> str:
    return "|".join(f"({pattern})" for pattern in dict.fromkeys(patterns))


def _beginning(word: str) -> str:
    """What stands before the only capital inside a word; empty if there is none, or several as in ROSSI."""
    capitals = [i for i, c in enumerate(word) if i and c != c.lower()]
    return word[: capitals[0]] if len(capitals) == 1 else ""


def _frequent(counter: Counter[str], least: int) -> tuple[str, ...]:
    """What at least so many names show, in order of the characters; the same in every process."""
    shown = sorted((-count, text) for text, count in counter.items() if count >= least)
    return tuple(sorted(text for _, text in shown[:MOST_SHOWN]))


def _is_symbol(character: str) -> bool:
    """Whether it is neither a letter nor a mark on one."""
    return unicodedata.category(character)[0] not in "LM"


def _none_of(characters: str) -> str:
    return f"[^{re.escape(characters)}]" if characters else "."
