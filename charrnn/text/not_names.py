"""Texts that tables hold in place of names: placeholders, addresses and numbers, organisations."""

from __future__ import annotations

import re


def _listed(text: str, separator: str | None = None) -> frozenset[str]:
    return frozenset(part.strip() for part in text.strip().split(separator))


_PLACEHOLDERS = _listed(
    """
    admin|administrator|anon|anonymous|anonymous user|as above|client|confidential|customer|deleted|deleted user|ditto
    |dummy|employee|enter name here|example|first name|firstname|foobar|full name|fullname|given name|last name
    |lastname|lorem ipsum|misc|miscellaneous|name|name here|nameless|no data|no name|no name given|noname|none
    |none given|not applicable|not available|not disclosed|not given|not known|not provided|not specified|not stated
    |others|pending|placeholder|redacted|same as above|see above|see below|see notes|surname|tba|tbc|tbd|test
    |test name|test test|test user|testname|testuser|to be announced|to be confirmed|to be determined|to follow
    |undefined|undisclosed|unknown|unknown unknown|unnamed|unspecified|user|user name|username|various|withheld|x x
    |xx|xxx|xxxx|your name
    """,
    "|",
)
# None of these words is a usual surname or given name, as Bank, Bureau, Company, Holding and Pizza are.
_LEGAL_FORMS = _listed(
    """
    aps bhd bvba corp corporation ehf eurl gbr gmbh inc incorporated jsc kft kgaa lda llc llp ltd ltda ohg oyj plc pllc
    pte pty sarl sdn srl sro zrt
    """
)
_FOREIGN_FORMS = ["株式会社", "有限会社", "合同会社", "有限公司", "주식회사"]
"""They stand before or behind the name of a company, without a space."""
_CYRILLIC_FORMS = frozenset(["ооо", "оао", "зао", "пао", "тов"])
_ABBREVIATED_FORMS = re.compile(r"\w\w .*\b(?:ab|ag|co|kg|oy|spa|s\.p\.a|s\.r\.l|s\.r\.o|d\.o\.o|z o\.o)\.$|\ba/s\.?$")
_ORGANISATIONS = _listed(
    """
    academy agency airlines airways associates association bakery clinic committee construction consulting cooperative
    dealership department electronics engineering enterprises federation foundation holdings industries institute
    insurance international kindergarten laboratories library limited logistics ministry municipality museum orchestra
    organisation organization partners partnership pharmacy restaurant shipping society solutions stores studios
    supermarket supplies systems technologies technology trading transport university ventures workshop
    """
)
_OF = re.compile(r"\b(?:bank|bureau|center|centre|church|city|club|college|council|hospital|office|school|union) of\b")
_SIGNS = re.compile(r"[@\d{}<>=\\$%]|://")
_WEB = re.compile(r"\bwww\.|\w\w\.(?:com|org|net|edu|gov|html?|pdf|txt)(?=[/:]|\s|$)|^[\w.-]+\.(?:de|fr|io|uk)(?:/|$)")
_ABBREVIATIONS = re.compile(r"(?<=\b\w)[./](?=\w\b)|\.")
_AND_SONS = re.compile(r"(?:&|\b(?:and|und|et|e|y|og|och)) (?:cie|co|filhos|fils|hijos|partners?|sohne|sons)\b")
_TELLING = _LEGAL_FORMS | _CYRILLIC_FORMS | _ORGANISATIONS | _listed("and e et oder of og och und y и или та і")
"""Words without which letters and spaces alone tell of no organisation and of no two people."""
_TWO_PEOPLE = re.compile(r"\w (?:&|and|oder|und|et|og|och|и|или|та|і) \w|\w; ?\w")
_WORDS = re.compile(r"\w+")


def is_no_name(text: str) -> bool:
    """Whether a text says by its form that it is no name of a person.

    It is a placeholder such as ``not available``; it holds a digit, or a sign of an address or of a computer language;
    or it has several words, among them a company's legal form or a word for organisations, or *and* between two.

    Args:
        text: in folded case, Latin letters in ASCII.
    """
    if not text.isascii() and any(text.startswith(form) or text.endswith(form) for form in _FOREIGN_FORMS):
        return True
    if text.isalpha():
        return text in _PLACEHOLDERS
    if text.replace(" ", "").isalpha() and _TELLING.isdisjoint(found := text.split()):
        return " ".join(found) in _PLACEHOLDERS  # most full names, without the search for signs
    if _SIGNS.search(text) or _WEB.search(text):
        return True
    words = _WORDS.findall(_ABBREVIATIONS.sub("", text))
    if " ".join(words) in _PLACEHOLDERS or words == ["na"]:
        return True
    if len(words) < 2:
        return False
    forms = _ABBREVIATED_FORMS, _AND_SONS, _OF, _TWO_PEOPLE
    is_company = words[-1] in _LEGAL_FORMS or words[0] in _CYRILLIC_FORMS or any(form.search(text) for form in forms)
    return is_company or not _ORGANISATIONS.isdisjoint(words)
