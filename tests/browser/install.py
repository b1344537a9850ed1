"""Make sure that there is a browser for the browser tests: ``python tests/browser/install.py``.

One that is there is used. Else it is installed from the distribution, where that
is Debian or Ubuntu and this runs as root, or downloaded by Playwright.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import finding

_RELEASE = Path("/etc/os-release")


def main() -> int:
    """Print where the browser is; return 0 if there is one, else 1."""
    named = os.environ.get(finding.VARIABLE)
    if named and finding.installed() is None:
        _say(f"{finding.VARIABLE} names {named}, which is no program that can be started.")
        return 1
    for attempt in (None, *_attempts()):
        if attempt is not None and not _run(attempt):
            continue
        place = finding.installed() or _downloaded()
        if place:
            _say(f"The browser tests use {place}.")
            return 0
    _say(
        "No browser could be installed. Install Chromium or Chrome by hand, or name one in the "
        f"environment variable {finding.VARIABLE}."
    )
    return 1


def _attempts() -> Iterator[list[list[str]]]:
    """Yield the ways to get one, the best first; each is a list of commands."""
    if _is_root() and _is_debian() and shutil.which("apt-get"):
        yield [["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]]
    options = ["--with-deps"] if _is_root() else []
    yield [[sys.executable, "-m", "playwright", "install", *options, "chromium"]]


def _run(commands: list[list[str]]) -> bool:
    for command in commands:
        _say("Running: " + " ".join(command))
        try:
            done = subprocess.run(command, check=False, env=_quiet())
        except OSError as error:
            _say(f"{command[0]} cannot be started: {error.strerror}.")
            return False
        if done.returncode != 0:
            _say(f"It failed with code {done.returncode}.")
            return False
    return True


def _quiet() -> dict[str, str]:
    """Return the environment in which a package manager asks nothing."""
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _is_debian() -> bool:
    """Return whether this is Debian or a distribution that is like it, such as Ubuntu."""
    if not _RELEASE.is_file():
        return False
    lines = _RELEASE.read_text(encoding="utf-8").splitlines()
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    words = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").split()
    return bool({"debian", "ubuntu"} & set(words))


def _downloaded() -> str | None:
    """Return the Chromium that Playwright has downloaded, if it has."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        place = playwright.chromium.executable_path
    return place if place and Path(place).is_file() else None


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
