"""What is written is whole or absent, whatever happens on the way."""

import errno
import os
import threading
from pathlib import Path

import pytest

from charrnn import storage
from charrnn.errors import CharRNNError, SettingsError, StorageError
from charrnn.storage import atomic_folder, atomic_writer, lock, storage_errors, write_atomically


class Stop(BaseException):
    """Whatever may end a block, such as a signal."""


@pytest.fixture
def full_disk(monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "a"
    write_atomically(path, b"old")
    with atomic_writer(path) as stream:
        stream.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("before", [b"old", None])
@pytest.mark.parametrize("error", [OSError("disk"), ValueError("bad"), Stop(), KeyboardInterrupt()])
def test_after_an_error_a_file_is_as_it_was(tmp_path, before, error):
    path = tmp_path / "a"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(type(error)), atomic_writer(path) as stream:
        stream.write(b"half")
        raise error
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == ([("a", before)] if before else [])


def test_a_rename_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.mkdir()  # a file cannot replace a folder
    with pytest.raises(OSError):
        write_atomically(path, b"new")
    assert path.is_dir() and list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    events, path = [], tmp_path / "a"
    fsync, replace = os.fsync, type(path).replace
    monkeypatch.setattr(storage.os, "fsync", lambda handle: (events.append("sync"), fsync(handle)))
    monkeypatch.setattr(type(path), "replace", lambda *a: (events.append("rename"), replace(*a)))
    write_atomically(path, b"new")
    assert events[:2] == ["sync", "rename"]


def test_a_folder_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "a"
    with atomic_folder(path) as temporary:
        (temporary / "b").write_text("b")
        assert not path.exists()
    assert [one.name for one in path.iterdir()] == ["b"] and list(path.parent.iterdir()) == [path]
    empty = tmp_path / "empty"
    empty.mkdir()
    with atomic_folder(empty) as temporary:
        (temporary / "b").write_text("b")
    assert (empty / "b").exists()


@pytest.mark.parametrize("error", [OSError("disk"), ValueError("bad"), Stop(), KeyboardInterrupt()])
@pytest.mark.parametrize("exists", [True, False])
def test_after_an_error_no_folder_is_there(tmp_path, error, exists):
    path = tmp_path / "a"
    if exists:
        path.mkdir()
    with pytest.raises(type(error)), atomic_folder(path) as temporary:
        (temporary / "b").write_text("half")
        raise error
    assert list(tmp_path.iterdir()) == ([path] if exists else [])
    assert not exists or list(path.iterdir()) == []


def test_a_folder_that_is_not_empty_is_not_replaced(tmp_path):
    path = tmp_path / "a"
    path.mkdir()
    (path / "old").write_text("old")
    with pytest.raises(OSError), atomic_folder(path) as temporary:
        (temporary / "new").write_text("new")
    assert [one.name for one in path.iterdir()] == ["old"] and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_a_storage_error_that_says_where_and_what_to_do(tmp_path, full_disk):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(StorageError) as caught, storage_errors(f"--out {path}", "Free space."):
        write_atomically(path, b"new")
    assert str(caught.value) == f"--out {path}: cannot be written (No space left on device). Free space."
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_other_errors_pass_unchanged():
    for error in (CharRNNError("x"), ValueError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, storage_errors("here", "Free space."):
            raise error
        assert caught.value is error


def test_a_folder_that_cannot_be_synced_is_no_error(tmp_path, monkeypatch):
    real = os.open

    def no_folders(path, *arguments):
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *arguments)

    monkeypatch.setattr(storage.os, "open", no_folders)
    write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_the_working_folder_can_be_the_target(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with atomic_folder(Path()) as folder:
        (folder / "a").write_bytes(b"1")
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["a"]


def test_a_lock_without_a_refusal_is_waited_for(tmp_path):
    order = []

    def second():
        with lock(tmp_path / "lock"):
            order.append("second")

    with lock(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_two_cannot_hold_a_lock_and_it_ends_with_the_block(tmp_path):
    with (
        lock(tmp_path / "lock", "taken"),
        pytest.raises(SettingsError, match="taken"),
        lock(tmp_path / "lock", "taken"),
    ):
        pass
    with lock(tmp_path / "lock", "taken"):
        pass
