"""Separability by depth: held-out accuracies that mean what they say."""

from __future__ import annotations

import dataclasses
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from xai import datasets
from xai.embedding import separability, separation
from xai.embedding.probe import linear_probe, neighbour_vote, reduced
from xai.features.extraction import extract
from xai.models import MODELS
from xai.models.loaded import LoadedModel

CLASSES = ("dark", "middle", "bright")


class Levels(nn.Module):
    """Nothing of the class in the first layer, all of it in the second."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.noise = nn.Linear(784, 5)
        self.level = nn.Linear(784, 1)
        self.dead = nn.Linear(784, 4)
        self.broken = nn.Linear(784, 2)
        weights = torch.zeros(5, 784)
        weights[torch.arange(5), torch.arange(5)] = 1.0
        self.noise.weight.data = weights
        self.level.weight.data = torch.cat([torch.zeros(1, 28), torch.ones(1, 756)], 1)
        self.dead.weight.data.zero_()
        self.broken.weight.data.fill_(float("nan"))
        for module in (self.noise, self.level, self.dead):
            module.bias.data.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.flatten(x)
        self.dead(x)
        self.broken(x)
        return torch.cat([self.noise(x), self.level(x)], 1)


@pytest.fixture(scope="module")
def levels() -> LoadedModel:
    """A network that sees noise in the first row and the class in the others."""
    return LoadedModel(dataclasses.replace(MODELS["lenet5-mnist"], name="levels"), Levels())


def _pictures(count: int) -> datasets.ImageSet:
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    images = np.repeat(60 + 60 * labels, 784).reshape(count, 28, 28, 1).astype(np.uint8)
    images[:, 0] = rng.integers(0, 256, (count, 28, 1))
    ids = tuple(f"picture-{place}" for place in range(count))
    return datasets.ImageSet(images, labels, CLASSES, ids, name="levels", split="all")


def test_a_layer_that_holds_the_class_is_perfect_and_one_of_noise_is_chance(levels) -> None:
    found = separability(levels, _pictures(600), ["noise", "level"])
    assert found.layers == ("noise", "level")
    assert found.dims.tolist() == [5, 1]
    assert found.knn[1] == found.probe[1] == 1.0
    # Standard deviation of the share of 180 answers that are right one time in three.
    spread = np.sqrt(1 / 3 * 2 / 3 / found.test)
    assert found.chance == pytest.approx(1 / 3, abs=1e-9)
    assert abs(found.knn[0] - 1 / 3) < 4 * spread
    assert abs(found.probe[0] - 1 / 3) < 4 * spread
    assert (found.train, found.test, found.k) == (420, 180, 10)
    assert (found.model, found.dataset) == ("levels", "levels/all")


def test_pixels_come_first_and_then_every_layer(lenet, digits) -> None:
    found = separability(lenet, digits)
    assert found.layers == (None, *(layer.name for layer in lenet.layers))
    assert found.dims[0] == 784
    assert found.grid == 4
    assert (found.dims[1], found.dims[-1]) == (6 * 16, 10)
    assert found.notes == ()
    for shares in (found.knn, found.probe):
        assert shares.dtype == np.float32
        assert ((shares >= 0) & (shares <= 1)).all()
    assert found.probe[0] > 0.7


def test_layers_that_say_nothing_are_left_out_and_it_is_said(levels) -> None:
    found = separability(levels, _pictures(60), [None, "dead", "broken", "level"])
    assert found.layers == (None, "level")
    assert found.notes == (
        "dead was left out (no variance).",
        "broken was left out (60 of 60 rows hold NaN or infinity).",
    )
    with pytest.raises(ValueError, match="no layer tells these images apart"):
        separability(levels, _pictures(60), ["dead"])


def test_equal_seeds_give_equal_answers(lenet, digits) -> None:
    some = digits.subset(np.arange(300))
    one, same = (separability(lenet, some, [None, "fc3"], seed=3) for _ in range(2))
    other = separability(lenet, some, [None, "fc3"], seed=4)
    np.testing.assert_array_equal(one.knn, same.knn)
    np.testing.assert_array_equal(one.probe, same.probe)
    assert (one.knn != other.knn).any() or (one.probe != other.probe).any()


# ----------------------------------------------------------- scikit-learn as witness
@pytest.fixture(scope="module")
def tables(lenet, digits) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Pixels, a middle and the last layer, cut into 400 rows and 200."""
    found = extract(lenet, digits, [None, "relu2", "fc3"]).values.values()
    return [(raw[:400], digits.labels[:400], raw[400:], digits.labels[400:]) for raw in found]


