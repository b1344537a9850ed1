"""Getting ready while the first visitor's browser is still loading the page."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

#: In the order in which the first visit needs them.
_MODULES = ("pages._ui.workbench", "pages._ui.panels", "xai.models.loading", "altair")


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Import torch and what else the first visit needs in a thread while the server starts."""
    threading.Thread(target=_warm, name="layerscope-warming", daemon=True).start()
    yield {}


def _warm() -> None:
    # Imports hold the interpreter in long slices; shorter ones keep the server answering.
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        for module in _MODULES:
            importlib.import_module(module)
    finally:
        sys.setswitchinterval(usual)
