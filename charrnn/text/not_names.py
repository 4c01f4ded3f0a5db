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
# Short ones are names, too, unless a full stop stands behind them: Sá, Co.
_LEGAL_FORMS = _listed(
    """
    aps bhd bvba company corp corporation ehf eurl gbr gmbh holding holdings inc incorporated jsc kft kgaa lda limited
    llc llp ltd ltda ohg oyj plc pllc pte pty sarl sdn srl sro zrt
    """
)
_ABBREVIATED_FORMS = _listed("ab ag as asa bv co doo kg kk lp nv oo oy sa sae sas sl spa ug")
_LEADING_FORMS = _listed("ooo pt")
_ORGANISATIONS = _listed(
    """
    academy agency airlines airways associates association bakery bank bureau cafe centre center clinic club committee
    construction consulting cooperative council dealership department electronics engineering enterprises federation
    foundation group hospital hotel industries institute insurance international kindergarten laboratories library
    logistics ministry municipality museum orchestra organisation organization partners partnership pharmacy pizza
    restaurant school services shipping society solutions stores studio studios supermarket supplies systems
    technologies technology trading transport trust university ventures workshop
    """
)
_ADDRESS = re.compile(r"[@\d{}<>=\\$%]|://|\bwww\.|\w\.(?:com|org|net|edu|gov|html?|pdf|txt|[a-z]{2}\.uk|de|fr|io)\b")
_INITIALS = re.compile(r"(?<=\b\w)[./](?=\w\b)|\.")
_AND_SONS = re.compile(r"(?:&|\b(?:and|und|et|y|e|i|og|och)) (?:cie|co|company|partners?|sons?|filhos|hijos|sohne)\b")
_WORDS = re.compile(r"\w+")


def is_no_name(text: str) -> bool:
    """Whether a text says by its form that it is no name of a person.

    It is a placeholder such as ``not available``; it holds a digit, or a sign of an address or of a computer language;
    or it has several words, among them a company's legal form or a word for organisations.

    Args:
        text: in folded case, Latin letters in ASCII.
    """
    if text.isalpha():
        return text in _PLACEHOLDERS
    if _ADDRESS.search(text):
        return True
    words = _WORDS.findall(_INITIALS.sub("", text))
    if " ".join(words) in _PLACEHOLDERS or words == ["na"]:
        return True
    if len(words) < 2:
        return False
    is_company = words[-1] in _LEGAL_FORMS or words[0] in _LEADING_FORMS or _AND_SONS.search(text) is not None
    is_abbreviated = text.endswith(".") and words[-1] in _ABBREVIATED_FORMS
    return is_company or is_abbreviated or not _ORGANISATIONS.isdisjoint(words)
