"""Cluster flow: how a data set travels through a network.

The images of a data set are clustered in each layer; two clusters of neighbouring layers
are joined by the images that they share. Importing this package loads no torch, and no
scikit-learn.
"""

from __future__ import annotations

from xai.flow.clustering import cluster
from xai.flow.clusters import Clusters
from xai.flow.derailing import derailments
from xai.flow.files import read, write
from xai.flow.folding import fold
from xai.flow.graph import NOISE, PIXELS, SMALL, Flow, FlowGraph, Group, Node, build, unordered
from xai.flow.layout import FlowLayout, lay_out
from xai.flow.lines import line_crossings
from xai.flow.methods import METHODS
from xai.flow.ordering import crossings, order
from xai.flow.parting import parting
from xai.flow.pathfinding import Step, path, paths
from xai.flow.pipeline import flow_of
from xai.flow.reliability import reliability

__all__ = [
    "METHODS",
    "NOISE",
    "PIXELS",
    "SMALL",
    "Clusters",
    "Flow",
    "FlowGraph",
    "FlowLayout",
    "Group",
    "Node",
    "Step",
    "build",
    "cluster",
    "crossings",
    "derailments",
    "flow_of",
    "fold",
    "lay_out",
    "line_crossings",
    "order",
    "parting",
    "path",
    "paths",
    "read",
    "reliability",
    "unordered",
    "write",
]
