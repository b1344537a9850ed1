"""A manifest makes the same array again, and nothing else gets past its reader."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save as to_safetensors

from xai import __main__ as command
from xai import datasets, images, models
from xai.attribution import METHODS, run
from xai.attribution.manifests import manifest, reading
from xai.attribution.manifests.command import settled
from xai.attribution.manifests.enclosure import MAX_NUMBERS, disclose, enclose
from xai.attribution.manifests.repetition import compare, load, repeat

ROOT = Path(__file__).resolve().parents[2]
#: Shorter than the defaults, so that every method is repeated in a moment.
QUICK: dict[str, dict[str, Any]] = {
    "integrated_gradients": {"steps": 7},
    "smoothgrad": {"n": 3},
    "smooth_grad_cam_pp": {"n": 2},
    "occlusion": {"window": 9, "stride": 9},
    "rise": {"n": 10, "fill": "grey"},
    "lrp": {"composite": "epsilon_gamma_box", "gamma": 0.1},
}


@pytest.fixture(scope="module")
def text(lenet, digits) -> str:
    found = run(lenet, digits[0], "grad_cam", target=3, seed=5)
    return manifest.written(found, digits[0], lenet)


@pytest.fixture
def top(text) -> dict[str, Any]:
    return json.loads(text)


def own_weights(classes: int = 3) -> bytes:
    generator = torch.Generator().manual_seed(1)
    state = models.load("lenet5-mnist", device="cpu").net.state_dict()
    last = list(state)[-2:]
    return to_safetensors(
        {
            name: torch.randn(
                (classes, *value.shape[1:]) if name in last else value.shape, generator=generator
            )
            * 0.1
            for name, value in state.items()
        }
    )


# --------------------------------------------------------------------------- round trip
@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_repeated_to_the_last_bit(method, lenet, digits):
    found = run(
        lenet, digits[1], method, target=4, contrast=7, params=QUICK.get(method), seed=2**60 + 1
    )
    request = manifest.read(manifest.written(found, digits[1], lenet))
    assert request.params == found.params
    assert (request.target, request.contrast, request.seed) == (4, 7, 2**60 + 1)
    assert request.image.tobytes() == digits[1].tobytes()
    model = load(request)
    assert model is not lenet
    again = repeat(request, model)
    assert again.relevance.tobytes() == found.relevance.tobytes()
    assert compare(request, again).equal


def test_it_says_what_a_person_wants_to_know(top, lenet, digits):
    found = run(lenet, digits[0], "grad_cam", target=3, seed=5)
    assert top["method"] == "grad_cam"
    assert top["params"] == {"layer": ""}
    assert top["target"] == {"index": 3, "name": "3"}
    assert top["contrast"] is None
    assert top["seed"] == 5
    assert top["model"]["name"] == top["model"]["architecture"] == "lenet5-mnist"
    assert top["model"]["weights"] == lenet.spec.sha256
    assert top["image"]["digest"] == found.digest == images.digest(digits[0])
    assert top["expected"]["sum"] == found.diagnostics["sum"]
    assert (top["expected"]["min"], top["expected"]["max"]) == (0.0, found.relevance.max())
    assert top["expected"]["logit"] == found.logit
    assert top["made_with"]["torch"] == torch.__version__.partition("+")[0]
    assert top["made_with"]["device"] == "cpu"


def test_an_image_that_was_changed_is_kept_in_full_precision(lenet, digits):
    moved = digits[2] + np.float32(1e-3) * np.random.default_rng(0).random((1, 28, 28), np.float32)
    found = run(lenet, moved, "gradient")
    made = manifest.manifest(found, moved, lenet)
    assert made["image"]["encoding"] == "float32"
    request = manifest.read(json.dumps(made))
    assert request.image.tobytes() == moved.tobytes()
    assert not request.image.flags.writeable
    assert compare(request, repeat(request, lenet)).equal


def test_another_image_or_model_is_not_described(lenet, vgg, digits):
    found = run(lenet, digits[0], "gradient")
    with pytest.raises(ValueError, match="the one that was explained"):
        manifest.manifest(found, digits[1], lenet)
    with pytest.raises(ValueError, match="expected lenet5-mnist"):
        manifest.manifest(found, digits[0], vgg)


def test_a_model_of_nobody_is_described_and_not_read(residual, picture):
    image = picture(residual.input_shape)
    made = manifest.manifest(run(residual, image, "gradient"), image, residual)
    assert made["model"]["architecture"] is None
    with pytest.raises(ValueError, match="only the program that made it"):
        manifest.read(json.dumps(made))


def test_every_registered_model_is_known_by_its_own_architecture():
    for name, spec in models.MODELS.items():
        assert manifest.architecture(spec) == name


def test_what_a_parameter_does_not_say_is_its_default(top):
    top["params"] = {}
    assert manifest.read(json.dumps(top)).params == METHODS["grad_cam"].params()


def test_a_numpy_number_in_the_parameters_is_written_as_python_s(lenet, digits):
    params = METHODS["smoothgrad"].params(n=np.int64(2), sigma=np.float32(0.5))
    made = manifest.written(run(lenet, digits[0], "smoothgrad", params=params), digits[0], lenet)
    assert manifest.read(made).params == params


# ------------------------------------------------------------------------- own weights
def test_own_weights_are_asked_for_and_recognised(digits, tmp_path):
    content = own_weights()
    classes = ("cat", "dog", "bird")
    options = {"classes": classes, "mean": [0.2], "std": [0.4], "device": "cpu"}
    model = models.load_checkpoint(content, "lenet5-mnist", name="mine", **options).model
    found = run(model, digits[0], "lrp", target=1, contrast=2)
    request = manifest.read(manifest.written(found, digits[0], model))
    assert request.own
    assert request.classes == classes
    with pytest.raises(ValueError, match="has to be given"):
        load(request)
    with pytest.raises(ValueError, match="got another"):
        load(request, own_weights(4))
    again = load(request, content)
    assert again.spec.name == model.spec.name
    assert compare(request, repeat(request, again)).equal
    other = dataclasses.replace(request, mean=(0.3,))
    with pytest.raises(ValueError, match="expected own-"):
        load(other, content)


def test_a_file_of_weights_for_a_model_that_has_its_own(text):
    with pytest.raises(ValueError, match="takes no file"):
        load(manifest.read(text), b"anything")


# -------------------------------------------------------------------------- comparison
def test_rounding_is_told_from_difference(lenet, digits):
    found = run(lenet, digits[0], "gradient")
    request = manifest.read(manifest.written(found, digits[0], lenet))
    near = dataclasses.replace(found, relevance=found.relevance * np.float32(1 + 1e-6))
    outcome = compare(request, near)
    assert (outcome.equal, outcome.close) == (False, True)
    far = dataclasses.replace(found, relevance=found.relevance * np.float32(1.01))
    outcome = compare(request, far)
    assert not outcome.close
    assert "instead of" in outcome.sentence
    outcome = compare(request, dataclasses.replace(found, logit=found.logit + 1))
    assert not outcome.close
    assert "logit" in outcome.sentence


def test_threads_are_those_of_then_for_as_long_as_it_takes(lenet, text, monkeypatch):
    before = torch.get_num_threads()
    seen: list[int] = []
    request = dataclasses.replace(manifest.read(text), threads=before + 1)
    repeat(request, lenet, progress=lambda *_: seen.append(torch.get_num_threads()))
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before


# ------------------------------------------------------------------------ what is refused
def _set(*path: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(top: dict[str, Any]) -> None:
        *parts, last = path
        for part in parts:
            top = top[part]
        top[last] = to

    return change


REFUSED = {
    "another form": (_set("format", to="something"), "layerscope-attribution 1"),
    "a later version": (_set("version", to=2), "layerscope-attribution 1"),
    "a version that is true": (_set("version", to=True), "a whole number for 'version'"),
    "an unknown method": (_set("method", to="magic"), "method: expected one of gradient"),
    "a method that is a list": (_set("method", to=[]), "text for 'method'"),
    "a long method": (_set("method", to="x" * 10_000), "a few words for 'method'"),
    "an unknown parameter": (_set("params", to={"magic": 1}), "params: expected layer"),
    "a parameter of another kind": (_set("params", to={"layer": 1}), "layer: expected text"),
    "a parameter that is a list": (_set("params", to={"layer": [1]}), "one word or number"),
    "a long parameter": (_set("params", to={"layer": "x" * 1000}), "one word for 'layer'"),
    "parameters that are a list": (_set("params", to=[]), "an object for 'params'"),
    "a class out of range": (_set("target", "index", to=10), "0 to 9 for 'index'"),
    "a class below 0": (_set("target", "index", to=-1), "0 to 9 for 'index'"),
    "a class that is 3.0": (_set("target", "index", to=3.0), "a whole number for 'index'"),
    "another class": (_set("target", "name", to="seven"), "class 3 is '3' here"),
    "the class twice": (_set("contrast", to={"index": 3, "name": "3"}), "two classes that differ"),
    "a seed below 0": (_set("seed", to=-1), "for 'seed'"),
    "a large seed": (_set("seed", to=2**63), "for 'seed'"),
    "a huge number": (_set("seed", to=10**30), "20 digits"),
    "an unknown model": (_set("model", "architecture", to="resnet1000"), "model: expected one of"),
    "other weights": (_set("model", "weights", to="0" * 64), "other weights here"),
    "own weights without a checksum": (_set("model", "name", to="own-1"), None),
    "another mean": (_set("model", "mean", to=[0.5]), "prepared otherwise"),
    "two means": (_set("model", "mean", to=[0.5, 0.5]), "1 numbers for 'mean'"),
    "a mean in words": (_set("model", "mean", to=["half"]), "a number for 'mean'"),
    "classes that are numbers": (_set("model", "classes", to=[1]), "names for 'classes'"),
    "another shape": (_set("image", "shape", to=[1, 28, 29]), "takes images of"),
    "a shape of fractions": (_set("image", "shape", to=[1, 28.0, 28]), "takes images of"),
    "another digest": (_set("image", "digest", to="0" * 64), "not the one whose digest"),
    "no digest": (_set("image", "digest", to="zero"), "a SHA-256 for 'digest'"),
    "another encoding": (_set("image", "encoding", to="jpeg"), "one of png, float32"),
    "no base64": (_set("image", "data", to="!!!"), "base64"),
    "no picture": (_set("image", "data", to="AAAA"), "a PNG file"),
    "no logit": (_set("expected", to={}), "expected 'logit'"),
    "an infinite sum": (_set("expected", "sum", to=float("inf")), "finite numbers, got Infinity"),
    "many threads": (_set("made_with", "threads", to=10**6), "for 'threads'"),
    "no image": (lambda top: top.pop("image"), "expected 'image'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_named(case, top):
    change, words = REFUSED[case]
    change(top)
    if words is None:
        top["model"]["weights"] = "a name"
        words = "a SHA-256 for 'weights'"
    with pytest.raises(ValueError, match=words) as caught:
        manifest.read(json.dumps(top))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "expected JSON"),
        ("{", "expected JSON"),
        ("[]", "a JSON object"),
        ("null", "a JSON object"),
        ('{"a": 1, "a": 2}', "each name once"),
        ('{"a": NaN}', "finite numbers"),
        ("[" * 100_000, "levels"),
        (b"\xff\xfe", "UTF-8"),
        ('{"a": ' + "9" * 5000 + "}", "20 digits"),
        (" " * (reading.MAX_BYTES + 1), "at most"),
    ],
    ids=range(10),
)
def test_what_is_no_manifest_is_refused(content, words):
    with pytest.raises(ValueError, match=words):
        manifest.read(content)


def test_a_mark_at_the_beginning_of_the_file_does_no_harm(text):
    assert manifest.read(b"\xef\xbb\xbf" + text.encode()).method == "grad_cam"
    with pytest.raises(TypeError, match="text or bytes"):
        manifest.read(json.loads(text))


# -------------------------------------------------------------------- the enclosed image
@pytest.mark.parametrize("channels", [1, 3])
def test_whole_pixels_travel_as_a_picture(channels):
    pixels = np.random.default_rng(channels).integers(0, 256, (5, 7, channels), np.uint8)
    image = images.from_uint8(pixels)
    held = enclose(image)
    assert held["encoding"] == "png"
    assert disclose((channels, 5, 7), "png", held["data"]).tobytes() == image.tobytes()


@pytest.mark.parametrize(
    "image",
    [
        np.full((1, 4, 4), np.nextafter(np.float32(0.2), np.float32(1))),
        np.full((3, 4, 4), -0.0, np.float32),
        np.full((1, 4, 4), 256 / 255, np.float32),
        np.zeros((2, 4, 4), np.float32),
    ],
    ids=["between", "minus zero", "beyond", "two channels"],
)
def test_all_else_travels_as_numbers(image):
    held = enclose(image)
    assert held["encoding"] == "float32"
    assert disclose(image.shape, "float32", held["data"]).tobytes() == image.tobytes()


def packed(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw)).decode()


def test_nothing_is_unpacked_beyond_its_shape():
    bomb = packed(bytes(40 * 2**20))
    tracemalloc.start()
    try:
        for shape, most in (((1, 4, 4), 2**20), ((3, 1024, 1024), 30 * 2**20)):
            tracemalloc.reset_peak()
            with pytest.raises(ValueError, match="another number"):
                disclose(shape, "float32", bomb)
            assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
    for shape in ((3, 1024, 1025), (1, 0, MAX_NUMBERS), (1, 4, -4), (4, 4)):
        with pytest.raises(ValueError, match="a shape"):
            disclose(shape, "float32", bomb)


def test_damaged_numbers_are_refused():
    good = zlib.compress(bytes(64))
    for content, words in (
        (good[:-3], "another number"),
        (good + b"more", "another number"),
        (zlib.compress(bytes(60)), "another number"),
        (zlib.compress(bytes(68)), "another number"),
        (b"no zlib", "damaged"),
        (zlib.compress(np.full(16, np.nan, "<f4").tobytes()), "finite"),
    ):
        with pytest.raises(ValueError, match=words):
            disclose((1, 4, 4), "float32", base64.b64encode(content).decode())


def test_a_picture_of_another_size_is_not_opened(monkeypatch):
    monkeypatch.setattr(images, "decode", lambda *_: pytest.fail("it was opened"))
    large = images.encode_png(np.zeros((50, 40, 1), np.uint8))
    with pytest.raises(ValueError, match="4 × 4"):
        disclose((1, 4, 4), "png", base64.b64encode(large).decode())


# ------------------------------------------------------------------------ the command
@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run the command in a folder of its own; returns status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run_it(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["xai", "attribute", *words])
        try:
            status = command.main()
        except SystemExit as end:
            status = int(end.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run_it


@pytest.fixture
def digit_file(tmp_path) -> str:
    pixels = datasets.load("mnist", n=3).images[2]
    (tmp_path / "digit.png").write_bytes(images.encode_png(pixels))
    return "digit.png"


DIRECT = ("--model", "lenet5-mnist", "--image", "digit.png", "--method", "smoothgrad")


def test_a_picture_is_explained_and_its_manifest_repeats_it(call, digit_file, lenet):
    more = ("--target", "1", "--contrast", "5", "--seed", "9", "--param", "n=3")
    status, said, _ = call(*DIRECT, *more, "--param", "sigma=0.2", "--out", "a.npz")
    assert status == 0
    assert said.count("\n") == 1
    assert "SmoothGrad of '1' and not '5'" in said
    image = lenet.prepare(datasets.load("mnist", n=3).images[2])
    with np.load("a.npz") as made:
        found = made["relevance"]
        assert made["input"].tobytes() == image.tobytes()
    params = {"n": 3, "sigma": 0.2}
    expected = run(lenet, image, "smoothgrad", target=1, contrast=5, params=params, seed=9)
    assert found.tobytes() == expected.relevance.tobytes()
    status, said, _ = call("--manifest", "a.json", "--out", "b.npz")
    assert (status, said.count("\n")) == (0, 1)
    assert "the same array, bit for bit" in said
    with np.load("b.npz") as made:
        assert made["relevance"].tobytes() == found.tobytes()
    assert sorted(path.name for path in Path().iterdir()) == [
        "a.json",
        "a.npz",
        "b.npz",
        "digit.png",
    ]


def test_another_process_gives_the_same_array(call, digit_file):
    assert call(*DIRECT, "--out", "a.npz")[0] == 0
    done = subprocess.run(
        [sys.executable, "-m", "xai", "attribute", "--manifest", "a.json", "--out", "b.npz"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    with np.load("a.npz") as first, np.load("b.npz") as second:
        assert first["relevance"].tobytes() == second["relevance"].tobytes()


def test_a_difference_is_an_exit_status(call, digit_file):
    call(*DIRECT, "--out", "a.npz")
    top = json.loads(Path("a.json").read_text())
    top["expected"] |= {"digest": "0" * 64, "max": top["expected"]["max"] + 1}
    Path("a.json").write_text(json.dumps(top))
    status, said, _ = call("--manifest", "a.json", "--out", "b.npz")
    assert status == 1
    assert "other numbers: max" in said
    assert Path("b.npz").is_file()


def test_own_weights_on_the_command_line(call, digit_file):
    Path("mine.safetensors").write_bytes(own_weights())
    weights = ("--weights", "mine.safetensors")
    assert call(*DIRECT, *weights, "--target", "2", "--out", "a.npz")[0] == 0
    assert json.loads(Path("a.json").read_text())["target"]["name"] == "class 2"
    status, said, _ = call("--manifest", "a.json", *weights, "--out", "b.npz")
    assert (status, "bit for bit" in said) == (0, True)
    status, said, error = call("--manifest", "a.json", "--out", "c.npz")
    assert (status, said, error.count("\n")) == (2, "", 1)
    assert "has to be given" in error
    assert not Path("c.npz").exists()


WRONG = {
    "no manifest": (("--manifest", "none.json", "--out", "b.npz"), "none.json: No such file"),
    "a folder": (("--manifest", ".", "--out", "b.npz"), "directory"),
    "a picture": (("--manifest", "digit.png", "--out", "b.npz"), "UTF-8"),
    "another name": ((*DIRECT, "--out", "b.txt"), "ends in .npz"),
    "no folder": ((*DIRECT, "--param", "n=1", "--out", "no/b.npz"), "no/b.npz: No such file"),
    "no model": (("--model", "x", *DIRECT[2:], "--out", "b.npz"), "model: expected one of"),
    "no method": ((*DIRECT[:-1], "x", "--out", "b.npz"), "method: expected one of"),
    "no class": ((*DIRECT, "--target", "99", "--out", "b.npz"), "target: expected 0 to 9"),
    "no param": ((*DIRECT, "--param", "x=1", "--out", "b.npz"), "param: expected"),
    "no pair": ((*DIRECT, "--param", "n", "--out", "b.npz"), "name=value"),
    "no number": ((*DIRECT, "--param", "n=two", "--out", "b.npz"), "a whole number, got 'two'"),
    "no range": ((*DIRECT, "--param", "n=0", "--out", "b.npz"), "n: expected 1"),
    "no image": ((*DIRECT[:3], "no.png", *DIRECT[4:], "--out", "b.npz"), "no.png: No such file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_words_end_in_one_sentence(case, call, digit_file):
    words, expected = WRONG[case]
    status, said, error = call(*words)
    assert (status, said) == (2, "")
    assert error.count("\n") == 1
    assert expected in error
    assert [path.name for path in Path().iterdir()] == ["digit.png"]


def test_a_manifest_and_a_picture_at_once_are_refused(call, digit_file):
    status, _, error = call(*DIRECT, "--manifest", "a.json", "--out", "b.npz")
    assert (status, "says all" in error) == (2, True)
    # What a manifest says already must not be said again and then not be heard.
    for words in (("--seed", "0"), ("--target", "3"), ("--contrast", "3"), ("--param", "n=1")):
        status, _, error = call(*words, "--manifest", "a.json", "--out", "b.npz")
        assert (status, "says all" in error) == (2, True)
    status, _, error = call("--model", "lenet5-mnist", "--out", "b.npz")
    assert (status, "expected --manifest, or" in error) == (2, True)


def test_words_become_values_of_the_fields_kind():
    params = METHODS["lrp"].params
    found = settled(params, ["epsilon=1e-3", "zero_bias=yes", "composite=zero"])
    assert found == params(epsilon=1e-3, zero_bias=True, composite="zero")
    with pytest.raises(ValueError, match="true or false"):
        settled(params, ["zero_bias=maybe"])
