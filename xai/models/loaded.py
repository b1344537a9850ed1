"""A network that is ready to be asked: weights in place, frozen for good."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from xai import images
from xai.hooks import alias
from xai.models import computation, folding, outline
from xai.types import Layer, Prediction

if TYPE_CHECKING:
    from xai.models.spec import ModelSpec


class LoadedModel:
    """A network with everything that belongs to its use.

    One instance may be shared by any number of threads. ``net`` is in eval
    mode with frozen parameters; only forward passes and
    ``torch.autograd.grad`` may happen on it. Whatever hooks or changes
    modules takes :meth:`private`.

    Parameters
    ----------
    spec : ModelSpec
    net : nn.Module
        Becomes the property of the instance.
    device : str
        Where the network runs, such as ``"cpu"``.
    """

    def __init__(self, spec: ModelSpec, net: nn.Module, device: str = "cpu") -> None:
        self.spec = spec
        self.device = torch.device(device)
        self.net = net.to(self.device).eval()
        for parameter in self.net.parameters():
            parameter.requires_grad_(False)
        self.classes: tuple[str, ...] = spec.classes
        shape = (1, spec.channels, 1, 1)
        self._mean = torch.tensor(spec.mean, device=self.device).reshape(shape)
        self._std = torch.tensor(spec.std, device=self.device).reshape(shape)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        return (self.spec.channels, *self.spec.input_size)

    @cached_property
    def _computed(self) -> tuple[tuple[computation.Step, ...], str]:
        try:
            return computation.steps(self.net, self.input_shape), ""
        except computation.UntraceableError as error:
            return outline.outline(self.net, self.input_shape), str(error)

    @property
    def steps(self) -> tuple[computation.Step, ...]:
        """Every step of the forward pass, functions included.

        Of a network that cannot be traced (:attr:`problem` says why), the calls
        of its modules in one pass: functions between them are not known.

        Raises
        ------
        ValueError
            If the forward pass fails.
        """
        return self._computed[0]

    @property
    def problem(self) -> str:
        """One sentence on the module that stopped the tracer; empty if none did."""
        return self._computed[1]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that a user would pick, in forward order; no name comes twice."""
        return computation.layers(self.steps)

    @cached_property
    def norm_pairs(self) -> tuple[tuple[str, str], ...]:
        """The (linear layer, batch norm) pairs that can be folded, by path.

        None of a network that cannot be traced: a function that is not known may
        read the output of the linear layer too.
        """
        return () if self.problem else folding.batch_norm_pairs(self.steps)

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Make an image what the model takes: colours, size, range.

        Parameters
        ----------
        image : ndarray, uint8
            ``(H, W, 3)``, ``(H, W, 1)`` or ``(H, W)``, of any size.

        Returns
        -------
        ndarray, shape (C, H, W), float32, in [0, 1]

        Raises
        ------
        TypeError
            If the image is not an array of uint8.
        ValueError
            If its shape is not one of the above, or a side is zero.

        Notes
        -----
        Colour becomes grey by ITU-R 601-2 luma; grey becomes colour by
        repetition. The shorter side is scaled to ``spec.resize``, then the
        centre is cropped.
        """
        pixels = _checked(image)
        if self.spec.channels == 1 and pixels.shape[2] == 3:
            pixels = images.luma(pixels)
        elif self.spec.channels == 3 and pixels.shape[2] == 1:
            pixels = np.repeat(pixels, 3, axis=2)
        pixels = images.resize_short(pixels, self.spec.resize, method=self.spec.interpolation)
        pixels = images.center_crop(pixels, self.spec.input_size)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)

    def tensor(self, image: np.ndarray | Tensor) -> Tensor:
        """Return prepared images as a float32 batch on the model's device.

        Parameters
        ----------
        image : ndarray or Tensor
            ``(C, H, W)`` or ``(N, C, H, W)``, in [0, 1].

        Raises
        ------
        TypeError
            If it is no array of numbers.
        ValueError
            If its shape does not fit the model, or it holds NaN or infinity.
        """
        if not isinstance(image, np.ndarray | Tensor):
            raise TypeError(f"image: expected an array, got {type(image).__name__}")
        batch = torch.as_tensor(_own(image))
        if batch.dtype == torch.uint8:
            raise TypeError("image: expected float32 in [0, 1], got uint8; use model.prepare first")
        batch = batch.to(self.device, torch.float32)
        if batch.is_inference() and not torch.is_inference_mode_enabled():
            # Made in somebody's inference mode, it could not have a gradient.
            batch = batch.clone()
        batch = batch.unsqueeze(0) if batch.dim() == 3 else batch
        if batch.dim() != 4 or tuple(batch.shape[1:]) != self.input_shape:
            got = tuple(image.shape)
            raise ValueError(f"image: expected shape {self.input_shape}, got {got}")
        # A finite sum has finite parts; one that is not may only be too large.
        if not math.isfinite(float(batch.detach().sum())) and not bool(torch.isfinite(batch).all()):
            raise ValueError("image: expected finite numbers, got NaN or infinity")
        return batch

    def single(self, image: np.ndarray | Tensor) -> Tensor:
        """Return one prepared image as a batch of one, for what explains a single image.

        Parameters
        ----------
        image : ndarray or Tensor
            ``(C, H, W)`` or ``(1, C, H, W)``, in [0, 1].

        Raises
        ------
        TypeError, ValueError
            As :meth:`tensor`, and if there are several images or none.
        """
        batch = self.tensor(image)
        if len(batch) != 1:
            raise ValueError(f"image: expected one image, got a batch of {len(batch)}")
        return batch

    def normalize(self, x: np.ndarray | Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to what ``net`` expects; differentiable."""
        batch = torch.as_tensor(_own(x), dtype=torch.float32, device=self.device)
        return (batch - self._mean) / self._std

    def logits(self, x: np.ndarray | Tensor) -> Tensor:
        """Return the scores before the softmax.

        Parameters
        ----------
        x : ndarray or Tensor, shape (N, C, H, W), in [0, 1]

        Returns
        -------
        Tensor, shape (N, K), float32
            Differentiable with respect to ``x``; safe from any thread.
        """
        return self.net(self.normalize(x))

    def private(self) -> nn.Module:
        """Return an alias of ``net``: own modules and hooks over the same storage."""
        return alias(self.net)

    def over(self, net: nn.Module) -> LoadedModel:
        """Return this model over another network of the same structure.

        Parameters
        ----------
        net : nn.Module
            Such as an alias whose weights were bound anew. It becomes the property of
            the model that is returned.

        Returns
        -------
        LoadedModel
            Knows the structure already: tracing a large network takes longer than a pass.
        """
        other = LoadedModel(self.spec, net, str(self.device))
        vars(other)["_computed"] = self._computed
        return other

    def predict(self, image: np.ndarray) -> Prediction:
        """Classify one prepared image.

        Parameters
        ----------
        image : ndarray, shape (C, H, W), float32, in [0, 1]

        Raises
        ------
        TypeError, ValueError
            If the image does not fit the model.
        """
        return self.predict_batch(self.tensor(image))[0]

    def predict_batch(self, batch: np.ndarray | Tensor, size: int = 16) -> tuple[Prediction, ...]:
        """Classify prepared images, ``size`` at a time.

        Parameters
        ----------
        batch : ndarray or Tensor, shape (N, C, H, W), in [0, 1]
        size : int
            Images in one forward pass; bounds the memory.
        """
        found: list[Prediction] = []
        with torch.no_grad():
            for start in range(0, len(batch), size):
                logits = self.logits(self.tensor(batch[start : start + size]))
                shares = logits.double().softmax(1).float()
                for row, share in zip(logits.cpu().numpy(), shares.cpu().numpy(), strict=True):
                    found.append(Prediction(row, share, self.classes))
        return tuple(found)


def _checked(image: Any) -> np.ndarray:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        got = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"image: expected an array of uint8, got {got}")
    pixels = image[..., None] if image.ndim == 2 else image
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or 0 in pixels.shape:
        got = tuple(image.shape)
        raise ValueError(f"image: expected (H, W), (H, W, 1) or (H, W, 3); got {got}")
    return pixels


def _own(x: np.ndarray | Tensor) -> np.ndarray | Tensor:
    """Copy an array that torch cannot stand on: read-only, or mirrored."""
    if isinstance(x, np.ndarray) and (not x.flags.writeable or min(x.strides, default=0) < 0):
        return x.copy()
    return x
