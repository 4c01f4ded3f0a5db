from charrnn.corpus import Corpus

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
