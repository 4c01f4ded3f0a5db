import math
from collections import defaultdict

import numpy as np
import pytest

from charrnn.encoded import pad
from charrnn.errors import ModelFolderError
from charrnn.hashed_ngrams import ORDER, TYPES, HashedNGrams, hash_ngrams
from charrnn.text import END, START

SIZE = 9
LABELS = 3


def names(n, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(4, SIZE, rng.integers(1, 8)).tolist() for _ in range(n)]


def reference(fitted, labels, name):
    """The equation of the docstring, by recursion over strings and dictionaries."""
    scores = []
    for label in range(LABELS):
        counts = defaultdict(lambda: defaultdict(int))
        for known, own in zip(fitted, labels, strict=True):
            symbols = [START, *known, END]
            for t in range(1, len(symbols)):
                for n in range(min(t, ORDER - 1) + 1):
                    counts[tuple(symbols[t - n : t])][symbols[t]] += own == label
        symbols = [START, *name, END]
        total = 0.0
        for t in range(1, len(symbols)):
            p = uniform = 1 / (SIZE - 2)
            for n in range(min(t, ORDER - 1) + 1):
                after = counts.get(tuple(symbols[t - n : t]), {})
                types = TYPES * sum(c > 0 for c in after.values())
                if types:
                    p = (after.get(symbols[t], 0) + types * p) / (sum(after.values()) + types)
            total += math.log(p / uniform)
        scores.append(total)
    return scores


def test_the_sum_over_hashed_ngrams_is_the_interpolated_model():
    fitted, labels = names(60, 0), [i % LABELS for i in range(60)]
    table = HashedNGrams.fit(fitted, labels, LABELS, SIZE)
    asked = fitted[:10] + names(30, 1)
    expected = [reference(fitted, labels, name) for name in asked]
    # Entries are stored in half precision, a name has up to 40 of them.
    assert np.abs(table.scores(*pad(asked)) - expected).max() < 0.03


def test_a_name_scores_the_same_among_others_and_padded():
    table = HashedNGrams.fit(names(50, 2), [0, 1] * 25, 2, SIZE)
    asked = names(40, 3)
    alone = np.concatenate([table.scores(*pad([name])) for name in asked])
    assert np.abs(table.scores(*pad(asked)) - alone).max() < 1e-9


def test_a_name_is_likelier_under_the_label_that_it_came_from():
    table = HashedNGrams.fit([[4, 5, 4, 5]] * 5 + [[6, 7, 6, 7]] * 5, [0] * 5 + [1] * 5, 2, SIZE)
    (score,) = table.scores(*pad([[4, 5, 4, 5]]))
    assert score[0] > score[1]


def test_no_two_ngrams_of_a_real_list_share_a_hash():
    rng = np.random.default_rng(0)
    symbols = rng.integers(1, 60, (3000, 12))
    for n, hashes in enumerate(hash_ngrams(symbols, ORDER), start=1):
        strings = {tuple(row[t : t + n]) for row in symbols.tolist() for t in range(12 - n + 1)}
        assert len(strings) - len(np.unique(hashes)) <= 2
        assert hashes.min() > 0 and hashes.max() < 2**31 - 1


def test_padding_makes_no_ngram():
    unigrams, bigrams = hash_ngrams(np.array([[5, 6, 0]]), 2)
    assert (unigrams > 0).tolist() == [[True, True, False]] and (bigrams > 0).tolist() == [[True, False]]


def test_names_shorter_than_the_order_and_none_at_all():
    table = HashedNGrams.fit([[4], [5]], [0, 1], 2, SIZE)
    assert table.scores(*pad([[4], [8]])).shape == (2, 2)
    assert table.scores(*pad([])).shape == (0, 2)


def test_it_survives_a_model_folder():
    table = HashedNGrams.fit(names(50, 4), [0, 1] * 25, 2, SIZE)
    again = HashedNGrams.from_weights(table.weights() | {"head.bias": np.zeros(2)})
    assert np.array_equal(again.scores(*pad(names(5, 5))), table.scores(*pad(names(5, 5))))
    assert HashedNGrams.from_weights({"head.bias": np.zeros(2)}) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda w: w.pop("ngrams.values"),
        lambda w: w.update({"ngrams.values": w["ngrams.values"][:-1]}),
        lambda w: w.update({"ngrams.hashes": w["ngrams.hashes"][::-1]}),
        lambda w: w.update({"ngrams.labels": w["ngrams.labels"] + np.uint16(2)}),
        lambda w: w.update({"ngrams.base": w["ngrams.base"].astype(np.float64)}),
        lambda w: w.update({"ngrams.base": w["ngrams.base"] * np.float32(np.nan)}),
    ],
)
def test_damage_is_refused(damage):
    weights = HashedNGrams.fit(names(50, 4), [0, 1] * 25, 2, SIZE).weights()
    damage(weights)
    with pytest.raises(ModelFolderError):
        HashedNGrams.from_weights(weights)