@pytest.mark.parametrize("k", [1, 5, 10, 400])
def test_votes_are_scikit_learns(tables, k: int) -> None:
    for train, labels, test, _ in tables:
        expected = KNeighborsClassifier(k, algorithm="brute").fit(train, labels).predict(test)
        assert (neighbour_vote(train, labels, test, k) == expected).mean() >= 0.995


def test_the_probe_is_scikit_learns(tables) -> None:
    for train, labels, test, _ in tables:
        parts = min(64, train.shape[1])
        reference = make_pipeline(
            StandardScaler(),
            PCA(parts, whiten=True, svd_solver="full"),
            LogisticRegression(max_iter=2000, tol=1e-8),
        )
        expected = reference.fit(train, labels).predict(test)
        assert (linear_probe(train, labels, test) == expected).mean() >= 0.99


def test_the_probe_learns_from_the_learning_part_alone(tables) -> None:
    """The answer to a row does not depend on which other rows are asked."""
    train, labels, test, _ = tables[1]
    whole = linear_probe(train, labels, test)
    np.testing.assert_array_equal(linear_probe(train, labels, test[:7]), whole[:7])
    np.testing.assert_array_equal(
        neighbour_vote(train, labels, test[:7], 10)[:7], neighbour_vote(train, labels, test, 10)[:7]
    )


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e15])
def test_answers_do_not_depend_on_the_unit(tables, scale: float) -> None:
    train, labels, test, _ = tables[2]
    factor = np.float32(scale)
    scaled = (train * factor, labels, test * factor)
    assert (linear_probe(*scaled) == linear_probe(train, labels, test)).mean() >= 0.99
    same = neighbour_vote(*scaled, 10) == neighbour_vote(train, labels, test, 10)
    assert same.mean() >= 0.99


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_row_in_both_tables_is_reduced_to_the_same(tables, which: int) -> None:
    train = tables[which][0]
    known, again = reduced(train, train[:50])
    np.testing.assert_allclose(again, known[:50], atol=1e-6)
    np.testing.assert_allclose(known.std(axis=0), 1.0, atol=1e-9)
    covariance = known.T @ known / len(known)
    np.testing.assert_allclose(covariance, np.eye(len(covariance)), atol=1e-3)


