from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.errors import CorpusError, SettingsError

names = st.lists(st.tuples(st.text("abAB", min_size=1, max_size=4), st.sampled_from("XYZ")), min_size=40, max_size=120)


def corpus_of(pairs):
    return Corpus([n for n, _ in pairs], [label for _, label in pairs])


@given(names, st.integers(0, 5))
def test_no_name_stands_on_two_sides_and_none_is_lost(pairs, seed):
    corpus = corpus_of(pairs)
    try:
        parts = split(corpus, seed)
    except CorpusError:
        assert len(set(corpus.keys)) < 40
        return
    sides = [set(part.keys) for part in parts]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert Counter(pairs) == Counter(p for part in parts for p in zip(part.names, part.labels, strict=True))


def test_labels_keep_their_shares():
    corpus = Corpus.read("names")
    parts = split(corpus, 0)
    for label, count in corpus.label_counts.items():
        assert parts.test.label_counts[label] == pytest.approx(count / 10, rel=0.15, abs=3)


def test_the_split_is_the_same_everywhere():
    # Frozen: models trained a year ago must find their test part again.
    corpus = Corpus([f"name{chr(97 + i)}" for i in range(20)], ["X"] * 20)
    assert split(corpus, 7).test.names == ["namea", "namen"]


def test_seeds_differ():
    corpus = Corpus.read("names")
    assert split(corpus, 0).test.names != split(corpus, 1).test.names


def test_a_zero_fraction_leaves_the_part_empty():
    parts = split(corpus_of([(f"n{i}x", "A") for i in range(30)]), 0, 0.2, 0)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (24, 6, 0)


@pytest.mark.parametrize("fractions", [(-0.1, 0.1), (0.5, 0.5), (0.1, 1.0), (float("nan"), 0.1)])
def test_impossible_fractions_are_refused(fractions):
    with pytest.raises(SettingsError, match="fraction"):
        split(corpus_of([("a", "A")]), 0, *fractions)


def test_too_few_names_are_refused():
    with pytest.raises(CorpusError, match="too few"):
        split(corpus_of([("ab", "A"), ("cd", "A")]), 0)
