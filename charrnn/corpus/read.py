"""Reading names from folders and text files."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from charrnn.corpus import Corpus
from charrnn.errors import CorpusError
from charrnn.text import MAX_LENGTH, clean, is_vacant, to_ascii

BUNDLED = "names"


def bundled_folder() -> Path:
    """The folder of the bundled corpus: inside an installed package, or ``data/names`` of a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_data" / BUNDLED
    return installed if installed.is_dir() else package.parent / "data" / BUNDLED


def read(data: str | Path) -> Corpus:
    """See :meth:`charrnn.corpus.Corpus.read`."""
    if str(data) == BUNDLED:
        path, source = bundled_folder(), BUNDLED
    else:
        path, source = Path(data), str(data)
    try:
        files = _files(path)
        return _read_files(files, path, source)
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}). Check the path and its rights."
        ) from error


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise CorpusError(
            f"{path}: no such file or folder. Give a folder of <Label>.txt, a text file with one name a line, "
            f"or '{BUNDLED}' for the bundled corpus."
        )
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.txt"))
    if not files:
        raise CorpusError(f"{path}: no <Label>.txt in this folder. Put one text file a label there, one name a line.")
    folded = Counter(file.stem.casefold() for file in files)
    twice = [file.name for file in files if folded[file.stem.casefold()] > 1]
    if twice:
        raise CorpusError(f"{path}: {', '.join(twice)} differ in letter case alone. Merge them into one label.")
    return files


def _read_files(files: list[Path], path: Path, source: str) -> Corpus:
    names: list[str] = []
    labels: list[str] = []
    dropped: Counter[str] = Counter()
    for file in files:
        label = sys.intern(file.stem)
        before = len(names)
        for line in _lines(file):
            name = clean(line)
            reason = _unusable(name)
            if reason:
                dropped[reason] += 1
            else:
                names.append(name)
                labels.append(label)
        if len(names) == before:
            raise CorpusError(f"{file}: no names in it. Put one name a line there, or remove the file.")
    return Corpus(names, labels, source, dict(dropped))


def _unusable(name: str) -> str | None:
    if not name:
        return "empty"
    if len(name) > MAX_LENGTH:
        return "too-long"
    if is_vacant(name) or is_vacant(to_ascii(name)):
        return "no-letters"
    return None


def _lines(file: Path) -> Iterator[str]:
    with file.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            try:
                # A byte order mark is a habit of some editors, not a part of the first name.
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise CorpusError(
                    f"{file}, line {number}: not UTF-8 (byte 0x{raw[error.start]:02x}). Save the file as UTF-8."
                ) from error
