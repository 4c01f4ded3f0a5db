"""Labelled names: where they are read from, what is wrong with them, and how they are split without leaks."""

from charrnn.corpus.corpus import Corpus
from charrnn.corpus.split import Split

__all__ = ["Corpus", "Split"]
