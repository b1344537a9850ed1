"""What a page shows and does, read as a visitor reads it."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
from playwright.sync_api import Locator, Page, expect
from streamlit.testing.v1 import AppTest


def said(page: Page, words: str | re.Pattern[str]) -> Locator:
    """Find a line that the page itself writes."""
    return page.get_by_test_id("stText").get_by_text(words, exact=True)


def says(page: Page, sentence: str | re.Pattern[str]) -> None:
    expect(said(page, sentence)).to_be_visible(timeout=30_000)


def text(page: Page, start: str) -> str:
    """Return how a line of the page goes on."""
    return said(page, re.compile(f"^{start}: ")).inner_text().partition(": ")[2]


def runs(page: Page) -> int:
    """Return how often the script has run, which the page of a component says."""
    return int(text(page, "runs"))


def press(page: Page, name: str) -> None:
    """Press a button of the page and wait for the run that it starts."""
    before = runs(page)
    page.get_by_text(name, exact=True).click()
    page.wait_for_function(
        "least => Number(document.body.innerText.match(/runs: ([0-9]+)/)?.[1]) > least", arg=before
    )


def button(page: Page, name: str) -> Locator:
    """Find a button of the page itself: its head has a Stop of Streamlit's own."""
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)


def choices(page: Page) -> dict[str, str]:
    """Return what the address bar says."""
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def unbroken(page: Page) -> None:
    """Expect that nothing has gone wrong."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def canvas_pixels(page: Page, selector: str) -> np.ndarray:
    """Return the pixels of the one canvas that a selector finds, (H, W, 4)."""
    return pixels_of(page.locator(selector))


def pixels_of(canvas: Locator) -> np.ndarray:
    """Return the pixels of a canvas, (H, W, 4)."""
    read = """canvas => {
        const [width, height] = [canvas.width, canvas.height];
        const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
        let text = '';
        for (let at = 0; at < data.length; at += 8192)
            text += String.fromCharCode(...data.subarray(at, at + 8192));
        return [width, height, btoa(text)];
    }"""
    width, height, text = canvas.evaluate(read)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def written(value: float) -> str:
    """Return a float32 with the fewest digits that mean it."""
    return f"{np.float32(value)!s}".replace("-", "−").removesuffix(".0")


def echo(imports: str, call: str, state: object) -> object:
    """Return what a component's call gives for a state that the browser is said to have sent.

    The call has ``key='part'``; there is no browser.
    """
    script = AppTest.from_string(
        f"import streamlit as st\n{imports}\nst.session_state['answer'] = {call}\n"
    )
    script.session_state["part"] = state
    script.run(timeout=30)
    assert not script.exception
    return script.session_state["answer"]
