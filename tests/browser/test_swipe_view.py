"""Two images in one place, in a real browser: the divider, the taking of turns."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import numpy as np
import pytest
import swipe_app
from playwright.sync_api import Locator, Page, expect
from reading import canvas_pixels, runs

pytestmark = pytest.mark.browser

APP = "tests/browser/swipe_app.py"
Visit = Callable[..., Page]

# How much higher the view is than its pictures, each value that was ever seen.
_HEIGHTS = """
    window.seen = new Set();
    const look = () => {
        const hosts = [...document.querySelectorAll("*")];
        const stage = hosts.map((one) => one.shadowRoot?.querySelector(".stage"))
            .find((one) => one?.clientWidth);
        const all = stage?.parentElement.getBoundingClientRect();
        if (all) window.seen.add(Math.round(all.height - stage.clientHeight));
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
"""


@pytest.fixture
def visit(open_app: Visit) -> Visit:
    """Open the page with a pair; ``visit("case=photo", theme="dark")``."""
    return functools.partial(open_app, APP, ".swipe[data-ready=yes]")


def divider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Divider: clean left, attacked right")


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found is not None
    return dict(found)


def stands(page: Page, percent: int) -> None:
    """Expect the divider, what is seen left of it, and what is said, at one place."""
    expect(divider(page)).to_have_attribute("aria-valuenow", str(percent))
    said = f"{percent} % clean, {100 - percent} % attacked"
    expect(divider(page)).to_have_attribute("aria-valuetext", said)
    stage, line = box(page.locator(".stage")), box(page.locator(".divider"))
    assert line["x"] + 1 - stage["x"] == pytest.approx(percent / 100 * stage["width"], abs=2)
    clip = page.locator(".before").evaluate("one => getComputedStyle(one).clipPath")
    # The browser leaves out what the sides share.
    hidden = re.findall(r"[\d.]+", clip)
    assert float(hidden[min(1, len(hidden) - 1)]) == pytest.approx(100 - percent, abs=0.6)


def seen(page: Page, *, clean: bool, attacked: bool) -> None:
    """Expect the word of each image to say whether anything of it is seen."""
    for word, on in zip(page.locator(".words span").all(), (clean, attacked), strict=True):
        expect(word).to_have_class("" if on else "off")


def drag(page: Page, start: float, end: float) -> None:
    frame = box(page.locator(".stage"))
    x, y = (lambda part: frame["x"] + part * frame["width"]), frame["y"] + frame["height"] / 3
    page.mouse.move(x(start), y)
    page.mouse.down()
    page.mouse.move(x((start + end) / 2), y + 5)
    page.mouse.move(x(end), y)
    page.mouse.up()


# -------------------------------------------------------------------------- pictures
@pytest.mark.parametrize("case", ["digit", "photo"])
def test_both_images_are_there_pixel_for_pixel_and_crisp(visit: Visit, case: str) -> None:
    page = visit(f"case={case}&start=0.25", theme="dark" if case == "photo" else "light")
    for name, image in zip(("before", "after"), swipe_app.pair(case), strict=True):
        drawn = canvas_pixels(page, f".{name}")
        assert (drawn[..., 3] == 255).all()
        np.testing.assert_array_equal(drawn[..., :3], np.broadcast_to(image, drawn[..., :3].shape))
        rendering = page.locator(f".{name}").evaluate("one => getComputedStyle(one).imageRendering")
        assert rendering == "pixelated"
    stands(page, 25)
    expect(page.get_by_role("group", name="The pair")).to_have_count(1)


def test_nothing_moves_when_the_images_come_and_they_fill_the_column(visit: Visit) -> None:
    page = visit("case=oblong", script=_HEIGHTS)
    assert len(page.evaluate("[...window.seen]")) == 1
    stage = box(page.locator(".stage"))
    column = box(page.get_by_test_id("stColumn").first)
    assert stage["width"] == pytest.approx(column["width"], abs=1)
    assert stage["width"] / stage["height"] == pytest.approx(2, abs=0.01)
    narrow = visit("case=photo&whole=yes", width=360)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 360
    # With less room than pixels it is smoothed.
    expect(narrow.locator(".swipe.crisp")).to_have_count(1)
    narrow.locator(".stage").evaluate("one => (one.style.width = '150px')")
    expect(narrow.locator(".swipe.crisp")).to_have_count(0)


# --------------------------------------------------------------------------- divider
def test_the_divider_follows_mouse_and_keys_and_no_run_is_needed(visit: Visit) -> None:
    page = visit()
    before = runs(page)
    drag(page, 0.5, 0.2)
    stands(page, 20)
    seen(page, clean=True, attacked=True)
    drag(page, 0.9, 1.4)
    stands(page, 100)
    seen(page, clean=True, attacked=False)
    page.mouse.move(5, 5)
    stands(page, 100)
    divider(page).focus()
    for key, percent in {
        "ArrowDown": 98,
        "PageDown": 88,
        "Shift+ArrowLeft": 78,
        "ArrowRight": 80,
        "PageUp": 90,
        "End": 100,
        "ArrowUp": 100,
        "Shift+Home": 0,
    }.items():
        page.keyboard.press(key)
        stands(page, percent)
    seen(page, clean=False, attacked=True)
    assert runs(page) == before


def test_a_finger_moves_the_divider_unless_it_scrolls_the_page(visit: Visit) -> None:
    page = visit("whole=yes", width=420, has_touch=True)
    page.locator(".stage").scroll_into_view_if_needed()
    frame = box(page.locator(".stage"))
    page.touchscreen.tap(frame["x"] + 0.75 * frame["width"], frame["y"] + 40)
    stands(page, 75)
    assert page.locator(".stage").evaluate("one => getComputedStyle(one).touchAction") == "pan-y"
    # A finger that scrolls the page takes the divider back.
    page.mouse.move(frame["x"] + 0.9 * frame["width"], frame["y"] + 40)
    page.mouse.down()
    stands(page, 90)
    page.locator(".stage").dispatch_event("pointercancel")
    stands(page, 75)
    page.mouse.up()
    stands(page, 75)


def test_the_place_outlives_runs_other_images_and_a_view_that_was_away(
    visit: Visit, settle: Callable[[Page], None]
) -> None:
    page = visit()
    drag(page, 0.5, 0.3)
    strength = page.get_by_role("slider", name="Strength")
    strength.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("runs: 2")).to_be_visible()
    settle(page)
    stands(page, 30)
    drawn = canvas_pixels(page, ".after")[..., :1]
    np.testing.assert_array_equal(drawn, swipe_app.pair("digit", 9)[1])
    drag(page, 0.3, 0.6)
    shown = page.get_by_role("switch", name="Shown")
    shown.focus()
    page.keyboard.press("Space")
    expect(page.locator(".stage")).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.locator(".swipe[data-ready=yes]")).to_have_count(1)
    settle(page)
    stands(page, 60)


# ---------------------------------------------------------------------- taking turns
def test_blinking_takes_turns_until_the_next_press_or_as_long_as_it_is_held(visit: Visit) -> None:
    page = visit(theme="dark")
    button = page.get_by_role("button", name="Blink")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".stage.alone")).to_have_count(1)
    for clean in (True, False, True):
        seen(page, clean=clean, attacked=not clean)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    seen(page, clean=True, attacked=True)
    stands(page, 50)
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    # Who moves the divider wants to see it.
    divider(page).focus()
    page.keyboard.press("ArrowLeft")
    expect(button).to_have_attribute("aria-pressed", "false")
    stands(page, 48)
    frame = box(button)
    page.mouse.move(frame["x"] + 20, frame["y"] + 20)
    page.mouse.down()
    seen(page, clean=False, attacked=True)
    seen(page, clean=True, attacked=False)  # half a second later: a hold
    page.mouse.up()
    expect(button).to_have_attribute("aria-pressed", "false")
    seen(page, clean=True, attacked=True)


def test_with_less_motion_each_press_shows_the_other_image(visit: Visit) -> None:
    page = visit(reduced_motion="reduce")
    button = page.get_by_role("button", name="Show the other")
    for clean in (False, True, False):
        button.click()
        seen(page, clean=clean, attacked=not clean)
        expect(button).to_have_attribute("aria-pressed", "false")
    page.wait_for_timeout(700)  # more than a turn would take
    seen(page, clean=False, attacked=True)
    drag(page, 0.1, 0.4)
    stands(page, 40)
    seen(page, clean=True, attacked=True)


def test_equal_images_have_nothing_to_blink_and_words_are_no_markup(visit: Visit) -> None:
    page = visit("strength=0&hostile=yes")
    expect(page.locator(".words img, .words b")).to_have_count(0)
    expect(page.locator(".words")).to_contain_text("<b>bold</b>")
    assert page.title() != "1"
    expect(page.get_by_role("button", name="No difference")).to_be_disabled()
    page.get_by_role("slider", name="Strength").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Blink")).to_be_enabled()
