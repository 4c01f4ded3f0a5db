import pytest

from charrnn.corpus import Corpus
from charrnn.errors import CorpusError

CORPUS = Corpus(["Nowak", "NOWAK", "Nowák", "Nowak", "Sato"], ["Polish", "Polish", "Czech", "Polish", "Japanese"])


def test_pairs_are_distinct_ignoring_case_and_marks():
    pairs = CORPUS.distinct_pairs()
    assert list(zip(pairs.names, pairs.labels, strict=True)) == [
        ("Nowak", "Polish"),
        ("Nowák", "Czech"),
        ("Sato", "Japanese"),
    ]


def test_fingerprint_depends_on_content_not_on_order():
    shuffled = CORPUS.select([4, 2, 0, 1, 3])
    assert shuffled.fingerprint == CORPUS.fingerprint
    assert CORPUS.select([0, 1, 2, 3]).fingerprint != CORPUS.fingerprint


def test_without_leaves_out_every_spelling():
    assert CORPUS.without(["nowak"]).names == ["Sato"]


def test_native_pairs_are_compared_as_they_are_written():
    corpus = Corpus(["王明", "汪明", "Müller", "Muller", "MÜLLER"], ["A"] * 5)
    assert list(corpus.distinct_pairs().names) == ["王明", "Müller"]
    assert list(corpus.distinct_pairs("native").names) == ["王明", "汪明", "Müller", "Muller"]


def test_folded_pairs_are_compared_without_marks_in_their_own_scripts():
    corpus = Corpus(["Müller", "Muller", "MÜLLER", "王明", "汪明", "Иван", "ИВАН", "Ivan"], ["A"] * 8)
    assert list(corpus.distinct_pairs("folded").names) == ["Müller", "王明", "汪明", "Иван", "Ivan"]
    assert list(corpus.distinct_pairs("latin").names) == ["Müller", "Muller", "王明", "汪明", "Иван"]


def test_a_name_of_two_kinds_is_two_names_where_kinds_count():
    corpus = Corpus(["Kim", "kim", "KIM"], ["A"] * 3, kinds=["male", "surname", "male"])
    assert corpus.distinct_pairs().kinds == ["male"]
    by_kind = corpus.distinct_pairs(by_kind=True)
    assert by_kind.names == ["Kim", "kim"] and by_kind.kinds == ["male", "surname"] and by_kind.dropped["repeated"] == 1
    assert CORPUS.distinct_pairs(by_kind=True) == CORPUS.distinct_pairs()


def test_the_fingerprint_is_the_same_everywhere():
    # Frozen: models name the fingerprint of their data, and find it again by that.
    corpus = Corpus(["Nowak", "Sato"], ["Polish", "Japanese"])
    assert corpus.fingerprint == "dc6dd4935cdfe4c36700fb5c6917b9010011e63dda7e0286559b0da987d99fc1"


def test_repeats_are_counted_beside_what_reading_left_out():
    corpus = Corpus(CORPUS.names, CORPUS.labels, dropped={"no-letters": 2})
    assert corpus.distinct_pairs().dropped == {"no-letters": 2, "repeated": 2}
    assert corpus.distinct_pairs().distinct_pairs().dropped == {"no-letters": 2, "repeated": 2}


def test_the_kind_of_a_name_counts_where_there_are_kinds():
    plain, some = CORPUS.select([0, 4]), Corpus(["Nowak", "Sato"], ["Polish", "Japanese"], kinds=["surname", "any"])
    other = Corpus(["Nowak", "Sato"], ["Polish", "Japanese"], kinds=["male", "any"])
    assert len({plain.fingerprint, some.fingerprint, other.fingerprint}) == 3
    assert (
        some.select([1]).kinds == some.without(["nowak"]).kinds == ["any"] and some.distinct_pairs().kinds == some.kinds
    )
    assert plain.kinds == plain.select([0]).kinds == [] and plain.kind_counts == {}
    with pytest.raises(CorpusError, match="2 names and 1 kinds"):
        Corpus(["Nowak", "Sato"], ["Polish", "Japanese"], kinds=["surname"])
