import gzip
import io
import os

import pytest

from charrnn.corpus import lines
from charrnn.corpus.rows import ReadOptions, TableFile, json_rows, read_blocks, read_columns, read_lines, reading
from charrnn.errors import InputError, SettingsError

WANTED = {"--name-column": "name", "--label-column": "label"}


@pytest.mark.parametrize("chunk", [1, 3, 1 << 18])
def test_every_line_is_a_row_blank_ones_too(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(lines, "_CHUNK", chunk)
    content = "\ufeffRossi\n\nSa\rto\u2028Li\r\n  \n漢".encode()
    (tmp_path / "names").write_bytes(content)
    (tmp_path / "names.gz").write_bytes(gzip.compress(content))
    for path in (tmp_path / "names", str(tmp_path / "names.gz")):
        assert list(read_lines(path)) == ["Rossi", "", "Sa\rto\u2028Li", "  ", "漢"]


def test_lists_have_an_encoding(tmp_path):
    (tmp_path / "names").write_bytes("Müller\n".encode("cp1252"))
    assert list(read_lines(tmp_path / "names", "cp1252")) == ["Müller"]


def test_a_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Rossi\nM\xfcller\n")))
    with pytest.raises(InputError, match=r"standard input, line 2, column 2: not UTF-8 \(byte 0xfc\)"):
        list(read_lines("-"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"name\nRossi\n")))
    assert next(read_blocks(TableFile("-", "csv"))).rows == [["Rossi"]]


def test_lines_of_a_pipe_come_before_it_is_closed(monkeypatch):
    source, sink = os.pipe()
    with os.fdopen(source) as stream, os.fdopen(sink, "wb", buffering=0) as pipe:
        monkeypatch.setattr("sys.stdin", stream)
        pipe.write(b"Rossi\nSato\n")
        assert next(read_lines("-")) == "Rossi"


def test_a_line_of_a_list_may_not_be_long(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST_LINE", 20)
    (tmp_path / "names").write_text("Rossi\n" + "x" * 21)
    with pytest.raises(InputError, match="names, line 2: longer than 20 characters"):
        list(read_lines(tmp_path / "names"))


def test_options_that_do_not_fit_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(SettingsError, match="--delimiter"):
        next(read_blocks(TableFile(str(tmp_path / "none.jsonl"), "jsonl", ReadOptions(";"))))


def test_columns_are_found_in_every_format(tmp_path):
    (tmp_path / "t.csv").write_text("Label;id;NAME\nItalian;1;Rossi\n")
    ((values, bad_rows),) = read_columns(TableFile(str(tmp_path / "t.csv"), "csv"), WANTED)
    assert values == [["Rossi"], ["Italian"]] and bad_rows == []


def test_a_key_may_be_absent_from_some_records_but_not_from_all(tmp_path, monkeypatch):
    monkeypatch.setattr(json_rows, "BLOCK_RECORDS", 2)
    path = tmp_path / "t.jsonl"
    path.write_text('{"Name": "a", "label": "A"}\n5\n{"Name": "b"}\n{}\n{"Name": "c", "label": "C"}\n')
    file = TableFile(str(path), "jsonl", ReadOptions(skip_bad_rows=True))
    blocks = list(read_columns(file, WANTED))
    assert [list(zip(*values, strict=True)) for values, _ in blocks] == [
        [("a", "A")],
        [("b", None), (None, None)],
        [("c", "C")],
    ]
    assert [len(bad_rows) for _, bad_rows in blocks] == [1, 0, 0]
    path.write_text('{"Name": "a"}\n')
    with pytest.raises(InputError, match=r"t\.jsonl: no column 'label'; found Name\. Set --label-column"):
        list(read_columns(file, WANTED))
