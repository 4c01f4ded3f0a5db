"""Names of tongues that nobody speaks, made by rules: lists that no model has seen.

A name is a row of syllables, each an onset, a nucleus and perhaps a coda, and an ending. A tongue is a choice of these.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Tongue(NamedTuple):
    """The sounds of a tongue, each a text of choices; a choice that is written twice is twice as frequent.

    Attributes:
        onsets: that a syllable begins with; ``-`` is none.
        nuclei: vowels.
        codas: that a syllable ends with.
        endings: of names, each with its vowel.
        syllables: how many a name has before its ending.
    """

    onsets: str
    nuclei: str
    codas: str
    endings: str
    syllables: tuple[int, ...] = (1, 1, 2)

    def names(self, count: int, seed: int = 0) -> list[str]:
        """``count`` distinct names."""
        rng = np.random.default_rng(seed)

        def one(choices: str) -> str:
            own = choices.split()
            return own[rng.integers(len(own))].strip("-")

        found: dict[str, None] = {}
        while len(found) < count:
            middle = [
                one(self.onsets) + one(self.nuclei) + one(self.codas)
                for _ in range(self.syllables[rng.integers(len(self.syllables))])
            ]
            name = "".join(middle) + one(self.endings)
            found[name[0].upper() + name[1:]] = None
        return list(found)


FOREST_AND_MOUNTAIN = {
    "Elvish": Tongue(
        "- - c d f g gal l l n m r s th v el al",
        "a a e e i o ae ie ía ë",
        "- - l n r r s th nd nn",
        "driel iel wen mir las dil rond ion orn eth wë lith las nor",
    ),
    "Dwarvish": Tongue(
        "b d d dr g gl k kh th thr n b br m", "a i o o u û", "- l r r rk m n z zd", "in in ur ar grim li dur ak rik bur"
    ),
    "Orcish": Tongue(
        "b g gr gr k kr l m sh sn u ug z sk", "a a o u u", "- g g k r sh z gh", "ug ash ok dush nak bag rat buz luk"
    ),
    "Gnomish": Tongue(
        "b f p n t w z bl fl tw fi wi",
        "i e e oo ee u",
        "- b ck dd ff n pp zz m",
        "le kin wick zle bin by nock et",
        (1, 1, 1, 2),
    ),
    "Draconic": Tongue(
        "- v x z vr zh r th kr s", "a a y y e o au", "- x r th s rr l", "xes yth zar rax thys vorn gon yx"
    ),
    "Halfling": Tongue(
        "b b br d f g h m p r s t w", "a e i o u oo", "- l m n r d", "bo do lo go wise foot bert kin fast grub", (1,)
    ),
}
SEA_AND_DESERT = {
    "Islander": Tongue(
        "- h k l l m n p t w ' k", "a a e i o u ai au oa", "-", "lani kai noa mu ke ila ro hua tea", (1, 2, 2)
    ),
    "Dune": Tongue(
        "q q' z h j s sh t r n kh m", "a a i u ey", "- r z h sh m n d", "ir aan eesh uq at azhar im idra", (1, 1, 2)
    ),
    "Icefolk": Tongue(
        "h hj sk sv b br t th v f r st",
        "a á e i í o ö ú y",
        "- l r rn gg ld lf nd",
        "gar dis vör mund leif ulf hild þór",
        (1, 1),
    ),
    "Insect": Tongue(
        "k kt t x ch cht tk z k'", "i i a e u", "- k t x ch kk", "'ik ak'ti xiz chik 'tk ez kit", (1, 1, 2)
    ),
    "River": Tongue("ts ng ny m b nd z ch k w mb", "a e i o u", "-", "ndo mba zi nya le wana tsi kora", (1, 2)),
    "Empire": Tongue(
        "c d f l m n p qu s t v", "a e i o u ae", "- l n r s", "us us ius ia a or ax inus illa anus", (1, 2)
    ),
}
STEPPE_AND_SKY = {
    "Nomad": Tongue(
        "- b d g kh t tem s j o", "a e u ü ö ai", "- g l n r s kh", "gai tei mür dar bolt khan bek üge", (1, 1, 2)
    ),
    "Cloudborn": Tongue(
        "- f ph s w wh l v y", "e ee i ia ai oe", "- - l n r ss", "lia wyn phir see vel oë yss", (1, 2)
    ),
    "Delver": Tongue(
        "g gn h kn m n str t u b", "a o ö u ä", "- ck l m rn sk t", "nock ulm strom gart heb öld", (1, 1, 2)
    ),
    "Templar": Tongue(
        "- b c d g h r t v ch", "a e i o au", "- n r l s nt", "bert aud mond ric froi gar win ault", (1, 1)
    ),
    "Marsh": Tongue(
        "b d gl m n sl w pl y q",
        "o u oo a i",
        "- b g gg m sh",
        "ploo glub wog mush yog blim",
        (1, 1, 2),
    ),
    "Starfarer": Tongue(
        "x z q v t k n or al",
        "e i a ae o",
        "- x r n l",
        "ix on eth ax ion is ara une",
        (1, 2, 2),
    ),
}
