"""The check of ``make check`` that keeps large files out of the repository."""

import importlib.util
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

spec = importlib.util.spec_from_file_location("tracked_files", ROOT / ".ci" / "tracked_files.py")
tracked_files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tracked_files)

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def checkout(tmp_path):
    """A git checkout whose files are tracked; gives a function that adds a file of some bytes."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    def add(name, size):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"0" * size)
        subprocess.run(["git", "add", name], cwd=tmp_path, check=True)
        return path

    add("small.py", 10)
    return tmp_path, add


@needs_git
def test_a_large_file_is_refused_unless_it_is_on_the_list(checkout, capsys):
    root, add = checkout
    assert tracked_files.main(root) == 0
    add(next(iter(tracked_files.ALLOWED)), tracked_files.MAX_FILE + 1)
    add("as-large-as-allowed", tracked_files.MAX_FILE)
    assert tracked_files.main(root) == 0 and capsys.readouterr().err == ""
    large = add("vendor/ärger some.whl", tracked_files.MAX_FILE + 1)
    assert tracked_files.main(root) == 1
    err = capsys.readouterr().err
    assert err.startswith("vendor/ärger some.whl: 1,000,001 bytes") and ".gitignore" in err and err.count("\n") == 1
    large.unlink()  # deleted, not yet committed
    assert tracked_files.main(root) == 0


@needs_git
def test_what_git_does_not_track_does_not_count(checkout):
    root, _ = checkout
    (root / "untracked.whl").write_bytes(b"0" * (tracked_files.MAX_FILE + 1))
    assert tracked_files.main(root) == 0


@needs_git
def test_all_files_together_are_limited(checkout, capsys, monkeypatch):
    root, add = checkout
    add("b", 300)
    add("a", 700)
    monkeypatch.setattr(tracked_files, "MAX_TOTAL", 1009)
    assert tracked_files.main(root) == 1
    assert "1,010 bytes, at most 1,009 are allowed" in capsys.readouterr().err
    monkeypatch.setattr(tracked_files, "MAX_TOTAL", 1010)
    assert tracked_files.main(root) == 0


def test_a_source_archive_is_not_checked(tmp_path, capsys):
    (tmp_path / "large").write_bytes(b"0" * (tracked_files.MAX_FILE + 1))
    assert tracked_files.main(tmp_path) == 0
    assert "not checked" in capsys.readouterr().out


@needs_git
def test_a_checkout_that_git_cannot_read_is_not_passed(tmp_path, capsys):
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert tracked_files.main(tmp_path) == 1
    assert "git ls-files failed" in capsys.readouterr().err


def test_the_list_names_files_that_are_there_and_large():
    for name, reason in tracked_files.ALLOWED.items():
        assert (ROOT / name).stat().st_size > tracked_files.MAX_FILE and reason
