"""Occupancy by layer and epoch: against brute force over the maps of each network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from toys import likely, wrap

from xai.activations import capture, survey
from xai.activations.course import KINDS, STATES, course
from xai.activations.occupancy import RARE
from xai.models import LoadedModel

LAYERS = ("1", "4")
MARKS = (0.0, 0.25, 1.0, 2.0)


def network(seed: int) -> LoadedModel:
    """A network with units that are dead, rare and saturated, others with each seed."""
    head = nn.Linear(12, 10)
    net = likely(nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), head), seed)
    net = nn.Sequential(net[0], net[1], net[2], nn.Linear(8 * 16, 12), nn.ReLU6(), head)
    likely(net, seed)
    generator = np.random.default_rng(seed)
    with torch.no_grad():
        net[0].bias[generator.integers(8, size=2)] = -50.0
        net[0].bias[generator.integers(8)] = -2.5
        net[3].bias[generator.integers(12, size=3)] = 40.0
        net[3].bias[generator.integers(12, size=2)] = -40.0
    return wrap(net, (1, 6, 6))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(5).random((400, 1, 6, 6), np.float32)


@pytest.fixture(scope="module")
def networks() -> dict[float, LoadedModel]:
    return {mark: network(int(4 * mark)) for mark in MARKS}


def brute(values: np.ndarray, ceiling: float) -> list[str]:
    """Return the state of each unit, worked out number by number."""
    found = []
    for unit in range(values.shape[1]):
        own = values[:, unit].reshape(len(values), -1)
        active = sum(bool((row > 0).any()) for row in own)
        if active == 0:
            found.append("dead")
        elif active < RARE * len(own):
            found.append("rare")
        elif (own >= ceiling).mean() > 0.5:
            found.append("saturated")
        else:
            found.append("in use")
    return found


def test_states_and_shares_are_those_of_the_maps(
    networks: dict[float, LoadedModel], images: np.ndarray
):
    surveys = {mark: survey(model, images) for mark, model in networks.items()}
    # In whatever order they were counted.
    found = course(dict(reversed(surveys.items())), LAYERS)
    assert found.marks == MARKS
    assert (found.units, found.images) == ((8, 12), 400)
    seen = set()
    for row, (layer, ceiling) in enumerate(zip(LAYERS, (np.inf, 6.0), strict=True)):
        for column, mark in enumerate(MARKS):
            states = brute(capture(networks[mark], images, [layer])[layer], ceiling)
            assert [STATES[state] for state in found.states[layer][:, column]] == states
            seen |= set(states)
            for kind in KINDS:
                share = found.shares[kind][row, column]
                if kind == "saturated" and layer == "1":
                    assert np.isnan(share)
                else:
                    assert share == pytest.approx(states.count(kind) / len(states))
    assert seen == {"dead", "rare", "saturated", "in use"}
    dead = (found.shares["dead"] * np.array([[8], [12]])).sum(axis=0) / 20
    assert found.together("dead") == pytest.approx(dead)
    # Of layers that have no ceiling nothing is counted.
    assert found.together("saturated") == pytest.approx(found.shares["saturated"][1])


def test_what_is_not_a_number_is_broken(images: np.ndarray):
    model = network(0)
    with torch.no_grad():
        model.net[3].bias[1] = torch.nan
    found = course({0.0: survey(model, images[:20])}, ["4"])
    assert STATES[found.states["4"][1, 0]] == "broken"
    assert np.isfinite(found.shares["dead"]).all()


def test_layers_without_an_off_have_no_shares(images: np.ndarray):
    found = course({0.0: survey(network(0), images[:20])}, ["0"])
    assert np.isnan(found.together("dead")).all()
    assert not found.states["0"].any()


def test_surveys_that_do_not_belong_together_are_refused(
    networks: dict[float, LoadedModel], images: np.ndarray
):
    one = survey(networks[0.0], images[:20])
    for surveys, layers in (
        ({}, LAYERS),
        ({0.0: one}, ()),
        ({0.0: one}, ("nowhere",)),
        ({0.0: one, 1.0: survey(networks[1.0], images[:10])}, LAYERS),
    ):
        with pytest.raises(ValueError):
            course(surveys, layers)
    with pytest.raises(ValueError):
        course({0.0: one}, LAYERS).shares["dead"][0] = 1.0
