"""What the steps move: the pixels of an image, or the waves that it is made of.

A canvas turns numbers without bounds or units into images and back, and gradients at the
images into gradients at the numbers. All work on batches, ``N`` images at once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from xai.visualization.regularizers import blurred

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.visualization.parameters import VisualizationParams

#: Square root of the covariance of the colours of photographs, columns scaled so that the
#: longest has length 1 (Olah, Mordvintsev, Schubert 2017).
_COLORS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
#: Pixels are held this far from 0 and 1 before they become logits: a quarter of a grey level.
_MARGIN = 1 / 1020


class Canvas(Protocol):
    """How numbers become images."""

    def decode(self, z: Tensor) -> Tensor:
        """Return the images (N, C, H, W), in [0, 1], that numbers stand for."""

    def encode(self, x: Tensor) -> Tensor:
        """Return the numbers that stand for images (N, C, H, W) in [0, 1]."""

    def pull(self, x: Tensor, slope: Tensor) -> Tensor:
        """Return the gradient at the numbers of a gradient at their images ``x``."""

    def push(self, x: Tensor, direction: Tensor) -> Tensor:
        """Return how the images ``x`` move if their numbers move along a direction."""

    def held(self, z: Tensor) -> Tensor:
        """Return numbers that stand for images in [0, 1]."""

    def faded(self, z: Tensor, share: float) -> Tensor:
        """Return the numbers of images that have faded by a share towards the mean colour."""

    def blurred(self, z: Tensor, sigma: float) -> Tensor:
        """Return the numbers of images blurred by a Gaussian of ``sigma`` pixels."""

    def slack(self, x: Tensor) -> Tensor:
        """Return how far images (N, C, H, W) can be moved at all, shape (N,).

        The mean slope of a pixel by the number behind it. Where no pixel moves by more than
        ``d``, it changes by no more than ``d``.
        """


class Pixels:
    """Every pixel by itself, clipped to [0, 1].

    Parameters
    ----------
    mean : Tensor, shape (1, C, 1, 1)
        Colour that images fade to.
    """

    def __init__(self, mean: Tensor) -> None:
        self._mean = mean

    def decode(self, z: Tensor) -> Tensor:
        """Return the images themselves."""
        return z

    def encode(self, x: Tensor) -> Tensor:
        """Return the images themselves."""
        return x.clone()

    def pull(self, x: Tensor, slope: Tensor) -> Tensor:
        """Return the gradient as it is."""
        return slope

    def push(self, x: Tensor, direction: Tensor) -> Tensor:
        """Return the direction as it is."""
        return direction

    def held(self, z: Tensor) -> Tensor:
        """Clip to [0, 1]."""
        return z.clamp(0, 1)

    def faded(self, z: Tensor, share: float) -> Tensor:
        """Move every pixel by a share of its distance to the mean colour."""
        return torch.lerp(z, self._mean, share)

    def blurred(self, z: Tensor, sigma: float) -> Tensor:
        """Blur the pixels."""
        return blurred(z, sigma)

    def slack(self, x: Tensor) -> Tensor:
        """Return 1 for all: a pixel at 0 or 1 can come back."""
        return torch.ones(len(x), device=x.device)


class Fourier:
    r"""The waves of an image, each scaled as in photographs; colours decorrelated if asked.

    Parameters
    ----------
    shape : (C, H, W)
    mean : Tensor, shape (1, C, 1, 1), in (0, 1)
        Colour of the image whose numbers are all zero.
    decorrelated : bool
        Whether the channels of the spectrum are those in which the colours of photographs
        do not depend on each other; only for three channels.

    Raises
    ------
    ValueError
        If colours are to be decorrelated where there are none.

    Notes
    -----
    :math:`x = \operatorname{sigmoid}(\operatorname{logit}(m) + A\,F^{-1}(z / f))` with the
    inverse real Fourier transform :math:`F^{-1}`, the frequency :math:`f` in cycles a pixel
    (not below one cycle an image) and the matrix :math:`A` of colours. The spectrum is scaled
    so that standard normal ``z`` give logits of standard deviation 1. Numbers have the shape
    (N, C, H, W // 2 + 1, 2): real and imaginary parts.

    References
    ----------
    C. Olah, A. Mordvintsev, L. Schubert: Feature visualization, 2017, Distill.
    """

    def __init__(self, shape: tuple[int, int, int], mean: Tensor, decorrelated: bool) -> None:
        channels, height, width = shape
        if decorrelated and channels != 3:
            raise ValueError(
                "color: expected 'auto' or 'independent' for a model that reads grey images, got "
                "'decorrelated': there are no colours to decorrelate"
            )
        self._size = (height, width)
        device = mean.device
        rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
        self._frequency = torch.sqrt(rows**2 + columns**2).to(device)
        scale = 1 / self._frequency.clamp(min=1 / max(height, width))
        # A column that stands for its mirror image as well counts twice.
        twice = torch.full((1, width // 2 + 1), 2.0, device=device)
        twice[:, 0] = 1
        if width % 2 == 0:
            twice[:, -1] = 1
        spread = float((scale * twice).norm()) / (height * width)
        self._scale = (scale / spread)[..., None]
        self._back = self._scale * twice[..., None] / (height * width)
        self._passed: dict[float, Tensor] = {}
        self._bias = torch.logit(mean.clamp(_MARGIN, 1 - _MARGIN))
        self._colors = None
        if decorrelated:
            colors = torch.tensor(_COLORS, device=device)
            self._colors = colors / colors.norm(dim=0).max()

    def decode(self, z: Tensor) -> Tensor:
        """Sum the waves, mix the colours, squeeze the result into (0, 1)."""
        return self._mixed(self._summed(z)).add_(self._bias).sigmoid_()

    def encode(self, x: Tensor) -> Tensor:
        """Return the waves of images; 0 and 1 become what lies a quarter grey level inside."""
        logits = torch.logit(x.clamp(_MARGIN, 1 - _MARGIN)) - self._bias
        if self._colors is not None:
            logits = torch.einsum("nchw,dc->ndhw", logits, torch.linalg.inv(self._colors))
        return torch.view_as_real(torch.fft.rfft2(logits)) / self._scale

    def pull(self, x: Tensor, slope: Tensor) -> Tensor:
        """Go the way of :meth:`decode` back: each step is its own transpose."""
        slope = torch.ops.aten.sigmoid_backward(slope, x)  # slope * x * (1 - x)
        if self._colors is not None:
            slope = torch.einsum("nchw,cd->ndhw", slope, self._colors)
        return torch.view_as_real(torch.fft.rfft2(slope)) * self._back

    def push(self, x: Tensor, direction: Tensor) -> Tensor:
        """Go the way of :meth:`decode` along a direction."""
        return torch.ops.aten.sigmoid_backward(self._mixed(self._summed(direction)), x)

    def held(self, z: Tensor) -> Tensor:
        """Return the numbers: they always stand for images in (0, 1)."""
        return z

    def faded(self, z: Tensor, share: float) -> Tensor:
        """Make all waves smaller."""
        return z * (1 - share)

    def blurred(self, z: Tensor, sigma: float) -> Tensor:
        """Make waves smaller, the finer the more, as a blur of the logits would."""
        if sigma not in self._passed:
            passed = torch.exp(-2 * (math.pi * sigma * self._frequency) ** 2)
            self._passed[sigma] = passed[..., None]
        return z * self._passed[sigma]

    def slack(self, x: Tensor) -> Tensor:
        """Return next to 0 for those that are black and white only: the sigmoid's flat ends."""
        return torch.addcmul(x, x, x, value=-1).mean((1, 2, 3))

    def _summed(self, z: Tensor) -> Tensor:
        return torch.fft.irfft2(torch.view_as_complex(z * self._scale), s=self._size)

    def _mixed(self, waves: Tensor) -> Tensor:
        if self._colors is None:
            return waves
        return torch.einsum("nchw,dc->ndhw", waves, self._colors)


def canvas(model: LoadedModel, params: VisualizationParams) -> Canvas:
    """Return the canvas that settings ask for.

    Raises
    ------
    ValueError
        If colours are to be decorrelated and the model reads grey images.
    """
    mean = torch.tensor(model.spec.mean, device=model.device).reshape(1, -1, 1, 1)
    decorrelated = resolved_color(model, params) == "decorrelated"
    if params.parameterization == "fourier":
        return Fourier(model.input_shape, mean, decorrelated)
    return Pixels(mean)


def resolved_color(model: LoadedModel, params: VisualizationParams) -> str:
    """Return how colours are moved, where the settings leave it open.

    Raises
    ------
    ValueError
        If colours are to be decorrelated and the model reads grey images, or pixels are moved.
    """
    grey = model.spec.channels != 3
    if params.color != "auto":
        if params.color == "decorrelated" and grey:
            raise ValueError(
                "color: expected 'auto' or 'independent', since "
                f"{model.spec.label} reads grey images; got 'decorrelated'"
            )
        if params.color == "decorrelated" and params.parameterization == "pixels":
            raise ValueError(
                "color: expected 'auto' or 'independent' with parameterization 'pixels', got "
                "'decorrelated'; choose the parameterization 'fourier'"
            )
        return params.color
    return "independent" if grey or params.parameterization == "pixels" else "decorrelated"
