"""Channel scores against a literal version, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from xai.activations import channel_scores


def _literal(channel: np.ndarray) -> float:
    counts, _ = np.histogram(channel.astype(np.float64), bins=10)
    entropy = 0.0
    for count in counts:
        if count:
            entropy -= count / channel.size * np.log(count / channel.size)
    return entropy * np.abs(channel.astype(np.float64)).mean()


@pytest.mark.parametrize("seed", range(3))
def test_equals_the_literal_version(seed: int) -> None:
    rng = np.random.default_rng(seed)
    maps = np.maximum(rng.normal(size=(40, 13, 9)), -0.3).astype(np.float32)
    # Steps of a tenth fall exactly on the edges of the bins.
    maps[0] = np.arange(117).reshape(13, 9) % 11 / 10
    expected = [_literal(channel) for channel in maps]
    np.testing.assert_allclose(channel_scores(maps), expected, rtol=1e-6)


def test_known_values() -> None:
    even = np.arange(10, dtype=np.float32).reshape(1, 2, 5)
    halves = np.array([[[0.0, 0.0, -2.0, -2.0]]], dtype=np.float32)
    assert channel_scores(even)[0] == pytest.approx(np.log(10) * 4.5)
    assert channel_scores(halves)[0] == pytest.approx(np.log(2) * 1.0)


def test_constant_broken_and_tiny_channels_score_zero() -> None:
    maps = np.random.default_rng(0).random((5, 4, 4)).astype(np.float32)
    maps[0] = 7.5
    maps[1, 0, 0] = np.nan
    maps[2, 3, 3] = np.inf
    maps[3] = 0
    scores = channel_scores(maps)
    assert scores.dtype == np.float32
    assert list(scores[:4]) == [0, 0, 0, 0]
    assert scores[4] > 0
    assert list(channel_scores(np.ones((3, 1, 1), np.float32))) == [0, 0, 0]


@pytest.mark.parametrize("scale", [1e-30, -3.0, 1e30])
def test_score_follows_the_scale(scale: float) -> None:
    maps = np.random.default_rng(4).normal(size=(6, 8, 8)).astype(np.float32)
    scaled = (maps.astype(np.float64) * scale).astype(np.float32)
    expected = channel_scores(maps).astype(np.float64) * abs(scale)
    # A value that crosses the edge of a bin by rounding moves the entropy a little.
    np.testing.assert_allclose(channel_scores(scaled), expected, rtol=0.05)


def test_refusals() -> None:
    with pytest.raises(TypeError, match="array of numbers"):
        channel_scores([[1.0]])
    with pytest.raises(ValueError, match=r"\(C, H, W\)"):
        channel_scores(np.zeros((2, 3, 4, 4), np.float32))
    with pytest.raises(ValueError, match=r"\(C, H, W\)"):
        channel_scores(np.zeros((2, 0, 4), np.float32))
