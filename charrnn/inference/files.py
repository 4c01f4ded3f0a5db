"""Which files a table is made of, told by their names alone."""

from __future__ import annotations

from pathlib import Path

from charrnn.errors import SettingsError

KINDS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def kind_of(path: str) -> str | None:
    """The kind of table that a path's suffix tells, ``.gz`` left out."""
    return KINDS.get(Path(path.removesuffix(".gz")).suffix.lower())


def input_files(path: str) -> list[str]:
    """The files of a table: itself, or those of a folder, by name; ``-`` is standard input.

    Raises:
        SettingsError: there is no such file, or the folder holds no table, or tables of several kinds.
    """
    folder = Path(path)
    if path != "-" and not folder.exists():
        raise SettingsError(f"--input {path}: cannot be read (No such file or directory). Check the path.")
    if path == "-" or not folder.is_dir():
        return [path]
    files = sorted(str(file) for file in folder.iterdir() if kind_of(file.name) and not file.name.startswith("."))
    kinds = sorted({str(kind_of(file)) for file in files})
    if len(kinds) != 1:
        found = f"tables of several kinds: {', '.join(kinds)}" if kinds else f"no {', '.join(KINDS)}"
        raise SettingsError(f"--input {path}: the folder holds {found}. Give one with tables of one kind.")
    return files
