"""The page of the dataset map in a real browser: click, selection, live work, two maps."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from xai.datasets import ImageSet, load_all, pool_sample

pytestmark = pytest.mark.browser

Settle = Callable[[Page], None]
Visit = Callable[..., Page]

DIGITS = "data=mnist&model=lenet5-mnist"
QUICK = f"{DIGITS}&n=100&map=pca&space=pixels&place=False"
#: So many steps that a run is seen on its way.
SLOW = f"{DIGITS}&n=300&map=tsne&space=relu3&place=False&tsne.iterations=4000"
#: Milliseconds that work may take on a busy machine.
PATIENCE = 90_000


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return pool_sample(load_all("mnist"), 100)


@pytest.fixture
def visit(app_server: Callable[..., str], open_page: Callable[..., Page], settle: Settle) -> Visit:
    """Open the page: ``visit("map=pca", theme="dark")``; unfinished where ``ready`` is False."""

    def go(query: str, *, ready: bool = True, **context: object) -> Page:
        page = open_page(**{"width": 1366, "height": 1500, **context})
        page.goto(f"{app_server('Home.py')}/dataset?{query}")
        if ready:
            finished(page)
            settle(page)
        return page

    return go


def finished(page: Page) -> None:
    """Wait until the map and all that hangs on it are there, and nothing has gone wrong."""
    expect(page.get_by_text("Click a point to inspect it.")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".map[data-ready=yes]")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Colour by").locator("option[value=trust]")).to_have_count(1)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def canvas(page: Page, panel: int = 0, layer: str = "above") -> Locator:
    return page.locator(f"canvas.{layer}").nth(panel)


def look(page: Page, panel: int = 0) -> str:
    """Return the drawn points as text, to compare."""
    page.wait_for_timeout(100)
    found: str = canvas(page, panel, "below").evaluate("canvas => canvas.toDataURL()")
    return found


def at_rest(page: Page, panel: int = 0) -> str:
    """Wait until the points have come to rest; return them as text."""
    before, now = "", look(page, panel)
    for _ in range(60):
        page.wait_for_timeout(300)
        before, now = now, look(page, panel)
        if now == before:
            return now
    raise AssertionError("the points do not come to rest")


def point_at(page: Page, images: ImageSet) -> str:
    """Move the mouse over the map until it is on a point; return the image's id."""
    box = canvas(page).bounding_box()
    assert box is not None
    card = page.locator(".card")
    for share in np.linspace(0.2, 0.8, 40):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        page.wait_for_timeout(20)
        name = card.get_attribute("data-id")
        if name is not None:
            assert name in images
            return name
    raise AssertionError("no point in the middle of the map")


def select_left_part(page: Page, panel: int = 0) -> None:
    """Draw a box over the left part of a map."""
    page.get_by_role("button", name="Box", exact=True).click()
    box = canvas(page, panel).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.42 * box["width"], box["y"] + box["height"] - 3, steps=4)
    page.mouse.up()


def counted(page: Page) -> int:
    """Return how many images the toolbar of the map calls selected."""
    chosen = page.locator(".chosen")
    expect(chosen).to_be_visible()
    return int(chosen.inner_text().split()[0].replace(",", ""))


def gallery(page: Page, images: ImageSet) -> list[str]:
    """Return the ids of the pictures in the gallery below the map."""
    lists = page.get_by_test_id("stMain").get_by_role("listbox")
    options = lists.filter(has=page.get_by_role("option")).last.get_by_role("option")
    labels = options.evaluate_all("all => all.map(one => one.ariaLabel)")
    found = [re.search(r"mnist-\w+-\d+", label) for label in labels]
    names = [match.group() for match in found if match]
    assert len(names) == len(labels)
    assert set(names) <= set(images.ids)
    return names


