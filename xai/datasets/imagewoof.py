"""Imagewoof in torchvision's manner; torchvision itself has only its sibling Imagenette."""

from __future__ import annotations

from typing import ClassVar

from torchvision.datasets import Imagenette

_PLACE = "https://s3.amazonaws.com/fast-ai-imageclas/"


class Imagewoof(Imagenette):
    """Ten breeds of dog from ImageNet, published beside Imagenette in the same form.

    Notes
    -----
    Everything but the archives and the class names is torchvision's ``Imagenette``.

    References
    ----------
    J. Howard, "Imagenette and Imagewoof", fast.ai, 2019.
    """

    _ARCHIVES: ClassVar = {
        "full": (_PLACE + "imagewoof2.tgz", "9aafe18bcdb1632c4249a76c458465ba"),
        "320px": (_PLACE + "imagewoof2-320.tgz", "0f46d997ec2264e97609196c95897a44"),
        "160px": (_PLACE + "imagewoof2-160.tgz", "3d200a7be99704a0d7509be2a9fbfe15"),
    }
    _WNID_TO_CLASS: ClassVar = {
        "n02086240": ("Shih-Tzu",),
        "n02087394": ("Rhodesian ridgeback",),
        "n02088364": ("beagle",),
        "n02089973": ("English foxhound",),
        "n02093754": ("Border terrier",),
        "n02096294": ("Australian terrier",),
        "n02099601": ("golden retriever",),
        "n02105641": ("Old English sheepdog", "bobtail"),
        "n02111889": ("Samoyed", "Samoyede"),
        "n02115641": ("dingo", "warrigal", "warragal", "Canis dingo"),
    }
