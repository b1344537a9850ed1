"""Downloads: whole and verified, or not there at all."""

from __future__ import annotations

import errno
import hashlib
import http.server
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from xai import downloads
from xai.downloads import DownloadError, fetch, transport

BODY = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """What a server may do: serve, break off, refuse, send somewhere else, hang, never end."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answer = getattr(self, self.path.strip("/").replace("-", "_"), None)
        if answer is None:
            self.send_error(404, "Not Found")
        else:
            answer()

    def begin(self, length: int | None) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def file(self) -> None:
        self.begin(len(BODY))
        self.wfile.write(BODY)

    def no_length(self) -> None:
        self.begin(None)
        self.wfile.write(BODY)

    def slow(self) -> None:
        self.begin(len(BODY))
        for start in range(0, len(BODY), 1 << 18):
            self.wfile.write(BODY[start : start + (1 << 18)])
            self.wfile.flush()
            time.sleep(0.15)

    def cut(self) -> None:
        self.begin(len(BODY))
        self.wfile.write(BODY[: len(BODY) // 2])

    def elsewhere(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://example.invalid/file")
        self.end_headers()

    def moved(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/file")
        self.end_headers()

    def hang(self) -> None:
        self.server.released.wait(5)

    def endless(self) -> None:
        self.begin(None)
        try:
            while True:
                self.wfile.write(BODY)
        except OSError:
            self.server.cut_off.set()

    def log_message(self, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.released = threading.Event()
        self.cut_off = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.released.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "file.bin"


def files(place: Path) -> list[str]:
    return sorted(path.name for path in place.parent.iterdir()) if place.parent.exists() else []


# ------------------------------------------------------------------------ success
@pytest.mark.parametrize("checksum", [{"sha256": SHA256}, {"sha256": SHA256[:8]}, {"md5": MD5}])
def test_file_arrives_whole_and_alone(server, place, checksum):
    assert fetch(server.url("file"), place, **checksum) == place
    assert place.read_bytes() == BODY
    assert files(place) == ["file.bin"]


def test_progress_grows_to_the_size_and_names_the_thing(server, place):
    seen = []
    fetch(
        server.url("file"),
        place,
        sha256=SHA256,
        label="digits",
        progress=lambda done, total, message: seen.append((done, total, message)),
    )
    done = [item[0] for item in seen]
    assert done[0] == 0
    assert done == sorted(done)
    assert done[-1] == len(BODY)
    assert {item[1] for item in seen} == {len(BODY)}
    assert all("digits" in item[2] for item in seen)


def test_size_serves_where_the_server_tells_none(server, place):
    totals = []
    fetch(
        server.url("no-length"),
        place,
        sha256=SHA256,
        size=len(BODY),
        progress=lambda done, total, message: totals.append(total),
    )
    assert set(totals) == {len(BODY)}


def test_a_right_file_is_not_downloaded_again_and_a_wrong_one_is_replaced(server, place):
    place.parent.mkdir()
    place.write_bytes(b"something else")
    fetch(server.url("file"), place, sha256=SHA256)
    fetch(server.url("file"), place, sha256=SHA256)
    assert place.read_bytes() == BODY
    assert server.asked == ["/file"]


def test_redirect_on_the_same_computer_is_followed(server, place):
    fetch(server.url("moved"), place, sha256=SHA256)
    assert place.read_bytes() == BODY


def test_threads_that_want_the_same_file_share_one_download(server, place):
    seen: dict[int, list[int]] = {index: [] for index in range(4)}

    def work(index: int) -> None:
        fetch(
            server.url("slow"),
            place,
            sha256=SHA256,
            progress=lambda done, total, message: seen[index].append(done),
        )

    threads = [threading.Thread(target=work, args=(index,)) for index in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert server.asked == ["/slow"]
    assert place.read_bytes() == BODY
    assert all(seen.values())


# ------------------------------------------------------------------------ failure
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nowhere", "the server answered 404"),
        ("cut", "the connection broke after 0.5 MB"),
        ("file", "wrong checksum"),
    ],
)
def test_failure_is_a_sentence_and_leaves_the_old_file(server, place, path, reason):
    place.parent.mkdir()
    place.write_bytes(b"old")
    wrong = "0" * 64 if path == "file" else SHA256
    with pytest.raises(DownloadError, match=reason) as caught:
        fetch(server.url(path), place, sha256=wrong, size=len(BODY), label="Weights", hint="Help.")
    assert str(caught.value).startswith("Weights (1.0 MB) was not downloaded")
    assert str(caught.value).endswith("Help.")
    assert place.read_bytes() == b"old"
    assert files(place) == ["file.bin"]


def test_no_server_is_a_sentence(server, place):
    url = server.url("file")
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match="no connection"):
        fetch(url, place, sha256=SHA256)
    assert files(place) == []


def test_unknown_host_is_a_sentence(place):
    with pytest.raises(DownloadError, match="no connection"):
        fetch("https://layerscope.invalid/file", place, sha256=SHA256)


def test_silent_server_is_given_up(server, place, monkeypatch):
    monkeypatch.setattr(transport, "TIMEOUT", 0.2)
    with pytest.raises(DownloadError, match="did not answer"):
        fetch(server.url("hang"), place, sha256=SHA256)
    assert files(place) == []


def test_body_beyond_the_announced_size_is_cut_off(server, place):
    with pytest.raises(DownloadError, match="more than was announced"):
        fetch(server.url("endless"), place, sha256=SHA256, size=1000)
    assert files(place) == []
    assert server.cut_off.wait(10)


def test_redirect_to_an_unsafe_address_is_refused(server, place):
    with pytest.raises(ValueError, match="expected https"):
        fetch(server.url("elsewhere"), place, sha256=SHA256)
    assert files(place) == []


class Stop(BaseException):
    """What a job raises to be cancelled need not be an Exception."""


@pytest.mark.parametrize("after", [0, 1, len(BODY)])
def test_cancel_passes_through_and_leaves_nothing(server, place, after):
    def progress(done: int, total: int, message: str) -> None:
        if done >= after:
            raise Stop

    with pytest.raises(Stop):
        fetch(server.url("file"), place, sha256=SHA256, progress=progress)
    assert files(place) == []
    fetch(server.url("file"), place, sha256=SHA256)
    assert place.read_bytes() == BODY


def test_one_who_waits_can_leave_while_the_other_goes_on(server, place):
    first = threading.Thread(
        target=fetch, args=(server.url("slow"), place), kwargs={"sha256": SHA256}
    )
    first.start()
    while not server.asked:
        time.sleep(0.01)

    def impatient(done: int, total: int, message: str) -> None:
        raise Stop

    with pytest.raises(Stop):
        fetch(server.url("slow"), place, sha256=SHA256, progress=impatient)
    first.join(20)
    assert place.read_bytes() == BODY


def test_one_who_waits_takes_over_when_the_first_is_stopped(server, place):
    def stop(done: int, total: int, message: str) -> None:
        if done > 0 and waiting.is_set():
            raise Stop

    waiting = threading.Event()
    caught = []

    def first() -> None:
        try:
            fetch(server.url("slow"), place, sha256=SHA256, progress=stop)
        except Stop as error:
            caught.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    while not server.asked:
        time.sleep(0.01)
    fetch(server.url("file"), place, sha256=SHA256, progress=lambda *a: waiting.set())
    thread.join(20)
    assert len(caught) == 1
    assert place.read_bytes() == BODY


def test_full_disk_is_said_before_the_download(server, place, monkeypatch):
    usage = type("Usage", (), {"free": 1_000_000})()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DownloadError, match=r"only 1\.0 MB left"):
        fetch(server.url("file"), place, sha256=SHA256, size=len(BODY))
    assert server.asked == []


def test_disk_that_fills_up_is_a_sentence(server, place, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DownloadError, match="No space left"):
        fetch(server.url("file"), place, sha256=SHA256)
    assert files(place) == []


def test_folder_that_cannot_be_made_is_a_sentence(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadError, match="cannot be written"):
        fetch(server.url("file"), tmp_path / "file" / "inside", sha256=SHA256)


def test_leftovers_of_a_killed_process_are_swept_after_a_day(server, place):
    place.parent.mkdir()
    old, young = place.parent / ".a.bin.00.part", place.parent / ".b.bin.00.part"
    for leftover in (old, young):
        leftover.write_bytes(b"half")
    yesterday = time.time() - 100_000
    os.utime(old, (yesterday, yesterday))
    fetch(server.url("file"), place, sha256=SHA256)
    assert files(place) == [young.name, "file.bin"]


# ---------------------------------------------------------------------- the door
@pytest.mark.parametrize(
    "url", ["http://example.com/a", "file:///etc/passwd", "ftp://127.0.0.1/a", ""]
)
def test_address_must_be_safe(place, url):
    with pytest.raises(ValueError, match="expected https"):
        fetch(url, place, sha256=SHA256)


def test_plain_http_is_taken_where_it_is_asked_for(place):
    with pytest.raises(DownloadError, match="no connection"):
        fetch("http://layerscope.invalid/file", place, sha256=SHA256, plain=True)
    with pytest.raises(ValueError, match="expected https"):
        fetch("ftp://layerscope.invalid/file", place, sha256=SHA256, plain=True)


@pytest.mark.parametrize("checksum", [{}, {"sha256": "abc"}])
def test_checksum_must_be_given(server, place, checksum):
    with pytest.raises(ValueError, match="checksum"):
        fetch(server.url("file"), place, **checksum)
    assert server.asked == []


def test_sizes_are_written_for_people():
    assert downloads.megabytes(553_000_000) == "553 MB"
    assert downloads.megabytes(4_958_716) == "5.0 MB"
