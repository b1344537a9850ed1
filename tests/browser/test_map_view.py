"""The map of a data set in a real browser: hover, click, selection, legend, playing."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import map_app
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from reading import pixels_of, press, says, text

from pages._ui import map_view
from pages._ui.map_view import Panel, standalone
from xai.figures.sprites import Sprite

pytestmark = pytest.mark.browser

APP = "tests/browser/map_app.py"
AXES = ((0, 1), (2, 3))
COUNT = 300
MARGIN = 16  # CSS pixels around the unit square
Visit = Callable[..., Page]


@pytest.fixture
def visit(open_app: Visit) -> Visit:
    """Open the page with the map; ``visit("panels=2", theme="dark")``."""
    return functools.partial(open_app, APP, ".map[data-ready=yes]")


def ready(page: Page) -> None:
    expect(page.locator(".map[data-ready=yes]")).to_be_visible(timeout=60_000)


def canvas(page: Page, panel: int = 0, layer: str = "above") -> Locator:
    return page.locator(f"canvas.{layer}").nth(panel)


def card(page: Page) -> Locator:
    return page.locator(".card")


def screen(page: Page, panel: int = 0, count: int = COUNT) -> np.ndarray:
    """Return where the points of an unmoved map are on the page, (N, 2), CSS pixels."""
    box = canvas(page, panel).bounding_box()
    assert box is not None
    unit = map_app.layout(count, AXES[panel])[0] / 65_535 - 0.5
    side = min(box["width"], box["height"]) - 2 * MARGIN
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    return unit * side + middle


def lonely(places: np.ndarray, number: int, far: float = 7.0) -> list[int]:
    """Return some points that have no other near them."""
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    found = np.flatnonzero(apart.min(axis=1) > far)
    assert len(found) >= number
    return found[np.linspace(0, len(found) - 1, number).astype(int)].tolist()


def look(page: Page, panel: int = 0) -> str:
    """Return the drawn points as text, to compare."""
    found: str = canvas(page, panel, "below").evaluate("canvas => canvas.toDataURL()")
    return found


def near_ink(page: Page, panel: int, place: np.ndarray) -> bool:
    """Whether something is drawn above a point, a ring for instance."""
    above = canvas(page, panel)
    box = above.bounding_box()
    assert box is not None
    x, y = np.rint(place - [box["x"], box["y"]]).astype(int)
    return bool(pixels_of(above)[y - 12 : y + 13, x - 12 : x + 13, 3].any())


# ---------------------------------------------------------------------- the pointer
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hover_shows_picture_and_facts_in_both_maps_without_a_run(visit: Visit, theme: str) -> None:
    page = visit("panels=2", theme=theme)
    ids, labels, _, sprite = map_app.digits(COUNT)
    panel = map_app.panel(COUNT, AXES[0], "")
    places, others = screen(page), screen(page, 1)
    assert not near_ink(page, 1, others[7])
    for index in lonely(places, 4):
        page.mouse.move(*places[index])
        expect(card(page)).to_have_attribute("data-id", ids[index])
        shown = pixels_of(page.locator(".card .picture"))
        np.testing.assert_array_equal(shown[..., :3], sprite.tile(index))
        wrong = panel.predicted[index] != labels[index]
        words = f"{'✗' if wrong else '✓'} predicted {panel.predicted[index]}"
        expect(card(page)).to_contain_text(words)
        expect(card(page).locator(".main")).to_have_text(str(labels[index]))
        near = pixels_of(page.locator(".card .near"))
        first = panel.neighbours[index, 0]
        np.testing.assert_array_equal(near[:28, :28, :3], sprite.tile(first))
        page.wait_for_timeout(50)
        assert near_ink(page, 1, others[index])
    page.mouse.move(5, 5)
    expect(card(page)).to_be_hidden()
    assert text(page, "runs") == "1"


def test_a_click_inspects_and_either_side_has_the_last_word(visit: Visit) -> None:
    page = visit()
    ids, labels, _, _ = map_app.digits(COUNT)
    places = screen(page)
    one, other = lonely(places, 2)
    page.mouse.click(*places[one])
    says(page, f"inspected: {ids[one]}")
    press(page, "Show a mistake")
    panel = map_app.panel(COUNT, AXES[0], "")
    mistake = ids[int(np.flatnonzero(panel.predicted != labels)[0])]
    says(page, f"inspected: {mistake}")
    press(page, "Run again")
    says(page, f"inspected: {mistake}")
    page.mouse.click(*places[other])
    says(page, f"inspected: {ids[other]}")
    box = canvas(page).bounding_box()
    page.mouse.click(box["x"] + 12, box["y"] + 12)
    says(page, "inspected: None")


def test_a_box_selects_exactly_what_is_inside_and_shows_it_in_both_maps(visit: Visit) -> None:
    page = visit("panels=2")
    ids = map_app.digits(COUNT)[0]
    places = screen(page)
    before = look(page, 1)
    # Corners that no point is close to: half a pixel decides.
    xs, ys = np.sort(places[:, 0]), np.sort(places[:, 1])
    left, right, top, bottom = (gap(xs, 90), gap(xs, 190), gap(ys, 60), gap(ys, 200))
    page.get_by_role("button", name="Box").click()
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=4)
    page.mouse.up()
    inside = (places > [left, top]).all(axis=1) & (places < [right, bottom]).all(axis=1)
    wanted = [ids[at] for at in np.flatnonzero(inside)]
    assert 10 < len(wanted) < COUNT
    says(page, f"selected: {len(wanted)} {','.join(wanted[:40])}")
    assert look(page, 1) != before
    outside = next(at for at in lonely(places, 30) if not inside[at])
    page.keyboard.down("Shift")
    page.mouse.click(*places[outside])
    page.keyboard.up("Shift")
    page.get_by_text(re.compile(f"^selected: {len(wanted) + 1} ")).wait_for()
    page.get_by_role("button", name=f"{len(wanted) + 1} selected").click()
    says(page, re.compile("^selected: 0"))
    expect(page.locator(".chosen")).to_be_hidden()
    page.mouse.move(5, 5)
    page.wait_for_timeout(100)
    assert look(page, 1) == before


def gap(values: np.ndarray, near: int) -> float:
    """Return the middle of a wide gap between sorted values, near a place among them."""
    at = near + int(np.argmax(np.diff(values[near : near + 20])))
    return float((values[at] + values[at + 1]) / 2)


def test_a_lasso_selects_what_it_surrounds(visit: Visit) -> None:
    page = visit()
    ids, places = map_app.digits(COUNT)[0], screen(page)
    index = lonely(places, 1, far=12)[0]
    x, y = places[index]
    page.get_by_role("button", name="Lasso").click()
    page.mouse.move(x - 9, y)
    page.mouse.down()
    for corner in ((x, y - 9), (x + 9, y), (x, y + 9), (x - 9, y)):
        page.mouse.move(*corner)
    page.mouse.up()
    says(page, f"selected: 1 {ids[index]}")


def test_the_wheel_is_the_pages_until_the_map_is_entered(visit: Visit) -> None:
    page = visit()
    stage = page.locator(".stage")
    box = canvas(page).bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.wheel(0, -240)
    expect(page.locator(".hint")).to_have_class(re.compile("shown"))
    expect(stage).to_have_attribute("data-zoom", "1.00")
    page.mouse.click(box["x"] + 20, box["y"] + 20)
    page.mouse.wheel(0, -240)
    expect(stage).not_to_have_attribute("data-zoom", "1.00")
    zoomed = look(page)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 60, steps=3)
    page.mouse.up()
    page.wait_for_timeout(50)
    assert look(page) != zoomed
    page.mouse.dblclick(box["x"] + 20, box["y"] + 20)
    expect(stage).to_have_attribute("data-zoom", "1.00")


# ----------------------------------------------------------------- legend and filter
def test_the_legend_hides_isolates_and_shows_classes(visit: Visit) -> None:
    page = visit()
    ids, labels, _, _ = map_app.digits(COUNT)
    places = screen(page)
    alone = lonely(places, 60)
    zero = next(at for at in alone if labels[at] == 0)
    one = next(at for at in alone if labels[at] == 1)
    chips = page.locator(".chip:visible")
    expect(chips).to_have_count(10)
    expect(chips.first).to_have_text(f"0{(labels == 0).sum()}")
    chips.first.click()
    expect(chips.first).to_have_attribute("aria-pressed", "false")
    page.mouse.move(*places[one])
    expect(card(page)).to_have_attribute("data-id", ids[one])
    page.mouse.move(*places[zero])
    expect(card(page)).not_to_have_attribute("data-id", ids[zero])
    chips.first.dblclick()
    expect(page.locator(".chip[aria-pressed=true]:visible")).to_have_count(1)
    page.mouse.move(*places[one])
    expect(card(page)).not_to_have_attribute("data-id", ids[one])
    page.mouse.move(*places[zero])
    expect(card(page)).to_have_attribute("data-id", ids[zero])
    page.locator(".all").click()
    expect(page.locator(".chip[aria-pressed=true]:visible")).to_have_count(10)
    assert text(page, "runs") == "1"


def test_filtered_points_are_faint_and_cannot_be_pointed_at(visit: Visit) -> None:
    page = visit()
    ids, labels, _, _ = map_app.digits(COUNT)
    places, before = screen(page), look(page)
    alone = lonely(places, 40)
    even = next(at for at in alone if labels[at] % 2 == 0)
    odd = next(at for at in alone if labels[at] % 2 == 1)
    press(page, "Only odd digits")
    page.wait_for_timeout(100)
    assert look(page) != before
    page.mouse.move(*places[odd])
    expect(card(page)).to_have_attribute("data-id", ids[odd])
    page.mouse.move(*places[even])
    expect(card(page)).not_to_have_attribute("data-id", ids[odd])
    expect(card(page)).not_to_have_attribute("data-id", ids[even])
    expect(page.locator(".chip").first.locator(".count")).to_have_text("0")


def test_colour_and_marks_are_told_and_names_are_text(visit: Visit) -> None:
    page = visit()
    title = page.title()
    page.get_by_label("Colour by").select_option("confidence")
    says(page, "state: confidence dots")
    expect(page.locator(".strip")).to_be_visible()
    expect(page.locator(".ends")).to_contain_text("unsure")
    page.get_by_role("button", name="Pictures").click()
    says(page, "state: confidence pictures")
    page.get_by_label("Colour by").select_option("cluster")
    expect(page.locator(".chip")).to_have_count(31)
    expect(page.locator(".chip .word").first).to_have_text(map_app.HOSTILE)
    press(page, "Place")
    page.wait_for_timeout(300)
    box = canvas(page).bounding_box()
    side = (min(box["width"], box["height"]) - 2 * MARGIN) / 1.1
    x = box["x"] + box["width"] / 2 - 0.55 * side
    page.mouse.move(x, box["y"] + box["height"] / 2)
    expect(card(page).locator(".main")).to_have_text(map_app.HOSTILE)
    assert page.title() == title
    assert page.locator("img[src=x]").count() == 0


def test_a_legend_says_how_many_names_are_below_what_is_seen(visit: Visit) -> None:
    for panels in (1, 2):
        page = visit(f"height=420&panels={panels}")
        more = page.locator(".more")
        page.get_by_label("Colour by").select_option("cluster")
        expect(more).to_have_text(re.compile(r"^\+ [0-9]+ more$"))
        first = int(more.inner_text().split()[1])
        assert 5 < first < 30
        more.click()
        expect(more).not_to_have_text(f"+ {first} more")
        page.locator(".chips").evaluate("chips => chips.scrollTo(0, chips.scrollHeight)")
        expect(more).to_be_hidden()
        page.get_by_label("Colour by").select_option("right")
        expect(more).to_be_hidden()


# ------------------------------------------------------------------ a placed picture
def face(page: Page) -> tuple[np.ndarray, np.ndarray]:
    """Return two corners of the placed digit's picture in the panel: its rim is black."""
    page.wait_for_timeout(400)
    pixels = pixels_of(canvas(page)).astype(int)
    black = (pixels[..., 3] == 255) & (pixels[..., :3].sum(axis=2) == 0)
    rows, columns = np.flatnonzero(black.sum(axis=1) > 24), np.flatnonzero(black.sum(axis=0) > 24)
    assert 30 < len(rows) < 50
    assert 30 < len(columns) < 50
    return np.array([columns[0], rows[0]]), np.array([columns[-1], rows[-1]])


