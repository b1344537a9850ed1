"""Films as GIF files: read back by Pillow, frame by frame."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from xai import images


def noise(count: int, *shape: int) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [random.integers(0, 256, shape).astype(np.uint8) for _ in range(count)]


def read(data: bytes) -> tuple[list[np.ndarray], list[int]]:
    """Return frames (H, W, 3) and how long each is seen, in milliseconds."""
    film, frames, lengths = Image.open(BytesIO(data)), [], []
    assert film.format == "GIF"
    for place in range(getattr(film, "n_frames", 1)):
        film.seek(place)
        frames.append(np.array(film.convert("RGB")))
        lengths.append(film.info.get("duration", 0))
    return frames, lengths


def test_grey_frames_come_back_as_they_were_enlarged_by_a_whole_factor() -> None:
    frames = noise(4, 28, 20, 1)
    found, lengths = read(images.encode_gif(frames, 80, hold=1500))
    assert len(found) == 4
    for drawn, frame in zip(found, frames, strict=True):
        large = frame.repeat(8, axis=0).repeat(8, axis=1)  # 28 times 8 is 224
        np.testing.assert_array_equal(drawn, np.broadcast_to(large, (224, 160, 3)))
    assert lengths == [80, 80, 80, 1500]


def test_colour_frames_keep_the_colour_of_areas() -> None:
    tall = np.linspace(0, 255, 240).astype(np.uint8)
    ramp = np.stack(np.broadcast_arrays(tall[:, None], tall[None], 128), axis=-1).astype(np.uint8)
    found, _ = read(images.encode_gif([ramp, ramp[::-1].copy()], 50))
    assert found[0].shape == (240, 240, 3)  # large enough as it is
    for drawn, frame in zip(found, (ramp, ramp[::-1]), strict=True):
        blocks = [
            image.astype(float).reshape(15, 16, 15, 16, 3).mean((1, 3)) for image in (drawn, frame)
        ]
        assert np.abs(blocks[0] - blocks[1]).max() < 12


def test_it_plays_again_and_again_and_the_last_frame_is_never_the_shortest() -> None:
    data = images.encode_gif(noise(2, 8, 8, 1), 3000, hold=100, least=8)
    assert Image.open(BytesIO(data)).info["loop"] == 0
    found, lengths = read(data)
    assert found[0].shape == (8, 8, 3)
    assert lengths == [3000, 3000]


@pytest.mark.parametrize(
    ("frames", "options", "error"),
    [
        ([], {}, ValueError),
        ([np.zeros((4, 4, 1))], {}, TypeError),
        ([np.zeros((4, 4, 4), np.uint8)], {}, ValueError),
        ([np.zeros((4, 4, 1), np.uint8), np.zeros((4, 5, 1), np.uint8)], {}, ValueError),
        (noise(1, 4, 4, 1), {"milliseconds": 5}, ValueError),
        (noise(1, 4, 4, 1), {"hold": 10_000_000}, ValueError),
        (noise(1, 4, 4, 1), {"least": 0}, ValueError),
    ],
)
def test_what_is_no_film_is_refused(frames, options, error) -> None:
    with pytest.raises(error, match="expected"):
        images.encode_gif(frames, **({"milliseconds": 100} | options))
