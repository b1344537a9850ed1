"""Attacks: how little it takes to make a network err.

:data:`ATTACKS` lists them, :func:`run` makes one, :func:`random_noise` is the
baseline that stands beside each. No attack's own word is taken: the image is
clipped, rounded to what a file can hold and classified again before anything is
reported. Importing this package loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xai.attacks.goal import Goal
from xai.attacks.parameters import (
    EPS_MAX,
    BimParams,
    CwParams,
    FgsmParams,
    NoiseParams,
    PgdParams,
    default_eps,
)
from xai.attacks.result import AttackResult, Sight, Step
from xai.types import Method, Paper, find, lazy, make_params

if TYPE_CHECKING:
    import numpy as np

    from xai.models.loaded import LoadedModel
    from xai.types import Params, Progress

__all__ = [
    "ATTACKS",
    "EPS_MAX",
    "AttackResult",
    "Goal",
    "Sight",
    "Step",
    "default_eps",
    "random_noise",
    "run",
]

#: The attacks, in display order.
ATTACKS: dict[str, Method] = {
    "fgsm": Method(
        label="FGSM",
        function=lazy("xai.attacks.algorithms.descent:perturb"),
        params=FgsmParams,
        paper=Paper(
            "I. Goodfellow, J. Shlens, C. Szegedy",
            "Explaining and harnessing adversarial examples",
            2014,
            "1412.6572",
        ),
        summary="One step: every pixel moves by the full strength, up or down, "
        "as the sign of the loss's gradient says.",
        formula=r"x' = \mathrm{clip}(x + \varepsilon\,\mathrm{sign}\,\nabla_x L(x, y))",
    ),
    "bim": Method(
        label="BIM",
        function=lazy("xai.attacks.algorithms.descent:perturb"),
        params=BimParams,
        paper=Paper(
            "A. Kurakin, I. Goodfellow, S. Bengio",
            "Adversarial examples in the physical world",
            2016,
            "1607.02533",
        ),
        summary="FGSM in small steps: the gradient is taken anew after each, "
        "and no pixel leaves the allowed strength.",
        formula=r"x_{t+1} = \mathrm{clip}_{x,\varepsilon}"
        r"(x_t + \alpha\,\mathrm{sign}\,\nabla_x L(x_t, y))",
    ),
    "pgd": Method(
        label="PGD",
        function=lazy("xai.attacks.algorithms.descent:perturb"),
        params=PgdParams,
        paper=Paper(
            "A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu",
            "Towards deep learning models resistant to adversarial attacks",
            2017,
            "1706.06083",
        ),
        summary="BIM from a random point within the strength, in the L-infinity or L2 norm: "
        "the usual test of a network's robustness.",
        formula=r"x_{t+1} = \Pi_{\|\delta\| \le \varepsilon}(x_t + \alpha\, d(\nabla_x L(x_t, y)))",
    ),
    "cw": Method(
        label="Carlini-Wagner",
        function=lazy("xai.attacks.algorithms.carlini_wagner:perturb"),
        params=CwParams,
        paper=Paper(
            "N. Carlini, D. Wagner",
            "Towards evaluating the robustness of neural networks",
            2016,
            "1608.04644",
        ),
        summary="No strength is given: it looks for the shortest perturbation, in the L2 norm, "
        "that still fools.",
        formula=r"\min_{x'} \|x' - x\|_2^2 + c\,\max(\kappa - h(x'), 0)",
    ),
}


def run(
    model: LoadedModel,
    image: np.ndarray,
    method: str,
    *,
    goal: Goal,
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    on_step: Callable[[Sight], None] | None = None,
) -> AttackResult:
    """Attack one image and report what the network says of the outcome.

    Parameters
    ----------
    model : LoadedModel
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        As :meth:`LoadedModel.prepare` makes it; never changed.
    method : str
        A key of :data:`ATTACKS`.
    goal : Goal
        ``Goal.untargeted(label)``: anything but that class counts as success;
        ``Goal.targeted(label)``: only that class does.
    params : Params or mapping, optional
        Settings of the method; what is left out takes its default, and a strength
        of None the model's (:func:`default_eps`).
    seed : int
        Of the attack's own generator.
    progress : callable, optional
        ``progress(done, total, message)`` after each step; may raise to stop.
    on_step : callable, optional
        Receives a :class:`Sight` up to twenty times a second; may raise to stop.

    Returns
    -------
    AttackResult

    Raises
    ------
    TypeError, ValueError
        If the method, goal, image, settings or seed are not what they should be.

    Notes
    -----
    By default the result is rounded to multiples of 1/255 without leaving the
    allowed strength (``quantize``), so that it survives being written to a file.
    A strength of 0 returns the image bit by bit.
    """
    row = find(ATTACKS, method, "method")
    settings: Any = make_params(row.params, params)
    from xai.attacks import trial

    asked = trial.prepare(model, image, goal, method, settings, seed)
    return trial.judge(asked, trial.attack(asked, row.function, progress, on_step))


def random_noise(
    model: LoadedModel,
    image: np.ndarray,
    *,
    goal: Goal,
    eps: float | None = None,
    norm: str = "linf",
    quantize: bool = True,
    seed: int = 0,
) -> AttackResult:
    """Change an image at random, by as much as an attack may: the baseline.

    Parameters
    ----------
    model, image, goal, seed
        As for :func:`run`.
    eps : float, optional
        Size of the noise; None is the model's default strength. Give an attack's
        ``linf`` or ``l2`` to compare with that attack.
    norm : {"linf", "l2"}
        How the size is measured.
    quantize : bool
        Whether the result is rounded to what an 8-bit file can hold.

    Returns
    -------
    AttackResult
        With ``method == "noise"`` and no steps.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be.
    """
    settings = NoiseParams(eps=eps, norm=norm, quantize=quantize)
    from xai.attacks import trial
    from xai.attacks.algorithms.norms import noise

    asked = trial.prepare(model, image, goal, "noise", settings, seed)
    ball_norm, radius = asked.params.ball()
    return trial.judge(asked, trial.Claim(noise(asked.image, radius, ball_norm, asked.seed)))