@pytest.mark.parametrize("marks", ["dots", "pictures"])
def test_a_placed_picture_lies_beside_its_place(visit: Visit, marks: str) -> None:
    page = visit(f"panels=2&marks={marks}&at=0.5,0.5&named=drawing")
    press(page, "Place")
    box = canvas(page).bounding_box()
    corner = np.array([box["x"], box["y"]])
    middle = np.array([box["width"], box["height"]]) / 2
    low, high = face(page)
    assert np.maximum(low - middle, middle - high).max() > 12
    x, y = middle.astype(int)
    hole = pixels_of(canvas(page))[y - 2 : y + 3, x - 2 : x + 3, 3]
    ring = pixels_of(canvas(page))[y, x - 10 : x - 5, 3]
    assert not hole.any()
    assert (ring == 255).any()
    for place in (middle, (low + high) / 2):
        page.mouse.move(*(corner + place))
        expect(card(page).locator(".main")).to_have_text("drawing")
        expect(card(page).locator(".near")).to_be_visible()
        np.testing.assert_array_equal(face(page), (low, high))


@pytest.mark.parametrize("at", ["-0.1,0.5", "1,0", "0.4,1.05"])
def test_a_placed_picture_is_wholly_seen_at_the_edge_and_beyond(visit: Visit, at: str) -> None:
    page = visit(f"at={at}&named=a%20drawing%20with%20a%20long%20name")
    press(page, "Place")
    box = canvas(page).bounding_box()
    size = np.array([box["width"], box["height"]])
    canvas(page).focus()
    for times in (0, 2, 6):
        for _ in range(times):
            page.keyboard.press("+")
        low, high = face(page)
        assert (low > 4).all()
        assert (high < size - 4).all()
    page.mouse.move(*((low + high) / 2 + [box["x"], box["y"]]))
    expect(card(page).locator(".main")).to_have_text("a drawing with a long name")


