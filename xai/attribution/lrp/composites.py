"""The composites of layer-wise relevance propagation: which rule at which depth.

Plain data; :mod:`xai.attribution.lrp.assignment` turns the words into rules. Importing
this module loads no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xai.attribution.lrp.params import LrpParams
    from xai.models import LoadedModel

#: Rules for any layer with weights, and those for layers that read the image.
RULES = ("zero", "epsilon", "gamma", "z_plus", "alpha2_beta1")
PIXEL_RULES = ("flat", "box")


@dataclass(frozen=True)
class Composite:
    """One row: a rule for each kind of layer.

    Attributes
    ----------
    conv, dense : str
        Rule of the convolutions and of the dense layers.
    first : str
        Rule of the layers that read the image; ``""`` for no special one.
    fields : tuple of str
        Which other parameters (fields of ``LrpParams``) this composite looks at.
    by_depth : bool
        The parameters ``lower``, ``middle`` and ``upper`` say the rules, not the kinds of
        layers.

    Notes
    -----
    The rules are ``"zero"``, ``"epsilon"``, ``"gamma"``, ``"z_plus"``,
    ``"alpha2_beta1"``, ``"flat"`` and ``"box"``.
    """

    conv: str
    dense: str
    first: str = ""
    fields: tuple[str, ...] = ("epsilon", "zero_bias")
    by_depth: bool = False


_DEPTHS = ("lower", "middle", "upper", "middle_from", "upper_from")

COMPOSITES: dict[str, Composite] = {
    "epsilon_plus_flat": Composite("z_plus", "epsilon", "flat"),
    "epsilon_plus": Composite("z_plus", "epsilon"),
    "epsilon": Composite("epsilon", "epsilon"),
    "epsilon_gamma_box": Composite("gamma", "epsilon", "box", ("epsilon", "gamma", "zero_bias")),
    "epsilon_alpha2_beta1": Composite("alpha2_beta1", "epsilon"),
    "epsilon_alpha2_beta1_flat": Composite("alpha2_beta1", "epsilon", "flat"),
    "zero": Composite("zero", "zero", fields=("zero_bias",)),
    "excitation_backprop": Composite("z_plus", "z_plus", fields=("zero_bias",)),
    "custom": Composite("", "", fields=(*_DEPTHS, "epsilon", "gamma", "zero_bias"), by_depth=True),
}

#: What people call the composites.
LABELS: dict[str, str] = {
    "epsilon_plus_flat": "Epsilon-plus-flat",
    "epsilon_plus": "Epsilon-plus",
    "epsilon": "Epsilon everywhere",
    "epsilon_gamma_box": "Epsilon-gamma-box",
    "epsilon_alpha2_beta1": "Alpha 2, beta 1",
    "epsilon_alpha2_beta1_flat": "Alpha 2, beta 1, flat",
    "zero": "LRP-0",
    "excitation_backprop": "Excitation backpropagation",
    "custom": "Custom: lower, middle, upper",
}


def assignment(
    model: LoadedModel, params: LrpParams | Mapping[str, Any] | None = None
) -> tuple[tuple[str, str], ...]:
    """Say which rule each module of a model gets.

    Parameters
    ----------
    model : LoadedModel
    params : LrpParams or mapping, optional
        As for the method ``"lrp"`` of :func:`xai.attribution.run`.

    Returns
    -------
    tuple of (str, str)
        Dotted module path and rule, in forward order: the rules of :data:`COMPOSITES` for
        layers with weights, ``"norm"`` (a share by contribution) for averages and residual
        sums, ``"pass"`` (handed on as it is) for activations. Modules that only select,
        join or reshape have none and are left out, and so are batch norms that become
        part of the layer before them.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not among what is possible.
    """
    from xai.attribution.lrp.assignment import words
    from xai.attribution.lrp.params import LrpParams
    from xai.types import make_params

    return tuple(words(model, make_params(LrpParams, params)).items())
