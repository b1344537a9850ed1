"""The Python side of two images in one place: what it sends and refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pages._ui import carrier, swipe_view

GREY = np.arange(6, dtype=np.uint8).reshape(2, 3)
COLOUR = np.stack([GREY, GREY + 1, GREY + 2], axis=-1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect what would go to the browser."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(carrier, "show", lambda mount, **told: found.append(told))
    return found


def show(before: np.ndarray, after: np.ndarray, **told: Any) -> None:
    swipe_view.swipe_view(before, after, alt="both", key="pair", **told)


def test_images_are_named_by_digest_and_travel_apart(sent: list[dict[str, Any]]) -> None:
    show(GREY[..., None], COLOUR, words=("one", "other"), start=0.25)
    told = sent[0]
    assert told["view"]["shape"] == (2, 3)
    assert told["view"]["words"] == ("one", "other")
    assert told["view"]["start"] == 0.25
    for name, image in (("before", GREY), ("after", COLOUR)):
        assert told["view"][name] == told["parts"][name].digest
        assert told["parts"][name].body.endswith(image.tobytes())


def test_equal_images_have_equal_digests_whatever_their_axes(sent: list[dict[str, Any]]) -> None:
    show(GREY, np.stack([GREY] * 3, axis=-1))
    assert sent[0]["view"]["before"] == sent[0]["view"]["after"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (GREY, GREY.T, {}),
        (GREY, GREY / 255, {}),
        (GREY[..., None].repeat(4, axis=2), GREY, {}),
        (GREY[:0], GREY[:0], {}),
        (GREY, GREY, {"start": 1.5}),
        (GREY, GREY, {"start": float("nan")}),
    ],
)
def test_what_is_no_pair_is_refused(
    before: np.ndarray, after: np.ndarray, told: dict[str, float], sent: list[dict[str, Any]]
) -> None:
    with pytest.raises(ValueError, match="expected"):
        show(before, after, **told)
    assert not sent