# -------------------------------------------------------------------------- keyboard
def test_the_keyboard_walks_inspects_and_zooms(visit: Visit) -> None:
    page = visit()
    ids, places = map_app.digits(COUNT)[0], screen(page)
    above = canvas(page)
    expect(above).to_have_accessible_name("Digits: Pixels")
    above.focus()
    page.keyboard.press("ArrowRight")
    start = ids.index(card(page).get_attribute("data-id"))
    page.keyboard.press("ArrowRight")
    expect(card(page)).not_to_have_attribute("data-id", ids[start])
    found = ids.index(card(page).get_attribute("data-id"))
    assert places[found][0] > places[start][0]
    spoken = page.locator(".spoken")
    expect(spoken).to_contain_text(ids[found])
    expect(spoken).to_contain_text(re.compile("class [0-9], predicted [0-9], (right|wrong)"))
    page.keyboard.press("Enter")
    says(page, f"inspected: {ids[found]}")
    page.keyboard.press("+")
    expect(page.locator(".stage")).not_to_have_attribute("data-zoom", "1.00")
    page.keyboard.press("0")
    expect(page.locator(".stage")).to_have_attribute("data-zoom", "1.00")
    page.keyboard.press("Escape")
    says(page, "inspected: None")
    expect(card(page)).to_be_hidden()


