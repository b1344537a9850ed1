"""The adversarial page: what is attacked and how, what came of it, and what may be asked of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

from pages._ui import cached
from pages._ui.assault.answers import strength
from pages._ui.assault.questions import QUESTIONS
from pages._ui.assault.sureness import sureness
from xai import attacks
from xai.attacks import ATTACKS, AttackResult, Goal
from xai.figures.perturbations import perturbation
from xai.models import LoadedModel

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Told = Callable[[AppTest], list[dict[str, Any]]]
Bring = Callable[[nn.Module], AppTest]

DIGITS = {"data": "mnist", "model": "lenet5-mnist", "image": "mnist-test-08539"}
PHOTOS = {"data": "photos", "model": "efficientnet-lite0"}
OWN = {"data": "mnist", "image": "mnist-test-08539"}
#: LeNet-5 takes this two for something else.
MISTAKEN = DIGITS | {"image": "mnist-test-04839", "attack": "fgsm"}
SCRIPT = "<script>alert(1)</script>"
PICTURES = ["the clean input", "the attacked input", "the input with random noise"]


def on_the_bench(at: AppTest) -> tuple[LoadedModel, np.ndarray, int]:
    """Return the model, the image and its true class that a session looks at."""
    bench = at.session_state["_bench"]
    return bench.model, bench.input, bench.true


def facts(found: AttackResult) -> list[str]:
    """Return what the page must say of an attack in numbers."""
    return [
        f"Largest change of a pixel **{255 * found.linf:.3g}/255**, length (L2) **{found.l2:.3g}**",
        f"{found.steps} gradient steps and {found.queries} forward passes in all.",
        f"**{found.before.name}** · {sureness(found.before)}",
        f"**{found.after.name}** · {sureness(found.after)}",
        f"the border by {abs(found.margin_before):.3g} (logits)",
        f"the border by {abs(found.margin_after):.3g} (logits)",
    ]


def notes(at: AppTest) -> list[str]:
    return [item.value for item in at.info if "The link asks" in item.value]


def alts(at: AppTest) -> list[str]:
    return [item.proto.imgs[0].alt for item in at.image]


def attacked_image(files: dict[str, Any], method: str, model: str = "lenet5-mnist") -> np.ndarray:
    """Return the image that the page offers as exact numbers."""
    image: np.ndarray = np.load(BytesIO(files[f"{model}-{method}.npy"]()))
    return image


# ----------------------------------------------------------------- verdict, pictures, numbers
#: Method, what the link says of it, the settings that this stands for.
ROWS: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("fgsm", {"eps": "40"}, {"eps": 40 / 255}),
    ("fgsm", {"eps": "2"}, {"eps": 2 / 255}),
    ("bim", {"eps": "30", "bim.steps": "6"}, {"eps": 30 / 255, "steps": 6}),
    ("pgd", {"eps": "30", "pgd.restarts": "2"}, {"eps": 30 / 255, "restarts": 2}),
    ("pgd", {"norm": "l2", "length": "2.5"}, {"eps": 2.5, "norm": "l2"}),
    ("pgd", {"norm": "l2", "length": "0.1"}, {"eps": 0.1, "norm": "l2"}),
    ("cw", {"cw.steps": "20"}, {"steps": 20}),
]


def test_no_attack_is_left_out() -> None:
    assert {row[0] for row in ROWS} == set(ATTACKS)


@pytest.mark.parametrize(("method", "link", "params"), ROWS)
def test_what_is_shown_of_an_attack_is_what_a_fresh_one_finds(
    method: str,
    link: dict[str, str],
    params: dict[str, Any],
    visit: Visit,
    calm: Check,
    said: Words,
    told: Told,
    files: dict[str, Any],
) -> None:
    at = visit("adversarial", DIGITS | {"attack": method} | link)
    calm(at)
    assert notes(at) == []
    assert {name: at.query_params.get(name) for name in link} == link
    model, image, true = on_the_bench(at)
    found = attacks.run(model, image, method, goal=Goal.untargeted(true), params=params)
    shown = attacked_image(files, method)
    np.testing.assert_array_equal(shown, found.image)
    text = said(at)
    assert [fact for fact in facts(found) if fact not in text] == []
    # The page's word against a forward pass of its own.
    fresh = model.predict(shown)
    fooled = fresh.label != true
    assert fooled == found.success
    verdict = f"Fooled: the network now says **{fresh.name}** ({sureness(fresh)}), not {true}."
    assert (verdict in text) == fooled
    assert (f"It held: the network still says **{true}**" in text) != fooled
    change = perturbation(shown - image)
    assert [alt for alt in alts(at) if alt in PICTURES] == PICTURES
    assert f"the change, {change.words}" in alts(at)
    pair = next(one for one in told(at) if one.get("words") == ["clean", "attacked"])
    assert pair["shape"] == [28, 28]


@pytest.mark.parametrize(
    ("bench", "link", "norm"),
    [
        (DIGITS, {"attack": "fgsm", "eps": "40"}, "linf"),
        (DIGITS, {"attack": "cw", "cw.steps": "20"}, "l2"),
        (PHOTOS, {"attack": "pgd", "norm": "l2", "length": "0.05", "pgd.steps": "2"}, "l2"),
    ],
    ids=["linf", "cw", "too-short-to-be-rounded"],
)
def test_the_noise_beside_an_attack_is_as_large(
    bench: dict[str, str],
    link: dict[str, str],
    norm: str,
    visit: Visit,
    said: Words,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[AttackResult] = []
    real = cached.noise

    def noise(*arguments: Any) -> AttackResult:
        made.append(real(*arguments))
        return made[-1]

    monkeypatch.setattr(cached, "noise", noise)
    raw = {"pgd.quantize": "False"} if bench is PHOTOS else {}
    at = visit("adversarial", bench | link | raw)
    size = f"{255 * made[-1].linf:.3g}/255" if norm == "linf" else f"{made[-1].l2:.3g}"
    assert size not in ("0/255", "0")
    assert f"**{size}**" in said(at)


# ------------------------------------------------------------------------------ the choices
def test_a_link_brings_strengths_norm_goal_and_question(visit: Visit, calm: Check) -> None:
    link = DIGITS | {"attack": "pgd", "norm": "l2", "length": "2.5", "aim": "3", "ask": "survival"}
    at = visit("adversarial", link)
    calm(at)
    assert notes(at) == []
    assert {name: at.query_params[name] for name in link} == link
    assert at.slider(key="length").value == 2.5
    at = visit("adversarial", {"norm": "linf", "eps": "17", "aim": "least"}, at=at)
    assert at.slider(key="eps").value == 17
    assert at.query_params["aim"] == "least"
    # The other norm's strength is kept for the way back.
    at.button_group(key="norm").set_value("l2").run()
    assert at.slider(key="length").value == 2.5


def test_the_strength_on_the_slider_is_the_strength_of_the_attack(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = visit("adversarial", DIGITS | {"attack": "fgsm"})
    model, image, true = on_the_bench(at)
    settle(at.slider(key="eps").set_value(12).run())
    calm(at)
    assert at.query_params["eps"] == "12"
    assert "Largest change of a pixel **12/255**" in said(at)
    settle(at.button_group(key="attack").set_value("pgd").run())
    settle(at.button_group(key="norm").set_value("l2").run())
    settle(at.slider(key="length").set_value(0.75).run())
    calm(at)
    assert at.query_params["length"] == "0.75"
    params = {"norm": "l2", "eps": 0.75}
    found = attacks.run(model, image, "pgd", goal=Goal.untargeted(true), params=params)
    assert f"length (L2) **{found.l2:.3g}**" in said(at)


@pytest.mark.parametrize(
    ("rest", "key", "wanted", "instead"),
    [
        ({"attack": "fgsm"}, "eps", "101", "26"),
        ({"attack": "fgsm"}, "eps", "2.5", "26"),
        ({"attack": "pgd"}, "norm", "l1", "linf"),
        ({"attack": "pgd", "norm": "l2"}, "length", "NaN", None),
        ({"attack": "pgd", "norm": "l2"}, "length", "-0.5", None),
        ({"attack": "pgd", "norm": "l2"}, "length", "1e99", None),
        ({"attack": "fgsm"}, "aim", "other", "untargeted"),
        ({"attack": "fgsm"}, "aim", SCRIPT, "untargeted"),
        ({"attack": "fgsm"}, "ask", "everything", "none"),
        ({"attack": "bim"}, "bim.steps", "0", None),
    ],
)
def test_nonsense_in_a_link_is_one_sentence(
    rest: dict[str, str], key: str, wanted: str, instead: str | None, visit: Visit, calm: Check
) -> None:
    at = visit("adversarial", DIGITS | rest | {key: wanted})
    calm(at)
    (note,) = notes(at)
    assert wanted in note
    assert at.query_params.get(key) == instead


def test_two_sessions_do_not_mix_their_choices(visit: Visit, settle: Run, said: Words) -> None:
    one = visit("adversarial", DIGITS | {"attack": "fgsm", "eps": "40"})
    first = said(one)
    link = {"attack": "pgd", "norm": "l2", "length": "0.5", "aim": "3", "ask": "survival"}
    other = visit("adversarial", MISTAKEN | link)
    assert said(settle(one.run())) == first
    assert one.query_params["attack"] == "fgsm"
    settle(one.slider(key="eps").set_value(3).run())
    again = settle(other.run())
    assert {name: again.query_params[name] for name in link} == link
    assert "Largest change of a pixel **3/255**" in said(one)
    assert "Largest change of a pixel **3/255**" not in said(again)


# ------------------------------------------------------------------------------- odd wishes
@pytest.mark.parametrize(
    "link", [{"attack": "fgsm", "eps": "0"}, {"attack": "pgd", "norm": "l2", "length": "0"}]
)
def test_no_strength_is_said_to_change_nothing(
    link: dict[str, str], visit: Visit, calm: Check, said: Words, files: dict[str, Any]
) -> None:
    at = visit("adversarial", DIGITS | link)
    calm(at)
    np.testing.assert_array_equal(attacked_image(files, link["attack"]), on_the_bench(at)[1])
    text = said(at)
    assert "Epsilon 0 returns the image unchanged" in text
    assert "**Change**, no change at all" in text
    assert "It held" in text


def test_a_target_that_is_the_true_class_is_told(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("adversarial", DIGITS | {"attack": "fgsm", "aim": "8"})
    calm(at)
    assert on_the_bench(at)[2] == 8
    text = said(at)
    assert "Nothing to attack: without any change the network already says **8**" in text
    assert "The target, 8, is the true class" in text
    assert "choose another class" in text
    assert "Fooled" not in text


def test_an_image_that_is_misread_already_is_told_and_can_be_attacked(
    visit: Visit, settle: Run, calm: Check, said: Words, files: dict[str, Any]
) -> None:
    at = visit("adversarial", MISTAKEN | {"eps": "30"})
    calm(at)
    model, image, true = on_the_bench(at)
    read = model.predict(image).label
    assert read != true
    text = said(at)
    assert f"Nothing to attack: without any change the network already says **{read}**" in text
    assert "already misclassified" in text
    assert "Choose “anything but what it says now”" in text
    calm(settle(at.selectbox(key="aim").set_value("other").run()))
    assert at.query_params["aim"] == "other"
    found = attacks.run(model, image, "fgsm", goal=Goal.untargeted(read), params={"eps": 30 / 255})
    np.testing.assert_array_equal(attacked_image(files, "fgsm"), found.image)
    assert found.success
    assert f"Fooled: the network now says **{found.after.name}**" in said(at)
    # To reach the true class is to mend the image.
    calm(settle(at.selectbox(key="aim").set_value(str(true)).run()))
    assert "would mend the image" in said(at)
    # Where it is read right, there is nothing else than the true class to leave.
    settle(at.selectbox(key="aim").set_value("other").run())
    at = visit("adversarial", {"image": "mnist-test-08539"}, at=at)
    assert at.selectbox(key="aim").value == at.query_params["aim"] == "untargeted"
    assert "It held" in said(at) or "Fooled" in said(at)


def test_an_unrounded_image_is_told_to_lose_by_the_picture(
    visit: Visit, calm: Check, said: Words, files: dict[str, Any]
) -> None:
    link = {"attack": "pgd", "norm": "l2", "length": "1", "pgd.steps": "3"}
    at = visit("adversarial", DIGITS | link | {"pgd.quantize": "False"})
    calm(at)
    model, image, true = on_the_bench(at)
    params = {"norm": "l2", "eps": 1.0, "steps": 3, "quantize": False}
    found = attacks.run(model, image, "pgd", goal=Goal.untargeted(true), params=params)
    assert not found.quantized
    np.testing.assert_array_equal(attacked_image(files, "pgd"), found.image)
    assert "is not rounded to 1/255" in said(at)
    at = visit("adversarial", {"pgd.quantize": "True"}, at=at)
    assert "is not rounded to 1/255" not in said(at)


class Steady(nn.Module):
    """A network that nothing moves."""

    def __init__(self, *scores: float) -> None:
        super().__init__()
        self.scores = torch.tensor(scores)
        self.out = nn.Linear(784, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0 * self.out(x.flatten(1)) + self.scores


def test_a_gradient_that_vanishes_is_told(
    visit: Visit, calm: Check, said: Words, bring: Bring
) -> None:
    steady = Steady(0, 1, 2, 3, 4, 5, 6, 7, 9, 8)
    at = visit("adversarial", OWN | {"attack": "bim"}, at=bring(steady))
    calm(at)
    text = said(at)
    assert "The gradient vanished" in text
    assert "It held: the network still says **8**" in text


@pytest.mark.parametrize("attack", ["pgd", "cw"])
@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_are_a_sentence(
    score: float, attack: str, visit: Visit, calm: Check, said: Words, bring: Bring
) -> None:
    at = visit("adversarial", OWN | {"attack": attack}, at=bring(Steady(*[score] + [0.0] * 9)))
    calm(at)
    text = said(at)
    assert "its scores are NaN or infinite" in text
    assert "There is no decision to overturn" in text
    assert not any(word in text for word in ("Fooled", "It held", "already says", "nan"))


class Bursting(nn.Module):
    """A network that reads 8, and whose scores overflow once the corner is no longer black."""

    def __init__(self) -> None:
        super().__init__()
        self.corner = nn.Linear(784, 10)
        with torch.no_grad():
            self.corner.weight.zero_()
            self.corner.weight[9, :7] = 1  # brighter pixels speak for a 9
            self.corner.bias.zero_()
            self.corner.bias[8] = 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.flatten(1)
        burst = flat[:, :7].detach().sum(1, keepdim=True) > -2.5  # black is -0.42 each
        return self.corner(flat) + torch.where(burst, float("inf"), 0.0)


def test_scores_that_overflow_under_attack_are_a_sentence(
    visit: Visit, calm: Check, said: Words, bring: Bring
) -> None:
    at = visit("adversarial", OWN | {"attack": "fgsm"}, at=bring(Bursting()))
    calm(at)
    text = said(at)
    assert "The network says **8**" in text
    assert text.count("No verdict: the network’s scores of the attacked image are NaN") == 2
    assert not any(word in text for word in ("Fooled", "It held", "nan"))


# ---------------------------------------------------------------------------- while it runs
class Paused:
    """Attacks that wait after the first word on how they are doing."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun = 0
        self._run = attacks.run

    def run(self, *arguments: Any, **options: Any) -> AttackResult:
        self.begun += 1
        tell, go_on = options.pop("on_step"), options["progress"]

        def on_step(sight: attacks.Sight) -> None:
            tell(sight)
            while not self.open.is_set():
                go_on(sight.done, sight.total, "on its way")  # raises where the job is stopped
                time.sleep(0.01)

        return self._run(*arguments, on_step=on_step, **options)


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> Iterator[Paused]:
    made = Paused()
    monkeypatch.setattr(attacks, "run", made.run)
    cached.jobs().shutdown(timeout=60)
    cached.jobs.clear()
    yield made
    made.open.set()


