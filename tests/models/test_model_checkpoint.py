"""Weights of the user's own: what is taken, what is refused and why, what is reported."""

from __future__ import annotations

import argparse
import functools
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save as to_safetensors
from torch import nn

from xai import models
from xai.models import MODELS
from xai.models.checkpoint import Checkpoint
from xai.models.nets import EfficientNetLite0, LeNet5, NarrowVGG16

load_checkpoint = functools.partial(models.load_checkpoint, device="cpu")

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")


def pth(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def lenet(classes: int = 10) -> nn.Module:
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(5)
        return LeNet5(classes).eval()


def state(classes: int = 10) -> dict[str, torch.Tensor]:
    return dict(lenet(classes).state_dict())


def open_lenet(content: bytes, **options: Any) -> Checkpoint:
    return load_checkpoint(content, "lenet5-mnist", name="mine", **options)


def same_answers(found: Checkpoint, net: nn.Module) -> bool:
    x = torch.rand(3, *found.model.input_shape, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        return torch.equal(found.model.logits(x), net(found.model.normalize(x)))


# ------------------------------------------------------------------------- taken
WRAPPINGS = {
    "safetensors": to_safetensors,
    "pth": pth,
    "ordered": lambda s: pth(OrderedDict(s)),
    "state_dict": lambda s: pth({"state_dict": s, "epoch": 3, "best": 0.5, "name": "x"}),
    "model": lambda s: pth({"model": s, "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}}),
    "module.": lambda s: pth({f"module.{name}": value for name, value in s.items()}),
    "compiled": lambda s: pth({f"module._orig_mod.{name}": value for name, value in s.items()}),
    "lightning": lambda s: pth({"state_dict": {f"model.{n}": v for n, v in s.items()}}),
    "averaged": lambda s: pth(
        {"n_averaged": torch.tensor(3), **{f"module.{n}": v for n, v in s.items()}}
    ),
    "parameters": lambda s: pth({name: nn.Parameter(value) for name, value in s.items()}),
    "views": lambda s: pth({n: torch.stack([v, v], -1)[..., 1] for n, v in s.items()}),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_the_ways_people_save_weights(wrapping):
    found = open_lenet(WRAPPINGS[wrapping](state()))
    assert same_answers(found, lenet())
    assert all(value.is_contiguous() for value in found.model.net.state_dict().values())


def test_module_that_carries_its_own_metadata():
    assert same_answers(open_lenet(pth(lenet().state_dict())), lenet())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(dtype):
    given = {name: value.to(dtype) for name, value in state().items()}
    found = open_lenet(pth(given))
    for name, value in found.model.net.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, given[name].float())


def test_batch_norms_of_training_are_folded():
    torch_state = torch.random.get_rng_state()
    net = NarrowVGG16(batch_norm=True)
    net.features.norm1_1.running_mean.fill_(0.3)
    net.features.norm1_1.running_var.fill_(2.0)
    torch.random.set_rng_state(torch_state)
    net.eval()
    found = load_checkpoint(pth(net.state_dict()), "vgg16-mnist", name="trained")
    assert not any(isinstance(module, nn.BatchNorm2d) for module in found.model.net.modules())
    assert [layer.name for layer in found.model.layers][:2] == [
        "features.conv1_1",
        "features.relu1_1",
    ]
    x = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted = net(found.model.normalize(x))
        assert float((found.model.logits(x) - wanted).abs().max()) < 1e-5


def test_published_names_of_efficientnet_are_known():
    from efficientnet_lite_pytorch import EfficientNet

    theirs = EfficientNet.from_name("efficientnet-lite0", num_classes=7)
    found = load_checkpoint(pth(theirs.state_dict()), "efficientnet-lite0", name="theirs")
    assert found.report.classes == 7
    net = EfficientNetLite0(7)
    own = load_checkpoint(pth(net.eval().state_dict()), "efficientnet-lite0", name="ours")
    assert same_answers(own, net)


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "googlenet"])
def test_every_torchvision_architecture_takes_any_number_of_classes(zoo_net, name):
    options = {"aux_logits": True} if name == "googlenet" else {}
    net = zoo_net(name, num_classes=7, **options)
    found = load_checkpoint(to_safetensors(net.state_dict()), name, name="own", classes=LETTERS[:7])
    assert found.report.classes == 7
    assert found.model.classes == LETTERS[:7]
    x = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        assert torch.equal(found.model.logits(x), net(found.model.normalize(x)))


@pytest.mark.parametrize("name", MODELS)
def test_every_architecture_has_one_last_layer(name):
    from xai.models.checkpoint import _with_class_count
    from xai.models.loading import build

    spec = MODELS[name]
    form, count = _with_class_count(build(spec).state_dict(), spec)
    assert count == len(spec.classes)
    assert {k: v.shape for k, v in build(form).state_dict().items()} == {
        k: v.shape for k, v in build(spec).state_dict().items()
    }


# ------------------------------------------------------------ classes, mean and std
def test_classes_come_from_the_last_layer():
    assert open_lenet(pth(state())).model.classes == tuple("0123456789")
    assert open_lenet(pth(state(3))).model.classes == ("class 0", "class 1", "class 2")
    named = open_lenet(pth(state(3)), classes=["cat", " dog ", "cow"])
    assert named.model.classes == ("cat", "dog", "cow")
    assert named.model.spec.vocabulary == "own"
    assert open_lenet(pth(state()), classes=list("0123456789")).model.spec.vocabulary == "digits"
    assert named.report.classes == 3


@pytest.mark.parametrize(
    ("classes", "error", "reason"),
    [
        (["a", "b"], ValueError, "expected 3 names, since the last layer has 3 outputs; got 2"),
        (["a", "b", "a"], ValueError, "names that differ"),
        (["a", "b", " "], ValueError, "none of them empty"),
        ("abc", TypeError, "list of names"),
        ([1, 2, 3], TypeError, "list of names"),
    ],
)
def test_class_names_must_fit(classes, error, reason):
    with pytest.raises(error, match=reason):
        open_lenet(pth(state(3)), classes=classes)


def test_mean_and_std_are_used():
    found = open_lenet(pth(state()), mean=[0.5], std=(0.25,))
    x = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(found.model.logits(x), lenet()((x - 0.5) / 0.25))


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"mean": (0.1, 0.2, 0.3)}, ValueError),
        ({"mean": (float("nan"),)}, ValueError),
        ({"std": (0.0,)}, ValueError),
        ({"std": (-1.0,)}, ValueError),
        ({"mean": ("grey",)}, TypeError),
        ({"std": 0.5}, TypeError),
    ],
)
def test_mean_and_std_must_make_sense(option, error):
    with pytest.raises(error, match=next(iter(option))):
        open_lenet(pth(state()), **option)


