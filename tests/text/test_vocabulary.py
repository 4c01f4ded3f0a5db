import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charrnn.text import BOS, EOS, Vocabulary, add_bos_eos, pad


@given(st.lists(st.text()), st.sampled_from(["", "abc", " 'aeiouářИ王", "\U0001f600a"]))
def test_all_at_once_is_one_after_the_other(texts, alphabet):
    vocabulary = Vocabulary(alphabet)
    chars, lengths = vocabulary.encode_batch(texts)
    expected, expected_lengths = pad([vocabulary.encode(text) for text in texts])
    assert np.array_equal(chars, expected) and np.array_equal(lengths, expected_lengths)


def test_names_stand_between_start_and_end():
    assert add_bos_eos(*pad([[5, 6], [], [7]])).tolist() == [[BOS, 5, 6, EOS], [BOS, EOS, 0, 0], [BOS, 7, EOS, 0]]
