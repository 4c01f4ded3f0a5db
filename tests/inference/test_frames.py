import decimal
import subprocess
import sys
from typing import ClassVar

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from charrnn.errors import InputError, SettingsError
from charrnn.inference import load
from charrnn.inference.frames import NameColumns
from charrnn.inference.full_names import text_by_kind

NAMES = ["Rossi", None, "Suzuki", "NaN", "-", "Null"]
IS_MISSING = [False, True, False, True, True, False]


@pytest.fixture(scope="module")
def model(trained):
    return load(trained["classifier"])


FRAMES = {
    "pandas": lambda columns: pd.DataFrame(columns),
    "polars": lambda columns: pl.DataFrame(columns),
    "arrow": lambda columns: pa.table(columns),
    "batch": lambda columns: pa.RecordBatch.from_pydict(columns),
}


def rows(frame):
    if isinstance(frame, pd.DataFrame):
        return [{k: None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")]
    return frame.to_pylist() if hasattr(frame, "to_pylist") else frame.to_dicts()


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_comes_back_as_its_own_kind_with_the_answers_of_predict(model, kind):
    frame = FRAMES[kind]({"id": [1, 2, 3, 4, 5, 6], "name": NAMES})
    found = model.predict_table(frame, top_k=2)
    assert type(found) is type(frame)
    expected = model.predict(["Rossi", None, "Suzuki", None, None, "Null"], 2)
    assert [row["reason"] for row in rows(found)] == [answer.reason for answer in expected]
    assert [answer.reason == "missing-name" for answer in expected] == IS_MISSING
    for row, name, answer in zip(rows(found), NAMES, expected, strict=True):
        assert row["name"] == name
        labels = [score.label for score in answer.predictions] or [None, None]
        assert [row["label"], row["label_2"]] == labels and row["abstained"] == answer.abstained
        assert row["probability"] == (pytest.approx(answer.predictions[0].probability, abs=1e-6) if labels[0] else None)


@pytest.mark.parametrize("kind", FRAMES)
def test_own_columns_stay_and_all_answers_get_a_prefix(model, kind):
    frame = FRAMES[kind]({"Name": ["Rossi"], "label": ["mine"], "charrnn_reason": [3]})
    found = model.predict_table(frame, top_k=1)
    (row,) = rows(found)
    assert list(row) == [
        "Name",
        "label",
        "charrnn_reason",
        *(f"charrnn_2_{x}" for x in ("label", "probability", "abstained", "reason")),
    ]
    assert (row["label"], row["charrnn_reason"], row["charrnn_2_label"]) == ("mine", 3, "Italian")


def test_the_index_of_pandas_stays_and_no_column_is_made_of_it(model):
    frame = pd.DataFrame({"name": ["Rossi", "Sato"], "x": [1.5, None]}, index=pd.Index([7, 7], name="key"))
    found = model.predict_table(frame, top_k=1)
    assert found.index.equals(frame.index) and found.index.name == "key"
    pd.testing.assert_frame_equal(found[["name", "x"]], frame)
    assert list(found) == ["name", "x", "label", "probability", "abstained", "reason"]
    assert list(frame) == ["name", "x"]


def test_mixed_columns_and_missing_values_do_not_matter(model):
    mixed = [5, "Rossi", None, np.nan, pd.NA, pd.NaT, ["a"], decimal.Decimal("NaN"), b"Sato"]
    frame = pd.DataFrame({"name": pd.Series(mixed, dtype=object), "other": pd.Series([{}, 1, "a"] * 3, dtype=object)})
    found = model.predict_table(frame)
    assert found["reason"].tolist() == [
        "not-text",
        None,
        *["missing-name"] * 4,
        "not-text",
        "missing-name",
        "not-text",
    ]
    pd.testing.assert_frame_equal(found[["name", "other"]], frame)


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category", "string[pyarrow]"])
def test_every_text_type_of_pandas_holds_names(model, dtype):
    found = model.predict_table(pd.DataFrame({"name": pd.Series(["Rossi", None], dtype=dtype)}))
    assert found["label"].tolist()[0] == "Italian" and found["reason"].tolist()[1] == "missing-name"


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_every_text_type_of_arrow_holds_names(model, kind):
    table = pa.table({"name": pa.array(["Rossi", None]).cast(kind)})
    assert model.predict_table(table)["label"].to_pylist() == ["Italian", None]


def test_metadata_and_fields_of_arrow_stay(model):
    field = pa.field("name", pa.string(), nullable=False, metadata={"a": "b"})
    table = pa.table({"name": ["Rossi"]}, schema=pa.schema([field], metadata={"pandas": "{}"}))
    found = model.predict_table(table)
    assert found.schema.field("name").equals(field, check_metadata=True) and found.schema.metadata == {b"pandas": b"{}"}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"name": [0, 5]}),
        pd.DataFrame({"name": pd.Series([0, "", 5][::2], dtype=object)}),
        pl.DataFrame({"name": [0, 5]}),
        pa.table({"name": [0, 5]}),
        pa.table({"name": [b"a"]}),
        pa.table({"name": [["a"]]}),
        pa.table({"name": pa.array([], pa.int64())}),
    ],
)
def test_a_column_without_any_text_is_one_line(model, frame):
    with pytest.raises(InputError, match=r"the column 'name' holds no text but .*\. Set name_column\."):
        model.predict_table(frame)