def test_names_tell_files_apart_and_are_safe_to_show():
    one, other = pth(state()), pth(state(4))
    first = open_lenet(one).model.spec
    assert open_lenet(one).model.spec == first
    assert open_lenet(other).model.spec.name != first.name
    assert open_lenet(one, mean=[0.2]).model.spec.name != first.name
    assert first.name not in MODELS
    assert first.label == "mine"
    long = load_checkpoint(one, "lenet5-mnist", name="\x00\u202e../x" + "y" * 500)
    assert long.model.spec.label.startswith("../xy")
    assert len(long.model.spec.label) == 80
    assert load_checkpoint(one, "lenet5-mnist", name=" ").model.spec.label == "own weights"
    assert first.bundled  # nothing is left to download


# ----------------------------------------------------------------------- the report
def test_report_of_a_sound_network():
    report = open_lenet(pth(state())).report
    assert report.parameters == 61_706
    assert report.accuracy is None
    assert all(finding.works for finding in report.findings)
    assert len({finding.feature for finding in report.findings}) == len(report.findings)


def test_report_of_a_network_that_ignores_the_image():
    blind = state()
    blind["fc3.weight"] = torch.zeros_like(blind["fc3.weight"])
    works = {finding.feature: finding.works for finding in open_lenet(pth(blind)).report.findings}
    assert works["Prediction"] is False
    assert works["Gradients and attacks"] is False
    assert works["Layers and feature maps"] is True


def test_batch_norms_that_cannot_be_folded_are_reported(zoo_net):
    net = zoo_net("densenet121", num_classes=2)
    report = load_checkpoint(to_safetensors(net.state_dict()), "densenet121", name="own").report
    relevance = next(finding for finding in report.findings if "LRP" in finding.feature)
    assert not relevance.works
    assert "of 121 batch norms" in relevance.reason


