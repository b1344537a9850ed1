"""The bundled data sets, the samples drawn from them, and what holds for every set."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from xai import data, datasets
from xai.datasets import DATASETS, ImageSet, draw, load
from xai.datasets.bundled import photo_cards


# ------------------------------------------------------------------ class names
def test_there_are_1000_different_class_names():
    names = data.imagenet_classes()
    assert len(names) == len(set(names)) == 1000
    assert all(name == name.strip() and name for name in names)
    assert [names[index] for index in (0, 134, 517, 638, 639, 999)] == [
        "tench",
        "crane bird",
        "crane",
        "maillot",
        "maillot tank suit",
        "toilet tissue",
    ]


def test_class_names_are_torchvisions():
    from torchvision.models._meta import _IMAGENET_CATEGORIES

    assert list(data.imagenet_classes()) == _IMAGENET_CATEGORIES


@pytest.mark.parametrize("name", ["../types.py", "/etc/passwd", "photos/../../types.py"])
def test_a_bundled_path_stays_inside(name):
    with pytest.raises(ValueError, match="xai/data"):
        data.path(name)


INDICES = {
    "imagenette": (0, 217, 482, 491, 497, 566, 569, 571, 574, 701),
    "imagewoof": (155, 159, 162, 167, 182, 193, 207, 229, 258, 273),
}


@pytest.mark.parametrize("name", INDICES)
def test_parts_of_imagenet_use_its_class_names(name):
    names = data.imagenet_classes()
    assert DATASETS[name].classes == tuple(names[index] for index in INDICES[name])


# --------------------------------------------------------------------- registry
def test_the_registry_is_in_display_order_and_complete():
    order = ["mnist", "photos", "fashion-mnist", "cifar10", "imagenette", "imagewoof", "folder"]
    assert list(DATASETS) == order
    for name, spec in DATASETS.items():
        assert spec.name == name
        assert spec.kind in ("bundled", "download", "folder")
        assert len(spec.splits) == len(spec.sizes) > 0
        assert (spec.download_bytes > 0) == (spec.kind == "download")
        for text in (spec.label, spec.summary, spec.licence, spec.source):
            assert text
        with pytest.raises(dataclasses.FrozenInstanceError):
            spec.name = "other"


def test_importing_the_registry_loads_nothing_heavy():
    code = (
        "import sys, xai.datasets, xai.images, xai.data;"
        "print({'torch', 'torchvision', 'PIL', 'sklearn', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "mnits"}, "expected one of mnist, photos"),
        ({"name": "mnist", "split": "valid"}, "expected train, test; got 'valid'"),
        ({"name": "photos", "split": "train"}, "expected test"),
        ({"name": "mnist", "n": 0}, "at least 1"),
        ({"name": "mnist", "n": -3}, "at least 1"),
        ({"name": "mnist", "n": 5, "seed": -1}, "seed"),
        ({"name": "folder"}, "uploaded first"),
    ],
)
def test_load_refuses_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        load(**arguments)


@pytest.mark.parametrize("n", [2.5, "10", True])
def test_load_wants_a_whole_number(n):
    with pytest.raises(TypeError, match="whole number"):
        load("mnist", n=n)


# ------------------------------------------------------------------------ mnist
def test_mnist_is_split_by_its_documented_rule():
    with np.load(data.path("mnist-10k.npz")) as file:
        images, labels = file["images"], file["labels"]
    test, train = load("mnist"), load("mnist", split="train")
    assert (len(train), len(test)) == DATASETS["mnist"].sizes == (8_000, 2_000)
    assert test.images.shape == (2_000, 28, 28, 1)
    assert test.images.dtype == np.uint8
    assert test.labels.dtype == np.int64
    assert (test.images[:, :, :, 0] == images[4::5]).all()
    assert (test.labels == labels[4::5]).all()
    assert test.ids[:2] == ("mnist-test-00004", "mnist-test-00009")
    assert train.ids[3:5] == ("mnist-train-00003", "mnist-train-00005")


def test_the_splits_share_no_image_and_every_class_gives_a_fifth():
    test, train = load("mnist"), load("mnist", split="train")
    seen = {image.tobytes() for image in train.images}
    assert not any(image.tobytes() in seen for image in test.images)
    parts = np.bincount(test.labels)
    whole = parts + np.bincount(train.labels)
    assert whole.sum() == 10_000
    assert np.abs(parts - whole / 5).max() <= 1


# ----------------------------------------------------------------------- photos
def test_photos_are_what_their_cards_say():
    found = load("photos")
    cards = photo_cards()
    assert len(found) == len(cards) == DATASETS["photos"].sizes[0] >= 12
    assert found.images.dtype == object
    files = {path.name for path in data.path("photos").iterdir()}
    assert files == {card["file"] for card in cards}
    names = data.imagenet_classes()
    for place, card in enumerate(cards):
        pixels = found.images[place]
        assert pixels.dtype == np.uint8
        assert min(pixels.shape[:2]) == 256
        assert pixels.shape[2] == 3
        assert found.ids[place] == "photo-" + card["file"].removesuffix(".jpg")
        assert found.classes[found.labels[place]] == card["class"] == names[card["imagenet_index"]]


def test_every_photo_has_an_author_a_source_and_a_free_licence():
    text = data.path("photos.md").read_text(encoding="utf-8")
    for card in photo_cards():
        assert card["licence"] in ("CC0-1.0", "Public domain")
        assert all(card[key] for key in ("title", "author", "source", "package"))
        assert f"`{card['file']}`" in text


def test_photos_are_small_and_carry_no_metadata():
    from PIL import Image

    paths = list(data.path("photos").iterdir())
    assert sum(path.stat().st_size for path in paths) < 2**20
    for path in paths:
        with Image.open(path) as image:
            assert not image.getexif()
            assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_the_cards_are_valid_json_in_order_of_class():
    cards = json.loads(data.path("photos.json").read_text(encoding="utf-8"))
    indices = [card["imagenet_index"] for card in cards]
    assert indices == sorted(indices)


# ---------------------------------------------------------------------- samples
LABELS = np.repeat([0, 1, 2, 5], [500, 300, 150, 50])


@pytest.mark.parametrize("n", [1, 3, 10, 40, 137, 999, 1000, 5000])
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_sample_is_stratified_without_replacement(n, seed):
    chosen = draw(LABELS, n, seed)
    assert len(chosen) == len(set(chosen.tolist())) == min(n, 1000)
    shares = np.array([0.5, 0.3, 0.15, 0.05]) * min(n, 1000)
    counts = np.array([(LABELS[chosen] == label).sum() for label in (0, 1, 2, 5)])
    assert np.abs(counts - shares).max() < 3


def test_a_smaller_sample_is_the_beginning_of_a_larger_one():
    largest = draw(LABELS, 1000, 4)
    for n in (1, 10, 500):
        assert (draw(LABELS, n, 4) == largest[:n]).all()


def test_equal_seeds_draw_equally_and_others_do_not():
    assert (draw(LABELS, 100, 3) == draw(LABELS, 100, 3)).all()
    assert set(draw(LABELS, 100, 3)) != set(draw(LABELS, 100, 4))


def test_no_class_is_favoured_in_tiny_samples():
    labels = np.repeat(np.arange(10), 20)
    first = [int(labels[draw(labels, 1, seed)[0]]) for seed in range(300)]
    assert min(np.bincount(first, minlength=10)) > 10


def test_ids_and_images_do_not_depend_on_the_sample():
    whole = load("mnist")
    for seed in (0, 5):
        part = load("mnist", n=60, seed=seed)
        assert (np.bincount(part.labels, minlength=10) >= 4).all()
        for place, id in enumerate(part.ids):
            assert (whole.images[whole.index(id)] == part.images[place]).all()
            assert whole.labels[whole.index(id)] == part.labels[place]
    assert sorted(load("mnist", n=10**6).ids) == sorted(whole.ids)


# -------------------------------------------------------------------- image set
def small():
    return ImageSet(
        images=np.arange(4 * 2 * 2, dtype=np.uint8).reshape(4, 2, 2, 1),
        labels=np.array([0, 1, 1, 0]),
        classes=("a", "b"),
        ids=("w", "x", "y", "z"),
    )


def test_an_image_set_cannot_be_written_to():
    for images in (small(), load("photos", n=3)):
        assert not images.images.flags.writeable
        assert not images.labels.flags.writeable
        assert not images.images[0].flags.writeable
        with pytest.raises(dataclasses.FrozenInstanceError):
            images.name = "other"


def test_index_finds_an_id_or_says_so():
    images = small()
    assert [images.index(id) for id in images.ids] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="'nope' is not among these 4 images"):
        images.index("nope")


def test_a_subset_keeps_what_belongs_together():
    images = small()
    for indices in ([3, 1], np.array([3, 1]), np.array([False, True, False, True])):
        part = images.subset(indices)
        assert set(part.ids) == {"x", "z"}
        for id in part.ids:
            assert (part.images[part.index(id)] == images.images[images.index(id)]).all()
            assert part.labels[part.index(id)] == images.labels[images.index(id)]
    assert len(images.subset([])) == 0
    with pytest.raises(IndexError):
        images.subset([4])
    with pytest.raises(ValueError, match="different ids"):
        images.subset([1, 1])


def test_a_subset_of_different_sizes_stays_one_array_an_item():
    part = load("photos").subset([0, 5])
    assert part.images.dtype == object
    assert part.images[1].ndim == 3


def test_counts_have_to_agree():
    with pytest.raises(ValueError, match="as many"):
        dataclasses.replace(small(), ids=("w", "x", "y"))


def test_loading_again_gives_the_same():
    first, second = load("mnist", n=20, seed=2), load("mnist", n=20, seed=2)
    assert first.ids == second.ids
    assert (first.images == second.images).all()
    assert datasets.is_ready("mnist")
    assert datasets.is_ready("photos")
    assert not datasets.is_ready("folder")
