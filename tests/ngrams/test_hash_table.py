import math
from collections import defaultdict

import numpy as np
import pytest

from charrnn.corpus import Corpus
from charrnn.errors import ModelFolderError
from charrnn.ngrams import hash_table
from charrnn.ngrams.hash_table import LOWER_ORDER_WEIGHT, ORDER, NGramHashTable, hash_ngrams
from charrnn.text import BOS, EOS, Vocabulary, add_bos_eos, pad

SIZE = 9
LABELS = 3


def names(n, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(4, SIZE, rng.integers(1, 8)).tolist() for _ in range(n)]


def reference(fitted, labels, name, lower_order_weight=LOWER_ORDER_WEIGHT):
    """The equation of the docstring, by recursion over strings and dictionaries."""
    scores = []
    for label in range(LABELS):
        counts = defaultdict(lambda: defaultdict(int))
        for known, own in zip(fitted, labels, strict=True):
            symbols = [BOS, *known, EOS]
            for t in range(1, len(symbols)):
                for n in range(min(t, ORDER - 1) + 1):
                    counts[tuple(symbols[t - n : t])][symbols[t]] += own == label
        symbols = [BOS, *name, EOS]
        total = 0.0
        for t in range(1, len(symbols)):
            p = uniform = 1 / (SIZE - 2)
            for n in range(min(t, ORDER - 1) + 1):
                if 0 in symbols[t - n : t + 1]:
                    break
                after = counts.get(tuple(symbols[t - n : t]), {})
                types = lower_order_weight * sum(c > 0 for c in after.values())
                if types:
                    p = (after.get(symbols[t], 0) + types * p) / (sum(after.values()) + types)
            total += math.log(p / uniform)
        scores.append(total)
    return scores


@pytest.mark.parametrize("lower_order_weight", [1.0, LOWER_ORDER_WEIGHT])
def test_the_sum_over_hashed_ngrams_is_the_interpolated_model(lower_order_weight):
    fitted, labels = names(60, 0), [i % LABELS for i in range(60)]
    table = NGramHashTable.fit(fitted, labels, LABELS, SIZE, lower_order_weight)
    asked = fitted[:10] + names(30, 1)
    expected = [reference(fitted, labels, name, lower_order_weight) for name in asked]
    # What an entry adds is one of 1024 levels, a name has up to 40 of them.
    assert np.abs(table.scores(*pad(asked)) - expected).max() < 0.03


def test_characters_that_no_name_has_do_not_change_the_odds_of_labels():
    fitted, labels = names(60, 0), [min(i % 5, 2) for i in range(60)]
    few, many = (NGramHashTable.fit(fitted, labels, LABELS, size).scores(*pad(names(30, 1))) for size in (9, 900))
    assert np.abs(np.diff(few, axis=1) - np.diff(many, axis=1)).max() < 1e-4


def test_a_hidden_character_is_no_event_and_no_context():
    fitted, labels = names(60, 0), [i % LABELS for i in range(60)]
    table = NGramHashTable.fit(fitted, labels, LABELS, SIZE)
    rng = np.random.default_rng(5)
    asked = [[c * int(rng.random() < 0.6) for c in name] for name in fitted[:20] + names(40, 1)]
    expected = [reference(fitted, labels, name) for name in asked]
    assert np.abs(table.scores(*pad(asked)) - expected).max() < 0.03


@pytest.mark.parametrize("cells", [0, 500, hash_table.MAX_TRIPLE_CELLS])
def test_a_name_scores_the_same_among_others_and_padded(cells, monkeypatch):
    monkeypatch.setattr(hash_table, "MAX_TRIPLE_CELLS", cells)
    table = NGramHashTable.fit(names(50, 2), [0, 1] * 25, 2, SIZE)
    asked = [*names(40, 3), [4, 0, 5], [0, 4], [0], [4, 0], [4, 0, 0, 5, 6, 4]]
    alone = np.concatenate([table.scores(*pad([name])) for name in asked])
    for first in range(0, len(asked), 10):  # too few to share prefixes, but not alone
        few = slice(first, first + 10)
        assert np.abs(table.scores(*pad(asked[few])) - alone[few]).max() < 1e-9
    # The table of three characters is of single precision.
    assert np.abs(table.scores(*pad(asked)) - alone).max() < 1e-5
    order = np.random.default_rng(0).permutation(len(asked))
    assert np.abs(table.scores(*pad([asked[i] for i in order])) - alone[order]).max() < 1e-5


def test_what_adds_least_is_left_out_first():
    fitted, labels = names(200, 0), [i % LABELS for i in range(200)]
    asked = names(40, 1)
    whole = NGramHashTable.fit(fitted, labels, LABELS, SIZE)
    expected, found = whole.scores(*pad(asked)), []
    for share in (0.9, 0.5, 0.1, 0.0):
        entries = int(share * len(whole.codes))
        table = NGramHashTable.fit(fitted, labels, LABELS, SIZE, max_entries=entries)
        assert len(table.codes) == entries
        assert np.array_equal(table.base, whole.base)
        found.append(np.abs(table.scores(*pad(asked)) - expected).mean())
    assert found == sorted(found)
    least = np.abs(whole.values[whole.codes]).min()
    assert least == pytest.approx(0, abs=0.05) and found[0] < 0.5


