"""Opening and decoding: the bytes of any file as lines of text, with file, line and column in every error."""

from __future__ import annotations

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from charrnn.errors import InputError, SettingsError

UTF8 = "utf-8"
_CHUNK = 1 << 18
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SUGGESTED = "cp1252"
"""The encoding of most files that are not UTF-8: Windows in western Europe and America."""


@contextmanager
def open_input(path: str | Path) -> Iterator[BinaryIO]:
    """A stream of the bytes of a file, uncompressed if its name ends in ``.gz``; ``-`` is standard input.

    Raises:
        InputError: it cannot be read, or the compressed data is cut off or damaged.
    """
    try:
        if path == "-":
            yield sys.stdin.buffer
        else:
            with gzip.open(path) if str(path).endswith(".gz") else Path(path).open("rb") as stream:
                yield cast(BinaryIO, stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: the gzip data is cut off or damaged. Copy or download it again.") from error
    except OSError as error:
        raise InputError(
            f"{shown(path)}: cannot be read ({error.strerror or error}). Check the path and its rights."
        ) from error


def shown(path: str | Path) -> str:
    """The path as it stands in messages."""
    return "standard input" if path == "-" else str(path)


def check_encoding(name: str) -> str:
    """The usual name of a text encoding that Python knows.

    Raises:
        SettingsError: Python knows no such encoding.
    """
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=name)  # refuses codecs that give no text
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise SettingsError(
            f"--encoding {name}: no text encoding. Take for example utf-8, cp1252, latin-1 or utf-16."
        ) from error


class TextLines:
    """The lines of an encoded text with their ends; a byte order mark is left out.

    Args:
        where: the file, for messages.
        stream: its bytes, uncompressed.
        encoding: of the text, see :func:`check_encoding`.
        newline: which characters end a line, as for :class:`io.StringIO`.
        longest: characters of a line at most.

    Attributes:
        chunk: the lines that are being read, as one text.
        line: number of the first of these lines.

    Raises:
        InputError: while iterating: the text is binary or in another encoding, or a line is too long.
    """

    def __init__(self, where: str, stream: BinaryIO, encoding: str, newline: str, longest: int) -> None:
        self.where, self.encoding, self.newline, self.longest = where, encoding, newline, longest
        self.stream = cast(BufferedIOBase, stream)
        self.chunk, self.line = "", 1

    def __iter__(self) -> Iterator[str]:
        # Chunks, because decoding line by line takes as long as parsing CSV does.
        return chain.from_iterable(io.StringIO(chunk, newline=self.newline) for chunk in self._chunks())

    def _chunks(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        held: list[str] = []  # the start of a line whose end was not read yet
        length, is_first, is_last = 0, True, False
        while not is_last:
            # What a pipe holds now; read() would wait for a whole chunk.
            content = self.stream.read1(_CHUNK)
            is_last = not content
            if is_first and self.encoding == UTF8 and content.startswith(_UTF16):
                raise InputError(f"{self.where}, line 1: not UTF-8 but UTF-16. Set --encoding utf-16.")
            try:
                text = decoder.decode(content, is_last)
            except UnicodeDecodeError as error:
                raise self._not_decodable(error, "".join(held)) from error
            except UnicodeError as error:
                raise InputError(
                    f"{self.where}: not {self.encoding.upper()} ({error}). Set --encoding to its own."
                ) from error
            if is_first and text:
                text, is_first = text.removeprefix("\ufeff"), False
            end = len(text) if is_last else self._last_end(text)
            if not end and not is_last and length + len(text) <= self.longest:
                held.append(text)
                length += len(text)
                continue
            chunk = "".join(held) + (text[:end] if end else text)
            if chunk:
                self.line += self.count_ends(self.chunk)
                self.chunk = chunk
                self._check(chunk)
                yield chunk
            held, length = [text[end:]] if end else [], len(text) - end if end else 0

    def _last_end(self, text: str) -> int:
        """Where the last line that ends in a text ends. A carriage return at its end may be half of a line end."""
        end = text.rfind("\n") + 1
        return end or (text.rfind("\r", 0, len(text) - 1) + 1 if self.newline == "" else 0)

    def count_ends(self, text: str) -> int:
        """How many lines end in a text."""
        ends = text.count("\n")
        return ends if self.newline == "\n" else ends + text.count("\r") - text.count("\r\n")

    def place(self, before: str, first_line: int | None = None) -> str:
        """Line and column that a text ends at, as they stand in messages.

        Args:
            before: the text from the start of a line to the place.
            first_line: number of that line; by default that of the chunk.
        """
        line = (self.line if first_line is None else first_line) + self.count_ends(before)
        start = max(before.rfind("\n"), -1 if self.newline == "\n" else before.rfind("\r")) + 1
        return f"line {line}, column {len(before) - start + 1}"

    def _check(self, chunk: str) -> None:
        """Refuse a chunk with a line that is too long, which can only be the first one, or with a zero byte."""
        if len(chunk) > self.longest and not 0 <= chunk.find("\n") <= self.longest:
            raise InputError(
                f"{self.where}, line {self.line}: longer than {self.longest:,} characters. "
                "Put one name or row on a line."
            )
        if (zero := chunk.find("\0")) >= 0:
            remedy = "Give a text file, or, if it is UTF-16, set --encoding utf-16-le"
            raise InputError(f"{self.where}, {self.place(chunk[:zero])}: binary data (a zero byte). {remedy}.")

    def _not_decodable(self, error: UnicodeDecodeError, held: str) -> InputError:
        content, start = error.object, error.start
        self.line += self.count_ends(self.chunk)
        before = (held + content[:start].decode(error.encoding, "replace")).removeprefix("\ufeff")
        what = f"{self.where}, {self.place(before)}: not {self.encoding.upper()} (byte 0x{content[start]:02x})"
        if self.encoding != UTF8:
            return InputError(f"{what}. Set --encoding to the file's own.")
        rest = content[start:].partition(b"\n")[0].decode(_SUGGESTED, "replace")
        if "\0" in rest:
            return InputError(f"{self.where}, {self.place(before)}: binary data. Give a text file.")
        line = f"{before[before.rfind(chr(10)) + 1 :][-30:]}{rest[:30]}".strip()
        return InputError(
            f"{what}. With --encoding {_SUGGESTED} the line reads {line!r}; if that is wrong, set another encoding."
        )
