import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from charrnn.corpus.rows import TableFile, format_of
from charrnn.errors import InputError, SettingsError
from charrnn.inference.frames import NameColumns
from charrnn.tables.survey import survey
from tests.tables.files import write


def look(folder, names, target, name_column="name", surname_column=None):
    return survey(
        [TableFile(str(folder / name), format_of(name)) for name in names],
        NameColumns(name_column, surname_column),
        target,
    )


def test_the_keys_of_json_are_joined_in_their_order(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"b":1,"name":"x"}\n{"c":[]}\n')
    (tmp_path / "b.jsonl").write_text('{"d":null,"b":2.5}\n')
    found = look(tmp_path, ["a.jsonl", "b.jsonl"], "parquet")
    assert found.columns == ["b", "name", "c", "d"]
    assert found.schema.types == [pa.float64(), pa.string(), pa.string(), pa.null()]
    assert look(tmp_path, ["a.jsonl", "b.jsonl"], "csv").schema.types == [pa.string()] * 3 + [pa.null()]
    assert look(tmp_path, ["a.jsonl", "b.jsonl"], "jsonl").schema is None


def test_kinds_of_cells_become_types(tmp_path):
    moment = datetime.datetime(2020, 1, 2, 3)
    write(tmp_path / "t.xlsx", [{"name": "a", "d": datetime.datetime(2020, 1, 2), "m": moment, "t": moment.time()}])
    assert look(tmp_path, ["t.xlsx"], "parquet").schema.types == [
        pa.string(),
        pa.date32(),
        pa.timestamp("us"),
        pa.time64("us"),
    ]
    write(tmp_path / "t.xlsx", [{"name": "a", "d": datetime.datetime(2020, 1, 2)}, {"name": "b", "d": moment}])
    assert look(tmp_path, ["t.xlsx"], "parquet").schema.types == [pa.string(), pa.timestamp("us")]


def test_cells_of_a_sheet_may_be_mixed_where_their_text_form_does(tmp_path):
    write(tmp_path / "t.xlsx", [{"name": "a", "house": 12}, {"name": "b", "house": "12a"}])
    assert look(tmp_path, ["t.xlsx"], "csv").schema.types == [pa.string()] * 2
    with pytest.raises(InputError, match=r"t\.xlsx, row 3, column 'house': text, where row 2 has an integer"):
        look(tmp_path, ["t.xlsx"], "parquet")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet", "t.xlsx"])
def test_the_name_column_is_found_without_regard_to_case_and_called_as_it_is(name, tmp_path):
    write(tmp_path / name, [{"Name": "a", "x": "b"}])
    assert look(tmp_path, [name], "jsonl").name_columns.name in ("Name", "name")
    assert look(tmp_path, [name], "jsonl", "X", "name").name_columns[:2] in (("x", "Name"), ("X", "name"))
    with pytest.raises(InputError, match=rf"{name}: no column 'surname'; found Name, x\. Set name_column"):
        look(tmp_path, [name], "jsonl", "surname")
    with pytest.raises(InputError, match=rf"{name}: no column 'surname'; found Name, x\. Set surname_column"):
        look(tmp_path, [name], "jsonl", "x", "surname")
    with pytest.raises(InputError, match=rf"{name}: name_column and surname_column are one column"):
        look(tmp_path, [name], "jsonl", "x", "X")


@pytest.mark.parametrize("name", ["t.jsonl", "t.xlsx"])
def test_a_column_of_surnames_without_text_is_told(name, tmp_path):
    write(tmp_path / name, [{"name": "a", "house": 12}])
    with pytest.raises(InputError, match=r"the column 'house' holds no text but 12\. Set surname_column"):
        look(tmp_path, [name], "csv", "name", "house")


def test_two_columns_that_fit_are_told(tmp_path):
    write(tmp_path / "t.jsonl", [{"Name": "a", "NAME": "b"}])
    with pytest.raises(InputError, match="'NAME' and 'Name' fit the column 'name'"):
        look(tmp_path, ["t.jsonl"], "jsonl")


def test_files_of_other_columns_are_told_before_any_work(tmp_path):
    write(tmp_path / "a.csv", [{"name": "a", "x": "1"}])
    write(tmp_path / "b.csv", [{"x": "1", "name": "a"}])
    write(tmp_path / "c.csv", [{"name": "a", "y": "1"}])
    for other, message in (("b.csv", r"\(their order\)"), ("c.csv", r"\(x, y\)")):
        with pytest.raises(SettingsError, match=rf"{other}: other columns than .*a\.csv {message}\. Take JSON Lines"):
            look(tmp_path, ["a.csv", other], "csv")
        assert look(tmp_path, ["a.csv", other], "jsonl").columns[:2] == ["name", "x"]


def test_types_of_parquet_files_are_joined_or_told_before_any_work(tmp_path):
    for name, column in (("a", pa.nulls(1)), ("b", pa.array([1], pa.int8())), ("c", pa.array(["x"]))):
        pq.write_table(pa.table({"name": ["A"], "x": column}), tmp_path / f"{name}.parquet")
    assert look(tmp_path, ["a.parquet", "c.parquet"], "parquet").schema.field("x").type == pa.string()
    assert look(tmp_path, ["a.parquet", "b.parquet"], "parquet").schema.field("x").type == pa.int8()
    assert look(tmp_path, ["b.parquet"], "parquet").schema is None
    with pytest.raises(SettingsError, match="a column has types that do not fit together"):
        look(tmp_path, ["b.parquet", "c.parquet"], "parquet")


@pytest.mark.parametrize("target", ["jsonl", "json", "parquet"])
def test_a_column_that_stands_twice_is_refused_where_it_would_be_lost(target, tmp_path):
    (tmp_path / "t.csv").write_text("name,x,x\na,1,2\n")
    with pytest.raises(SettingsError, match=f"the column 'x' stands twice, which {target} cannot hold"):
        look(tmp_path, ["t.csv"], target)
    assert look(tmp_path, ["t.csv"], "csv").columns == ["name", "x", "x"]


def test_the_delimiter_is_that_of_the_first_file(tmp_path):
    write(tmp_path / "t.csv", [{"name": "a", "x": "1"}], delimiter=";")
    assert look(tmp_path, ["t.csv"], "csv").delimiter == ";"
