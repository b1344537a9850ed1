"""The Python side of the film: what it sends again, what it does not, and what it refuses."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pages._ui import carrier, film_view

FRAMES = [
    np.random.default_rng(turn).integers(0, 256, (6, 8, 1)).astype(np.uint8) for turn in range(30)
]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect what would go to the browser."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(carrier, "show", lambda mount, **told: found.append(told))
    return found


def show(frames: list[np.ndarray], **told: Any) -> None:
    given = {"steps": range(len(frames)), "scores": [0.5] * len(frames), "alt": "it", "key": "film"}
    film_view.film_view(frames, **(given | told))


def unpacked(part: carrier.Part) -> np.ndarray:
    """Return the picture behind the header of a reel."""
    end = 8 + int(part.body[:8])
    return np.array(Image.open(BytesIO(part.body[end:])).convert("RGB"))


def test_more_frames_send_only_the_reel_that_has_changed(sent: list[dict[str, Any]]) -> None:
    show(FRAMES[:26])
    show(FRAMES[:29], live=True)
    before, after = (list(told["view"]["reels"]) for told in sent)
    assert len(before) == len(after) == 3
    assert before[:2] == after[:2]
    assert before[2] != after[2]
    assert sent[0]["view"]["name"] == sent[1]["view"]["name"]
    assert [told["view"]["live"] for told in sent] == [False, True]
    assert [part.digest for part in sent[1]["parts"].values()] == after


def test_small_frames_travel_without_loss_in_their_order(sent: list[dict[str, Any]]) -> None:
    show(FRAMES[:5])
    (reel,) = sent[0]["parts"].values()
    sheet = unpacked(reel)
    for turn, frame in enumerate(FRAMES[:5]):
        row, column = divmod(turn, 3)
        tile = sheet[6 * row : 6 * row + 6, 8 * column : 8 * column + 8]
        np.testing.assert_array_equal(tile, np.broadcast_to(frame, (6, 8, 3)))


def test_another_start_or_another_wish_is_another_film(sent: list[dict[str, Any]]) -> None:
    show(FRAMES[:3])
    show(FRAMES[1:3])
    show(FRAMES[:3], alt="another")
    assert len({told["view"]["name"] for told in sent}) == 3


@pytest.mark.parametrize(
    ("shape", "side", "crisp"),
    [
        ((28, 28), 420, True),
        ((32, 32), 416, True),
        ((224, 224, 3), 420, False),
        ((6, 8), 416, True),
    ],
)
def test_small_frames_are_enlarged_by_a_whole_factor(
    shape: tuple[int, ...], side: int, crisp: bool, sent: list[dict[str, Any]]
) -> None:
    show([np.zeros(shape, np.uint8)])
    view = sent[0]["view"]
    assert (view["side"], view["crisp"], view["shape"]) == (side, crisp, shape[:2])


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        ([], {}),
        (FRAMES[:2], {"steps": [0]}),
        (FRAMES[:2], {"scores": [0.0]}),
        (FRAMES[:2], {"steps": [4, 4]}),
        ([FRAMES[0], FRAMES[0][:3]], {}),
        ([FRAMES[0] / 255], {}),
        ([np.zeros((4, 4, 4), np.uint8)], {}),
        (FRAMES * 9, {}),
    ],
)
def test_what_is_no_film_is_refused(
    frames: list[np.ndarray], told: dict[str, Any], sent: list[dict[str, Any]]
) -> None:
    with pytest.raises(ValueError, match="expected"):
        show(frames, **told)
    assert not sent
