"""Download a data set: verified, and in place whole or not at all."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xai import downloads
from xai.datasets.downloaded import RECIPES, Archive, open_fetched, place
from xai.datasets.spec import DatasetSpec
from xai.downloads import DownloadError, NotFetched, megabytes
from xai.types import Progress

#: No download takes a day, so an older temporary folder is what a killed process left.
_LEFTOVER_SECONDS = 86_400
_HINT = "Check the network and try again; MNIST digits and Photographs work without it."


def fetch(spec: DatasetSpec, progress: Progress | None = None) -> None:
    """Download, verify and unpack a data set, unless it lies ready.

    Parameters
    ----------
    spec : DatasetSpec
        A data set of kind ``"download"``.
    progress : callable, optional
        ``progress(done, total, message)``, in bytes. What it raises stops the
        download.

    Raises
    ------
    DownloadError
        If there is no network, the files arrive damaged, or the disk refuses.

    Notes
    -----
    Everything happens in a temporary folder beside the target, which takes the
    target's place at the end. The archives are removed once they are unpacked.
    """
    if _is_whole(spec):
        return
    folder = place(spec.name)
    with _disk_in_words(spec):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        work = Path(tempfile.mkdtemp(prefix=f".{spec.name}-", dir=folder.parent))
    try:
        archives = RECIPES[spec.name].archives()
        done = 0
        for archive in archives:
            _download(spec, archive, work, done, progress)
            done += (work / archive.path).stat().st_size
        if progress is not None:
            progress(done, done, f"Unpacking {spec.label}")
        with _disk_in_words(spec):
            _unpack(spec, archives, work)
            _put(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_whole(spec: DatasetSpec) -> bool:
    try:
        for split in spec.splits:
            open_fetched(spec, split)
    except NotFetched:
        return False
    return True


def _download(
    spec: DatasetSpec, archive: Archive, work: Path, before: int, progress: Progress | None
) -> None:
    """Download one archive; ``before`` bytes of others have arrived already."""

    def report(done: int, total: int, message: str) -> None:
        if progress is not None:
            so_far = before + done
            whole = max(so_far, spec.download_bytes)
            so_far_of = f"{megabytes(so_far)} of {megabytes(whole)}"
            progress(so_far, whole, f"Downloading {spec.label}: {so_far_of}")

    downloads.fetch(
        archive.url,
        work / archive.path,
        md5=archive.md5,
        size=spec.download_bytes,
        plain=archive.url.startswith("http:"),
        label=spec.label,
        hint=_HINT,
        progress=report,
    )


def _unpack(spec: DatasetSpec, archives: tuple[Archive, ...], work: Path) -> None:
    """Let torchvision unpack the archives and open what comes out."""
    try:
        for split in spec.splits:
            RECIPES[spec.name].make(work, split, True)
    except (RuntimeError, ValueError, EOFError, LookupError, tarfile.TarError) as error:
        raise DownloadError(f"The archive of {spec.label} could not be unpacked.") from error
    for archive in archives:
        (work / archive.path).unlink()


def _put(work: Path, folder: Path) -> None:
    """Move the finished folder into place; what another session put there may stay."""
    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
    try:
        work.replace(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _remove_leftovers(folder: Path) -> None:
    for path in folder.parent.glob(f".{folder.name}-*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _LEFTOVER_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _disk_in_words(spec: DatasetSpec) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DownloadError(
            f"{spec.label} could not be kept on disk ({error.strerror or error}). Make room, or"
            " set LAYERSCOPE_CACHE to a folder that can be written."
        ) from error
