import io

import pytest

from charrnn.corpus.rows import TableFile
from charrnn.errors import SettingsError
from charrnn.inference import load
from charrnn.inference.answers import answer_columns
from charrnn.tables.formats import enclosed, encode, estimate_rows, header
from charrnn.tables.pieces import read_pieces
from tests.tables.files import format_of, write


@pytest.fixture
def encoded(job_for, trained, tmp_path):
    """The bytes of the first piece of a file, as a part of a job, and the job."""
    model = load(trained["classifier"])

    def encoded(source, target, **settings):
        job = job_for(source, target, top_k=1, **settings)
        piece = next(read_pieces(job, job.inputs[0], 100))
        ranking = model.rank(["Rossi"] * len(piece), 1)
        return encode(piece, answer_columns(ranking, model.labels, 1, job.prefix), job), job

    return encoded


def test_only_delimited_tables_have_a_header(encoded, tmp_path):
    write(tmp_path / "in.csv", [{"name": "Rossi", 'b"c': "x"}])
    assert header(encoded("in.csv", "out.csv")[1]) == b'name,"b""c",label,probability,abstained,reason\n'
    assert header(encoded("in.csv", "out.tsv")[1]).startswith(b'name\t"b""c"\tlabel')
    for target in ("out.jsonl", "out.json", "out.parquet", "out.xlsx"):
        assert header(encoded("in.csv", target)[1]) == b""


def test_the_header_is_guarded_like_the_cells(encoded, tmp_path):
    write(tmp_path / "in.csv", [{"name": "Rossi", "=x": "-1", "-1": "=1"}])
    content, job = encoded("in.csv", "out.csv", spreadsheet_safe=True)
    assert header(job).startswith(b"name,'=x,-1,label") and content.startswith(b'"Rossi","-1","\'=1",')


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ('{"name": "a"}', '{"name": "a", "label": '),
        ("{}", '{"label": '),
        ("{ }", '{ "label": '),
        ('{\n  "name": "a\\n\u2028 b",\r\n  "x": [\n1 ]\n}', '{ "name": "a\\n\u2028 b", "x": [ 1 ] , "label": '),
    ],
)
def test_answers_stand_before_the_closing_brace_of_an_object_on_one_line(text, start, encoded, tmp_path):
    (tmp_path / "in.json").write_text(f"[{text}]", encoding="utf-8", newline="")
    content, _ = encoded("in.json", "out.jsonl")
    assert content.decode().startswith(start) and content.count(b"\n") == 1


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], "[]\n"),
        ([b""], "[]\n"),
        ([b"{1}\n{2}\n", b"", b"{3}\n"], "[\n{1},\n{2},\n{3}\n]\n"),
        ([b"", b"{1}\n"], "[\n{1}\n]\n"),
    ],
)
def test_parts_become_one_json_array(parts, whole, encoded, tmp_path):
    write(tmp_path / "in.csv", [{"name": "Rossi"}])
    _, job = encoded("in.csv", "out.json")
    assert b"".join(stream.read() for stream in enclosed(map(io.BytesIO, parts), job)).decode() == whole


def test_what_the_format_cannot_hold_is_refused_with_its_row(encoded, tmp_path):
    write(tmp_path / "in.csv", [{"name": "Rossi", "x": "a"}, {"name": "Rossi", "x": "\x0c"}])
    with pytest.raises(SettingsError, match="row 3, column 'x': Excel cannot hold it"):
        encoded("in.csv", "out.xlsx")


@pytest.mark.parametrize("name", ["in.csv", "in.tsv.gz", "in.jsonl", "in.parquet", "in.json", "in.xlsx"])
def test_the_number_of_rows_is_told_beforehand(name, tmp_path):
    write(tmp_path / name, [{"name": "Rossi"}] * 7)
    file = TableFile(str(tmp_path / name), format_of(tmp_path / name))
    assert estimate_rows([file] * 2) == (None if name in ("in.json", "in.xlsx") else 14)
    assert estimate_rows([TableFile(str(tmp_path / "none"), file.table_format)]) is None
