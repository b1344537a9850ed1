"""Files from the network: in chunks, verified, and in place all at once or not at all."""

from __future__ import annotations

from pathlib import Path

from xai.downloads import transport
from xai.downloads.download import Checksum, Download, DownloadError, megabytes
from xai.types import Progress

__all__ = ["DownloadError", "NotFetched", "fetch", "megabytes"]


class NotFetched(ValueError):  # noqa: N818 - it is a state, not a fault
    """Something has to be downloaded first; the message says what, how big and how."""


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
    transport.check_address(url, plain)
    if md5:
        checksum = Checksum("md5", md5.lower())
    elif len(sha256) >= 8:
        checksum = Checksum("sha256", sha256.lower())
    else:
        raise ValueError(f"checksum: expected an md5 or 8 or more digits of sha256, got {sha256!r}")
    download = Download(
        url, place.resolve(), checksum, size, plain, label or place.name, hint, progress
    )
    with download.turn():
        if not download.present():
            download.run()
    return place
