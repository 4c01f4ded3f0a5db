import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charrnn.text import BOS, EOS, Vocabulary, add_bos_eos, code_points, pad


@given(st.lists(st.text()), st.sampled_from(["", "abc", " 'aeiouářИ王", "\U0001f600a"]))
def test_all_at_once_is_one_after_the_other(texts, alphabet):
    vocabulary = Vocabulary(alphabet)
    chars, lengths = vocabulary.encode_batch(texts)
    expected, expected_lengths = pad([vocabulary.encode(text) for text in texts])
    assert np.array_equal(chars, expected) and np.array_equal(lengths, expected_lengths)


def test_names_stand_between_start_and_end():
    assert add_bos_eos(*pad([[5, 6], [], [7]])).tolist() == [[BOS, 5, 6, EOS], [BOS, EOS, 0, 0], [BOS, 7, EOS, 0]]


@given(st.lists(st.text(st.characters(exclude_characters="\0"))))
def test_texts_are_spelled_by_their_code_points(texts):
    codes, lengths = code_points(texts)
    assert codes.dtype == np.uint64 and codes.shape == (len(texts), max(map(len, texts), default=0))
    assert lengths.tolist() == [len(text) for text in texts]
    assert ["".join(map(chr, row)).rstrip("\0") for row in codes.tolist()] == texts


def test_a_lone_surrogate_is_a_code_point():
    assert code_points(["a\ud800"])[0].tolist() == [[0x61, 0xD800]]
