import datetime
import decimal

import pyarrow as pa
import pytest

from charrnn.corpus.rows.json_rows import LiteralFloat
from charrnn.errors import SettingsError
from charrnn.tables.values import as_json, as_text, excel_value, for_delimited, for_excel, for_json

MOMENT = datetime.datetime(2020, 1, 2, 3, 4, 5, 600)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (LiteralFloat("1.10"), "1.10"),
        (1.5, "1.5"),
        (10**30, str(10**30)),
        (True, "true"),
        ([1, {"é": None}], '[1, {"é": null}]'),
        (MOMENT, "2020-01-02 03:04:05.000600"),
        (datetime.datetime(2020, 1, 2), "2020-01-02"),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (datetime.time(3, 4), "03:04:00"),
        (decimal.Decimal("1.10"), "1.10"),
    ],
)
def test_values_have_a_text_form(value, text):
    assert as_text(value) == text


def test_what_has_no_text_form_is_refused():
    for form in (as_text, as_json):
        with pytest.raises(TypeError, match="bytes has no text form"):
            form(b"a")


COLUMNS = {
    "text": pa.array(["a", None]),
    "large": pa.array(["a", None], pa.large_string()),
    "view": pa.array(["a", None], pa.string_view()),
    "dictionary": pa.array(["a", None]).dictionary_encode(),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array(["a", None])),
    "integer": pa.array([2**63, None], pa.uint64()),
    "half": pa.array([1.5, None], pa.float32()).cast(pa.float16()),
    "number": pa.array([0.1, None]),
    "truth": pa.array([True, None]),
    "decimal": pa.array([decimal.Decimal("1.10"), None]),
    "date": pa.array([datetime.date(2020, 1, 2), None]),
    "time": pa.array([datetime.time(3, 4, 5), None]),
    "moment": pa.array([MOMENT, None], pa.timestamp("us")),
    "nanoseconds": pa.array([1, None], pa.timestamp("ns")),
    "duration": pa.array([datetime.timedelta(hours=30), None], pa.duration("s")),
    "list": pa.array([[1, None], None]),
    "struct": pa.array([{"d": datetime.date(2020, 1, 2)}, None]),
    "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    "null": pa.nulls(2),
    "no bytes": pa.nulls(2, pa.binary()),
}
TEXT = {
    **dict.fromkeys(("text", "large", "view", "dictionary", "runs"), "a"),
    "integer": 2**63,
    "half": 1.5,
    "number": 0.1,
    "truth": True,
    "decimal": "1.10",
    "date": "2020-01-02",
    "time": "03:04:05.000000",
    "moment": "2020-01-02 03:04:05.000600",
    "nanoseconds": "1970-01-01 00:00:00.000000001",
    "duration": "1 day, 6:00:00",
    "list": [1, None],
    "struct": {"d": datetime.date(2020, 1, 2)},
    "map": [("k", 1)],
    "null": None,
    "no bytes": None,
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_type_of_arrow_has_a_form_in_every_format(kind):
    table = pa.table({"x": COLUMNS[kind]})
    rows = for_json(table, [7, 8])
    delimited = for_delimited(table, [7, 8])["x"].to_pylist()
    sheet = for_excel(table, [7, 8]) if kind != "integer" else [[2.0**63], [None]]
    assert rows[1] == {"x": None} and delimited[1] is None and sheet[1] == [None]
    assert rows[0]["x"] == TEXT[kind]
    if kind in ("list", "struct", "map"):
        assert delimited[0] == sheet[0][0] == as_json(TEXT[kind])
    elif kind == "decimal":
        assert str(delimited[0]) == sheet[0][0] == "1.10"
    else:
        assert delimited[0] == sheet[0][0] == TEXT[kind]


@pytest.mark.parametrize(
    ("form", "column", "message"),
    [
        (for_json, [0.5, float("nan")], "row 8, column 'x': JSON cannot hold it"),
        (for_json, [0.5, float("-inf")], "row 8, column 'x': JSON cannot hold it"),
        (for_json, [[1.0], [float("nan")]], "row 8, column 'x': JSON cannot hold it"),
        (for_json, [None, b"a"], "row 8, column 'x': JSON cannot hold it"),
        (for_json, [None, [b"a"]], "row 8, column 'x': JSON cannot hold it"),
        (for_delimited, [None, b"a"], "row 8, column 'x': CSV cannot hold it"),
        (for_delimited, [None, [b"a"]], "row 8, column 'x': CSV cannot hold it"),
        (for_excel, [1, 2**53 + 1], "row 8, column 'x': Excel cannot hold it"),
        (for_excel, [0.5, float("inf")], "row 8, column 'x': Excel cannot hold it"),
        (for_excel, [None, b"a"], "row 8, column 'x': Excel cannot hold it"),
        (for_excel, ["a", "b" * 32_768], "row 8, column 'x': Excel cannot hold it (a cell of Excel has at most 32,767"),
        (for_excel, ["a", "b\x0c"], "row 8, column 'x': Excel cannot hold it (a cell of Excel cannot hold"),
        (for_excel, ["a", "_x000D_"], "row 8, column 'x': Excel cannot hold it"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_row_and_column(form, column, message):
    with pytest.raises(SettingsError) as caught:
        form(pa.table({"x": column}), [7, 8])
    assert message in str(caught.value) and "Take .parquet" in str(caught.value)


def test_excel_holds_text_numbers_and_truth_values():
    assert [excel_value(value) for value in (None, "a\r\n", True, 2**53, -0.5)] == [None, "a\r\n", True, 2**53, -0.5]
    assert excel_value(MOMENT) == as_text(MOMENT)
