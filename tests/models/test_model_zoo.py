"""Published weights: fetched, verified, mapped, and the same answers as torchvision's."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from xai import data, models
from xai.downloads import megabytes
from xai.models import MODELS, DownloadError, NotFetched, zoo

ZOO = tuple(name for name, spec in MODELS.items() if not spec.bundled)


# ------------------------------------------------------------------- the registry
@pytest.mark.parametrize("name", ZOO)
def test_columns_are_torchvisions_own(name):
    import torchvision.models
    from torchvision.transforms import InterpolationMode

    spec = MODELS[name]
    weights = torchvision.models.get_model_weights(name).DEFAULT
    transforms = weights.transforms()
    assert (transforms.crop_size, transforms.resize_size) == ([224], [spec.resize])
    assert spec.input_size == (224, 224)
    assert transforms.interpolation is InterpolationMode(spec.interpolation)
    assert transforms.antialias
    if name != "googlenet":  # test_googlenet_takes_its_own_range
        assert (tuple(transforms.mean), tuple(transforms.std)) == (spec.mean, spec.std)
    source = zoo.published(spec)
    assert source.url.startswith("https://")
    assert len(source.sha256) >= 8
    assert source.size == spec.download_bytes == models.download_size(name)
    # The file holds the parameters in float32, and GoogLeNet's two auxiliary heads.
    assert 4 * weights.meta["num_params"] < source.size < 4.1 * weights.meta["num_params"] or (
        name == "googlenet"
    )


def test_classes_are_imagenets():
    import torchvision.models

    published = torchvision.models.ResNet18_Weights.DEFAULT.meta["categories"]
    assert len(published) == len(set(data.imagenet_classes())) == 1000
    differing = [
        (ours, theirs)
        for ours, theirs in zip(data.imagenet_classes(), published, strict=True)
        if ours != theirs and not ours.startswith(theirs) and not theirs.startswith(ours)
    ]
    assert differing == []


@pytest.mark.parametrize("name", ZOO)
def test_nothing_is_ready_before_it_is_fetched(cache, name):
    assert not models.is_ready(name)
    with pytest.raises(NotFetched) as caught:
        models.load(name)
    sentence = str(caught.value)
    assert megabytes(MODELS[name].download_bytes) in sentence
    assert f"python -m xai fetch {name}" in sentence
    assert not any(cache.iterdir())


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name].bundled])
def test_what_ships_is_ready_and_costs_nothing(cache, name):
    assert models.is_ready(name)
    assert models.download_size(name) == 0
    models.fetch(name)
    assert not any(cache.iterdir())


@pytest.mark.parametrize("function", [models.is_ready, models.download_size, models.fetch])
def test_unknown_names_are_refused_with_the_choices(function):
    with pytest.raises(ValueError, match="expected one of lenet5-mnist"):
        function("resnet152")
    with pytest.raises(TypeError, match="expected a name"):
        function(3)


# -------------------------------------------------------------- a server of our own
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("LAYERSCOPE_CACHE", str(folder))
    return folder


Publish = Callable[..., Path]


@pytest.fixture
def publish(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publish]:
    """Serve a state dict as the weights that torchvision publishes."""
    folder = tmp_path / "published"
    folder.mkdir()
    handler = partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def serve(state: dict[str, torch.Tensor], *, zipped: bool = True) -> Path:
        file = folder / "weights.pth"
        torch.save(state, file, _use_new_zipfile_serialization=zipped)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        source = zoo.Published(
            url=f"http://127.0.0.1:{server.server_address[1]}/weights.pth",
            sha256=digest[:8],
            size=file.stat().st_size,
        )
        monkeypatch.setattr(zoo, "published", lambda spec: source)
        return file

    yield serve
    server.shutdown()
    server.server_close()
    thread.join()


def answers_alike(name: str, net: nn.Module) -> None:
    """Compare the loaded model with torchvision's network and normalisation."""
    spec = MODELS[name]
    model = models.load(name, device="cpu")
    x = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (spec.mean, spec.std))
    with torch.no_grad():
        assert torch.equal(model.logits(x), net((x - mean) / std))
    assert not model.net.training
    assert not any(parameter.requires_grad for parameter in model.net.parameters())


def test_fetched_weights_answer_as_torchvision_does(publish, zoo_net, cache):
    net = zoo_net("squeezenet1_1")
    publish(net.state_dict())
    seen = []
    models.fetch("squeezenet1_1", progress=lambda *step: seen.append(step))
    assert seen[-1][0] == seen[-1][1] > 4_000_000
    assert "SqueezeNet 1.1 weights" in seen[-1][2]
    assert models.is_ready("squeezenet1_1")
    assert [path.name for path in (cache / "weights").iterdir()] == ["squeezenet1_1.pth"]
    answers_alike("squeezenet1_1", net)


