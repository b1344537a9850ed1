"""Features: the right numbers of the right images, reduced as scikit-learn would."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from xai import datasets
from xai.embedding import Features, features
from xai.features import description, extraction
from xai.features.components import principal
from xai.features.extraction import extract
from xai.features.pooling import dimensions, pool
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.nets import EfficientNetLite0


def _prepared(model: LoadedModel, images: datasets.ImageSet) -> np.ndarray:
    return np.stack([model.prepare(image) for image in images.images])


def _pooled(maps: np.ndarray, cells: int) -> np.ndarray:
    """Average maps (N, C, H, W) to cells x cells, literally."""
    height, width = maps.shape[2:]
    found = np.empty((*maps.shape[:2], cells, cells), np.float64)
    for i in range(cells):
        top, bottom = i * height // cells, -(-(i + 1) * height // cells)
        for j in range(cells):
            left, right = j * width // cells, -(-(j + 1) * width // cells)
            found[:, :, i, j] = maps[:, :, top:bottom, left:right].mean(axis=(2, 3))
    return found.reshape(len(maps), -1)


def test_features_that_would_not_fit_into_memory_are_averaged_more(
    lenet, digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = digits.subset(np.arange(50))
    fine = features(lenet, some, "conv2", reduce="none", grid=4)
    monkeypatch.setattr(description, "_MOST_BYTES", 50 * 16 * 9 * 4)
    coarse = features(lenet, some, "conv2", reduce="none", grid=4)
    assert (fine.grid, fine.notes, coarse.grid) == (4, (), 3)
    assert coarse.values.shape == (50, 16 * 9)
    assert any("averaged to 3 × 3" in note for note in coarse.notes)
    monkeypatch.setattr(description, "_MOST_BYTES", 10)
    assert features(lenet, some, "conv2", reduce="none", grid=10**9).grid == 1
    assert features(lenet, some, "fc1", reduce="none", grid=4).notes == ()


def test_pixels_are_what_the_model_takes(lenet, digits) -> None:
    found = features(lenet, digits, None, reduce="none")
    np.testing.assert_array_equal(found.values, _prepared(lenet, digits).reshape(600, -1))
    assert (found.components, found.raw_dim, found.explained_variance) == (784, 784, 1.0)
    assert found.layer is None
    assert found.notes == ()


@pytest.mark.parametrize(("grid", "cells"), [(4, 4), (3, 3), (1, 1), (99, 10)])
def test_maps_are_averaged_to_the_grid(lenet, digits, grid: int, cells: int) -> None:
    some = digits.subset(np.arange(100))
    found = features(lenet, some, "relu2", reduce="none", grid=grid)
    with torch.no_grad():
        net = lenet.net
        first = net.pool1(net.relu1(net.conv1(lenet.normalize(_prepared(lenet, some)))))
        maps = net.relu2(net.conv2(first)).numpy()
    np.testing.assert_allclose(found.values, _pooled(maps, cells), atol=1e-5)


def test_dense_layers_are_taken_whole(lenet, digits) -> None:
    some = digits.subset(np.arange(70))
    found = features(lenet, some, "fc3", reduce="none")
    scores = np.stack([one.logits for one in lenet.predict_batch(_prepared(lenet, some))])
    np.testing.assert_allclose(found.values, scores, atol=1e-5)


def test_an_array_of_prepared_images_gives_the_same(lenet, digits) -> None:
    some = digits.subset(np.arange(50))
    of_set = features(lenet, some, "conv2")
    of_array = features(lenet, _prepared(lenet, some), "conv2")
    np.testing.assert_array_equal(of_set.values, of_array.values)
    assert of_set.ids == some.ids
    assert of_set.dataset == "mnist/test"
    np.testing.assert_array_equal(of_set.labels, some.labels)
    assert (of_array.ids, of_array.labels, of_array.dataset) == ((), None, "")


def test_images_of_several_sizes(lenet) -> None:
    rng = np.random.default_rng(0)
    shapes = [(28, 28, 1), (40, 60, 3), (100, 30, 3), (28, 28, 3)] * 2
    images = np.empty(len(shapes), dtype=object)
    for place, shape in enumerate(shapes):
        images[place] = rng.integers(0, 256, shape, dtype=np.uint8)
    odd = datasets.ImageSet(
        images, np.arange(8) % 2, ("a", "b"), tuple("abcdefgh"), name="own", split="all"
    )
    found = features(lenet, odd, "relu1", reduce="none")
    by_hand = features(lenet, _prepared(lenet, odd), "relu1", reduce="none")
    np.testing.assert_array_equal(found.values, by_hand.values)


def test_pixels_of_photographs_are_averaged_and_it_is_said() -> None:
    model = LoadedModel(MODELS["efficientnet-lite0"], EfficientNetLite0())
    images = np.random.default_rng(0).random((3, 3, 224, 224), dtype=np.float32)
    found = features(model, images, None, reduce="none")
    squares = images.reshape(3, 3, 56, 4, 56, 4).mean(axis=(3, 5)).reshape(3, -1)
    np.testing.assert_allclose(found.values, squares, atol=1e-5)
    assert found.notes == ("Pixels were averaged to 56 × 56.",)


@pytest.mark.parametrize(("layer", "count"), [(None, 80), ("relu2", 300), ("fc3", 300)])
@pytest.mark.parametrize("percent", [50, 90, 99])
def test_reduction_keeps_as_many_components_as_scikit_learn(
    lenet, digits, layer: str | None, count: int, percent: int
) -> None:
    """80 images of 784 pixels take the Gram matrix, 300 of 256 or 10 the covariance."""
    some = digits.subset(np.arange(count))
    found = features(lenet, some, layer, reduce=f"pca{percent}")
    raw = features(lenet, some, layer, reduce="none").values.astype(np.float64)
    reference = PCA(percent / 100, svd_solver="full").fit(raw)
    assert found.components == found.values.shape[1] == reference.n_components_
    share = reference.explained_variance_ratio_.sum()
    assert found.explained_variance == pytest.approx(share, abs=1e-6)
    np.testing.assert_allclose(np.abs(found.values), np.abs(reference.transform(raw)), atol=1e-3)


@pytest.mark.parametrize("shape", [(40, 7), (7, 40)])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_components_at_any_scale_and_sign(shape: tuple[int, int], scale: float) -> None:
    table = (np.random.default_rng(0).normal(size=shape) * scale).astype(np.float32)
    found = principal(table, share=0.8)
    same = principal((table / np.float32(scale)), share=0.8)
    np.testing.assert_allclose(found.scores, same.scores * scale, rtol=1e-3, atol=1e-5 * scale)
    rows = np.abs(found.scores).argmax(axis=0)
    assert (found.scores[rows, np.arange(found.scores.shape[1])] > 0).all()
    assert np.all(np.diff(found.shares) <= 0)


def test_several_layers_share_one_pass(lenet, digits) -> None:
    some = digits.subset(np.arange(40))
    steps = []
    layers = (None, "conv1", "fc2")
    found = extract(lenet, some, layers, progress=lambda done, *rest: steps.append(done)).values
    assert steps == [40]
    for layer in layers:
        alone = features(lenet, some, layer, reduce="none").values
        np.testing.assert_array_equal(found[layer], alone)


def _constant(value: float) -> LoadedModel:
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 26 * 26, 1))
    net[0].weight.data.zero_()
    net[0].bias.data.fill_(value)
    spec = dataclasses.replace(MODELS["lenet5-mnist"], name="toy")
    return LoadedModel(spec, net)


@pytest.mark.parametrize("reduce", ["pca90", "none"])
@pytest.mark.parametrize("value", [-1.0, 0.1])
def test_a_layer_that_never_changes_is_refused(digits, value: float, reduce: str) -> None:
    with pytest.raises(ValueError, match="layer 1: no variance"):
        features(_constant(value), digits, "1", reduce=reduce)


def test_equal_images_are_refused_however_they_are_batched(lenet, digits) -> None:
    equal = np.repeat(_prepared(lenet, digits.subset([0])), 65, axis=0)
    for layer in (None, "relu2", "fc3"):
        with pytest.raises(ValueError, match="no variance"):
            features(lenet, equal, layer)


def test_broken_answers_are_refused(digits) -> None:
    with pytest.raises(ValueError, match="layer 0: 600 of 600 rows hold NaN or infinity"):
        features(_constant(float("nan")), digits, "0")


def test_a_layer_of_one_unit(lenet, digits) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 1))
    model = LoadedModel(dataclasses.replace(MODELS["lenet5-mnist"], name="toy"), net)
    found = features(model, digits, "1")
    assert found.values.shape == (600, 1)
    assert found.explained_variance == pytest.approx(1)


def test_refusals(lenet, digits) -> None:
    with pytest.raises(ValueError, match="at least 2, got 1"):
        features(lenet, digits.subset([0]), None)
    with pytest.raises(ValueError, match="layer"):
        features(lenet, digits, "conv9")
    for reduce in ("pca0", "pca100", "svd", "", None):
        with pytest.raises(ValueError, match="reduce: expected"):
            features(lenet, digits, None, reduce=reduce)
    with pytest.raises(ValueError, match="grid"):
        features(lenet, digits, "conv1", grid=0)
    with pytest.raises(TypeError, match="image set or an array"):
        features(lenet, [1, 2], None)
    with pytest.raises(ValueError, match="shape"):
        features(lenet, np.zeros((28, 28), np.float32), None)


def test_stopping_leaves_the_model_clean(lenet, digits) -> None:
    def stop(done: int, total: int, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        features(lenet, digits, "conv1", progress=stop)
    assert not any(module._forward_hooks for module in lenet.net.modules())


def test_four_threads_get_the_answers_of_one(lenet, digits) -> None:
    some = digits.subset(np.arange(64))
    layers = ["conv1", "relu2", "fc1", "fc3"]
    expected = [features(lenet, some, layer, reduce="none").values for layer in layers]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda name: features(lenet, some, name, reduce="none"), layers))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other.values)


def test_features_cannot_be_written_to(pixels: Features) -> None:
    with pytest.raises(ValueError, match="read-only"):
        pixels.values[0, 0] = 1


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys; import xai.embedding, xai.activations, xai.network, xai.figures.graph;"
        "heavy = {'torch', 'torchvision', 'openTSNE', 'sklearn', 'umap', 'numba', 'zennit', 'PIL'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


# ------------------------------------------------------- projection and predictions
@pytest.mark.parametrize("layer", [None, "relu2", "fc3"])
@pytest.mark.parametrize("reduce", ["pca90", "pca99", "none"])
def test_known_images_are_projected_onto_themselves(
    lenet, digits, layer: str | None, reduce: str
) -> None:
    some = digits.subset(np.arange(150))
    found = features(lenet, some, layer, reduce=reduce)
    raw = extract(lenet, some, [layer]).values[layer]
    again = found.project(raw)
    assert again.dtype == np.float32
    size = np.abs(found.values).max()
    np.testing.assert_allclose(again, found.values, atol=1e-5 * size)
    np.testing.assert_array_equal(found.project(raw[7:8])[0].shape, found.values[7].shape)
    np.testing.assert_allclose(found.project(raw[7:8])[0], found.values[7], atol=1e-5 * size)


def test_other_images_are_projected_as_scikit_learn_does(lenet, digits) -> None:
    known, new = digits.subset(np.arange(200)), digits.subset(np.arange(200, 260))
    found = features(lenet, known, "relu2")
    raw = [extract(lenet, part, ["relu2"]).values["relu2"] for part in (known, new)]
    reference = PCA(found.components, svd_solver="full").fit(raw[0].astype(np.float64))
    expected = reference.transform(raw[1].astype(np.float64))
    np.testing.assert_allclose(np.abs(found.project(raw[1])), np.abs(expected), atol=1e-3)
    gram = found.basis.T.astype(np.float64) @ found.basis
    np.testing.assert_allclose(gram, np.eye(found.components), atol=1e-5)


def test_rows_of_another_width_are_not_projected(pixels: Features) -> None:
    with pytest.raises(ValueError, match=r"expected shape \(M, 784\), got \(2, 5\)"):
        pixels.project(np.zeros((2, 5), np.float32))


@pytest.mark.parametrize("layer", [None, "conv2"])
def test_predictions_are_the_models_own(lenet, digits, layer: str | None) -> None:
    some = digits.subset(np.arange(90))
    found = features(lenet, some, layer)
    expected = lenet.predict_batch(_prepared(lenet, some))
    assert found.predicted.tolist() == [one.label for one in expected]
    np.testing.assert_allclose(found.confidence, [one.confidence for one in expected], atol=1e-5)
    assert (found.predicted.dtype, found.confidence.dtype) == (np.int64, np.float32)
    assert found.model_classes == lenet.classes
    assert found.right.tolist() == (found.predicted == some.labels).tolist()
    assert found.grid == 4


def test_right_is_a_matter_of_names_not_of_numbers(lenet, digits) -> None:
    some = digits.subset(np.arange(60))
    turned = dataclasses.replace(some, labels=9 - some.labels, classes=some.classes[::-1])
    plain, other = features(lenet, some, "fc3"), features(lenet, turned, "fc3")
    assert plain.right.tolist() == other.right.tolist()
    unknown = dataclasses.replace(some, classes=tuple("abcdefghij"))
    assert features(lenet, unknown, "fc3").right is None
    assert features(lenet, _prepared(lenet, some), "fc3").right is None


def test_a_network_that_answers_nan_has_no_predictions(digits) -> None:
    found = features(_constant(float("nan")), digits, None)
    assert found.predicted is found.confidence is found.right is None
    assert "600 of 600 images holds NaN" in found.notes[-1]


# ------------------------------------------------------------------- the shared pass
class _Odd(nn.Module):
    """A network with steps that hand over what is no array of the images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.act = nn.ReLU(inplace=True)
        self.norm = nn.BatchNorm2d(8)
        self.twice = nn.MaxPool2d(2)
        self.pair = _Pair()
        self.total = _Total()
        self.unused = nn.Linear(2, 2)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(8 * 6 * 6, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.act(self.conv(x)))
        x = self.twice(self.twice(x))
        both = self.pair(x)
        return self.fc(self.flatten(both[0])) + self.total(both[1])


