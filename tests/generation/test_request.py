import base64
import itertools
import json
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.arrays import log_softmax
from charrnn.errors import CharRNNError, SettingsError
from charrnn.generation.constraints import Constraints
from charrnn.generation.request import MOST_WITHOUT_VOWELS, Request, Sample, draw_samples, with_vowels
from charrnn.generation.sampling import ROUND_SIZE, Sampling
from charrnn.generation.stamps import make_stamp, read_stamp
from charrnn.inference import load
from charrnn.text import BOS, has_vowels

MODEL = load("names/generator")
REQUESTS = [
    Request("Irish", 7),
    Request("Greek", 0, Sampling(0.5, 5, 0.9)),
    Request("Czech", 1, constraints=Constraints(prefix="Nov", max_length=8), resample=5),
    Request({"Irish": 0.6, "Japanese": 0.4}, 3),
    Request("*", 2**40, Sampling(2.0), Constraints(pattern="[A-Z]\\w+"), 2),
    Request("Welsh", 4, kind="female"),
    Request(
        {"Polish": 1.0, "Czech": 2.0}, 5, constraints=Constraints(suffix="ova", ascii=True), resample=3, kind="any"
    ),
]


FREE = Constraints(any_case=True)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_stamp_draws_the_same_name_again(request_):
    made = list(MODEL.stream(request_, ROUND_SIZE + 60))
    for one in (made[0], made[7], made[200], made[ROUND_SIZE // request_.resample], made[-1]):
        assert MODEL.repeat(MODEL.stamp(request_, one)) == one


OLD = "f40c7b2c08d185e4"
OLD_STAMPS = [
    (
        "eyJtb2RlbCI6ImY0MGM3YjJjMDhkMTg1ZTQiLCJhdHRlbXB0IjoyLCJsYWJlbCI6IklyaXNoIiwic2VlZCI6N30",
        (Request("Irish", 7, Sampling(1.0), FREE, looks_ahead=False), 2),
    ),
    (
        "eyJtb2RlbCI6ImY0MGM3YjJjMDhkMTg1ZTQiLCJhdHRlbXB0Ijo0NCwibGFiZWwiOiJJdGFsaWFuIiwic2VlZCI6Mywic2FtcGxpbmci"
        "OnsidG9wX2siOjUsInRvcF9wIjowLjl9LCJjb25zdHJhaW50cyI6eyJzdWZmaXgiOiJpbmkifSwicmVzYW1wbGUiOjE2fQ",
        (Request("Italian", 3, Sampling(1.0, 5, 0.9), replace(FREE, suffix="ini"), 16, looks_ahead=False), 44),
    ),
    (
        "eyJtb2RlbCI6ImY0MGM3YjJjMDhkMTg1ZTQiLCJhdHRlbXB0IjoyLCJsYWJlbCI6eyJJcmlzaCI6MC41LCJHcmVlayI6MC41fSwic2Vl"
        "ZCI6Mywic2FtcGxpbmciOnsidGVtcGVyYXR1cmUiOjAuOH19",
        (Request({"Irish": 0.5, "Greek": 0.5}, 3, Sampling(0.8), FREE, looks_ahead=False), 2),
    ),
]


@pytest.mark.parametrize(("stamp", "held"), OLD_STAMPS)
def test_stamps_of_earlier_versions_are_read_as_they_were_made(stamp, held):
    """They know nothing of spelling, kinds, ASCII and lookahead, and the usual temperature was 1."""
    assert read_stamp(OLD, stamp) == held
    assert make_stamp(OLD, *held) == stamp


@pytest.mark.parametrize(("stamp", "held"), OLD_STAMPS)
def test_what_a_stamp_leaves_out_is_drawn_as_ever(stamp, held):
    request, attempt = held
    own = make_stamp(MODEL.config.weights_sha256, request, attempt)
    drawn = itertools.islice(MODEL.stream(replace(request, resample=1)), attempt, attempt + 1)
    assert [MODEL.repeat(own)] == list(drawn)


def test_seeds_and_weights_of_every_kind_are_stamped():
    """Stamps held seeds of any size before they had a bound."""
    for label, seed in (("Irish", 2**70), ({"Irish": np.float32(0.5), "Greek": Fraction(1, 3)}, np.int64(7))):
        request = Request(MappingProxyType(label) if isinstance(label, dict) else label, seed)
        one = next(MODEL.stream(request))
        assert MODEL.repeat(MODEL.stamp(request, one)) == one


@given(
    *(st.text(max_size=8), st.integers(0, 2**60), st.integers(0, 10**9), st.text(max_size=5), st.integers(1, 9)),
    *(st.none() | st.text(max_size=8), st.booleans()),
)
def test_a_stamp_holds_its_request(label, seed, attempt, prefix, resample, kind, ascii_):
    constraints = Constraints(prefix=prefix, max_length=9, ascii=ascii_)
    request = Request(label, seed, Sampling(0.3), constraints, resample, kind)
    assert read_stamp("a" * 64, make_stamp("a" * 64, request, attempt)) == (request, attempt)


def word(**told):
    return base64.urlsafe_b64encode(json.dumps({"model": "a" * 16, "attempt": 0} | told).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "%%%",
        "abc",
        "é",
        base64.urlsafe_b64encode(b"[1]").decode(),
        word(attempt=-1),
        word(attempt="x"),
        word(surprise=1),
        word(seed="x"),
        word(seed=-1),
        word(label=3),
        word(label=["Irish"]),
        word(resample=0),
        word(kind=5),
        word(constraints={"ascii": 1}),
        word(sampling={"temperature": "hot"}),
        word(label={"Irish": "x"}),
        word(sampling={"temperature": float("nan")}),
        word(constraints={"prefix": 3}),
        word(constraints={"max_length": "x"}),
        word(model="b" * 16),
    ],
)
def test_what_is_no_stamp_is_refused(bad):
    with pytest.raises(SettingsError):
        read_stamp("a" * 64, bad)


def test_a_stamp_of_another_model_names_it():
    with pytest.raises(CharRNNError, match="of the model bbbbbbbb"):
        MODEL.repeat(make_stamp("b" * 64, Request("Irish"), 0))


def test_a_blend_lies_between_its_labels():
    classifier = load("names/classifier")
    shares = []
    for blend in ("Japanese", {"Italian": 1, "Japanese": 1}, {"Italian": 3.0, "Japanese": 1.0}, "Italian"):
        names = [made.name for made in MODEL.stream(Request(blend, 1, Sampling(0.7)), 300)]
        p = classifier.probabilities(names, {"Italian": 1, "Japanese": 1})
        shares.append(p[:, classifier.labels.index("Italian")].mean())
    # Each step moves the share by more than chance does over 300 names, and the ends are the labels themselves.
    assert shares[0] < 0.1 and shares[3] > 0.9
    assert all(after - before > 0.1 for before, after in itertools.pairwise(shares))


def test_a_blend_mixes_embeddings_and_multiplies_ngrams():
    blend, japanese, irish = (MODEL.decoder(label) for label in ({"Japanese": 1, "Irish": 3}, "Japanese", "Irish"))
    for decoder in (blend, japanese, irish):
        decoder.reset(1)
        decoder.next_log_p(np.array([BOS]))
    log_p = blend.next_log_p(np.array([MODEL.vocabulary.encode("M")[0]]))
    model, ngrams = MODEL.model, MODEL.model.ngrams
    row = 0.25 * japanese.label_input + 0.75 * irish.label_input
    state = model.layer.initial_state(1)
    for symbol in (BOS, MODEL.vocabulary.encode("M")[0]):
        state = model.layer.step(model.char_table[[symbol]] + row, state)
    network = state[:, : model.layer.hidden] @ model.head + model.head_bias
    contexts = [np.array([MODEL.label_index(label)]) for label in ("Japanese", "Irish")]
    for symbol in (BOS, MODEL.vocabulary.encode("M")[0]):
        contexts = [ngrams.next_states(context, np.array([symbol])) for context in contexts]
    mixed = 0.25 * ngrams.log_p(contexts[0]) + 0.75 * ngrams.log_p(contexts[1])
    # The output layer contains the network's weight.
    assert np.allclose(log_p, log_softmax(network + model.ngram_weight * mixed), atol=1e-4)


def test_a_blend_of_one_is_the_label():
    assert MODEL.sample({"Irish": 3.0}, 50, seed=1) == MODEL.sample("Irish", 50, seed=1)


class Relabelled:
    """A decoder that gives its probabilities under the condition of another label."""

    def __init__(self, decoder, conditions):
        self.conditions = conditions
        self.reset, self.reset_slots = decoder.reset, decoder.reset_slots
        self.next_log_p, self.decode, self.bigrams = decoder.next_log_p, decoder.decode, decoder.bigrams


def test_labels_with_equal_distributions_draw_different_names():
    guide = MODEL.guide(Request("Irish"))
    first, second = (
        [s.name for s in itertools.islice(draw_samples(decoder, guide, Request(seed=1)), 20)]
        for decoder in (MODEL.decoder("Irish"), Relabelled(MODEL.decoder("Irish"), [0]))
    )
    assert first != second


@pytest.mark.parametrize("weight", [0, -1.0, float("nan"), float("inf")])
def test_bad_weights_are_refused(weight):
    with pytest.raises(SettingsError, match=r"label 'Greek': weight .*: must be finite and above 0"):
        MODEL.sample({"Irish": 1.0, "Greek": weight}, 1)
    with pytest.raises(SettingsError, match="holds no label"):
        MODEL.sample({}, 1)
    with pytest.raises(CharRNNError, match="unknown label 'Elvish'"):
        MODEL.sample({"Irish": 1.0, "Elvish": 1.0}, 1)


def test_names_without_vowels_are_left_out_but_where_there_are_no_others():
    def samples(names):
        return (Sample(name, 0.0, i) for i, name in enumerate(names))

    assert [one.attempt for one in with_vowels(samples(["Ana", "Ng", "Th", "Bo", "Ng Bo"]))] == [0, 3]
    several = with_vowels(samples(["Ng"] * (MOST_WITHOUT_VOWELS + 2) + ["Ana", "Ng"]))
    assert [one.attempt for one in several] == [*range(MOST_WITHOUT_VOWELS, MOST_WITHOUT_VOWELS + 3)]


def test_vietnamese_words_have_vowels_and_their_stamps_bring_them_again():
    request = Request("Vietnamese", 1, kind="surname")
    samples = list(MODEL.stream(request, 300))
    freely = [one.name for one in MODEL.stream(replace(request, constraints=FREE), 300)]
    assert all(has_vowels(one.name) for one in samples) and not all(map(has_vowels, freely))
    assert [one.attempt for one in samples] != [*range(300)]
    assert all(MODEL.repeat(MODEL.stamp(request, one)) == one for one in samples[-5:])
    assert MODEL.sample("Vietnamese", 3, pattern="[Nn]g") == ["Ng"] * 3
    full = MODEL.full_names("Vietnamese", 100)
    assert all(has_vowels(one.name) for one in full)
