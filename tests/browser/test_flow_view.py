"""The drawn flow in a real browser: what it shows, says, hears, and how it moves."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import flow_app
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from xai.flow import FlowGraph

pytestmark = pytest.mark.browser

APP = "tests/browser/flow_app.py"
Visit = Callable[..., Page]


@pytest.fixture
def visit(
    app_server: Callable[..., str],
    open_page: Callable[..., Page],
    settle: Callable[[Page], None],
) -> Visit:
    """Open the page with a flow; ``visit("case=large", theme="dark")``."""

    def go(query: str = "", **context: Any) -> Page:
        page = open_page(**context)
        page.goto(f"{app_server(APP)}/?{query}")
        expect(flow(page)).to_be_visible(timeout=60_000)
        settle(page)
        return page

    return go


def flow(page: Page) -> Locator:
    return page.locator(".flow[data-ready=yes]")


def node(page: Page, column: int, cluster: int) -> Locator:
    return page.locator(f'.node[data-column="{column}"][data-cluster="{cluster}"]')


def middle(box: Locator) -> tuple[float, float]:
    where = box.locator(".body").bounding_box()
    assert where is not None
    return where["x"] + where["width"] / 2, where["y"] + where["height"] / 2


def graph_of(case: str = "digits") -> FlowGraph:
    graph, _ = flow_app.made.__wrapped__(case)
    return graph


def heard(page: Page, words: str) -> None:
    expect(page.get_by_text(re.compile("^heard:"))).to_have_text(f"heard: {words}")


# ---------------------------------------------------------------------------- picture
def test_each_cluster_is_a_box_as_high_as_it_has_images(visit: Visit) -> None:
    page, graph = visit(), graph_of()
    assert page.locator(".node").count() == sum(map(len, graph.sequence))
    for column in (0, 5):
        heights = {}
        for one in graph.nodes[column]:
            box = node(page, column, one.cluster).locator(".body").bounding_box()
            assert box is not None
            heights[one.cluster] = box["height"] / len(one)
        values = np.array(list(heights.values()))
        np.testing.assert_allclose(values, values.mean(), rtol=0.03)
    tops = [middle(node(page, 3, cluster))[1] for cluster in graph.sequence[3]]
    assert tops == sorted(tops)
    expect(page.locator(".head .name")).to_have_text(list(graph.layers))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_are_large_enough_and_nothing_leaves_the_frame(visit: Visit, theme: str) -> None:
    page = visit("case=large&paths", theme=theme, width=1366, height=768)
    sizes = page.locator(".flow").evaluate(
        """root => [...root.querySelectorAll("text, button, p, span, input")]
            .filter(one => one.checkVisibility() && one.textContent.trim())
            .map(one => parseFloat(getComputedStyle(one).fontSize))"""
    )
    assert len(sizes) > 100
    assert min(sizes) >= 13
    box = flow(page).bounding_box()
    assert box is not None
    assert box["height"] == 560
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    # What is said of the model stands in the page's own colours.
    on_dark = page.locator(".flow.dark").count() == 1
    assert on_dark == (theme == "dark")


# ----------------------------------------------------------------------------- facts
def test_a_node_that_is_pointed_at_tells_its_images(visit: Visit) -> None:
    page, graph = visit(), graph_of()
    one = graph.nodes[5][0]
    page.mouse.move(*middle(node(page, 5, one.cluster)))
    card = page.locator(".card")
    expect(card).to_be_visible()
    name = "noise" if one.cluster < 0 else f"cluster {one.cluster}"
    expect(card.locator(".title")).to_have_text(f"{graph.layers[5]}: {name}")
    expect(card.locator(".count")).to_contain_text(f"{len(one)} images")
    assert one.majority is not None
    expect(card.locator(".mix .name").first).to_have_text(graph.classes[one.majority])
    expect(card.locator(".mix b").first).to_contain_text(f"{one.counts.max()} ·")
    assert one.accuracy is not None
    expect(card.locator(".right")).to_contain_text("The network gets ")
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()


def test_a_flow_is_pointed_at_between_its_nodes(visit: Visit) -> None:
    page, graph = visit(), graph_of()
    largest = max(graph.flows[4], key=len)
    (x, y), (u, v) = (
        middle(node(page, column, cluster))
        for column, cluster in ((4, largest.source), (5, largest.target))
    )
    page.mouse.move((x + u) / 2, (y + v) / 2)
    expect(page.locator(".card .count")).to_contain_text(f"{len(largest)} images")
    assert page.locator(".glow path").count() == np.count_nonzero(largest.counts)
    expect(page.locator(".node.pointed")).to_have_count(2)


# ---------------------------------------------------------------------------- choice
def test_a_click_chooses_and_another_takes_it_back(visit: Visit) -> None:
    page, graph = visit(), graph_of()
    cluster = graph.sequence[5][1]
    place = middle(node(page, 5, cluster))
    page.mouse.click(*place)
    heard(page, f"Chosen(column=5, cluster={cluster}, target=None) None found")
    expect(node(page, 5, cluster)).to_have_class(re.compile("chosen"))
    count = len(graph.node(5, cluster))
    expect(flow(page)).to_have_attribute("data-lines", str(count))
    expect(page.locator(".shown")).to_contain_text(f"cluster {cluster}: {count} lines")
    page.mouse.click(*place)
    heard(page, "None None found")
    expect(page.locator(".node.chosen")).to_have_count(0)


def test_the_page_has_its_say_after_a_click(visit: Visit) -> None:
    page, graph = visit(), graph_of()
    page.mouse.click(*middle(node(page, 5, graph.sequence[5][1])))
    expect(page.locator(".node.chosen")).to_have_count(1)
    page.get_by_text("Choose the first").click()
    first = graph.sequence[0][0]
    heard(page, f"Chosen(column=0, cluster={first}, target=None) None found")
    expect(node(page, 0, first)).to_have_class(re.compile("chosen"))


def test_the_keys_lead_from_cluster_to_flow_to_cluster(visit: Visit) -> None:
    page, graph = visit(), graph_of()
    page.locator(".field").focus()
    page.keyboard.press("ArrowRight")
    strongest = max((one for one in graph.flows[0] if one.source == graph.sequence[0][0]), key=len)
    expect(page.locator(".card")).to_have_attribute("data-kind", "flow")
    expect(page.locator(".card .count")).to_contain_text(f"{len(strongest)} image")
    expect(page.locator(".spoken")).to_contain_text(f"{graph.layers[0]} → {graph.layers[1]}")
    page.keyboard.press("Enter")
    source, target = strongest.source, strongest.target
    heard(page, f"Chosen(column=0, cluster={source}, target={target}) None found")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".spoken")).to_contain_text(f"{graph.layers[1]}: ")
    page.keyboard.press("Escape")
    expect(page.locator(".card")).to_be_hidden()


# ----------------------------------------------------------------------------- lines
def test_a_class_is_followed_by_its_lines(visit: Visit) -> None:
    page, graph = visit(), graph_of()
    assert graph.labels is not None
    count = np.bincount(graph.labels)[4]
    chip = page.locator(".chip").nth(4)
    chip.click()
    expect(flow(page)).to_have_attribute("data-lines", str(count))
    expect(chip).to_have_attribute("aria-pressed", "true")
    lines = page.locator(".lines path")
    expect(lines).to_have_count(1)
    drawn = lines.get_attribute("d") or ""
    assert drawn.count("M") == count
    assert drawn.count("C") == 5 * count
    heard(page, "None 4 found")
    chip.click()
    expect(flow(page)).to_have_attribute("data-lines", "0")
    expect(lines).to_have_count(0)


def test_the_misclassified_of_a_class_are_both(visit: Visit) -> None:
    page, graph = visit("misclassified"), graph_of()
    wrong = ~np.asarray(graph.right)
    expect(flow(page)).to_have_attribute("data-lines", str(wrong.sum()))
    page.get_by_text("Second class").click()
    both = wrong & (np.asarray(graph.labels) == 1)
    expect(flow(page)).to_have_attribute("data-lines", str(both.sum()))
    expect(page.locator(".shown")).to_contain_text("misclassified, 1: ")


def test_paths_lie_on_top_with_a_mark_in_each_column(visit: Visit) -> None:
    page, graph = visit("paths"), graph_of()
    expect(page.locator(".tracks .track")).to_have_count(2)
    expect(page.locator(".mark")).to_have_count(2 * len(graph.layers))
    expect(page.locator(".mark.attacked text").first).to_have_text("100 %")
    expect(page.locator(".mark.far")).to_have_count(1)
    mark = page.locator(".mark.attacked circle").nth(2).bounding_box()
    box = node(page, 2, int(graph.assigned[2, 1])).bounding_box()
    assert mark is not None
    assert box is not None
    assert box["y"] <= mark["y"] + mark["height"] / 2 <= box["y"] + box["height"]


# ----------------------------------------------------------------------------- order
def test_the_order_moves_and_ends_where_it_should(visit: Visit) -> None:
    page, graph = visit(), graph_of()
    _, drawn = flow_app.made.__wrapped__("digits")
    expect(flow(page)).to_have_attribute("data-state", "found")
    expect(flow(page)).to_have_attribute("data-crossings", str(drawn.found.crossings))
    state = """root => { window.states = [];
        new MutationObserver(() => window.states.push(root.dataset.state))
            .observe(root, { attributes: true, attributeFilter: ["data-state"] }); }"""
    flow(page).evaluate(state)
    page.get_by_role("button", name="Raw order").click()
    expect(flow(page)).to_have_attribute("data-state", "raw")
    assert page.evaluate("[...new Set(window.states)]") == ["moving", "raw"]
    expect(flow(page)).to_have_attribute("data-crossings", str(drawn.raw.crossings))
    expect(page.locator(".crossings b").first).to_have_text(f"{drawn.raw.crossings:,}")
    ends = sorted(set(graph.assigned[3].tolist()) - {-1})
    tops = [middle(node(page, 3, cluster))[1] for cluster in [*ends, -1]]
    assert tops == sorted(tops)
    heard(page, "None None raw")


def test_nothing_moves_where_that_is_not_wanted(visit: Visit) -> None:
    page = visit("raw", reduced_motion="reduce")
    expect(flow(page)).to_have_attribute("data-state", "raw")
    flow(page).evaluate(
        """root => { window.seen = new Set(); const box = root.querySelector(".body");
            new MutationObserver(() => window.seen.add(box.getAttribute("y")))
                .observe(box, { attributes: true, attributeFilter: ["y"] }); }"""
    )
    page.get_by_role("button", name="Found order").click()
    expect(flow(page)).to_have_attribute("data-state", "found")
    assert page.evaluate("window.seen.size") <= 2


# ------------------------------------------------------------------ zoom and threshold
def test_the_drawing_is_zoomed_moved_and_seen_whole_again(visit: Visit) -> None:
    page = visit()
    stage, box = page.locator(".flow .stage"), page.locator(".field").bounding_box()
    assert box is not None
    page.get_by_role("button", name="Zoom in").click()
    expect(stage).to_have_attribute("data-zoom", "1.50")
    first = node(page, 0, graph_of().sequence[0][0])
    before = middle(first)
    page.mouse.move(box["x"] + 300, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 340, box["y"] + 170, steps=4)
    page.mouse.up()
    after = middle(first)
    assert after[0] - before[0] == pytest.approx(40, abs=2)
    assert after[1] - before[1] == pytest.approx(20, abs=2)
    heard(page, "None None found")  # a drag is no click
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    expect(stage).not_to_have_attribute("data-zoom", "1.50")
    page.get_by_role("button", name="See the whole").click()
    expect(stage).to_have_attribute("data-zoom", "1.00")


def test_weak_flows_fade_and_if_none_is_left_that_is_said(visit: Visit) -> None:
    page, graph = visit("case=digits"), graph_of()
    slider = page.get_by_label("Fade flows of fewer images than")
    sizes = [len(one) for pair in graph.flows for one in pair]
    slider.press("ArrowRight")
    expect(page.locator(".flow .stage")).to_have_attribute(
        "data-faint", str(sum(size < 2 for size in sizes))
    )
    expect(page.locator(".least .much")).to_have_text("under 2 images")
    slider.press("End")
    expect(page.locator(".flow .stage")).to_have_attribute("data-faint", str(len(sizes)))
    expect(page.locator(".field .empty")).to_be_visible()
    assert all(
        not path.get_attribute("d") for path in page.locator(".ribbons path:not(.faint)").all()
    )


# --------------------------------------------------------------------------- edge cases
def test_names_are_never_read_as_html(visit: Visit) -> None:
    page = visit("case=names")
    expect(page.locator(".chip .word").first).to_contain_text("<img src=x")
    page.mouse.move(*middle(page.locator(".node").first))
    expect(page.locator(".card .title")).to_contain_text("<b>bold</b>")
    assert page.title() != "1"


@pytest.mark.parametrize("case", ["one", "three", "noise", "bare"])
def test_small_flows_are_drawn_and_pointed_at(visit: Visit, case: str) -> None:
    page, graph = visit(f"case={case}"), graph_of(case)
    assert page.locator(".node").count() == sum(map(len, graph.sequence))
    page.mouse.move(*middle(page.locator(".node").last))
    expect(page.locator(".card")).to_be_visible()
    assert (page.locator(".chip").count() == 0) == (case == "bare")
    drawn = page.locator(".ribbons path").evaluate_all(
        "all => all.map(one => one.getAttribute('d'))"
    )
    assert "NaN" not in "".join(drawn)


def test_nothing_moves_when_lines_and_paths_come_and_go(visit: Visit) -> None:
    page = visit()
    field = page.locator(".field")
    before = field.bounding_box()
    for name in ("Misclassified", "Paths"):
        page.get_by_text(name, exact=True).click()
    expect(page.locator(".shown .key")).to_have_count(2)
    assert field.bounding_box() == before