def of_the_table(page: Page) -> set[str]:
    """Return the ids of the selection's own file."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Images and table").click()
    with zipfile.ZipFile(Path(download.value.path())) as file:
        rows = csv.DictReader(io.StringIO(file.read("images.csv").decode()))
        return {row["id"] for row in rows}


# ----------------------------------------------------------------------- the inspector
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_click_on_a_point_inspects_that_image(
    theme: str, visit: Visit, settle: Settle, images: ImageSet
) -> None:
    page = visit(QUICK, theme=theme)
    expect(page.get_by_text("No image is chosen")).to_be_visible()
    name = point_at(page, images)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("code").get_by_text(name, exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("nearest images"))).to_be_visible()
    finished(page)
    settle(page)
    assert f"point={name}" in page.url
    expect(page.get_by_role("img", name=f"the image {name}")).to_be_visible()
    page.get_by_role("button", name="Use this image").click()
    expect(page.get_by_test_id("stSidebar").locator("[aria-selected=true]")).to_have_attribute(
        "aria-label", re.compile(name), timeout=PATIENCE
    )


def test_the_next_mistake_is_another_one(visit: Visit) -> None:
    page = visit(f"{DIGITS}&n=2000&map=pca&space=pixels")
    seen: set[str] = set()
    for _ in range(3):
        page.get_by_role("button", name="Show me a mistake").click()
        shown = page.get_by_test_id("stMain").locator("code").filter(has_text="mnist-")
        for name in seen:
            expect(shown).not_to_have_text(name)
        seen.add(shown.inner_text())
        expect(page.get_by_text(re.compile("^True: "))).to_be_visible()
        true = page.get_by_text(re.compile("^True: ")).locator("strong").inner_text()
        expect(page.get_by_text(re.compile("^Seen: ")).locator("strong")).not_to_have_text(true)
    assert len(seen) == 3


# ----------------------------------------------------------------------- the selection
def test_a_box_fills_the_gallery_and_survives_colours_and_filters(
    visit: Visit, settle: Settle, images: ImageSet
) -> None:
    page = visit(QUICK)
    select_left_part(page)
    count = counted(page)
    assert 10 < count < 90
    expect(page.get_by_text(f"{count} images selected")).to_be_visible()
    settle(page)
    chosen = gallery(page, images)
    assert len(chosen) == count
    assert set(chosen) == of_the_table(page)
    page.get_by_label("Colour by").select_option("trust")
    expect(page.locator(".strip")).to_be_visible()
    settle(page)
    assert gallery(page, images) == chosen
    page.locator(".chosen").hover()
    before = look(page)
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("combobox", name="Classes").click()
    page.get_by_role("option", name="3", exact=True).click()
    passing = int((images.labels == 3).sum())
    expect(page.get_by_text(f"{passing} of 100 images pass the filter")).to_be_visible()
    page.keyboard.press("Escape")  # closes the list, then what it hangs on
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Classes")).to_be_hidden()
    settle(page)
    assert gallery(page, images) == chosen
    assert counted(page) == count
    assert look(page) != before
    page.locator(".chosen").click()
    expect(page.get_by_text(f"{passing} images that pass the filter")).to_be_visible()
    settle(page)
    expected = {name for name, label in zip(images.ids, images.labels, strict=True) if label == 3}
    assert set(gallery(page, images)) == expected


def test_two_maps_share_selection_and_inspected_image(
    visit: Visit, settle: Settle, images: ImageSet
) -> None:
    page = visit(f"{QUICK}&beside=True&b.map=pca&b.space=relu4", theme="dark", width=1920)
    expect(page.locator(".panel")).to_have_count(2)
    expect(page.locator(".title")).to_have_text(["PCA of pixels", "PCA of relu4"])
    before = look(page, 0)
    select_left_part(page, panel=1)
    count = counted(page)
    assert 10 < count < 90
    expect(page.get_by_text(f"{count} images selected")).to_be_visible()
    page.mouse.move(5, 5)
    settle(page)
    assert look(page, 0) != before
    page.get_by_role("button", name="Move", exact=True).click()
    marks = "canvas => canvas.toDataURL()"
    page.mouse.move(5, 5)
    page.wait_for_timeout(100)
    bare = canvas(page, 1).evaluate(marks)
    name = point_at(page, images)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("code").get_by_text(name, exact=True)).to_be_visible()
    page.mouse.move(5, 5)
    page.wait_for_timeout(100)
    assert canvas(page, 1).evaluate(marks) != bare
    assert counted(page) == count


# ------------------------------------------------------------------------- live work
def test_a_run_moves_and_can_be_stopped_with_what_it_has_reached(
    visit: Visit, settle: Settle
) -> None:
    page = visit(SLOW, ready=False)
    step = page.locator(".step").first
    expect(step).to_have_text(re.compile("step [1-9]"), timeout=PATIENCE)
    first = look(page)
    page.wait_for_timeout(800)
    assert look(page) != first
    page.locator(".st-key-stop-map-0 button").click()
    told = page.get_by_text(re.compile(r"was stopped at step \d+ of 4250"))
    expect(told).to_be_visible(timeout=PATIENCE)
    finished(page)
    settle(page)
    still = at_rest(page)
    page.get_by_role("button", name="Make it to the end").click()
    expect(told).to_have_count(0)
    finished(page)
    settle(page)
    assert at_rest(page) != still


def test_stopping_before_there_is_a_map_offers_to_start_again(visit: Visit) -> None:
    # The second map waits for the first, however quick the machine is.
    page = visit(f"{SLOW}&tsne.perplexity=9&beside=True&b.map=tsne&b.space=relu2", ready=False)
    page.locator(".st-key-stop-map-1 button").click(timeout=PATIENCE)
    expect(page.get_by_text("was stopped.")).to_be_visible(timeout=PATIENCE)
    again = page.get_by_role("button", name=re.compile("^Start again"))
    expect(again).to_have_count(1)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    again.click()
    # A bar that was drawn before may stay until the run of the page is over.
    expect(page.get_by_test_id("stProgress").first).to_be_visible(timeout=PATIENCE)
    expect(again).to_have_count(0)
    page.locator(".st-key-stop-map-0 button").click()
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)


def test_work_goes_on_while_the_reader_is_on_another_page(visit: Visit, settle: Settle) -> None:
    page = visit(f"{SLOW}&tsne.perplexity=12", ready=False)
    expect(page.get_by_test_id("stProgress")).to_contain_text("step", timeout=PATIENCE)
    page.get_by_role("link", name="Architecture", exact=True).click()
    expect(page.get_by_text("Traced from the forward pass")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Dataset map", exact=True).click()
    # It stands where it is by now, not at its beginning.
    bar = page.get_by_test_id("stProgress").filter(has_text=re.compile(r"step (\d{3,}) of"))
    whole = page.get_by_text("Click a point to inspect it.")
    expect(bar.or_(whole).first).to_be_visible(timeout=PATIENCE)
    finished(page)
    settle(page)
    expect(page.locator(".title")).to_have_text("t-SNE of relu3")
