import numpy as np
import pytest

from charrnn.text import pad, prefix_levels, prefixes
from charrnn.text.prefixes import prefix_order

SIZE = 9


def names(n, seed, longest=8):
    rng = np.random.default_rng(seed)
    return [rng.integers(4, SIZE, rng.integers(1, longest + 1)).tolist() for _ in range(n)]


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_every_name_is_found_again_by_walking_up(chunk, monkeypatch):
    monkeypatch.setattr(prefixes, "CHUNK", chunk)
    asked = names(300, 0)
    chars, lengths = pad(asked)
    seen = []
    for levels in prefix_levels(chars, lengths, SIZE):
        for depth, level in enumerate(levels):
            for name, prefix in zip(level.ended.tolist(), level.prefix_index.tolist(), strict=True):
                spelled, at = [], prefix
                for t in range(depth, -1, -1):
                    spelled.append(int(chars[levels[t].names[at], t]))
                    at = int(levels[t].parent[at])
                assert spelled[::-1] == asked[name]
                seen.append(name)
    assert sorted(seen) == list(range(300))


def test_each_prefix_stands_once():
    asked = names(500, 1)
    (levels,) = prefix_levels(*pad(asked), SIZE)
    for depth, level in enumerate(levels, start=1):
        assert len(level.names) == len({tuple(name[:depth]) for name in asked if len(name) >= depth})


def test_prefixes_beyond_what_an_integer_holds_are_only_less_shared():
    asked = [[4] * 70 + name for name in names(50, 2)]
    chars, lengths = pad(asked)
    (levels,) = prefix_levels(chars, lengths, SIZE)
    assert [len(level.names) for level in levels[:70]] == [1] * 70
    assert sorted(np.concatenate([level.ended for level in levels]).tolist()) == list(range(50))


def test_none_at_all():
    assert list(prefix_levels(*pad([]), SIZE)) == []
    assert prefix_order(np.zeros((0, 0), np.int64), SIZE).shape == (0,)
