"""One download: whose turn it is, how far it is, and a file in place whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from xai.downloads import transport
from xai.types import Progress

_CHUNK = 1 << 18
#: A server may send this much more than was announced before it is cut off.
_SLACK = 1 << 20
#: No download takes a day: an older temporary file is what a killed process left.
_LEFTOVER_SECONDS = 86_400


class DownloadError(ValueError):
    """A download that failed, as a sentence for the reader; nothing of it was kept."""


@dataclass
class _Turn:
    """One target: who may write it, and how far that one is."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    done: int = 0


_turns: dict[Path, _Turn] = {}
_turns_guard = threading.Lock()


def megabytes(count: int) -> str:
    """Write a number of bytes for people: ``"553 MB"``, ``"5.0 MB"``."""
    value = count / 1e6
    return f"{value:.0f} MB" if value >= 10 else f"{value:.1f} MB"


@dataclass(frozen=True)
class Checksum:
    """The digits in hexadecimal that a file has to have: md5, or the first of its sha256."""

    kind: str
    digits: str

    def new(self) -> Any:
        """Return an empty digest, to be fed."""
        return hashlib.new(self.kind, usedforsecurity=False)

    def fits(self, digest: Any) -> bool:
        """Return whether a digest is the right one."""
        found = digest.hexdigest()
        return found == self.digits if self.kind == "md5" else found.startswith(self.digits)


@dataclass(frozen=True)
class Download:
    """One download and all that it needs to know."""

    url: str
    place: Path
    checksum: Checksum
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

    def run(self) -> None:
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
            answer = transport.connect(self.url, self.plain)
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
            raise self.failed(transport.failure(error)) from error


def _disk_reason(error: OSError, place: Path) -> str:
    return f"{place.parent.name}/{place.name} cannot be written ({error.strerror or error})"


def _sweep(folder: Path) -> None:
    """Remove temporary files that a killed process left."""
    oldest = time.time() - _LEFTOVER_SECONDS
    for leftover in folder.glob(".*.part"):
        with suppress(OSError):
            if leftover.stat().st_mtime < oldest:
                leftover.unlink()