@pytest.mark.parametrize("kind", FRAMES)
def test_names_that_are_all_missing_all_abstain(model, kind):
    found = rows(model.predict_table(FRAMES[kind]({"name": [None, None]})))
    assert [row["reason"] for row in found] == ["missing-name"] * 2


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_without_rows_gets_its_columns(model, kind):
    frame = FRAMES[kind]({"name": ["Rossi"]})[:0] if kind != "batch" else FRAMES[kind]({"name": ["Rossi"]}).slice(0, 0)
    found = model.predict_table(frame, top_k=1)
    names = found.schema.names if kind in ("arrow", "batch") else list(found.columns)
    assert names == ["name", "label", "probability", "abstained", "reason"] and len(found) == 0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"surname": ["Rossi"]}), "table: no column 'name'; found surname. Set name_column."),
        (pd.DataFrame([["a", "b"]], columns=["name", "name"]), "table: the column 'name' stands twice"),
        ({"name": ["Rossi"]}, "table: dict is no table that can be read"),
        (pl.LazyFrame({"name": ["Rossi"]}), "table: LazyFrame is no table that can be read. Call its collect"),
        (pd.Series(["Rossi"]), "table: Series is no table"),
        (pa.array(["Rossi"]), "table: StringArray is no table"),
    ],
)
def test_what_is_no_table_of_names_is_told(model, table, message):
    with pytest.raises(InputError) as caught:
        model.predict_table(table)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", FRAMES)
def test_surnames_may_have_a_column_of_their_own(kind):
    model = load("names/classifier")
    frame = FRAMES[kind]({"last": ["Morrison", "Kim", "NaN", None], "first": ["Van", None, "Ana", "-"]})
    found = model.predict_table(frame, "first", parts=True, surname_column="LAST", top_k=1)
    expected = model.predict(["Morrison, Van", "Kim", "Ana", None], top_k=1)
    assert [row["reason"] for row in rows(found)] == [answer.reason for answer in expected]
    probabilities = [answer.predictions[0].probability for answer in expected[:3]]
    assert [row["probability"] for row in rows(found)] == [*(pytest.approx(p, abs=1e-6) for p in probabilities), None]
    assert [row["given"] for row in rows(found)] == ["Van", None, None, None]


def test_a_column_of_surnames_is_checked(model):
    shipped, frame = load("names/classifier"), pd.DataFrame({"name": ["Ana"], "house": [12]})
    with pytest.raises(InputError, match=r"the column 'house' holds no text but 12\. Set surname_column\."):
        shipped.predict_table(frame, surname_column="house")
    for setting in ({"kind": "surname"}, {"whole": True}):
        with pytest.raises(SettingsError, match=r"surname_column: .* one name each"):
            shipped.predict_table(frame, surname_column="house", **setting)
    with pytest.raises(SettingsError, match="surname_column: this model does not know surnames"):
        model.predict_table(frame, surname_column="house")


def test_of_a_row_with_a_value_that_is_no_text_that_value_is_the_name():
    columns = NameColumns("first", "last")
    assert columns.texts([["a", 5, None, 5, "b,"], [7, "b", 8, None, " c, d "]]) == [7, 5, 8, 5, "c  d, b"]


def test_a_surname_of_two_words_without_a_given_name_is_no_full_name():
    columns = NameColumns("first", "last")
    assert columns.texts([[None, "", "-", None], ["Du Bois", "García López", "Kim", None]]) == [
        *("Du Bois, N. N.", "García López, N. N.", "Kim", None)
    ]
    found = load("names/classifier").predict(["García López, N. N."])[0]
    assert text_by_kind(found.parts) == {"given": "", "surname": "García López"}
    assert found.predictions[0].label == "Spanish"


@pytest.mark.parametrize("name", ["Satoshi", b"Satoshi"])
def test_a_single_string_is_refused_with_the_right_call(model, name):
    for call in (model.predict, model.rank, model.probabilities):
        with pytest.raises(InputError) as caught:
            call(name)
        assert f"Call it with [{name!r}]" in str(caught.value)


def test_sequences_may_be_of_any_kind_and_hold_missing_values(model):
    names = ["Rossi", None, 5, float("nan")]
    expected = [None, "missing-name", "not-text", "missing-name"]
    series = pd.Series(names, index=[9, 8, 7, 6], dtype=object)
    for given in (names, tuple(names), np.array(names, object), series):
        assert [answer.reason for answer in model.predict(given)] == expected


def test_pandas_needs_no_arrow(trained):
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import pandas as pd, charrnn\n"
        f"model = charrnn.load({str(trained['classifier'])!r})\n"
        "assert model.predict_table(pd.DataFrame({'name': ['Rossi']}))['label'].tolist() == ['Italian']\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_columns_of_several_levels_keep_theirs(model):
    columns = pd.MultiIndex.from_tuples([("surname", ""), ("label", "x"), ("label", "y")], names=["a", "b"])
    found = model.predict_table(pd.DataFrame([["Rossi", 1, 2]], columns=columns), "('surname', '')", top_k=1)
    assert found[("label", "x")].tolist() == [1] and found[("label", "y")].tolist() == [2]
    assert found[("charrnn_label", "")].tolist() == ["Italian"] and found.columns.names == ["a", "b"]


def test_classes_of_frames_and_their_attributes_stay(model):
    class Frame(pd.DataFrame):
        _metadata: ClassVar = ["crs"]

        @property
        def _constructor(self):
            return Frame

    frame = Frame({"name": ["Rossi"]})
    frame.attrs["source"], frame.crs, frame.columns.name = "a list", "north", "columns"
    found = model.predict_table(frame, top_k=1)
    assert found.crs == "north" and found.columns.name == "columns"
    assert type(found) is Frame and found.attrs == {"source": "a list"} and found["label"].tolist() == ["Italian"]


def test_text_of_parquet_that_is_no_utf8_is_one_line(model):
    bad = pa.array([b"M\xfcller"], pa.binary()).view(pa.string())
    with pytest.raises(InputError, match="the column 'name' holds bytes that are no UTF-8"):
        model.predict_table(pa.table({"name": bad}))
