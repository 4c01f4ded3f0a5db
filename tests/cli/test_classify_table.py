"""Flags mean the same for a table as for single names; the job itself is tested in tests/tables."""

import csv
import io

import openpyxl
import pytest

from charrnn.cli.classify_table import FORMATS
from charrnn.corpus.rows import FORMATS as READER_FORMATS
from charrnn.inference import load
from charrnn.inference.full_names import text_by_kind
from tests.tables.files import read, write

MODEL = load("names/classifier")

NAMES = ["Ye", "Papadopoulos", "Nguyễn", "42", "Xqzwvkjx", "", "Acme Ltd", "Kim Jong-un", "Dr. Ana María Pérez"]


def test_the_formats_are_those_that_the_reader_knows():
    assert set(FORMATS) == set(READER_FORMATS.values())


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--top-k", 1],
        ["--prior", "uniform"],
        ["--coverage", 0.9],
        ["--min-probability", 0.9],
        ["--parts"],
    ],
)
def test_a_table_gets_the_answers_of_its_names(run, tmp_path, flags):
    (tmp_path / "in.csv").write_text("who\n" + "".join(f'"{name}"\n' for name in NAMES), encoding="utf-8")
    (tmp_path / "in.txt").write_text("".join(f"{name}\n" for name in NAMES), encoding="utf-8")
    table = ["--input", tmp_path / "in.csv", "--name-column", "who", "--output", tmp_path / "out.csv"]
    status, out, err = run("classify", *table, *flags)
    assert (status, out) == (0, "") and err.startswith(f"charrnn: {tmp_path}/out.csv: {len(NAMES)} rows in ")
    expected = run("classify", "--input", tmp_path / "in.txt", "--format", "csv", *flags)[1]
    rows, answers = (list(csv.reader(io.StringIO(text))) for text in ((tmp_path / "out.csv").read_text(), expected))
    assert rows[0] == ["who", *answers[0][1:]] and len(rows) == len(answers) == 1 + len(NAMES)
    for row, answer in zip(rows[1:], answers[1:], strict=True):
        assert [_number(cell) for cell in row] == [_number(cell) for cell in answer]


PEOPLE = [
    *[("Ye", "Kim"), ("Van", "Morrison"), ("Ludwig", "van Beethoven"), ("José", "García López"), ("李", "小明")],
    *[
        ("", "Papadopoulos"),
        ("Anna Maria", None),
        (None, ""),
        ("J.", "Smith"),
        ("Rossi, Jr.", "Rossi, "),
        ("42", "Nowak"),
    ],
]


@pytest.mark.parametrize("source", ["in.csv", "in.jsonl", "in.parquet", "in.xlsx"])
@pytest.mark.parametrize("target", ["out.csv", "out.jsonl", "out.parquet", "out.xlsx"])
def test_given_names_and_surnames_of_two_columns_are_read_together(run, tmp_path, source, target):
    write(tmp_path / source, [{"First": given, "x": i, "LAST": surname} for i, (given, surname) in enumerate(PEOPLE)])
    flags = ["--name-column", "first", "--surname-column", "last", "--top-k", 1, "--parts"]
    status, out, err = run("classify", "--input", tmp_path / source, *flags, "--output", tmp_path / target)
    assert (status, out) == (0, ""), err
    names = [f"{surname.replace(',', '')}, {given.replace(',', '')}" if given and surname else given or surname
             for given, surname in PEOPLE]  # fmt: skip
    for row, name in zip(read(tmp_path / target), names, strict=True):
        (answer,) = MODEL.predict([name or None], top_k=1)
        assert (row["reason"] or None) == answer.reason
        assert (row["label"] or None) == (answer.predictions[0].label if answer.predictions else None)
        assert {kind: row[kind] or "" for kind in ("given", "surname")} == {"given": "", "surname": ""} | text_by_kind(
            answer.parts
        )
    assert read(tmp_path / target)[1]["surname"] == "Morrison"


