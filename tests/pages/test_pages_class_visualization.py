"""The class visualisation page: wishes, knobs, and a run that is watched, stopped and resumed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

from pages._ui import cached
from pages._ui.growing import running
from xai import visualization
from xai.figures.wording import number
from xai.visualization import (
    OBJECTIVES,
    REGULARIZERS,
    Sight,
    State,
    Visualization,
    VisualizationParams,
    named,
    off,
    preset,
    telling,
    used,
)

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Bring = Callable[[nn.Module], AppTest]

PAGE = "class_visualization"
STEPS = 6
DIGITS = {"data": "mnist", "model": "lenet5-mnist", "image": "mnist-test-08539"}
SHORT = DIGITS | {"grow.steps": str(STEPS)}
THREE = SHORT | {"wish.class": "3"}
SCRIPT = "<script>alert(1)</script>"

#: Objective, what the link says of it, the layer and index that this stands for.
WISHES: list[tuple[str, dict[str, str], str | None, Any]] = [
    ("class", {"wish.class": "3"}, None, 3),
    ("channel", {"layer": "relu2", "channel": "2"}, "relu2", 2),
    ("channel", {"layer": "relu3", "channel": "40"}, "relu3", 40),
    ("unit", {"layer": "relu2", "channel": "2", "spot": "3,7"}, "relu2", (2, 3, 7)),
    ("unit", {"layer": "fc2", "channel": "9"}, "fc2", (9,)),
    ("layer", {"layer": "conv2"}, "conv2", None),
    ("contrast", {"wish.class": "3", "wish.other": "5"}, None, (3, 5)),
    ("mix", {"layer": "relu2", "channel": "2", "wish.with": "7"}, "relu2", (2, 7)),
]
#: Every knob, at what no preset says.
KNOBS: dict[str, Any] = {
    "steps": 4,
    "parameterization": "pixels",
    "start": "grey",
    "pace": 3.25,
    "schedule": "renewed",
    "momentum": 0.25,
    "weight_decay": 0.003,
    "blur_sigma": 0.75,
    "blur_every": 2,
    "total_variation": 0.35,
    "jitter": 3,
    "rotation": 4.0,
    "scale": 0.03,
    "gradient_clip": 2.5,
    "octaves": 2,
}


def latest(at: AppTest) -> Any:
    """Return the run that the session looked at last."""
    return list(at.session_state["_grown"].values())[-1]


def grown(at: AppTest) -> Visualization:
    found = latest(at).result
    assert isinstance(found, Visualization)
    return found


def params(at: AppTest, objective: str = "class", **settings: Any) -> VisualizationParams:
    """Return the settings that the page is to have by a link."""
    tested = preset(at.session_state["_bench"].spec, objective)
    return replace(tested, **{"steps": STEPS} | settings)


def fresh(at: AppTest, index: Any = 3, objective: str = "class", **settings: Any) -> Visualization:
    """Grow the image of a wish for a class without the page."""
    model, wanted = at.session_state["_bench"].model, params(at, objective, **settings)
    return visualization.run(model, objective, index=index, params=wanted)


def same(one: Visualization, other: Visualization) -> None:
    """Check that two runs came to the same end by the same way, bit for bit."""
    np.testing.assert_array_equal(one.image, other.image)
    assert one.state.digest == other.state.digest
    assert one.history == other.history
    assert one.score == other.score


def button(at: AppTest, word: str) -> Any:
    (found,) = [item for item in at.button if item.label.startswith(word)]
    return found


def notes(at: AppTest) -> list[str]:
    return [item.value for item in at.info if "The link asks" in item.value]


# ------------------------------------------------------------------------------- the wishes
def test_no_objective_is_left_out() -> None:
    assert {row[0] for row in WISHES} == set(OBJECTIVES)


@pytest.mark.parametrize(
    ("objective", "link", "layer", "index"), WISHES, ids=[f"{row[0]}-{row[2]}" for row in WISHES]
)
def test_what_is_shown_is_what_a_run_of_ones_own_finds(
    objective: str,
    link: dict[str, str],
    layer: str | None,
    index: Any,
    visit: Visit,
    calm: Check,
    said: Words,
    files: dict[str, Any],
) -> None:
    at = visit(PAGE, SHORT | {"wish": objective} | link)
    calm(at)
    assert notes(at) == []
    assert {name: at.query_params.get(name) for name in link} == link
    # What was tested stands in no link: it may be tested anew.
    assert {name for name in at.query_params if name.startswith("grow.")} == {"grow.steps"}
    model, settings = at.session_state["_bench"].model, params(at, objective)
    found = visualization.run(model, objective, layer=layer, index=index, params=settings)
    same(grown(at), found)
    name = named(model, objective, layer, index)
    assert f"**{name}**: {number(found.score)} after {STEPS} steps" in said(at)
    (numbers,) = [name for name in files if name.endswith(".npz")]
    kept = np.load(BytesIO(files[numbers]()))
    np.testing.assert_array_equal(kept["image"], found.image)
    assert float(kept["score"]) == found.score
    assert json.loads(str(kept["settings"]))["layer"] == layer
    table = at.get("vega_lite_chart")[0].proto.datasets[0].data.data
    rows = pyarrow.ipc.open_stream(table).read_all().to_pandas().sort_values("rank")
    top = list(found.prediction.top(5))
    assert list(rows["index"])[:5] == top
    assert rows["probability"].to_numpy()[:5] == pytest.approx(
        found.prediction.probabilities[top], rel=1e-5
    )


def test_a_unit_is_chosen_on_the_page_itself(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit(PAGE, SHORT | {"wish": "unit", "layer": "relu2"})
    first, row, column = grown(at).index
    assert (row, column) == (5, 5)
    # Who chooses a place means that of the channel that is shown.
    settle(at.number_input(key="wish_row").set_value(1).run())
    assert at.query_params["channel"] == str(first)
    assert grown(at).index == (first, 1, 5)
    settle(at.number_input(key="wish_channel").set_value(4).run())
    settle(at.number_input(key="wish_row").set_value(9).run())
    settle(at.number_input(key="wish_column").set_value(0).run())
    calm(at)
    assert grown(at).index == (4, 9, 0)
    assert at.query_params["spot"] == "9,0"
    assert at.query_params["channel"] == "4"
    # The place belongs to the channel, and both are those of the feature-map page.
    settle(at.number_input(key="wish_channel").set_value(5).run())
    assert grown(at).index == (5, 5, 5)
    at = visit("feature_maps", {"layer": "relu2", "channel": "7", "spot": "2,3"}, at=at)
    at = visit(PAGE, at=at)
    assert grown(at).index == (7, 2, 3)


def test_the_first_channel_is_the_one_that_answers_most_to_the_image(visit: Visit) -> None:
    at = visit(PAGE, SHORT | {"wish": "channel", "layer": "conv2"})
    bench = at.session_state["_bench"]
    maps = cached.feature_maps(bench.model_name, bench.digest, "conv2", bench.input)
    assert grown(at).index == maps.mean((1, 2)).argmax()
    assert "channel" not in at.query_params


def test_two_of_a_pair_are_never_the_same(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit(PAGE, SHORT | {"wish": "mix", "layer": "conv2", "channel": "15"})
    assert grown(at).index == (15, 0)
    settle(at.number_input(key="wish.with").set_value(15).run())
    calm(at)
    assert grown(at).index == (15, 0)
    settle(at.number_input(key="wish_channel").set_value(0).run())
    calm(at)
    assert grown(at).index == (0, 1)
    at = visit(PAGE, SHORT | {"wish": "contrast", "wish.class": "3", "wish.other": "5"}, at=at)
    settle(at.selectbox(key="wish.class").set_value("5").run())
    calm(at)
    first, second = grown(at).index
    assert first == 5
    assert second != 5
    assert str(first) not in at.selectbox(key="wish.other").options


def test_a_layer_of_one_channel_has_no_pairs(
    visit: Visit, calm: Check, said: Words, bring: Bring
) -> None:
    net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Flatten(), nn.Linear(676, 10))
    at = visit(PAGE, {"data": "mnist", "wish": "mix", "layer": "1"}, at=bring(net))
    calm(at)
    assert "one channel alone: choose another layer" in said(at)


def test_the_class_is_that_of_the_workbench_until_one_is_chosen(visit: Visit, settle: Run) -> None:
    at = visit(PAGE, SHORT)
    assert at.selectbox(key="wish.class").value == "8"
    settle(at.selectbox(key="target").set_value("7").run())
    assert at.selectbox(key="wish.class").value == "7"
    assert grown(at).index == 7
    assert "wish.class" not in at.query_params
    settle(at.selectbox(key="wish.class").set_value("2").run())
    settle(at.selectbox(key="target").set_value("6").run())
    assert at.selectbox(key="wish.class").value == at.query_params["wish.class"] == "2"
    assert grown(at).index == 2


# -------------------------------------------------------------------------------- the knobs
def test_a_link_brings_every_knob(visit: Visit, calm: Check) -> None:
    fields = {name for name, info in VisualizationParams.infos().items() if info.help}
    assert set(KNOBS) == fields - {"color", "learning_rate"}
    link = {f"grow.{name}": str(value) for name, value in KNOBS.items()}
    at = visit(PAGE, DIGITS | {"wish.class": "3", "grow.seed": "17"} | link)
    calm(at)
    assert notes(at) == []
    assert {name: at.query_params.get(name) for name in link} == link
    wanted = params(at, **KNOBS)
    assert latest(at).params == wanted
    assert all(getattr(wanted, name) != getattr(params(at), name) for name in KNOBS)
    model = at.session_state["_bench"].model
    same(grown(at), visualization.run(model, "class", index=3, params=wanted, seed=17))
    # They are still there after another page.
    visit("start", at=at)
    at = visit(PAGE, at=at)
    assert {name: at.query_params.get(name) for name in link} == link
    assert at.query_params["grow.seed"] == "17"
    assert latest(at).params == wanted


def test_colours_are_a_choice_where_there_are_any(visit: Visit, calm: Check) -> None:
    link = {"wish.class": "281", "grow.steps": "2", "grow.color": "independent"}
    at = visit(PAGE, {"data": "photos", "model": "efficientnet-lite0"} | link)
    calm(at)
    assert grown(at).state.color == "independent"
    assert at.query_params["grow.color"] == "independent"
    assert grown(at).image.shape == (3, 224, 224)
    # Grey images have none, whatever the link says.
    at = visit(PAGE, THREE | {"grow.color": "decorrelated"})
    calm(at)
    assert not [item for item in at.selectbox if item.key == "grow.color"]
    same(grown(at), fresh(at))


def test_a_knob_waits_for_its_reader_and_then_is_turned(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = visit(PAGE, THREE)
    before = grown(at)
    settle(at.slider(key="grow.jitter").set_value(0).run())
    calm(at)
    assert grown(at) is before
    assert "The knobs have moved since" in said(at)
    settle(button(at, f"Go on for {STEPS} more").click().run())
    calm(at)
    model, both = at.session_state["_bench"].model, params(at, jitter=0, steps=2 * STEPS)
    same(grown(at), visualization.run(model, "class", index=3, params=both, resume=before))
    assert [step for step, _ in grown(at).state.changes] == [0, STEPS]
    assert "The knobs have moved since" not in said(at)
    settle(button(at, "Begin anew").click().run())
    same(grown(at), fresh(at, jitter=0))
    assert len(grown(at).state.changes) == 1


@pytest.mark.parametrize("steps", [STEPS, 9])
def test_it_goes_on_for_as_many_steps_as_the_knob_says(
    steps: int, visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit(PAGE, THREE)
    settle(at.slider(key="grow.steps").set_value(steps).run())
    for turn in (1, 2):
        settle(button(at, f"Go on for {steps} more").click().run())
        calm(at)
        same(grown(at), fresh(at, steps=STEPS + turn * steps))


def test_all_steps_together_have_an_end() -> None:
    most = VisualizationParams(steps=200)
    assert running._of_all_steps(most, 1950).steps == 2000
    assert running._of_all_steps(most, 300).steps == 500


def test_all_knobs_are_set_at_once(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit(PAGE, THREE | {"grow.jitter": "5", "grow.total_variation": "0.5"})
    steps = {"steps": STEPS}
    tested = params(at)
    bare = replace(off(tested), **steps)
    pixels = replace(bare, parameterization="pixels", momentum=0.0)
    for name, wanted in (("bare", bare), ("pixels", pixels), ("tested", tested), ("bare", bare)):
        at.button_group(key="_grow.all").set_value(name).run()
        calm(settle(at))
        drawn = {field: at.session_state[f"grow.{field}"] for field in KNOBS}
        assert drawn == {field: getattr(wanted, field) for field in KNOBS}, name
        # The choice is let go of: knobs may be turned since.
        assert at.button_group(key="_grow.all").value is None
    settle(button(at, "Begin anew").click().run())
    assert used(latest(at).params) == ()
    same(grown(at), fresh(at, **{name: getattr(bare, name) for name in REGULARIZERS}))


def test_another_seed_is_another_run(visit: Visit, settle: Run) -> None:
    at = visit(PAGE, THREE)
    first = grown(at)
    settle(at.number_input(key="grow.seed").set_value(4).run())
    assert at.query_params["grow.seed"] == "4"
    assert grown(at).seed == 4
    assert (grown(at).image != first.image).any()
    settle(at.number_input(key="grow.seed").set_value(0).run())
    assert grown(at) is first


def test_it_begins_with_the_image_of_the_workbench(visit: Visit, calm: Check) -> None:
    at = visit(PAGE, THREE | {"grow.start": "image"})
    calm(at)
    bench = at.session_state["_bench"]
    wanted = params(at, start="image")
    found = visualization.run(bench.model, "class", index=3, params=wanted, image=bench.input)
    same(grown(at), found)
    assert np.abs(found.frames[0].image[..., 0] / 255 - bench.input[0]).mean() < 0.02
    first = grown(at)
    at = visit(PAGE, THREE | {"grow.start": "image", "image": "mnist-test-04839"}, at=at)
    assert (grown(at).image != first.image).any()
    # From noise, the image on the workbench means nothing.
    at = visit(PAGE, THREE | {"grow.start": "noise"}, at=at)
    other = grown(at)
    at = visit(PAGE, THREE | {"grow.start": "noise", "image": "mnist-test-04839"}, at=at)
    assert grown(at) is other


# ---------------------------------------------------------------------- links and workbench
@pytest.mark.parametrize(
    ("rest", "key", "wanted", "instead"),
    [
        ({}, "wish", "dream", "class"),
        ({}, "wish.class", "10", None),
        ({}, "wish.class", SCRIPT, None),
        ({"wish": "contrast", "wish.class": "3"}, "wish.other", "3", None),
        ({"wish": "channel", "layer": "relu2"}, "channel", "16", None),
        ({"wish": "unit", "layer": "relu2"}, "spot", "10,0", None),
        ({"wish": "unit", "layer": "relu2"}, "spot", "-1,0", None),
        ({"wish": "mix", "layer": "relu2", "channel": "2"}, "wish.with", "2", "3"),
        ({"wish": "mix", "layer": "relu2", "channel": "2"}, "wish.with", "16", "3"),
        ({"wish": "layer"}, "layer", SCRIPT, "relu2"),
        ({}, "grow.jitter", "1.5", None),
        ({}, "grow.jitter", "33", None),
        ({}, "grow.pace", "NaN", None),
        ({}, "grow.pace", "0", None),
        ({}, "grow.blur_sigma", "-1", None),
        ({}, "grow.octaves", "0", None),
        ({}, "grow.parameterization", "wavelet", None),
        ({}, "grow.start", SCRIPT, None),
        ({}, "grow.seed", "-1", None),
        ({}, "grow.seed", "99999", None),
        ({}, "ask.grown", "everything", "none"),
    ],
)
def test_nonsense_in_a_link_is_one_sentence(
    rest: dict[str, str], key: str, wanted: str, instead: str | None, visit: Visit, calm: Check
) -> None:
    at = visit(PAGE, SHORT | rest | {key: wanted})
    calm(at)
    (note,) = notes(at)
    assert wanted in note
    assert at.query_params.get(key) == instead


@pytest.mark.parametrize("steps", ["0", "2001", "many"])
def test_a_number_of_steps_that_cannot_be_is_replaced(
    steps: str, visit: Visit, calm: Check
) -> None:
    at = visit(PAGE, DIGITS | {"grow.steps": steps})
    calm(at)
    (note,) = notes(at)
    assert f"`{steps}`" in note
    assert grown(at).state.step == preset(at.session_state["_bench"].spec).steps


def test_a_class_asked_for_in_vain_leaves_that_of_the_workbench(visit: Visit, settle: Run) -> None:
    at = visit(PAGE, SHORT | {"wish.class": "10"})
    assert grown(at).index == 8
    settle(at.selectbox(key="target").set_value("7").run())
    assert grown(at).index == 7


def test_another_network_has_other_knobs_and_channels(
    visit: Visit, settle: Run, calm: Check
) -> None:
    link = {"wish": "channel", "layer": "relu2", "channel": "13", "grow.jitter": "7"}
    at = visit(PAGE, SHORT | link)
    before = preset(at.session_state["_bench"].spec)
    settle(at.selectbox(key="model").set_value("vgg16-mnist").run())
    calm(at)
    spec = at.session_state["_bench"].spec
    assert preset(spec) != before
    # Its knobs are those that were tested for it; how long it grows is the reader's choice.
    assert latest(at).params == replace(preset(spec), steps=STEPS)
    assert grown(at).model == "vgg16-mnist"
    assert grown(at).layer in {layer.name for layer in at.session_state["_bench"].model.layers}
    assert "channel" not in at.query_params
    assert "grow.jitter" not in at.query_params


def test_another_vocabulary_has_other_classes(visit: Visit, calm: Check) -> None:
    at = visit(PAGE, SHORT | {"wish": "contrast", "wish.class": "3", "wish.other": "5"})
    at.selectbox(key="data").set_value("photos").run()
    calm(at)
    bench = at.session_state["_bench"]
    assert at.session_state["wish.class"] == str(bench.target)
    assert at.session_state["wish.other"] in map(str, bench.prediction.top(2))
    assert not {"wish.class", "wish.other"} & set(at.query_params)
    assert latest(at).params == replace(preset(bench.spec), steps=STEPS)


def test_to_dream_has_a_pace_of_its_own(visit: Visit, settle: Run) -> None:
    at = visit(PAGE, SHORT | {"layer": "conv2", "grow.jitter": "7"})
    settle(at.button_group(key="wish").set_value("layer").run())
    assert latest(at).params == params(at, "layer")
    assert latest(at).params.pace != params(at, "class").pace


# ----------------------------------------------------------------------------- what may fail
def test_a_dead_channel_is_a_sentence(visit: Visit, calm: Check, said: Words, bring: Bring) -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1352, 10))
    with torch.no_grad():
        net[0].weight[1] = 0
        net[0].bias[1] = -1
    link = {"data": "mnist", "wish": "channel", "layer": "1", "channel": "1", "grow.steps": "6"}
    at = visit(PAGE, link, at=bring(net))
    calm(at)
    assert "is dead here" in said(at)
    assert grown(at).score == -1


class Cliff(nn.Module):
    """The darker the better, down to a mean where the logarithm ends."""

    def __init__(self, end: float) -> None:
        super().__init__()
        self.end = end
        self.out = nn.Linear(784, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.mean((1, 2, 3))[:, None]
        return -mean + 0 * torch.log(mean - self.end) + 0 * self.out(x.flatten(1))


def test_a_learning_rate_that_is_too_high_is_a_sentence(
    visit: Visit, calm: Check, said: Words, bring: Bring
) -> None:
    settings = {"start": "grey", "parameterization": "pixels", "pace": "20", "steps": "90"}
    link = {f"grow.{name}": value for name, value in settings.items()}
    at = visit(PAGE, {"data": "mnist", "wish.class": "0"} | link, at=bring(Cliff(-0.3)))
    calm(at)
    found = grown(at)
    assert found.diverged
    assert np.isfinite(found.image).all()
    assert 0 < found.state.step < 90
    text = said(at)
    assert "is too high" in text
    assert "“Pace”: set it to 2 or less" in text
    assert "nan" not in text.lower()


def test_scores_that_are_no_numbers_are_a_sentence(
    visit: Visit, calm: Check, said: Words, bring: Bring
) -> None:
    at = visit(PAGE, {"data": "mnist", "grow.steps": "6"}, at=bring(Cliff(1e6)))
    calm(at)
    text = said(at)
    assert "answers to this start with no number" in text
    assert "no score after 0 steps" in text
    assert "its scores are NaN or infinite" in text
    assert "“Pace”" not in text


# ---------------------------------------------------------------------------- while it grows
class Paused:
    """Runs that wait at a step until they are let go: -1 is before anything is seen."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.hold = 4
        self.resumed: list[int] = []
        self.run = visualization.run

    def held(self, *arguments: Any, **options: Any) -> Visualization:
        tell, go_on, state = (options.pop(name) for name in ("on_step", "progress", "resume"))
        self.resumed.append(0 if state is None else state.step)

        def on_step(sight: Sight) -> None:
            tell(sight)
            self._wait(go_on, sight.done, sight.total)

        self._wait(go_on, -1, 1)
        return self.run(*arguments, on_step=on_step, progress=go_on, resume=state, **options)

    def _wait(self, go_on: Callable[..., None], done: int, total: int) -> None:
        while done >= self.hold and not self.open.is_set():
            go_on(max(0, done), total, "on its way")  # raises where the job is stopped
            time.sleep(0.01)


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch, forget_results: Callable[[], None]) -> Iterator[Paused]:
    made = Paused()
    monkeypatch.setattr(visualization, "run", made.held)
    # Every step is told, so that a run can be met at any of them.
    monkeypatch.setattr(telling, "_PAUSE", 0.0)
    monkeypatch.setattr(telling, "_SPARING", 0.0)
    cached.jobs().shutdown(timeout=60)
    forget_results()
    yield made
    made.open.set()


