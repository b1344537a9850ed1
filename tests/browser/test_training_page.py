"""The training page in a real browser: trained live, stopped, put to use, and asked."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from reading import button, choices, unbroken

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Settle = Callable[[Page], None]

#: Milliseconds that work may take on a busy machine.
PATIENCE = 90_000
DIGITS = "data=mnist&model=lenet5-mnist"
#: Epochs of sixteen steps, one of them or many.
HERE = f"{DIGITS}&run=here&train.n=500&train.lenet5-mnist.batch=32&train.lenet5-mnist.epochs="


@pytest.fixture
def visit(app_server: Callable[..., str], open_page: Callable[..., Page]) -> Visit:
    """Open the page as a new visitor: ``visit(HERE + "2", "train.seed=1")``."""

    def go(*query: str) -> Page:
        page = open_page(width=1366, height=900)
        page.goto(f"{app_server('Home.py')}/training?{'&'.join(query)}")
        return page

    return go


def press(page: Page, name: str) -> None:
    expect(button(page, name)).to_be_enabled(timeout=PATIENCE)
    button(page, name).click()


def opened(page: Page) -> None:
    """Wait until a run is there, with all that is told of it."""
    expect(page.locator(".epochs[data-ready=yes]")).to_be_visible(timeout=PATIENCE)
    unbroken(page)


def line(page: Page, what: str) -> Locator:
    """Find the line of the training images in a chart of a run."""
    return (
        page.get_by_label(re.compile(f"^{what} over the epochs")).locator(".mark-line path").first
    )


def test_a_run_draws_itself_while_it_learns_and_ends(visit: Visit) -> None:
    page = visit(HERE + "4", "train.seed=1")
    expect(page.get_by_text(re.compile("^4 epochs of 500 images"))).to_be_visible(timeout=PATIENCE)
    press(page, "Train")
    expect(page.get_by_test_id("stProgress")).to_contain_text("Epoch", timeout=PATIENCE)
    before = {what: line(page, what).get_attribute("d") or "" for what in ("loss", "share right")}
    for what, path in before.items():
        expect(line(page, what)).not_to_have_attribute("d", path, timeout=PATIENCE)
    opened(page)
    expect(page.get_by_text(re.compile("After 4 epochs"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page.locator(".epochs .word")).to_have_text(re.compile("^Epoch 4 "))


def test_a_run_is_stopped_and_another_visitor_goes_on_with_it(visit: Visit) -> None:
    page = visit(HERE + "30", "train.seed=2")
    press(page, "Train")
    expect(page.get_by_test_id("stProgress")).to_contain_text("Epoch 2", timeout=PATIENCE)
    press(page, "Stop")
    expect(page.get_by_text(re.compile("^Stopped after"))).to_be_visible(timeout=PATIENCE)
    opened(page)
    done = int(re.findall(r"Stopped after (\d+) of 30", page.locator("body").inner_text())[0])
    assert 1 <= done < 30
    other = visit(HERE + "30", "train.seed=2")
    press(other, "Go on training")
    # It does not begin at the first epoch again.
    expect(other.get_by_test_id("stProgress")).to_contain_text(
        re.compile(rf"Epoch ({'|'.join(str(one) for one in range(done + 1, 31))}) "),
        timeout=PATIENCE,
    )
    press(other, "Stop")
    opened(other)


def test_an_epoch_goes_with_the_reader_to_other_pages(visit: Visit, settle: Settle) -> None:
    # The workbench holds photographs, which this network does not know.
    page = visit("run=shipped&epoch=0.25&data=photos")
    opened(page)
    expect(page.get_by_text("the workbench holds Photographs")).to_be_visible(timeout=PATIENCE)
    press(page, "Put epoch 0.25 on the workbench")
    sidebar = page.get_by_test_id("stSidebar")
    model, data = (sidebar.get_by_role("combobox", name=name) for name in ("Model", "Data set"))
    expect(model).to_have_value(re.compile("LeNet-5, epoch 0.25"), timeout=PATIENCE)
    expect(data).to_have_value("MNIST digits")
    page.get_by_role("link", name="Architecture").first.click()
    expect(page).to_have_url(re.compile("/architecture"), timeout=PATIENCE)
    settle(page)
    expect(model).to_have_value(re.compile("LeNet-5, epoch 0.25"))
    unbroken(page)


def test_a_question_follows_the_epoch_that_is_scrubbed_to(visit: Visit) -> None:
    page = visit(
        DIGITS, "run=shipped&epoch=1&ask.training=pruning&prune.rule=dead&prune.layer=relu1"
    )
    opened(page)
    expect(page.get_by_text("is dead at epoch 1: nothing")).to_be_visible(timeout=PATIENCE)
    page.locator(".epochs").get_by_role("button", name="Epoch before").click()
    expect(page.get_by_text("is dead at epoch 0.5: nothing")).to_be_visible(timeout=PATIENCE)
    expect(button(page, "Put epoch 0.5 on the workbench")).to_be_visible()
    expect(page).to_have_url(re.compile("epoch=0.5"), timeout=PATIENCE)
    assert choices(page)["ask.training"] == "pruning"
    unbroken(page)
