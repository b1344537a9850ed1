"""The rectangle of raw values in a real browser, and against made-up values."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
import tiles_app
from playwright.sync_api import Page, expect
from reading import canvas_pixels, echo, runs, says, written

from pages._ui.value_view import rectangle, value_view
from xai.figures.sheets import BROKEN, channel_sheet

pytestmark = pytest.mark.browser

APP = "tests/browser/tiles_app.py"
Visit = Callable[..., Page]


@pytest.fixture
def visit(open_app: Visit) -> Visit:
    """Open the page with values; ``visit("case=dense", theme="dark")``."""
    return functools.partial(open_app, APP, ".values[data-ready=yes][data-window]", view="values")


def window(page: Page) -> dict[str, float]:
    found: dict[str, float] = json.loads(
        page.locator(".values").get_attribute("data-window") or "null"
    )
    return found


def place(page: Page, row: int, column: int) -> tuple[float, float]:
    """Return where the middle of a cell is on the page."""
    seen, box = window(page), page.locator(".stage canvas").bounding_box()
    assert box is not None
    x, y = seen["x"] + (column + 0.5) * seen["side"], seen["y"] + (row + 0.5) * seen["side"]
    return box["x"] + x, box["y"] + y


def cell(page: Page, row: int, column: int) -> np.ndarray:
    """Return the drawn pixels of a cell."""
    seen = window(page)
    x, y = (round(seen[at] + n * seen["side"]) for at, n in (("x", column), ("y", row)))
    side = round(seen["side"])
    return canvas_pixels(page, ".stage canvas")[y : y + side, x : x + side]


def is_(page: Page, row: int, column: int, value: str, *, name: str = "") -> None:
    """Point at a cell and read its card."""
    page.mouse.move(*place(page, row, column))
    expect(page.locator(".card")).to_have_attribute("data-place", f"{row},{column}")
    expect(page.locator(".card .value")).to_have_text(value)
    expect(page.locator(".card .name")).to_have_text(name)


# ------------------------------------------------------------------------ the values
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_cells_have_the_colours_of_the_sheet_and_the_card_the_raw_value(
    visit: Visit, theme: str
) -> None:
    page = visit("case=map", theme=theme)
    values, _ = tiles_app.cells("map")
    before = runs(page)
    page.mouse.move(3, 3)
    wanted = channel_sheet(values[None], zero_centred=True, enlarge=False, side=14, gap=0)
    for row, column in ((0, 0), (1, 1), (9, 3), (13, 13)):
        middle = cell(page, row, column)[12, 12, :3]
        np.testing.assert_array_equal(middle, wanted.sprite.tile(0)[row, column, :3])
    for row, column in ((0, 0), (9, 3), (12, 5)):
        is_(page, row, column, written(values[row, column]))
        expect(page.locator(".card .where")).to_have_text(
            f"row {row}, column {column} · activation"
        )
    page.mouse.move(3, 3)
    expect(page.locator(".card")).to_be_hidden()
    assert runs(page) == before


def test_what_is_not_finite_is_green_and_named(visit: Visit) -> None:
    page = visit("case=map")
    for (row, column), name in {(1, 2): "NaN", (2, 3): "+∞", (3, 4): "−∞"}.items():
        assert (cell(page, row, column)[4, 4, :3] == BROKEN).all()
        assert (cell(page, row, column)[..., :3] == 0).all(axis=2).any()  # the word upon it
        is_(page, row, column, name)
    expect(page.locator(".facts")).to_contain_text("Not finite, in green: 1 NaN and 2 infinite.")


def test_zooming_in_writes_the_numbers_and_zooming_out_ends_at_the_whole(visit: Visit) -> None:
    page = visit("case=map")
    whole = window(page)

    def letters(row: int, column: int) -> int:
        """Return how many pixels of a cell are neither its colour nor near its border."""
        inner = cell(page, row, column)[4:-4, 4:-4, :3]
        return int((inner != inner[0, 0]).any(axis=2).sum())

    page.mouse.move(3, 3)
    assert letters(8, 1) == 0
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator(".values")).not_to_have_attribute("data-window", json_of(whole))
    assert window(page)["side"] == pytest.approx(whole["side"] * 1.6**2, rel=1e-3)
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    assert letters(8, 6) > 30
    page.get_by_role("button", name="Show all").click()
    assert window(page) == whole
    page.mouse.move(*place(page, 8, 6))
    page.mouse.wheel(0, -240)
    expect(page.locator(".hint.shown")).to_be_visible()
    assert window(page) == whole
    page.keyboard.down("Control")
    for times in (1, 2, 3):
        page.mouse.wheel(0, -240)
        side = int(whole["side"] * math.exp(times * 240 * 0.0018))
        seen = re.compile(rf'^{{"side":{side}\b')
        expect(page.locator(".values")).to_have_attribute("data-window", seen)
    page.keyboard.up("Control")
    # What is under the pointer stays there.
    expect(page.locator(".card")).to_have_attribute("data-place", "8,6")
    before = window(page)
    x, y = place(page, 8, 6)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 40, y - 30, steps=4)
    page.mouse.up()
    after = window(page)
    assert (before["x"] - after["x"], before["y"] - after["y"]) == pytest.approx((40, 30), abs=2)
    says(page, "chosen: None")  # to move is not to choose


def json_of(seen: dict[str, float]) -> str:
    return json.dumps(seen, separators=(",", ":"))


# --------------------------------------------------------------------------- choosing
def test_a_click_or_enter_chooses_a_position(visit: Visit) -> None:
    page = visit("case=map")
    values, _ = tiles_app.cells("map")
    page.mouse.click(*place(page, 6, 2))
    says(page, "chosen: (6, 2)")
    words = f"Chosen: row 6, column 2: activation {written(values[6, 2])}"
    expect(page.locator(".now")).to_have_text(words)
    page.get_by_role("application", name="One channel").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator(".card")).to_have_attribute("data-place", "5,4")
    says(page, "chosen: (6, 2)")
    page.keyboard.press("Enter")
    says(page, "chosen: (5, 4)")
    page.get_by_role("button", name="Choose 3, 1").click()
    says(page, "chosen: (3, 1)")
    expect(page.locator(".now")).to_contain_text("row 3, column 1")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_neurons_are_named_and_those_that_are_not_there_are_blank(visit: Visit, theme: str) -> None:
    page = visit("case=dense", theme=theme)
    values, _ = tiles_app.cells("dense")
    is_(page, 0, 3, written(values[0, 3]), name="class 3")
    expect(page.locator(".card .where")).to_have_text("neuron 3 · activation")
    is_(page, 0, 7, written(values[0, 7]), name=tiles_app.HOSTILE)
    expect(page.locator(".card img, .card b")).to_have_count(0)
    assert page.title() != "1"
    assert (cell(page, 7, 9)[2:-2, 2:-2, 3] == 0).all()
    page.mouse.click(*place(page, 7, 9))
    page.mouse.click(*place(page, 7, 7))
    says(page, "chosen: (7, 7)")
    expect(page.locator(".facts")).to_contain_text(re.compile("^Raw activation from"))


def test_one_value_is_large_and_a_constant_map_is_called_constant(visit: Visit) -> None:
    page = visit("case=one")
    assert window(page)["side"] == 200
    shown = cell(page, 0, 0)[10:-10, 10:-10, :3]
    assert (shown == 255).all(axis=2).sum() > 200  # its number, white on black
    expect(page.locator(".facts")).to_have_text("One activation: 0.375.")
    page = visit("case=constant")
    expect(page.locator(".facts")).to_have_text("Constant: every activation is 2.5.")
    expect(page.locator(".ends")).to_have_text(re.compile(r"^\s*2\.5\s*$"))


# ----------------------------------------------- what a browser may send, without one
def chosen(selected: object, value: object) -> object:
    """Return what the call gives for a choice that the browser is said to have sent."""
    return echo(
        "import numpy as np\nfrom pages._ui.value_view import value_view",
        "value_view(np.zeros((3, 4)), signed=True, scale=None,"
        f" selected={selected}, key='part', height=100, label='', count=10)",
        {"choice": {"token": "a", "value": value}},
    )


@pytest.mark.parametrize("sent", [[0, 0], [2, 1], [1, 3]])
def test_a_cell_can_be_chosen(sent: list[int]) -> None:
    assert chosen(None, sent) == tuple(sent)


@pytest.mark.parametrize(
    "sent", [[2, 2], [3, 0], [0, 4], [-1, 0], [0], [0, "1"], [True, 0], [0.5, 0], "00", None, {}]
)
def test_anything_else_leaves_what_the_page_chose(sent: object) -> None:
    assert chosen((1, 1), sent) == (1, 1)


def test_neurons_are_arranged_in_rows() -> None:
    values = np.arange(10, dtype=np.float32)
    cells = rectangle(values)
    assert cells.shape == (2, 5)
    np.testing.assert_array_equal(cells.ravel(), values)
    assert np.isnan(rectangle(values[:7]).ravel()[7:]).all()
    assert rectangle(values[:1]).shape == (1, 2)
    with pytest.raises(ValueError, match=r"expected shape \(D,\)"):
        rectangle(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.zeros(4)}, r"expected shape \(H, W\)"),
        ({"values": np.zeros((0, 4))}, r"expected shape \(H, W\)"),
        ({"values": np.zeros((1001, 1000))}, "at most 1,000,000"),
        ({"scale": (1.0, 0.0)}, "expected low ≤ high"),
        ({"scale": (0.0, np.inf)}, "expected low ≤ high"),
        ({"names": ["a"] * 7}, "expected 1 to 6 cells, got 7"),
        ({"count": 0}, "expected 1 to 6 cells, got 0"),
        ({"height": 0}, "height: expected at least 1"),
    ],
)
def test_the_view_refuses_what_does_not_fit(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {
        "values": np.zeros((2, 3)),
        "signed": False,
        "scale": None,
        "selected": None,
        "key": "part",
        "height": 100,
        "label": "",
    }
    with pytest.raises(ValueError, match=message):
        value_view(**{**given, **change})  # type: ignore[arg-type]
