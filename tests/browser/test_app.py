"""The whole app in a real browser: every page, both themes, two sizes, several visitors."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from reading import choices, unbroken

pytestmark = pytest.mark.browser

Settle = Callable[[Page], None]
Visit = Callable[..., Page]

#: The last words that each page says when all of it is there.
PAGES = {
    "attribution": "Each check asks one question of the maps above",
    "start": "Or open a prepared view",
    "dataset": "Click a point to inspect it.",
    "architecture": "Traced from the forward pass",
    "feature_maps": "Each square is one channel",
    "adversarial": "Softmax probabilities of the classes",
    "class_visualization": "Each question looks at the grown image",
    "cluster_flow": "Each question looks at the flow above",
    "training": "Each question looks at the training",
}
#: What keeps the work of a page short.
QUICK = {"class_visualization": "grow.steps=20"}
TITLES = {
    "start": "Start",
    "dataset": "Dataset map",
    "architecture": "Architecture",
    "feature_maps": "Feature maps",
    "attribution": "Attribution",
    "adversarial": "Adversarial",
    "class_visualization": "Visualization",
    "cluster_flow": "Cluster flow",
    "training": "Training",
}
DIGITS = "data=mnist&model=lenet5-mnist"
SIZES = ((1366, 768), (1920, 1080))

#: Seconds that work may take on a busy machine, in milliseconds.
PATIENCE = 90_000

# What sticks out of the page, and text that its box cuts off.
_CUT_OFF = """() => {
    const main = document.querySelector('[data-testid="stMain"]');
    const found = [];
    if (main.scrollWidth > main.clientWidth + 1) found.push("the page scrolls sideways");
    const edge = main.getBoundingClientRect().right;
    const outside = '[data-testid="stImage"] img, [data-testid="stVegaLiteChart"], '
        + '[data-testid="stPlotlyChart"], [data-testid="stMetric"], [data-testid="stAlert"], '
        + '[data-testid="stDataFrame"], [data-testid="stButtonGroup"] button';
    for (const element of main.querySelectorAll(outside)) {
        const right = element.getBoundingClientRect().right;
        if (right > edge + 1) found.push(`${element.dataset.testid ?? element.tagName} ends at `
            + `${Math.round(right)} of ${Math.round(edge)}`);
    }
    const side = document.querySelector('[data-testid="stSidebar"]');
    const groups = [main, side].flatMap(
        (part) => [...part.querySelectorAll('[data-testid="stButtonGroup"]')]);
    for (const group of groups) {
        const limit = group.getBoundingClientRect().right;
        for (const button of group.querySelectorAll("button")) {
            const right = button.getBoundingClientRect().right;
            if (right > limit + 0.5) found.push(`the button ${button.innerText} is cut off`);
        }
    }
    for (const text of main.querySelectorAll('[data-testid="stMetricValue"] *, button p')) {
        if (text.clientWidth && text.scrollWidth > text.clientWidth + 1)
            found.push(`“${text.innerText}” is cut off`);
    }
    return [...new Set(found)];
}"""


@pytest.fixture
def elsewhere() -> list[str]:
    """Collect the addresses that pages asked for outside this machine."""
    return []


@pytest.fixture
def visit(
    app_server: Callable[..., str],
    open_page: Callable[..., Page],
    settle: Settle,
    elsewhere: list[str],
) -> Visit:
    """Open a page of the app: ``visit("attribution", "methods=lrp", theme="dark")``.

    ``page`` goes on in a tab that is open already, ``beside`` in a new tab of its visitor.
    """

    def go(
        name: str = "start",
        query: str = "",
        *,
        page: Page | None = None,
        ready: bool = True,
        **context: object,
    ) -> Page:
        if page is None:
            width, height = SIZES[0]
            page = open_page(**{"width": width, "height": height, **context})
            page.on("request", lambda request: _note(request.url, elsewhere))
        path = "" if name == "start" else name
        page.goto(f"{app_server('Home.py')}/{path}?{query}")
        if ready:
            see(page, name)
            settle(page)
        return page

    return go


def _note(url: str, elsewhere: list[str]) -> None:
    place = urlsplit(url)
    if place.scheme not in ("data", "blob") and place.hostname != "127.0.0.1":
        elsewhere.append(url)


def see(page: Page, name: str) -> None:
    """Wait until a page and its work are there, and nothing has gone wrong."""
    expect(page.get_by_text(PAGES[name])).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_text(PAGES[name])).to_be_visible(timeout=PATIENCE)
    unbroken(page)


def turn_to(page: Page, name: str, settle: Settle) -> None:
    """Change the page by the menu."""
    page.get_by_role("link", name=TITLES[name], exact=True).click()
    see(page, name)
    settle(page)


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list of the sidebar or the page."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def tiles(page: Page) -> Locator:
    return page.get_by_role("listbox").get_by_role("option")


def pixels(picture: Locator) -> np.ndarray:
    """Return what a picture's file holds."""
    source = picture.evaluate("image => image.src")
    answer = picture.page.request.get(source)
    return np.asarray(Image.open(BytesIO(answer.body())))