# ------------------------------------------------------------------------ refused
class Owned:
    """Runs code when it is unpickled."""

    place = Path(tempfile.gettempdir()) / f"layerscope-owned-{os.getpid()}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (self.place, "x"))


def rezipped(content: bytes, *, compression: int = zipfile.ZIP_STORED, **changes: bytes) -> bytes:
    """Write a checkpoint's zip again, with entries (by their last name) replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", compression) as new:
        for entry in old.infolist():
            last = entry.filename.rpartition("/")[2].replace(".", "_")
            new.writestr(entry.filename, changes.get(last, old.read(entry.filename)))
    return out.getvalue()


def listing(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))


def scripted() -> bytes:
    """Write what torch.jit.save writes: a checkpoint with code beside it."""
    buffer = io.BytesIO(pth(state()))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("archive/code/__torch__.py", "class Net(Module): ...")
    return buffer.getvalue()


def zipped_text() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "no weights")
    return buffer.getvalue()


def lying_about_a_storage() -> bytes:
    """Claim that the six biases of the first layer lie in a storage of 2**20 numbers."""
    content = pth(state())
    program = listing(content)
    assert program.count(b"K\x06t") == 1
    return rezipped(content, data_pkl=program.replace(b"K\x06t", b"J\x00\x00\x10\x00t"))


REFUSED = {
    "empty": (lambda: b"", "the file is empty"),
    "text": (lambda: b"hello, world, this is no network", "neither"),
    "html": (lambda: b"<!DOCTYPE html><html></html>", "neither"),
    "code": (lambda: pth({"fc1.weight": Owned()}), r"Python objects \(.*getattr\)"),
    "whole model": (lambda: pth(lenet()), r"xai.models.nets.LeNet5.*state_dict\(\) alone"),
    "arguments": (
        lambda: pth({"state_dict": state(), "args": argparse.Namespace(lr=1)}),
        "argparse.Namespace",
    ),
    "numpy": (lambda: pth({"w": np.zeros(3)}), "Python objects"),
    "bytearray": (lambda: pth({"w": bytearray(10)}), "Python objects"),
    "protocol 4": (lambda: pth(state(), pickle_protocol=4), "opcode"),
    "old format": (lambda: pth(state(), _use_new_zipfile_serialization=False), "old format"),
    "bare pickle": (lambda: b"\x80\x04\x95" + bytes(20), "bare pickle"),
    "torchscript": (scripted, "TorchScript"),
    "another zip": (zipped_text, "not one that torch.save writes"),
    "inflates": (
        lambda: rezipped(pth({"w": torch.zeros(5_000_000)}), compression=zipfile.ZIP_DEFLATED),
        "compressed",
    ),
    "lying storage": (lying_about_a_storage, "damaged"),
    "truncated pth": (lambda: pth(state())[:-3000], "damaged"),
    "truncated safetensors": (lambda: to_safetensors(state())[:-4], "damaged"),
    "safetensors header": (lambda: b"\xff" * 7 + b"\x00{" + bytes(30), "header is too long"),
    "a list": (lambda: pth([torch.zeros(3)]), "no state dict"),
    "a tensor": (lambda: pth(torch.zeros(3)), "no state dict"),
    "nothing": (lambda: pth({}), "no state dict"),
    "numbers": (lambda: pth({"epoch": 3}), "expected names and tensors"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_reason(case):
    make, reason = REFUSED[case]
    with pytest.raises(ValueError, match=reason) as caught:
        open_lenet(make())
    assert str(caught.value).startswith("weights: ")
    assert not Owned.place.exists()


def test_the_code_would_have_run_without_the_check():
    try:
        torch.load(io.BytesIO(pth({"w": Owned()})), weights_only=False)
        assert Owned.place.exists()
    finally:
        Owned.place.unlink(missing_ok=True)


def test_any_byte_flipped_in_the_listing_is_refused_or_harmless():
    """Whatever the pickle says, the outcome is a model or a ValueError."""
    content = pth(state())
    program = listing(content)
    generator = np.random.default_rng(0)
    refused = 0
    for place in generator.integers(0, len(program), 60):
        damaged = bytearray(program)
        damaged[place] ^= 1 << int(generator.integers(0, 8))
        try:
            open_lenet(rezipped(content, data_pkl=bytes(damaged)))
        except ValueError:
            refused += 1
    assert refused > 30


def test_huge_shape_over_few_numbers_is_refused_before_it_is_filled():
    """A stride of zero makes a terabyte of four bytes; it must never be written out."""
    one = torch.zeros(1)
    big = {**state(), "fc1.weight": one.expand(1_000_000, 400_000)}
    many = {**state(), "fc3.weight": one.expand(10**9, 84), "fc3.bias": one.expand(10**9)}
    with pytest.raises(ValueError, match=r"other shapes for fc1\.weight"):
        open_lenet(pth(big))
    with pytest.raises(ValueError, match="expected 2 to 22000 classes"):
        open_lenet(pth(many))


def test_a_bomb_costs_no_memory():
    """A 78 kB file that torch.load would turn into 80 MB is refused by its directory."""
    script = """
