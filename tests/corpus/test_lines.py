import errno
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.corpus import lines
from charrnn.corpus.lines import TextLines, check_encoding, open_input
from charrnn.errors import InputError, SettingsError


def read(content, encoding="utf-8", newline="\n", longest=1000):
    return list(TextLines("names", io.BytesIO(content), encoding, newline, longest))


@pytest.mark.parametrize("chunk", [1, 2, 3, 1 << 18])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251", "gb18030"])
def test_lines_are_those_of_the_text_in_every_encoding_wherever_the_chunks_end(monkeypatch, chunk, encoding):
    monkeypatch.setattr(lines, "_CHUNK", chunk)
    text = "Иванов\n\nПе\rтров\r\n  \nСидор"
    assert read(text.encode(encoding), encoding) == ["Иванов\n", "\n", "Пе\rтров\r\n", "  \n", "Сидор"]
    assert "".join(read(text.encode(encoding), encoding, "")) == text


@given(st.text("aé漢\r\n\ufeff", max_size=30), st.sampled_from(["utf-8", "utf-16-be"]), st.integers(1, 9))
def test_nothing_is_lost_but_a_byte_order_mark(text, encoding, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_CHUNK", chunk)
        assert "".join(read(text.encode(encoding), encoding, "")) == text.removeprefix("\ufeff")


@pytest.mark.parametrize("chunk", [2, 5, 20])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"ab\n\n\nM\xfcller\n",
            r"line 4, column 2: not UTF-8 \(byte 0xfc\)\. With --encoding cp1252 the line reads 'M",
        ),
        (b"\xef\xbb\xbfab\nM\xfcller\n", "line 2, column 2: not UTF-8"),
        (b"ab\n\xc3", "line 2, column 1: not UTF-8"),
        (b"\xef\xbb\xbfM\xfc\n", "line 1, column 2: not UTF-8 .* reads 'M"),
        (b"ab\ncd\nx\0", r"line 3, column 2: binary data \(a zero byte\)"),
        (b"ab\n" + b"x" * 30 + b"\n", "line 2: longer than 20 characters"),
        (b"ab\n" + b"x" * 30, "line 2: longer than 20 characters"),
        ("ab\n".encode("utf-16"), r"line 1: not UTF-8 but UTF-16\. Set --encoding utf-16"),
        ("ab\n".encode("utf-16-le"), "line 1, column 2: binary data .* set --encoding utf-16-le"),
    ],
)
def test_a_bad_line_is_named_with_its_column_and_the_next_move(monkeypatch, content, message, chunk):
    monkeypatch.setattr(lines, "_CHUNK", chunk)
    with pytest.raises(InputError, match=f"^names, {message}"):
        read(content, longest=20)


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"ab\nc\x81\n", "cp1252", r"line 2, column 2: not CP1252 \(byte 0x81\)\. Set --encoding"),
        (b"a\0\n\0\0\xdc", "utf-16-le", "line 2, column 1: not UTF-16-LE"),
        (b"name\nRossi\n", "utf-16", r"names: not UTF-16 \(UTF-16 stream does not start with BOM\)\. Set --encoding"),
    ],
)
def test_a_told_encoding_that_is_wrong_is_named(content, encoding, message):
    with pytest.raises(InputError, match=message):
        read(content, encoding)


def test_the_place_counts_lines_as_they_are_read():
    for newline, place in (("", "line 9, column 2"), ("\n", "line 8, column 4")):
        assert TextLines("t", io.BytesIO(), "utf-8", newline, 9).place("a\nb\rc", 7) == place


@pytest.mark.parametrize("name", ["no-such", "base64", "rot13", "", "locale"])
def test_what_is_no_text_encoding_is_refused(name):
    with pytest.raises(SettingsError, match=f"--encoding {name}: no text encoding"):
        check_encoding(name)


def test_encodings_have_one_name():
    assert check_encoding("UTF8") == check_encoding("utf-8") == "utf-8" and check_encoding("Windows-1252") == "cp1252"


def test_damaged_gzip_data_is_an_input_error(tmp_path):
    path = tmp_path / "names.gz"
    for content in (gzip.compress(b"Rossi\n" * 100)[:-12], b"no gzip"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"names\.gz: the gzip data is cut off"), open_input(path) as stream:
            stream.read()


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path, monkeypatch):
    for path, message in ((tmp_path / "none", r"none: cannot be read \(No such file"), (tmp_path, "cannot be read")):
        with pytest.raises(InputError, match=message), open_input(path):
            pass

    class Broken(io.BytesIO):
        def read1(self, size=-1):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Broken()))
    with pytest.raises(InputError, match=r"standard input: cannot be read \(Input/output e"), open_input("-") as stream:
        list(TextLines("standard input", stream, "utf-8", "\n", 9))
