"""SmoothGrad: a map averaged over noisy copies of the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xai.attribution.aim import Aim
from xai.attribution.gradients.averaging import as_map, mean_gradient, places
from xai.attribution.gradients.gradient import batch_size
from xai.attribution.result import Finding

if TYPE_CHECKING:
    from xai.attribution.gradients.params import SmoothGradParams
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel


def smoothgrad(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: SmoothGradParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the mean map of ``n`` copies of the image with Gaussian noise.

    Notes
    -----
    ``R = 1/n * sum_k M(x + e_k)``, ``e_k ~ N(0, sigma**2)``, with ``M`` the
    gradient, or the mean gradient on the path from black to the copy, sampled
    as by :func:`~xai.attribution.gradients.integrated.integrated_gradients`.
    With ``times_input`` each copy's map is multiplied by the copy, which makes
    it input times gradient and integrated gradients. As in the paper, noisy
    copies are not clipped to [0, 1]. Deviation: ``sigma`` is a fraction of the
    range [0, 1], not of the range of this image, so that one value means the
    same on every image. The class is that of the clean image. Equal seeds give
    equal noise whatever the device and the batch size, and of both maps.

    References
    ----------
    D. Smilkov, N. Thorat, B. Kim, F. Viégas, M. Wattenberg: SmoothGrad:
    removing noise by adding noise, 2017, arXiv 1706.03825.
    """
    with torch.no_grad():
        logits = model.logits(x)
    settled = aim.settled(logits)
    steps = params.path_steps if params.of == "integrated gradients" else 0
    slope = mean_gradient(
        model,
        _batches(x, params, steps, seed),
        params.n * max(1, steps),
        settled,
        report,
        "points on the paths to noisy copies" if steps else "noisy copies",
    )
    return Finding(as_map(slope), settled, logits)


def _batches(
    x: Tensor, params: SmoothGradParams, steps: int, seed: int
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Yield noisy copies, or the points on the path to each; and the copies as factors."""
    shares = places(x, steps) if steps else torch.ones(1, 1, 1, 1, device=x.device)
    generator = torch.Generator().manual_seed(seed)
    size = batch_size(x)
    # Some copies at once, each with all of its path, or one copy and some of its path.
    together = max(1, size // len(shares))
    for first in range(0, params.n, together):
        count = min(together, params.n - first)
        noise = [torch.randn(x.shape[1:], generator=generator) for _ in range(count)]
        copies = x + params.sigma * torch.stack(noise).to(x.device)
        for part in shares.split(size):
            factors = copies.repeat_interleave(len(part), 0)
            batch = part.repeat(count, 1, 1, 1) * factors if steps else copies
            yield batch, factors if params.times_input else None
