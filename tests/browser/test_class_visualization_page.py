"""The class visualisation page in a real browser: an image that grows, stops, turns, goes on."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from reading import button, canvas_pixels, choices, unbroken
from test_app import _CUT_OFF

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Settle = Callable[[Page], None]

DIGITS = "data=mnist&model=lenet5-mnist&wish.class=3"
#: Minutes of work, so that it lasts as long as it is looked at.
LONG = "data=photos&model=efficientnet-lite0&wish.class=281&grow.steps=2000"
#: A film that is drawn: its frames come in elements of their own, which are there for a moment.
FILM = ".film[data-ready=yes]"
#: Milliseconds that work may take on a busy machine.
PATIENCE = 90_000
_STOPPED = re.compile(r"^Stopped after [\d,]+ steps\.$")


@pytest.fixture
def visit(app_server: Callable[..., str], open_page: Callable[..., Page], settle: Settle) -> Visit:
    """Open the page: ``visit(DIGITS, "grow.steps=40")``; ``ready=False`` while it is at work."""

    def go(*query: str, ready: bool = True, theme: str = "light") -> Page:
        page = open_page(width=1366, height=768, theme=theme)
        page.goto(f"{app_server('Home.py')}/class_visualization?{'&'.join(query)}")
        if ready:
            done(page)
            settle(page)
        return page

    return go


def done(page: Page) -> None:
    """Wait until an image has grown, nothing is under way, and nothing has gone wrong."""
    expect(button(page, "Begin anew")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)
    expect(page.locator(FILM)).to_be_visible(timeout=PATIENCE)
    unbroken(page)


def knob(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("slider", name=name)


def pill(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_text(name, exact=True)


def step(page: Page) -> int:
    """Return how many steps are behind the picture that is shown."""
    words = page.locator(f"{FILM} .step")
    # A film that has just come says nothing for a moment.
    expect(words).to_have_text(re.compile(r"\d"), timeout=PATIENCE)
    return int(words.inner_text().split()[1].replace(",", ""))


def picture(page: Page) -> np.ndarray:
    return canvas_pixels(page, f"{FILM} canvas")[..., :3].astype(int)


def goes_on(page: Page) -> None:
    """Expect step and picture of an image that grows to change from one look to the next."""
    # What was drawn before stays until the run of the page is over.
    expect(page.locator(FILM)).to_have_count(1, timeout=PATIENCE)
    expect(page.locator(FILM)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(1, timeout=PATIENCE)
    # The picture first: it may move on before the words are read, and never the other way.
    words, image = page.locator(f"{FILM} .step"), picture(page)
    before = words.inner_text()
    expect(words).not_to_have_text(before, timeout=PATIENCE)
    assert (picture(page) != image).any()
    unbroken(page)


def stop(page: Page) -> int:
    """Stop what is at work; return after how many steps."""
    button(page, "Stop").click()
    said = page.get_by_text(_STOPPED)
    expect(said).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    unbroken(page)
    return int(said.inner_text().split()[2].replace(",", ""))


# ----------------------------------------------------------------------- while it is at work
def test_it_grows_is_turned_stopped_and_goes_on(visit: Visit) -> None:
    page = visit(LONG, ready=False)
    goes_on(page)
    reached = step(page)
    jitter = knob(page, "Jitter (px)")
    jitter.focus()
    jitter.press("ArrowLeft")
    # The chart of the score says where: the way so far is kept.
    expect(page.get_by_text("Dashed: a setting was changed there.")).to_be_visible(timeout=PATIENCE)
    assert step(page) >= reached
    assert choices(page)["grow.jitter"] == "11"
    goes_on(page)
    count = stop(page)
    assert step(page) == count >= reached
    kept = picture(page)
    page.wait_for_timeout(1500)
    assert step(page) == count
    assert (picture(page) == kept).all()
    button(page, "Go on").click()
    expect(page.get_by_text(_STOPPED)).to_have_count(0, timeout=PATIENCE)
    goes_on(page)
    assert step(page) > count
    assert stop(page) > count


def test_it_is_stopped_before_it_has_begun(visit: Visit) -> None:
    page = visit(LONG, "grow.seed=3", ready=False)
    expect(button(page, "Stop")).to_be_visible(timeout=PATIENCE)
    count = stop(page)
    assert count < 100
    button(page, "Go on").click()
    expect(page.get_by_text(_STOPPED)).to_have_count(0, timeout=PATIENCE)
    goes_on(page)
    stop(page)
    button(page, "Begin anew").click()
    expect(page.get_by_text(_STOPPED)).to_have_count(0, timeout=PATIENCE)
    goes_on(page)
    stop(page)


def test_who_turns_the_page_and_comes_back_finds_it_growing(visit: Visit, settle: Settle) -> None:
    page = visit(LONG, "grow.seed=4", ready=False)
    goes_on(page)
    reached = step(page)
    page.get_by_role("link", name="Architecture", exact=True).click()
    expect(page.get_by_text("Traced from the forward pass")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Visualization", exact=True).click()
    goes_on(page)
    assert step(page) >= reached
    stop(page)


# --------------------------------------------------------------------------- what came of it
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_film_is_in_the_first_screen_and_can_be_scrubbed(theme: str, visit: Visit) -> None:
    page = visit(DIGITS, "grow.steps=40", theme=theme)
    assert page.evaluate(_CUT_OFF) == []
    for part in (page.locator(f"{FILM} .stage"), page.get_by_role("button", name="Play")):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768
    assert step(page) == 40
    last = picture(page)
    bar = page.get_by_role("slider", name="Frame", exact=True)
    bar.fill("0")
    assert step(page) == 0
    assert (picture(page) != last).any()
    bar.fill("40")
    assert (picture(page) == last).all()
    for name in ("Film (.gif)", "Strip (.png)", "Raw numbers (.npz)"):
        expect(button(page, name)).to_be_visible()


@pytest.mark.parametrize(
    ("wish", "labels"),
    [
        ("wish=unit&layer=relu2", ("Channel", "Row", "Column")),
        ("wish=mix&layer=relu2", ("Channel", "and channel")),
        ("wish=channel&layer=relu3", ("Neuron",)),
    ],
)
def test_the_choice_of_a_channel_fits_its_row(
    wish: str, labels: tuple[str, ...], visit: Visit, settle: Settle
) -> None:
    page = visit(DIGITS, "grow.steps=10", wish)
    assert page.evaluate(_CUT_OFF) == []
    fields = [page.get_by_role("spinbutton", name=label, exact=True) for label in labels]
    boxes = [field.bounding_box() for field in fields]
    assert all(box is not None and box["width"] > 40 for box in boxes)
    assert len({round(box["y"]) for box in boxes if box is not None}) == 1
    fields[0].fill("1")
    fields[0].press("Enter")
    expect(page.get_by_text(re.compile(r"^(unit|channels?) 1\b"))).to_be_visible(timeout=PATIENCE)
    done(page)
    if "Row" in labels:
        fields[1].fill("0")
        fields[1].press("Enter")
        expect(page.get_by_text(re.compile("at row 0, column 5"))).to_be_visible(timeout=PATIENCE)
        done(page)
        assert choices(page)["spot"] == "0,5"


def test_all_knobs_are_set_by_one_click_again_and_again(visit: Visit, settle: Settle) -> None:
    page = visit(DIGITS, "grow.steps=10")
    for name, jitter in (("All off", "0"), ("Tested", "2"), ("All off", "0"), ("Tested", "2")):
        pill(page, name).click()
        expect(knob(page, "Jitter (px)")).to_have_value(jitter, timeout=PATIENCE)
        settle(page)
    moved = page.get_by_text("The knobs have moved since")
    expect(moved).to_have_count(0)
    pill(page, "Bare pixels").click()
    expect(moved).to_be_visible(timeout=PATIENCE)
    assert choices(page)["grow.parameterization"] == "pixels"
    button(page, "Begin anew").click()
    expect(moved).to_have_count(0, timeout=PATIENCE)
    done(page)
