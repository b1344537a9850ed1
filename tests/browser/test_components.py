"""The thumbnail picker and the drawing pad, in a real browser and against made-up values."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from reading import echo

from pages._ui.image_picker import image_picker
from xai import datasets

pytestmark = pytest.mark.browser

APP = "tests/browser/component_app.py"


@pytest.fixture
def visit(
    app_server: Callable[..., str],
    open_page: Callable[..., Page],
    settle: Callable[[Page], None],
) -> Callable[..., Page]:
    """Open the page of both components; ``visit("n=10", theme="dark")``."""

    def go(query: str = "", **context: object) -> Page:
        page = open_page(**context)
        page.goto(f"{app_server(APP)}/?{query}")
        expect(pad(page)).to_be_visible(timeout=30_000)
        settle(page)
        return page

    return go


def tiles(page: Page) -> Locator:
    return page.get_by_role("option")


def grid(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Digits")


def pad(page: Page) -> Locator:
    return page.locator(".pad canvas")


def run_again(page: Page) -> None:
    counter = page.get_by_text(re.compile(r"^runs: \d+$"))
    # The run before may have to count itself yet.
    expect(page.locator('[data-test-script-state="notRunning"]')).to_have_count(1)
    runs = int(counter.inner_text().split()[1])
    page.get_by_role("button", name="Run again").dispatch_event("click")
    expect(counter).to_have_text(f"runs: {runs + 1}")


def scroll_of(page: Page) -> float:
    return grid(page).evaluate("element => element.scrollTop")


def focused(page: Page) -> int:
    """Return the place of the tile that has the focus, -1 if none has."""
    return tiles(page).evaluate_all("all => all.findIndex(one => one.matches(':focus'))")


def drag(page: Page, *stops: tuple[float, float], release: bool = True) -> None:
    """Draw one stroke through points that are fractions of the pad's side."""
    box = pad(page).bounding_box()
    assert box is not None
    for place, (x, y) in enumerate(stops):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        if place == 0:
            page.mouse.down()
    if release:
        page.mouse.up()


def drawing(page: Page) -> str:
    """Return the digest of what Python holds."""
    found = page.get_by_text(re.compile("^drawing: [0-9a-f]{12}$"))
    expect(found).to_be_visible()
    return found.inner_text()


def pixels_of(canvas: Locator) -> np.ndarray:
    """Return the red channel of a square canvas."""
    read = """canvas => [...canvas.getContext('2d')
        .getImageData(0, 0, canvas.width, canvas.height).data].filter((_, at) => at % 4 === 0)"""
    values = np.array(canvas.evaluate(read), np.uint8)
    side = round(len(values) ** 0.5)
    return values.reshape(side, side)


# -------------------------------------------------------------------- the picker
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_click_picks_once_and_rings_in_the_themes_colour(
    visit: Callable[..., Page], theme: str
) -> None:
    page = visit(theme=theme)
    expect(tiles(page)).to_have_count(200)
    tiles(page).nth(7).click()
    expect(page.get_by_text("selected: 7", exact=True)).to_be_visible()
    run_again(page)
    expect(page.get_by_text("picks: 1", exact=True)).to_be_visible()
    expect(page.locator("[aria-selected=true]")).to_have_count(1)
    expect(tiles(page).nth(7)).to_have_attribute("aria-selected", "true")
    same = """tile => {
        const probe = document.createElement("i");
        probe.style.color = getComputedStyle(tile).getPropertyValue("--st-primary-color");
        document.body.append(probe);
        return getComputedStyle(tile).outlineColor === getComputedStyle(probe).color;
    }"""
    assert tiles(page).nth(7).evaluate(same)
    tiles(page).nth(7).click()
    expect(page.get_by_text("picks: 2", exact=True)).to_be_visible()
    expect(page.get_by_text("selected: 7", exact=True)).to_be_visible()


