"""Stability: what is the same from every start, and what is chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import procrustes

from xai.embedding import Features, stability
from xai.embedding.steadiness import aligned, compared
from xai.store import Store
from xai.store.archive import key_text

FEW = {"early_iterations": 30, "iterations": 70, "perplexity": 10}


def turned(points: np.ndarray, angle: float, mirrored: bool) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return points @ turn @ np.diag([1.0, -1.0 if mirrored else 1.0])


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0.0, 1.0, np.pi, 5.0])
def test_alignment_undoes_a_turn_a_mirror_a_scale_and_a_shift(angle: float, mirrored: bool) -> None:
    target = np.random.default_rng(0).normal(size=(40, 2)) * [3.0, 1.0]
    target -= target.mean(axis=0)
    moved = turned(target, angle, mirrored) * 7.5 + [100.0, -3.0]
    np.testing.assert_allclose(aligned(moved, target), target, atol=1e-9)
    found = compared(np.stack([target, moved]))
    assert found.disparity == pytest.approx(0.0, abs=1e-12)
    assert found.spread.max() < 1e-6
    assert found.overlap == 1.0


def test_disparity_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 80, 2)) + np.linspace(0, 5, 80)[:, None]
    expected = procrustes(one, other)[2]
    assert compared(np.stack([one, other])).disparity == pytest.approx(expected)


def test_spread_and_overlap_are_what_they_say() -> None:
    """One point of a ring jumps across it; nothing else moves."""
    angles = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    moved = ring.copy()
    moved[0] *= -1.0
    found = compared(np.stack([ring, moved]))
    # Half the jump of two radii, to the middle; the rest hardly moves.
    assert found.spread[0] == pytest.approx(1.0, abs=0.02)
    assert found.spread[250] < 0.02
    assert found.overlap_points[0] == 0.0
    assert found.overlap_points[250] == 1.0
    assert found.overlap_points.mean() == pytest.approx(found.overlap, abs=1e-6)


def test_pca_is_exactly_stable_and_says_so(cloud) -> None:
    found = stability(cloud, "pca")
    assert found.points.shape == (3, 60, 2)
    assert found.disparity == pytest.approx(0.0, abs=1e-12)
    assert found.overlap == 1.0
    assert found.spread.max() < 1e-6
    assert found.notes == ("PCA has one answer: nothing in it is random.",)


def test_tsne_starts_anywhere_each_time_and_repeats(cloud) -> None:
    told = []
    found = stability(cloud, "tsne", params=FEW, progress=lambda *step: told.append(step))
    same = stability(cloud, "tsne", params=FEW)
    np.testing.assert_array_equal(found.points, same.points)
    assert found.points.dtype == np.float32
    assert "Each map starts from random points." in found.notes
    # Three groups far apart: neighbours stay, places do not.
    assert found.overlap > 0.5
    assert 0 < found.disparity < 1
    assert found.spread.shape == found.overlap_points.shape == (60,)
    steps = [done for done, total, message in told if message.startswith("Map ")]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 300)
    assert any(message == "Searching neighbours, map 2 of 3" for _, _, message in told)


def test_a_random_start_differs_more_than_that_of_pca(cloud) -> None:
    from xai.embedding import run

    maps = [run(cloud, "tsne", params=FEW, seed=seed).points for seed in (0, 1, 2)]
    steady = compared(np.stack(maps).astype(np.float64))
    assert steady.disparity < stability(cloud, "tsne", params=FEW).disparity


def test_what_progress_raises_stops_it(cloud) -> None:
    def fail(done: int, total: int, message: str) -> None:
        if message == "Map 2 of 3":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        stability(cloud, "tsne", params=FEW, progress=fail)


def test_it_survives_the_store(cloud, tmp_path) -> None:
    from xai.embedding.params import PcaParams

    found = stability(cloud, "pca")
    assert key_text(PcaParams())
    Store(tmp_path).save(PcaParams(), found)
    back = Store(tmp_path).load(PcaParams())
    np.testing.assert_array_equal(back.points, found.points)
    np.testing.assert_array_equal(back.spread, found.spread)
    assert (back.overlap, back.disparity, back.notes) == (
        found.overlap,
        found.disparity,
        found.notes,
    )


def test_refusals(cloud) -> None:
    for seeds in ((0, 1.5), (0, 0.5), (0, True)):
        with pytest.raises(TypeError, match="seed: expected a whole number"):
            stability(cloud, "pca", seeds=seeds)
    with pytest.raises(ValueError, match="seed: expected 0 to"):
        stability(cloud, "pca", seeds=(0, -1))
    for seeds in ((), (1,), (1, 1), (1, np.int64(1))):
        with pytest.raises(ValueError, match="seeds: expected two or more different"):
            stability(cloud, "pca", seeds=seeds)
    with pytest.raises(ValueError, match="tsne, umap, pca"):
        stability(cloud, "isomap")
    with pytest.raises(ValueError, match="no variance"):
        stability(Features(values=np.ones((9, 2), np.float32)), "pca")
