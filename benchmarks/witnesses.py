"""The field's own libraries, asked for the same explanations as ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from captum import attr
from torch import Tensor, nn

if TYPE_CHECKING:
    from xai.models import LoadedModel


class Witness(NamedTuple):
    """A library's version of one of our methods; ``scaled`` if its map is made 0 to 1."""

    library: str
    method: str
    explain: Callable[[], np.ndarray]
    scaled: bool = False


class FromPixels(nn.Module):
    """A network of its own that takes images in [0, 1], for libraries that want a module."""

    mean: Tensor
    std: Tensor

    def __init__(self, model: LoadedModel, net: nn.Module | None = None) -> None:
        super().__init__()
        self.net = net or model.private()
        shape = (1, model.spec.channels, 1, 1)
        self.register_buffer("mean", torch.tensor(model.spec.mean).reshape(shape))
        self.register_buffer("std", torch.tensor(model.spec.std).reshape(shape))
        self.layer = self.net.get_submodule(model.spec.cam_layer)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores."""
        found: Tensor = self.net((x - self.mean) / self.std)
        return found


def captum(model: LoadedModel, x: Tensor) -> list[Witness]:
    """Return captum's methods of one pass, for the predicted class."""
    net, rectified = FromPixels(model).eval(), FromPixels(model).eval()
    target = int(net(x).argmax())
    saliency, product = attr.Saliency(net), attr.InputXGradient(net)
    guided, cam = attr.GuidedBackprop(rectified), attr.LayerGradCam(net, net.layer)

    def grad_cam() -> np.ndarray:
        coarse = cam.attribute(x, target=target, relu_attributions=True)
        return as_map(attr.LayerAttribution.interpolate(coarse, model.spec.input_size, "bilinear"))

    methods: dict[str, Callable[[], np.ndarray]] = {
        "gradient": lambda: as_map(saliency.attribute(_leaf(x), target, abs=False)),
        "input_x_gradient": lambda: as_map(product.attribute(_leaf(x), target)),
        "guided_backprop": lambda: as_map(guided.attribute(_leaf(x), target)),
        "grad_cam": grad_cam,
    }
    return [Witness("captum", name, explain) for name, explain in methods.items()]


def pytorch_grad_cam(model: LoadedModel, x: Tensor) -> list[Witness]:
    """Return pytorch-grad-cam's Grad-CAM, or nothing (and say so) where it is not installed."""
    try:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError as error:
        print(f"  pytorch-grad-cam is not compared: {error}")
        return []
    net = FromPixels(model).eval()
    target = [ClassifierOutputTarget(int(net(x).argmax()))]
    cam = GradCAM(model=net, target_layers=[net.layer])

    def explain() -> np.ndarray:
        found: np.ndarray = cam(input_tensor=_leaf(x), targets=target)
        return found

    return [Witness("pytorch-grad-cam", "grad_cam", explain, scaled=True)]


def as_map(found: Tensor) -> np.ndarray:
    """Return a map (1, C, H, W) as an array (C, H, W)."""
    return found[0].detach().numpy()


def _leaf(x: Tensor) -> Tensor:
    return x.clone().requires_grad_()
