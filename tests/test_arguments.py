"""Every wrong value that a public function is given ends in an error of charrnn's own."""

import contextlib
import inspect
import itertools
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import charrnn
from charrnn import model_folder
from charrnn.corpus.rows import ReadOptions
from charrnn.errors import CharRNNError, shown
from charrnn.inference import PRETRAINED
from charrnn.name_forms import SurnameForm
from charrnn.training.settings import SETTINGS


class Hostile:
    """Nothing can be done with it, not even shown."""

    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__


BAD = [
    None,
    True,
    -1,
    0,
    1.5,
    2**31,
    10**30,
    10**5000,
    -(10**5000),
    float("nan"),
    float("inf"),
    1e308,
    1e-320,
    Decimal("nan"),
    np.float32("nan"),
    np.array([1, 2]),
    np.str_("x"),
    "",
    " ",
    "x",
    "\0",
    "\ud800",
    "(",
    "x" * 10_000,
    b"x",
    [],
    [None],
    [""],
    ["x", 5],
    [["x"]],
    [float("nan")],
    (),
    {},
    {"x": 1},
    {"Irish": float("nan")},
    {"Irish": 10**400, "Greek": 1e308},
    {5: 1},
    {"x", "y"},
    object(),
    Hostile(),
    print,
    Hostile,
]
CLASSIFIER, GENERATOR = charrnn.load("names/classifier"), charrnn.load("names/generator")
CLASSIFIER_WEIGHTS, GENERATOR_WEIGHTS = (model_folder.read(PRETRAINED / "names" / t)[1] for t in SETTINGS)
REQUEST = charrnn.Request("Irish", 7)
FULL_REQUEST = charrnn.FullRequest("Irish", 7)
FULL_NAME = next(GENERATOR.stream_full(FULL_REQUEST))
CORPUS = charrnn.Corpus(["Ab", "Cd"], ["A", "B"])
TABLE = pd.DataFrame({"name": ["Rossi", None]})
ASKED = {"top_k": 3, "prior": "model", "coverage": None, "min_probability": 0.0, "labels": None}
ASKED |= {"kind": "surname", "level": "label", "whole": False}


def some(generator):
    """A few of the items, so that those without end end."""
    return list(itertools.islice(generator, 3))