# --------------------------------------------------------------------------- every page
# The first of these is also the first visit to a fresh server, and not to its start page.
@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_both_themes_and_sizes(
    name: str, visit: Visit, settle: Settle, elsewhere: list[str]
) -> None:
    page = visit(name, QUICK.get(name, ""))
    assert page.evaluate(_CUT_OFF) == []
    light = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": SIZES[1][0], "height": SIZES[1][1]})
    settle(page)
    see(page, name)
    dark = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert dark != light
    assert page.evaluate(_CUT_OFF) == []
    assert elsewhere == []


def test_every_page_has_its_name_in_the_menu_beside_the_open_sidebar(visit: Visit) -> None:
    page = visit("architecture", DIGITS)
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "false")
    for title in TITLES.values():
        expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()
    # Names that find no room go behind one that says how many they are.
    expect(page.get_by_text(re.compile(r"^\d+ more$"))).not_to_be_visible()


def test_the_start_page_shows_prediction_and_evidence(visit: Visit) -> None:
    page = visit()
    expect(page.get_by_text("The network says tiger cat")).to_be_visible()
    chart = page.get_by_test_id("stVegaLiteChart")
    expect(chart.locator("canvas, svg").first).to_be_visible()
    box = chart.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) > 200
    evidence = page.get_by_role("img", name=re.compile("^LRP"))
    expect(evidence).to_be_visible()
    assert evidence.evaluate("image => image.naturalWidth") >= 224
    shown = pixels(evidence)
    assert shown.std() > 1


def test_pictures_arrive_as_they_were_computed(visit: Visit) -> None:
    """Streamlit would turn them into JPEG, whose blocks look like structure."""
    page = visit("start", DIGITS)
    assert page.evaluate(_CUT_OFF) == []
    for picture in page.get_by_test_id("stImage").get_by_role("img").all():
        found = pixels(picture)
        side = found.shape[0] // 28
        cells = found.reshape(28, side, 28, side, -1)
        assert (cells == cells[:, :1, :, :1]).all(), picture.get_attribute("alt")


def test_a_prepared_view_is_one_click_away(visit: Visit, settle: Settle) -> None:
    page = visit()
    page.get_by_role("link", name="A misclassified digit").click()
    see(page, "attribution")
    settle(page)
    expect(page.get_by_text(re.compile("The network says .* but it is"))).to_be_visible()
    assert choices(page)["data"] == "mnist"


# -------------------------------------------------------------------- choices and links
def test_a_picked_image_holds_across_pages_and_in_a_link(visit: Visit, settle: Settle) -> None:
    page = visit("start", DIGITS)
    before = choices(page)["image"]
    shown = page.get_by_role("img", name=re.compile("^the image mnist-"))
    tiles(page).nth(7).click()
    expect(shown).not_to_have_attribute("alt", f"the image {before}")
    see(page, "start")
    settle(page)
    after = choices(page)["image"]
    assert after != before
    expect(shown).to_have_attribute("alt", f"the image {after}")
    expect(tiles(page).nth(7)).to_have_attribute("aria-selected", "true")
    choose(page, "Model", "Narrow VGG-16 (digits)")
    expect(page.get_by_text("32 × 32 pixels, grey")).to_be_visible(timeout=PATIENCE)
    turn_to(page, "feature_maps", settle)
    page.get_by_role("combobox", name="Find a layer").fill("relu2_1")
    page.get_by_role("combobox", name="Find a layer").press("Enter")
    expect(page.get_by_text("16 channels of features.relu2_1")).to_be_visible()
    settle(page)
    expected = {"data": "mnist", "model": "vgg16-mnist", "image": after, "target": "predicted"}
    assert expected.items() <= choices(page).items()
    other = visit("feature_maps", urlsplit(page.url).query)
    assert choices(other) == choices(page)
    expect(other.get_by_text("16 channels of features.relu2_1")).to_be_visible()
    expect(other.locator("[aria-selected=true]").first).to_have_attribute(
        "aria-label", re.compile(after)
    )
    for tab in (page, other):
        expect(tab.get_by_role("img", name=f"the network’s input made of {after}")).to_be_visible()


