"""The cluster-flow page in a real browser: pointing, clicking, following, ordering, stopping."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from reading import button, choices, unbroken
from test_app import _CUT_OFF

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Settle = Callable[[Page], None]

COUNT = 250
DIGITS = f"data=mnist&model=lenet5-mnist&flow.n={COUNT}&flow.layers=relu2,relu4,fc3"
#: 2,000 images, since the network gets nearly all of them right; k-means, which is quick.
MANY = DIGITS.replace(f"flow.n={COUNT}", "flow.n=2000&flow.by=kmeans")
#: Half a minute of work, so that it lasts as long as it is looked at.
LONG = "data=mnist&model=lenet5-mnist&flow.n=2000"
#: Milliseconds that work may take on a busy machine.
PATIENCE = 90_000
FIGURE = ".flow[data-ready=yes]"


@pytest.fixture
def visit(app_server: Callable[..., str], open_page: Callable[..., Page], settle: Settle) -> Visit:
    """Open the page: ``visit(DIGITS, "flow.show=wrong")``; ``ready=False`` while it is at work."""

    def go(*query: str, ready: bool = True, theme: str = "light", **size: int) -> Page:
        page = open_page(theme=theme, **({"width": 1366, "height": 768} | size))
        page.goto(f"{app_server('Home.py')}/cluster_flow?{'&'.join(query)}")
        if ready:
            done(page)
            settle(page)
        return page

    return go


def done(page: Page) -> None:
    """Wait until the drawing is there, nothing is under way, and nothing has gone wrong."""
    expect(page.locator(FIGURE)).to_have_count(1, timeout=PATIENCE)
    expect(page.locator(FIGURE)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Each question looks at the flow above")).to_be_visible(
        timeout=PATIENCE
    )
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)
    unbroken(page)


def nodes(page: Page, column: int) -> Locator:
    return page.locator(f'.flow .node[data-column="{column}"]')


def tallest(page: Page, column: int) -> Locator:
    """Return the box of a column that is the highest: it can be aimed at."""
    boxes = nodes(page, column).all()
    return max(
        boxes, key=lambda box: (box.locator(".body").bounding_box() or {"height": 0})["height"]
    )


def point(page: Page, node: Locator) -> tuple[float, float]:
    box = node.locator(".body").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def told(page: Page) -> int:
    """Return how many images the card says that there are."""
    card = page.locator(".flow .card")
    expect(card).to_be_visible()
    found = re.search(r"([\d,]+) image", card.locator(".count").inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def attribute(page: Page, name: str) -> str:
    return page.locator(".flow").get_attribute(f"data-{name}") or ""


# ------------------------------------------------------------------------------ looking
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_drawing_is_in_the_first_screen(theme: str, visit: Visit) -> None:
    page = visit(DIGITS, theme=theme)
    assert page.evaluate(_CUT_OFF) == []
    stage = nodes(page, 0).first.locator("xpath=ancestor::*[name()='svg'][1]").bounding_box()
    assert stage is not None
    assert stage["y"] + stage["height"] <= 768
    expect(page.locator(".flow .head .name")).to_have_text(["relu2", "relu4", "fc3"])
    expect(page.get_by_role("link", name="Cluster flow", exact=True)).to_be_visible()


def test_a_phone_does_not_scroll_sideways(visit: Visit) -> None:
    page = visit(DIGITS, width=390, height=844)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 391


def test_each_image_is_in_one_box_of_a_column(visit: Visit, settle: Settle) -> None:
    page = visit(DIGITS)
    for column in (0, 2):
        total = 0
        for node in nodes(page, column).all():
            page.mouse.move(5, 5)
            expect(page.locator(".flow .card")).to_be_hidden()
            page.mouse.move(*point(page, node))
            total += told(page)
        assert total == COUNT


# ----------------------------------------------------------------------------- clicking
def test_a_click_shows_the_images_and_one_of_them_is_followed(visit: Visit, settle: Settle) -> None:
    page = visit(DIGITS)
    expect(page.get_by_text("Nothing is chosen")).to_be_visible()
    node = tallest(page, 1)
    page.mouse.move(*point(page, node))
    count = told(page)
    page.mouse.click(*point(page, node))
    line = page.get_by_text(re.compile(rf"^relu4, .*: {count:,} images"))
    expect(line).to_be_visible(timeout=PATIENCE)
    assert choices(page)["flow.at"].startswith("relu4:")
    options = page.get_by_test_id("stMain").get_by_role("option")
    expect(options).to_have_count(count, timeout=PATIENCE)
    before = choices(page).get("image")
    settle(page)
    options.nth(1).click()
    expect(page.locator(".flow .legend")).to_contain_text("clean", timeout=PATIENCE)
    done(page)
    assert choices(page)["image"] != before
    assert choices(page)["flow.show"] == "image"


def test_a_class_is_followed_by_its_lines(visit: Visit) -> None:
    page = visit(DIGITS)
    chip = page.locator(".flow .legend .chip").nth(3)
    count = int(chip.locator(".count").inner_text())
    chip.click()
    expect(page.locator(f".flow[data-lines='{count}']")).to_be_visible(timeout=PATIENCE)
    page.wait_for_function("new URLSearchParams(location.search).has('flow.class')")
    # It is there again for whoever opens the link.
    page.reload()
    done(page)
    assert attribute(page, "lines") == str(count)


def test_the_order_is_found_and_undone(visit: Visit) -> None:
    page = visit(DIGITS)
    few = int(attribute(page, "crossings"))
    assert attribute(page, "state") == "found"
    page.locator('.flow .order[data-order="raw"]').click()
    expect(page.locator(".flow[data-state=raw]")).to_be_visible(timeout=PATIENCE)
    many = int(attribute(page, "crossings"))
    assert few < many
    expect(page.locator(".flow .crossings")).to_contain_text(f"{many:,} → {few:,}")
    page.wait_for_function("new URLSearchParams(location.search).get('flow.order') === 'raw'")
    page.locator('.flow .order[data-order="found"]').click()
    expect(page.locator(".flow[data-state=found]")).to_be_visible(timeout=PATIENCE)
    assert int(attribute(page, "crossings")) == few


# ------------------------------------------------------------------------------- asking
@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("parting", "Framed is the first layer with more than half."),
        ("derailment", "stream is the clusters in which it is over-represented"),
        ("path", "the ten nearest images of the data set vote"),
        ("quality", "The silhouette needs no classes"),
        ("files", "Take it with you"),
    ],
)
def test_each_question_is_answered(question: str, words: str, visit: Visit) -> None:
    page = visit(MANY if question == "derailment" else DIGITS, f"ask.flow={question}", ready=False)
    expect(page.locator(FIGURE)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(words)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)
    unbroken(page)
    assert page.evaluate(_CUT_OFF) == []


def test_the_drawing_and_the_answer_tell_of_the_same_misclassified(visit: Visit) -> None:
    page = visit(MANY, "ask.flow=derailment", ready=False)
    told = page.get_by_text(re.compile(r"^[\d,]+ misclassified images"))
    expect(told).to_be_visible(timeout=PATIENCE)
    found = re.match(r"[\d,]+", told.inner_text())
    assert found is not None
    count = found[0]
    expect(page.locator(".flow[data-lines='0']")).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("stMain").get_by_text("Misclassified", exact=True).click()
    legend = page.locator(".flow .legend .shown")
    words = f"the {count} misclassified images: {count} lines"
    expect(legend).to_have_text(words, timeout=PATIENCE)
    expect(page.locator(f".flow[data-lines='{count.replace(',', '')}']")).to_be_visible()
    unbroken(page)


def test_both_paths_are_drawn(visit: Visit) -> None:
    page = visit(DIGITS, "flow.show=image&flow.attacked=True&ask.flow=path", ready=False)
    legend = page.locator(".flow .legend")
    expect(legend).to_contain_text("attacked", timeout=PATIENCE)
    expect(page.get_by_text("It ends in")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)
    unbroken(page)


# ------------------------------------------------------------------------------ working
def test_it_is_stopped_and_begun_again(visit: Visit) -> None:
    page = visit(LONG, ready=False)
    button(page, "Stop").click(timeout=PATIENCE)
    again = page.get_by_role("button", name=re.compile("^Start again: OPTICS"))
    expect(again).to_be_visible(timeout=PATIENCE)
    expect(page.locator(FIGURE)).to_have_count(0)
    again.click()
    expect(again).to_have_count(0, timeout=PATIENCE)
    expect(button(page, "Stop")).to_be_visible(timeout=PATIENCE)
    # What is no longer looked at must not keep the queue from the next test.
    button(page, "Stop").click()
    expect(again).to_be_visible(timeout=PATIENCE)
    unbroken(page)