FUNCTIONS = {
    "load": (charrnn.load, {"path": "names/classifier"}),
    "Classifier.predict": (CLASSIFIER.predict, {"names": ["Rossi"], **ASKED}),
    "Classifier.rank": (CLASSIFIER.rank, {"names": ["Rossi"], **ASKED}),
    "Classifier.probabilities": (
        CLASSIFIER.probabilities,
        {"names": ["Rossi"], "prior": "model", "kind": "surname", "labels": None, "level": "family", "whole": False},
    ),
    "Classifier.predict_table": (
        CLASSIFIER.predict_table,
        {"table": TABLE, "name_column": "name", "parts": False, "surname_column": None, **ASKED},
    ),
    "Classifier.check_parts": (
        CLASSIFIER.check_parts,
        {"parts": False, "kind": None, "whole": False, "surname_column": None},
    ),
    "Classifier.check_settings": (CLASSIFIER.check_settings, ASKED),
    "Classifier.width": (CLASSIFIER.width, {"top_k": 3, "coverage": None, "labels": None, "level": "label"}),
    "Classifier.width of families": (CLASSIFIER.width, {"top_k": 3, "labels": ["Irish"], "level": "family"}),
    "Classifier.listed": (CLASSIFIER.listed, {"names": ["Rossi"]}),
    "Classifier.level_names": (CLASSIFIER.level_names, {"level": "family"}),
    "Classifier.without_memory": (CLASSIFIER.without_memory, {}),
    "Classifier.explain": (
        CLASSIFIER.explain,
        {"name": "Rossi", "prior": "model", "labels": None, "kind": "surname", "whole": False},
    ),
    "Generator.sample": (
        GENERATOR.sample,
        {"label": "Irish", "n": 2, "seed": 0, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "resample": None}
        | {"constraints": charrnn.Constraints(), "novel": False, "prefix": "A", "max_length": 9, "any_case": False}
        | {"kind": "surname", "ascii": True},
    ),
    "Generator.stream": (
        lambda **arguments: some(GENERATOR.stream(**arguments)),
        {"request": REQUEST, "n": 2, "novel": False},
    ),
    "Generator.full_names": (
        GENERATOR.full_names,
        {"label": "Irish", "n": 2, "seed": 0, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "resample": None}
        | {"constraints": charrnn.Constraints(), "surname": charrnn.Constraints(), "novel": False, "gender": "any"},
    ),
    "Generator.stream_full": (
        lambda **arguments: some(GENERATOR.stream_full(**arguments)),
        {"request": FULL_REQUEST, "n": 2, "novel": False},
    ),
    "Generator.stamp of a full name": (GENERATOR.stamp, {"request": FULL_REQUEST, "sample": FULL_NAME}),
    "Generator.stamp of any attempts": (
        lambda attempts: GENERATOR.stamp(FULL_REQUEST, FULL_NAME._replace(attempts=attempts)),
        {"attempts": (3, 5)},
    ),
    "Request.in_any_case": (lambda: REQUEST.in_any_case(), {}),
    "FullRequest.in_any_case": (lambda: charrnn.FullRequest("Irish").in_any_case(), {}),
    "Generator.stamp": (GENERATOR.stamp, {"request": REQUEST, "sample": charrnn.Sample("Ab", -1.0, 3)}),
    "Generator.stamp of any attempt": (
        lambda attempt: GENERATOR.repeat(GENERATOR.stamp(REQUEST, charrnn.Sample("Ab", -1.0, attempt))),
        {"attempt": 3},
    ),
    "Generator.stamp of any label": (
        lambda label: GENERATOR.stamp(charrnn.Request(label), charrnn.Sample("Ab", -1.0, 3)),
        {"label": {"Irish": 1.0}},
    ),
    "Classifier": (charrnn.Classifier, {"config": CLASSIFIER.config, "weights": CLASSIFIER_WEIGHTS}),
    "Generator": (charrnn.Generator, {"config": GENERATOR.config, "weights": GENERATOR_WEIGHTS, "folder": None}),
    "Generator.repeat": (GENERATOR.repeat, {"stamp": GENERATOR.stamp(REQUEST, charrnn.Sample("Ab", -1.0, 3))}),
    "Generator.decoder": (GENERATOR.decoder, {"label": "Irish", "kind": "surname"}),
    "Generator.guide": (GENERATOR.guide, {"request": REQUEST, "form": SurnameForm(".*a", ".*ia")}),
    "Generator.label_index": (GENERATOR.label_index, {"label": "Irish"}),
    "Generator.kind_index": (GENERATOR.kind_index, {"kind": "surname"}),
    "Generator.knows": (GENERATOR.knows, {"name": "Rossi"}),
    "Generator.nearest": (GENERATOR.nearest, {"name": "Rossi"}),
    "Generator.neighbours": (GENERATOR.neighbours, {"name": "Rossi", "count": 2}),
    "Generator.log_probabilities": (
        GENERATOR.log_probabilities,
        {"names": ["Rossi"], "labels": ["Italian"], "kinds": ["surname"]},
    ),
    "Generator.count_characters": (GENERATOR.count_characters, {"name": "Rossi"}),
    "Generator.explain": (GENERATOR.explain, {"name": "Rossi", "label": "Italian", "other": "*"}),
    "Constraints": (
        charrnn.Constraints,
        {"prefix": "", "suffix": "", "contains": "", "pattern": "", "characters": "", "min_length": 1}
        | {"max_length": None, "any_case": False, "ascii": False},
    ),
    "Constraints.compile": (
        charrnn.Constraints("A").compile,
        {"alphabet": "ABC", "longest": 9, "spelling": (), "form": SurnameForm(".*A")},
    ),
    "Constraints.compile of ascii": (
        charrnn.Constraints("é", ascii=True).compile,
        {"alphabet": "aé", "longest": 9, "spelling": (), "form": SurnameForm()},
    ),
    "Constraints.replaced": (charrnn.Constraints().replaced, {"parts": {"prefix": "A"}}),
    "Sampling": (charrnn.Sampling, {"temperature": 0.8, "top_k": 0, "top_p": 1.0}),
    "Request": (
        charrnn.Request,
        {"label": "Irish", "seed": 0, "sampling": charrnn.Sampling(), "constraints": charrnn.Constraints()}
        | {"resample": 1, "kind": "surname"},
    ),
    "FullRequest": (
        charrnn.FullRequest,
        {"label": "Irish", "seed": 0, "sampling": charrnn.Sampling(), "given": charrnn.Constraints()}
        | {"surname": charrnn.Constraints(), "resample": 1, "gender": "male"},
    ),
    "Corpus": (
        lambda **columns: charrnn.Corpus(**columns).distinct_pairs().fingerprint,
        {"names": ["Ab"], "labels": ["A"], "source": "memory", "dropped": {}, "kinds": ()},
    ),
    "Corpus.read": (
        charrnn.Corpus.read,
        {"data": "names/female", "name_column": "name", "label_column": "label", "pipeline": "ascii", "options": None}
        | {"kind_column": None},
    ),
    "Corpus.select": (CORPUS.select, {"indices": [0]}),
    "Corpus.distinct_pairs": (CORPUS.distinct_pairs, {"pipeline": "ascii", "by_kind": True}),
    "Corpus.without": (CORPUS.without, {"keys": {"ab"}}),
    "ReadOptions": (ReadOptions, {"delimiter": None, "encoding": "utf-8"}),
    **{f"Settings of a {task}": (kind, vars(kind())) for task, kind in SETTINGS.items()},
}
RESULTS = {"Explanation", "FullName", "LabelScore", "Neighbour", "Prediction", "Ranking", "Sample"}
"""What functions return; nobody needs to make one."""
OF_ARRAYS = {"Sampling.choose", "Sampling.log_weights"}
"""The drawing of names calls them with the arrays of a model."""


