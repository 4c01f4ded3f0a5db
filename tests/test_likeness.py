import dataclasses
import string
from itertools import pairwise, product

import numpy as np
import pytest

from charrnn import model_folder
from charrnn.errors import ModelFolderError
from charrnn.inference import Classifier, load
from charrnn.likeness import UNLIKE_SHARE, Likeness
from charrnn.likeness import words as words_of
from charrnn.ngrams import NGramHashTable
from charrnn.text import Vocabulary
from tests.conftest import config, network, random_names

ALPHABET = " ',-" + string.ascii_lowercase + "авеимнопрт"
VOCABULARY = Vocabulary(ALPHABET)
SYLLABLES = {"latin": "ka mi to ra ne shi bu", "cyrillic": "ва ни по ра ме ти"}
LEAST = 133
"""The fewest names of a script of which one may be unlike."""


def words(script, n, seed):
    """Distinct words of two to four syllables."""
    every = ["".join(parts) for size in (2, 3, 4) for parts in product(SYLLABLES[script].split(), repeat=size)]
    return np.random.default_rng(seed).permutation(every)[:n].tolist()


@pytest.fixture(scope="module")
def ngrams():
    names = [*words("latin", 300, 0), *words("cyrillic", 300, 0)]
    return NGramHashTable.fit([VOCABULARY.encode(name) for name in names], [0, 1, 2] * 200, 3, len(VOCABULARY))


@pytest.fixture(scope="module")
def fit(ngrams):
    """The likeness that is calibrated on names."""

    def fit(names):
        likeness = likeness_of(ngrams, {})
        return likeness_of(ngrams, likeness.fit(likeness.measure(*scored(ngrams, names))))

    return fit


def likeness_of(ngrams, calibration):
    return Likeness(ngrams, np.array([0.5, 0.3, 0.2]), ALPHABET, calibration)


def scored(ngrams, names):
    """What the methods of a likeness take."""
    chars, lengths = VOCABULARY.encode_batch(names)
    return names, chars, lengths, ngrams.scores(chars, lengths)


def unlike(likeness, *names):
    return likeness.is_unlike(*scored(likeness.ngrams, names))


@pytest.mark.parametrize("n", [LEAST, 400, 1500])
@pytest.mark.parametrize("make", [lambda n: words("latin", n, 1), lambda n: random_names(n, 12)])
def test_at_most_the_stated_share_of_the_names_it_was_fitted_on_is_unlike(fit, make, n):
    names = make(n)
    found = unlike(fit(names), *names)
    assert found.mean() <= UNLIKE_SHARE and (n < 400 or found.any())


def test_about_the_stated_share_of_other_names_of_the_list_is_unlike(fit):
    names = words("latin", 2700, 1)
    assert unlike(fit(names[:1500]), *names[1500:]).mean() == pytest.approx(UNLIKE_SHARE, abs=0.006)


def test_too_few_names_of_a_script_calibrate_nothing(ngrams):
    def fitted(latin, cyrillic):
        names = words("latin", latin, 1) + words("cyrillic", cyrillic, 1)
        likeness = likeness_of(ngrams, {})
        found = likeness.fit(likeness.measure(*scored(ngrams, names)))
        return {script: own["names"] for script, own in found.items()}

    assert fitted(LEAST - 1, LEAST) == {"cyrillic": LEAST} and fitted(200, LEAST - 1) == {"latin": 200}
    assert fitted(LEAST - 1, 0) == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nakamoto, satoshi s.", ["nakamoto", "satoshi"]),
        ('j. r. r. "tolkien"/jr', ["tolkien", "jr"]),
        ("d'angelo-o’neil", ["d'angelo", "o’neil"]),
        ("प्रिया शर्मा", ["प्रिया", "शर्मा"]),
        ("نوش‌آفرین نصيـــرة", ["نوشآفرین", "نصيرة"]),
        ("王 小明 김", ["王", "小明", "김"]),
        ("- 9 .", []),
        ("а. с. пушкин", ["пушкин"]),
    ],
)
def test_words_are_letters_marks_and_apostrophes_and_initials_are_none(text, found):
    assert words_of(text) == found


