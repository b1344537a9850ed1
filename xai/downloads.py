"""Files from the network: in chunks, verified, and in place all at once or not at all."""

from __future__ import annotations

import hashlib
import http.client
import os
import secrets
import shutil
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from xai.types import Progress

#: Seconds without a byte after which a server counts as gone.
TIMEOUT = 20.0

_CHUNK = 1 << 18
#: A server may send this much more than was announced before it is cut off.
_SLACK = 1 << 20
#: No download takes a day: an older temporary file is what a killed process left.
_LEFTOVER_SECONDS = 86_400
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NotFetched(ValueError):  # noqa: N818 - it is a state, not a fault
    """Something has to be downloaded first; the message says what, how big and how."""


class DownloadError(ValueError):
    """A download that failed, as a sentence for the reader; nothing of it was kept."""


@dataclass
class _Turn:
    """One target: who may write it, and how far that one is."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    done: int = 0


_turns: dict[Path, _Turn] = {}
_turns_guard = threading.Lock()


def fetch(
    url: str,
    place: Path,
    *,
    sha256: str = "",
    md5: str = "",
    size: int | None = None,
    plain: bool = False,
    label: str = "",
    hint: str = "Check the network connection and try again.",
    progress: Progress | None = None,
) -> Path:
    """Download a file, unless it is already there.

    Parameters
    ----------
    url : str
        ``https``; plain ``http`` from this very computer, else only with ``plain``.
    place : Path
        Where the file shall lie; folders are made. It appears when it is
        complete and its checksum is right, and an older file stays until then.
    sha256 : str
        Checksum in hexadecimal, or its first digits (at least 8).
    md5 : str
        The other checksum; one of the two has to be given.
    size : int, optional
        About how many bytes there will be; far more, and it is cut off.
    plain : bool
        Take plain ``http`` too, for what is published in no other way: then the
        checksum alone vouches for the file.
    label : str
        What it is, for messages; the file's name if empty.
    hint : str
        What the reader can do if it fails.
    progress : callable, optional
        ``progress(done, total, message)`` in bytes, many times a second; what
        it raises ends the download and leaves nothing behind. Total is 0 where
        neither ``size`` nor the server tells it.

    Returns
    -------
    Path
        ``place``.

    Raises
    ------
    ValueError
        If the address is not allowed or no checksum is given.
    DownloadError
        If there is no network, the server refuses, the file is damaged, or
        the disk is full or cannot be written to.

    Notes
    -----
    Threads that want the same file wait for the first of them and share it;
    their ``progress`` is called meanwhile.
    """
    _check_url(url, plain)
    if md5:
        checksum = _Checksum("md5", md5.lower())
    elif len(sha256) >= 8:
        checksum = _Checksum("sha256", sha256.lower())
    else:
        raise ValueError(f"checksum: expected an md5 or 8 or more digits of sha256, got {sha256!r}")
    work = _Work(url, place.resolve(), checksum, size, plain, label or place.name, hint, progress)
    with work.turn():
        if not work.present():
            work.download()
    return place


def megabytes(count: int) -> str:
    """Write a number of bytes for people: ``"553 MB"``, ``"5.0 MB"``."""
    value = count / 1e6
    return f"{value:.0f} MB" if value >= 10 else f"{value:.1f} MB"


@dataclass(frozen=True)
class _Checksum:
    kind: str
    digits: str

    def new(self) -> Any:
        return hashlib.new(self.kind, usedforsecurity=False)

    def fits(self, digest: Any) -> bool:
        found = digest.hexdigest()
        return found == self.digits if self.kind == "md5" else found.startswith(self.digits)


@dataclass(frozen=True)
class _Work:
    """One download and all that it needs to know."""

    url: str
    place: Path
    checksum: _Checksum
    size: int | None
    plain: bool
    label: str
    hint: str
    progress: Progress | None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until no other thread writes the same file."""
        with _turns_guard:
            turn = _turns.setdefault(self.place, _Turn())
        while not turn.lock.acquire(timeout=0.2):
            self.tell(turn.done, self.size or 0)
        try:
            yield
        finally:
            turn.done = 0
            turn.lock.release()

    def tell(self, done: int, total: int) -> None:
        """Report progress; what the listener raises passes through."""
        _turns[self.place].done = done
        if self.progress is not None:
            of = f" of {megabytes(total)}" if total else ""
            self.progress(done, total, f"Downloading {self.label}: {megabytes(done)}{of}")

    def failed(self, reason: str) -> DownloadError:
        """Return the sentence for the reader."""
        size = f" ({megabytes(self.size)})" if self.size else ""
        return DownloadError(f"{self.label}{size} was not downloaded: {reason}. {self.hint}")

    def present(self) -> bool:
        """Return whether the right file is there already."""
        digest = self.checksum.new()
        try:
            with self.place.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError:
            return False
        return self.checksum.fits(digest)

    def download(self) -> None:
        """Write a temporary file beside the target, verify it, move it into place."""
        temporary, file = self.begin()
        try:
            with file:
                self.transfer(file)
                self.write(file, b"", flush=True)
            try:
                temporary.replace(self.place)
            except OSError as error:
                raise self.failed(_disk_reason(error, self.place)) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def begin(self) -> tuple[Path, IO[bytes]]:
        """Open the temporary file, where there is room for it."""
        folder = self.place.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder)
            free = shutil.disk_usage(folder).free
            if self.size and free < self.size:
                raise self.failed(f"the disk has only {megabytes(free)} left")
            temporary = folder / f".{self.place.name}.{secrets.token_hex(8)}.part"
            return temporary, temporary.open("xb")
        except OSError as error:
            raise self.failed(_disk_reason(error, self.place)) from error

    def transfer(self, file: IO[bytes]) -> None:
        """Copy the body of the answer and verify it."""
        digest, done = self.checksum.new(), 0
        with self.network():
            answer = _open(self.url, self.plain)
        with answer:
            announced = answer.length or 0
            total = announced or self.size or 0
            self.tell(0, total)
            while True:
                with self.network():
                    chunk = answer.read(_CHUNK)
                if not chunk:
                    break
                done += len(chunk)
                if self.size and done > self.size + self.size // 20 + _SLACK:
                    raise self.failed("the server sends more than was announced")
                digest.update(chunk)
                self.write(file, chunk)
                self.tell(done, max(total, done))
        if announced and done != announced:
            raise self.failed(f"the connection broke after {megabytes(done)}")
        if not self.checksum.fits(digest):
            raise self.failed("what arrived is damaged (wrong checksum)")

    def write(self, file: IO[bytes], chunk: bytes, *, flush: bool = False) -> None:
        """Write a part; with ``flush`` make sure that it is on the disk."""
        try:
            file.write(chunk)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self.failed(_disk_reason(error, self.place)) from error

    @contextmanager
    def network(self) -> Iterator[None]:
        """Turn whatever the network does into a sentence."""
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            raise self.failed(_network_reason(error)) from error


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follow a redirect only to where a download may come from."""

    def __init__(self, plain: bool) -> None:
        self.plain = plain

    def redirect_request(self, req: Any, *answer: Any) -> Any:
        """Return the next request; its address comes last in the answer."""
        _check_url(answer[-1], self.plain)
        return super().redirect_request(req, *answer)


def _open(url: str, plain: bool) -> Any:
    handlers: list[Any] = [_SafeRedirects(plain)]
    if urllib.parse.urlsplit(url).hostname in _LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"User-Agent": "layerscope"})
    return urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT)


def _check_url(url: str, plain: bool) -> None:
    parts = urllib.parse.urlsplit(url)
    local = plain or parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError(f"address: expected https://…, got {url!r}")


def _network_reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} ({error.reason})"
    if isinstance(error, http.client.HTTPException):
        return "the connection broke"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"the server did not answer for {TIMEOUT:.0f} seconds"
    if isinstance(cause, ssl.SSLError):
        return f"the server's identity could not be verified ({cause.reason})"
    return f"no connection to the server ({cause})"


def _disk_reason(error: OSError, place: Path) -> str:
    return f"{place.parent.name}/{place.name} cannot be written ({error.strerror or error})"


def _sweep(folder: Path) -> None:
    """Remove temporary files that a killed process left."""
    oldest = time.time() - _LEFTOVER_SECONDS
    for leftover in folder.glob(".*.part"):
        with suppress(OSError):
            if leftover.stat().st_mtime < oldest:
                leftover.unlink()
