"""The network itself: its graph, what each part costs, and how it folds into a drawing.

Everything is read from the traced forward pass of a loaded model, so that residual,
dense and inception branches are the real ones. Importing this package loads no torch.
"""

from __future__ import annotations

from xai.network.blocks import LEVELS, collapse, within
from xai.network.graph import ModelGraph, Node
from xai.network.totals import LayerShare, NetworkSummary, summary
from xai.network.tracing import trace

__all__ = [
    "LEVELS",
    "LayerShare",
    "ModelGraph",
    "NetworkSummary",
    "Node",
    "collapse",
    "summary",
    "trace",
    "within",
]
