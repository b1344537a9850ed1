"""A tour of the two pages about layers: the drawing, the graph, the table, channels, numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from reading import choices, unbroken

pytestmark = pytest.mark.browser

Settle = Callable[[Page], None]
Visit = Callable[..., Page]

DIGITS = "data=mnist&model=lenet5-mnist"
PHOTOS = "data=photos&model=efficientnet-lite0"
DRAWING = ".st-key-drawing-lenet5-mnist"
STRIP = ".st-key-layer-strip"
#: Milliseconds that work may take on a busy machine.
PATIENCE = 90_000

#: Each view of the two pages, and words that it says when it is there.
VIEWS = {
    "architecture?anatomy=graph": "Traced from the forward pass",
    "architecture?anatomy=table": "Click a heading to sort",
    "architecture?anatomy=weights&layer=stem.conv": "How often each weight occurs",
    "architecture?anatomy=compare": "Where resolution is lost",
    "feature_maps?maps=network": "Each row is a layer",
    "feature_maps?maps=layer": "Each square is one channel",
    "feature_maps?maps=channel": "Each picture has its own scale",
    "feature_maps?maps=pair": "one scale for both",
    "feature_maps?maps=layer&layer=classifier": "Each cell is a neuron",
}

# What is wider than its place: the page, its parts, and words in controls.
_CUT_OFF = """() => {
    const found = [];
    const main = document.querySelector('[data-testid="stMain"]');
    if (main.scrollWidth > main.clientWidth + 1) found.push('the page scrolls sideways');
    if (document.documentElement.scrollWidth > innerWidth) found.push('wider than the window');
    const edge = main.getBoundingClientRect().left + main.clientWidth;
    for (const part of main.querySelectorAll('[data-testid="stElementContainer"]')) {
        const { width, right } = part.getBoundingClientRect();
        if (width && right > edge + 1) found.push(`${part.className} ends at ${right} of ${edge}`);
    }
    const words = '[data-testid="stButtonGroup"] button, [data-testid="stButtonGroup"] button *, '
        + '[data-testid="stSelectbox"] input, [data-testid="stWidgetLabel"] p, '
        + '[data-testid="stMetricValue"] *, [data-testid="stButton"] button, '
        + '[data-testid="stHtml"] *';
    for (const text of main.querySelectorAll(words))
        if (text.clientWidth && text.scrollWidth > text.clientWidth + 1)
            found.push(`${text.value ?? text.innerText} is cut off`);
    for (const group of main.querySelectorAll('[data-testid="stButtonGroup"]')) {
        const limit = group.getBoundingClientRect().right;
        for (const button of group.querySelectorAll('button'))
            if (button.getBoundingClientRect().right > limit + 0.5)
                found.push(`the button ${button.innerText} is cut off`);
    }
    return [...new Set(found)];
}"""


@pytest.fixture
def visit(app_server: Callable[..., str], open_page: Callable[..., Page], settle: Settle) -> Visit:
    """Open a view: ``visit("feature_maps", "maps=layer", until="Each square")``."""

    def go(
        name: str, query: str, *, until: str, page: Page | None = None, **context: object
    ) -> Page:
        page = page or open_page(**{"width": 1366, "height": 768, **context})
        page.goto(f"{app_server('Home.py')}/{name}?{query}")
        there(page, until)
        settle(page)
        return page

    return go


def there(page: Page, words: str) -> None:
    """Wait until a view and its work are there, and nothing has gone wrong."""
    expect(page.get_by_text(words).first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_text(words).first).to_be_visible(timeout=PATIENCE)
    unbroken(page)


def link_has(page: Page, key: str, value: str) -> None:
    """Wait until the address bar says so."""
    expect(page).to_have_url(
        re.compile(rf"[?&]{key}={re.escape(quote(value))}(&|$)"), timeout=PATIENCE
    )


def part(page: Page, where: str, name: str) -> Locator:
    """Return a part of the drawing, the strip or the graph; not of what is inside a part."""
    return page.locator(f"{where} g.node[data-node='{name}']").first


def is_selected(node: Locator) -> None:
    expect(node).to_have_class(re.compile(r"\bselected\b"), timeout=PATIENCE)


def names(page: Page, where: str, layer: str) -> None:
    """Wait until the bar over a drawing names the layer, which needs no server."""
    expect(page.locator(f"{where} .bar .name")).to_have_text(layer, timeout=PATIENCE)


def turn_to(page: Page, title: str, words: str, settle: Settle) -> None:
    """Change the page by the menu."""
    page.get_by_role("link", name=title, exact=True).click()
    there(page, words)
    settle(page)


def look_at(page: Page, view: str, words: str, settle: Settle) -> None:
    """Change the view by its button."""
    page.get_by_test_id("stMain").get_by_role("radio", name=view, exact=True).click()
    there(page, words)
    settle(page)


def tile(page: Page, key: str, place: int) -> None:
    """Click the tile at a place of a grid of channels."""
    grid = page.locator(f"{key} .grid[data-ready=yes][data-layout]")
    grid.scroll_into_view_if_needed()
    plan, box = json.loads(grid.get_attribute("data-layout") or ""), grid.bounding_box()
    assert box is not None
    row, column = divmod(place, int(plan["columns"]))
    x = plan["edge"] + column * plan["across"] + plan["side"] / 2
    page.mouse.click(box["x"] + 1 + x, box["y"] + 1 + plan["edge"] + row * plan["down"] + 10)


def cell(page: Page, row: int, column: int) -> None:
    """Click a number of a map."""
    view = page.locator(".values[data-ready=yes][data-window]")
    canvas = view.locator(".stage canvas")
    canvas.scroll_into_view_if_needed()
    seen, box = json.loads(view.get_attribute("data-window") or ""), canvas.bounding_box()
    assert box is not None
    x, y = seen["x"] + (column + 0.5) * seen["side"], seen["y"] + (row + 0.5) * seen["side"]
    page.mouse.click(box["x"] + x, box["y"] + y)


# --------------------------------------------------------------------------- the layer
def test_a_part_of_the_drawing_is_chosen_on_every_page(visit: Visit, settle: Settle) -> None:
    page = visit("architecture", f"{DIGITS}&layer=relu2", until="Traced from the forward pass")
    kept = part(page, DRAWING, "conv1").element_handle()
    part(page, DRAWING, "conv1").click()
    expect(page.get_by_text("Chosen: relu1")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(f"{DRAWING} .bar .words")).to_have_text("ReLU · 6 maps of 28 × 28")
    link_has(page, "layer", "relu1")
    is_selected(part(page, ".st-key-graph-lenet5-mnist-overview", "conv1"))
    settle(page)
    assert kept.evaluate("one => one.isConnected && one.matches('.selected')")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Chosen: pool1")).to_be_visible(timeout=PATIENCE)
    link_has(page, "layer", "pool1")
    assert kept.evaluate("one => one.isConnected && !one.matches('.selected')")
    turn_to(page, "Feature maps", "6 channels of pool1", settle)
    names(page, STRIP, "pool1")
    is_selected(part(page, STRIP, "pool1"))
    part(page, STRIP, "conv2").click()
    expect(page.get_by_text("16 channels of relu2")).to_be_visible(timeout=PATIENCE)
    link_has(page, "layer", "relu2")
    turn_to(page, "Architecture", "Traced from the forward pass", settle)
    names(page, DRAWING, "relu2")
    is_selected(part(page, DRAWING, "conv2"))


def test_a_block_of_the_graph_opens_and_closes(visit: Visit, settle: Settle) -> None:
    graph = ".st-key-graph-efficientnet-lite0-overview"
    page = visit("architecture", PHOTOS, until="Traced from the forward pass")
    frame, nodes = page.locator(f"{graph} .network"), page.locator(f"{graph} g.node")
    folded, height = nodes.count(), frame.evaluate("one => one.offsetHeight")
    inside = page.locator(f"{graph} g.node[data-node^='stages.1.1.']")
    expect(inside).to_have_count(0)
    part(page, graph, "stages.1.1").locator(".sk-chip").click()
    expect(inside.first).to_be_visible(timeout=PATIENCE)
    expect(page.locator(f"{graph} .sk-shortcut").first).to_be_visible()
    settle(page)
    assert frame.evaluate("one => one.offsetHeight") == height
    inside.first.click()
    expect(page.get_by_text(re.compile(r"^Chosen: stages\.1\.1\."))).to_be_visible(timeout=PATIENCE)
    is_selected(part(page, ".st-key-drawing-efficientnet-lite0", "stages.1.1"))
    settle(page)
    page.mouse.move(3, 3)  # the card of what was clicked may lie upon the sign
    expect(page.locator(f"{graph} .card")).to_be_hidden()
    # Below the menu, which lies upon what is scrolled; and by force: no layer is chosen by it.
    frame.evaluate("one => one.scrollIntoView({ block: 'end' })")
    part(page, graph, "fold:stages.1.1").click(force=True)
    expect(inside).to_have_count(0, timeout=PATIENCE)
    expect(nodes).to_have_count(folded)


def test_a_row_of_the_table_chooses_its_layer_and_its_weights_are_seen(
    visit: Visit, settle: Settle
) -> None:
    page = visit("architecture", f"{DIGITS}&anatomy=table", until="Click a heading to sort")
    page.get_by_role("textbox", name="Search", exact=True).fill("conv 6")
    page.get_by_role("textbox", name="Search", exact=True).press("Enter")
    expect(page.get_by_text("1 of 11 layers")).to_be_visible(timeout=PATIENCE)
    settle(page)
    sheet = page.get_by_test_id("stDataFrame")
    # Streamlit gives a row 2.1875 rem; the box before the first one is below the heading.
    rem = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    sheet.click(position={"x": 16, "y": 1.5 * 2.1875 * rem})
    names(page, DRAWING, "conv1")
    link_has(page, "layer", "conv1")
    settle(page)
    look_at(page, "Weights", "How often each weight occurs", settle)
    expect(page.get_by_text("Chosen: conv1")).to_be_visible()
    expect(page.get_by_text("150 weights (")).to_be_visible()
    tile(page, ".st-key-kernels-lenet5-mnist-conv1", 2)
    link_has(page, "channel", "2")
    page.get_by_role("button", name="Next layer").first.click()
    expect(page.get_by_text("relu1 (ReLU) has no weights")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="conv2", exact=True).click()
    expect(page.get_by_text("2,400 weights (")).to_be_visible(timeout=PATIENCE)
    names(page, DRAWING, "conv2")


# ------------------------------------------------------------------------ the channels
def test_a_square_of_the_network_leads_to_its_channel(visit: Visit, settle: Settle) -> None:
    page = visit("feature_maps", f"{DIGITS}&maps=network", until="Each row is a layer")
    glance = page.locator(".glance[data-ready=yes]")
    glance.scroll_into_view_if_needed()
    place = glance.evaluate("root => root.placeOf('relu1', 3)")
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    link_has(page, "layer", "relu1")
    link_has(page, "channel", "3")
    names(page, STRIP, "relu1")
    settle(page)
    look_at(page, "One channel", "Each picture has its own scale", settle)
    expect(page.get_by_label("Channel of relu1, 0 to 5")).to_have_value("3")
    names(page, STRIP, "relu1")


def test_from_a_tile_down_to_a_number_and_back_to_the_workbench(
    visit: Visit, settle: Settle
) -> None:
    page = visit("feature_maps", f"{DIGITS}&layer=relu2", until="16 channels of relu2")
    assert "channel" not in choices(page)
    rings = page.locator(".st-key-grid-lenet5-mnist-relu2 .scroll canvas")
    bare = rings.evaluate("canvas => canvas.toDataURL()")
    tile(page, ".st-key-grid-lenet5-mnist-relu2", 5)
    closer = page.get_by_role("button", name="Look closely at channel")
    expect(closer).to_be_visible(timeout=PATIENCE)
    channel = choices(page)["channel"]
    chosen = page.locator(".st-key-grid-lenet5-mnist-relu2 [role=option][aria-selected=true]")
    expect(chosen).to_have_text(re.compile(rf"^Channel {channel}\b"))
    assert rings.evaluate("canvas => canvas.toDataURL()") != bare
    closer.click()
    there(page, "Each picture has its own scale")
    expect(page.get_by_label("Channel of relu2, 0 to 15")).to_have_value(channel)
    settle(page)
    cell(page, 4, 6)
    link_has(page, "spot", "4,6")
    expect(page.get_by_text("Chosen: row 4, column 6")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("receptive field of row 4, column 6")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(f"moves channel {channel} of relu2 at row 4, column 6")).to_be_visible(
        timeout=PATIENCE
    )
    there(page, "Each picture has its own scale")
    settle(page)
    # What the network holds, what the sum gives, and what the map shows are one number.
    told = page.get_by_text("The network itself holds").inner_text()
    numbers = [float(text) for text in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", told)][:2]
    assert numbers[0] == pytest.approx(numbers[1], abs=1e-5)
    shown = page.get_by_text("Chosen: row 4, column 6").inner_text().split()[-1]
    assert float(shown.replace("−", "-")) == pytest.approx(numbers[0], rel=1e-5, abs=1e-5)
    other = visit("feature_maps", urlsplit(page.url).query, until="Each picture has its own scale")
    assert choices(other) == choices(page)
    expect(other.get_by_label("Channel of relu2, 0 to 15")).to_have_value(channel)
    expect(other.get_by_text("Chosen: row 4, column 6")).to_be_visible()
    assert told == other.get_by_text("The network itself holds").inner_text()
    before = choices(page)["image"]
    tile(page, "[class*=st-key-strongest]", 1)
    expect(page).not_to_have_url(re.compile(f"image={before}(&|$)"), timeout=PATIENCE)
    after = choices(page)["image"]
    expect(page.get_by_test_id("stSidebar").locator("[aria-selected=true]")).to_have_attribute(
        "aria-label", re.compile(after), timeout=PATIENCE
    )
    there(page, "Each picture has its own scale")


def test_an_image_stands_beside_its_attacked_version(visit: Visit, settle: Settle) -> None:
    view = f"{DIGITS}&maps=pair&beside_what=attacked&layer=relu1"
    page = visit("feature_maps", view, until="one scale for both")
    expect(page.get_by_text(re.compile("^Attacked"))).to_be_visible()
    expect(page.get_by_text(re.compile("^seen as"))).to_have_count(2)
    expect(page.get_by_text(re.compile(r"The answers differ by [1-9]\d*%"))).to_be_visible()
    first, second = (f".st-key-pair-{side}-lenet5-mnist-relu1" for side in (0, 1))
    tile(page, second, 1)
    for key in (first, second):
        chosen = page.locator(f"{key} [role=option][aria-selected=true]")
        expect(chosen).to_have_text(re.compile("^Channel "), timeout=PATIENCE)
        number = chosen.inner_text().split(",")[0].split()[1]
        link_has(page, "channel", number)


# ------------------------------------------------------------------------- every view
@pytest.mark.parametrize("name", ["architecture", "feature_maps"])
def test_every_view_fits_a_laptop_in_both_themes(name: str, visit: Visit, settle: Settle) -> None:
    page = None
    for view, words in VIEWS.items():
        where, _, query = view.partition("?")
        if where != name:
            continue
        page = visit(name, f"{PHOTOS}&{query}", until=words, page=page)
        assert page.evaluate(_CUT_OFF) == [], view
        ground = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        light = page.evaluate(ground)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"light => {ground} !== light", arg=light)
        there(page, words)
        settle(page)
        assert page.evaluate(_CUT_OFF) == [], view
        page.emulate_media(color_scheme="light")
