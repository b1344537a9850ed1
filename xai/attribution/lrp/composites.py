"""The composites of layer-wise relevance propagation: which rule at which depth.

Plain data; :mod:`xai.attribution.rules` turns the words into rules.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Composite:
    """One row: a rule for each kind of layer.

    Attributes
    ----------
    conv, dense : str
        Rule of the convolutions and of the dense layers.
    first : str
        Rule of the layers that read the image; ``""`` for no special one.

    Notes
    -----
    The rules are ``"zero"``, ``"epsilon"``, ``"gamma"``, ``"z_plus"``,
    ``"alpha2_beta1"``, ``"flat"`` and ``"box"``.
    """

    conv: str
    dense: str
    first: str = ""


COMPOSITES: dict[str, Composite] = {
    "epsilon_plus_flat": Composite("z_plus", "epsilon", "flat"),
    "epsilon_plus": Composite("z_plus", "epsilon"),
    "epsilon": Composite("epsilon", "epsilon"),
    "epsilon_gamma_box": Composite("gamma", "epsilon", "box"),
    "epsilon_alpha2_beta1": Composite("alpha2_beta1", "epsilon"),
    "epsilon_alpha2_beta1_flat": Composite("alpha2_beta1", "epsilon", "flat"),
    "zero": Composite("zero", "zero"),
    "excitation_backprop": Composite("z_plus", "z_plus"),
}