class _Pair(nn.Module):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x, x


class _Total(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean().reshape(1)


@pytest.fixture
def odd() -> LoadedModel:
    return LoadedModel(dataclasses.replace(MODELS["lenet5-mnist"], name="toy"), _Odd())


REASONS = {
    "pair": "pair does not give one array an image",
    "total": "total does not give one array an image",
    "unused": "unused has no output",
    "twice": "twice gives arrays of several sizes",
}


@pytest.mark.parametrize("layer", REASONS)
def test_a_layer_that_is_no_array_an_image_is_refused(odd, digits, layer: str) -> None:
    with pytest.raises(ValueError, match=REASONS[layer]):
        features(odd, digits, layer)


def test_or_left_out_if_that_is_asked_for(odd, digits) -> None:
    some = digits.subset(np.arange(10))
    found = extract(odd, some, ["conv", *REASONS, "fc"], skip=True)
    assert set(found.values) == {"conv", "fc"}
    assert set(found.left_out) == set(REASONS)


def test_what_works_in_place_does_not_reach_the_layer_before_it(odd, digits) -> None:
    some = digits.subset(np.arange(10))
    found = extract(odd, some, ["conv", "act"], grid=26).values
    with torch.no_grad():
        expected = odd.net.conv(odd.normalize(_prepared(odd, some))).flatten(1).numpy()
    assert (expected < 0).any()
    np.testing.assert_allclose(found["conv"], expected, atol=1e-6)
    np.testing.assert_allclose(found["act"], np.maximum(expected, 0), atol=1e-6)


def test_batch_norms_that_are_derived_are_those_that_are_seen() -> None:
    """Together with the convolution before it, a norm is computed from its rows."""
    net = EfficientNetLite0(10)
    generator = torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.weight.data, module.bias.data, module.running_mean):
                values.copy_(torch.randn(values.shape, generator=generator))
            module.running_var.copy_(torch.rand(module.running_var.shape, generator=generator) + 1)
    model = LoadedModel(MODELS["efficientnet-lite0"], net)
    images = np.random.default_rng(0).random((3, 3, 224, 224), dtype=np.float32)
    names = [name for pair in model.norm_pairs[:6] for name in pair]
    together = extract(model, images, names).values
    for name in names[1::2]:
        alone = extract(model, images, [name]).values[name]
        np.testing.assert_allclose(together[name], alone, atol=1e-4 * np.abs(alone).max())
        assert alone.std() > 0