def test_densenets_old_names_and_old_format_are_read(publish, zoo_net):
    net = zoo_net("densenet121")
    old = {}
    for name, value in net.state_dict().items():
        layer, dot, rest = name.partition("denselayer")
        number, _, part = rest.partition(".")
        for kind in ("norm", "relu", "conv"):
            part = part.replace(f"{kind}1", f"{kind}.1").replace(f"{kind}2", f"{kind}.2")
        if not name.endswith("num_batches_tracked"):
            old[f"{layer}{dot}{number}.{part}" if dot else name] = value
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    publish(old, zipped=False)
    models.fetch("densenet121")
    answers_alike("densenet121", net)


def test_googlenet_takes_its_own_range_and_drops_its_auxiliary_heads(publish, zoo_net):
    from torchvision.models import GoogLeNet_Weights

    net = zoo_net("googlenet", aux_logits=True, transform_input=True)
    assert any(name.startswith("aux1.") for name in net.state_dict())
    publish(net.state_dict())
    models.fetch("googlenet")
    model = models.load("googlenet", device="cpu")
    x = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    transforms = GoogLeNet_Weights.DEFAULT.transforms()
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (transforms.mean, transforms.std))
    with torch.no_grad():
        wanted = net((x - mean) / std)
        found = model.logits(x)
    assert float((found - wanted).abs().max()) < 1e-4 * float(wanted.abs().max())
    assert float((found - found.mean(1, keepdim=True)).abs().max()) > 1e-2


def test_weights_are_mapped_not_copied(publish, zoo_net, cache, tmp_path):
    net = zoo_net("squeezenet1_1")
    publish(net.state_dict())
    models.fetch("squeezenet1_1")
    model = models.load("squeezenet1_1", device="cpu")
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert "squeezenet1_1.pth" in maps.read_text()
    (cache / "weights" / "squeezenet1_1.pth").unlink()
    image = np.full((3, 224, 224), 0.5, dtype=np.float32)
    assert np.isfinite(model.predict(image).logits).all()


# ------------------------------------------------------------------------- faults
def overwrite(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("damage", [overwrite, truncate, empty])
def test_a_damaged_file_is_deleted_and_can_be_fetched_again(publish, zoo_net, cache, damage):
    net = zoo_net("squeezenet1_1")
    publish(net.state_dict())
    models.fetch("squeezenet1_1")
    damage(cache / "weights" / "squeezenet1_1.pth")
    with pytest.raises(ValueError, match=r"damaged.*fetch them again"):
        models.load("squeezenet1_1")
    assert not models.is_ready("squeezenet1_1")
    models.fetch("squeezenet1_1")
    answers_alike("squeezenet1_1", net)


def test_a_file_that_arrives_damaged_is_not_kept(publish, zoo_net, cache):
    overwrite(publish(zoo_net("squeezenet1_1").state_dict()))
    with pytest.raises(DownloadError, match="bundled models work without a network"):
        models.fetch("squeezenet1_1")
    assert list((cache / "weights").iterdir()) == []


def test_nan_is_refused(publish, zoo_net):
    state = zoo_net("squeezenet1_1").state_dict()
    state["features.3.squeeze.bias"][2] = float("nan")
    publish(state)
    models.fetch("squeezenet1_1")
    with pytest.raises(ValueError, match=r"NaN or infinity in features\.3\.squeeze\.bias"):
        models.load("squeezenet1_1")


def test_code_in_a_file_is_never_run(publish, cache):
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.write_text, (cache / "owned", "x"))

    publish({"features.0.weight": Evil()})
    models.fetch("squeezenet1_1")
    with pytest.raises(ValueError, match="cannot be read"):
        models.load("squeezenet1_1")
    assert not (cache / "owned").exists()


def test_another_network_does_not_fit(publish, zoo_net):
    publish(zoo_net("resnet18").state_dict())
    models.fetch("squeezenet1_1")
    with pytest.raises(ValueError, match=r"does not fit SqueezeNet 1\.1: it lacks features"):
        models.load("squeezenet1_1")


def test_cache_that_cannot_be_written_is_a_sentence(publish, zoo_net, cache, monkeypatch):
    publish(zoo_net("squeezenet1_1").state_dict())
    (cache / "weights").write_bytes(b"in the way")
    with pytest.raises(DownloadError, match="cannot be written"):
        models.fetch("squeezenet1_1")
