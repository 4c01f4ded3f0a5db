import io
from pathlib import Path

import pytest

from charrnn.corpus.rows import TableFile, format_of
from charrnn.errors import InputError, SettingsError
from charrnn.tables.plan import input_files, output_format, pipe_as_file
from tests.tables.files import write


def test_the_files_of_a_folder_come_by_name_and_hidden_ones_are_left_out(tmp_path):
    for name in ("b.csv", "a.csv.gz", ".c.csv", "notes.txt"):
        (tmp_path / name).touch()
    assert input_files(str(tmp_path)) == [str(tmp_path / name) for name in ("a.csv.gz", "b.csv")]
    assert input_files(str(tmp_path / "b.csv")) == [str(tmp_path / "b.csv")]
    assert input_files("-") == ["-"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], r"holds no \.csv, \.tsv"),
        (["a.txt"], r"holds no \.csv"),
        (["a.csv", "b.jsonl"], "several kinds: csv, jsonl"),
    ],
)
def test_a_folder_of_several_kinds_or_none_is_an_input_error(tmp_path, names, message):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=message):
        input_files(str(tmp_path))


def test_an_absent_input_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"--input .*none\.csv: cannot be read"):
        input_files(str(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("source", "output", "wanted", "chosen"),
    [
        ("in.csv", "-", None, "csv"),
        ("in.parquet", "-", None, "csv"),
        ("in.xlsx", "-", None, "csv"),
        ("in.json", "-", None, "json"),
        ("in.csv", "-", "jsonl", "jsonl"),
        ("in.csv", "out", None, "csv"),
        ("in.parquet", "out", None, "parquet"),
        ("in.csv", "out", "parquet", "parquet"),
        ("in.csv", "a.b/out.TSV.gz", None, "tsv"),
        ("in.csv", "out.xlsx", "xlsx", "xlsx"),
    ],
)
def test_suffix_flag_and_input_decide_the_format(source, output, wanted, chosen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.b").mkdir()
    assert output_format(output, wanted, [TableFile(source, format_of(source))]) == chosen


@pytest.mark.parametrize(
    ("source", "output", "wanted", "message"),
    [
        ("in.csv", "out.csv", "jsonl", "drop --format"),
        ("in.csv", "out.xls", None, "name a file that ends in .csv, .tsv"),
        ("in.csv", "-", "table", "is for single names"),
        ("in.csv", "-", "parquet", "cannot be written to a pipe"),
        ("in.csv", "out.parquet.gz", None, "parquet is compressed already"),
        ("in.xlsx", "out", None, "a workbook is one file"),
        ("in.csv", "./in.csv", None, "is the input"),
    ],
)
def test_outputs_that_cannot_be_are_refused(source, output, wanted, message):
    with pytest.raises(SettingsError) as caught:
        output_format(output, wanted, [TableFile(source, format_of(source))])
    assert message in str(caught.value)


def test_standard_input_is_copied_and_keeps_its_name(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"name\nRossi\n")))
    with pipe_as_file(TableFile("-", "csv")) as file:
        assert str(file) == "standard input" and Path(file.path).read_text() == "name\nRossi\n"
    assert not Path(file.path).exists()
    with pipe_as_file(TableFile("in.csv", "csv")) as file:
        assert file == TableFile("in.csv", "csv")


def test_a_plan_tells_columns_prefix_and_delimiter(job_for, tmp_path):
    write(tmp_path / "in.csv", [{"name": "a", "label": "b"}], delimiter=";")
    job = job_for("in.csv", "out.csv", top_k=1)
    assert job.output_columns == [
        "name",
        "label",
        *(f"charrnn_{n}" for n in ("label", "probability", "abstained", "reason")),
    ]
    assert (job.delimiter, job.prefix, job.width) == (";", "charrnn_", 1)
    assert job_for("in.csv", "out.tsv").delimiter == "\t" and job_for("in.csv", "out.jsonl").delimiter == ","
    assert job_for("in.csv", "out.csv", coverage=0.9).width == 4


def test_more_columns_than_a_sheet_has_are_refused(job_for, tmp_path):
    (tmp_path / "in.csv").write_text("name" + ",x" * 16_383 + "\na" + "," * 16_383 + "\n")
    with pytest.raises(SettingsError, match="a sheet of Excel has"):
        job_for("in.csv", "out.xlsx")
