"""From what people type to what a model reads: cleaning, romanisation, vocabularies, batches of encoded names."""

from charrnn.text.cleaning import (
    EVERY_SCRIPT,
    MAX_LENGTH,
    MISSING_NAMES,
    PIPELINES,
    CharacterTable,
    Compose,
    clean,
    fold,
    fold_latin,
    has_letters,
    is_missing,
    name_key,
    read_name,
    rejection_reason,
    to_ascii,
)
from charrnn.text.escaping import printable, printable_json, printable_table, without_formula
from charrnn.text.not_names import is_no_name
from charrnn.text.prefixes import FEW, PrefixLevel, prefix_levels
from charrnn.text.rare_letters import RARE_LETTERS, rare_letter, symbol_script
from charrnn.text.romanisation import is_latin, is_readable, romanise, script, script_runs, unicode_script
from charrnn.text.spelling import Spelling, has_vowels, spelling_patterns
from charrnn.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNKNOWN, Vocabulary, add_bos_eos, code_points, pad

__all__ = [
    "BOS",
    "EOS",
    "EVERY_SCRIPT",
    "FEW",
    "MAX_LENGTH",
    "MISSING_NAMES",
    "PAD",
    "PIPELINES",
    "RARE_LETTERS",
    "SPECIALS",
    "UNKNOWN",
    "CharacterTable",
    "Compose",
    "PrefixLevel",
    "Spelling",
    "Vocabulary",
    "add_bos_eos",
    "clean",
    "code_points",
    "fold",
    "fold_latin",
    "has_letters",
    "has_vowels",
    "is_latin",
    "is_missing",
    "is_no_name",
    "is_readable",
    "name_key",
    "pad",
    "prefix_levels",
    "printable",
    "printable_json",
    "printable_table",
    "rare_letter",
    "read_name",
    "rejection_reason",
    "romanise",
    "script",
    "script_runs",
    "spelling_patterns",
    "symbol_script",
    "to_ascii",
    "unicode_script",
    "without_formula",
]
