"""Relevance maps in a real browser: their colours, and the values that are pointed at."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import relevance_app
from playwright.sync_api import Locator, Page, expect
from reading import canvas_pixels, runs, written

from xai.figures import heatmaps, legends, pictures

pytestmark = pytest.mark.browser

APP = "tests/browser/relevance_app.py"
Visit = Callable[..., Page]

# How much higher the first map is than its picture, each value that was ever seen.
_HEIGHTS = """
    window.seen = new Set();
    const look = () => {
        for (const host of document.querySelectorAll("*")) {
            const stage = host.shadowRoot?.querySelector(".stage");
            if (!stage?.clientWidth) continue;
            const [above, all] = [stage, stage.parentElement].map((one) =>
                one.getBoundingClientRect().height);
            window.seen.add(Math.round(all - above));
            break;
        }
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
"""

# The reserved height of what stands below the first map, and what it would take by itself.
_FOOT = """foot => {
    const reserved = parseFloat(foot.style.minHeight);
    foot.style.minHeight = 0;
    const needed = foot.getBoundingClientRect().height;
    foot.style.minHeight = `${reserved}px`;
    return [reserved, needed];
}"""


@pytest.fixture
def visit(open_app: Visit) -> Visit:
    """Open the page with maps; ``visit("case=photo", theme="dark")``."""

    def go(query: str = "", **more: Any) -> Page:
        count = 1 if "columns=1" in query else 2 if "case=image" in query else 4
        return open_app(APP, ".relevance[data-ready=yes]", query, count=count, **more)

    return go


def panel(page: Page, index: int) -> Locator:
    return page.locator(".relevance[data-ready=yes]").nth(index)


def point(page: Page, index: int, row: int, column: int, *, shape: tuple[int, ...]) -> None:
    """Move the mouse to the middle of a pixel of a map."""
    page.mouse.move(*place(page, index, row, column, shape=shape))


def place(
    page: Page, index: int, row: int, column: int, *, shape: tuple[int, ...]
) -> tuple[float, float]:
    box = panel(page, index).locator("canvas").bounding_box()
    assert box is not None
    x = box["x"] + (column + 0.5) / shape[1] * box["width"]
    return x, box["y"] + (row + 0.5) / shape[0] * box["height"]


def reads(page: Page, index: int, value: float, where: str, aside: str = "") -> None:
    expect(panel(page, index).locator(".value")).to_have_text(written(value))
    expect(panel(page, index).locator(".aside")).to_have_text(aside)
    expect(panel(page, index).locator(".where")).to_have_text(where)
    expect(panel(page, index).locator(".cross")).to_be_visible()


def points_nowhere(page: Page) -> None:
    expect(page.locator(".cross:visible")).to_have_count(0)
    expect(panel(page, 0).locator(".facts")).to_be_visible()
    expect(panel(page, 0).locator(".facts")).to_have_text(re.compile("^Raw values from −"))
    expect(panel(page, 0).locator(".value")).to_be_hidden()


def shown(page: Page, index: int) -> np.ndarray:
    drawn = canvas_pixels(page, f":nth-match(.relevance[data-ready=yes], {index + 1}) canvas")
    assert (drawn[..., 3] == 255).all()
    return drawn[..., :3]


def wanted(
    values: np.ndarray,
    image: np.ndarray,
    *,
    signed: bool,
    ink: float,
    part: str,
    scale: float,
    floor: float,
) -> np.ndarray:
    """Return what the figures of Python draw."""
    low, high = (-np.inf if part != "positive" else 0), (np.inf if part != "negative" else 0)
    kept = values.clip(low, high)
    below = pictures.picture(image)
    if signed and ink == 1:
        return heatmaps.signed(kept, scale)
    if signed:
        return heatmaps.signed_overlay(below, kept, scale, opacity=ink)
    if ink == 1:
        return heatmaps.magnitude(kept, floor, scale)
    return heatmaps.magnitude_overlay(below, kept, floor, scale, opacity=ink)


# ---------------------------------------------------------------------------- colours
@pytest.mark.parametrize(
    ("case", "ink", "part"),
    [
        ("digit", 1.0, "both"),
        ("photo", 0.7, "positive"),
        ("oblong", 0.3, "negative"),
        ("raised", 0.6, "both"),
        ("raised", 1.0, "both"),
    ],
)
def test_every_pixel_has_the_colour_that_the_figures_give_it(
    visit: Visit, case: str, ink: float, part: str
) -> None:
    colour = case != "digit"
    page = visit(f"case={case}&ink={ink}&part={part}{'&colour=yes' if colour else ''}")
    for index, (values, told) in enumerate(relevance_app.maps(case)):
        image = relevance_app.picture(values.shape, colour=colour)
        scale = heatmaps.common_scale([values])
        signed = told["signed"]
        look = {"signed": signed, "ink": ink, "part": part, "scale": scale}
        expected = wanted(values, image, floor=told.get("floor", 0.0), **look)
        np.testing.assert_array_equal(shown(page, index), expected)


def test_without_ink_the_image_alone_is_seen_and_its_legend_is_not(visit: Visit) -> None:
    page = visit("case=oblong&ink=0&colour=yes")
    values, _ = relevance_app.maps("oblong")[0]
    image = relevance_app.picture(values.shape, colour=True)
    np.testing.assert_array_equal(shown(page, 0), image)
    expect(panel(page, 0).locator(".legend")).to_be_hidden()
    point(page, 0, 3, 4, shape=values.shape)
    reads(page, 0, values[3, 4], "row 3, column 4")


def test_maps_of_one_value_are_drawn_as_such_and_called_so(visit: Visit) -> None:
    page = visit("case=flat")
    facts = ["Empty: every value is 0.", "Constant: every value is 0.25."]
    told = [facts[0], facts[1], facts[1], facts[0]]
    full = heatmaps.DIVERGING[-1], heatmaps.SEQUENTIAL[-1]
    colours = [heatmaps.DIVERGING[255], full[0], full[1], heatmaps.SEQUENTIAL[0]]
    for index, (fact, colour) in enumerate(zip(told, colours, strict=True)):
        assert (shown(page, index) == colour).all()
        expect(panel(page, index).locator(".facts")).to_have_text(fact)
    expect(panel(page, 0).locator(".ends")).to_have_text("0 everywhere")
    point(page, 0, 2, 2, shape=(6, 6))
    reads(page, 0, 0.0, "row 2, column 2")
    expect(panel(page, 0).locator(".tick")).to_be_hidden()


@pytest.mark.parametrize("ink", [1.0, 0.5])
def test_the_legend_has_the_colours_and_numbers_of_the_figures(visit: Visit, ink: float) -> None:
    def colours(css: str) -> np.ndarray:
        """Return red, green, blue and opacity of each stop of a gradient."""
        found = re.findall(r"rgba?\(([^)]*)\)", css.partition("gradient")[2])
        parts = [list(map(float, one.split(","))) for one in found]
        return np.array([one if len(one) == 4 else [*one, 1.0] for one in parts])

    page = visit(f"ink={ink}")
    high = [heatmaps.common_scale([values]) for values, _ in relevance_app.maps("digit")]
    over = ink < 1
    drawn = [
        legends.signed_legend(high[0], overlay=over),
        legends.magnitude_legend(0.0, high[1], overlay=over, words=("none", "for")),
    ]
    for index, html in enumerate(drawn):
        strip = panel(page, index).locator(".strip")
        css = strip.evaluate("strip => getComputedStyle(strip).backgroundImage")
        # A stop may fall between two rows of the table; an opacity is one of 256.
        np.testing.assert_allclose(colours(css)[:, :3], colours(html)[:, :3], atol=1)
        np.testing.assert_allclose(colours(css)[:, 3], colours(html)[:, 3], atol=4e-3)
        said = panel(page, index).locator(".ends span, .words span").all_inner_texts()
        assert [text for text in said if text] == [
            text for text in re.findall(r"<span[^>]*>([^<]*)</span>", html) if text
        ]


# --------------------------------------------------------------------------- pointing
def test_all_maps_of_a_group_read_the_place_that_is_pointed_at(visit: Visit) -> None:
    page = visit("case=digit")
    values = [one for one, _ in relevance_app.maps("digit")]
    before = runs(page)
    for index, row, column in ((0, 5, 20), (1, 27, 0), (2, 0, 27)):
        point(page, index, row, column, shape=(28, 28))
        for other in (0, 1, 2):
            reads(page, other, values[other][row, column], f"row {row}, column {column}")
        # The last is of half the size: the same place of the picture.
        half = row // 2, column // 2
        reads(page, 3, values[3][half], f"row {half[0]}, column {half[1]}")
        box = panel(page, 1).locator(".cross b").bounding_box()
        assert box is not None
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        assert middle == pytest.approx(place(page, 1, row, column, shape=(28, 28)), abs=1)
    page.mouse.move(3, 3)
    points_nowhere(page)
    assert runs(page) == before


def test_the_image_beside_the_maps_shows_the_place_and_its_own_number(visit: Visit) -> None:
    page = visit("case=image&colour=yes")
    image = relevance_app.picture((20, 30), colour=True)
    np.testing.assert_array_equal(shown(page, 0), pictures.picture(image))
    expect(panel(page, 0).locator(".facts")).to_have_text("Pixels, 0 to 255")
    expect(panel(page, 0).locator(".legend")).to_be_hidden()
    point(page, 1, 11, 7, shape=(20, 30))
    said = "red {}, green {}, blue {}".format(*image[11, 7])
    expect(panel(page, 0).locator(".value")).to_have_text(said)
    expect(panel(page, 0).locator(".cross")).to_be_visible()
    expect(panel(page, 1).locator(".value")).to_have_text("2.1737748 × 10⁻⁸")


def test_another_group_does_not_follow(visit: Visit) -> None:
    page = visit("apart=yes")
    values = relevance_app.maps("digit")[1][0]
    point(page, 0, 4, 9, shape=values.shape)
    reads(page, 1, values[4, 9], "row 4, column 9")
    expect(panel(page, 2).locator(".cross")).to_be_hidden()
    assert page.locator(".cross:visible").count() == 2


def test_keys_begin_at_the_strongest_value_and_are_spoken_once(visit: Visit) -> None:
    page = visit(theme="dark")
    values = [one for one, _ in relevance_app.maps("digit")]
    canvas = page.get_by_role("application", name=re.compile("^Panel 0. Raw values from"))
    page.get_by_role("switch", name="Scale 2").focus()
    for _ in range(4):
        page.keyboard.press("Tab")
        if canvas.evaluate("one => one.matches(':focus')"):
            break
    row, column = np.unravel_index(np.abs(values[0]).argmax(), (28, 28))
    reads(page, 0, values[0][row, column], f"row {row}, column {column}")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    row, column = row - 1, column - 8
    reads(page, 2, values[2][row, column], f"row {row}, column {column}")
    expect(page.locator(".reading[aria-live=polite]")).to_have_count(1)
    expect(panel(page, 0).locator(".reading")).to_have_attribute("aria-live", "polite")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")
    reads(page, 0, values[0][row, 0], f"row {row}, column 0")
    page.keyboard.press("Escape")
    points_nowhere(page)
    page.keyboard.press("Enter")
    reads(page, 0, values[0][row, 0], f"row {row}, column 0")
    page.keyboard.press("Tab")
    second = np.unravel_index(values[1].argmax(), (28, 28))
    reads(page, 0, values[0][second], f"row {second[0]}, column {second[1]}")


def test_a_finger_reads_what_it_touched_until_it_touches_elsewhere(visit: Visit) -> None:
    page = visit("columns=1", width=420, has_touch=True)
    values = relevance_app.maps("digit")[0][0]
    panel(page, 0).scroll_into_view_if_needed()
    page.touchscreen.tap(*place(page, 0, 7, 11, shape=(28, 28)))
    reads(page, 0, values[7, 11], "row 7, column 11")
    page.get_by_text("below 0").tap()
    points_nowhere(page)


def test_what_is_not_drawn_is_read_all_the_same(visit: Visit) -> None:
    page = visit("part=positive")
    values = relevance_app.maps("digit")[0][0]
    row, column = np.unravel_index(values.argmin(), (28, 28))
    point(page, 0, row, column, shape=(28, 28))
    reads(page, 0, values[row, column], f"row {row}, column {column}", "not drawn")
    expect(panel(page, 0).locator(".tick")).to_be_hidden()
    row, column = np.unravel_index(values.argmax(), (28, 28))
    point(page, 0, row, column, shape=(28, 28))
    reads(page, 0, values[row, column], f"row {row}, column {column}")
    box, tick = (
        panel(page, 0).locator(one).bounding_box() for one in (".strip", ".tick:not([hidden])")
    )
    assert box is not None
    assert tick is not None
    share = values[row, column] / np.abs(values).max()
    at = (tick["x"] + tick["width"] / 2 - box["x"] - 1) / (box["width"] - 2)
    assert at == pytest.approx(share, abs=0.02)


# ----------------------------------------------------------------------- on the page
def test_another_scale_travels_without_the_values(visit: Visit) -> None:
    sizes: list[int] = []

    def heed(page: Page) -> None:
        def received(frame: bytes | str) -> None:
            sizes.append(len(frame))

        page.on("websocket", lambda socket: socket.on("framereceived", received))

    page = visit("case=photo", before=heed)
    values, _ = relevance_app.maps("photo")[0]
    assert sum(sizes) > 3 * values.nbytes
    sizes.clear()
    before = shown(page, 0)
    page.get_by_role("switch", name="Scale 2").focus()
    page.keyboard.press("Space")
    expect(panel(page, 0).locator(".ends")).to_have_text("−20+2")
    expect(panel(page, 3).locator(".note")).to_have_text("same scale in all panels")
    np.testing.assert_array_equal(shown(page, 0), heatmaps.signed(values, 2.0))
    assert (shown(page, 0) != before).any()
    assert sum(sizes) < values.nbytes / 2


def test_nothing_moves_when_the_map_comes_and_it_is_as_wide_as_its_column(visit: Visit) -> None:
    page = visit("case=oblong", script=_HEIGHTS)
    assert len(page.evaluate("[...window.seen]")) == 1
    # What was reserved is what is needed, and that is also seen where nobody could watch.
    reserved, needed = panel(page, 0).locator(".foot").evaluate(_FOOT)
    assert reserved - 6 <= needed <= reserved
    stage = panel(page, 0).locator(".stage").bounding_box()
    text = page.get_by_text("below 0").locator("xpath=ancestor::*[@data-testid='stColumn']")
    column = text.bounding_box()
    assert stage is not None
    assert column is not None
    assert stage["width"] == pytest.approx(column["width"], abs=1)
    assert stage["height"] / stage["width"] == pytest.approx(20 / 30, abs=0.01)
    top = page.get_by_text("below 0").bounding_box()
    point(page, 0, 3, 3, shape=(20, 30))
    expect(panel(page, 0).locator(".cross")).to_be_visible()
    assert page.get_by_text("below 0").bounding_box() == top


def test_small_maps_are_crisp_and_names_are_no_markup(visit: Visit) -> None:
    page = visit()
    rendering = "one => getComputedStyle(one).imageRendering"
    assert panel(page, 0).locator("canvas").evaluate(rendering) == "pixelated"
    expect(panel(page, 2).locator("img, b:not(.cross b, .value)")).to_have_count(0)
    expect(panel(page, 2).locator(".words")).to_contain_text("<b>bold</b>")
    assert page.title() != "1"
    mark, canvas = (panel(page, 2).locator(one).bounding_box() for one in (".mark", "canvas"))
    assert mark is not None
    assert canvas is not None
    assert mark["width"] == pytest.approx(canvas["width"] * 12 / 28, abs=1)
    assert mark["y"] - canvas["y"] == pytest.approx(canvas["height"] * 4 / 28, abs=1)
    large = visit("case=photo")
    assert panel(large, 0).locator("canvas").evaluate(rendering) == "auto"
