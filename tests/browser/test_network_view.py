"""The drawn network in a real browser: hover, click, keys, search, opening, hostile names."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import network_app
import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from reading import press, runs, says

pytestmark = pytest.mark.browser

APP = "tests/browser/network_app.py"
Visit = Callable[..., Page]


@pytest.fixture
def visit(open_app: Visit) -> Visit:
    """Open the page with a network; ``visit("kind=zoom", theme="dark")``."""
    return functools.partial(open_app, APP, ".network[data-ready=yes]")


def part(page: Page, name: str) -> Locator:
    return page.locator(f"g.node[data-node='{name}']")


def face(page: Page, name: str) -> Locator:
    return part(page, name).locator(".sk-face")


def card(page: Page) -> Locator:
    return page.locator(".card")


def stage(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Layer", exact=True)


def query(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Find a layer")


def has(mark: str) -> re.Pattern[str]:
    return re.compile(rf"\b{mark}\b")


# ----------------------------------------------------------------------- the pointer
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hover_names_the_part_and_its_links_without_a_run(visit: Visit, theme: str) -> None:
    page = visit(theme=theme)
    face(page, "join").hover()
    expect(card(page)).to_be_visible()
    expect(card(page).locator(".title")).to_have_text("join")
    expect(card(page).locator("dt")).to_have_text(["Kind", "Output", "Receptive field"])
    expect(card(page).locator("dd")).to_have_text(["Convolution, 3 × 3", "8 × 8 × 8", "5 px"])
    expect(part(page, "join")).to_have_class(has("hover"))
    expect(page.locator(".link.near[data-to=join]")).to_have_count(3)
    face(page, "branch1").hover()
    expect(card(page)).to_contain_text("Click to choose a layer inside.")
    expect(part(page, "join")).not_to_have_class(has("hover"))
    page.mouse.move(3, 3)
    expect(card(page)).to_be_hidden()
    expect(page.locator(".node.hover")).to_have_count(0)
    assert runs(page) == 1


@pytest.mark.parametrize("size", [(1280, 900), (420, 560)])
def test_the_card_is_never_cut_off(visit: Visit, size: tuple[int, int]) -> None:
    page = visit("kind=compact", width=size[0], height=size[1])
    for name in ("image", "branch2", "head"):
        face(page, name).hover()
        expect(card(page).locator(".facts")).to_be_visible()
        box = card(page).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= size[0]
        assert box["y"] + box["height"] <= size[1]


def test_a_click_marks_the_part_and_draws_nothing_anew(visit: Visit) -> None:
    page = visit()
    kept = part(page, "join").element_handle()
    expect(part(page, "stem")).to_have_class(has("selected"))
    face(page, "join").click()
    expect(part(page, "join")).to_have_class(has("selected"))
    says(page, "chosen: join")
    expect(page.locator(".node.selected")).to_have_count(1)
    assert kept.evaluate("element => element.isConnected && element.matches('.selected')")
    press(page, "Run again")
    expect(part(page, "join")).to_have_class(has("selected"))
    assert kept.evaluate("element => element.isConnected")
    expect(page.locator(".bar .name")).to_have_text("join")
    expect(page.locator(".bar .words")).to_have_text(network_app.WORDS["join"])


def test_the_mark_does_not_wait_for_the_server(visit: Visit) -> None:
    page = visit()
    page.context.set_offline(True)
    face(page, "join").click()
    expect(part(page, "join")).to_have_class(has("selected"))
    expect(part(page, "stem")).not_to_have_class(has("selected"))
    page.context.set_offline(False)


def test_the_page_has_the_last_word_after_a_click(visit: Visit) -> None:
    page = visit()
    face(page, "branch1").click()
    says(page, "chosen: branch1.relu")
    press(page, "Choose the join")
    says(page, "chosen: join")
    expect(part(page, "join")).to_have_class(has("selected"))
    face(page, "branch1").click()
    says(page, "chosen: branch1.relu")


# -------------------------------------------------------------------- the detail row
def test_the_detail_row_shows_and_chooses_what_is_inside(visit: Visit) -> None:
    page = visit()
    inside = page.locator(".inside")
    before = inside.bounding_box()
    assert before is not None
    expect(inside.locator(".caption")).to_contain_text("Choose a block")
    face(page, "branch1").click()
    expect(inside.locator(".caption")).to_have_text("Inside branch1")
    expect(part(page, "branch1.relu")).to_have_class(has("selected"))
    face(page, "branch1.norm").click()
    says(page, "chosen: branch1.norm")
    expect(part(page, "branch1.norm")).to_have_class(has("selected"))
    expect(part(page, "branch1")).to_have_class(has("selected"))
    assert inside.bounding_box() == before
    face(page, "branch2").click()
    expect(inside.locator(".caption")).to_have_text("Inside branch2")
    expect(part(page, "branch1.norm")).to_have_count(0)
    assert inside.bounding_box() == before


def test_the_chosen_part_of_a_long_network_is_scrolled_into_view(visit: Visit) -> None:
    page = visit("kind=chain&layer=step17", height=320)
    expect(part(page, "step17")).to_be_in_viewport(ratio=1)
    top = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    for _ in range(3):
        page.get_by_role("button", name="Next layer").click()
    says(page, "chosen: step20")
    expect(part(page, "step20")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == top


# ---------------------------------------------------------------------- the keyboard
def test_the_arrows_walk_along_branches_and_into_the_detail_row(visit: Visit) -> None:
    page = visit()
    query(page).focus()
    page.keyboard.press("Tab")
    expect(stage(page)).to_be_focused()
    expect(page.locator(".ring.shown")).to_be_visible()
    expect(card(page).locator(".title")).to_have_text("stem")
    for key, name in (
        ("ArrowRight", "branch1"),
        ("ArrowUp", "branch1"),
        ("ArrowDown", "branch2"),
        ("ArrowDown", "branch2.1"),
        ("ArrowLeft", "branch2.0"),
    ):
        page.keyboard.press(key)
        expect(card(page)).to_have_attribute("data-node", name)
    says(page, "chosen: branch2.0")
    active = stage(page).get_attribute("aria-activedescendant")
    assert part(page, "branch2.0").get_attribute("id") == active
    expect(page.locator(".spoken")).to_contain_text("branch2.0, Kind Convolution")
    page.keyboard.press("ArrowUp")
    expect(card(page)).to_have_attribute("data-node", "branch2")
    expect(page.locator(".bar .name")).to_have_text("branch2.0")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    says(page, "chosen: join")
    page.keyboard.press("Home")
    expect(card(page)).to_have_attribute("data-node", "image")
    page.keyboard.press("End")
    says(page, f"chosen: {network_app.HOSTILE}")
    page.keyboard.press("Escape")
    expect(stage(page)).not_to_be_focused()
    expect(card(page)).to_be_hidden()


def test_the_network_is_one_tab_stop(visit: Visit) -> None:
    page = visit()
    stage(page).focus()
    page.keyboard.press("Shift+Tab")
    expect(query(page)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(stage(page)).not_to_be_focused()
    assert page.evaluate("!document.activeElement.shadowRoot?.querySelector('.network')")


# ------------------------------------------------------------- what cannot be chosen
def test_what_a_page_cannot_show_is_dimmed_and_says_so(visit: Visit) -> None:
    page = visit()
    press(page, "Only some")
    expect(part(page, "join")).to_have_class(has("dimmed"))
    expect(part(page, "branch2")).to_have_class(has("dimmed"))
    expect(part(page, "stem")).not_to_have_class(has("dimmed"))
    face(page, "join").hover()
    expect(card(page)).to_contain_text("not available on this page")
    face(page, "join").click()
    expect(page.locator(".spoken")).to_have_text("join is not available on this page")
    face(page, "branch1").click()
    says(page, "chosen: branch1.norm")
    expect(part(page, "branch1.relu")).to_have_class(has("dimmed"))
    expect(part(page, "join")).not_to_have_class(has("selected"))
    page.get_by_role("button", name="Next layer").click()
    says(page, f"chosen: {network_app.HOSTILE}")


def test_a_layer_that_was_never_offered_is_ignored(visit: Visit) -> None:
    def forge(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        # Of the same length, so that the message stays one.
        socket.on_message(
            lambda sent: server.send(
                sent.replace(b'"value":"join"', b'"value":"nope"')
                if isinstance(sent, bytes)
                else sent
            )
        )

    page = visit(before=lambda page: page.route_web_socket(re.compile("_stcore/stream"), forge))
    before = runs(page)
    face(page, "join").click()
    page.wait_for_function(
        "least => Number(document.body.innerText.match(/runs: ([0-9]+)/)?.[1]) > least", arg=before
    )
    says(page, "chosen: stem.conv")
    expect(part(page, "stem")).to_have_class(has("selected"))
    expect(part(page, "join")).not_to_have_class(has("selected"))
    face(page, "branch1").click()
    says(page, "chosen: branch1.relu")


# --------------------------------------------------------------------------- search
@pytest.mark.parametrize("kind", ["full", "compact"])
def test_search_finds_a_layer_by_name(visit: Visit, kind: str) -> None:
    page = visit(f"kind={kind}")
    query(page).click()
    options = page.locator(".found li[role=option]")
    expect(options).to_have_count(len(network_app.WORDS))
    query(page).press_sequentially("branch")
    expect(options).to_have_count(5)
    before = runs(page)
    query(page).press_sequentially(" 11 r c")  # r and c must not reach Streamlit's own keys
    expect(options.locator(".name")).to_have_text(["branch1.relu"])
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert runs(page) == before
    query(page).fill("branch1")
    query(page).press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    query(page).press("Enter")
    says(page, "chosen: branch1.norm")
    expect(part(page, "branch1.norm")).to_have_class(has("selected"))
    expect(page.locator(".found")).to_be_hidden()
    query(page).fill("joi")
    options.get_by_text("join").click()
    says(page, "chosen: join")
    query(page).fill("x")
    query(page).press("Escape")
    expect(query(page)).to_have_value("")
    expect(page.locator(".found")).to_be_hidden()


def test_the_band_is_low_and_names_the_layer_in_words(visit: Visit) -> None:
    page = visit("kind=compact&layer=branch1.norm")
    box = page.locator(".network[data-ready=yes]").bounding_box()
    assert box is not None
    assert box["height"] <= 150
    expect(page.locator(".bar .chosen")).to_have_text(
        f"Layerbranch1.norm{network_app.WORDS['branch1.norm']}"
    )
    page.get_by_role("button", name="Previous layer").click()
    says(page, "chosen: branch1.conv")
    expect(part(page, "branch1.conv")).to_have_class(has("selected"))


# ------------------------------------------------------------------------ zoom, open
def test_a_chip_or_a_double_click_opens_a_part_once(visit: Visit) -> None:
    page = visit("kind=zoom")
    expect(part(page, "stem.inner")).to_have_count(0)
    part(page, "stem").locator(".chip").click()
    says(page, "expanded: stem block")
    says(page, "opened: 1")
    expect(part(page, "stem.inner")).to_be_visible()
    press(page, "Run again")
    says(page, "opened: 1")
    face(page, "stem").dblclick()
    says(page, "opened: 2")
    expect(part(page, "stem.inner")).to_have_count(0)
    stage(page).focus()
    page.keyboard.press("Shift+Enter")
    says(page, "opened: 3")


def test_zoom_keeps_what_is_under_the_pointer_and_a_drag_is_no_click(visit: Visit) -> None:
    page = visit("kind=zoom")

    def place() -> tuple[float, float, float]:
        box = face(page, "join").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"]

    def wheel(turns: int, times: float) -> None:
        """Zoom with the wheel on the join until it is so many times as wide."""
        x, y, before = place()
        page.mouse.move(x, y)
        page.keyboard.down("Control")
        for _ in range(turns):
            page.mouse.wheel(0, -200)
        handle = face(page, "join").element_handle()
        wide = "([face, wide]) => face.getBoundingClientRect().width > wide"
        page.wait_for_function(wide, arg=[handle, times * before])
        page.keyboard.up("Control")

    fit = place()
    for _ in range(6):
        page.get_by_role("button", name="Zoom in").click()
    assert place()[2] > 3 * fit[2]
    page.get_by_role("button", name="Fit the width").click()
    assert place() == pytest.approx(fit, abs=1)
    wheel(2, 2.1)  # now it is wider than its frame, so that it can stay under the pointer
    near = place()
    wheel(1, 1.4)
    now = place()
    assert now[:2] == pytest.approx(near[:2], abs=3)
    page.mouse.move(*now[:2])
    page.mouse.down()
    page.mouse.move(now[0] + 60, now[1] + 5, steps=4)
    page.mouse.up()
    assert place()[0] == pytest.approx(now[0] + 60, abs=3)
    press(page, "Run again")
    says(page, "chosen: stem.conv")


def test_a_drag_ends_when_the_button_was_let_go_outside(visit: Visit) -> None:
    page = visit("kind=zoom")
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    pane, before = page.locator(".pane").first, face(page, "join").bounding_box()
    frame = pane.bounding_box()
    assert frame is not None
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    pressed = {"button": 0, "buttons": 1, "pointerId": 1, "pointerType": "mouse"}
    pane.dispatch_event("pointerdown", pressed | {"clientX": x, "clientY": y})
    page.mouse.move(x, y)
    page.mouse.move(x + 60, y + 5, steps=4)
    assert face(page, "join").bounding_box() == before


# --------------------------------------------------------------------- hostile input
def test_names_are_text_wherever_they_stand(visit: Visit) -> None:
    page = visit()
    face(page, "head").hover()
    expect(card(page).locator(".title")).to_have_text(network_app.HOSTILE)
    face(page, "head").click()
    says(page, f"chosen: {network_app.HOSTILE}")
    expect(page.locator(".bar .name")).to_have_text(network_app.HOSTILE)
    query(page).fill("onerror")
    expect(page.locator(".found li .name")).to_have_text([network_app.HOSTILE])
    expect(page.locator(".network img, .network b")).to_have_count(0)
    assert page.title() != "1"


def test_a_drawing_that_cannot_be_read_leaves_the_search(visit: Visit) -> None:
    page = visit()
    press(page, "Broken")
    expect(page.locator(".network svg.sketch").first).to_contain_text("cannot be shown")
    query(page).fill("join")
    query(page).press("Enter")
    says(page, "chosen: join")
    press(page, "Broken")
    expect(part(page, "join")).to_have_class(has("selected"))


def test_colours_follow_the_theme_while_the_page_is_open(visit: Visit) -> None:
    page = visit("layer=join")
    read = "one => getComputedStyle(one).stroke"
    light = face(page, "join").evaluate(read)
    text = page.locator(".sk-word").first.evaluate("one => getComputedStyle(one).fill")
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".sk-word").first).not_to_have_css("fill", text)
    assert face(page, "join").evaluate(read) != light
