"""Layered drawings of directed graphs: ranks, few crossings, and where things lie.

The steps of Sugiyama, Tagawa and Toda, each by itself. Nothing here knows what the graph
stands for: items are anything hashable.

=============  =====================================================================
``ranks``      which layer an item belongs to; long edges cut into short ones
``crossings``  the order inside the layers that lets few edges cross
``exact``      that order where the optimum can be found
``searching``  and where it can only be sought
``places``     coordinates: straight lines, nothing overlaps
``spacing``    one layer as near as possible to given coordinates, nothing overlaps
=============  =====================================================================

References
----------
K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System
Structures", IEEE Transactions on Systems, Man, and Cybernetics 11, 1981.
"""

from __future__ import annotations

from xai.layered.crossings import crossings, order
from xai.layered.places import places
from xai.layered.ranks import Edge, Layers, Way, layers_of, ranks
from xai.layered.spacing import spaced

__all__ = ["Edge", "Layers", "Way", "crossings", "layers_of", "order", "places", "ranks", "spaced"]
