"""Several files of a folder, replaced as one: whoever reads them finds all the old ones or all the new ones.

The new files are first written whole into a folder beside the old ones, ``.new-…``. Then ``.commit.json`` names that
folder: without it the old files count, with it the new ones. At last they are moved to their places, and
``.commit.json`` is removed. Where a process has ended before that, readers find the new files where they are, and the
next writer moves them. Writers keep each other out by a lock of their own.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from charrnn.storage import sync_folder

COMMIT, PENDING = ".commit.json", ".new-"


@dataclass(frozen=True)
class _Commit:
    """What ``.commit.json`` holds: the name of the folder with the new files, and their names in order."""

    folder: str
    files: list[str]


@dataclass(frozen=True)
class FileSet:
    """Files of a folder that are replaced as one.

    Attributes:
        folder: of the files; may be absent, and may hold others.
        names: that the files may have.
    """

    folder: Path
    names: tuple[str, ...]

    def replace(self, files: Mapping[str, bytes]) -> None:
        """Let the set consist of these files and no others.

        Args:
            files: content by name, in the order in which they are moved to their places.

        Raises:
            OSError: a file cannot be written. Before the commit, all are as they were; after it, the new ones count.
            ValueError: a file has a name that is not of the set, or ``.commit.json`` is damaged.
        """
        if unknown := sorted(files.keys() - set(self.names)):
            raise ValueError(f"{', '.join(unknown)}: not of these files")
        folder = self.folder
        folder.mkdir(parents=True, exist_ok=True)
        self.finish()
        for left in folder.glob(f"{PENDING}*"):
            shutil.rmtree(left)
        pending = folder / f"{PENDING}{secrets.token_hex(4)}"
        commit = _Commit(pending.name, list(files))
        try:
            pending.mkdir()
            for name, content in {**files, COMMIT: json.dumps(commit.__dict__).encode()}.items():
                with (pending / name).open("wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
            sync_folder(pending)
            (pending / COMMIT).replace(folder / COMMIT)
            sync_folder(folder)
        except BaseException:
            if self._commit() != commit:
                shutil.rmtree(pending, ignore_errors=True)
            raise
        self.finish()

    def finish(self) -> None:
        """Do what remains of a replacement that was committed; without one, nothing.

        Raises:
            OSError: a file cannot be moved or removed; :meth:`path` finds the right ones all the same.
            ValueError: ``.commit.json`` is damaged.
        """
        commit = self._commit()
        if commit is None:
            return
        pending = self.folder / commit.folder
        for name in commit.files:
            with suppress(FileNotFoundError):  # it is in its place
                (pending / name).replace(self.folder / name)
        for name in set(self.names) - set(commit.files):
            if self._commit() == commit:  # else another process has done it, and may have written such a file since
                (self.folder / name).unlink(missing_ok=True)
        sync_folder(self.folder)
        shutil.rmtree(pending, ignore_errors=True)
        if self._commit() == commit:
            (self.folder / COMMIT).unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Where the file of this name is, though a replacement may be committed and unfinished; it may be absent.

        Raises:
            OSError: the folder cannot be read.
            ValueError: ``.commit.json`` is damaged.
        """
        commit = self._commit()
        if commit is not None:
            pending = self.folder / commit.folder / name
            if name not in commit.files or pending.exists():
                return pending
        return self.folder / name

    def _commit(self) -> _Commit | None:
        try:
            fields = json.loads((self.folder / COMMIT).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError:
            fields = None
        # The folder may come from strangers: nothing outside of it is touched.
        if not (
            isinstance(fields, dict)
            and fields.keys() == {"folder", "files"}
            and isinstance(fields["folder"], str)
            and re.fullmatch(f"{re.escape(PENDING)}[0-9a-f]{{8}}", fields["folder"])
            and not (self.folder / fields["folder"]).is_symlink()
            and isinstance(fields["files"], list)
            and all(name in self.names for name in fields["files"])
        ):
            raise ValueError(f"{COMMIT} is damaged")
        return _Commit(**fields)
