"""Robust accuracy on the page: its numbers, its stop, its turns, and what it says without any."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.assault.answers import enduring, many
from xai.attacks.studies.robustness import robustness
from xai.figures.wording import percent
from xai.jobs import Jobs

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

LINK = {
    "data": "mnist",
    "model": "lenet5-mnist",
    "attack": "fgsm",
    "ask": "many",
    "many.n": "30",
    "many.steps": "10",
}
#: The strengths up to the model's default of 26/255.
SIZES = np.array([5, 10, 16, 21, 26]) / 255


@pytest.fixture
def opened(visit: Visit, settle: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Open the page at the question, and let it begin however slow the machine is."""
    monkeypatch.setattr(many, "_UNASKED", 1e9)
    return lambda **link: visit("adversarial", LINK | link)


def expected(at: AppTest, methods: tuple[str, ...] = ("fgsm", "pgd", "noise"), n: int = 30) -> Any:
    bench = at.session_state["_bench"]
    params = {"pgd": {"steps": 10}} if "pgd" in methods else None
    images = bench.sample(n)
    return robustness(bench.model, images, methods=methods, strengths=SIZES, params=params)


def charted(at: AppTest, title: str) -> pd.DataFrame:
    """Return the table of the chart that has a column."""
    for chart in at.get("vega_lite_chart"):
        for dataset in chart.proto.datasets:
            table = pyarrow.ipc.open_stream(dataset.data.data).read_all().to_pandas()
            if title in table:
                return table
    raise AssertionError(f"no chart has {title}")


def test_the_numbers_are_those_of_the_attacks(
    opened: Callable[..., AppTest], calm: Check, said: Words
) -> None:
    at = opened()
    calm(at)
    found = expected(at)
    table = charted(at, "between")
    for method, label in (("fgsm", "FGSM"), ("pgd", "PGD"), ("noise", "random noise")):
        own = table[table["method"] == label]
        assert own["accuracy"].tolist()[1:] == pytest.approx(found.accuracy(method).tolist())
    words = said(at)
    assert f"PGD at 16/255 leaves **{percent(found.accuracy('pgd')[2])}**" in words
    assert f"random noise of the same size **{percent(found.accuracy('noise')[2])}**" in words
    matrix = charted(at, "predicted")
    counts = found.confusion("pgd", SIZES[2])
    assert matrix["count"].sum() == counts.sum() == 30


def test_another_attack_and_strength_are_looked_at_without_new_work(
    opened: Callable[..., AppTest],
    said: Words,
    calm: Check,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = opened()
    monkeypatch.setattr(enduring, "robustness", None)
    at.session_state["many.look"] = "fgsm"
    at.session_state["many.at"] = "5"
    at.run()
    calm(at)
    share = expected(at, ("fgsm",)).accuracy("fgsm")[4]
    assert f"FGSM at 26/255 leaves **{percent(share)}**" in said(at)
    assert at.query_params["many.look"] == "fgsm"
    assert at.query_params["many.at"] == "5"


def test_only_what_bounds_lengths_is_offered_in_l2(
    opened: Callable[..., AppTest], calm: Check
) -> None:
    at = opened(attack="pgd", norm="l2", **{"many.n": "10"})
    calm(at)
    assert set(charted(at, "between")["method"]) == {"PGD", "random noise"}


def test_what_takes_long_has_to_be_asked_for(
    visit: Visit, settle: Run, said: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "_UNASKED", 0.0)
    at = visit("adversarial", LINK | {"many.n": "10", "many.linf": "fgsm"})
    assert "This may take" in said(at)
    assert "Accuracy under attack" not in said(at)
    settle(at.button("many.begin").click().run())
    assert "Accuracy under attack" in said(at)


# ------------------------------------------------------------------------ stop and turns
def test_a_stop_keeps_what_is_there_and_goes_on_to_the_same_end(
    visit: Visit, settle: Run, said: Words, calm: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "_UNASKED", 1e9)
    slow = True

    def held(*args: Any, **options: Any) -> Any:
        """Attack twelve images, then wait to be stopped."""
        publish, report = options["on_batch"], options["progress"]

        def on_batch(found: Any) -> None:
            publish(found)
            while slow:
                report(found.done, found.total, "held")
                time.sleep(0.01)

        return robustness(*args, **(options | {"batch": 12, "on_batch": on_batch}))

    monkeypatch.setattr(enduring, "robustness", held)
    at = visit("adversarial", LINK | {"ask": "none", "many.linf": "pgd"})
    at.session_state["ask"] = "many"
    deadline = time.monotonic() + 40
    while "After 12 of 30 images." not in said(at.run()):
        assert time.monotonic() < deadline
    next(one for one in at.button if one.key.startswith("stop-")).click().run()
    calm(at)
    assert any("Stopped: 12 of 30 images" in one.value for one in at.info)
    whole = expected(at, ("pgd", "noise"))
    part = (whole.predicted[0, :, :12] == whole.labels[:12]).mean(1)
    table = charted(at, "between")
    assert table[table["method"] == "PGD"]["accuracy"].tolist()[1:] == pytest.approx(part.tolist())
    slow = False
    settle(next(one for one in at.button if one.label == "Go on").click().run())
    calm(at)
    assert not any("Stopped" in one.value for one in at.info)
    table = charted(at, "between")
    assert table[table["method"] == "PGD"]["accuracy"].tolist()[1:] == pytest.approx(
        whole.accuracy("pgd").tolist()
    )


def test_it_gives_way_to_those_who_wait_and_comes_to_the_same_end(
    opened: Callable[..., AppTest], calm: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    def counted(*args: Any, **options: Any) -> Any:
        begun.append(0 if options["state"] is None else options["state"].done)
        return robustness(*args, **(options | {"batch": 11}))

    monkeypatch.setattr(enduring, "robustness", counted)
    monkeypatch.setattr(Jobs, "waiting", property(lambda queue: 1))
    at = opened(**{"many.linf": "fgsm"})
    calm(at)
    assert begun == [0, 11, 22]
    table = charted(at, "between")
    shown = table[table["method"] == "FGSM"]["accuracy"].tolist()[1:]
    assert shown == pytest.approx(expected(at, ("fgsm",)).accuracy("fgsm").tolist())


def test_a_link_brings_its_choices(opened: Callable[..., AppTest], calm: Check) -> None:
    at = opened(**{"many.to": "0.5", "many.linf": "bim", "many.n": "10"})
    calm(at)
    table = charted(at, "between")
    assert set(table["method"]) == {"BIM", "random noise"}
    assert sorted(set(table["strength"])) == [0, 3, 5, 8, 10, 13]
    assert at.query_params["many.linf"] == "bim"
