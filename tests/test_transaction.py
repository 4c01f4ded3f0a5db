"""Whatever happens on the way, a reader finds all old files or all new ones."""

import errno
import json
import os
from pathlib import Path

import pytest

from charrnn import transaction
from charrnn.transaction import FileSet
from tests.forks import killed_at

NAMES = ("a", "b", "c")
OLD, NEW = {"a": b"old a", "b": b"old b"}, {"b": b"new b", "c": b"new c"}


def content(folder):
    """What a reader finds."""
    files = FileSet(folder, NAMES)
    return {name: files.path(name).read_bytes() for name in NAMES if files.path(name).exists()}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def replace(folder, files):
    FileSet(folder, NAMES).replace(files)


@pytest.fixture
def folder(tmp_path):
    replace(tmp_path / "set", OLD)
    (tmp_path / "set" / "other").write_bytes(b"other")
    return tmp_path / "set"


def test_files_are_replaced_and_those_of_the_earlier_set_removed(folder):
    assert content(folder) == OLD
    replace(folder, NEW)
    assert content(folder) == NEW and names(folder) == ["b", "c", "other"]


def finish(folder):
    FileSet(folder, NAMES).finish()


def test_killed_at_any_moment_all_are_old_or_all_new(folder):
    """A writer that is killed; then one that finishes its work and is killed at its second touch."""
    found = []
    for moment in range(1, 200):
        replace(folder, OLD)
        was_killed = killed_at(moment, replace, folder, NEW)
        found.append(content(folder))
        assert found[-1] in (OLD, NEW)
        killed_at(2, finish, folder)
        assert content(folder) == found[-1]
        finish(folder)
        assert content(folder) == found[-1] == {n: (folder / n).read_bytes() for n in NAMES if (folder / n).exists()}
        if not was_killed:
            break
    assert found[0] == OLD and found[-1] == NEW and found == sorted(found, key=lambda files: files == NEW)
    assert 10 < len(found) < 200
    replace(folder, NEW)
    assert names(folder) == ["b", "c", "other"]


@pytest.mark.parametrize("function", ["os.fsync", "os.replace", "os.mkdir", "os.unlink"])
def test_an_error_at_any_moment_leaves_all_old_or_all_new(function, folder, monkeypatch):
    """A full disk, or one that fails, from one call of a system function on."""
    module, _, name = function.partition(".")
    real, failures = getattr(os, name), 0
    for moment in range(1, 30):
        replace(folder, OLD)
        calls = []

        def fails(*arguments, moment=moment, calls=calls, **options):
            calls.append(arguments)
            if len(calls) >= moment:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(os, name, fails)
            try:
                replace(folder, NEW)
                expected = [NEW]
            except OSError:
                failures += 1
                expected = [OLD, NEW]
            assert content(folder) in expected
        before = content(folder)
        finish(folder)
        assert content(folder) == before
        if len(calls) < moment:
            break
    assert failures and module == "os"


def test_a_reader_finds_the_new_files_before_they_are_in_their_places(folder, monkeypatch):
    monkeypatch.setattr(FileSet, "finish", lambda self: None)
    replace(folder, NEW)
    assert (folder / "b").read_bytes() == b"old b" and content(folder) == NEW


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b'{"folder": ".new-0123abcd"}',
        json.dumps({"folder": "../elsewhere", "files": ["a"]}).encode(),
        json.dumps({"folder": ".new-0123abcd/../..", "files": ["a"]}).encode(),
        json.dumps({"folder": ".new-0123abcd", "files": ["../a"]}).encode(),
        json.dumps({"folder": ".new-0123abcd", "files": "a"}).encode(),
    ],
)
def test_a_commit_of_strangers_reaches_no_file_outside(damage, folder):
    (folder / ".commit.json").write_bytes(damage)
    for call in (finish, content, lambda f: replace(f, NEW)):
        with pytest.raises(ValueError, match=r"\.commit\.json"):
            call(folder)
    assert (folder / "a").read_bytes() == b"old a"


def test_a_link_to_a_folder_elsewhere_is_not_followed(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_bytes(b"mine")
    (folder / ".new-0123abcd").symlink_to(tmp_path / "elsewhere")
    (folder / ".commit.json").write_text(json.dumps({"folder": ".new-0123abcd", "files": ["a"]}))
    with pytest.raises(ValueError, match="damaged"):
        finish(folder)
    assert (tmp_path / "elsewhere" / "a").exists()


def test_a_slow_writer_takes_nothing_of_a_later_replacement(folder, monkeypatch):
    """It has read the first commit when another process finishes it and replaces the files once more."""
    monkeypatch.setattr(FileSet, "finish", lambda self: None)
    replace(folder, NEW)
    monkeypatch.undo()
    read = transaction.FileSet._commit
    later = iter([True])

    def slow(self):
        commit = read(self)
        if next(later, False):
            replace(folder, OLD)
        return commit

    monkeypatch.setattr(FileSet, "_commit", slow)
    finish(folder)
    assert content(folder) == OLD and Path(folder / "a").read_bytes() == b"old a"


def test_a_file_that_is_not_of_the_set_is_refused_before_anything_is_written(folder):
    with pytest.raises(ValueError, match="x: not of these files"):
        replace(folder, {"a": b"1", "x": b"2"})
    assert content(folder) == OLD and names(folder) == ["a", "b", "other"]