def button(at: AppTest, word: str) -> Any:
    (found,) = [item for item in at.button if word in item.label]
    return found


def test_an_attack_is_watched_stopped_and_begun_again(
    visit: Visit, settle: Run, paused: Paused, calm: Check, said: Words
) -> None:
    at = visit("architecture", DIGITS)
    at.query_params = DIGITS | {"attack": "pgd", "eps": "33"}
    at.switch_page("pages/adversarial.py").run()
    calm(at)
    assert "**The image now**" in said(at)
    assert "of 40. It reads the image as **8** now." in said(at)
    assert len(at.get("vega_lite_chart")) == 2
    drawn = [item.proto.body for item in at.get("html")]
    assert any("the image under attack, so far" in body for body in drawn)
    button(at, "Stop").click().run()
    calm(at)
    assert not at.get("progress")
    assert not at.get("skeleton")
    assert any("PGD was stopped" in item.value for item in at.info)
    button(at, "Start again").click().run()
    assert "**The image now**" in said(at)
    paused.open.set()
    calm(settle(at))
    assert "**The image now**" not in said(at)
    model, image, true = on_the_bench(at)
    found = attacks.run(
        model,
        image,
        "pgd",
        goal=Goal.untargeted(true),
        params={"eps": 33 / 255},
        progress=lambda *_: None,
        on_step=lambda _: None,
    )
    assert [fact for fact in facts(found) if fact not in said(at)] == []
    assert paused.begun == 3


