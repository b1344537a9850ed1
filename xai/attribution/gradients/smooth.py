"""SmoothGrad: the gradient averaged over noisy copies of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xai.attribution.gradients import batch_gradient, batch_size
from xai.attribution.result import Finding
from xai.attribution.target import pick

if TYPE_CHECKING:
    from xai.attribution.params import SmoothGradParams
    from xai.models import LoadedModel
    from xai.types import Progress


def smoothgrad(
    model: LoadedModel,
    x: Tensor,
    target: int | None,
    params: SmoothGradParams,
    seed: int,
    progress: Progress,
) -> Finding:
    """Return the mean gradient of ``n`` copies of the image with Gaussian noise.

    Notes
    -----
    ``R = 1/n * sum_k df_c/dx (x + e_k)``, ``e_k ~ N(0, sigma**2)``. As in the
    paper, noisy copies are not clipped to [0, 1]. Deviation: ``sigma`` is a
    fraction of the range [0, 1], not of the range of this image, so that one
    value means the same on every image. The class is that of the clean image.
    Equal seeds give equal noise whatever the device and the batch size.

    References
    ----------
    D. Smilkov, N. Thorat, B. Kim, F. Viégas, M. Wattenberg: SmoothGrad:
    removing noise by adding noise, 2017, arXiv 1706.03825.
    """
    with torch.no_grad():
        logits = model.logits(x)
    index = pick(logits, target)
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros_like(x)
    size = batch_size(x)
    for start in range(0, params.n, size):
        count = min(size, params.n - start)
        noise = torch.stack([torch.randn(x.shape[1:], generator=generator) for _ in range(count)])
        batch = x + params.sigma * noise.to(x.device)
        total += batch_gradient(model, batch, index).sum(0, keepdim=True)
        progress(start + count, params.n, "noisy copies")
    return Finding((total / params.n)[0].cpu().numpy(), index, float(logits[0, index]))