LONG = DIGITS | {"wish.class": "3", "grow.steps": "10"}


def watch(visit: Visit, said: Words, until: str, link: dict[str, str] = LONG) -> AppTest:
    """Open the page, and look at it until it says something while it is at work."""
    at = visit("architecture", DIGITS)
    at.query_params = dict(link)
    at.switch_page(f"pages/{PAGE}.py").run()
    return look(at, said, until)


def look(at: AppTest, said: Words, until: str) -> AppTest:
    deadline = time.monotonic() + 60
    while until not in said(at):
        assert time.monotonic() < deadline, f"never says {until!r}"
        at.run()
    assert at.get("progress"), "nothing is under way"
    return at


def state_at(paused: Paused, at: AppTest, step: int) -> State:
    """Return where an unbroken run is after so many steps."""
    seen: list[Sight] = []
    model, wanted = at.session_state["_bench"].model, params(at, steps=10)
    paused.run(model, "class", index=3, params=wanted, on_step=seen.append)
    (found,) = [sight.state for sight in seen if sight.done == step]
    return found


def test_it_is_watched_stopped_and_goes_on_as_if_nothing_had_been(
    visit: Visit, settle: Run, paused: Paused, calm: Check, said: Words
) -> None:
    at = watch(visit, said, "after 4 steps")
    calm(at)
    assert len(at.get("vega_lite_chart")) == 3
    assert not at.get("skeleton")
    button(at, "Stop").click().run()
    calm(at)
    assert not at.get("progress")
    assert "Stopped after 4 steps." in said(at)
    assert latest(at).here.digest == state_at(paused, at, 4).digest
    at.run()
    assert "Stopped after 4 steps." in said(at)
    paused.open.set()
    settle(button(at, "Go on").click().run())
    calm(at)
    assert paused.resumed == [0, 4]
    model = at.session_state["_bench"].model
    unbroken = paused.run(model, "class", index=3, params=params(at, steps=10))
    same(grown(at), unbroken)
    # What was stopped once begins anew all the same, and is seen to grow once more.
    settle(button(at, "Begin anew").click().run())
    assert paused.resumed == [0, 4, 0]
    assert "Stopped" not in said(at)
    same(grown(at), unbroken)


