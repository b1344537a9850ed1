"""The network at a glance in a real browser: hover, click, keyboard, colours, scrolling."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from io import BytesIO

import glance_app
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from reading import press, says, text

from pages._ui.glance_view import GlanceRow
from pages._ui.glance_view.palette import tables
from xai.figures.sheets import BROKEN

pytestmark = pytest.mark.browser

APP = "tests/browser/glance_app.py"
Visit = Callable[..., Page]

# What a canvas shows, and the wait until it shows something else.
LOOK = "canvas => canvas.toDataURL()"
OTHER_LOOK = """async (canvas, before) => {
    while (canvas.toDataURL() === before) await new Promise(requestAnimationFrame);
}"""


@pytest.fixture
def visit(open_app: Visit) -> Visit:
    """Open the page with the network; ``visit("network=large", theme="dark")``."""
    return functools.partial(open_app, APP, ".glance[data-ready=yes]")


def place(page: Page, layer: str, unit: int | None) -> tuple[float, float]:
    """Return the middle of a square, or of the name of a row, on the page."""
    root = page.locator(".glance")
    box = root.evaluate("(root, [layer, unit]) => root.placeOf(layer, unit)", [layer, unit])
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def square(page: Page, layer: str, unit: int) -> np.ndarray:
    """Return the pixels of a square, (S, S, 3)."""
    read = """(root, [layer, unit]) => {
        const box = root.placeOf(layer, unit);
        const canvas = root.querySelector('canvas.rows');
        const origin = canvas.getBoundingClientRect();
        const ratio = canvas.width / origin.width;
        const side = Math.round(box.width * ratio);
        const [x, y] = [box.x - origin.x, box.y - origin.y].map((one) => Math.round(one * ratio));
        const { data } = canvas.getContext('2d').getImageData(x, y, side, side);
        return [side, [...data]];
    }"""
    side, data = page.locator(".glance").evaluate(read, [layer, unit])
    return np.array(data, np.uint8).reshape(side, side, 4)[..., :3]


def colour(page: Page, layer: str, unit: int) -> list[int]:
    """Return the colour of a square beside its middle, where a mark would be."""
    pixels = square(page, layer, unit)
    found: list[int] = pixels[len(pixels) // 2, 1 + len(pixels) // 12].tolist()
    return found


def wait_for_colour(page: Page, layer: str, unit: int, wanted: list[int]) -> None:
    found: list[int] = []
    for _ in range(200):
        found = colour(page, layer, unit)
        if found == wanted:
            return
        page.evaluate("() => new Promise(requestAnimationFrame)")
        page.wait_for_timeout(50)
    assert found == wanted


def level(value: float, low: float, high: float, theme: str) -> list[int]:
    """Return the colour of a value, worked out by itself."""
    most = max(abs(low), abs(high))
    low, high = (-most, most) if low < 0 else (low, high)
    zero = 0 if low < 0 else low
    row = round(255 + float(np.clip((value - zero) / (high - zero), -1, 1)) * 255)
    found: list[int] = tables()[theme][row].tolist()
    return found


def card(page: Page) -> Locator:
    return page.locator(".card")


def rows_of(name: str = "small") -> dict[str, GlanceRow]:
    return {row.layer: row for row in glance_app.NETWORKS[name]()}


# ---------------------------------------------------------------------- the pointer
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hover_says_the_raw_value_at_once_and_without_a_run(visit: Visit, theme: str) -> None:
    page = visit(theme=theme)
    for unit, said in ((8, "0.533 · dead"), (6, "0.4 · saturated"), (7, "0.467")):
        page.mouse.move(*place(page, "relu2", unit))
        expect(card(page)).to_have_attribute("data-unit", str(unit))
        expect(card(page).locator(".main")).to_have_text(f"relu2 · channel {unit}")
        expect(card(page).locator(".value")).to_have_text(f"mean activation {said}")
    expect(page.locator(".about")).to_have_text("the scale of relu2")
    expect(page.locator(".end.high")).to_have_text("1")
    page.mouse.move(*place(page, "relu2", 4))
    expect(card(page).locator(".value")).to_have_text("mean activation infinite · dead")
    page.mouse.move(*place(page, "conv2", None))
    expect(card(page)).to_contain_text("16 channels")
    expect(card(page)).to_contain_text("constant, 0.25 everywhere")
    page.mouse.move(*place(page, "relu2", None))
    expect(card(page)).to_contain_text("16 channels · 16 × 10 × 10")
    expect(card(page)).to_contain_text("4 dead · 4 rare · 4 saturated · 2 not a number")
    page.mouse.move(*place(page, "fc2", None))
    expect(card(page)).to_contain_text("84 neurons")
    page.mouse.move(2, 2)
    expect(card(page)).to_be_hidden()
    assert text(page, "runs") == "1"


def test_a_click_selects_and_either_side_has_the_last_word(visit: Visit) -> None:
    page = visit()
    page.mouse.click(*place(page, "relu2", 7))
    says(page, "selected: relu2 7")
    page.mouse.click(*place(page, "conv1", None))
    says(page, "selected: conv1 None")
    press(page, "Choose the last")
    says(page, "selected: output 3")
    press(page, "Run again")
    says(page, "selected: output 3")
    page.mouse.click(*place(page, "fc2", 80))
    says(page, "selected: fc2 80")
    press(page, "Another image")
    says(page, "selected: fc2 80")


def test_the_selection_is_ringed_before_the_server_answers(visit: Visit) -> None:
    held: list[str | bytes] = []
    lines: list[tuple[WebSocketRoute, list[bool]]] = []

    def connect(line: WebSocketRoute) -> None:
        server, holds = line.connect_to_server(), [False]
        lines.append((server, holds))
        line.on_message(lambda message: held.append(message) if holds[0] else server.send(message))

    page = visit(before=lambda page: page.route_web_socket(re.compile("/_stcore/stream"), connect))
    server, holds = lines[-1]
    # What is clicked does not reach the server.
    holds[0] = True
    spot = place(page, "relu2", 7)
    page.mouse.move(*spot)
    expect(card(page)).to_have_attribute("data-unit", "7")
    before = page.locator("canvas.rows").evaluate(LOOK)
    page.mouse.click(*spot)
    expect(page.locator(".spoken")).to_contain_text("selected: relu2, channel 7")
    page.locator("canvas.rows").evaluate(OTHER_LOOK, before)
    assert text(page, "selected") == "None None"
    holds[0] = False
    for message in held:
        server.send(message)
    says(page, "selected: relu2 7")


# ------------------------------------------------------------------------ the colours
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scale", ["row", "network", "given"])
def test_a_square_has_the_colour_of_its_value(visit: Visit, theme: str, scale: str) -> None:
    page = visit(f"scale={scale}", theme=theme)
    rows = rows_of()
    every = np.concatenate([row.values for row in rows.values()])
    known = every[np.isfinite(every)]
    for layer, unit in (("conv1", 2), ("conv1", 3), ("relu2", 11), ("fc2", 0), ("output", 7)):
        own = rows[layer].values[np.isfinite(rows[layer].values)]
        low, high = {
            "row": (min(0, own.min()), own.max()),
            "network": (min(0, known.min()), known.max()),
            "given": (0.0, 0.5),
        }[scale]
        value = float(rows[layer].values[unit])
        assert colour(page, layer, unit) == level(value, low, high, theme), layer
    if scale == "given":
        expect(page.locator(".end.high")).to_have_text("≥ 0.5")


def test_the_colours_follow_the_theme(visit: Visit) -> None:
    page = visit()
    values = rows_of()["conv1"].values
    for theme in ("light", "dark", "light"):
        page.emulate_media(color_scheme=theme)
        wait_for_colour(page, "conv1", 3, level(float(values[3]), 0, float(values.max()), theme))


def test_a_difference_is_centred_on_zero(visit: Visit) -> None:
    page = visit("signed=1")
    values = rows_of()["conv1"].values
    values = values - values.mean()
    most = float(np.abs(values).max())
    for unit, value in enumerate(values):
        assert colour(page, "conv1", unit) == level(float(value), -most, most, "light")
    expect(page.locator(".legend")).to_have_attribute("data-centred", "true")


def test_what_is_no_number_is_hatched(visit: Visit) -> None:
    page = visit()
    dim = [part >> 2 for part in BROKEN]
    for unit in (3, 4):
        found = {tuple(pixel) for pixel in square(page, "relu2", unit).reshape(-1, 3).tolist()}
        assert found == {BROKEN, tuple(dim)}
    expect(page.locator(".signs")).to_contain_text("not a number")


@pytest.mark.parametrize("ratio", [1.25, 2])
def test_fine_screens_are_hit_and_painted_as_precisely(visit: Visit, ratio: float) -> None:
    page = visit("network=middle", device_scale_factor=ratio)
    values = rows_of("middle")["blocks.0.1.conv_pw"].values
    for unit in (0, 71, 143):
        wanted = level(float(values[unit]), 0, float(values.max()), "light")
        assert colour(page, "blocks.0.1.conv_pw", unit) == wanted
        page.mouse.move(*place(page, "blocks.0.1.conv_pw", unit))
        expect(card(page)).to_have_attribute("data-unit", str(unit))
        page.mouse.move(2, 2)
        expect(card(page)).to_be_hidden()


def test_another_image_repaints_and_keeps_the_scroll(visit: Visit) -> None:
    page = visit("network=large")
    layer = "features.denseblock2.denselayer8.conv1"
    scroller = page.locator(".scroller")
    top = scroller.evaluate(
        """(scroller, layer) => {
            const { y } = scroller.closest('.glance').placeOf(layer, 0);
            scroller.scrollTop += y - scroller.getBoundingClientRect().y - 90;
            return scroller.scrollTop;
        }""",
        layer,
    )
    assert top > 1000
    values = rows_of("large")[layer].values
    most = float(values.max())
    for shown in (values, values[::-1]):
        units = [int(shown.argmax()), int(np.argsort(shown)[-3])]
        for unit in units:
            wait_for_colour(page, layer, unit, level(float(shown[unit]), 0, most, "light"))
        assert scroller.evaluate("scroller => scroller.scrollTop") == top
        press(page, "Another image")


# ------------------------------------------------------------------------ the keyboard
def test_the_keyboard_does_what_the_pointer_does(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Run again").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Save PNG")).to_be_focused()
    page.keyboard.press("Tab")
    spoken = page.locator(".spoken")
    expect(page.locator("canvas.rows")).to_be_focused()
    expect(spoken).to_contain_text("conv1, 6 channels")
    page.keyboard.press("ArrowRight")
    expect(spoken).to_contain_text("conv1, channel 0, mean activation")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(spoken).to_contain_text("relu2, channel 0, mean activation 0, dead")
    expect(card(page)).to_have_attribute("data-layer", "relu2")
    page.keyboard.press("End")
    expect(spoken).to_contain_text("relu2, channel 15")
    page.keyboard.press("Enter")
    says(page, "selected: relu2 15")
    expect(spoken).to_contain_text("selected: relu2, channel 15")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    says(page, "selected: relu2 None")
    page.keyboard.press("Control+End")
    expect(spoken).to_contain_text("output, 10 classes")
    page.keyboard.press("ArrowUp")
    expect(spoken).to_contain_text("fc2, 84 neurons")
    page.keyboard.press("Tab")
    expect(page.locator("canvas.rows")).not_to_be_focused()
    expect(card(page)).to_be_hidden()


def test_the_keyboard_passes_every_line_of_a_long_row(visit: Visit) -> None:
    page = visit("network=middle")
    page.mouse.click(*place(page, "blocks.0.1.conv_pw", 0))
    says(page, "selected: blocks.0.1.conv_pw 0")
    seen = []
    spoken = page.locator(".spoken")
    for _ in range(3):
        before = spoken.inner_text()
        page.keyboard.press("ArrowDown")
        expect(spoken).not_to_have_text(before)
        seen.append(spoken.inner_text())
    assert seen[0].startswith("blocks.0.1.conv_pw, channel ")
    assert any(one.startswith("blocks.0.1.bn1, channel 0,") for one in seen)


def test_the_keys_bring_into_view_what_they_reach(visit: Visit) -> None:
    page = visit("network=large")
    page.locator("canvas.rows").focus()
    page.keyboard.press("Control+End")
    expect(page.locator(".spoken")).to_contain_text("classifier, 1,000 classes")
    frame = page.locator(".scroller").bounding_box()
    assert frame is not None
    _, y = place(page, "classifier", None)
    assert frame["y"] < y < frame["y"] + frame["height"]


# --------------------------------------------------------------------------- the rest
def test_names_are_text(visit: Visit) -> None:
    page = visit()
    title = page.title()
    page.mouse.move(*place(page, glance_app.HOSTILE, None))
    expect(card(page).locator(".main")).to_have_text(glance_app.HOSTILE)
    page.mouse.click(*place(page, glance_app.HOSTILE, 5))
    says(page, f"selected: {glance_app.HOSTILE} 5")
    page.mouse.move(*place(page, "output", 0))
    expect(card(page).locator(".main")).to_contain_text(f"{glance_app.HOSTILE} · class 0")
    assert page.title() == title
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("network", ["small", "large"])
def test_the_picture_holds_every_row(visit: Visit, network: str) -> None:
    page = visit(f"network={network}")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save PNG").click()
    download = waiting.value
    assert download.suggested_filename == "Network.png"
    picture = np.asarray(Image.open(BytesIO(download.path().read_bytes())).convert("RGB"))
    most = tables()["light"][-1]
    assert (picture == most).all(axis=-1).sum() > 100
    # The tick of the last row, above the edge.
    foot = picture[-60:, : picture.shape[1] // 40]
    assert (foot == (47, 158, 123)).all(axis=-1).any()
    assert len(picture) > (4000 if network == "large" else 600)


def test_no_layer_is_a_sentence_and_narrow_pages_hold_it_all(visit: Visit) -> None:
    page = visit(width=400, height=900)
    page.mouse.click(*place(page, "relu2", 9))
    says(page, "selected: relu2 9")
    wide = page.locator(".frame").evaluate("frame => frame.scrollWidth <= frame.clientWidth + 1")
    assert wide
    press(page, "Nothing")
    expect(page.locator(".empty")).to_be_visible()
    says(page, "selected: None None")