@pytest.mark.parametrize("grid", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("side", [3, 5, 7, 14, 28, 33, 56, 58])
def test_every_way_of_averaging_gives_the_average(side: int, grid: int) -> None:
    maps = np.random.default_rng(0).normal(size=(2, 3, side, side + 1)).astype(np.float32)
    out = torch.full((2, dimensions((3, side, side + 1), grid)), float("nan"))
    pool(torch.from_numpy(maps), grid, out)
    expected = torch.nn.functional.adaptive_avg_pool2d(
        torch.from_numpy(maps).double(), (min(grid, side), min(grid, side + 1))
    )
    np.testing.assert_allclose(out.numpy(), expected.flatten(1).numpy(), atol=1e-5)
    channels_last = torch.from_numpy(maps).to(memory_format=torch.channels_last)
    pool(channels_last, grid, out)
    np.testing.assert_allclose(out.numpy(), expected.flatten(1).numpy(), atol=1e-5)


def test_a_pass_holds_one_batch_of_maps_however_many_images(monkeypatch) -> None:
    """Maps of two or three layers at a time: what a residual connection waits for."""
    model = LoadedModel(MODELS["efficientnet-lite0"], EfficientNetLite0(10))
    names = [layer.name for layer in model.layers]
    seen: list[weakref.ref[torch.Tensor]] = []
    held: list[int] = []
    take = extraction._Table.take

    def watched(self: extraction._Table, name: str, output: torch.Tensor) -> None:
        seen.append(weakref.ref(output))
        held.append(sum(one() is not None for one in seen))
        take(self, name, output)

    monkeypatch.setattr(extraction._Table, "take", watched)
    images = np.random.default_rng(0).random((8, 3, 224, 224), dtype=np.float32)
    extract(model, images, names)
    assert len(held) > 150
    assert max(held) < 8


def test_one_image_can_be_described_for_a_projection(lenet, digits) -> None:
    one = extract(lenet, digits.subset([5]), ["fc3"])
    assert one.values["fc3"].shape == one.logits.shape == (1, 10)
    np.testing.assert_array_equal(one.values["fc3"], one.logits)