@pytest.mark.parametrize("hold", [-1, 0])
def test_a_stop_before_the_first_step(
    hold: int, visit: Visit, settle: Run, paused: Paused, calm: Check, said: Words
) -> None:
    paused.hold = hold
    at = watch(visit, said, "Knobs" if hold < 0 else "after 0 steps")
    # The place of the film is kept free until there is one.
    assert len(at.get("skeleton")) == (hold < 0)
    button(at, "Stop").click().run()
    calm(at)
    assert "Stopped after 0 steps." in said(at)
    assert not at.get("progress")
    assert not at.get("skeleton")
    paused.open.set()
    settle(button(at, "Go on").click().run())
    calm(at)
    model = at.session_state["_bench"].model
    same(grown(at), paused.run(model, "class", index=3, params=params(at, steps=10)))


def test_a_knob_that_is_turned_while_it_grows_changes_its_way_from_there(
    visit: Visit, settle: Run, paused: Paused, calm: Check, said: Words
) -> None:
    at = watch(visit, said, "after 4 steps")
    at.slider(key="grow.jitter").set_value(0).run()
    calm(at)
    paused.open.set()
    settle(at)
    calm(at)
    assert paused.resumed == [0, 4]
    found = grown(at)
    assert [(step, one.jitter) for step, one in found.state.changes] == [(0, 2), (4, 0)]
    assert [one.step for one in found.history] == list(range(1, 11))
    model, before = at.session_state["_bench"].model, state_at(paused, at, 4)
    turned = params(at, steps=10, jitter=0)
    same(found, paused.run(model, "class", index=3, params=turned, resume=before))
    assert "The knobs have moved since" not in said(at)


