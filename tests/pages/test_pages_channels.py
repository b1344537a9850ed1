"""The feature-map page: every view of what a network answers, and numbers that are no numbers."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest
from torch import nn

from pages._ui import cached
from tests.pages.test_pages_architecture import Untraceable
from xai import activations, attacks, attribution
from xai.activations import channel_scores
from xai.activations.survey import survey
from xai.figures.wording import number, percent
from xai.models import MODELS, LoadedModel

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Told = Callable[[AppTest], list[dict[str, Any]]]
Bring = Callable[[nn.Module], AppTest]

BUNDLED = [name for name, spec in MODELS.items() if spec.bundled]
#: The link to a network of one's own has no name for it.
OWN = {"data": "mnist"}
DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
VIEWS = ("network", "layer", "channel", "pair")


def bench_of(model: str) -> dict[str, str]:
    data = next(name for name in ("mnist", "photos") if name in MODELS[model].fits)
    return {"data": data, "model": model}


def on_the_bench(at: AppTest) -> tuple[LoadedModel, np.ndarray]:
    """Return the model and the image that a session looks at."""
    bench = at.session_state["_bench"]
    return bench.model, bench.input


def maps_of(at: AppTest, layer: str) -> np.ndarray:
    model, image = on_the_bench(at)
    found: np.ndarray = activations.capture(model, image, [layer])[layer][0]
    return found


def say(at: AppTest, key: str, **said: object) -> AppTest:
    """Send what the browser's part of a component would send."""
    at.session_state[key] = said
    return at.run()


def headers(at: AppTest, told: Told) -> list[dict[str, Any]]:
    """Return what grids and rectangles of values are told: header, view and raw bytes."""
    found = []
    for message in told(at):
        large = message.get("large")
        if isinstance(large, bytes) and "part" in message:
            length = int(large[:8])
            header = json.loads(large[8 : 8 + length])
            found.append({**message, **header, "raw": large[8 + length :]})
    return found


def grids(at: AppTest, told: Told) -> list[dict[str, Any]]:
    return [one for one in headers(at, told) if one.get("noun") == "Channel"]


def values(at: AppTest, told: Told) -> np.ndarray:
    """Return the raw numbers in the one rectangle of a page."""
    (one,) = [one for one in headers(at, told) if "cells" in one]
    return np.frombuffer(one["raw"], "<f4").reshape(one["shape"])


