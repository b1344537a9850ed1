"""The architectures of our own: LeNet-5, a narrow VGG-16, EfficientNet-Lite0.

Every activation is a module of its own and no module is used twice, so that a
hook or a relevance rule sees each of them; nothing works in place.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Sum(nn.Module):
    """Add two tensors of equal shape: a residual connection that can be hooked."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Return ``a + b``."""
        return a + b


class Concat(nn.Module):
    """Join tensors along one axis: a dense or inception connection that can be hooked."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *parts: Tensor) -> Tensor:
        """Return the parts joined along ``dim``."""
        return torch.cat(parts, self.dim)


class LeNet5(nn.Module):
    """LeNet-5 for 28x28 grey images and ten classes.

    Parameters
    ----------
    classes : int
        Number of classes.
    width : float
        Factor on the numbers of filters and neurons; at least one of each is left.

    Notes
    -----
    As in the paper: 6 and 16 filters of 5x5, subsampling by two, dense layers
    of 120, 84 and 10. Deviations, all of them today's habit: ReLU for tanh,
    maximum for average pooling, full connections between the two convolutions,
    a plain linear output for the radial basis functions.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied
    to document recognition, Proceedings of the IEEE 86 (11), 1998.
    """

    def __init__(self, classes: int = 10, *, width: float = 1.0) -> None:
        super().__init__()
        first, second, third, fourth = _scaled((6, 16, 120, 84), width)
        self.conv1 = nn.Conv2d(1, first, 5, padding=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(first, second, 5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(second * 5 * 5, third)
        self.relu3 = nn.ReLU()
        self.fc2 = nn.Linear(third, fourth)
        self.relu4 = nn.ReLU()
        self.fc3 = nn.Linear(fourth, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 1, 28, 28) to logits (N, classes)."""
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.conv2(x)))
        x = self.relu3(self.fc1(self.flatten(x)))
        return self.fc3(self.relu4(self.fc2(x)))


#: VGG-16's filters by stage, an eighth as many.
_VGG_STAGES = ((8, 8), (16, 16), (32, 32, 32), (64, 64, 64), (64, 64, 64))