def _number(cell):
    try:
        return pytest.approx(float(cell), abs=1e-6)
    except ValueError:
        return cell


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--explain"], "--explain: is for a few names"),
        (["--parts", "--whole"], "parts: whole texts are one name each"),
        (["--parts", "--kind", "male"], "parts: texts of the kind male are one name each"),
        (["--surname-column", "x", "--whole"], "surname_column: whole texts are one name each"),
        (["--surname-column", "x"], "no column 'x'; found name. Set --surname-column"),
        (["--surname-column", "name"], "--name-column and --surname-column are one column"),
        (["--sheet", "x"], "--sheet: is for Excel workbooks"),
        (["--output", "none/out.csv"], "/none. Make it, or choose another place."),
        (["--workers", 0], "--workers 0"),
        (["--format", "table"], "--format table: is for single names. Take csv, json"),
        (["--output", "out.csv", "--format", "jsonl"], "drop --format"),
        (["--output", "out.xls"], "name a file that ends in .csv"),
        (["--resume", "--restart"], "--resume, --restart: one goes on"),
        (["--resume"], "--resume: needs files"),
        (["--ray-address", "a:1"], "--ray-address: is for --engine ray"),
        (["--input-format", "jsonl", "--delimiter", ";"], "--delimiter: is for CSV and TSV"),
        (["--output", "in.csv"], "is the input"),
        (["--output", "folder"], "folder: exists already"),
        (["--engine", "ray"], "Name --input and --output"),
        (["--top-k", -1], "top_k -1"),
        (["--model", "names/generator"], "is a generator"),
    ],
)
def test_bad_flags_are_one_line_and_write_nothing(run, tmp_path, monkeypatch, flags, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("name\nRossi\n")
    (tmp_path / "folder").mkdir()
    status, out, err = run("classify", "--input", "in.csv", *flags)
    assert status == 2 and out == "" and message in err and err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "in.csv"]


@pytest.mark.parametrize(
    "flags", [["--resume"], ["--restart"], ["--workers", 2], ["--engine", "ray"], ["--format", "parquet"]]
)
def test_flags_of_tables_are_refused_for_single_names(run, flags):
    status, out, err = run("classify", "Rossi", *flags)
    assert status == 2 and out == "" and "for tables. Give --input" in err


@pytest.mark.parametrize("flag", ["--name-column", "--surname-column", "--workers"])
def test_flags_of_tables_are_refused_where_the_file_is_read_as_a_list_of_names(run, tmp_path, flag):
    (tmp_path / "people.txt").write_text("given\tlast\nAna\tRossi\n")
    status, out, err = run("classify", "--input", tmp_path / "people.txt", flag, 2)
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert (
        f"{flag}: is for tables; {tmp_path}/people.txt is read as a list of names." in err and "--input-format" in err
    )
    status, out, err = run(
        "classify", "--input", tmp_path / "people.txt", "--input-format", "tsv", "--name-column", "last"
    )
    assert status == 0 and "Italian" in out


@pytest.mark.parametrize("suffix", [".xls", ".ods"])
def test_tables_that_cannot_be_read_are_no_lists_of_names(run, tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_bytes(b"x")
    status, out, err = run("classify", "--input", tmp_path / f"a{suffix}", "--output", tmp_path / "b.xlsx")
    assert (status, out) == (2, "") and f"a{suffix}: cannot be read. Save it as .xlsx or .csv." in err


def test_a_sheet_is_told_by_its_name(run, tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.title = "Cover"
    workbook.active.append(["Export of 2024"])
    workbook.create_sheet("People").append(["name"])
    workbook["People"].append(["Rossi"])
    workbook.save(tmp_path / "in.xlsx")
    status, out, err = run("classify", "--input", tmp_path / "in.xlsx", "--sheet", "People", "--format", "csv")
    assert status == 0 and "Italian" in out
    for flags, message in (
        ([], "sheet 'Cover' (--sheet takes People): no column 'name'; found Export of 2024"),
        (["--sheet", "X"], "no sheet 'X'; found Cover, People. Set --sheet to one of them."),
    ):
        for command in (["classify", "--input"], ["corpus", "audit"]):
            status, out, err = run(*command, tmp_path / "in.xlsx", *flags)
            assert (status, out) == (2, "") and message in err and err.count("\n") == 1
