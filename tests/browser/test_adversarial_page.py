"""The adversarial page in a real browser: attacks at work, stopped, looked at, voted on."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from reading import button, canvas_pixels, choices, unbroken

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Settle = Callable[[Page], None]

DIGITS = "data=mnist&model=lenet5-mnist"
PHOTOGRAPHS = "data=photos&model=efficientnet-lite0"
#: Milliseconds that work may take on a busy machine.
PATIENCE = 90_000
_VERDICT = re.compile("^(Fooled|It held|Not reached|Nothing to attack)")
_STEP = re.compile(r"^Step \d+ of 1000\.")


@pytest.fixture
def visit(app_server: Callable[..., str], open_page: Callable[..., Page], settle: Settle) -> Visit:
    """Open the page: ``visit(DIGITS, "attack=fgsm")``; ``ready=False`` while it is at work."""

    def go(*query: str, ready: bool = True) -> Page:
        page = open_page(width=1366, height=768)
        page.goto(f"{app_server('Home.py')}/adversarial?{'&'.join(query)}")
        if ready:
            done(page)
            settle(page)
        return page

    return go


def done(page: Page) -> None:
    """Wait until nothing is under way, and nothing has gone wrong."""
    expect(page.get_by_text(_VERDICT)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)
    unbroken(page)


# ----------------------------------------------------------------------- while it is at work
def shown(page: Page) -> Locator:
    return page.get_by_role("img", name="the image under attack, so far")


def line(page: Page, word: str) -> Locator:
    """Find the line of a chart of the trace."""
    chart = page.get_by_label(re.compile(f"^{re.escape(word)} .* over the steps of the attack$"))
    return chart.locator(".mark-line path").first


def goes_on(page: Page) -> None:
    """Expect image, trace and words of an attack at work to change from one look to the next."""
    expect(page.get_by_text(_STEP)).to_be_visible(timeout=PATIENCE)
    looks = [(page.get_by_text(_STEP), None), (shown(page), "src")]
    looks += [(line(page, word), "d") for word in ("probability", "loss (nats)")]
    before = [
        one.inner_text(timeout=PATIENCE)
        if name is None
        else one.get_attribute(name, timeout=PATIENCE)
        for one, name in looks
    ]
    for (one, name), old in zip(looks, before, strict=True):
        assert old
        if name is None:
            expect(one).not_to_have_text(old, timeout=PATIENCE)
        else:
            expect(one).not_to_have_attribute(name, old, timeout=PATIENCE)
    assert shown(page).evaluate("image => image.naturalWidth") >= 224


def stop(page: Page) -> Locator:
    """Stop what is at work; return the button that begins again."""
    button(page, "Stop").click()
    again = button(page, "Start again: PGD")
    expect(again).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("PGD was stopped.")).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(shown(page)).to_have_count(0)
    unbroken(page)
    return again


def test_a_long_attack_is_watched_stopped_and_begun_again(visit: Visit) -> None:
    page = visit(PHOTOGRAPHS, "attack=pgd&pgd.steps=1000", ready=False)
    goes_on(page)
    again = stop(page)
    again.click()
    expect(again).to_have_count(0, timeout=PATIENCE)
    goes_on(page)
    stop(page)


# --------------------------------------------------------------------------- what came of it
def picture(page: Page, words: str) -> np.ndarray:
    """Return a digit that the page shows as a file, one value for each of its pixels."""
    one = page.get_by_role("img", name=words, exact=True)
    body = page.request.get(one.evaluate("image => image.src")).body()
    found = np.asarray(Image.open(BytesIO(body)).convert("L"))
    side = found.shape[0] // 28
    return found[::side, ::side]


def swiped(page: Page, view: int) -> list[np.ndarray]:
    """Return what lies left and right of a divider: the clean and the attacked digit."""
    stage = page.locator(".swipe[data-ready=yes]").nth(view)
    expect(stage).to_be_visible(timeout=PATIENCE)
    return [
        canvas_pixels(page, f".swipe[data-ready=yes] >> nth={view} >> canvas.{name}")[..., 0]
        for name in ("before", "after")
    ]


def test_the_divider_is_moved_by_keys_between_the_clean_and_the_attacked(visit: Visit) -> None:
    page = visit(DIGITS, "attack=fgsm&eps=26")
    before, after = swiped(page, 0)
    assert (before == picture(page, "the clean input")).all()
    assert (after == picture(page, "the attacked input")).all()
    assert np.abs(after.astype(int) - before).max() == 26
    divider = page.get_by_role("slider", name="Divider: clean left, attacked right")
    upper = page.locator(".swipe canvas.before")
    cut, place = "one => getComputedStyle(one).clipPath", divider.bounding_box()
    halved = upper.evaluate(cut)
    divider.focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(divider).to_have_attribute("aria-valuetext", "64 % clean, 36 % attacked")
    moved = divider.bounding_box()
    assert place is not None
    assert moved is not None
    assert moved["x"] > place["x"] + 10
    assert upper.evaluate(cut) != halved
    page.keyboard.press("End")
    expect(divider).to_have_attribute("aria-valuetext", "100 % clean, 0 % attacked")


def test_of_many_strengths_in_a_row_the_last_is_answered(visit: Visit) -> None:
    page = visit(DIGITS, "attack=pgd&eps=20&pgd.steps=500")
    expect(page.get_by_text("Largest change of a pixel 20/255")).to_be_visible()
    slider = page.get_by_role("slider", name="Strength (1/255)")
    slider.focus()
    for key in ("ArrowRight",) * 4 + ("ArrowLeft",) + ("ArrowRight",) * 2:
        page.keyboard.press(key)
        # Long enough for a run of the page to begin, too short for most attacks to end.
        page.wait_for_timeout(250)
    expect(slider).to_have_value("25")
    expect(page.get_by_text("Largest change of a pixel 25/255")).to_be_visible(timeout=PATIENCE)
    done(page)
    expect(page.get_by_text("Largest change of a pixel")).to_have_count(1)
    expect(page.get_by_role("button", name="What is 25/255?")).to_be_visible()
    change = picture(page, "the attacked input").astype(int) - picture(page, "the clean input")
    assert np.abs(change).max() == 25
    assert choices(page)["eps"] == "25"


# -------------------------------------------------------------------------------- questions
def test_many_images_are_begun_stopped_and_finished(visit: Visit) -> None:
    images = 1000
    page = visit(
        DIGITS,
        f"attack=fgsm&ask=many&many.n={images}&many.steps=20&many.linf=pgd&many.to=2",
        ready=False,
    )
    begin, so_far = button(page, "Attack 1,000 images"), page.get_by_text("of 1,000 images.")
    # A fast machine begins by itself.
    expect(begin.or_(so_far)).to_be_visible(timeout=PATIENCE)
    if begin.is_visible():
        begin.click()
    expect(page.get_by_text(re.compile(r"^After \d+ of 1,000 images\.$"))).to_be_visible(
        timeout=PATIENCE
    )
    curves = page.get_by_label("robust accuracy over the strength", exact=True)
    expect(curves.locator(".mark-line path").first).to_be_visible(timeout=PATIENCE)
    button(page, "Stop").click()
    on = button(page, "Go on")
    expect(on).to_be_visible(timeout=PATIENCE)
    done(page)
    said = page.get_by_text(re.compile("^Stopped: ")).inner_text()
    reached = re.match(r"Stopped: (\d+) of 1,000 images were attacked", said)
    assert reached is not None
    assert 0 < int(reached[1]) < images
    share = page.get_by_text(re.compile(r"^Clean, the network reads .* images rightly\."))
    expect(share).to_contain_text(f"of {reached[1]} images rightly")
    expect(curves).to_be_visible()
    on.click()
    expect(share).to_contain_text("of 1,000 images rightly", timeout=3 * PATIENCE)
    done(page)
    expect(on).to_have_count(0)
    expect(page.get_by_text(re.compile("^Stopped: "))).to_have_count(0)


def test_a_vote_is_answered_by_the_truth_and_counted_once(visit: Visit) -> None:
    page = visit(DIGITS, "attack=fgsm&ask=guessing&guessing.range=40-80")
    left = button(page, "The left one is attacked")
    expect(left).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("No vote yet")).to_be_visible()
    expect(page.locator(".swipe[data-ready=yes]")).to_have_count(1)
    pair = [picture(page, f"the {side} image of the pair") for side in ("left", "right")]
    left.click()
    verdict = page.get_by_text(re.compile(r"^(Found|No): it was the one on the (left|right)\."))
    expect(verdict).to_be_visible(timeout=PATIENCE)
    expect(left).to_have_count(0)
    clean, attacked = swiped(page, 1)
    assert (clean != attacked).any()
    is_left = (pair[0] == attacked).all()
    assert (pair[1] == (clean if is_left else attacked)).all()
    answer = "Found: it was the one on the left" if is_left else "No: it was the one on the right"
    expect(verdict).to_contain_text(answer)
    tally = page.get_by_text(re.compile("^Of 1 attacked images the class found"))
    expect(tally).to_contain_text(f"found {int(is_left)};")
    button(page, "Next pair").click()
    expect(button(page, "Cannot tell")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Pair 2")).to_be_visible()
    expect(tally).to_contain_text(f"found {int(is_left)};")
    expect(verdict).to_have_count(0)
    done(page)
