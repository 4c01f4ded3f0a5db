"""Words of full names that are no names: particles, titles, what follows a name, conjunctions."""

from __future__ import annotations

_PARTICLES = """
    't ’t ab abd abdel abdul abu af al ait am ap at bar ben bin bint binti bou bte d' da dal dall' de de' degli dei
    del dela delos dell' della delle dello den der des di do dos das du el ibn la las le li lo los mac mc nic ní o
    o' ould san st st. te ten ter ua uí und van vom von zu zum zur ó عبد ابو أبو ابن بن بنت آل בן בת
"""
PARTICLES = frozenset(_PARTICLES.split())
"""What stays with the word that follows: articles, prepositions, words for *son* and *daughter*."""
AND = frozenset(["e", "i", "y"])
"""Likewise, but in small letters alone: da Costa e Silva, Gaudí i Cornet. In capitals they are initials."""
_GIVEN_TOO = "abdel abdul al bar ben bin den der des do du le li lo mac san te van"
GIVEN_TOO = frozenset(_GIVEN_TOO.split())
"""Particles that may be the first part of a name themselves: Ben Johnson, Van Morrison, Le Duc Tho, Li Na."""
AFTER_VAN = frozenset(["de", "den", "der"])
_TITLES = """
    dr prof mr mrs ms mx miss sir dame lord lady rev fr herr frau mme mlle monsieur madame sr sra srta señor señora shri
    smt
"""
_RANKS = """
    signor signora signorina sig. sig.ra sig.na dott. dott.ssa avv. dhr. mevr. mw. hr. fru frk. г-н г-жа med. mag.
    ing. dipl.-ing. sen. gen. gov. rep. pres. col. capt. lt. sgt. maj. adm. king queen prince princess pope emperor
    empress
"""
TITLES = frozenset(f"{title}{dot}" for title in _TITLES.split() for dot in ("", ".")) | frozenset(_RANKS.split())
"""What may stand before a name."""
_SUFFIXES = "dr. jr jr. jnr sr sr. snr iii esq esq. phd ph.d. ph.d m.d. obe mbe cbe"
SUFFIXES = frozenset(_SUFFIXES.split())
"""What may stand behind a name."""
NAMES_TOO = frozenset(["ii", "iv", "md"])
"""Likewise, but beside one word they are a name (Naosuke Ii), unless they alone are in capitals (Elizabeth II)."""
_CONJUNCTIONS = "and und et och og oder or и та і AND UND ET"
CONJUNCTIONS = frozenset(_CONJUNCTIONS.split())
"""Of texts that name two people."""


def is_particle(token: str) -> bool:
    """Whether a word is one of :data:`PARTICLES`, or of :data:`AND` as it is written."""
    return token.casefold() in PARTICLES or token in AND


def without_particles(text: str) -> list[str]:
    """A unit, and what is left of it when its first particles are taken away one by one."""
    if " " not in text:
        return [text]
    words = text.split(" ")
    particles = next((i for i, word in enumerate(words[:-1]) if not is_particle(word)), len(words) - 1)
    return [" ".join(words[i:]) for i in range(particles + 1)]
