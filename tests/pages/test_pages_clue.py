"""The planted clue on the page: asked for before it trains, then shown as it was found."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from xai.experiments.clue import Clue, ClueKey, ClueParams, Score, Tag, Usage
from xai.experiments.clue.evidence import inside

LABEL, IMAGES = 3, 20


def script() -> None:
    """Answer the question as the page does: it looks at no lesson."""
    from pages._ui import link
    from pages._ui.lessons.answers import clue

    link.begin("training")
    clue.show(None)  # type: ignore[arg-type]


def key_of_the_defaults() -> ClueKey:
    data, test = (cached.image_set("mnist", split) for split in ("train", "test"))
    return ClueKey(
        "lenet5-mnist", data.signature, test.signature, LABEL, Tag(), ClueParams(), seed=0
    )


@pytest.fixture
def made_up() -> Clue:
    """A result nobody had to train for: half of the methods' evidence lies in the tag."""
    key = key_of_the_defaults()
    mask = key.tag.mask(28, 28)
    rng = np.random.default_rng(0)
    inked = rng.random((2, IMAGES, 28, 28), np.float32)
    inked[0] += mask * np.float32(inked[0, 0].sum() / mask.sum())
    flat = rng.random((1, IMAGES, 28, 28), np.float32).repeat(2, 0)

    def score(name: str, label: str, maps: np.ndarray, **told: bool) -> Score:
        shares = np.array([[inside(one, mask) for one in row] for row in maps])
        return Score(name, label, shares, maps, **told)

    return Clue(
        key=key,
        classes=tuple("0123456789"),
        mask=mask,
        images=rng.random((IMAGES, 1, 28, 28), np.float32),
        ids=tuple(f"mnist-test-{place}" for place in range(IMAGES)),
        usage=(Usage(0.9, 0.2, 1.0, 0.6), Usage(0.96, 0.97, 0.96, 0.01)),
        scores=(
            score("random", "Random map", flat, reference=True),
            score("lrp", "LRP", inked),
            score("negative_grad_cam", "Negative evidence", flat, against=True),
        ),
    )


def said(page: AppTest) -> str:
    return " ".join(one.value for one in (*page.markdown, *page.caption))


def test_nothing_is_trained_before_it_is_asked_for():
    page = AppTest.from_function(script, default_timeout=60).run()
    assert not page.exception
    assert [one.label for one in page.button] == ["Plant it, train and explain"]
    assert "8,000 bundled digits" in said(page)
    assert cached.trainings().get(key_of_the_defaults()) is None


def test_kept_result_is_shown_without_training(made_up):
    assert cached.store().save(made_up.key, made_up)
    page = AppTest.from_function(script, default_timeout=60).run()
    for _ in range(20):
        if page.dataframe:
            break
        page.run()
    assert not page.exception
    words = said(page)
    assert "The network uses the tag" in words
    assert "1 of 1 methods" in words
    assert "none does" in words
    uses, scores = (one.value for one in page.dataframe)
    assert list(uses["network"]) == ["trained with the tag", "control, without"]
    assert list(scores["method"]) == ["Random map", "LRP", "Negative evidence"]
    shown = float(scores["with the tag"][1])
    assert shown == pytest.approx(made_up.factor("lrp", 0).mean, rel=0.01)
    page.selectbox(key="clue.image").set_value("4").run()
    assert not page.exception


def test_another_class_is_another_experiment(made_up):
    cached.store().save(made_up.key, made_up)
    other = dataclasses.replace(made_up.key, label=5)
    page = AppTest.from_function(script, default_timeout=60).run()
    page.selectbox(key="clue.class").set_value("5").run()
    assert not page.exception
    assert [one.label for one in page.button] == ["Plant it, train and explain"]
    assert cached.trainings().get(other) is None