def test_knobs_that_are_turned_while_it_is_stopped_wait_for_go_on(
    visit: Visit, settle: Run, paused: Paused, calm: Check, said: Words
) -> None:
    at = watch(visit, said, "after 4 steps")
    button(at, "Stop").click().run()
    paused.open.set()
    at.slider(key="grow.jitter").set_value(0).run()
    at.slider(key="grow.rotation").set_value(0.0).run()
    calm(at)
    assert not at.get("progress")
    assert "Stopped after 4 steps." in said(at)
    settle(button(at, "Go on").click().run())
    calm(at)
    assert paused.resumed == [0, 4]
    first, second = grown(at).state.changes
    assert (first[0], second[0]) == (0, 4)
    assert second[1] == params(at, steps=10, jitter=0, rotation=0.0)


def test_a_knob_that_is_turned_just_after_the_end_waits_too(
    visit: Visit, paused: Paused, calm: Check, said: Words
) -> None:
    paused.hold = 10
    at = watch(visit, said, "after 10 steps")
    paused.open.set()
    deadline = time.monotonic() + 60
    while cached.jobs().busy:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    at.slider(key="grow.jitter").set_value(0).run()
    calm(at)
    assert len(grown(at).state.changes) == 1
    assert "The knobs have moved since" in said(at)


