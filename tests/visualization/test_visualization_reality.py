"""Shape or pattern: toys that answer to a texture, to a blob, to a place; and other networks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from xai import images as pictures
from xai import models
from xai.images import alteration
from xai.models.loaded import LoadedModel
from xai.visualization.aims import aim
from xai.visualization.scoring import measure
from xai.visualization.studies.judgement import MARGIN, in_percent, kept, verdict
from xai.visualization.studies.reality import CHANGES, withstand
from xai.visualization.studies.witness import rank, witnesses

SIDE = 24
BLOB = np.zeros((SIDE, SIDE))
BLOB[6:18, 6:18] = 1
CHECKS = np.indices((SIDE, SIDE)).sum(0) % 2
GREY = np.full((SIDE, SIDE), 0.5)


def toy(weight: np.ndarray, name: str = "toy") -> LoadedModel:
    """Make a grey network whose class 0 scores the product with a picture, class 1 nothing."""
    layer = nn.Linear(weight.size, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(np.stack([weight.ravel(), 0 * weight.ravel()])))
    spec = dataclasses.replace(
        models.MODELS["lenet5-mnist"],
        name=name,
        label=name,
        input_size=weight.shape,
        resize=weight.shape[0],
        mean=(0.0,),
        std=(1.0,),
        own_classes=("liked", "other"),
    )
    return LoadedModel(spec, nn.Sequential(nn.Flatten(), layer))


def tried(weight: np.ndarray, *shown: np.ndarray, zero: float = 0.0):
    """Return what is left of images before a network that likes a picture."""
    model = toy(weight)
    batch = np.stack(shown)[:, None].astype(np.float32)
    return withstand(model, aim(model, "class", None, 0), batch, zero)


@pytest.fixture(scope="module")
def mixed():
    """A network that likes a blob and a fine texture: one image is the texture, one the blob."""
    liked = (BLOB - BLOB.mean()) + 2 * (CHECKS - 0.5)
    return tried(liked, CHECKS, BLOB)


def test_each_row_is_the_score_of_the_changed_picture():
    model = toy(np.random.default_rng(0).normal(size=(SIDE, SIDE)))
    image = np.random.default_rng(1).random((1, 1, SIDE, SIDE), dtype=np.float32)
    wanted, zero = aim(model, "class", None, 0), -20.0
    found = {one.name: one for one in withstand(model, wanted, image, zero)}
    assert list(found) == ["", *(name for name in CHANGES if name not in ("shift8", "grey"))]
    pixels = pictures.to_uint8(image[0])
    before = measure(model, wanted, image)[0]
    changed = pictures.from_uint8(alteration.blur(pixels, 2.0))
    after = measure(model, wanted, changed)[0]
    assert found[""].scores[0] == pytest.approx(before)
    assert found[""].kept[0] == pytest.approx(1)
    assert found["blur2"].scores[0] == pytest.approx(after)
    assert found["blur2"].kept[0] == pytest.approx((after - zero) / (before - zero))
    np.testing.assert_array_equal(found["blur2"].images[0], changed)
    said = model.predict(changed)
    assert found["blur2"].probability[0] == pytest.approx(said.probabilities[0])
    np.testing.assert_allclose(found["blur2"].said[0].logits, said.logits, rtol=1e-5)


def test_a_shift_is_the_mean_over_four_directions():
    weight = np.zeros((SIDE, SIDE))
    weight[12, 12] = 1
    image = np.zeros((SIDE, SIDE))
    image[12, 10] = 1  # two pixels to the right of it lies what the network looks at
    found = {one.name: one for one in tried(weight, image, zero=-1.0)}
    assert found["shift2"].scores[0] == pytest.approx(1 / 4)
    assert found["shift1"].scores[0] == found["shift4"].scores[0] == 0


def test_a_texture_is_called_a_pattern_and_a_blob_is_not(mixed):
    detail = kept(mixed, "detail")
    assert detail[0] < 0.5 < detail[1]
    # One pixel further, a chequerboard is its own negative.
    assert next(one for one in mixed if one.name == "shift1").kept[0] < -0.5
    assert verdict(mixed).startswith("**More a pattern than a shape.**")
    turned = tuple(
        dataclasses.replace(one, scores=one.scores[::-1], kept=one.kept[::-1]) for one in mixed
    )
    assert verdict(turned).startswith("**Coarse enough to be a shape.**")


def test_detail_and_place_are_told_apart():
    stripes = np.repeat((np.arange(SIDE) % 2)[None], SIDE, axis=0)
    rows = tried(BLOB, BLOB, BLOB)
    fine = tuple(_weaker(one, one.about == "detail") for one in rows)
    placed = tuple(_weaker(one, one.about == "place") for one in rows)
    assert verdict(fine).startswith("**Part of it is a fine pattern**")
    assert verdict(placed).startswith("**Made for this very frame.**")
    assert verdict(rows).startswith("**Coarse enough")
    # Two pixels further, stripes are what they were, up to the border.
    found = {one.name: one for one in tried(stripes - 0.5, stripes)}
    assert found["shift2"].kept[0] > 0.8
    assert found["shift1"].kept[0] < 0.2


def _weaker(one, yes):
    loss = MARGIN + 0.1 if yes else 0.0
    return dataclasses.replace(one, kept=one.kept - [loss, 0])


def test_an_image_without_a_lead_has_none_to_keep():
    found = tried(BLOB, 0 * BLOB, BLOB, zero=10.0)
    assert all(np.isnan(one.kept[0]) for one in found)
    assert "no lead" in verdict(found)
    assert in_percent(float(found[1].kept[0])) == "no lead"


def test_a_large_lead_is_said_to_outlast_the_real_image():
    assert "still scores higher than the real image untouched" in verdict(tried(BLOB, BLOB, GREY))
    assert "still scores" not in verdict(tried(BLOB, GREY, BLOB))


def test_an_adversarial_pattern_is_named_beside_them():
    assert "adversarial" in verdict(tried(BLOB, BLOB, BLOB, BLOB))
    assert "adversarial" not in verdict(tried(BLOB, BLOB, BLOB))
    with pytest.raises(ValueError, match="a real image"):
        verdict(tried(BLOB, BLOB))


def test_shares_are_written_for_people():
    assert in_percent(0.344) == "34\u00a0%"
    assert in_percent(-0.2) == "−20\u00a0%"
    assert in_percent(-0.001) == "0\u00a0%"


def test_a_channel_has_no_probability():
    model = models.load("lenet5-mnist", device="cpu")
    layer = next(layer for layer in model.layers if layer.spatial)
    image = np.full((1, *model.input_shape), 0.5, np.float32)
    found = withstand(model, aim(model, "channel", layer.name, 0), image, -100.0)
    assert np.isnan([one.probability[0] for one in found]).all()
    assert kept(found, "colour").shape == (1,)
    assert np.isnan(kept(found, "colour")[0])


def test_it_reports_each_change_and_can_be_stopped():
    model, seen = toy(BLOB), []

    def stop(done, total, message):
        seen.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        withstand(
            model,
            aim(model, "class", None, 0),
            np.zeros((1, 1, SIDE, SIDE), np.float32),
            -1.0,
            progress=stop,
        )
    assert seen == [(0, 8), (1, 8), (2, 8)]


def test_other_networks_agree_if_it_is_their_first():
    shown = np.stack([BLOB, GREY])[:, None].astype(np.float32)
    seen = []
    found = witnesses(
        [toy(BLOB, "alike"), toy(-BLOB, "opposed")], shown, 0, progress=lambda *at: seen.append(at)
    )
    assert [one.agrees for one in found] == [True, False]
    assert [one.ranks for one in found] == [(1, 1), (2, 2)]
    assert [at[:2] for at in seen] == [(1, 2), (2, 2)]
    assert not any(one.resized for one in found)
    (asked,) = witnesses([toy(BLOB)], shown)
    assert asked.agrees is None
    with pytest.raises(ValueError, match="class 2"):
        witnesses([toy(BLOB)], shown, 2)


def test_they_see_what_people_see_at_their_own_size():
    small = toy(BLOB[::2, ::2])
    image = np.random.default_rng(2).random((1, 1, SIDE, SIDE), dtype=np.float32)
    (found,) = witnesses([small], image, 0)
    assert found.resized
    expected = small.predict(small.prepare(pictures.to_uint8(image[0])))
    np.testing.assert_allclose(found.said[0].logits, expected.logits, rtol=1e-6)
    (same,) = witnesses([toy(BLOB)], image, 0)
    rounded = toy(BLOB).predict(pictures.from_uint8(pictures.to_uint8(image[0])))
    np.testing.assert_allclose(same.said[0].logits, rounded.logits, rtol=1e-6)


def test_of_equal_scores_the_earlier_class_ranks_first():
    said = toy(BLOB).predict(np.zeros((1, SIDE, SIDE), np.float32))
    assert [rank(said, label) for label in (0, 1)] == [1, 2]
