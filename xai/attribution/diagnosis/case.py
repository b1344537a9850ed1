"""An explanation as its diagnosis reads it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.attribution.lrp.composites import COMPOSITES
from xai.attribution.statistics import MapSummary, describe

if TYPE_CHECKING:
    from xai.attribution.result import Attribution
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class Case:
    """A map, the numbers that belong to it, and perhaps its model.

    Attributes
    ----------
    found : Attribution
    model : LoadedModel or None
    """

    found: Attribution
    model: LoadedModel | None

    @cached_property
    def map(self) -> MapSummary:
        """The map in numbers, summed over its channels."""
        return describe(self.found.relevance.sum(0, dtype=np.float64))

    @property
    def empty(self) -> bool:
        """Whether every value is 0, before the channels are summed, too."""
        return not self.found.relevance.any()

    def number(self, name: str) -> float:
        """Return a diagnostic, NaN where the method leaves none: no comparison holds then."""
        return self.found.diagnostics.get(name, math.nan)

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a parameter, the default where the method has none of that name."""
        return getattr(self.found.params, name, default)

    @property
    def layer(self) -> str:
        """The layer in words, by its name where that is known."""
        name = self.setting("layer") or (self.model.spec.cam_layer if self.model else "")
        return f"this layer ({name})" if name else "this layer"

    @property
    def rules(self) -> frozenset[str]:
        """The words of the rules that LRP used; none of other methods."""
        key = self.setting("composite")
        if key not in COMPOSITES:
            return frozenset()
        row = COMPOSITES[key]
        if row.by_depth:
            chosen = (self.setting(depth, "") for depth in ("lower", "middle", "upper"))
            return frozenset(str(rule) for rule in chosen)
        return frozenset(str(rule) for rule in (row.first, row.conv, row.dense) if rule)


def percent(share: float) -> str:
    """Return a share as a percentage of two digits, small ones too."""
    value = 100 * share
    return f"{value:.0f} %" if abs(value) >= 10 or value == 0 else f"{value:.2g} %"