# ----------------------------------------------------------------------------- the questions
#: What keeps an answer short.
QUICK = {
    "many.n": "10",
    "many.linf": "fgsm",
    "many.steps": "10",
    "inside.n": "300",
    "strength_linf": "fgsm",
    "evidence.methods": "gradient",
}


def opened(at: AppTest, calm: Check, question: str) -> None:
    """Check that a question stands on the page, and leave its work undone."""
    deadline = time.monotonic() + 60
    while "**The image now**" in [item.value for item in at.markdown]:  # the attack is at work
        assert time.monotonic() < deadline
        at.run()
    calm(at)
    assert f"*{QUESTIONS[question].words}*" in [item.value for item in at.markdown]
    assert at.query_params["ask"] == question


@pytest.mark.parametrize(
    "bench",
    [DIGITS | {"attack": "fgsm", "eps": "40"}, PHOTOS | {"attack": "fgsm", "eps": "4"}],
    ids=["digits", "photographs"],
)
def test_every_question_opens(bench: dict[str, str], visit: Visit, calm: Check) -> None:
    at = visit("adversarial", bench | QUICK)
    for question in QUESTIONS:
        # What takes long is not waited for: the answers have tests of their own.
        opened(at.button_group(key="ask").set_value(question).run(), calm, question)
    calm(at.button_group(key="ask").set_value("none").run())