# --------------------------------------------------------------------------- playing
_WATCH = """canvas => {
    canvas.mark = "same";
    window.watched = canvas;
    const seen = window.seen = new Set();
    const read = () => {
        seen.add(canvas.toDataURL());
        if (!window.enough) setTimeout(read, 20);
    };
    read();
}"""


def test_a_live_run_moves_smoothly_and_comes_to_rest_in_place(visit: Visit) -> None:
    page = visit("panels=2&pace=2")
    final, other = look(page), look(page, 1)
    page.get_by_label("Colour by").select_option("right")
    page.get_by_label("Colour by").select_option("true")
    canvas(page, 0, "below").evaluate(_WATCH)
    page.get_by_role("button", name="Go live").click()
    status = page.locator(".status").first
    expect(status).to_have_text(re.compile("frame [1-9]"), timeout=10_000)
    page.wait_for_function("window.seen.size > 14", timeout=15_000)
    # More pictures than the frames that there can have been: what is between is drawn, too.
    expect(status).to_have_text(re.compile("^frame ([1-9]|1[0-3])$"), timeout=1)
    expect(page.locator(".step").first).to_have_text(re.compile("step [1-9][0-9]*"))
    assert look(page, 1) == other
    expect(status).to_have_text("done", timeout=40_000)
    page.wait_for_function(
        "final => window.watched.toDataURL() === final", arg=final, timeout=10_000, polling=100
    )
    page.evaluate("window.enough = true")
    assert look(page) == final
    assert canvas(page, 0, "below").evaluate("canvas => canvas.mark") == "same"


