"""What a map holds, in numbers and in a sentence; the checks that maps pass.

They live with the explanations, whose diagnosis needs them; figures find them here.
"""

from __future__ import annotations

from xai.attribution.statistics import MapSummary, check_finite, describe, map_of

__all__ = ["MapSummary", "check_finite", "describe", "map_of"]
