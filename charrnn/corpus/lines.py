"""Lines of text out of files that may be anything: compressed, cut off, binary, in another encoding."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from charrnn.errors import CorpusError

LONGEST_LINE = 1_000_000
"""Bytes; a longer line is no name and no row, and is not held in memory."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file for reading bytes, uncompressed if its name ends in ``.gz``.

    Raises:
        CorpusError: it cannot be read, or the compressed data is cut off or damaged.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            yield cast(BinaryIO, stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(f"{path}: the gzip data is cut off or damaged. Copy or download it again.") from error
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}). Check the path and its rights."
        ) from error


def decoded_lines(path: Path, stream: BinaryIO) -> Iterator[str]:
    """The lines of a UTF-8 text, with their ends; a byte order mark is left out.

    Raises:
        CorpusError: it is UTF-16, binary, no UTF-8, or has a line over :data:`LONGEST_LINE`; names file and line.
    """
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        where = f"{path}, line {number}"
        if number == 1 and raw.startswith(_UTF16):
            raise CorpusError(f"{where}: UTF-16. Save the file as UTF-8.")
        if len(raw) > LONGEST_LINE:
            raise CorpusError(f"{where}: longer than {LONGEST_LINE:,} bytes. Put one name or row on a line.")
        if b"\0" in raw:
            raise CorpusError(f"{where}: binary data (a zero byte). Give a text file in UTF-8.")
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise CorpusError(f"{where}: not UTF-8 (byte 0x{raw[error.start]:02x}). Save the file as UTF-8.") from error
