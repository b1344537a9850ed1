"""Frames: one scale, upright, few enough, and a placed point lands in the same picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from xai.embedding import Embedding, Features, run
from xai.embedding.frames import Film, fit
from xai.store import Store

FEW = {"early_iterations": 20, "iterations": 30}


@dataclass(frozen=True)
class Key:
    """Names a result in a store."""

    name: str


def test_a_map_is_fitted_by_one_scale_in_the_middle() -> None:
    points = np.array([[-1.0, 2.0], [3.0, 2.0], [1.0, 3.0], [1.0, 1.0]])
    place = fit(points).place(points)
    # Four wide and two high: a quarter of the square is left above and below.
    np.testing.assert_allclose(place, [[0, 0.5], [1, 0.5], [0.5, 0.25], [0.5, 0.75]])
    whole = fit(points).quantise(points)
    assert whole.dtype == np.uint16
    np.testing.assert_array_equal(
        whole, [[0, 32768], [65535, 32768], [32768, 16384], [32768, 49151]]
    )


def test_up_in_the_map_is_up_on_the_screen() -> None:
    points = np.array([[0.0, 0.0], [0.0, 1.0]])
    low, high = fit(points).place(points)
    assert high[1] < low[1]


def test_a_point_beside_the_map_may_lie_outside_and_is_drawn_at_the_edge() -> None:
    points = np.array([[0.0, 0.0], [1.0, 1.0]])
    fitted = fit(points)
    beside = np.array([[2.0, 0.5], [0.5, -1.0]])
    np.testing.assert_allclose(fitted.place(beside), [[2.0, 0.5], [0.5, 2.0]])
    np.testing.assert_array_equal(fitted.quantise(beside), [[65535, 32768], [32768, 65535]])


def test_one_place_for_all_points_is_the_middle() -> None:
    points = np.full((5, 2), 7.0, np.float32)
    assert (fit(points).quantise(points) == 32768).all()


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (2, 2), (60, 60), (61, 60), (500, 60)])
def test_frames_are_thinned_evenly(count: int, kept: int) -> None:
    film = Film()
    for step in range(count):
        film.add(step * 10, np.array([[0.0, step], [1.0, 0.0], [0.0, 0.0]]))
    frames = film.cut()
    assert len(frames) == kept
    assert frames.points.shape == (kept, 3, 2)
    assert frames.points.dtype == np.uint16
    assert frames.iterations.dtype == np.int32
    assert (frames.iterations[0], frames.iterations[-1]) == (0, (count - 1) * 10)
    if kept > 1:
        gaps = np.diff(frames.iterations)
        assert gaps.min() >= 10
        assert gaps.max() - gaps.min() <= 10


def test_a_film_without_a_frame_is_none_and_broken_frames_are_left_out() -> None:
    film = Film()
    assert film.cut() is None
    film.add(0, np.array([[np.nan, 0.0], [1.0, 1.0]]))
    assert film.cut() is None


def test_tsne_keeps_the_frames_that_were_shown(cloud) -> None:
    shown = []
    found = run(cloud, "tsne", params=FEW, on_step=lambda *step: shown.append(step))
    frames = found.frames
    assert frames.iterations.tolist() == [0, 10, 20, 30, 40, 50]
    for (_, _, points), frame in zip(shown, frames.points, strict=True):
        np.testing.assert_array_equal(frame, fit(points).quantise(points))
    with pytest.raises(ValueError, match="read-only"):
        frames.points[0, 0] = 0
    with pytest.raises(ValueError, match="read-only"):
        frames.iterations[0] = 0


def test_pca_has_no_frames(cloud) -> None:
    assert run(cloud, "pca").frames is None


def test_a_map_survives_the_store(cloud, tmp_path) -> None:
    rows = Features(values=cloud.copy(), labels=np.arange(60) % 3, ids=tuple(map(str, range(60))))
    drawn = run(rows, "tsne", params=FEW)
    store = Store(tmp_path)
    store.save(Key("a"), drawn)
    back = Store(tmp_path).load(Key("a"))
    assert isinstance(back, Embedding)
    np.testing.assert_array_equal(back.frames.points, drawn.frames.points)
    np.testing.assert_array_equal(back.frames.iterations, drawn.frames.iterations)
    for name in ("points", "trust", "preserved"):
        one, other = getattr(back, name), getattr(drawn, name)
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float32
    assert (back.params, back.quality, back.history, back.notes) == (
        drawn.params,
        drawn.quality,
        drawn.history,
        drawn.notes,
    )
    with pytest.raises(ValueError, match="read-only"):
        back.trust[0] = 0


def test_a_file_from_before_the_new_fields_is_made_again(cloud, tmp_path) -> None:
    import json
    import zipfile

    store = Store(tmp_path)
    store.save(Key("a"), run(cloud, "pca"))
    (path,) = tmp_path.glob("*.npz")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(parts["header.json"])
    for name in ("trust", "preserved", "frames"):
        del header["value"]["fields"][name]
    parts["header.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert Store(tmp_path).load(Key("a")) is None
