"""Where a Chromium may be found; needs nothing but the standard library."""

from __future__ import annotations

import os
import shutil

#: Environment variable that names the browser to use.
VARIABLE = "CHROMIUM"

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed() -> str | None:
    """Return the path of the browser on this machine, or None if none is known.

    What the environment variable names comes first, then what lies on the path.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, _NAMES)), None)
