"""Phases before and after the steps are told and can be stopped; a stopped map is measured."""

from __future__ import annotations

import numpy as np
import pytest

from xai.embedding import Features, assess, run
from xai.embedding.frames import Film

FEW = {"early_iterations": 20, "iterations": 30}


@pytest.fixture
def labelled(cloud) -> Features:
    return Features(values=cloud.copy(), labels=np.repeat(np.arange(3), 20))


@pytest.mark.parametrize("phase", ["Searching neighbours", "Measuring the map"])
def test_each_phase_is_told_and_can_be_stopped(cloud, phase: str) -> None:
    told = []
    run(cloud, "tsne", params=FEW, progress=lambda *step: told.append(step))
    assert [message for _, _, message in told].count(phase) >= 2
    assert all(total == 60 for _, total, _ in told)

    def fail(done: int, total: int, message: str) -> None:
        if message == phase:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run(cloud, "tsne", params=FEW, progress=fail)


def test_tsne_can_be_stopped_before_it_has_a_start(cloud) -> None:
    def fail(done: int, total: int, message: str) -> None:
        assert message == "Finding where points begin"
        raise InterruptedError

    def shown(done: int, total: int, points: np.ndarray) -> None:
        raise AssertionError

    with pytest.raises(InterruptedError):
        run(cloud, "tsne", params=FEW, on_step=shown, progress=fail)


def test_a_stopped_map_is_assessed_as_run_would_have_done(labelled) -> None:
    film = Film()
    seen = []

    def stop(done: int, total: int, points: np.ndarray) -> bool:
        film.add(done, points)
        seen.append(points)
        return done >= 30

    expected = run(labelled, "tsne", params=FEW, seed=4, on_step=stop)
    found = assess(
        labelled,
        seen[-1],
        "tsne",
        FEW,
        4,
        iterations=30,
        total=50,
        frames=film.cut(),
        history=expected.history,
    )
    assert found.stopped
    assert found.quality == expected.quality
    np.testing.assert_array_equal(found.points, expected.points)
    np.testing.assert_array_equal(found.trust, expected.trust)
    np.testing.assert_array_equal(found.preserved, expected.preserved)
    np.testing.assert_array_equal(found.frames.points, expected.frames.points)
    assert (found.iterations, found.total, found.params, found.seed, found.notes) == (
        expected.iterations,
        expected.total,
        expected.params,
        expected.seed,
        expected.notes,
    )


def test_an_assessed_map_says_which_perplexity_was_used(labelled) -> None:
    found = assess(labelled, labelled.values[:, :2], "tsne", iterations=10, total=750)
    assert found.params.perplexity == pytest.approx(59 / 3)
    assert len(found.notes) == 1
    assert (found.history, found.frames) == ((), None)
    assert "kl" not in found.quality


def test_assessing_refuses_what_is_no_map_of_the_features(labelled) -> None:
    points = labelled.values[:, :2]
    for wrong in (points[:5], labelled.values[:, :3]):
        with pytest.raises(ValueError, match=r"points: expected shape \(60, 2\)"):
            assess(labelled, wrong, "tsne", iterations=1, total=2)
    with pytest.raises(ValueError, match="finite"):
        assess(labelled, points * np.nan, "tsne", iterations=1, total=2)
    with pytest.raises(TypeError, match="seed"):
        assess(labelled, points, "tsne", seed=0.5, iterations=1, total=2)


def test_points_and_their_shares_cannot_be_written_to(labelled) -> None:
    found = run(labelled, "pca")
    for name in ("points", "trust", "preserved"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(found, name)[0] = 0
