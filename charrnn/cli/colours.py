"""Letters whose background says what they speak for: blue for, orange against, apart for colour-blind eyes, too."""

from __future__ import annotations

import os
from typing import TextIO

FOR = (195, 153, 111, 69, 27)
AGAINST = (230, 223, 216, 209, 202)
"""Of the 256 colours that terminals have, from faint to strong."""
FAINTEST = 0.05
"""Of the strongest share; what is less stays uncoloured."""


def wants_colours(stream: TextIO) -> bool:
    """Whether to colour: FORCE_COLOR or a terminal, unless NO_COLOR is set (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def coloured(text: str, strength: float) -> str:
    """The text on a background of strength -1 (strongly against) to 1 (strongly for)."""
    if abs(strength) < FAINTEST:
        return text
    ramp = FOR if strength > 0 else AGAINST
    background = ramp[min(int(abs(strength) * len(ramp)), len(ramp) - 1)]
    letters = 231 if background == FOR[-1] else 16
    return f"\x1b[48;5;{background}m\x1b[38;5;{letters}m{text}\x1b[0m"
