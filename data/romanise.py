"""Romanisation and uniform spelling of packages' lists, for the build: as passports and the press write names.

:mod:`charrnn.text.romanisation` reads one name without knowing its language; here the language is known. Abjads
(Arabic, Hebrew, Persian, Urdu) do not write the vowels that Latin spelling needs, Indic scripts and Thai write some
that nobody speaks, and Koreans spell their given names as they like: such lists are not romanised by rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from charrnn.text.romanisation import greek, russian


def _table(text: str) -> dict[str, str]:
    words = text.split()
    return {a: "" if b == "-" else b for a, b in zip(words[::2], words[1::2], strict=True)}


_CYRILLIC = _table(
    "а a б b в v г g д d е e ж zh з z и i й y к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh щ shch "
    "ъ - ы y ь - э e ю yu я ya"
)
_BULGARIAN = _CYRILLIC | _table("х h щ sht ъ a ь y")
_MACEDONIAN = _CYRILLIC | _table("ѓ gj ѕ dz ј j љ lj њ nj ќ kj х h ц c џ dj")
_UKRAINIAN = _CYRILLIC | _table("г h ґ g є ie и y і i ї i й i ю iu я ia ' - ʼ -")
_UKRAINIAN_START = _table("є ye ї yi й y ю yu я ya")
_KAZAKH = _CYRILLIC | _table("ә a ғ g қ k ң n ө o ұ u ү u һ h і i ё yo")
_ARMENIAN = _table(
    "ա a բ b գ g դ d ե e զ z է e ը y թ t ժ zh ի i լ l խ kh ծ ts կ k հ h ձ dz ղ gh ճ ch մ m յ y ն n շ sh ո o չ ch պ p "
    "ջ j ռ r ս s վ v տ t ր r ց ts ւ v փ p ք k և ev օ o ֆ f"
)
_GEORGIAN = _table(
    "ა a ბ b გ g დ d ე e ვ v ზ z თ t ი i კ k ლ l მ m ნ n ო o პ p ჟ zh რ r ს s ტ t უ u ფ p ქ k ღ gh ყ q შ sh ჩ ch ც ts "
    "ძ dz წ ts ჭ ch ხ kh ჯ j ჰ h"
)


def _written(name: str, table: Mapping[str, str]) -> str:
    """Letter by letter, each word with a capital."""
    text = "".join(table.get(c, c) for c in name.lower())
    return re.sub(r"(^|[-\s])(\w)", lambda m: m[1] + m[2].upper(), text)


def bulgarian(name: str) -> str:
    """The Transliteration Act of 2009: ``Георгиева`` → ``Georgieva``, ``Мария`` → ``Maria``."""
    return _written(re.sub(r"ия(?=$|-)", "иa", name.lower()), _BULGARIAN)


def macedonian(name: str) -> str:
    """As in passports: ``Ѓорѓи`` → ``Gjorgji``, ``Џамбаз`` → ``Djambaz``."""
    return _written(name, _MACEDONIAN)


def ukrainian(name: str) -> str:
    """Resolution 55 of 2010: ``Євтушенко`` → ``Yevtushenko``, ``Згурський`` → ``Zghurskyi``."""
    text = re.sub(r"(?<![\w'ʼ])[єїйюя]", lambda m: _UKRAINIAN_START[m[0]], name.lower().replace("’", "'"))
    return _written(text.replace("зг", "zgh"), _UKRAINIAN)


def kazakh(name: str) -> str:
    """As in passports: ``Қайрат`` → ``Kairat``, ``Сәтпаев`` → ``Satpayev``, ``Бейімбет`` → ``Beimbet``."""
    text = re.sub(r"(?<![^\W аеиоуыэюяәіөұү])е", "йе", re.sub("йі", "и", name.lower()))
    return _written(re.sub(r"(?<=[аеоуиыәөұүі])й(?![аеоуияюәөұү])", "и", text), _KAZAKH)


def armenian(name: str) -> str:
    """As in passports: ``Եղիազարյան`` → ``Yeghiazaryan``, ``Հովհաննիսյան`` → ``Hovhannisyan``."""
    text = name.lower().replace("ու", "u")
    text = re.sub(r"(?<!\w)ո(?!վ)", "vo", re.sub(r"(?<!\w)ե", "ye", text))
    return _written(text, _ARMENIAN)


def georgian(name: str) -> str:
    """The national system of 2002 without its apostrophes, as in passports: ``ჭანტურია`` → ``Chanturia``."""
    return _written(name, _GEORGIAN)


def uzbek(name: str) -> str:
    """Latin letters as in the law: ``G'ulomov`` → ``Gʻulomov``, ``Ma'mur`` → ``Maʼmur``."""
    return re.sub("(?<=[OoGg])['‘]", "ʻ", name).replace("'", "ʼ")


def arabic(name: str) -> str:
    """Without vowel marks, which names are rarely written with: ``محمّد`` → ``محمد``."""
    return re.sub("[\u064b-\u0652]", "", name)


def devanagari(name: str) -> str:
    """Without the signs that part or join letters (U+200C, U+200D), which show the same name in another shape."""
    return re.sub("[\u200c\u200d]", "", name)


def persian(name: str) -> str:
    """With the Persian letters where a keyboard gave Arabic ones: ``علي`` → ``علی``."""
    return name.replace("ي", "ی").replace("ك", "ک")


ROMANISE: dict[str, Callable[[str], str]] = {
    "Armenian": armenian,
    "Bulgarian": bulgarian,
    "Georgian": georgian,
    "Greek": greek,
    "Kazakh": kazakh,
    "Macedonian": macedonian,
    "Russian": russian,
    "Ukrainian": ukrainian,
}
"""By label, of names in its own script. Lists of other labels that are in a script of their own stay in it."""
RESPELL: dict[str, Callable[[str], str]] = {
    "Arabic": arabic,
    "Hindi": devanagari,
    "Nepali": devanagari,
    "Persian": persian,
    "Uzbek": uzbek,
}
"""By label, of names that packages spell in more than one way."""
