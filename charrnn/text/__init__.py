"""From what people type to what a model reads: cleaning, romanisation, vocabularies, batches of encoded names."""

from charrnn.text.cleaning import (
    MAX_LENGTH,
    PIPELINES,
    Compose,
    clean,
    fold,
    has_letters,
    name_key,
    rejection_reason,
    to_ascii,
)
from charrnn.text.prefixes import PrefixLevel, prefix_levels
from charrnn.text.romanisation import romanise, script
from charrnn.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNKNOWN, Vocabulary, add_bos_eos, pad

__all__ = [
    "BOS",
    "EOS",
    "MAX_LENGTH",
    "PAD",
    "PIPELINES",
    "SPECIALS",
    "UNKNOWN",
    "Compose",
    "PrefixLevel",
    "Vocabulary",
    "add_bos_eos",
    "clean",
    "fold",
    "has_letters",
    "name_key",
    "pad",
    "prefix_levels",
    "rejection_reason",
    "romanise",
    "script",
    "to_ascii",
]