import io, resource, sys, zipfile
from xai.models import load_checkpoint
content = sys.stdin.buffer.read()
import xai.models.checkpoint
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_checkpoint(content, "lenet5-mnist", name="bomb")
except ValueError as error:
    assert "compressed" in str(error), error
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) // 1024)
"""
    bomb = rezipped(pth({"w": torch.zeros(20_000_000)}), compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], input=bomb, capture_output=True, cwd=root, check=True
    )
    assert int(done.stdout) < 40


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fc1.weight": torch.full((120, 400), torch.nan)}, "NaN or infinity in fc1.weight"),
        ({"fc2.bias": torch.full((84,), torch.inf)}, "NaN or infinity in fc2.bias"),
        ({"conv1.weight": torch.zeros(6, 1, 3, 3)}, "other shapes for conv1.weight"),
        ({"conv1.bias": torch.zeros(6, dtype=torch.int64)}, "real numbers in conv1.bias"),
        ({"conv9.bias": torch.zeros(6)}, "it has conv9.bias, which the network has not"),
        ({"fc3.weight": torch.full((10, 84), 3e38)}, "answers with NaN or infinity"),
        ({"fc3.weight": torch.zeros(1, 84), "fc3.bias": torch.zeros(1)}, "classes, got 1"),
        ({"fc3.weight": torch.zeros(())}, "classes, got 0"),
    ],
)
def test_tensors_that_do_not_fit(change, reason):
    with pytest.raises(ValueError, match=reason):
        open_lenet(pth({**state(), **change}))


def test_missing_tensors_and_another_architecture():
    lacking = state()
    del lacking["conv1.weight"], lacking["fc3.weight"]
    with pytest.raises(ValueError, match=r"it lacks conv1\.weight, fc3\.weight"):
        open_lenet(to_safetensors(lacking))
    with pytest.raises(ValueError, match="does not fit Narrow VGG-16"):
        load_checkpoint(pth(state()), "vgg16-mnist", name="x")
    with pytest.raises(ValueError, match="does not fit EfficientNet-Lite0"):
        load_checkpoint(pth(state()), "efficientnet-lite0", name="x")


def test_too_large_a_file_is_not_looked_at(monkeypatch):
    from xai.models import statefile

    monkeypatch.setattr(statefile, "MAX_BYTES", 1000)
    with pytest.raises(ValueError, match=r"the limit is 0\.0 MB"):
        open_lenet(pth(state()))


def test_the_door_checks_its_arguments():
    with pytest.raises(TypeError, match="expected bytes, got str"):
        open_lenet("weights.pth")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="architecture: expected one of"):
        load_checkpoint(b"x", "transformer", name="x")


# ------------------------------------------------------------------- the public app
@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        (None, True),
        ("", True),
        ("0", True),
        ("no", True),
        ("1", False),
        ("true", False),
        (" 1 ", 0),
    ],
)
def test_own_weights_are_off_where_the_app_is_public(monkeypatch, value, allowed):
    if value is None:
        monkeypatch.delenv("LAYERSCOPE_PUBLIC", raising=False)
    else:
        monkeypatch.setenv("LAYERSCOPE_PUBLIC", value)
    assert models.checkpoints_allowed() == bool(allowed)
    if allowed:
        assert open_lenet(pth(state())).report.classes == 10
    else:
        with pytest.raises(ValueError, match="this app is public"):
            open_lenet(pth(state()))