def test_no_entries_leave_what_each_character_adds():
    table = NGramHashTable.fit(names(50, 2), [0, 1] * 25, 2, SIZE, max_entries=0)
    asked = names(50, 3)
    lengths = np.array([[len(name) + 1] for name in asked])
    assert table.scores(*pad(asked)) == pytest.approx(lengths * table.base.astype(np.float64))


def test_a_name_is_likelier_under_the_label_that_it_came_from():
    table = NGramHashTable.fit([[4, 5, 4, 5]] * 5 + [[6, 7, 6, 7]] * 5, [0] * 5 + [1] * 5, 2, SIZE)
    (score,) = table.scores(*pad([[4, 5, 4, 5]]))
    assert score[0] > score[1]


def test_ngrams_of_a_real_list_share_few_hashes():
    texts = sorted(set(Corpus.read("names/surname").keys))
    vocabulary = Vocabulary.build(texts)
    symbols = add_bos_eos(*pad([vocabulary.encode(text) for text in texts]))
    strings, seen = 0, []
    for n, hashes in enumerate(hash_ngrams(symbols, ORDER), start=1):
        windows = np.lib.stride_tricks.sliding_window_view(symbols, n, axis=1)[hashes > 0]
        strings += len(np.unique(windows @ 60 ** np.arange(n)))
        seen.append(hashes[hashes > 0])
    shared = strings - len(np.unique(np.concatenate(seen)))
    # 2^31 hashes of 130,000 n-grams: four pairs are to be expected.
    assert strings > 100_000 and shared <= 15
    assert all(hashes.max() < 2**31 - 1 for hashes in seen)


def test_padding_makes_no_ngram():
    unigrams, bigrams = hash_ngrams(np.array([[5, 6, 0]]), 2)
    assert (unigrams > 0).tolist() == [[True, True, False]] and (bigrams > 0).tolist() == [[True, False]]
    assert (hash_ngrams(np.array([[5, 0, 6]]), 2)[1] == 0).all()


def test_names_shorter_than_the_order_and_none_at_all():
    table = NGramHashTable.fit([[4], [5]], [0, 1], 2, SIZE)
    assert table.scores(*pad([[4], [8]])).shape == (2, 2)
    assert table.scores(*pad([])).shape == (0, 2)
    assert not NGramHashTable.fit([], [], 2, SIZE).scores(*pad([[4], [8]])).any()


def test_it_survives_a_model_folder():
    table = NGramHashTable.fit(names(50, 4), [0, 1] * 25, 2, SIZE)
    again = NGramHashTable.from_weights(table.weights() | {"head.bias": np.zeros(2)}, SIZE)
    assert np.array_equal(again.scores(*pad(names(5, 5))), table.scores(*pad(names(5, 5))))
    assert all(np.array_equal(array, table.weights()[name]) for name, array in again.weights().items())
    assert NGramHashTable.from_weights({"head.bias": np.zeros(2)}, SIZE) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda w: w.pop("ngrams.values"),
        lambda w: w.update({"ngrams.values": w["ngrams.values"][:1]}),
        lambda w: w.update({"ngrams.values": w["ngrams.values"] * np.float32(np.inf)}),
        lambda w: w.update({"ngrams.backoffs": w["ngrams.backoffs"][:1]}),
        lambda w: w.update({"ngrams.codes": w["ngrams.codes"][:-1]}),
        lambda w: w.update({"ngrams.codes": w["ngrams.codes"].astype(np.int64)}),
        lambda w: w.update({"ngrams.low_bits": w["ngrams.low_bits"][:-1]}),
        lambda w: w.update({"ngrams.low_bits": w["ngrams.low_bits"] * np.uint16(0)}),
        lambda w: w.update({"ngrams.buckets": w["ngrams.buckets"][:-1]}),
        lambda w: w.update({"ngrams.buckets": w["ngrams.buckets"] + np.uint8(1)}),
        lambda w: w.update({"ngrams.sizes": w["ngrams.sizes"] + np.uint8(1)}),
        lambda w: w.update({"ngrams.sizes": w["ngrams.sizes"][:-1]}),
        lambda w: w.update({"ngrams.labels": w["ngrams.labels"] + np.uint8(2)}),
        lambda w: w.update({"ngrams.base": w["ngrams.base"].astype(np.float64)}),
        lambda w: w.update({"ngrams.base": w["ngrams.base"] * np.float32(np.nan)}),
    ],
)
def test_damage_is_refused(damage):
    fitted = [*names(50, 4), [4] * 20]  # n-grams of equal high bits
    weights = NGramHashTable.fit(fitted, [0, 1] * 25 + [0], 2, SIZE).weights()
    damage(weights)
    with pytest.raises(ModelFolderError):
        NGramHashTable.from_weights(weights, SIZE)
