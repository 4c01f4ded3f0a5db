"""Laws of tables, for whatever they hold: every input cell comes out, in its place, with the answers of ``predict``."""

import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from charrnn.corpus.rows import ReadOptions, TableFile
from charrnn.errors import CharRNNError
from charrnn.inference import load
from charrnn.inference.frames import NameColumns
from charrnn.tables import store
from charrnn.tables.classify import classify_table
from charrnn.tables.plan import plan
from charrnn.tables.values import as_text
from charrnn.text import MISSING_NAMES
from tests.tables.conftest import SETTINGS
from tests.tables.files import DELIMITERS, read, write

EXAMPLES = settings(max_examples=40, suppress_health_check=list(HealthCheck))
TEXT_TARGETS = ["csv", "tsv", "jsonl", "json", "parquet", "csv.gz", "jsonl.gz"]

awkward = st.sampled_from(
    [
        "",
        " ",
        "NaN",
        "null",
        "-5.3",
        "007",
        "=1+1",
        '"',
        "''",
        "a,b",
        "a;b",
        "a\tb",
        "a|b",
        "x\ny",
        "x\r\ny",
        "\ufeffx",
        "1.10",
        "2020-01-02",
        "\u2028",
        '{"a": 1}',
        "é漢😀",
    ]
)
text = awkward | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
excel_text = text.filter(
    lambda value: all(c >= " " or c in "\t\n\r" for c in value) and "\uffff" not in value and "\ufffe" not in value
)
name = st.sampled_from(["Rossi", "Suzuki", "O'Brien", "", "NaN", "-", "42", "Nguyễn", "x" * 101]) | text
columns = st.lists(text, min_size=0, max_size=3, unique=True).map(
    lambda names: [n for n in names if n.strip().casefold() != "name"]
)
number = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalar = st.none() | st.booleans() | number | text
nested = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)


@st.composite
def tables(draw, cells=text, names=name):
    """A list of dicts with equal keys, one of them ``name``."""
    header = [*draw(columns), "name"]
    row = st.fixed_dictionaries({column: names if column == "name" else cells for column in header})
    return draw(st.lists(row, min_size=1, max_size=9))


@pytest.fixture(scope="module")
def model(trained):
    return load(trained["classifier"]), str(trained["classifier"])


@pytest.fixture(autouse=True)
def parts_of_three(monkeypatch):
    monkeypatch.setattr(store, "PART_ROWS", 3)


def classified(model, source, target, table_format, output_format, **options):
    """Classify a file into another; the answers of ``predict`` for its names."""
    file = TableFile(str(source), table_format, ReadOptions(**options))
    job = plan([file], str(target), output_format, *model, NameColumns("name"), SETTINGS)
    classify_table(job)
    return job


def check_answers(model, job, found, names):
    """Each row has the answers of ``predict`` for its own name."""
    given = [None if isinstance(name, str) and name in MISSING_NAMES else name for name in names]
    for row, answer in zip(found, model[0].predict(given), strict=True):
        labels = [row[f"{job.prefix}label{rank}"] or None for rank in ("", "_2", "_3")]
        assert labels == ([score.label for score in answer.predictions] or [None] * 3)
        assert (row[f"{job.prefix}reason"] or None) == answer.reason


@EXAMPLES
@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|^"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    told=st.booleans(),
)
def test_csv_comes_out_as_it_was(model, table, delimiter, encoding, told):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.csv"), Path(folder, "out.csv")
        write(source, table, delimiter, encoding)
        told = told or delimiter == "^" or len(table[0]) == 1 or any(d in "".join(table[0]) for d in ",;\t|")
        options = {"delimiter": delimiter} if told else {}
        job = classified(model, source, target, "csv", "csv", encoding=encoding, **options)
        found = read(target, delimiter)
        assert [{key: row[key] for key in table[0]} for row in found] == table
        check_answers(model, job, found, [row["name"] for row in table])


@EXAMPLES
@given(table=tables(), target=st.sampled_from(TEXT_TARGETS), source=st.sampled_from(["csv", "tsv", "csv.gz"]))
def test_cells_of_csv_are_text_in_every_other_format(model, table, source, target):
    with tempfile.TemporaryDirectory() as folder:
        path, out = (
            write(Path(folder, f"in.{source}"), table, "\t" if source == "tsv" else ","),
            Path(folder, f"out.{target}"),
        )
        delimiter = "\t" if source == "tsv" else ","
        job = classified(model, path, out, source.removesuffix(".gz"), target.removesuffix(".gz"), delimiter=delimiter)
        found = read(out, job.delimiter if target.removesuffix(".gz") in DELIMITERS else None)
        assert [{key: row[key] for key in table[0]} for row in found] == table
        check_answers(model, job, found, [row["name"] for row in table])


@EXAMPLES
@given(table=tables(excel_text, excel_text), source=st.sampled_from(["csv", "xlsx"]))
def test_workbooks_hold_text_or_refuse_it(model, table, source):
    assume(all(key and all(c >= " " for c in key) and "\uffff" not in key and "\ufffe" not in key for key in table[0]))
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, f"in.{source}"), Path(folder, "out.xlsx")
        try:
            write(path, table)
            assume(source == "csv" or [{k: v or "" for k, v in row.items()} for row in read(path)] == table)
        except ValueError:
            assume(False)  # openpyxl cannot write it
        options = {"delimiter": ","} if source == "csv" else {}
        job = classified(model, path, out, source, "xlsx", **options)
        found = read(out)
        rows = [{key: row[key] or "" for key in table[0]} for row in found]
        # Blank rows at the end of a sheet are no rows, so they are none of the sheet that was read.
        kept = (
            table
            if source == "csv"
            else table[: max(i for i, row in enumerate([{"": 1}, *table]) if any(row.values()))]
        )
        assert rows == kept
        check_answers(model, job, found, [row["name"] for row in kept])