def test_the_keyboard_reaches_every_image(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("button", name="None").focus()
    page.keyboard.press("Tab")
    assert focused(page) == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert focused(page) == 2
    page.keyboard.press("ArrowDown")
    row = focused(page) - 2
    tops = tiles(page).evaluate_all("all => all.map(one => one.offsetTop)")
    assert row == tops.count(tops[0])
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"selected: {row + 1}", exact=True)).to_be_visible()
    assert focused(page) == row + 1
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    expect(page.get_by_text("selected: 1", exact=True)).to_be_visible()
    page.keyboard.press("End")
    assert focused(page) == 199
    expect(tiles(page).nth(199)).to_be_in_viewport()
    page.keyboard.press("PageUp")
    assert focused(page) < 199
    page.keyboard.press("Home")
    assert focused(page) == 0
    page.keyboard.press("Tab")
    assert focused(page) == -1


def test_scroll_and_elements_outlive_a_rerun(visit: Callable[..., Page]) -> None:
    page = visit()
    expect(tiles(page)).to_have_count(200)
    grid(page).evaluate("element => { element.scrollTop = 300; element.mark = 'same'; }")
    run_again(page)
    assert scroll_of(page) == 300
    seen = tiles(page).evaluate_all(
        """all => {
            const [box] = [all[0].parentElement.getBoundingClientRect()];
            return all.findIndex(one => one.getBoundingClientRect().top > box.top + 60);
        }"""
    )
    tiles(page).nth(seen).click()
    expect(page.get_by_text(f"selected: {seen}", exact=True)).to_be_visible()
    run_again(page)
    assert scroll_of(page) == 300
    assert grid(page).evaluate("element => element.mark") == "same"