def test_replay_asks_for_the_frames_and_can_be_scrubbed(visit: Visit) -> None:
    page = visit()
    final = look(page)
    expect(page.locator(".slider")).to_be_hidden()
    page.locator(".play").click()
    step = page.locator(".step")
    expect(step).to_have_text(re.compile("step [1-9]"), timeout=10_000)
    expect(page.locator(".play")).to_have_text("Pause")
    assert look(page) != final
    slider = page.get_by_label("Place in the run")
    slider.evaluate("slider => { slider.value = 8; slider.dispatchEvent(new Event('input')); }")
    expect(step).to_have_text("step 200")
    expect(page.locator(".play")).to_have_text("Replay")
    page.wait_for_timeout(60)
    still = look(page)
    page.wait_for_timeout(200)
    assert look(page) == still
    slider.evaluate(
        "slider => { slider.value = slider.max; slider.dispatchEvent(new Event('input')); }"
    )
    page.wait_for_timeout(100)
    assert look(page) == final


def test_who_wants_no_motion_sees_frames_and_nothing_between(visit: Visit) -> None:
    page = visit(reduced_motion="reduce")
    canvas(page, 0, "below").evaluate(_WATCH)
    page.locator(".play").click()
    later = re.compile("step [2-9][0-9][0-9]")
    expect(page.locator(".step")).to_have_text(later, timeout=10_000)
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(60)
    assert page.evaluate("window.enough = true, window.seen.size") <= map_app.FRAMES + 1


# ----------------------------------------------------------------- data, theme, file
def test_what_is_large_is_sent_once(visit: Visit) -> None:
    received: list[int] = []

    def count(page: Page) -> None:
        page.on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))),
        )

    page = visit("n=2000", before=count)
    first = sum(received)
    assert first > 300_000
    places = screen(page, count=2000)
    received.clear()
    one, other = lonely(places, 2)
    page.mouse.move(*places[one])
    expect(card(page)).to_be_visible()
    assert not received
    for index in (one, other):
        page.mouse.click(*places[index])
        says(page, f"inspected: {map_app.digits(2000)[0][index]}")
    page.get_by_label("Colour by").select_option("confidence")
    says(page, "state: confidence dots")
    assert sum(received) < 3 * 30_000


