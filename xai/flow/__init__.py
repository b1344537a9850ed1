"""Cluster flow: how a data set travels through a network.

The images of a data set are clustered in each layer; two clusters of neighbouring layers
are joined by the images that they share. Importing this package loads no torch, and no
scikit-learn.

===============  ==================================================================
``clustering``   the clusters of one layer, and how good they are
``graph``        nodes and flows; ``building`` joins clusters to them, and ``folding``
                 puts small ones together
``arrangement``  which order lets little cross, and where things lie
``journeys``     the path of one image, and how far to trust it
``reports``      where classes part, and where misclassified images derail
``pipeline``     from images to the graph in one call; ``columns`` and ``keys`` serve it
``files``        HDF5 and JSON, written and read
``command``      the command line; ``shipped`` makes what comes with the app
===============  ==================================================================
"""

from __future__ import annotations

from xai.flow.arrangement.layout import FlowLayout, lay_out
from xai.flow.arrangement.lines import line_crossings
from xai.flow.arrangement.ordering import crossings, order
from xai.flow.building import build, unordered
from xai.flow.clustering import cluster
from xai.flow.clustering.clusters import Clusters
from xai.flow.clustering.methods import METHODS
from xai.flow.files import read, write
from xai.flow.folding import fold
from xai.flow.graph import NOISE, PIXELS, SMALL, Flow, FlowGraph, Group, Node
from xai.flow.journeys.pathfinding import Step, path, paths
from xai.flow.journeys.reliability import reliability
from xai.flow.pipeline import flow_of
from xai.flow.reports.derailing import derailments
from xai.flow.reports.parting import parting

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
