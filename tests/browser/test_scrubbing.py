"""The training page in a real browser: its epochs are stepped through, dragged, and played."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from reading import unbroken

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Settle = Callable[[Page], None]

#: Milliseconds that work may take on a busy machine.
PATIENCE = 90_000
CHART = "[data-testid=stVegaLiteChart] svg.marks"


@pytest.fixture
def visit(app_server: Callable[..., str], open_page: Callable[..., Page], settle: Settle) -> Visit:
    """Open the page at an epoch of the run that ships."""

    def go(epoch: str, query: str = "") -> Page:
        page = open_page(width=1366, height=900)
        given = f"data=mnist&model=lenet5-mnist&epoch={epoch}&{query}"
        page.goto(f"{app_server('Home.py')}/training?{given}")
        expect(page.locator(".epochs[data-ready=yes]")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_label(re.compile(r"epoch .*This image"))).to_be_visible(timeout=PATIENCE)
        settle(page)
        unbroken(page)
        return page

    return go


def word(page: Page) -> Locator:
    return page.locator(".epochs .word")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Epoch", exact=True)


def seen(page: Page, epoch: str) -> None:
    """Wait until the network is shown as it was at an epoch."""
    expect(page.get_by_label(re.compile(rf", epoch {re.escape(epoch)}: "))).to_be_visible(
        timeout=PATIENCE
    )


def test_it_plays_to_the_end_and_stops_there(visit: Visit, settle: Settle) -> None:
    page = visit("37")
    # What is drawn anew would not keep what is written on it.
    page.locator(CHART).last.evaluate("chart => { chart.dataset.kept = 'yes' }")
    page.locator(".epochs").get_by_role("button", name="Play").click()
    expect(word(page)).to_have_text(re.compile("^Epoch 40 "), timeout=PATIENCE)
    seen(page, "40")
    expect(page.locator(".epochs").get_by_role("button", name="Play")).to_be_visible()
    settle(page)
    expect(page.locator(f"{CHART}[data-kept=yes]")).to_have_count(1)
    expect(page).not_to_have_url(re.compile("epoch="))
    unbroken(page)
    # From the end it begins anew.
    page.locator(".epochs").get_by_role("button", name="Play").click()
    # Any epoch of those that it passes; a single one may come and go between two looks.
    expect(word(page)).not_to_have_text(re.compile("^Epoch 40 "), timeout=PATIENCE)
    page.locator(".epochs").get_by_role("button", name="Pause").click()
    expect(page).to_have_url(re.compile("epoch="), timeout=PATIENCE)


def test_keys_and_buttons_step_and_the_link_follows(visit: Visit, settle: Settle) -> None:
    page = visit("0.5")
    expect(word(page)).to_have_text(re.compile("^Epoch 0.5 "))
    slider(page).focus()
    page.keyboard.press("ArrowRight")
    seen(page, "1")
    expect(page).to_have_url(re.compile("epoch=1&|epoch=1$"), timeout=PATIENCE)
    page.get_by_role("button", name="Epoch before").click()
    seen(page, "0.5")
    settle(page)
    # Another choice runs the whole page: the place is kept.
    page.get_by_text("Norms", exact=True).click()
    expect(page.get_by_text("Length of the weights").first).to_be_visible(timeout=PATIENCE)
    expect(word(page)).to_have_text(re.compile("^Epoch 0.5 "))
    unbroken(page)


def test_dragging_shows_epochs_before_it_is_let_go(visit: Visit) -> None:
    page = visit("40")
    slider(page).scroll_into_view_if_needed()
    box = slider(page).bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 9, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, middle, steps=6)
    expect(word(page)).to_have_text(re.compile("^Epoch (1[6-9]|2[0-2]) "))
    now = word(page).inner_text().split()[1]
    seen(page, now)
    expect(page).not_to_have_url(re.compile("epoch="))
    page.mouse.up()
    expect(page).to_have_url(re.compile(f"epoch={now}"), timeout=PATIENCE)
