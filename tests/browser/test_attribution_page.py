"""The attribution page in a real browser: panels that are read together, and their checks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from reading import unbroken

pytestmark = pytest.mark.browser

Visit = Callable[[str], Page]

DIGITS = "data=mnist&model=lenet5-mnist"
#: Milliseconds that work may take on a busy machine.
PATIENCE = 90_000


@pytest.fixture
def visit(
    app_server: Callable[..., str],
    open_page: Callable[..., Page],
    settle: Callable[[Page], None],
) -> Visit:
    """Open the page with digits: ``visit("methods=lrp")``."""

    def go(query: str) -> Page:
        page = open_page(width=1366, height=768)
        page.goto(f"{app_server('Home.py')}/attribution?{DIGITS}&{query}")
        done(page)
        settle(page)
        return page

    return go


def done(page: Page) -> None:
    """Wait until nothing is under way, and nothing has gone wrong."""
    expect(page.get_by_role("heading", name="Inside the network")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)
    unbroken(page)


def views(page: Page) -> Locator:
    """The input and all maps."""
    return page.locator(".relevance[data-ready=yes]")


def view(page: Page, name: str) -> Locator:
    """A map, by what it is called."""
    canvas = page.get_by_role("application", name=re.compile(f"^{name}"))
    return views(page).filter(has=canvas)


def drawn(one: Locator) -> str:
    """Return what a map's canvas shows."""
    picture: str = one.locator("canvas").evaluate("canvas => canvas.toDataURL()")
    return picture


def close(page: Page, popover: Locator) -> None:
    page.keyboard.press("Escape")
    expect(popover).to_have_count(0)


# ------------------------------------------------------------------------------- panels
def test_a_pixel_is_read_in_all_panels_at_once(visit: Visit) -> None:
    page = visit("methods=gradient,grad_cam,lrp")
    expect(views(page)).to_have_count(4)
    expect(page.locator(".cross:visible")).to_have_count(0)
    view(page, "LRP").locator("canvas").hover()
    expect(page.locator(".cross:visible")).to_have_count(4)
    for place in range(4):
        expect(views(page).nth(place).locator(".where")).to_have_text(
            views(page).first.locator(".where").inner_text()
        )
        expect(views(page).nth(place).locator(".value")).to_have_text(re.compile(r"\d"))
    page.get_by_role("heading", name="Inside the network").hover()
    expect(page.locator(".cross:visible")).to_have_count(0)


def test_a_panel_is_added_asked_about_another_class_and_taken_away(
    visit: Visit, settle: Callable[[Page], None], tmp_path: Path
) -> None:
    page = visit("methods=gradient")
    page.get_by_role("button", name="Add a panel").click()
    popover = page.get_by_test_id("stPopoverBody")
    popover.get_by_role("button", name="Grad-CAM", exact=True).click()
    expect(view(page, "Grad-CAM for")).to_be_visible(timeout=PATIENCE)
    close(page, popover)
    assert "methods=gradient%2Cgrad_cam" in page.url

    page.get_by_role("button", name="Settings").last.click()
    box = popover.get_by_role("combobox", name="Explain")
    box.fill("3")
    page.get_by_role("option", name="3", exact=True).click()
    expect(view(page, "Grad-CAM for 3")).to_be_visible(timeout=PATIENCE)
    assert "grad_cam%403" in page.url
    close(page, popover)
    done(page)
    settle(page)

    page.get_by_role("button", name="Files").last.click()
    with page.expect_download() as download:
        popover.get_by_role("button", name="Manifest").click()
    download.value.save_as(tmp_path / "manifest.json")
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert "grad_cam" in json.dumps(manifest)
    close(page, popover)

    page.locator(".st-key-grad_cam-remove button:visible").click()
    expect(view(page, "Grad-CAM")).to_have_count(0)
    expect(views(page)).to_have_count(2)
    done(page)


def test_rise_grows_is_stopped_and_begins_again(app_server: Callable[..., str], page: Page) -> None:
    page.goto(f"{app_server('Home.py')}/attribution?{DIGITS}&methods=rise&rise.n=20000")
    growing = view(page, "RISE, so far")
    expect(growing).to_be_visible(timeout=PATIENCE)
    before = drawn(growing)
    expect(growing.locator("canvas")).to_be_visible()
    page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before",
        arg=[growing.locator("canvas").element_handle(), before],
        timeout=PATIENCE,
    )
    page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    again = page.get_by_role("button", name="Start again: RISE")
    expect(again).to_be_visible(timeout=PATIENCE)
    done(page)
    again.click()
    expect(again).to_have_count(0)
    expect(growing).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    expect(again).to_be_visible(timeout=PATIENCE)
    done(page)


# ------------------------------------------------------------------------------- checks
def test_randomisation_runs_and_its_slider_moves_the_maps(visit: Visit) -> None:
    page = visit("methods=grad_cam,guided_backprop&check=randomisation")
    slider = page.get_by_role("slider", name="Step")
    expect(slider).to_be_visible(timeout=PATIENCE)
    done(page)
    second = page.get_by_role("img", name="Guided backpropagation at step 1")
    expect(second).to_be_visible()
    before = second.get_attribute("src")
    slider.press("ArrowRight")
    after = page.get_by_role("img", name="Guided backpropagation at step 2")
    expect(after).to_be_visible(timeout=PATIENCE)
    assert after.get_attribute("src") != before
    done(page)


def test_the_ledger_is_drawn_with_its_numbers_on_each_ribbon(visit: Visit) -> None:
    page = visit("methods=lrp&check=ledger")
    drawing = page.locator(".drawing svg")
    expect(drawing).to_be_visible(timeout=PATIENCE)
    assert drawing.locator("title").count() > 5
    words = drawing.locator("title").all_text_contents()
    assert sum(bool(re.search(r"\d", text)) for text in words) > 5
    done(page)