def test_a_name_is_as_likely_as_its_words(fit):
    likeness = fit(words("latin", 200, 1))
    for second, expected in (("tora", False), ("xqzwvkjx", True)):
        spellings = (f"kami {second}", f"kami-{second}", f"{second}, kami b.", f'a. b. "{second}" (kami)')
        assert unlike(likeness, *spellings).tolist() == [expected] * 4


def test_full_names_of_like_words_are_like_and_of_noise_are_not(fit):
    names = words("latin", 1500, 1)
    likeness = fit(names)
    assert unlike(likeness, *map(" ".join, pairwise(names))).mean() < 0.02
    assert unlike(likeness, "xqzwvkjx", "xqzwvkjx qqxzvw", "xqzwvkjx-qqxzvw").all()


@pytest.mark.filterwarnings("error")
def test_names_of_several_scripts_or_none_are_never_unlike(fit):
    likeness = fit([*words("latin", 200, 1), *words("cyrillic", 200, 1)])
    assert unlike(likeness, "xqzwvkjx", "аааааааа").all()
    assert not unlike(likeness, "xqzwvkjxа", "xqzwvkjx аааааааа", "東京東京東京東京", "- -", "'''''''''", "9").any()
    assert unlike(likeness).shape == (0,)


def test_scripts_without_a_calibration_are_never_unlike(fit):
    assert unlike(fit(words("latin", 200, 1)), "xqzwvkjx", "аааааааа").tolist() == [True, False]


def test_a_verdict_does_not_depend_on_other_names(fit):
    likeness, names = fit(words("latin", 200, 1)), [*random_names(300), *words("latin", 100, 2)]
    assert np.array_equal(unlike(likeness, *names)[:50], [unlike(likeness, name)[0] for name in names[:50]])


GOOD = {"mean": [1.0, 2.0], "variance": [1.0, 0.0], "threshold": 3.0, "names": 200}


@pytest.mark.parametrize(
    "damaged",
    [
        5,
        "x",
        [GOOD],
        {"latin": 5},
        {"latin": {}},
        {"elvish": GOOD},
        {"latin": GOOD | {"mean": [1.0, 2.0, 3.0]}},
        {"latin": GOOD | {"variance": ["a", "b"]}},
        {"latin": GOOD | {"threshold": [1.0, 2.0]}},
        {"latin": GOOD | {"threshold": "x"}},
    ],
)
def test_a_damaged_calibration_is_one_line(damaged):
    ngrams = NGramHashTable.fit([[6, 7, 8], [9, 10], [6, 10]], [0, 1, 2], 3, 32)

    def classifier(likeness):
        cfg = config("classifier", cell="rnn", hidden=4, embedding=4, bidirectional=False, pooling="last")
        weights = {"network": 0.5, "ngrams": 0.2, "prior": 0.3, "memory": 0.0}
        cfg = dataclasses.replace(cfg, calibration={"weights": weights, "likeness": likeness})
        return Classifier(cfg, network(cfg)[1] | ngrams.weights())

    assert classifier({"latin": GOOD}).likeness is not None
    with pytest.raises(ModelFolderError, match="likeness") as caught:
        classifier(damaged)
    assert "\n" not in str(caught.value)


def test_without_a_calibration_or_ngrams_there_is_no_likeness(ngrams):
    cfg = config("classifier")
    assert Likeness.of(cfg, ngrams) is None
    assert Likeness.of(dataclasses.replace(cfg, calibration={"likeness": {"latin": GOOD}}), None) is None


def test_random_letters_are_unlike_a_list_of_names(trained):
    letters = np.random.default_rng(0).choice(list(string.ascii_lowercase), (300, 9))
    reasons = [answer.reason for answer in load(trained["classifier"]).predict(["".join(row) for row in letters])]
    assert reasons.count("unlike-training") > 250
    assert model_folder.read_config(trained["classifier"]).calibration["likeness"].keys() == {"latin"}
