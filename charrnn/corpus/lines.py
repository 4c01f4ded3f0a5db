"""Opening and decoding: the bytes of any file as lines of UTF-8 text, with file and line in every error."""

from __future__ import annotations

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

from charrnn.errors import InputError

_CHUNK = 1 << 18
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


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


def decoded_lines(where: str, stream: BinaryIO, newline: str, longest: int) -> Iterator[str]:
    """The lines of a UTF-8 text with their ends; a byte order mark is left out.

    Args:
        where: the file, for messages.
        stream: its bytes, uncompressed.
        newline: which characters end a line, as for :class:`io.StringIO`.
        longest: bytes of a line at most.

    Raises:
        InputError: the text is UTF-16, binary or not UTF-8, or a line is too long.
    """
    # Chunks, because decoding line by line takes as long as parsing CSV does.
    return chain.from_iterable(io.StringIO(text, newline=newline) for text in _decoded_chunks(where, stream, longest))


def _decoded_chunks(where: str, stream: BinaryIO, longest: int) -> Iterator[str]:
    """Text in chunks of whole lines."""
    number, held = 1, bytearray()
    # What a pipe holds now; read() would wait for a whole chunk.
    while chunk := cast(BufferedIOBase, stream).read1(_CHUNK):
        end = chunk.rfind(b"\n") + 1
        held += chunk[:end] if end else chunk
        if end or len(held) > longest:
            yield _decode(where, bytes(held), number, longest)
            number += held.count(b"\n")
            held = bytearray(chunk[end:])
    if held:
        yield _decode(where, bytes(held), number, longest)


def _decode(where: str, content: bytes, number: int, longest: int) -> str:
    """Decode whole lines. ``number`` is that of the first, the only one that can be longer than a chunk."""
    if number == 1 and content.startswith(_UTF16):
        raise InputError(f"{where}, line 1: UTF-16. Save the file as UTF-8.")
    if len(content) > longest and not 0 <= content.find(b"\n") <= longest:
        raise InputError(f"{where}, line {number}: longer than {longest:,} bytes. Put one name or row on a line.")
    if (zero := content.find(b"\0")) >= 0:
        number += content.count(b"\n", 0, zero)
        raise InputError(f"{where}, line {number}: binary data (a zero byte). Give a text file in UTF-8.")
    try:
        return content.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        byte, number = error.object[error.start], number + error.object.count(b"\n", 0, error.start)
        raise InputError(f"{where}, line {number}: not UTF-8 (byte 0x{byte:02x}). Save the file as UTF-8.") from error