objects = st.dictionaries(text, nested, max_size=3).flatmap(
    lambda record: st.just({k: v for k, v in record.items() if k.strip().casefold() != "name"})
)


@EXAMPLES
@given(
    records=st.lists(st.tuples(objects, name | nested), min_size=1, max_size=9),
    source=st.sampled_from(["jsonl", "json"]),
    target=st.sampled_from(["jsonl", "json", "jsonl.gz"]),
    spaces=st.sampled_from([(",", ":"), (", ", ": "), (" , ", " :\t")]),
    ascii_only=st.booleans(),
)
def test_json_keeps_every_object(model, records, source, target, spaces, ascii_only):
    rows = [{**record, "name": own} for record, own in records]
    assume(any(isinstance(row["name"], str) and row["name"] not in MISSING_NAMES for row in rows))
    texts = [json.dumps(row, separators=spaces, ensure_ascii=ascii_only) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, f"in.{source}"), Path(folder, f"out.{target}")
        content = "\n".join(texts) if source == "jsonl" else "[" + ",\n".join(texts) + "]"
        path.write_text(content, encoding="utf-8", newline="")
        job = classified(model, path, out, source, target.removesuffix(".gz"))
        found = read(out)
        assert [{key: row[key] for key in own} for row, own in zip(found, rows, strict=True)] == rows
        if target == "jsonl":
            lines = out.read_text(encoding="utf-8").split("\n")[:-1]
            assert all(line.startswith(text[:-1]) for line, text in zip(lines, texts, strict=True))
        check_answers(model, job, found, [row["name"] for row in rows])


@EXAMPLES
@given(
    records=st.lists(st.tuples(objects, name), min_size=1, max_size=6),
    target=st.sampled_from(["csv", "tsv", "parquet"]),
)
def test_json_becomes_columns_of_its_text_form_or_is_refused_with_row_and_key(model, records, target):
    rows = [{**record, "name": own} for record, own in records]
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "in.jsonl"), Path(folder, f"out.{target}")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        try:
            job = classified(model, path, out, "jsonl", target)
        except CharRNNError as error:
            assert ", column " in str(error) and "row " in str(error) and not out.exists()
            kinds = {}
            for row in rows:
                for key, value in row.items():
                    kinds.setdefault(key, set()).add("number" if type(value) in (int, float) else type(value).__name__)
            big = any(type(value) is int and abs(value) > 2**53 for row in rows for value in row.values())
            assert big or any(len(own - {"NoneType"}) > 1 for own in kinds.values()), error
            return
        found = read(out, "," if target == "csv" else None)
        for ours, row in zip(found, rows, strict=True):
            for key in job.columns:
                value = row.get(key)
                if target != "parquet":
                    assert ours[key] == ("" if value is None else as_text(value))
                elif isinstance(value, list | dict):
                    assert json.loads(ours[key]) == value
                else:
                    assert ours[key] == value and (isinstance(value, bool) == isinstance(ours[key], bool))
        check_answers(model, job, found, [row["name"] for row in rows])


arrow_columns = {
    pa.int8(): st.integers(-128, 127),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.bool_(): st.booleans(),
    pa.large_string(): text,
    pa.date32(): st.dates(),
    pa.timestamp("us", "Europe/Rome"): st.datetimes(),
    pa.decimal128(20, 3): st.decimals(-(10**9), 10**9, places=3),
    pa.list_(pa.string()): st.lists(text, max_size=2),
    pa.struct([("a", pa.int64())]): st.fixed_dictionaries({"a": st.integers(-9, 9)}),
    pa.binary(): st.binary(max_size=3),
}


@EXAMPLES
@given(
    data=st.data(),
    kinds=st.lists(st.sampled_from(list(arrow_columns)), max_size=4),
    names=st.lists(name | st.none(), min_size=1, max_size=9),
)
def test_parquet_keeps_types_and_values(model, data, kinds, names):
    cells = [
        data.draw(st.lists(arrow_columns[kind] | st.none(), min_size=len(names), max_size=len(names))) for kind in kinds
    ]
    arrays = [pa.array(names, pa.string()), *(pa.array(own, kind) for own, kind in zip(cells, kinds, strict=True))]
    table = pa.Table.from_arrays(arrays, ["name", *(f"c{i}" for i in range(len(kinds)))])
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "in.parquet"), Path(folder, "out.parquet")
        pq.write_table(table, path)
        job = classified(model, path, out, "parquet", "parquet")
        found = pq.read_table(out)
        assert found.select(table.column_names).equals(pq.read_table(path))
        check_answers(model, job, found.drop(table.column_names[1:]).to_pylist(), names)
        for target in ("csv", "jsonl", "xlsx"):
            other = Path(folder, f"out.{target}")
            try:
                classified(model, path, other, "parquet", target)
            except CharRNNError as error:
                assert "row " in str(error) and "column " in str(error) and not other.exists()
                continue
            rows = read(other)
            assert [row["name"] or "" for row in rows] == [name or "" for name in names]
            for i, kind in enumerate(kinds):
                if kind == pa.float64() and target == "jsonl":
                    assert [row[f"c{i}"] for row in rows] == cells[i]
                if kind == pa.uint64() and target == "csv":
                    assert [row[f"c{i}"] for row in rows] == ["" if value is None else str(value) for value in cells[i]]
                if kind == pa.float64() and target == "csv":
                    assert [float(row[f"c{i}"]) if row[f"c{i}"] else None for row in rows] == cells[i]
