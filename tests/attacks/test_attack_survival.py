"""Whether an attack outlives files and small changes: laws on toys, and real digits."""

from __future__ import annotations

import dataclasses
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from xai import attacks, images
from xai.attacks import Goal
from xai.attacks.studies import survival
from xai.attacks.studies.survival import ALTERATIONS, survive
from xai.types import Prediction

PIXELS = np.random.default_rng(3).integers(0, 256, (2, 1, 16, 16)) / np.float32(255)
CLEAN, ATTACKED = PIXELS.astype(np.float32)


@pytest.fixture
def brightness(linear):
    """Says "class 1" of grey images that are brighter than a half on average."""
    weight = np.stack([np.zeros((1, 16, 16)), np.full((1, 16, 16), 1 / 256)])
    return linear(weight, np.array([0.5, 0.0]))


def by_name(found):
    return {one.name: one for one in found}


def test_every_row_is_what_the_network_says_of_the_file_read_again(lenet, digits):
    clean, goal = digits[0][0], Goal.untargeted(int(digits[1][0]))
    result = attacks.run(lenet, clean, "fgsm", goal=goal)
    found = by_name(survive(lenet, clean, result.image, goal))
    assert list(found) == [name for name in ALTERATIONS if name not in ("grey", "photograph")]
    buffer = BytesIO()
    Image.fromarray(images.to_uint8(result.image)[:, :, 0]).save(buffer, "JPEG", quality=50)
    again = np.asarray(Image.open(buffer).convert("L"), np.float32)[None] / 255
    said = lenet.predict(again)
    np.testing.assert_allclose(found["jpeg50"].attacked.logits, said.logits, atol=1e-4)
    assert found["jpeg50"].size == len(buffer.getvalue())
    assert found["jpeg50"].survives == goal.reached(said.label)
    for one in found.values():
        assert one.survives == goal.reached(lenet.predict(one.image).label)


def test_an_8_bit_image_comes_out_of_a_png_as_it_went_in(lenet, digits):
    clean, goal = digits[0][1], Goal.untargeted(int(digits[1][1]))
    result = attacks.run(lenet, clean, "pgd", goal=goal, params={"steps": 5})
    found = by_name(survive(lenet, clean, result.image, goal))["png"]
    assert result.quantized
    np.testing.assert_array_equal(found.image, result.image)
    assert found.survives == result.success
    assert found.left == pytest.approx(1)
    np.testing.assert_allclose(found.attacked.logits, result.after.logits, atol=1e-4)


def test_what_is_left_of_the_difference_is_measured(brightness):
    moved = CLEAN.copy()
    moved[:, 8, 8] = 1 - np.round(CLEAN[:, 8, 8])
    found = by_name(survive(brightness, CLEAN, moved, Goal.untargeted(0)))
    assert found["png"].left == pytest.approx(1)
    assert found["right"].left == pytest.approx(1)
    assert found["half"].left < 0.6
    # A single pixel, blurred: the square root of the sum of the squared weights.
    assert found["blur"].left == pytest.approx(1 / (2 * np.sqrt(np.pi)), rel=0.02)
    assert np.isnan(by_name(survive(brightness, CLEAN, CLEAN, Goal.untargeted(0)))["png"].left)


def test_an_image_that_the_change_itself_confuses_is_not_called_healthy(linear):
    """A network that looks at the left border alone, where a shifted picture has what it had."""
    weight = np.zeros((2, 1, 16, 16))
    weight[1, 0, :, 1] = 1
    model = linear(weight, np.array([8.0, 0.0]))
    clean = np.zeros((1, 16, 16), np.float32)
    clean[0, :, 0] = 1
    found = by_name(survive(model, clean, np.zeros_like(clean), Goal.untargeted(0)))
    assert not found["right"].healthy
    assert found["down"].healthy
    # Read differently is not healthy, whether or not that was the attack's goal.
    towards = by_name(survive(model, clean, np.zeros_like(clean), Goal.targeted(0)))
    assert [towards[name].healthy for name in ("right", "down")] == [False, True]
    assert "One pixel right: the clean image is read differently" in survival.verdict(
        tuple(found.values())
    )


def test_colour_is_taken_out_of_colour_images_alone(smooth):
    image = np.random.default_rng(0).random((3, 4, 4), dtype=np.float32)
    found = by_name(survive(smooth, image, image, Goal.untargeted(0), noise=image))["grey"]
    assert (found.image == found.image[:1]).all()
    pixels = images.to_uint8(image).astype(float)
    expected = pixels @ [0.299, 0.587, 0.114]
    assert np.abs(255 * found.image[0] - expected).max() <= 0.51
    np.testing.assert_allclose(found.noise.logits, found.clean.logits, atol=1e-5)
    others = [Goal.untargeted(found.noise.label), Goal.targeted(found.noise.label)]
    swayed = [by_name(survive(smooth, image, image, goal, noise=image)) for goal in others]
    assert [one["grey"].swayed for one in swayed] == [False, True]


def test_a_file_is_opened_anew_where_that_makes_a_difference(linear, brightness):
    model = linear(np.ones((2, 1, 16, 16)))
    model.spec = dataclasses.replace(model.spec, resize=20)
    found = by_name(survive(model, CLEAN, ATTACKED, Goal.untargeted(0)))
    expected = model.prepare(images.to_uint8(ATTACKED))
    np.testing.assert_array_equal(found["photograph"].image, expected)
    brightness.spec = dataclasses.replace(brightness.spec, resize=16)
    assert "photograph" not in by_name(survive(brightness, CLEAN, ATTACKED, Goal.untargeted(0)))


def test_it_reports_and_can_be_stopped(brightness):
    seen = []

    def stop(done, total, message):
        seen.append((done, total, message))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survive(brightness, CLEAN, ATTACKED, Goal.untargeted(0), progress=stop)
    assert [done for done, _, _ in seen] == [1, 2]
    assert seen[0][1] == len(ALTERATIONS) - 1
    assert seen[0][2] == "PNG"


def test_images_that_do_not_fit_are_refused(brightness):
    with pytest.raises(ValueError, match="shape"):
        survive(brightness, CLEAN, ATTACKED[:, :8], Goal.untargeted(0))
    with pytest.raises(ValueError, match="finite"):
        survive(brightness, CLEAN, ATTACKED * np.nan, Goal.untargeted(0))


def row(label: str, *, survives: bool, healthy: bool) -> survival.Survival:
    said = Prediction(np.zeros(2, np.float32), np.full(2, 0.5, np.float32), ("a", "b"))
    return survival.Survival(
        "png", label, "", 1, CLEAN, said, said, None, survives, healthy, left=1.0
    )


def test_the_verdict_counts_only_changes_that_spare_the_clean_image():
    rows = (
        row("PNG", survives=True, healthy=True),
        row("blur", survives=False, healthy=True),
        row("grey", survives=True, healthy=False),
    )
    said = survival.verdict(rows)
    assert "survives 1 of 2" in said
    assert "undone by: blur." in said
    assert "It survives: PNG." in said
    assert "grey: the clean image" in said
    assert "noise" not in said
    noisy = dataclasses.replace(rows[0], swayed=True)
    assert "noise of the same size fools after 1 of these 2" in survival.verdict((noisy, *rows[1:]))
    assert "0 of 0" not in survival.verdict(rows[2:])
    with pytest.raises(ValueError, match="at least one"):
        survival.verdict(())
