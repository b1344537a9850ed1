"""The film in a real browser: its picture, its bar, and what happens when frames are added."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import film_app
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from reading import canvas_pixels, runs

from xai.figures.wording import number

pytestmark = pytest.mark.browser

APP = "tests/browser/film_app.py"
Visit = Callable[..., Page]

# Every height that the view ever had, picture included.
_HEIGHTS = """
    window.seen = new Set();
    const look = () => {
        const hosts = [...document.querySelectorAll("*")];
        const view = hosts.map((one) => one.shadowRoot?.querySelector(".film"))
            .find((one) => one?.clientWidth);
        if (view) window.seen.add(Math.round(view.getBoundingClientRect().height));
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
"""

# When another frame was shown.
_TIMES = """one => {
    window.times = [];
    const note = () => window.times.push(performance.now());
    new MutationObserver(note).observe(one, { childList: true });
}"""


@pytest.fixture
def visit(open_app: Visit) -> Visit:
    """Open the page with a film; ``visit("case=photo", theme="dark")``."""
    return functools.partial(open_app, APP, ".film[data-ready=yes]")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Frame", exact=True)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def stands(page: Page, frame: int, case: str = "digit") -> None:
    """Expect the bar, the words and the picture at one frame."""
    step = film_app.steps(60)[frame]
    score = number(film_app.score(step))
    expect(slider(page)).to_have_attribute("aria-valuetext", f"step {step} of 236, score {score}")
    expect(slider(page)).to_have_value(str(frame))
    expect(page.locator(".step")).to_have_text(f"Step {step} of 236")
    expect(page.locator(".score")).to_have_text(f"score {score}")
    image = film_app.frames(case)[frame].astype(int)
    drawn = canvas_pixels(page, ".film canvas")[..., :3].astype(int)
    assert drawn.shape[:2] == image.shape[:2]
    # Small frames come as they are, large ones a little smoothed by their file.
    error = np.abs(drawn - image).mean()
    assert error <= (6 if case == "photo" else 0), error


def fill(page: Page, frame: int) -> None:
    slider(page).fill(str(frame))


def set_frames(page: Page, count: int) -> None:
    field = page.get_by_role("spinbutton", name="Frames")
    field.fill(str(count))
    field.press("Enter")


# --------------------------------------------------------------------------- pictures
@pytest.mark.parametrize(
    ("case", "width", "crisp"), [("digit", 420, 1), ("photo", 420, 0), ("oblong", 416, 1)]
)
def test_it_opens_at_its_end_large_and_crisp_if_it_is_small(
    visit: Visit, case: str, width: int, crisp: int
) -> None:
    page = visit(f"case={case}", script=_HEIGHTS, theme="dark" if case == "photo" else "light")
    stands(page, 29, case)
    box = page.locator(".stage").bounding_box()
    assert box is not None
    height, across, _ = film_app.SHAPES[case]
    assert box["width"] == pytest.approx(width, abs=1)
    assert box["height"] == pytest.approx(width * height / across, abs=1)
    expect(page.locator(".film.crisp")).to_have_count(crisp)
    assert len(page.evaluate("[...window.seen]")) == 1


def test_it_fits_a_phone_and_its_name_is_no_markup(visit: Visit) -> None:
    page = visit("hostile=yes", width=340)
    assert page.evaluate("document.documentElement.scrollWidth") <= 340
    assert page.title() != "1"
    expect(page.get_by_role("group", name=film_app.HOSTILE)).to_have_count(1)


def test_one_frame_has_nothing_to_be_scrubbed(visit: Visit) -> None:
    page = visit("count=1")
    stands(page, 0)
    expect(slider(page)).to_be_disabled()
    expect(button(page, "Play")).to_be_disabled()


# --------------------------------------------------------------------------- the bar
def test_bar_buttons_and_keys_find_every_frame_without_a_run(visit: Visit) -> None:
    page = visit()
    before = runs(page)
    fill(page, 13)  # beyond the first file of frames
    stands(page, 13)
    slider(page).focus()
    for key, frame in {"ArrowLeft": 12, "Home": 0, "ArrowRight": 1, "End": 29}.items():
        page.keyboard.press(key)
        stands(page, frame)
    button(page, "Next frame").click()
    stands(page, 29)
    button(page, "Frame before").click()
    stands(page, 28)
    page.keyboard.press("ArrowLeft")
    stands(page, 27)
    assert runs(page) == before


def test_playing_runs_to_the_end_once_and_a_reader_stops_it(visit: Visit) -> None:
    page = visit("count=12")
    button(page, "Play").click()
    expect(button(page, "Pause")).to_be_visible()
    expect(button(page, "Play")).to_be_visible(timeout=15_000)
    stands(page, 11)
    slider(page).focus()
    page.keyboard.press("Space")
    expect(button(page, "Pause")).to_be_visible()
    expect(slider(page)).not_to_have_value("0")
    page.keyboard.press("Space")
    expect(button(page, "Play")).to_be_visible()
    frame = int(slider(page).input_value())
    assert 0 < frame < 11
    page.wait_for_timeout(900)
    stands(page, frame)


def test_with_less_motion_it_plays_slide_by_slide(visit: Visit) -> None:
    page = visit("count=4", reduced_motion="reduce")
    page.locator(".step").evaluate(_TIMES)
    button(page, "Play").click()
    expect(slider(page)).to_have_value("2")
    # A timer may be late, never early: played as a film, all would have been seen by now.
    times = page.evaluate("window.times")
    assert min(np.diff(times)) > 800


# ----------------------------------------------------------------------- more frames
def test_a_reader_at_the_end_follows_and_one_elsewhere_stays(
    visit: Visit, settle: Callable[[Page], None]
) -> None:
    page = visit("count=20", script=_HEIGHTS)
    set_frames(page, 34)
    expect(slider(page)).to_have_attribute("max", "33")
    stands(page, 33)
    fill(page, 9)
    set_frames(page, 41)
    expect(slider(page)).to_have_attribute("max", "40")
    stands(page, 9)
    # Fewer frames than that: the last that there is, and back again when they return.
    set_frames(page, 5)
    expect(slider(page)).to_have_attribute("max", "4")
    stands(page, 4)
    set_frames(page, 20)
    expect(slider(page)).to_have_attribute("max", "19")
    stands(page, 9)
    assert len(page.evaluate("[...window.seen]")) == 1
    switch = page.get_by_role("switch", name="Shown")
    switch.focus()
    page.keyboard.press("Space")
    expect(page.locator(".film .stage")).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.locator(".film[data-ready=yes]")).to_have_count(1)
    settle(page)
    stands(page, 9)


def test_a_run_is_followed_live_and_can_be_looked_back_at(visit: Visit) -> None:
    page = visit("live=yes", script=_HEIGHTS, still=False)
    page.locator(".film").evaluate("one => (one.mark = 'the same')")
    expect(slider(page)).to_have_value(re.compile(r"^[12]\d$"), timeout=20_000)
    fill(page, 6)
    expect(slider(page)).to_have_attribute("max", "39", timeout=20_000)
    stands(page, 6)
    assert page.locator(".film").evaluate("one => one.mark") == "the same"
    assert len(page.evaluate("[...window.seen]")) == 1