def test_every_public_function_is_tried():
    public = set()
    for name in charrnn.__all__:
        thing = getattr(charrnn, name)
        if not callable(thing) or (inspect.isclass(thing) and issubclass(thing, Exception)) or name in RESULTS:
            continue
        public.add(name)
        if inspect.isclass(thing):
            methods = inspect.getmembers(thing, inspect.isfunction)
            public |= {f"{name}.{method}" for method, _ in methods if not method.startswith("_")}
    assert public - OF_ARRAYS - FUNCTIONS.keys() == set()


CALLS = [(name, argument) for name, (_, good) in FUNCTIONS.items() for argument in good]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "argument"), CALLS)
def test_a_wrong_value_ends_in_an_error_of_charrnns_own(name, argument, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function, good = FUNCTIONS[name]
    for bad in BAD:
        try:
            function(**good | {argument: bad})
        except CharRNNError as error:
            message = str(error)
            assert len(message) < 20_000 and message.isprintable(), bad if type(bad) is not Hostile else "hostile"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_right_values_are_taken(name):
    """Without this, a function that refuses everything would pass the test above."""
    function, good = FUNCTIONS[name]
    function(**good)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
)


@settings(max_examples=400)
@given(st.sampled_from([call for call in CALLS if not call[0].startswith(("load", "Corpus.read"))]), ANYTHING)
def test_any_value_ends_in_an_answer_or_an_error_of_charrnns_own(call, value):
    function, good = FUNCTIONS[call[0]]
    if call[1] in ("n", "count") and isinstance(value, int) and value > 1000:
        return  # right, and slow
    with contextlib.suppress(CharRNNError):
        function(**good | {call[1]: value})


def test_numbers_of_numpy_are_numbers():
    request = charrnn.Request("Irish", np.int64(7), charrnn.Sampling(np.float32(0.5), np.int8(3)), resample=np.int64(2))
    sample = next(GENERATOR.stream(request))
    assert GENERATOR.repeat(GENERATOR.stamp(request, sample)) == sample
    assert CLASSIFIER.predict(np.array(["Rossi"]), top_k=np.int64(1)) == CLASSIFIER.predict(["Rossi"], top_k=1)


def test_weights_of_a_blend_may_be_of_any_size():
    """Their sum is infinite."""
    assert GENERATOR.sample({"Irish": 1e308, "Greek": 1e308}, 5) == GENERATOR.sample({"Irish": 1, "Greek": 1}, 5)


def test_a_value_is_shown_in_a_few_words_whatever_it_is():
    assert (shown("a"), shown(5), shown(Hostile())) == ("'a'", "5", "a Hostile")
    assert shown(10**5000) == "a int" and len(shown("x" * 10_000)) == 61
