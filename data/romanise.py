"""From Cyrillic and Greek script to the spelling that bearers use in Latin letters."""

from __future__ import annotations

import re

_RUSSIAN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip
_GREEK = {
    "αι": "ai", "ει": "ei", "οι": "oi", "ου": "ou", "γγ": "ng", "γχ": "nch", "γξ": "nx", "γκ": "gk", "μπ": "mp",
    "ντ": "nt", "τζ": "tz", "τσ": "ts", "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th",
    "ι": "i", "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s",
    "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
_GREEK_START = {"μπ": "b", "ντ": "d", "γκ": "g"}
_VOICELESS = "θκξπσςτφχψ"


def _capitalise(text: str) -> str:
    return re.sub(r"(^|[-\s])(\w)", lambda m: m[1] + m[2].upper(), text)


def russian(name: str) -> str:
    """Cyrillic as the press and passports write it in English: BGN/PCGN, with ``-y`` for final ``-ий``, ``-ый``.

    ``Юрьев`` → ``Yuriev``, ``Воробьева`` → ``Vorobyeva``, ``Достоевский`` → ``Dostoevsky``.
    """
    text = re.sub(r"[иы]й$", "y", name.lower())
    # A soft sign before a vowel is heard as y, which ё, ю, я have already; "Юрьев" is customarily spelled with i.
    text = re.sub(r"ь(?=[еио])", "i" if text.startswith("юрь") else "y", text)
    text = re.sub(r"^(але|ма)кс", r"\1x", text)
    return _capitalise("".join(_RUSSIAN.get(c, c) for c in text))


def greek(name: str) -> str:
    """Greek as bearers write it: ELOT 743 with its digraphs, but ``Hatzi-``, and ``f`` or ``v`` after ``α``, ``ε``.

    ``Παπαδόπουλος`` → ``Papadopoulos``, ``Χατζής`` → ``Hatzis``, ``Μπακογιάννης`` → ``Bakogiannis``.
    """
    # Without accents; a diaeresis keeps two vowels apart, so it is written out first.
    text = name.lower().replace("ϊ", "i").replace("ΐ", "i").replace("ϋ", "y").replace("ΰ", "y")
    text = text.translate(str.maketrans("άέήίόύώ", "αεηιουω"))
    text = re.sub(r"^χατζ", "hatz", text)
    text = re.sub(rf"([αε])υ(?=[{_VOICELESS}])", r"\1f", text)
    text = re.sub(r"([αε])υ", r"\1v", text)
    text = re.sub(r"^(μπ|ντ|γκ)", lambda m: _GREEK_START[m[1]], text)
    pattern = "|".join(sorted(map(re.escape, _GREEK), key=len, reverse=True))
    return _capitalise(re.sub(pattern, lambda m: _GREEK[m[0]], text))