def test_a_choice_made_elsewhere_comes_into_view(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("button", name="Choose the last").click()
    expect(tiles(page).nth(199)).to_have_attribute("aria-selected", "true")
    expect(tiles(page).nth(199)).to_be_in_viewport(ratio=1)
    assert page.evaluate("window.scrollY") == 0


def test_a_caption_is_text_whatever_it_holds(visit: Callable[..., Page]) -> None:
    page = visit()
    tip = page.locator(".tip")
    expect(tip).to_be_hidden()
    tiles(page).nth(1).hover()
    expect(tip).to_have_text('<img src=x onerror="document.title=1"><b>bold</b>')
    assert tip.evaluate("element => element.childElementCount") == 0
    tiles(page).nth(5).hover()
    expect(tip).to_have_text(re.compile("^digit [0-9], image 5$"))
    expect(tiles(page).nth(5)).to_have_accessible_name(tip.inner_text())
    page.mouse.move(900, 800)
    expect(tip).to_be_hidden()


@pytest.mark.parametrize(("count", "format"), [(10, "PNG"), (500, "WebP")])
def test_each_tile_shows_its_own_image(visit: Callable[..., Page], count: int, format: str) -> None:
    page = visit(f"n={count}&format={format}&shown=40")
    expect(tiles(page)).to_have_count(count)
    assert tiles(page).first.evaluate("tile => tile.offsetWidth") == pytest.approx(40, abs=10)
    images = datasets.load("mnist", n=count).images
    page.wait_for_function(
        "canvas => canvas.width === 28",
        arg=tiles(page).last.locator("canvas").element_handle(),
    )
    for place in (0, 9, count // 2, count - 1):
        shown = pixels_of(tiles(page).nth(place).locator("canvas"))
        np.testing.assert_array_equal(shown, images[place][:, :, 0])


def test_the_list_may_change_and_be_empty(visit: Callable[..., Page]) -> None:
    page = visit()
    grid(page).evaluate("element => { element.scrollTop = 300; }")
    page.get_by_role("button", name="Fewer").click()
    expect(tiles(page)).to_have_count(12)
    assert scroll_of(page) == 0
    tiles(page).nth(11).click()
    expect(page.get_by_text("selected: 11", exact=True)).to_be_visible()
    page.get_by_role("button", name="None").click()
    expect(page.get_by_text("There is no image to show here.")).to_be_visible()


# ----------------------------------------------------------------------- the pad
def test_a_drawing_reaches_python_as_it_looks(visit: Callable[..., Page]) -> None:
    page = visit()
    expect(page.get_by_text("Draw a digit here")).to_be_visible()
    expect(page.get_by_text("drawing: none")).to_be_visible()
    empty = page.get_by_role("img", name="Drawing pad, empty")
    expect(empty).to_have_accessible_description(re.compile("gallery has digits that the keyboard"))
    drag(page, (0.3, 0.2), (0.7, 0.2), (0.4, 0.8))
    drawing(page)
    expect(page.get_by_text("shape: (280, 280)")).to_be_visible()
    shown = pixels_of(pad(page))
    expect(page.get_by_text(f"ink: {int((shown > 127).sum())}", exact=True)).to_be_visible()
    assert shown[56, 140] == 255
    assert shown[140, 60] == 0
    assert 0 < ((shown > 0) & (shown < 255)).mean() < 0.1
    expect(page.get_by_text("Draw a digit here")).to_be_hidden()
    expect(page.get_by_role("img", name="Drawing pad, 1 stroke")).to_be_visible()
    page.get_by_role("button", name="Larger").click()
    expect(page.get_by_text("shape: (320, 320)")).to_be_visible()
    assert pixels_of(pad(page))[64, 160] == 255


def test_undo_and_clear(visit: Callable[..., Page]) -> None:
    page = visit()
    undo, clear = (page.get_by_role("button", name=name) for name in ("Undo", "Clear"))
    expect(undo).to_be_disabled()
    expect(clear).to_be_disabled()
    drag(page, (0.2, 0.2), (0.8, 0.2))
    one = drawing(page)
    drag(page, (0.5, 0.1), (0.5, 0.9))
    expect(page.get_by_text(one)).to_be_hidden()
    two = drawing(page)
    undo.click()
    expect(page.get_by_text(one)).to_be_visible()
    drag(page, (0.5, 0.1), (0.5, 0.9))
    expect(page.get_by_text(two)).to_be_visible()
    clear.click()
    expect(page.get_by_text("drawing: none")).to_be_visible()
    expect(page.get_by_text("Draw a digit here")).to_be_visible()
    expect(clear).to_be_disabled()
    undo.click()
    expect(page.get_by_text(two)).to_be_visible()


def test_strokes_outlive_a_rerun_and_an_absence(visit: Callable[..., Page]) -> None:
    page = visit()
    drag(page, (0.3, 0.3), (0.7, 0.7))
    held, shown = drawing(page), pixels_of(pad(page))
    run_again(page)
    assert drawing(page) == held
    np.testing.assert_array_equal(pixels_of(pad(page)), shown)
    toggle = page.get_by_text("Show the pad")
    toggle.click()
    expect(pad(page)).to_have_count(0)
    toggle.click()
    expect(pad(page)).to_be_visible()
    assert drawing(page) == held
    np.testing.assert_array_equal(pixels_of(pad(page)), shown)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("drawing: none")).to_be_visible()
    toggle.click()
    expect(pad(page)).to_have_count(0)
    toggle.click()
    expect(page.get_by_text("drawing: none")).to_be_visible()


def test_a_rerun_does_not_break_off_a_stroke(visit: Callable[..., Page]) -> None:
    page = visit()
    drag(page, (0.1, 0.5), (0.4, 0.5), release=False)
    run_again(page)
    box = pad(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
    page.mouse.up()
    drawing(page)
    assert (pixels_of(pad(page))[140, 35:245] == 255).all()


def test_a_finger_draws_on_a_phone_and_does_not_scroll_the_page(
    visit: Callable[..., Page],
) -> None:
    page = visit(width=300, height=700, has_touch=True, device_scale_factor=2)
    box = pad(page).bounding_box()
    assert box is not None
    assert box["width"] < 280
    assert box["x"] + box["width"] <= 300
    touch = page.context.new_cdp_session(page)
    for kind, part in (("Start", 0.2), ("Move", 0.4), ("Move", 0.6), ("Move", 0.8), ("End", None)):
        at = {"x": box["x"] + 0.5 * box["width"], "y": box["y"] + (part or 0) * box["height"]}
        points = [] if part is None else [at]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    drawing(page)
    assert pad(page).bounding_box() == box
    rows, columns = np.nonzero(pixels_of(pad(page)) > 127)
    assert abs(columns.mean() - 140) < 3
    assert rows.min() == pytest.approx(46, abs=6)
    assert rows.max() == pytest.approx(234, abs=6)


# ----------------------------------------------- what a browser may send, without one
sent_to = functools.partial(
    echo,
    "from pages._ui.drawing_pad import drawing_pad\n"
    "from pages._ui.image_picker import image_picker",
)


def png(size: tuple[int, int] = (280, 280), *, noise: bool = False, format: str = "PNG") -> bytes:
    pixels = np.zeros((*size, 3), np.uint8)
    if noise:
        pixels[:] = np.random.default_rng(0).integers(0, 256, pixels.shape)
    file = BytesIO()
    Image.fromarray(pixels).save(file, format)
    return file.getvalue()


def url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


PICK = (
    "image_picker(['a', 'b'], b'\\x89PNG\\r\\n\\x1a\\n', columns=2, tile=28, captions=['A', 'B'], "
    "selected=None, key='part', height=100)"
)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("b", "b"), ("c", None), ("", None), (0, None), (["a"], None), ({"a": 1}, None), (None, None)],
)
def test_only_an_id_on_show_can_be_picked(sent: object, expected: str | None) -> None:
    assert sent_to(PICK, {"pick": sent}) == expected


