import numpy as np
import pyarrow as pa
import pytest

import charrnn
from charrnn.corpus.label_facts import label_facts
from charrnn.errors import SettingsError
from charrnn.inference.full_names import Part, text_by_kind

SHIPPED = charrnn.load("names/classifier")
PEOPLE = {
    "Satoshi Nakamoto": "Japanese",
    "Nakamoto, Satoshi": "Japanese",
    "María del Carmen García López": "Spanish",
    "Kim Jong-un": "Korean",
    "王小明": "Chinese",
    "田中 太郎": "Japanese",
    "Νίκος Καζαντζάκης": "Greek",
}


@pytest.mark.parametrize("name, label", PEOPLE.items())
def test_full_names_are_answered(name, label):
    (answer,) = SHIPPED.predict([name])
    assert answer.predictions[0].label == label
    assert answer.reason is None
    assert len(answer.parts) > 1


def test_a_table_tells_the_parts_only_where_texts_are_read_in_parts():
    table = pa.table({"name": ["Kim Jong-un", "Smith", None]})
    answer = SHIPPED.predict_table(table, parts=True, top_k=1)
    assert answer["given"].to_pylist() == ["Jong-un", None, None]
    assert answer["surname"].to_pylist() == ["Kim", None, None]
    for settings in ({"whole": True}, {"kind": "male"}):
        with pytest.raises(SettingsError, match=r"parts: .*one name each"):
            SHIPPED.predict_table(table, parts=True, **settings)


def test_a_part_is_shown_as_it_was_written_with_what_it_was_taken_for():
    first, second = SHIPPED.predict(["Satoshi Nakamoto", "Kim Jong-un"])
    assert first.parts == (Part("Satoshi", "given"), Part("Nakamoto", "surname"))
    assert second.parts == (Part("Kim", "surname"), Part("Jong-un", "given"))


def test_an_answer_does_not_depend_on_the_other_names():
    names = [
        "Kim Jong-un",
        "Satoshi",
        "Vincent van Gogh",
        None,
        "王小明",
        "María del Carmen García López",
        "Ana de",
        "",
    ]
    together = SHIPPED.predict(names)
    for name, expected in zip(names, together, strict=True):
        (alone,) = SHIPPED.predict([name])
        assert (alone.reason, alone.parts) == (expected.reason, expected.parts)
        for one, other in zip(alone.predictions, expected.predictions, strict=True):
            assert one.probability == pytest.approx(other.probability, abs=1e-5)


def test_whole_and_a_kind_read_one_name():
    for settings in ({"whole": True}, {"kind": "surname"}):
        (answer,) = SHIPPED.predict(["Satoshi Nakamoto"], **settings)
        assert answer.parts == ()


def test_a_listed_name_of_several_words_is_one_name():
    assert SHIPPED.listed(["De La Cruz"])[0]
    assert SHIPPED.predict(["De La Cruz"])[0].parts == ()


@pytest.mark.parametrize("name, alone", [("Mr. Smith", "Smith"), ("J. Smith", "Smith"), ("Smith, Jr.", "Smith")])
def test_one_name_that_is_left_is_answered_as_that_name(name, alone):
    np.testing.assert_allclose(*(SHIPPED.probabilities([own], "uniform") for own in (name, alone)))
    assert SHIPPED.explain(name).characters == SHIPPED.explain(alone).characters


def test_what_is_left_out_does_not_make_a_name_unlike():
    (answer,) = SHIPPED.predict(["John (xqzk wqrtkpx zzkqx) Smith"])
    assert answer.reason is None
    assert [part.text for part in answer.parts] == ["John", "Smith"]


def test_an_unlisted_part_is_read_without_its_particles_where_the_list_has_it_so():
    assert not SHIPPED.listed(["de San Martín"])[0]
    assert SHIPPED.predict(["José de San Martín"], prior="uniform")[0].predictions[0].label == "Spanish"


def test_a_model_without_kinds_reads_one_name(trained):
    answer = charrnn.load(trained["classifier"]).predict(["Satoshi Nakamoto"])[0]
    assert answer.parts == ()
    assert answer.reason != "too-many-parts"


@pytest.mark.parametrize(
    "name, reason",
    [(" ".join(["Ana"] * 25), "too-many-parts"), ("김 John", "several-scripts")],
)
def test_what_is_no_full_name_abstains_and_keeps_its_predictions(name, reason):
    (answer,) = SHIPPED.predict([name])
    assert answer.reason == reason
    assert answer.predictions


def test_priors_and_labels_count():
    names = ["Zoran Milanović"]
    uniform = SHIPPED.probabilities(names, "uniform")
    own = SHIPPED.probabilities(names)
    np.testing.assert_allclose([own.sum(), uniform.sum()], 1)
    frequency = SHIPPED.model.prior.reshape(len(SHIPPED.labels), -1).sum(axis=1)
    np.testing.assert_allclose(own, uniform * frequency / (uniform * frequency).sum(), rtol=1e-6)
    among = SHIPPED.probabilities(names, labels=["Croatian", "Serbian"])
    assert among.sum() == pytest.approx(1)
    assert (among > 0).sum() == 2
    assert SHIPPED.probabilities(names, level="family").sum() == pytest.approx(1)


def test_an_explanation_is_of_the_answer():
    for name in (*PEOPLE, "Ab Cd Ef Gh Ij Kl Mn Op Qr"):  # the last one has too many parts
        explanation = SHIPPED.explain(name)
        scores = SHIPPED.predict([name])[0].predictions
        assert (explanation.label, explanation.other) == (scores[0].label, scores[1].label)
        odds = np.log(scores[0].probability / scores[1].probability)
        assert explanation.score == pytest.approx(odds, abs=0.01)
        total = sum(explanation.attributions) + explanation.remainder + explanation.memory
        assert explanation.score == pytest.approx(total)
        assert len(explanation.attributions) == len(explanation.characters)


@pytest.mark.parametrize(
    "name, surname", [("Klaus Iohannis", "Iohannis"), ("Nguyễn Văn An", "Nguyễn"), ("Park Geun Hye", "Park")]
)
def test_the_surname_stands_where_it_usually_does_under_the_label(name, surname):
    (answer,) = SHIPPED.predict([name])
    assert text_by_kind(answer.parts)["surname"] == surname


def test_the_shipped_model_knows_the_order_of_every_label():
    assert SHIPPED.config.data["name_orders"] == {
        label: own.name_forms.order for label, own in label_facts().items() if label in SHIPPED.labels
    }
    assert list(SHIPPED.config.data["name_orders"]) == SHIPPED.labels


def test_the_letters_of_both_parts_count():
    explanation = SHIPPED.explain("Satoshi Nakamoto")
    assert explanation.characters == "satoshi nakamoto"
    assert explanation.attributions[explanation.characters.index(" ")] == pytest.approx(0, abs=1e-5)
    assert sum(explanation.attributions[:7]) > 0.5
    assert sum(explanation.attributions[8:]) > 0.5
