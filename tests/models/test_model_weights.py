"""Bundled weights: whole, finite, and the ones that were meant."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from xai import data
from xai.models import MODELS, ModelSpec
from xai.models.loading import build, load_spec
from xai.models.nets import lite0_state
from xai.models.weights import sha256

BUNDLED = tuple(name for name, spec in MODELS.items() if spec.bundled)


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelSpec:
    """Return LeNet-5's row over a copy of its weights, which a test may spoil."""
    original = MODELS["lenet5-mnist"]
    shutil.copy(data.path(original.weights), tmp_path / "copy.safetensors")
    monkeypatch.setattr(data, "path", lambda name: tmp_path / name)
    return dataclasses.replace(original, weights="copy.safetensors")


def rewritten(spec: ModelSpec, **changes: torch.Tensor | None) -> ModelSpec:
    """Write the copy again with tensors changed or left out, its checksum set right."""
    place = data.path(spec.weights)
    state = load_file(place)
    for name, value in changes.items():
        state.pop(name.replace("__", "."), None)
        if value is not None:
            state[name.replace("__", ".")] = value
    save_file(state, place)
    return dataclasses.replace(spec, sha256=sha256(place))


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_file_has_its_checksum_and_card(name):
    spec = MODELS[name]
    place = data.path(spec.weights)
    assert len(spec.sha256) == 64
    assert hashlib.sha256(place.read_bytes()).hexdigest() == spec.sha256
    assert place.with_suffix(".md").is_file()
    assert all(torch.isfinite(value).all() for value in load_file(place).values())


def test_an_unspoilt_copy_is_loaded(spec):
    assert load_spec(spec, device="cpu").spec is spec


@pytest.mark.parametrize("cut", [1, 1000, None])
def test_a_damaged_file_is_refused(spec, cut):
    place = data.path(spec.weights)
    content = bytearray(place.read_bytes())
    if cut is None:
        content[-3] ^= 1
    place.write_bytes(content[: -cut if cut else None])
    with pytest.raises(ValueError, match=r"LeNet-5.*copy\.safetensors is damaged"):
        load_spec(spec, device="cpu")


def test_a_damaged_file_is_refused_even_where_its_checksum_is_right(spec):
    place = data.path(spec.weights)
    place.write_bytes(place.read_bytes()[:-1000])
    with pytest.raises(ValueError, match="damaged"):
        load_spec(dataclasses.replace(spec, sha256=sha256(place)), device="cpu")


def test_a_missing_file_is_named(spec):
    data.path(spec.weights).unlink()
    with pytest.raises(ValueError, match=r"the file copy\.safetensors is missing"):
        load_spec(spec, device="cpu")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_nan_and_infinity_are_refused(spec, bad):
    bias = torch.zeros(6)
    bias[5] = bad
    with pytest.raises(ValueError, match=r"NaN or infinity in conv1\.bias"):
        load_spec(rewritten(spec, conv1__bias=bias), device="cpu")


def test_what_does_not_fit_is_named(spec):
    with pytest.raises(ValueError, match=r"it lacks conv1\.bias"):
        load_spec(rewritten(spec, conv1__bias=None), device="cpu")
    with pytest.raises(ValueError, match=r"other shapes for fc2\.bias"):
        load_spec(rewritten(spec, conv1__bias=torch.zeros(6), fc2__bias=torch.zeros(7)))


def test_lite0_names_are_a_bijection():
    from efficientnet_lite_pytorch import EfficientNet

    theirs = EfficientNet.from_name("efficientnet-lite0").state_dict()
    renamed = lite0_state(theirs)
    ours = build(MODELS["efficientnet-lite0"]).state_dict()
    assert {name: value.shape for name, value in renamed.items()} == {
        name: value.shape for name, value in ours.items()
    }
    with pytest.raises(KeyError):
        lite0_state({"_blocks.0._se_reduce.weight": torch.zeros(1)})