def _low_rank() -> tuple[np.ndarray, np.ndarray]:
    """800 rows of 96 columns that hold 16 numbers and a bias, and the classes of four of them."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(800, 16))
    labels = numbers[:, :4].argmax(axis=1)
    table = 0.1 * numbers @ rng.normal(size=(16, 96)) + 30.0
    return table.astype(np.float32), labels


def test_rounding_is_no_component() -> None:
    table, labels = _low_rank()
    known, new = reduced(table[:500], table[500:])
    assert known.shape == (500, 16)
    # Whitened as the learning part is: what was not seen comes out as large.
    np.testing.assert_allclose(new.std(axis=0), 1.0, atol=0.2)
    found = linear_probe(table[:500], labels[:500], table[500:])
    assert (found == labels[500:]).mean() > 0.9


def test_nothing_is_warned_of(tables) -> None:
    """Labels that have nothing to do with the rows are the hardest to fit."""
    train, _, test, _ = tables[0]
    labels = np.random.default_rng(0).integers(0, 40, len(train))
    labels[:40] = np.arange(40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        linear_probe(train, labels, test)


# ---------------------------------------------------------------------- the split
@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.99])
def test_each_class_is_split_by_its_share(share: float) -> None:
    labels = np.repeat([0, 1, 3], [4, 10, 50])
    ids = tuple(str(place) for place in range(64))
    images = datasets.ImageSet(np.zeros((64, 1, 1, 1), np.uint8), labels, tuple("abcd"), ids)
    train, test = separation._split(images, share, 0)
    assert sorted([*train, *test]) == list(range(64))
    for label, count in ((0, 4), (1, 10), (3, 50)):
        held = int((labels[test] == label).sum())
        assert held == min(max(round(share * count), 2), count - 2)


def test_too_few_images_are_refused_in_words(lenet, digits) -> None:
    with pytest.raises(ValueError, match="at least 2 classes"):
        separability(lenet, digits.subset(np.flatnonzero(digits.labels == 3)))
    few = np.concatenate(
        [np.flatnonzero(digits.labels == 3), np.flatnonzero(digits.labels == 7)[:3]]
    )
    with pytest.raises(ValueError, match=r"at least 4 images of each class.*; 7 has 3 here"):
        separability(lenet, digits.subset(few))


def test_memory_decides_the_grid_and_then_the_number_of_images(lenet, digits, monkeypatch) -> None:
    layers = ["conv1", "conv2"]
    # And ten answers of the network, whatever the grid.
    sizes = {grid: (6 + 16) * grid * grid + 10 for grid in (4, 2, 1)}
    for grid, size in sizes.items():
        monkeypatch.setattr(separation, "MOST_BYTES", 4 * size * len(digits))
        found = separability(lenet, digits, layers)
        assert (found.grid, found.dims.tolist()) == (grid, [6 * grid**2, 16 * grid**2])
        assert found.train + found.test == len(digits)
    monkeypatch.setattr(separation, "MOST_BYTES", 4 * sizes[1] * 200)
    found = separability(lenet, digits, layers)
    assert (found.grid, found.train + found.test) == (1, 200)
    assert found.notes == ("200 of the 600 images were used, to keep memory bounded.",)


# --------------------------------------------------------------- progress and stopping
def test_progress_covers_the_pass_and_the_layers_and_never_goes_back(lenet, digits) -> None:
    seen: list[tuple[int, int, str]] = []
    separability(lenet, digits, [None, "fc3"], progress=lambda *said: seen.append(said))
    done = [said[0] for said in seen]
    assert done == sorted(done)
    assert {said[1] for said in seen} == {1200}
    assert done[-1] == 1200
    messages = [said[2] for said in seen]
    assert "Features of image 600 of 600" in messages
    assert messages.index("Layer 1 of 2: pixels") < messages.index("Layer 2 of 2: fc3")


def test_it_can_be_stopped_between_layers_and_leaves_the_model_clean(lenet, digits) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, total: int, message: str) -> None:
        if message.startswith("Layer 2"):
            raise StopError

    with pytest.raises(StopError):
        separability(lenet, digits, ["conv1", "fc3"], progress=stop)
    assert not any(module._forward_hooks for module in lenet.net.modules())


@pytest.mark.parametrize("message", ["Nearest neighbours", "Principal", "Linear probe"])
def test_each_part_of_the_judgement_can_be_stopped(tables, message: str) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, total: int, said: str) -> None:
        if said.startswith(message):
            raise StopError

    train, labels, test, _ = tables[1]
    judge = partial(neighbour_vote, k=5) if message == "Nearest neighbours" else linear_probe
    with pytest.raises(StopError):
        judge(train, labels, test, progress=stop)


def test_refusals(lenet, digits) -> None:
    with pytest.raises(TypeError, match="image set"):
        separability(lenet, np.zeros((10, 1, 28, 28), np.float32))
    with pytest.raises(ValueError, match="layer"):
        separability(lenet, digits, ["conv9"])
    for layers in ("conv1", []):
        with pytest.raises(ValueError, match="layers: expected"):
            separability(lenet, digits, layers)
    for k in (0, True, 2.5):
        with pytest.raises(ValueError, match="k: expected"):
            separability(lenet, digits, ["fc3"], k=k)
    for share in (0.0, 1.0, 3, float("nan")):
        with pytest.raises(ValueError, match="held_out: expected"):
            separability(lenet, digits, ["fc3"], held_out=share)
