import numpy as np
import pytest

from charrnn.hash_index import HashIndex, smallest

HASHES = np.unique(np.random.default_rng(0).integers(0, 2**32, 20_000, np.uint32))
CROWDED = np.unique(np.random.default_rng(1).integers(2**31, 2**31 + 5_000, 3_000, np.uint32))
ENDS = np.array([0, 1, 2**16 - 1, 2**16, 2**32 - 2**11, 2**32 - 1], np.uint32)


@pytest.mark.parametrize("hashes", [HASHES, CROWDED, ENDS, ENDS[:1], ENDS[:0]])
@pytest.mark.parametrize("at_once", [1, 100, 100_000])
def test_it_finds_what_it_holds_and_nothing_else(hashes, at_once):
    index = HashIndex(*HashIndex.store(hashes))
    assert np.array_equal(index.hashes, hashes)
    place = {value: i for i, value in enumerate(hashes.tolist())}
    rng = np.random.default_rng(2)
    near = (hashes + rng.integers(-3, 4, len(hashes))) % 2**32
    asked = np.concatenate([hashes, near, ENDS, rng.integers(0, 2**32, 1_000)]).astype(np.uint32)
    asked = rng.permutation(asked)[:200] if at_once == 1 else rng.permutation(asked)
    parts = [index.find(asked[i : i + at_once]) for i in range(0, len(asked), at_once)]
    assert np.concatenate(parts).tolist() == [place.get(value, -1) for value in asked.tolist()]


def test_nothing_is_asked():
    for hashes in (HASHES, ENDS[:0]):
        assert HashIndex(*HashIndex.store(hashes)).find(ENDS[:0]).shape == (0,)


@pytest.mark.parametrize(
    "damage",
    [
        lambda sizes, low: (sizes[:-1], low),
        lambda sizes, low: (sizes, low[:-1]),
        lambda sizes, low: (sizes, low[::-1]),
        lambda sizes, low: (sizes, np.zeros_like(low)),
        lambda sizes, low: (sizes + 1, low),
    ],
)
def test_damage_is_refused(damage):
    sizes, low = HashIndex.store(CROWDED)
    with pytest.raises(ValueError, match="hash index"):
        HashIndex(*damage(sizes, low))


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [([], np.uint8), ([0, 255], np.uint8), ([256], np.uint16), ([2**16 - 1], np.uint16), ([2**16], np.uint32)],
)
def test_numbers_take_the_smallest_type_that_holds_them(numbers, dtype):
    found = smallest(np.array(numbers, np.int64))
    assert found.dtype == dtype and found.tolist() == numbers