def test_a_link_that_asks_in_vain_is_shown_as_text(visit: Visit, elsewhere: list[str]) -> None:
    page = visit(
        "architecture", f"{DIGITS}&image=![x](http://example.invalid/x.png)&target=[y](http://z)"
    )
    note = page.get_by_test_id("stAlert").filter(has_text="The link asks")
    expect(note).to_have_count(1)
    expect(note).to_contain_text("![x](http://example.invalid/x.png)")
    expect(note).to_contain_text("[y](http://z)")
    assert elsewhere == []
    assert choices(page)["target"] == "predicted"


def test_two_tabs_that_change_the_model_at_once_keep_their_own(
    visit: Visit, settle: Settle
) -> None:
    first = visit("architecture", DIGITS)
    second = first.context.new_page()
    visit("architecture", DIGITS, page=second)
    choose(first, "Model", "Narrow VGG-16 (digits)")
    choose(second, "Data set", "Photographs")
    expect(first.get_by_text("16 weighted layers deep")).to_be_visible(timeout=PATIENCE)
    expect(second.get_by_text("50 weighted layers deep")).to_be_visible(timeout=PATIENCE)
    for tab in (first, second):
        settle(tab)
        see(tab, "architecture")
    assert choices(first)["model"] == "vgg16-mnist"
    assert choices(second)["model"] == "efficientnet-lite0"
    expect(first.get_by_text("16 weighted layers deep")).to_be_visible()


# ------------------------------------------------------------------------- own pictures
def test_a_drawn_digit_is_read(visit: Visit, settle: Settle) -> None:
    page = visit("start", DIGITS)
    page.get_by_role("radio", name="Draw").or_(page.get_by_role("button", name="Draw")).click()
    pad = page.locator(".pad canvas")
    expect(pad).to_be_visible()
    settle(page)
    box = pad.bounding_box()
    assert box is not None
    for place, (x, y) in enumerate([(0.3, 0.2), (0.7, 0.2), (0.45, 0.85)]):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
        if place == 0:
            page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text("The network says 7")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("your drawing")).to_be_visible()
    see(page, "start")
    assert "image" not in choices(page)


def test_a_file_of_ones_own_good_or_bad(visit: Visit, settle: Settle) -> None:
    page = visit("feature_maps", DIGITS)
    page.get_by_role("radio", name="File").or_(page.get_by_role("button", name="File")).click()
    chooser = page.locator("[data-testid=stFileUploaderDropzoneInput]").first
    good = BytesIO()
    Image.fromarray(np.full((40, 30, 3), 90, np.uint8)).save(good, "JPEG")
    chooser.set_input_files(
        [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": good.getvalue()}]
    )
    expect(page.get_by_role("img", name=re.compile("made of your picture"))).to_be_visible()
    chooser = page.locator("[data-testid=stFileUploaderDropzoneInput]").first
    chooser.set_input_files([{"name": "b.png", "mimeType": "image/png", "buffer": b"words only"}])
    expect(page.get_by_text("This is not a picture that can be read")).to_be_visible()
    expect(page.get_by_text("Each square is one channel")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


# ---------------------------------------------------------------------------- long work
def test_a_second_visitor_joins_the_work_of_the_first(visit: Visit) -> None:
    # Minutes of work, so that it lasts until both visitors have given it up.
    view = "data=photos&model=efficientnet-lite0&attack=pgd&pgd.steps=1000&pgd.restarts=4"
    first = visit("adversarial", view, ready=False)
    bar = first.get_by_test_id("stProgress")
    expect(bar).to_contain_text(re.compile("left|loss"), timeout=PATIENCE)
    second = visit("adversarial", view, ready=False)
    joined = second.get_by_test_id("stProgress")
    expect(joined).to_be_visible(timeout=PATIENCE)
    expect(joined).to_contain_text(re.compile("left|loss"))
    expect(joined).not_to_contain_text("waiting")
    # The head of the page has a Stop of Streamlit's own while a run lasts.
    first.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    expect(first.get_by_text("was stopped")).to_be_visible(timeout=PATIENCE)
    expect(second.get_by_test_id("stProgress")).to_be_visible()
    second.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    expect(second.get_by_role("button", name=re.compile("Start again"))).to_be_visible()


def test_raw_numbers_are_those_on_the_page(visit: Visit, tmp_path: Path) -> None:
    page = visit("attribution", f"{DIGITS}&methods=lrp")
    page.get_by_role("button", name="Files").click()
    files = page.get_by_test_id("stPopoverBody")
    with page.expect_download() as download:
        files.get_by_role("button", name=re.compile("Raw numbers")).click()
    place = tmp_path / "lrp.npz"
    download.value.save_as(place)
    values = np.load(place)["relevance"]
    expect(page.get_by_text(re.compile("^sum"))).to_contain_text(f"sum {values.sum():.3g} ·")
