import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.corpus import Corpus
from charrnn.corpus.split import folds, split, write_split
from charrnn.errors import CorpusError, InputError, SettingsError, StorageError

names = st.lists(st.tuples(st.text("abAB", min_size=1, max_size=4), st.sampled_from("XYZ")), min_size=40, max_size=120)


def corpus_of(pairs):
    return Corpus([n for n, _ in pairs], [label for _, label in pairs])


@given(names, st.integers(0, 5))
def test_no_name_stands_on_two_sides_and_none_is_lost(pairs, seed):
    corpus = corpus_of(pairs)
    try:
        splits = split(corpus, seed)
    except CorpusError:
        assert len(set(corpus.keys)) < 40
        return
    sides = [set(own.keys) for own in splits]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert Counter(pairs) == Counter(p for own in splits for p in zip(own.names, own.labels, strict=True))


@given(names, st.integers(0, 5), st.integers(2, 7))
def test_each_name_is_tested_in_one_part_and_trained_on_in_the_others(pairs, seed, count):
    corpus = corpus_of(pairs)
    try:
        parts = folds(corpus, seed, count)
    except CorpusError:
        return
    assert len(parts) <= count
    tested = Counter(key for part in parts for key in set(part.test.keys))
    assert not tested or max(tested.values()) == 1
    for part in parts:
        assert len(part.validation) == 0 < len(part.test)
        assert not set(part.train.keys) & set(part.test.keys)
        assert Counter(pairs) == Counter(p for own in part for p in zip(own.names, own.labels, strict=True))
        # A name is left out only where its stratum has another.
        assert set(part.train.label_set) == set(corpus.label_set) or len(set(corpus.keys)) < len(pairs)
    sizes = [len(set(part.test.keys)) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_a_name_without_another_of_its_label_is_never_tested():
    parts = folds(corpus_of([("aa", "X"), ("ab", "Y"), ("ba", "Y"), ("bb", "Y")]), 0, 5)
    assert len(parts) == 3 and all("aa" in part.train.names for part in parts)
    with pytest.raises(CorpusError, match="2 distinct names are too few for cross-validation"):
        folds(corpus_of([("aa", "X"), ("ab", "Y")]), 0, 5)


def test_labels_keep_their_shares():
    corpus = Corpus.read("names/surname")
    splits = split(corpus, 0)
    for label, count in corpus.label_counts.items():
        assert splits.test.label_counts[label] == pytest.approx(count / 10, rel=0.15, abs=3)


@pytest.mark.parametrize("seed", range(5))
def test_every_label_is_split_by_itself(seed):
    sizes = {"A": 10, "B": 30, "C": 200}
    splits = split(corpus_of([(f"{label}{i}x", label) for label, size in sizes.items() for i in range(size)]), seed)
    assert splits.test.label_counts == splits.validation.label_counts == {"A": 1, "B": 3, "C": 20}


@pytest.mark.parametrize("seed", range(5))
def test_a_name_of_two_labels_counts_for_the_first(seed):
    shared = [(f"s{i}x", label) for i in range(10) for label in ("B", "A")]
    splits = split(corpus_of(shared + [(f"n{i}x", "B") for i in range(10)]), seed)
    assert splits.test.label_counts == splits.validation.label_counts == {"A": 1, "B": 2}


def test_a_small_label_keeps_a_name_for_training():
    splits = split(corpus_of([("ab", "A"), *((f"n{i}x", "B") for i in range(30))]), 0, 0.49, 0.49)
    assert splits.train.label_counts == {"A": 1, "B": 1}


def test_spellings_of_one_name_stay_together_and_keep_their_order():
    pairs = [(spelling, label) for i in range(30) for spelling, label in ((f"Ná{i}k", "A"), (f"na{i}k", "B"))]
    splits = split(corpus_of(pairs), 0)
    for own in splits:
        indices = [pairs.index(pair) for pair in zip(own.names, own.labels, strict=True)]
        assert indices == sorted(indices) and own.names[0::2] == [name.replace("na", "Ná") for name in own.names[1::2]]


def test_the_split_is_the_same_everywhere():
    # Frozen: models trained a year ago must find their test split again.
    corpus = Corpus([f"name{chr(97 + i)}" for i in range(20)], ["X"] * 20)
    assert split(corpus, 7).test.names == ["namea", "namen"]


def test_seeds_differ():
    corpus = Corpus.read("names/surname")
    assert split(corpus, 0).test.names != split(corpus, 1).test.names


def test_a_zero_fraction_leaves_the_split_empty():
    splits = split(corpus_of([(f"n{i}x", "A") for i in range(30)]), 0, 0.2, 0)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (24, 6, 0)


@pytest.mark.parametrize("fractions", [(-0.1, 0.1), (0.5, 0.5), (0.1, 1.0), (float("nan"), 0.1)])
def test_impossible_fractions_are_refused(fractions):
    with pytest.raises(SettingsError, match="fraction"):
        split(corpus_of([("a", "A")]), 0, *fractions)


def test_too_few_names_are_refused():
    with pytest.raises(CorpusError, match="too few"):
        split(corpus_of([("ab", "A"), ("cd", "A")]), 0)


def written(tmp_path):
    corpus = corpus_of([(f"Ná{i}x", label) for i in range(20) for label in ("A", "B")])
    splits = split(corpus, 0)
    write_split(splits, tmp_path / "out")
    return splits


def test_what_is_written_is_read_again(tmp_path):
    (tmp_path / "out").mkdir()
    splits = written(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    for side, own in splits._asdict().items():
        assert Corpus.read(tmp_path / "out" / side).fingerprint == own.fingerprint


def test_a_folder_that_cannot_be_written_is_a_storage_error_and_stays_as_it_is(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"out: cannot be written \(.*\)\. Choose another place\."):
        written(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine.txt"]


KINDS = Corpus(
    [f"{a}{b}{c}o" for a in "BDKL" for b in "aeiou" for c in "mnrst"],
    [label for label in "ABAB" for _ in range(25)],
    kinds=[kind for kind in ("surname", "surname", "female", "any") for _ in range(25)],
)


def test_every_kind_of_a_label_is_split_by_itself():
    splits = split(KINDS, 3, 0.2, 0.2)
    for own, size in zip(splits, (15, 5, 5), strict=True):
        assert Counter(zip(own.labels, own.kinds, strict=True)) == dict.fromkeys(
            [("A", "surname"), ("B", "surname"), ("A", "female"), ("B", "any")], size
        )


def test_a_name_of_two_kinds_stands_on_one_side():
    both = Corpus(KINDS.names * 2, KINDS.labels * 2, kinds=["surname"] * 100 + ["female"] * 100)
    sides = [set(own.keys) for own in split(both)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_kinds_are_written_as_folders_and_read_again(tmp_path):
    splits = split(KINDS)
    write_split(splits, tmp_path / "out")
    for side, own in splits._asdict().items():
        again = Corpus.read(tmp_path / "out" / side)
        assert again.fingerprint == own.fingerprint and again.kind_counts == own.kind_counts
    for kind in ("a/b", "..", ".", ""):
        odd = Corpus(KINDS.names, KINDS.labels, kinds=[kind] * 99 + ["surname"])
        with pytest.raises(CorpusError, match=re.escape(f"the kind {kind!r} is no file name")):
            write_split(split(odd), tmp_path / "odd")
        assert not (tmp_path / "odd").exists()
    with pytest.raises(InputError, match="holds the sides of a split"):
        Corpus.read(tmp_path / "out")
