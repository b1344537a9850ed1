"""The grid of channels in a real browser, and against made-up values."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable

import numpy as np
import pytest
import tiles_app
from playwright.sync_api import Page, expect
from reading import canvas_pixels, echo, runs, says

from pages._ui.channel_grid import carrier, channel_grid
from xai.figures.sheets import BROKEN, channel_sheet
from xai.figures.wording import number

pytestmark = pytest.mark.browser

APP = "tests/browser/tiles_app.py"
Visit = Callable[..., Page]


@pytest.fixture
def visit(open_app: Visit) -> Visit:
    """Open the page with a grid; ``visit("case=lenet", theme="dark")``."""
    return functools.partial(open_app, APP, ".grid[data-ready=yes][data-layout]", view="grid")


def layout(page: Page) -> dict[str, float]:
    found: dict[str, float] = json.loads(
        page.locator(".grid").get_attribute("data-layout") or "null"
    )
    return found


def place(page: Page, index: int) -> tuple[float, float]:
    """Return where the middle of a tile is on the page."""
    plan, box = layout(page), page.locator(".scroll").bounding_box()
    assert box is not None
    row, column = divmod(index, int(plan["columns"]))
    scrolled = page.locator(".scroll").evaluate("one => one.scrollTop")
    x = plan["edge"] + column * plan["across"] + plan["side"] / 2
    y = plan["edge"] + row * plan["down"] + 10 - scrolled
    return box["x"] + 1 + x, box["y"] + 1 + y


def drawn_tile(page: Page, index: int) -> np.ndarray:
    """Return the pixels of a tile on the canvas; the page is not scrolled."""
    plan = layout(page)
    row, column = divmod(index, int(plan["columns"]))
    x = round(plan["edge"] + column * plan["across"])
    y, side = round(plan["edge"] + row * plan["down"]), round(plan["side"])
    return canvas_pixels(page, ".scroll canvas")[y : y + side, x : x + side, :3]


# ---------------------------------------------------------------------- the picture
@pytest.mark.parametrize("case", ["vgg", "lenet", "mobile"])
def test_every_pixel_of_a_tile_is_a_square_of_its_colour(visit: Visit, case: str) -> None:
    page = visit(f"case={case}")
    sheet = tiles_app.drawn(case, None).sprite
    for index in (0, 1, 4):
        shown, tile = drawn_tile(page, index), sheet.tile(index)[..., :3]
        times = len(shown) // len(tile)
        assert times * len(tile) == len(shown) >= 49
        wanted = tile.repeat(times, axis=0).repeat(times, axis=1)
        free = len(shown) - (22 if index == 4 else 0)  # a word stands at the foot of a broken one
        np.testing.assert_array_equal(shown[:free], wanted[:free])
    assert (drawn_tile(page, 4)[-3, 2] == BROKEN).all()


@pytest.mark.parametrize("word", ["dead", "silent"])
def test_a_channel_of_zeros_has_not_the_colour_of_a_broken_one(visit: Visit, word: str) -> None:
    page = visit(f"zero={word}")
    page.mouse.move(*place(page, 2))
    expect(page.locator(".card .mark")).to_have_text(word)
    for index, loud in ((2, False), (3, False), (4, True)):
        assert (drawn_tile(page, index)[-3, 2] == BROKEN).all() == loud


def test_all_channels_come_without_one_request_for_a_picture(visit: Visit) -> None:
    asked: list[str] = []

    def heed(page: Page) -> None:
        page.on(
            "request",
            lambda one: asked.append(one.url) if one.resource_type == "image" else None,
        )

    page = visit(before=heed)
    assert not [url for url in asked if "/media/" in url]
    page.mouse.click(*place(page, 30))
    says(page, "chosen: 30")
    assert not [url for url in asked if "/media/" in url]
    expect(page.locator(".grid canvas")).to_have_count(2)
    expect(page.locator(".grid [role=option]")).to_have_count(1)


def test_a_click_does_not_send_the_picture_again(visit: Visit) -> None:
    sizes: list[int] = []

    def heed(page: Page) -> None:
        def received(frame: bytes | str) -> None:
            sizes.append(len(frame))

        page.on("websocket", lambda socket: socket.on("framereceived", received))

    page = visit(before=heed)
    picture = len(tiles_app.drawn("vgg", None).sprite.webp(quality=None))
    assert sum(sizes) > picture
    sizes.clear()
    page.mouse.click(*place(page, 30))
    says(page, "chosen: 30")
    assert sum(sizes) < picture / 2


def test_tiles_reflow_to_the_width_and_grow_when_they_are_few(visit: Visit) -> None:
    wide, narrow = visit(width=1366), visit(width=500)
    assert layout(wide)["columns"] > 2 * layout(narrow)["columns"]
    few = layout(visit("case=lenet", width=1366))
    assert few["columns"] == 6
    assert few["side"] >= 120
    assert few["side"] % 24 == 0
    columns = int(layout(narrow)["columns"])
    narrow.set_viewport_size({"width": 1100, "height": 900})
    more = re.compile(r'^\{"columns":(?!' + f"{columns},)")
    expect(narrow.locator(".grid")).to_have_attribute("data-layout", more)
    assert layout(narrow)["columns"] > columns


# ---------------------------------------------------------------------- the pointer
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hover_shows_a_crisp_tile_and_its_numbers_without_a_run(visit: Visit, theme: str) -> None:
    page = visit(theme=theme)
    sheet = tiles_app.drawn("vgg", None).sprite
    before = runs(page)
    for index in (20, 37, 61):
        page.mouse.move(*place(page, index))
        card = page.locator(".card")
        expect(card).to_have_attribute("data-channel", str(index))
        expect(card.locator(".name")).to_have_text(f"Channel {index}")
        highest = number(float(tiles_app.maps("vgg")[index].max()))
        expect(card.locator("dd")).to_have_text(
            [f"{index / 100:.2f}", "0", highest, re.compile(r"\d")]
        )
        shown = canvas_pixels(page, ".card canvas")[..., :3]
        tile = sheet.tile(index)[..., :3]
        times = len(shown) // len(tile)
        np.testing.assert_array_equal(shown, tile.repeat(times, axis=0).repeat(times, axis=1))
    page.mouse.move(3, 3)
    expect(page.locator(".card")).to_be_hidden()
    assert runs(page) == before


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_click_rings_at_once_and_tells_the_page(visit: Visit, theme: str) -> None:
    page = visit(theme=theme)
    page.mouse.click(*place(page, 20))
    says(page, "chosen: 20")
    option = page.get_by_role("option")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(option).to_have_text("Channel 20, 0.20")
    plan = layout(page)
    row, column = divmod(20, int(plan["columns"]))
    x = round(plan["edge"] + column * plan["across"] + plan["side"] / 2)
    y = round(plan["edge"] + row * plan["down"]) - 3
    primary = {"light": (0x0B, 0x77, 0x7B), "dark": (0x0D, 0x82, 0x87)}[theme]
    page.mouse.move(3, 3)
    expect(page.locator(".card")).to_be_hidden()
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    assert tuple(canvas_pixels(page, ".scroll canvas")[y, x, :3]) == primary


def test_either_side_has_the_last_word(visit: Visit) -> None:
    page = visit()
    page.mouse.click(*place(page, 20))
    says(page, "chosen: 20")
    page.get_by_role("button", name="Choose 100").click()
    says(page, "chosen: 100")
    page.get_by_role("button", name="Run again").click()
    says(page, "chosen: 100")
    page.mouse.click(*place(page, 100))
    page.locator(".scroll").evaluate("one => one.scrollTo(0, 0)")
    page.mouse.click(*place(page, 7))
    says(page, "chosen: 7")


def test_a_choice_follows_its_channel_into_another_order(visit: Visit) -> None:
    page = visit()
    page.mouse.click(*place(page, 20))
    says(page, "chosen: 20")
    page.get_by_text("Reverse").click()
    option = page.get_by_role("option")
    expect(option).to_have_attribute("aria-posinset", str(512 - 20))
    expect(option).to_have_attribute("aria-selected", "true")
    assert page.locator(".scroll").evaluate("one => one.scrollTop") > 0
    says(page, "chosen: 20")


# ------------------------------------------------------------------------- the keys
def test_the_keyboard_reaches_every_channel(visit: Visit) -> None:
    page = visit()
    columns = int(layout(page)["columns"])
    option = page.get_by_role("option")
    page.get_by_role("listbox", name="Channels of the layer").focus()
    for key, index in (
        ("ArrowRight", 1),
        ("ArrowDown", 1 + columns),
        ("ArrowLeft", columns),
        ("ArrowUp", 0),
        ("ArrowUp", 0),
        ("End", 511),
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
    ):
        page.keyboard.press(key)
        expect(option).to_have_attribute("aria-posinset", str(index + 1))
    expect(option).to_have_text("Channel 2, 0.02, dead")
    expect(page.locator(".card .mark")).to_have_text("dead")
    says(page, "chosen: None")
    page.keyboard.press("Enter")
    says(page, "chosen: 2")
    page.keyboard.press("End")
    expect(page.locator(".card")).to_have_attribute("data-channel", "511")
    page.keyboard.press("Escape")
    expect(page.locator(".card")).to_be_hidden()


def test_hostile_words_are_only_words(visit: Visit) -> None:
    page = visit("hostile=1")
    page.mouse.move(*place(page, 7))
    expect(page.locator(".card dt").last).to_have_text(tiles_app.HOSTILE)
    expect(page.locator(".card img, .card b")).to_have_count(0)
    assert page.title() != "1"


# ----------------------------------------------- what a browser may send, without one
IMPORTS = (
    "import numpy as np\n"
    "from pages._ui.channel_grid import channel_grid\n"
    "from xai.figures.sheets import channel_sheet"
)
CALL = (
    "channel_grid(channel_sheet(np.eye(4, dtype=np.float32)[None].repeat(3, 0)).sprite.png(),"
    " columns=2, tile=4, order=[2, 0, 5], captions=['', '', ''], selected={}, key='part',"
    " height=100)"
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5), (0, 0), (1, 2), (-1, 2), (True, 2), ("5", 2), ([5], 2), ({}, 2), (None, 2), (5.5, 2)],
)
def test_only_a_channel_on_show_can_be_chosen(value: object, expected: int) -> None:
    assert echo(IMPORTS, CALL.format(2), {"choice": {"token": "a", "value": value}}) == expected


@pytest.mark.parametrize("state", [{}, {"choice": 5}, {"choice": {"value": 5}}, {"choice": None}])
def test_an_answer_of_another_shape_is_none(state: object) -> None:
    assert echo(IMPORTS, CALL.format(None), state) is None


def test_a_channel_that_is_not_there_is_not_ringed() -> None:
    assert echo(IMPORTS, CALL.format(17), {}) is None


def test_a_part_holds_what_was_put_in() -> None:
    made = carrier.part({"name": "ä"}, b"\x00\x01")
    text = json.dumps({"name": "ä"}, ensure_ascii=False, separators=(",", ":")).encode()
    assert made.message == made.digest.encode() + b"%08d" % len(text) + text + b"\x00\x01"
    assert len(made.digest) == 24


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": []}, "expected channels that differ"),
        ({"order": [1, 1]}, "expected channels that differ"),
        ({"captions": ["a"]}, "captions: expected 2, one a tile, got 1"),
        ({"marks": ["a"]}, "marks: expected 2"),
        ({"facts": {"mean": [1.0]}}, "mean: expected 2"),
        ({"columns": 0}, "columns: expected at least 1"),
        ({"tile": (0, 4)}, "tile: expected at least 1"),
        ({"height": 0}, "height: expected at least 1"),
        ({"shown": 0}, "shown: expected at least 1"),
        ({"gap": -1}, "gap: expected at least 0"),
        ({"sheet_image": b"GIF89a"}, "expected the bytes of a PNG or WebP"),
    ],
)
def test_the_grid_refuses_what_does_not_fit(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {
        "sheet_image": channel_sheet(np.zeros((2, 3, 3))).sprite.png(),
        "columns": 2,
        "tile": 3,
        "order": [0, 1],
        "captions": ["a", "b"],
        "selected": None,
        "key": "part",
        "height": 100,
    }
    with pytest.raises(ValueError, match=message):
        channel_grid(**{**given, **change})  # type: ignore[arg-type]
