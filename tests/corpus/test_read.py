import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charrnn.corpus import Corpus
from charrnn.errors import CorpusError
from tests.conftest import SHARED


def test_folder_of_labels(tmp_path):
    (tmp_path / "Greek.txt").write_bytes("\ufeffHatzis\r\n\r\n  Papas \r\n".encode())
    (tmp_path / "Czech.txt").write_bytes("Dvořák".encode())
    corpus = Corpus.read(tmp_path)
    assert list(zip(corpus.names, corpus.labels, strict=True)) == [
        ("Dvořák", "Czech"),
        ("Hatzis", "Greek"),
        ("Papas", "Greek"),
    ]
    assert corpus.dropped == {"empty": 1}


def test_file_is_one_label(tmp_path):
    (tmp_path / "names.txt").write_text("emma\nolivia\n12\n" + "x" * 101)
    corpus = Corpus.read(tmp_path / "names.txt")
    assert corpus.label_counts == {"names": 2}
    assert corpus.dropped == {"no-letters": 1, "too-long": 1}


def test_bundled_corpus_has_the_eighteen_labels():
    corpus = Corpus.read("names")
    assert len(corpus.label_set) == 18
    assert len(set(corpus.keys)) >= 8_000
    assert corpus.dropped == {}
    assert len(corpus.distinct_pairs()) == len(corpus)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no <Label>.txt"),
        ({"A.txt": b""}, r"A\.txt: no names"),
        ({"A.txt": b"ok\nM\xfcller\n"}, r"A\.txt, line 2: not UTF-8 \(byte 0xfc\)"),
        ({"A.txt": b"x", "a.txt": b"y"}, "letter case alone"),
    ],
)
def test_bad_folders_say_what_and_where(tmp_path, files, message):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=message) as caught:
        Corpus.read(tmp_path)
    assert "\n" not in str(caught.value)


def test_missing_path_names_the_choices(tmp_path):
    with pytest.raises(CorpusError, match="no such file or folder"):
        Corpus.read(tmp_path / "absent")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_corpus_or_a_corpus_error(tmp_path, content):
    file = tmp_path / "bytes.txt"
    file.write_bytes(content)
    try:
        corpus = Corpus.read(file)
    except CorpusError as error:
        assert "\n" not in str(error)
    else:
        assert len(corpus) > 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tutorials' data is not beside this checkout")
def test_tutorial_data_has_the_published_numbers():
    corpus = Corpus.read(SHARED / "tutorial")
    assert len(set(corpus.keys)) == 17_411
    assert 17_980 <= len(corpus.distinct_pairs()) <= 17_986
