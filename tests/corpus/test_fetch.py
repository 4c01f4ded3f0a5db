import contextlib
import errno
import hashlib
import http.server
import threading
import time

import pytest

from charrnn.corpus import Corpus, fetch
from charrnn.errors import InputError, StorageError
from tests.conftest import SHARED

CONTENT = b"emma\nolivia\nava\n" * 2000


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT in the manner that the path names."""

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        if self.path == "/absent":
            self.send_error(404)
            return
        if self.path == "/slow":
            time.sleep(1)
        body = CONTENT
        if (span := self.headers.get("Range")) and self.path != "/no-range":
            body = body[int(span.removeprefix("bytes=").removesuffix("-")) :]
            self.send_response(206)
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/other":
            body = body[::-1]
        if self.path == "/truncated":
            body = body[: len(CONTENT) // 2]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client has given up
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def corpus_at(server, tmp_path, monkeypatch):
    """Pin a corpus called ``remote`` with one file behind a path of the server; gives the cache folder."""
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path / "cache"))

    def corpus_at(path, port=server.server_port):
        entry = {
            "file": "names.txt",
            "url": f"http://127.0.0.1:{port}{path}",
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "bytes": len(CONTENT),
        }
        monkeypatch.setattr(fetch, "sources", lambda: {"remote": {"files": [entry]}})
        return tmp_path / "cache" / "remote"

    return corpus_at


def test_a_corpus_is_downloaded_once_and_read_by_name(server, corpus_at):
    folder = corpus_at("/whole")
    assert Corpus.read("remote").label_counts == {"names": 6000}
    assert (folder / "names.txt").read_bytes() == CONTENT
    assert fetch.fetch("remote") == folder / "names.txt"
    assert len(server.requests) == 1
    assert [p.name for p in folder.iterdir()] == ["names.txt"]


def test_who_comes_while_another_downloads_waits_and_takes_its_file(server, corpus_at):
    corpus_at("/slow")
    found = []
    threads = [threading.Thread(target=lambda: found.append(fetch.fetch("remote").read_bytes())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [CONTENT] * 3 and len(server.requests) == 1


def test_a_cut_download_goes_on_where_it_stopped(server, corpus_at):
    folder = corpus_at("/truncated")
    with pytest.raises(InputError, match=r"goes on"):
        fetch.fetch("remote")
    part = folder / "names.txt.part"
    assert not (folder / "names.txt").exists() and 0 < part.stat().st_size < len(CONTENT)
    done = part.stat().st_size
    corpus_at("/whole")
    assert fetch.fetch("remote").read_bytes() == CONTENT
    assert server.requests[-1] == ("/whole", f"bytes={done}-")


def test_a_server_without_ranges_sends_it_again(corpus_at):
    folder = corpus_at("/no-range")
    folder.mkdir(parents=True)
    (folder / "names.txt.part").write_bytes(b"half")
    assert fetch.fetch("remote").read_bytes() == CONTENT


def test_a_wrong_hash_is_thrown_away(corpus_at):
    folder = corpus_at("/other")
    with pytest.raises(InputError, match="another SHA-256"):
        fetch.fetch("remote")
    assert list(folder.iterdir()) == []


def test_an_altered_file_is_downloaded_anew(corpus_at):
    folder = corpus_at("/whole")
    fetch.fetch("remote")
    (folder / "names.txt").write_bytes(CONTENT + b"x")
    assert fetch.fetch("remote").read_bytes() == CONTENT


def test_absent_is_told(corpus_at):
    corpus_at("/absent")
    with pytest.raises(InputError, match=r"answers 404 .* yourself"):
        fetch.fetch("remote")


def test_a_slow_server_is_given_up(corpus_at):
    corpus_at("/slow")
    with pytest.raises(InputError, match="timed out"):
        fetch.fetch("remote", timeout=0.2)


def test_offline_says_where_to_put_the_file(corpus_at):
    folder = corpus_at("/whole", port=9)
    with pytest.raises(InputError, match=f"cannot be downloaded.*put names.txt into {folder}") as caught:
        fetch.fetch("remote")
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_nothing(corpus_at, monkeypatch):
    folder = corpus_at("/whole")

    def full(answer, part, *_):
        part.write_bytes(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch, "_receive", full)
    with pytest.raises(StorageError, match=r"No space left.*CHARRNN_CACHE"):
        fetch.fetch("remote")
    assert list(folder.iterdir()) == []


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="Choose one of tutorial, makemore"):
        fetch.fetch("elvish")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tutorials' data is not beside this checkout")
def test_the_pinned_hashes_fit_the_real_files(monkeypatch):
    monkeypatch.setenv("CHARRNN_CACHE", str(SHARED))
    assert len(Corpus.read("tutorial")) == 20_050
    assert len(Corpus.read("makemore")) == 32_033