def test_other_images_take_the_place_of_the_first(visit: Visit) -> None:
    page = visit("panels=2")
    press(page, "Fewer")
    expect(page.locator(".panel")).to_have_count(1)
    page.wait_for_timeout(1200)
    places = screen(page, count=100)
    index = lonely(places, 3)[2]
    page.mouse.move(*places[index])
    expect(card(page)).to_have_attribute("data-id", map_app.digits(100)[0][index])
    shown = pixels_of(page.locator(".card .picture"))
    np.testing.assert_array_equal(shown[..., :3], map_app.digits(100)[3].tile(index))


_MANY_PARTS = """async source => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const show = (await import(url)).default;
    const place = () => {
        const parent = document.body.appendChild(document.createElement("div"));
        parent.innerHTML = '<div class="map"></div>';
        return parent;
    };
    const send = (parentElement, data) => show({ parentElement, data, setStateValue() {} });
    const part = (name, content) =>
        new TextEncoder().encode(name.padEnd(24, "-") + JSON.stringify(content));
    const script = `export class MapView {
        constructor(root) { this.root = root; }
        update(data, parts) { this.root.textContent = data.text + parts.has(data.part); }
        destroy() {}
    }`;
    const [map, other, frames] = [place(), place(), place()];
    const engine = "engine".padEnd(24, "-");
    const images = "images".padEnd(24, "-");
    const say = async (where, text) => {
        send(where, { engine, part: images, text, height: 100 });
        const map = where.querySelector(".map");
        for (let turn = 0; turn < 100 && !map.textContent.startsWith(text); turn++)
            await new Promise((done) => setTimeout(done, 50));
        return map.textContent;
    };
    send(place(), part("engine", { script, style: "" }));
    send(place(), part("images", {}));
    const said = [await say(map, "before ")];
    for (let at = 0; at < 300; at++) send(frames, part(`frames ${at}`, { at }));
    return [...said, await say(map, "after "), await say(other, "another ")];
}"""


def test_a_long_run_costs_no_part_that_is_still_needed(open_page: Callable[..., Page]) -> None:
    """Each look at a run brings frames of its own, more in the end than a browser should keep."""
    page = open_page()
    source = Path(map_view.__file__).with_name("loader.js").read_text(encoding="utf-8")
    said = page.evaluate(_MANY_PARTS, source)
    assert said == ["before true", "after true", "another true"]


def test_the_map_follows_the_theme(visit: Visit) -> None:
    page = visit()
    light = pixels_of(canvas(page, 0, "below"))[3, 3, :3]
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(600)
    dark = pixels_of(canvas(page, 0, "below"))[3, 3, :3]
    assert light.min() > 200
    assert dark.max() < 60


def test_the_file_needs_no_network(
    open_page: Callable[..., Page], tmp_path: Path, console_errors: list[str]
) -> None:
    ids, labels, _, sprite = map_app.digits(COUNT)
    panel = map_app.panel(COUNT, AXES[0], "Pixels")
    whole = replace(panel, frames=map_app.frames_of(COUNT, AXES[0], 0, map_app.FRAMES))
    file = tmp_path / "map.html"
    file.write_text(document(ids, labels, sprite, whole), encoding="utf-8")
    page = open_page(offline=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    ready(page)
    places = screen(page)
    index = lonely(places, 3)[1]
    page.mouse.move(*places[index])
    expect(card(page)).to_have_attribute("data-id", ids[index])
    shown = pixels_of(page.locator(".card .picture"))
    np.testing.assert_array_equal(shown[..., :3], sprite.tile(index))
    page.locator(".play").click()
    expect(page.locator(".step")).to_have_text(re.compile("step [1-9]"))
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "blob"}


def document(ids: tuple[str, ...], labels: np.ndarray, sprite: Sprite, panel: Panel) -> str:
    return standalone(
        "Digits </script>",
        "Each dot is a digit.",
        ids=ids,
        labels=labels,
        classes=tuple("0123456789"),
        sprite=sprite.webp(None),
        columns=sprite.columns,
        tile=28,
        crisp=True,
        panels=[panel],
        colour="true",
    )
