"""The checks of an explanation: whether the map deserves belief.

- :func:`completeness`: does the map add up to what the method promises?
- :func:`faithfulness`: does the score fall when what the map marks is taken away?
- :func:`stability`: is it the same map when the image is a little different?
- :func:`randomisation`: is it another map when the network has forgotten what it learned?
- :func:`agreement`: do the methods say the same, and where?

All take explanations as :func:`xai.attribution.run` returns them: method, parameters,
classes and seed are in them, so that a check can make the map again.

Importing this package loads no torch; its functions do. Each check has the name of its
module, so all are imported here at once: a later import would put the module in the
function's place.
"""

from __future__ import annotations

from xai.attribution.checks.agreement import Agreement, agreement
from xai.attribution.checks.completeness import Completeness, completeness
from xai.attribution.checks.faithfulness import Curve, Faithfulness, faithfulness
from xai.attribution.checks.naming import labels
from xai.attribution.checks.randomisation import Likeness, Randomisation, randomisation
from xai.attribution.checks.stability import Stability, Wobble, stability

__all__ = [
    "Agreement",
    "Completeness",
    "Curve",
    "Faithfulness",
    "Likeness",
    "Randomisation",
    "Stability",
    "Wobble",
    "agreement",
    "completeness",
    "faithfulness",
    "labels",
    "randomisation",
    "stability",
]