def test_how_strong_it_must_be_is_answered(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("adversarial", DIGITS | {"attack": "fgsm", "eps": "40", "ask": "strength"} | QUICK)
    opened(at, calm, "strength")
    model, image, true = on_the_bench(at)
    goal = Goal.untargeted(true)
    fools = [
        step
        for step in range(1, 41)
        if attacks.run(model, image, "fgsm", goal=goal, params={"eps": step / 255}).success
    ]
    assert f"{fools[0]}/255" in said(at)


@pytest.mark.parametrize("question", ["survival", "guessing"])
def test_an_open_question_follows_strength_model_and_data(
    question: str, visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit("adversarial", DIGITS | {"attack": "fgsm", "eps": "40", "ask": question} | QUICK)
    opened(settle(at.slider(key="eps").set_value(20).run()), calm, question)
    opened(settle(at.selectbox(key="model").set_value("vgg16-mnist").run()), calm, question)
    opened(at.selectbox(key="data").set_value("photos").run(), calm, question)
    assert on_the_bench(at)[1].shape == (3, 224, 224)
    assert at.slider(key="eps").value == 8
    calm(at.button_group(key="ask").set_value("none").run())


def test_a_question_that_is_left_does_not_hold_up_the_next(
    visit: Visit, settle: Run, calm: Check, said: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(*arguments: Any, progress: Callable[..., None], **options: Any) -> None:
        begun.set()
        try:
            while True:
                progress(1, 10, "on and on")
                time.sleep(0.01)
        finally:
            ended.set()

    # A goal that no other test asks for: nothing is known of it.
    at = visit("adversarial", DIGITS | {"attack": "fgsm", "eps": "40", "aim": "2"} | QUICK)
    with monkeypatch.context() as patch:
        patch.setattr(strength, "sweep", endless)
        at.button_group(key="ask").set_value("strength").run()
        assert begun.wait(60)
        assert at.get("progress")
        calm(settle(at.button_group(key="ask").set_value("survival").run()))
        assert ended.wait(60)
    assert "JPEG" in said(at)
    opened(settle(at.button_group(key="ask").set_value("strength").run()), calm, "strength")
    assert "noise" in said(at)