def test_a_png_of_the_right_size_is_a_drawing() -> None:
    assert sent_to("drawing_pad(key='part')", {"drawing": url(png())}) == png()
    assert sent_to("drawing_pad(key='part', size=64)", {"drawing": url(png((64, 64)))}) is not None


@pytest.mark.parametrize(
    "sent",
    [
        None,
        5,
        "",
        ["data:image/png;base64,"],
        "data:image/png;base64,",
        "data:image/png;base64,%%%",
        "data:text/html;base64,PGI+",
        url(png())[:-1],
        url(png(format="JPEG")),
        url(png((279, 280))),
        url(png((13_000, 4))),
        url(png(noise=True)),
    ],
    ids=lambda sent: str(sent)[:30],
)
def test_anything_else_is_no_drawing(sent: object) -> None:
    assert sent_to("drawing_pad(key='part')", {"drawing": sent}) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": ["a", "a"]}, "expected all different"),
        ({"captions": ["A"]}, "expected 2, one an id, got 1"),
        ({"columns": 0}, "columns: expected at least 1, got 0"),
        ({"tile": 0}, "tile: expected at least 1"),
        ({"height": -1}, "height: expected at least 1"),
        ({"shown": 0}, "shown: expected at least 1"),
        ({"sprite": b"GIF89a"}, "expected the bytes of a PNG or WebP"),
    ],
)
def test_the_picker_refuses_what_does_not_fit(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {
        "ids": ["a", "b"],
        "sprite": png(),
        "columns": 2,
        "tile": 28,
        "captions": ["A", "B"],
        "selected": None,
        "key": "part",
        "height": 100,
    }
    with pytest.raises(ValueError, match=message):
        image_picker(**{**given, **change})  # type: ignore[arg-type]


def test_the_pad_refuses_a_size_out_of_range() -> None:
    from pages._ui.drawing_pad import drawing_pad

    with pytest.raises(ValueError, match=r"expected 28 to 1,024 pixels, got 2000"):
        drawing_pad(key="part", size=2000)
