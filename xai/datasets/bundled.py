"""The data sets that ship: MNIST digits and public-domain photographs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from xai import data
from xai.datasets.spec import DatasetSpec, Source, pack


def mnist(spec: DatasetSpec, split: str) -> Source:
    """Open a split of the 10,000 bundled digits.

    Notes
    -----
    The file is sorted by class, so every fifth image of it (index 4, 9, 14, …) is a
    stratified fifth: those 2,000 are the test split, the other 8,000 the train split.
    An id holds the index in the file.
    """
    with np.load(data.path("mnist-10k.npz"), allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]
    test = np.arange(len(labels)) % 5 == 4
    places = np.flatnonzero(test if split == "test" else ~test)
    return Source(
        labels=labels[places].astype(np.int64),
        ids=tuple(f"mnist-{split}-{place:05d}" for place in places),
        classes=spec.classes,
        read=lambda indices: images[places[indices], :, :, None],
    )


def photos(spec: DatasetSpec, split: str) -> Source:
    """Open the bundled photographs; each is decoded when it is read."""
    cards = photo_cards()

    def read(indices: np.ndarray) -> np.ndarray:
        from xai.images import decode

        files = [data.path("photos") / cards[index]["file"] for index in indices]
        return pack([decode(file.read_bytes(), name=file.name).pixels for file in files])

    return Source(
        labels=np.array([spec.classes.index(card["class"]) for card in cards], dtype=np.int64),
        ids=tuple("photo-" + card["file"].removesuffix(".jpg") for card in cards),
        classes=spec.classes,
        read=read,
    )


def photo_cards() -> list[dict[str, Any]]:
    """Return what is known of each photograph, in order of ImageNet class.

    Returns
    -------
    list of dict
        With the keys ``file``, ``class``, ``imagenet_index``, ``title``, ``author``,
        ``source`` and ``licence``.
    """
    return json.loads(data.path("photos.json").read_text(encoding="utf-8"))