def test_who_comes_back_from_another_page_finds_the_run(
    visit: Visit, settle: Run, paused: Paused, calm: Check, said: Words
) -> None:
    link = LONG | {"grow.jitter": "1", "grow.seed": "7"}
    at = watch(visit, said, "after 4 steps", link)
    visit("architecture", at=at)
    assert cached.jobs().busy
    at.query_params = {}
    look(at.switch_page(f"pages/{PAGE}.py").run(), said, "after 4 steps")
    assert {name: at.query_params.get(name) for name in link} == link
    paused.open.set()
    settle(at)
    assert paused.resumed == [0]
    before = grown(at)
    visit("start", at=at)
    assert grown(visit(PAGE, at=at)) is before
    assert paused.resumed == [0]


def test_who_looked_at_another_wish_goes_on_where_the_first_was(
    visit: Visit, settle: Run, paused: Paused, calm: Check, said: Words
) -> None:
    at = watch(visit, said, "**class 3**")
    look(at, said, "after 4 steps")
    look(at.selectbox(key="wish.class").set_value("5").run(), said, "**class 5**")
    at.selectbox(key="wish.class").set_value("3").run()
    paused.open.set()
    settle(at)
    calm(at)
    assert paused.resumed == [0, 0, 4]
    model = at.session_state["_bench"].model
    same(grown(at), paused.run(model, "class", index=3, params=params(at, steps=10)))


