"""Getting ready while the first visitor's browser is still loading the page."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np


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
        importlib.import_module("pages._ui.panels")
        from pages._ui import cached, workbench

        _first_answer()
        importlib.import_module("altair")
        importlib.import_module("xai.attribution.lrp.propagation")
        # Traces it: whoever comes by a link to an attack would wait for the tracer's imports.
        _ = cached.model(workbench.default_model()).norm_pairs
        cached.settle("warm")
    finally:
        sys.setswitchinterval(usual)


def _first_answer() -> None:
    """Load the model that a new visitor meets, and let it run once: its first pass is slow."""
    from pages._ui import cached, workbench

    model = cached.model(workbench.default_model())
    model.predict(np.zeros(model.input_shape, np.float32))
