"""Results on disk: a key, an atomic write, and a damaged file that means recompute."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from xai.store import archive
from xai.store.archive import key_text

__all__ = ["CACHE_VARIABLE", "Store", "cache_root", "key_text"]

#: Environment variable that moves the cache away from the project's folder.
CACHE_VARIABLE = "LAYERSCOPE_CACHE"

_FILE = re.compile(r"[a-z0-9-]+-[0-9a-f]{32}\.npz")
_TEMPORARY = re.compile(r"\.[a-z0-9-]+-[0-9a-f]{32}\.npz\.[0-9a-f]{16}\.tmp")
#: No write takes an hour, so an older temporary file is what a killed process left.
_LEFTOVER_SECONDS = 3600
#: Saves between two looks at the folder, which another process may be filling too.
_SAVES_PER_SCAN = 50

_log = logging.getLogger(__name__)


def cache_root() -> Path:
    """Return the folder of everything disposable: results and downloads.

    It is ``LAYERSCOPE_CACHE`` where that is set, else ``cache`` beside the
    package. The folder is not created here.
    """
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given).expanduser().resolve()
    return Path(__file__).resolve().parents[2] / "cache"


class Store:
    """Keep results under a folder, one file a key.

    Any number of threads and processes may share a folder. Reading and writing
    never raise because of the disk: a result that cannot be read is computed
    again, and one that cannot be written is not kept.

    Parameters
    ----------
    root : Path, str or None
        The folder; None is ``results`` under :func:`cache_root`. It is made at
        the first save. Files that the store did not write are left alone.
    shipped : Path or str, sequence of these, or None
        Folders of results that came with the program, looked at where ``root``
        has none; never written to.
    max_bytes : int
        Size of all files together; the ones that were used longest ago go first.
    types : sequence of type
        Frozen dataclasses outside ``xai`` that may be kept too.

    Attributes
    ----------
    writable_error : str or None
        Why the latest save failed, as a sentence for the user; None while
        saving works.

    Raises
    ------
    TypeError
        If an item of ``types`` is not a frozen dataclass.
    ValueError
        If ``max_bytes`` is not positive.

    Notes
    -----
    The file name is the kind (the key's class) and a digest of the key's class,
    all its fields and the format version. The whole key stands in the file as
    well and is compared when it is read, so neither a collision of digests nor
    a renamed file serves a wrong value. Values are stored without pickle, see
    :mod:`xai.store.archive`. The bound is kept by this process; while several fill
    one folder, it may be exceeded by what they wrote since the last look,
    at most 50 results each.
    """

    def __init__(
        self,
        root: Path | str | None = None,
        *,
        shipped: Path | str | Sequence[Path | str] | None = None,
        max_bytes: int = 512 * 2**20,
        types: Sequence[type] = (),
    ) -> None:
        if max_bytes <= 0:
            raise ValueError(f"max_bytes: expected a positive number, got {max_bytes}")
        self.root = cache_root() / "results" if root is None else Path(root)
        folders = (shipped,) if isinstance(shipped, Path | str) else shipped or ()
        self.shipped = tuple(Path(folder) for folder in folders)
        self.max_bytes = max_bytes
        self.writable_error: str | None = None
        self._types = archive.registered(types)
        self._lock = threading.Lock()
        self._bytes = 0
        self._saves = 0

    def load(self, key: object) -> Any:
        """Return the value that was saved under ``key``, or None.

        Parameters
        ----------
        key : frozen dataclass of primitives
            See :func:`~xai.store.archive.key_text`.

        Returns
        -------
        object or None
            The value, its arrays fresh in memory with dtype and shape as they
            were; None if there is none, or if its file is damaged, of another
            version or of another key: then a warning is logged and the file
            removed, but for one that came with the program, which stays.

        Raises
        ------
        TypeError
            If the key holds anything but primitives; the field is named.
        """
        text = key_text(key)
        name = self._name(key, text)
        value = self._load(self.root / name, text, own=True)
        for folder in self.shipped:
            if value is None:
                value = self._load(folder / name, text, own=False)
        return value

    def _load(self, path: Path, text: str, *, own: bool) -> Any:
        try:
            with path.open("rb") as file:
                value, reason = self._read(file, text)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            _log.warning("%s cannot be read (%s)", path.name, type(error).__name__)
            return None
        if reason is not None:
            _log.warning("%s is computed again: %s", path.name, reason)
        if own:
            with suppress(OSError):
                if reason is None:
                    os.utime(path)  # access times are often off, so "used" is written here
                else:
                    path.unlink()
        return value

    def _read(self, file: Any, text: str) -> tuple[Any, str | None]:
        """Return the value and None, or None and what is wrong with the file."""
        try:
            return archive.read(file, text, self._types), None
        except archive.DamagedError as error:
            return None, str(error)
        except Exception as error:
            # Damage can make zipfile, json and numpy raise nearly anything, and each of
            # them means the same. The message may quote the file, so only its kind is told.
            return None, f"it is damaged ({type(error).__name__})"

    def save(self, key: object, value: object) -> bool:
        """Write ``value`` under ``key``, replacing what was there in one step.

        Parameters
        ----------
        key : frozen dataclass of primitives
            See :func:`~xai.store.archive.key_text`.
        value : object
            An array, a string, a number, or a tuple, list, dict or frozen
            dataclass (of ``xai``) of these.

        Returns
        -------
        bool
            Whether it was kept. It is not if the disk refuses
            (:attr:`writable_error` then says why) or if it is larger than all
            files together may be.

        Raises
        ------
        TypeError
            If the key or the value holds something that cannot be stored.
        """
        text = key_text(key)
        packed = archive.pack(value, self._types)
        if packed.nbytes > self.max_bytes:
            return False
        path = self.root / self._name(key, text)
        try:
            self._write(path, text, packed)
            size = path.stat().st_size
        except OSError as error:
            self._refused(error)
            return False
        with self._lock:
            self.writable_error = None
            self._bytes += size
            if self._saves % _SAVES_PER_SCAN == 0 or self._bytes > self.max_bytes:
                self._bytes = self._trim(keep=path.name)
            self._saves += 1
        return True

    def clear(self) -> None:
        """Remove every result, and what an interrupted write has left behind."""
        for entry in self._entries():
            with suppress(OSError):
                Path(entry.path).unlink()
        with self._lock:
            self._bytes = 0

    def _name(self, key: object, text: str) -> str:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(key).__name__).lower()
        kind = re.sub(r"[^a-z0-9]+", "-", words).strip("-")[:40] or "result"
        digest = hashlib.sha256(f"{archive.FORMAT_VERSION}\n{text}".encode()).hexdigest()
        return f"{kind}-{digest[:32]}.npz"

    def _write(self, path: Path, text: str, packed: archive.Packed) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        try:
            with temporary.open("xb") as file:
                archive.write(file, text, packed)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with suppress(OSError):  # it is gone when all went well
                temporary.unlink(missing_ok=True)

    def _refused(self, error: OSError) -> None:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = "the disk is full"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = "the cache folder cannot be written"
        else:
            reason = "the cache folder cannot be used"
        with self._lock:
            known = self.writable_error is not None
            self.writable_error = f"Results are not kept between visits: {reason}."
        if not known:
            _log.warning("results are not kept: %s (%s)", reason, type(error).__name__)

    def _entries(self) -> list[os.DirEntry[str]]:
        """Return the files in the folder that a store wrote."""
        try:
            with os.scandir(self.root) as entries:
                return [
                    e for e in entries if _FILE.fullmatch(e.name) or _TEMPORARY.fullmatch(e.name)
                ]
        except OSError:
            return []

    def _trim(self, keep: str) -> int:
        """Remove leftovers and, above the bound, the oldest files; return what remains in bytes.

        A tenth of room is made at once, so that a full folder is not read at every save.
        """
        files: list[tuple[int, int, Path]] = []
        for entry in self._entries():
            with suppress(OSError):  # another process may have removed it
                stat = entry.stat(follow_symlinks=False)
                if not entry.name.startswith("."):
                    files.append((stat.st_mtime_ns, stat.st_size, Path(entry.path)))
                elif time.time() - stat.st_mtime > _LEFTOVER_SECONDS:
                    Path(entry.path).unlink()
        total = sum(size for _, size, _ in files)
        if total <= self.max_bytes:
            return total
        for _, size, path in sorted(files):
            if total <= 0.9 * self.max_bytes:
                break
            if path.name != keep:
                with suppress(OSError):
                    path.unlink()
                    total -= size
        return total