class NarrowVGG16(nn.Module):
    """VGG-16's topology an eighth as wide, for 32x32 grey images.

    Thirteen 3x3 convolutions in five stages and three dense layers; the names
    are the paper's: ``conv1_1`` to ``conv5_3``, ``fc6`` to ``fc8``.

    Parameters
    ----------
    classes : int
        Number of classes.
    batch_norm : bool
        Whether each convolution is followed by a batch norm, as in training.
        The shipped network has none: they were folded into the convolutions.
    width : float
        Factor on the numbers of filters and neurons; at least one of each is left.

    References
    ----------
    K. Simonyan, A. Zisserman: Very deep convolutional networks for large-scale
    image recognition, 2015, arXiv 1409.1556.
    """

    def __init__(self, classes: int = 10, *, batch_norm: bool = False, width: float = 1.0) -> None:
        super().__init__()
        features: dict[str, nn.Module] = {}
        channels = 1
        for stage, filters in enumerate(_VGG_STAGES, start=1):
            for index, wide in enumerate(_scaled(filters, width), start=1):
                place = f"{stage}_{index}"
                features[f"conv{place}"] = nn.Conv2d(channels, wide, 3, padding=1)
                if batch_norm:
                    features[f"norm{place}"] = nn.BatchNorm2d(wide)
                features[f"relu{place}"] = nn.ReLU()
                channels = wide
            features[f"pool{stage}"] = nn.MaxPool2d(2)
        self.features = _named(features)
        self.flatten = nn.Flatten()
        sixth, seventh = _scaled((512, 512), width)
        self.classifier = _named(
            {
                "fc6": nn.Linear(channels, sixth),
                "relu6": nn.ReLU(),
                "drop6": nn.Dropout(0.5),
                "fc7": nn.Linear(sixth, seventh),
                "relu7": nn.ReLU(),
                "drop7": nn.Dropout(0.5),
                "fc8": nn.Linear(seventh, classes),
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 1, 32, 32) to logits (N, classes)."""
        return self.classifier(self.flatten(self.features(x)))


def _scaled(counts: tuple[int, ...], width: float) -> tuple[int, ...]:
    return tuple(max(1, round(count * width)) for count in counts)


def _named(modules: dict[str, nn.Module]) -> nn.Sequential:
    chain = nn.Sequential()
    for name, module in modules.items():
        chain.add_module(name, module)
    return chain


class ConvNormAct(nn.Module):
    """A convolution with TensorFlow's SAME padding, a batch norm and perhaps ReLU6.

    With stride 2 on an even side SAME pads one row and column more at the end
    than at the start, which ``Conv2d`` cannot say; a module of its own pads.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        groups: int = 1,
        act: bool = True,
    ) -> None:
        super().__init__()
        padding = kernel // 2
        self.pad: nn.Module | None = None
        if stride == 2:
            before = (kernel - 2) // 2
            after = kernel - 2 - before
            self.pad = nn.ZeroPad2d((before, after, before, after))
            padding = 0
        self.conv = nn.Conv2d(
            channels, width, kernel, stride, padding=padding, groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)
        self.act: nn.Module | None = nn.ReLU6() if act else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, width, H / stride, W / stride)."""
        if self.pad is not None:
            x = self.pad(x)
        x = self.norm(self.conv(x))
        return x if self.act is None else self.act(x)


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; add the input where shapes agree."""

    def __init__(self, channels: int, width: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = channels * expand
        self.expand: nn.Module | None = ConvNormAct(channels, hidden) if expand != 1 else None
        self.depthwise = ConvNormAct(hidden, hidden, kernel, stride, groups=hidden)
        self.project = ConvNormAct(hidden, width, act=False)
        self.add: nn.Module | None = Sum() if stride == 1 and channels == width else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, width, H / stride, W / stride)."""
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return y if self.add is None else self.add(y, x)


#: Repeats, kernel, stride, expansion and width of EfficientNet-Lite0's stages.
_LITE0_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 for 224x224 colour images.

    EfficientNet-B0 without squeeze-and-excitation and with ReLU6 for swish.

    References
    ----------
    M. Tan, Q. Le: EfficientNet: rethinking model scaling for convolutional
    neural networks, 2019, arXiv 1905.11946.
    """

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.stem = ConvNormAct(3, 32, 3, 2)
        stages = []
        channels = 32
        for repeats, kernel, stride, expand, width in _LITE0_STAGES:
            blocks = []
            for index in range(repeats):
                step = stride if index == 0 else 1
                blocks.append(InvertedResidual(channels, width, kernel, step, expand))
                channels = width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = ConvNormAct(channels, 1280)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.2)
        self.classifier = nn.Linear(1280, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, 224, 224) to logits (N, classes)."""
        x = self.head(self.stages(self.stem(x)))
        return self.classifier(self.dropout(self.flatten(self.pool(x))))


def lite0_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename a checkpoint of the package ``efficientnet_lite_pytorch`` to ours.

    Parameters
    ----------
    state : dict of str to Tensor
        A state dict with names such as ``_blocks.3._expand_conv.weight``.

    Raises
    ------
    KeyError
        If a name has no counterpart.
    """
    places = [
        f"stages.{stage}.{index}"
        for stage, row in enumerate(_LITE0_STAGES)
        for index in range(row[0])
    ]
    inner = {
        "_expand_conv": "expand.conv",
        "_bn0": "expand.norm",
        "_depthwise_conv": "depthwise.conv",
        "_bn1": "depthwise.norm",
        "_project_conv": "project.conv",
        "_bn2": "project.norm",
    }
    outer = {
        "_conv_stem": "stem.conv",
        "_bn0": "stem.norm",
        "_conv_head": "head.conv",
        "_bn1": "head.norm",
        "_fc": "classifier",
    }
    renamed = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[0] == "_blocks":
            prefix = f"{places[int(parts[1])]}.{inner[parts[2]]}"
        else:
            prefix = outer[parts[0]]
        renamed[f"{prefix}.{parts[-1]}"] = value
    return renamed
