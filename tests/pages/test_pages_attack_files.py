"""The questions of the adversarial page about files and about other networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from pages._ui.assault.sureness import sureness
from xai import attacks, models
from xai.attacks import Goal
from xai.attacks.studies import survival, transfer
from xai.attacks.studies.survival import ALTERATIONS
from xai.models import partners

Visit = Callable[..., AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

# LeNet-5 takes this eight for a two; one step of 1/255 does nothing.
FOOLED = {
    **{"data": "mnist", "model": "lenet5-mnist", "image": "mnist-test-08539"},
    **{"attack": "fgsm", "eps": "40"},
}
HELD = FOOLED | {"eps": "1"}


def opened(question: str, visit: Visit, given: dict[str, str], **link: str) -> AppTest:
    return visit("adversarial", given | {"ask": question} | link)


def attacked(at: AppTest, eps: int = 40) -> tuple[Any, attacks.AttackResult, attacks.AttackResult]:
    """Return the workbench, the attack that its page shows, and the noise beside it."""
    bench = at.session_state["_bench"]
    goal = Goal.untargeted(bench.true)
    result = attacks.run(bench.model, bench.input, "fgsm", goal=goal, params={"eps": eps / 255})
    noise = attacks.random_noise(bench.model, bench.input, goal=goal, eps=result.linf)
    assert result.success == (eps == 40)
    return bench, result, noise


def last_chart(at: AppTest) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows behind the last chart of the page, by row and kind of image."""
    tables = [
        pyarrow.ipc.open_stream(dataset.data.data).read_all().to_pylist()
        for dataset in at.get("vega_lite_chart")[-1].proto.datasets
    ]
    rows = next(rows for rows in tables if rows and "kind" in rows[0])
    return {(row["label"], row["kind"]): row for row in rows}


def test_the_table_of_changes_says_what_the_network_says(visit: Visit, calm: Check, said: Words):
    at = opened("survival", visit, FOOLED)
    calm(at)
    bench, result, noise = attacked(at)
    found = survival.survive(bench.model, bench.input, result.image, result.goal, noise=noise.image)
    text = said(at)
    assert survival.verdict(found) in text
    drawn = last_chart(at)
    for one in found:
        assert ALTERATIONS[one.name].sentence in text
        for kind, prediction in (("attacked", one.attacked), ("clean", one.clean)):
            margin = result.goal.margin(prediction.logits)
            assert drawn[one.label, kind]["margin"] == pytest.approx(margin, abs=1e-3)
    assert text.count("**survives**") == sum(one.survives and one.healthy for one in found)
    assert text.count("**undone**") == sum(not one.survives and one.healthy for one in found)


@pytest.mark.parametrize("question", ["survival", "transfer"])
def test_an_attack_that_failed_has_nothing_to_survive(
    question: str, visit: Visit, calm: Check, said: Words
):
    at = opened(question, visit, HELD)
    calm(at)
    assert "did not reach its goal" in said(at)
    assert "**survives**" not in said(at)


def test_the_partner_is_asked_about_this_image_and_about_many(
    visit: Visit, calm: Check, said: Words
):
    at = opened("transfer", visit, FOOLED, **{"transfer.n": "30"})
    calm(at)
    bench, result, noise = attacked(at)
    other = models.load("vgg16-mnist", device="cpu")
    (one,) = transfer.transfer(result.image, bench.input, noise.image, [other], result.goal)
    assert f"**{one.attacked.name}**  \n{sureness(one.attacked)}" in said(at)
    params = {"eps": 40 / 255}
    found = transfer.transfer_rate(bench.model, [other], bench.sample(30), "fgsm", params)
    drawn = last_chart(at)
    for place, spec in enumerate((bench.spec, other.spec)):
        for kind, word in (("noise", "random noise"), ("attacked", "attacked")):
            text = f"{found.fooled(kind)[place]} of {found.right[place]}"
            assert drawn[spec.label, word]["text"] == text


def test_a_model_without_a_fetched_partner_says_so(
    visit: Visit, calm: Check, said: Words, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(models, "is_ready", lambda name: models.MODELS[name].bundled)
    at = opened("transfer", visit, {"data": "photos", "model": "efficientnet-lite0"}, attack="fgsm")
    calm(at)
    assert "has no partner on this machine" in said(at)
    assert "SqueezeNet" in said(at)


def test_many_partners_are_chosen_from(visit: Visit, calm: Check, monkeypatch: pytest.MonkeyPatch):
    """All networks of photographs are ready; the digits' stand for them, to save their weight."""
    specs = [spec for name, spec in models.MODELS.items() if name != "lenet5-mnist"][:5]
    monkeypatch.setattr(partners, "partners", lambda spec, data: tuple(specs))
    monkeypatch.setattr(models, "is_ready", lambda name: True)
    stand_in = cached.model("vgg16-mnist")
    real = cached.model
    monkeypatch.setattr(
        cached, "model", lambda name: real(name) if name == "lenet5-mnist" else stand_in
    )
    at = opened("transfer", visit, FOOLED, **{"transfer.models": specs[4].name})
    calm(at)
    assert at.multiselect(key="transfer.models").value == [specs[4].name]
    chosen = {label for label, _ in last_chart(at)}
    assert len(chosen) == 2
