"""The network itself: its graph, what each part costs, and how it folds into a drawing.

Everything is read from the traced forward pass of a loaded model, so that residual,
dense and inception branches are the real ones; where that cannot be traced, from the
modules that one image meets. Importing this package loads no torch.
"""

from __future__ import annotations

from xai.network.blocks import LEVELS, collapse, within
from xai.network.fields import Field, field
from xai.network.graph import ModelGraph, Node
from xai.network.profile import Loss, Profile, profile
from xai.network.stages import CLASSIFIER, Stage, stages
from xai.network.totals import LayerShare, NetworkSummary, summary
from xai.network.tracing import trace
from xai.network.weights import LayerWeights, weights

__all__ = [
    "CLASSIFIER",
    "LEVELS",
    "Field",
    "LayerShare",
    "LayerWeights",
    "Loss",
    "ModelGraph",
    "NetworkSummary",
    "Node",
    "Profile",
    "Stage",
    "collapse",
    "field",
    "profile",
    "stages",
    "summary",
    "trace",
    "weights",
    "within",
]