def glance(at: AppTest, told: Told) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the view, and what it draws for each layer."""
    (view,) = [one for one in told(at) if isinstance(one.get("large"), dict)]
    rows = json.loads(view["large"]["rows"])["rows"]
    numbers = np.frombuffer(view["large"]["values"], "<f4")
    ends = np.cumsum([row["count"] for row in rows])
    parts = np.split(numbers, ends[:-1])
    return view, {row["layer"]: part for row, part in zip(rows, parts, strict=True)}


def same(shown: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    for name, found in shown.items():
        np.testing.assert_allclose(found, expected[name], rtol=1e-5, atol=1e-6)


# ------------------------------------------------------------------------ the unhappy path
class Own(nn.Module):
    """Four channels: one alive, one constant, one silent, and one that a test may spoil."""

    def __init__(self, weight: float = 0.1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.act = nn.ReLU()
        self.pool = nn.MaxPool2d(4)
        self.fc = nn.Linear(196, 10)
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.weight[0] = 0.5
            self.conv.weight[3, 0, 1, 1] = weight
            self.conv.bias.copy_(torch.tensor([0.1, 2.0, -1.0, 0.0]))
            self.fc.weight.copy_(torch.linspace(-1, 1, 1960).reshape(10, 196))

    def forward(self, x):
        return self.fc(self.pool(self.act(self.conv(x))).flatten(1))


ODD = [
    {"maps": "network"},
    {"maps": "network", "show": "data", "minus": "image", "rows": "all"},
    {"maps": "layer"},
    {"maps": "layer", "order": "relevance", "layer_scale": "network"},
    {"maps": "layer", "order": "max", "layer_scale": "layer"},
    {"maps": "channel"},
    {"maps": "channel", "channel": "3", "spot": "0,0"},
    {"maps": "pair"},
    {"maps": "pair", "beside_what": "model"},
]


@pytest.mark.parametrize(
    ("weight", "layer", "link"),
    [
        *((float("inf"), "conv", link) for link in ODD),
        *((float("inf"), "fc", {"maps": view}) for view in VIEWS),
        *((float("nan"), "pool", {"maps": view}) for view in VIEWS),
    ],
    ids=str,
)
def test_every_view_of_numbers_that_are_none(
    weight: float, layer: str, link: dict[str, str], visit: Visit, calm: Check, bring: Bring
) -> None:
    at = visit("feature_maps", OWN | {"layer": layer} | link, at=bring(Own(weight)))
    calm(at)
    assert at.query_params["layer"] == layer
    assert {key: at.query_params[key] for key in link} == link


def test_numbers_that_are_none_are_said_to_be(
    visit: Visit, said: Words, told: Told, bring: Bring
) -> None:
    at = visit(
        "feature_maps", OWN | {"layer": "act", "order": "index"}, at=bring(Own(float("inf")))
    )
    assert "1 hold NaN or infinity" in said(at)
    assert "1 are silent" in said(at)
    assert "1 are constant" in said(at)
    (grid,) = grids(at, told)
    assert grid["marks"] == ["", "constant", "silent", "NaN"]
    visit("feature_maps", {"layer": "act", "order": "relevance"}, at=at)
    assert "NaN or infinite: there is no decision" in said(at)
    visit("feature_maps", {"layer": "act", "maps": "pair"}, at=at)
    assert "nan" not in said(at)
    assert "no decision" in said(at)
    assert "there is no distance" in said(at)
    visit("feature_maps", {"layer": "act", "maps": "channel", "channel": "3"}, at=at)
    assert "finite" in said(at)
    _, rows = glance(visit("feature_maps", {"maps": "network", "rows": "all"}, at=at), told)
    assert not np.isfinite(rows["act"][3])
    assert np.isfinite(rows["act"][:3]).all()


def test_an_attack_that_meets_no_numbers_says_so(visit: Visit, bring: Bring) -> None:
    link = {"layer": "act", "maps": "pair", "beside_what": "attacked"}
    at = visit("feature_maps", OWN | link, at=bring(Own(float("inf"))))
    assert len(at.exception) == 0
    assert ["overflow" in item.value for item in at.error] == [True]


@pytest.mark.parametrize(("channel", "value"), [(1, "2"), (2, "0")])
def test_a_constant_channel(
    channel: int, value: str, visit: Visit, calm: Check, said: Words, bring: Bring
) -> None:
    link = {"layer": "act", "maps": "channel", "channel": str(channel)}
    at = visit("feature_maps", OWN | link, at=bring(Own()))
    calm(at)
    assert f"This channel is constant: {value} everywhere" in said(at)
    assert "No pixel moves it" in said(at)


@pytest.mark.parametrize("link", [*ODD, {"maps": "pair", "beside_what": "attacked"}], ids=str)
def test_every_view_of_a_network_that_cannot_be_traced(
    link: dict[str, str], visit: Visit, calm: Check, said: Words, bring: Bring
) -> None:
    at = visit("feature_maps", OWN | {"layer": "gate.conv"} | link, at=bring(Untraceable()))
    calm(at)
    assert at.query_params["layer"] == "gate.conv"
    if link.get("maps") == "channel":
        assert at.session_state["_bench"].model.problem in said(at)


@pytest.mark.parametrize("key", ["channel", "spot"])
@pytest.mark.parametrize("wanted", ["99", "-1", "²", "1e9", "99999999", "a,b", "1,2,3", "", "NaN"])
def test_a_channel_or_a_place_that_is_not_there(
    key: str, wanted: str, visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("feature_maps", DIGITS | {"maps": "channel", "layer": "relu1", key: wanted})
    calm(at)
    assert "The link asks for the" in said(at)
    assert key not in at.query_params
    assert at.number_input[0].value == channel_scores(maps_of(at, "relu1")).argmax()


def test_a_place_beyond_the_map_becomes_the_strongest(
    visit: Visit, calm: Check, told: Told
) -> None:
    link = {"maps": "channel", "layer": "relu2", "channel": "1", "spot": "27,27"}
    at = visit("feature_maps", DIGITS | link)
    calm(at)
    assert "spot" not in at.query_params
    (view,) = [one for one in told(at) if str(one.get("label")).startswith("Map of")]
    tile = maps_of(at, "relu2")[1]
    assert view["chosen"] == list(np.unravel_index(tile.argmax(), tile.shape))


def test_a_layer_that_the_model_lacks(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("feature_maps", DIGITS | {"layer": "features.relu5_3", "channel": "500"})
    calm(at)
    assert at.query_params["layer"] == MODELS["lenet5-mnist"].cam_layer
    assert "the layer `features.relu5_3`, the channel `500`" in said(at)


# ------------------------------------------------------------------- every model, every view
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("model", BUNDLED)
def test_every_view_opens_for_every_model(model: str, view: str, visit: Visit, calm: Check) -> None:
    at = visit("feature_maps", bench_of(model) | {"maps": view})
    calm(at)
    assert at.query_params["maps"] == view
    names = [layer.name for layer in on_the_bench(at)[0].layers]
    for token, layer in enumerate((names[0], names[-1])):
        say(at, "layer-strip", layer={"token": f"{view}{token}", "value": layer})
        assert at.session_state["layer"] == at.query_params["layer"] == layer
        assert len(at.exception) + len(at.error) == 0


# -------------------------------------------------------------------------- whole network
@pytest.mark.parametrize("model", ["lenet5-mnist", "efficientnet-lite0"])
def test_the_glance_shows_every_layer_and_its_means(
    model: str, visit: Visit, calm: Check, told: Told
) -> None:
    at = visit("feature_maps", bench_of(model) | {"maps": "network", "rows": "all"})
    calm(at)
    loaded, image = on_the_bench(at)
    _, rows = glance(at, told)
    assert list(rows) == [layer.name for layer in loaded.layers]
    same(rows, activations.overview(loaded, image))


def test_means_differences_and_dead_units(visit: Visit, calm: Check, told: Told) -> None:
    query = DIGITS | {"maps": "network", "rows": "all"}
    # A link to a class is restored although nothing has been counted yet.
    at = visit("feature_maps", query | {"show": "class:3"})
    calm(at)
    assert at.query_params["show"] == "class:3"
    model, image = on_the_bench(at)
    found = survey(model, at.session_state["_bench"].sample(1000))
    view, rows = glance(at, told)
    same(rows, {name: found.class_mean[name][3] for name in rows})
    units = activations.occupancy(found, "relu4")
    marks = np.frombuffer(view["large"]["marks"], np.uint8)
    names = list(rows)
    begin = sum(len(rows[name]) for name in names[: names.index("relu4")])
    here = marks[begin : begin + len(rows["relu4"])]
    np.testing.assert_array_equal(np.flatnonzero(here == 1), units.dead)
    np.testing.assert_array_equal(np.flatnonzero(here == 2), units.rare)
    visit("feature_maps", query | {"show": "image", "minus": "data"}, at=at)
    view, rows = glance(at, told)
    assert view["signed"]
    one = activations.overview(model, image)
    same(rows, {name: one[name] - found.mean[name] for name in rows})
    visit("feature_maps", query | {"show": "class:3", "minus": "class:8"}, at=at)
    _, rows = glance(at, told)
    means = found.class_mean
    same(rows, {name: means[name][3] - means[name][8] for name in rows})


def test_a_square_is_chosen_and_opened(visit: Visit, calm: Check) -> None:
    at = visit("feature_maps", DIGITS | {"maps": "network"})
    say(at, "glance-lenet5-mnist", selected={"token": "g1", "value": ["relu1", 2]})
    calm(at)
    assert (at.query_params["layer"], at.query_params["channel"]) == ("relu1", "2")
    for nonsense in (["relu1", 99], ["no", 1], ["relu1"], 7, None):
        say(at, "glance-lenet5-mnist", selected={"token": str(nonsense), "value": nonsense})
        calm(at)
        assert (at.query_params["layer"], at.query_params["channel"]) == ("relu1", "2")


# ---------------------------------------------------------------------------- all channels
@pytest.mark.parametrize("by", ["score", "index", "mean", "max", "relevance"])
def test_channels_stand_in_the_order_that_was_asked_for(
    by: str, visit: Visit, calm: Check, told: Told
) -> None:
    at = visit("feature_maps", DIGITS | {"layer": "relu2", "order": by})
    calm(at)
    maps = maps_of(at, "relu2")
    model, image = on_the_bench(at)
    numbers = {
        "score": lambda: channel_scores(maps),
        "index": lambda: -np.arange(len(maps)),
        "mean": lambda: maps.mean(axis=(1, 2)),
        "max": lambda: maps.max(axis=(1, 2)),
        "relevance": lambda: attribution.channel_relevance(model, image, "relu2").sums,
    }[by]()
    (grid,) = grids(at, told)
    expected = np.argsort(-numbers, kind="stable")
    assert grid["order"] == expected.tolist()
    if by != "index":
        assert grid["captions"] == [number(float(numbers[place])) for place in expected]


@pytest.mark.parametrize("model", ["lenet5-mnist", "efficientnet-lite0"])
def test_the_colours_span_what_was_asked_for(
    model: str, visit: Visit, calm: Check, settle: Run, said: Words, told: Told
) -> None:
    at = visit("feature_maps", bench_of(model))
    pictures = {}
    for scale, words in (
        ("channel", "its own range"),
        ("layer", "the range of the layer"),
        ("network", "the range of all layers"),
    ):
        settle(at.selectbox(key="layer_scale").set_value(scale).run())
        calm(at)
        assert words in said(at)
        pictures[scale] = grids(at, told)[0]["raw"]
    assert len(set(pictures.values())) == 3


def test_a_channel_is_chosen_in_the_grid(visit: Visit, calm: Check) -> None:
    at = visit("feature_maps", DIGITS | {"layer": "relu2"})
    say(at, "grid-lenet5-mnist-relu2", choice={"token": "c1", "value": 5})
    calm(at)
    assert at.query_params["channel"] == "5"
    next(item for item in at.button if item.label == "Look closely at channel 5").click().run()
    calm(at)
    assert at.query_params["maps"] == "channel"
    assert at.number_input[0].value == 5


@pytest.mark.parametrize("layer", ["fc1", "relu4", "fc3"])
def test_neurons_are_a_rectangle(
    layer: str, visit: Visit, calm: Check, said: Words, told: Told
) -> None:
    at = visit("feature_maps", DIGITS | {"layer": layer})
    calm(at)
    expected = maps_of(at, layer)
    assert f"**{len(expected)} neurons of {layer}**" in said(at)
    np.testing.assert_array_equal(values(at, told).ravel()[: len(expected)], expected)
    say(at, f"neurons-lenet5-mnist-{layer}", choice={"token": "n1", "value": [1, 0]})
    calm(at)
    assert at.query_params["channel"] == str(values(at, told).shape[1])


# ----------------------------------------------------------------------------- one channel
def test_one_channel_number_by_number(visit: Visit, calm: Check, settle: Run, told: Told) -> None:
    at = visit("feature_maps", DIGITS | {"maps": "channel", "layer": "relu1"})
    maps = maps_of(at, "relu1")
    channel = int(channel_scores(maps).argmax())
    assert at.number_input[0].value == channel
    np.testing.assert_array_equal(values(at, told), maps[channel])
    other = (channel + 1) % len(maps)
    settle(at.number_input[0].set_value(other).run())
    calm(at)
    assert at.query_params["channel"] == str(other)
    np.testing.assert_array_equal(values(at, told), maps[other])
    say(at, "map-lenet5-mnist-relu1", choice={"token": "p1", "value": [3, 4]})
    calm(settle(at))
    assert at.query_params["spot"] == "3,4"
    tile = maps[other]
    shown = {item.label: item.value for item in at.metric}
    assert shown["Chosen"] == number(float(tile[3, 4]))
    assert shown["Mean"] == number(float(tile.mean(dtype=np.float64)))
    assert shown["Maximum"] == number(float(tile.max()))
    assert shown["Zeros"] == percent(float((tile == 0).mean()))
    assert shown["Score"] == number(float(channel_scores(tile[None])[0]))


@pytest.mark.parametrize(
    ("layer", "spot"),
    [("conv1", "0,0"), ("relu2", "5,5"), ("pool2", "2,1"), ("fc2", ""), ("fc3", "")],
)
def test_the_arithmetic_ends_with_the_number_that_is_held(
    layer: str, spot: str, visit: Visit, calm: Check, said: Words
) -> None:
    link = {"maps": "channel", "layer": layer, "channel": "3"}
    at = visit("feature_maps", DIGITS | link | ({"spot": spot} if spot else {}))
    calm(at)
    held = maps_of(at, layer)[3]
    held = float(held[tuple(map(int, spot.split(",")))] if spot else held)
    found = re.search(r"holds (\S+) there; the sum gives (\S+)\.", said(at))
    assert found is not None
    assert found[1] == f"{held:.6g}"
    assert float(found[2]) == pytest.approx(held, rel=1e-5, abs=1e-5)
    ledger = next(
        item.proto.body for item in at.get("html") if "font-weight:700" in item.proto.body
    )
    assert re.findall(r">([^<>]+)</td></tr>", ledger)[-1] == number(held)


def test_the_strongest_images_are_those_of_a_search(visit: Visit, calm: Check, told: Told) -> None:
    at = visit("feature_maps", DIGITS | {"maps": "channel", "layer": "relu2", "channel": "2"})
    calm(at)
    model, _ = on_the_bench(at)
    data = at.session_state["_bench"].sample(1000)
    peaks = np.array(
        [
            activations.capture(model, np.stack([model.prepare(p) for p in part]), ["relu2"])[
                "relu2"
            ][:, 2].max(axis=(1, 2))
            for part in np.split(np.asarray(data.images), 10)
        ]
    ).ravel()
    (row,) = [one for one in headers(at, told) if one.get("noun") == "Image"]
    best = np.argsort(-peaks, kind="stable")[:10]
    assert row["facts"]["image"] == [data.ids[place] for place in best]
    assert row["facts"]["value"] == [number(float(peaks[place])) for place in best]


def test_a_unit_is_brought_back_to_the_pixels(visit: Visit, calm: Check) -> None:
    link = {"maps": "channel", "layer": "relu2", "channel": "2", "spot": "7,9"}
    at = visit("feature_maps", DIGITS | link)
    calm(at)
    model, image = on_the_bench(at)
    drawn = [item.proto.body for item in at.get("html") if "raises" in item.proto.body]
    for rule, legend in zip(("deconvnet", "guided", "gradient"), drawn, strict=True):
        found = attribution.backproject(model, image, "relu2", 2, row=7, column=9, rule=rule)
        peak = np.percentile(np.abs(found.relevance.sum(axis=0)), 99.5)
        assert f"+{number(float(peak))} raises" in legend


# ------------------------------------------------------------------------------ two images
def distance(one: np.ndarray, other: np.ndarray) -> str:
    apart = float(np.linalg.norm((one - other).ravel()) / np.linalg.norm(one.ravel()))
    return f"The answers differ by {apart:.0%} of the first one’s size."


def test_another_image_beside_it(visit: Visit, calm: Check, said: Words, told: Told) -> None:
    at = visit("feature_maps", DIGITS | {"maps": "pair", "layer": "relu2"})
    calm(at)
    bench = at.session_state["_bench"]
    images = bench.images
    first = next(
        place
        for place, label in enumerate(images.labels)
        if images.classes[int(label)] != bench.chosen.class_name
    )
    other = bench.model.prepare(images.images[first])
    one, two = (
        activations.capture(bench.model, image, ["relu2"])["relu2"][0]
        for image in (bench.input, other)
    )
    assert images.ids[first] in said(at).replace("\\", "")
    assert distance(one, two) in said(at)
    order = np.argsort(-np.abs(one - two).mean(axis=(1, 2)), kind="stable").tolist()
    assert [grid["order"] for grid in grids(at, told)] == [order, order]
    visit("feature_maps", {"maps": "pair", "partner": images.ids[50], "pair_order": "index"}, at=at)
    calm(at)
    assert at.query_params["partner"] == images.ids[50]
    assert [grid["order"] for grid in grids(at, told)] == [list(range(len(one)))] * 2


def test_its_attacked_version_beside_it(visit: Visit, calm: Check, said: Words) -> None:
    link = {"maps": "pair", "beside_what": "attacked", "layer": "relu4"}
    at = visit("feature_maps", DIGITS | link)
    calm(at)
    model, image = on_the_bench(at)
    goal = attacks.Goal.untargeted(model.predict(image).label)
    found = attacks.run(model, image, "pgd", goal=goal)
    one, two = (
        activations.capture(model, pixels, ["relu4"])["relu4"][0] for pixels in (image, found.image)
    )
    assert distance(one, two) in said(at)
    assert f"seen as **{found.after.name}**" in said(at)


def test_another_model_beside_it(visit: Visit, calm: Check, said: Words, told: Told) -> None:
    link = {"maps": "pair", "beside_what": "model", "layer": "relu1"}
    at = visit("feature_maps", DIGITS | link)
    calm(at)
    assert "Two networks have no channels in common" in said(at)
    name = at.session_state["b.model"]
    layer = at.session_state[f"b.layer.{name}"]
    other = cached.model(name)
    image = other.prepare(at.session_state["_bench"].chosen.pixels)
    maps = activations.capture(other, image, [layer])[layer][0]
    mine, theirs = grids(at, told)
    assert len(mine["order"]) == len(maps_of(at, "relu1"))
    assert theirs["order"] == np.argsort(-channel_scores(maps), kind="stable").tolist()


def test_no_other_model_on_this_machine_is_said(visit: Visit, calm: Check) -> None:
    at = visit("feature_maps", {"data": "photos", "maps": "pair", "beside_what": "model"})
    calm(at)
    assert any(item.label.startswith("Download") for item in at.button)


# --------------------------------------------------------------------------- own pictures
def pictured(side: int, mode: str) -> bytes:
    rows, columns = np.mgrid[:side, :side]
    pixels = np.uint8(127 + 120 * np.sin(rows / 9) * np.cos(columns / 7))
    file = BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("view", VIEWS)
def test_a_folder_of_ones_own_in_every_view(
    view: str, visit: Visit, settle: Run, calm: Check
) -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for place in range(3):  # grey and small next to coloured and large
            archive.writestr(f"mine/small/{place}.png", pictured(28 + place, "L"))
            archive.writestr(f"mine/large/{place}.png", pictured(224 + place, "RGB"))
    at = visit("start", {"data": "folder"})
    at.file_uploader(key="zip").set_value(("mine.zip", file.getvalue(), "application/zip")).run()
    settle(at)
    calm(visit("feature_maps", {"data": "folder", "maps": view}, at=at))
    assert at.session_state["_bench"].data == "folder"
    assert at.session_state["maps"] == view


@pytest.mark.parametrize("view", VIEWS)
def test_an_uploaded_picture_in_every_view(
    view: str, visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit("feature_maps", DIGITS | {"maps": view})
    at.button_group(key="source").set_value("upload").run()
    at.file_uploader(key="upload").set_value(("a.png", pictured(64, "RGB"), "image/png")).run()
    calm(settle(at))
    assert at.session_state["_bench"].chosen.id is None