def test_two_sessions_share_a_run_and_one_may_stop_it(
    visit: Visit, settle: Run, paused: Paused, calm: Check, said: Words
) -> None:
    one, other = watch(visit, said, "after 4 steps"), watch(visit, said, "after 4 steps")
    assert paused.resumed == [0]
    button(one, "Stop").click().run()
    paused.open.set()
    settle(other)
    assert grown(other).state.step == 10
    assert "Stopped after 4 steps." in said(one.run())
    settle(button(one, "Go on").click().run())
    calm(one)
    same(grown(one), grown(other))


# ------------------------------------------------------------------------ what the frame uses
def defaulted() -> None:
    """Draw some settings with defaults of the page's own."""
    import streamlit as st

    from pages._ui import controls, link
    from xai.visualization import VisualizationParams

    link.begin("here")
    mine = VisualizationParams(jitter=9, momentum=0.3, learning_rate=5.0)
    drawn = controls.params(VisualizationParams, "own", only=("jitter", "scale"), defaults=mine)
    st.session_state["drawn"] = drawn


def test_widgets_begin_with_the_defaults_of_a_page() -> None:
    at = AppTest.from_function(defaulted, default_timeout=30).run()
    assert [item.key for item in at.slider] == ["own.jitter", "own.scale"]
    own = VisualizationParams(jitter=9, momentum=0.3, learning_rate=5.0)
    assert at.session_state["drawn"] == own
    assert dict(at.query_params) == {}
    at.slider(key="own.jitter").set_value(0).run()
    assert at.session_state["drawn"] == replace(own, jitter=0)
    assert at.query_params["own.jitter"] == "0"
    # What the class itself says is a choice like any other.
    at.slider(key="own.jitter").set_value(9).run()
    assert "own.jitter" not in at.query_params
