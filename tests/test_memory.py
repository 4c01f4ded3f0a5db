import numpy as np
import pytest

from charrnn.errors import ModelFolderError
from charrnn.memory import Memory, hash_texts
from tests.conftest import random_names

CLASSES = 300


def listed(memory, texts):
    """The classes of each text."""
    rows, classes = memory.listed(texts)
    found = [[] for _ in texts]
    for row, own in zip(rows.tolist(), classes.tolist(), strict=True):
        found[row].append(own)
    return found


def example(n=2000, seed=0):
    """Texts and classes, most texts under several; and the classes of each text."""
    rng = np.random.default_rng(seed)
    texts = rng.choice([*random_names(n // 3, seed=seed), "佐藤", "иван", "\U0001f600", "a b"], n).tolist()
    classes = rng.integers(0, CLASSES, n).tolist()
    expected = {}
    for text, own in zip(texts, classes, strict=True):
        expected.setdefault(text, set()).add(own)
    return texts, classes, {text: sorted(own) for text, own in expected.items()}


@pytest.mark.parametrize("n", [1, 5, 2000])
def test_it_lists_exactly_the_classes_of_each_name(n):
    texts, classes, expected = example(n)
    memory = Memory.of(texts, classes, CLASSES)
    strangers = [text for text in random_names(500, seed=9) if text not in expected]
    asked = [*expected, *strangers, *texts]
    assert listed(memory, asked) == [expected.get(text, []) for text in asked]
    assert [listed(memory, [text])[0] for text in asked[:50]] == [expected.get(text, []) for text in asked[:50]]


def test_the_order_of_names_does_not_matter():
    texts, classes, _ = example()
    order = np.random.default_rng(1).permutation(len(texts)).tolist()
    first = Memory.of(texts, classes, CLASSES).weights()
    second = Memory.of([texts[i] for i in order], [classes[i] for i in order], CLASSES).weights()
    for name, array in first.items():
        assert array.dtype == second[name].dtype and np.array_equal(array, second[name])


def test_a_part_a_longer_name_and_an_anagram_are_other_names():
    memory = Memory.of(["anna"], [3], CLASSES)
    assert listed(memory, ["anna", "ann", "annaa", "nana", "anna ", "", "Anna"]) == [[3], [], [], [], [], [], []]


def test_a_list_without_names_and_a_question_without_names():
    memory = Memory.of([], [], CLASSES)
    assert listed(memory, ["anna", ""]) == [[], []] and listed(memory, []) == []
    assert listed(Memory.of(["anna", ""], [3, 4], CLASSES), ["", "anna"]) == [[4], [3]]


def test_hashes_are_the_same_on_every_machine_and_rarely_shared():
    assert hash_texts(["", "anna", "佐藤", "\ud800"]).tolist() == [0, 3426010261, 257497179, 1259652608]
    texts = sorted({*random_names(30_000), *(a + b for a in "abcdefgh" for b in "abcdefgh")})
    # Of 25,000 names, one pair in fourteen lists is to be expected.
    assert len(texts) - len(np.unique(hash_texts(texts))) <= 2
    assert np.array_equal(hash_texts(texts)[::-1], hash_texts(texts[::-1]))


def test_it_survives_a_model_folder():
    texts, classes, expected = example()
    memory = Memory.of(texts, classes, CLASSES)
    again = Memory.from_weights(memory.weights() | {"head.bias": np.zeros(2)}, CLASSES)
    assert listed(again, list(expected)) == list(expected.values())
    assert Memory.from_weights({"head.bias": np.zeros(2)}, CLASSES) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda w: w.pop("memory.sets"),
        lambda w: w.update({"memory.sets": w["memory.sets"][:-1]}),
        lambda w: w.update({"memory.sets": w["memory.sets"].astype(np.int64)}),
        lambda w: w.update({"memory.sets": w["memory.sets"][None]}),
        lambda w: w.update({"memory.sets": w["memory.sets"] + np.uint16(1)}),
        lambda w: w.update({"memory.sizes": w["memory.sizes"][:-1]}),
        lambda w: w.update({"memory.classes": w["memory.classes"][:-1]}),
        lambda w: w.update({"memory.classes": w["memory.classes"] + np.uint16(1)}),
        lambda w: w.update({"memory.buckets": w["memory.buckets"][1:]}),
        lambda w: w.update({"memory.low_bits": w["memory.low_bits"][1:]}),
        lambda w: w.update({"memory.low_bits": w["memory.low_bits"].astype(np.uint8)}),
        lambda w: w.update({f"memory.{name}": np.zeros(0, np.uint8) for name in ("sizes", "classes")}),
    ],
)
def test_damage_is_refused(damage):
    texts, classes, _ = example()
    weights = Memory.of([*texts, "last"], [*classes, CLASSES - 1], CLASSES).weights()
    damage(weights)
    with pytest.raises(ModelFolderError):
        Memory.from_weights(weights, CLASSES)


def test_no_set_of_a_single_name_is_refused():
    weights = Memory.of(["anna"], [0], 1).weights()
    weights |= {f"memory.{name}": np.zeros(0, np.uint8) for name in ("sizes", "classes")}
    with pytest.raises(ModelFolderError):
        Memory.from_weights(weights, 1)
