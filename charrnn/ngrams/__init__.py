"""Character n-grams in two layouts, with Witten-Bell interpolation.

An automaton answers for one label what the next character is, a hash table how likely one name is under all labels. The
two weigh lower orders differently (see the modules).
"""

from charrnn.ngrams.automaton import NGramAutomaton
from charrnn.ngrams.hash_table import NGramHashTable
from charrnn.ngrams.storage import has_ngrams

__all__ = ["NGramAutomaton", "NGramHashTable", "has_ngrams"]
