"""Downloads of data sets, against a server of this computer and tiny archives of the true form."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import pickle
import struct
import tarfile
import threading
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from xai import datasets
from xai.datasets import DATASETS, DownloadError, NotFetched

NAMES = ("fashion-mnist", "cifar10", "imagenette", "imagewoof")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.server.files.get(self.path.lstrip("/"))
        if body is None:
            self.send_error(404)
            return
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.files, running.asked = {}, []
    running.url = f"http://127.0.0.1:{running.server_address[1]}/"
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def md5(body):
    return hashlib.md5(body).hexdigest()


def tar(files):
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, BytesIO(body))
    return buffer.getvalue()


def fashion(server, patch):
    from torchvision.datasets import FashionMNIST

    resources = []
    for part, count in (("train", 30), ("t10k", 20)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = np.repeat(labels, 784).reshape(count, 28, 28)
        bodies = {
            "images-idx3": struct.pack(">4i", 2051, count, 28, 28) + images.tobytes(),
            "labels-idx1": struct.pack(">2i", 2049, count) + labels.tobytes(),
        }
        for kind, body in bodies.items():
            name = f"{part}-{kind}-ubyte.gz"
            server.files[name] = gzip.compress(body)
            resources.append((name, md5(server.files[name])))
    patch.setattr(FashionMNIST, "mirrors", [server.url])
    patch.setattr(FashionMNIST, "resources", resources)


def cifar(server, patch):
    from torchvision.datasets import CIFAR10

    folder, files, sums = "cifar-10-batches-py/", {}, {}
    for name in [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]:
        labels = [index % 10 for index in range(20)]
        pixels = np.repeat(np.array(labels, np.uint8), 3072).reshape(20, 3072)
        pixels[:, :1024] += 100  # the red plane comes first
        files[folder + name] = pickle.dumps({"data": pixels, "labels": labels})
    files[folder + "batches.meta"] = pickle.dumps({"label_names": list("abcdefghij")})
    sums = {name.removeprefix(folder): md5(body) for name, body in files.items()}
    server.files["cifar.tar.gz"] = tar(files)
    patch.setattr(CIFAR10, "url", server.url + "cifar.tar.gz")
    patch.setattr(CIFAR10, "filename", "cifar.tar.gz")
    patch.setattr(CIFAR10, "tgz_md5", md5(server.files["cifar.tar.gz"]))
    patch.setattr(
        CIFAR10, "train_list", [[f"data_batch_{n}", sums[f"data_batch_{n}"]] for n in range(1, 6)]
    )
    patch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    patch.setattr(CIFAR10, "meta", meta)


def folders(server, patch, cls, name):
    files = {}
    for part, prefix in (("train", ""), ("val", "ILSVRC2012_val_")):
        for label, wnid in enumerate(cls._WNID_TO_CLASS):
            for number in range(2):
                buffer = BytesIO()
                size = (40, 30) if number else (30, 44)
                Image.new("RGB", size, (label * 20, 100, 50)).save(buffer, "JPEG", quality=95)
                file = f"{prefix}{wnid}_{number}.JPEG"
                files[f"{name}/{part}/{wnid}/{file}"] = buffer.getvalue()
    archive = f"{name}.tgz"
    server.files[archive] = tar(files)
    patch.setattr(cls, "_ARCHIVES", {"160px": (server.url + archive, md5(server.files[archive]))})


def prepare(name, server, patch):
    if name == "fashion-mnist":
        fashion(server, patch)
    elif name == "cifar10":
        cifar(server, patch)
    elif name == "imagenette":
        from torchvision.datasets import Imagenette

        folders(server, patch, Imagenette, "imagenette2-160")
    else:
        from xai.datasets.imagewoof import Imagewoof

        folders(server, patch, Imagewoof, "imagewoof2-160")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERSCOPE_CACHE", str(tmp_path / "a cache"))
    return tmp_path / "a cache"


def left_behind(cache):
    """Everything under the cache but finished data sets."""
    return [path.name for path in (cache / "datasets").glob("*") if path.name not in NAMES]


# ----------------------------------------------------------------------- success
@pytest.mark.parametrize("name", NAMES)
def test_fetch_then_load(name, server, cache, monkeypatch):
    prepare(name, server, monkeypatch)
    with pytest.raises(NotFetched, match=r"MB.*fetch"):
        datasets.load(name)
    assert not datasets.is_ready(name)
    steps = []
    datasets.fetch(name, progress=lambda *step: steps.append(step))
    assert datasets.is_ready(name)
    assert left_behind(cache) == []
    assert not list(cache.rglob("*.*gz"))
    dones = [done for done, _, _ in steps]
    assert dones == sorted(dones)
    assert dones[-1] == sum(len(body) for body in server.files.values())
    assert all(done <= total for done, total, _ in steps)
    assert DATASETS[name].label in steps[0][2]
    for split in ("train", "test"):
        found = datasets.load(name, split=split)
        assert found.classes == DATASETS[name].classes
        assert sorted(set(found.labels.tolist())) == list(range(10))
        assert all(id.startswith(f"{name}-{split}-") for id in found.ids)
        assert found.images[0].shape[2] == DATASETS[name].channels
        for image, label in zip(found.images, found.labels, strict=True):
            seen = {"fashion-mnist": label, "cifar10": label + 100}.get(name, label * 20)
            assert abs(int(image[5, 5, 0]) - seen) <= 3
    part = datasets.load(name, n=10, seed=1)
    assert sorted(part.labels.tolist()) == list(range(10))
    whole = datasets.load(name)
    assert (part.images[3] == whole.images[whole.index(part.ids[3])]).all()


@pytest.mark.parametrize("name", ["imagenette", "imagewoof"])
def test_class_names_follow_the_word_net_ids(name):
    from torchvision.datasets import Imagenette

    from xai.datasets.imagewoof import Imagewoof

    cls = {"imagenette": Imagenette, "imagewoof": Imagewoof}[name]
    names = [cls._WNID_TO_CLASS[wnid][0] for wnid in sorted(cls._WNID_TO_CLASS)]
    assert tuple(names) == DATASETS[name].classes


def test_ready_data_is_not_fetched_again(server, cache, monkeypatch):
    prepare("imagenette", server, monkeypatch)
    datasets.fetch("imagenette")
    datasets.fetch("imagenette")
    assert len(server.asked) == 1


def test_two_sessions_may_fetch_at_once(server, cache, monkeypatch):
    prepare("imagewoof", server, monkeypatch)
    errors = []

    def work():
        try:
            datasets.fetch("imagewoof")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(datasets.load("imagewoof")) == 20
    assert left_behind(cache) == []


# ----------------------------------------------------------------------- failure
def refuse(cache, match):
    with pytest.raises(DownloadError, match=match) as caught:
        datasets.fetch("imagenette")
    assert "\n" not in str(caught.value)
    assert not datasets.is_ready("imagenette")
    assert not (cache / "datasets").exists() or left_behind(cache) == []


def test_without_a_network_nothing_is_left_and_the_bundled_sets_are_offered(
    server, cache, monkeypatch
):
    prepare("imagenette", server, monkeypatch)
    server.shutdown()
    server.server_close()
    refuse(cache, "MNIST digits and Photographs")


def test_a_missing_file_is_said(server, cache, monkeypatch):
    prepare("imagenette", server, monkeypatch)
    server.files.clear()
    refuse(cache, "404")


@pytest.mark.parametrize(
    "damage", [lambda body: body[:-9], lambda body: body[:99] + b"x" + body[100:]]
)
def test_a_wrong_checksum_is_refused(server, cache, monkeypatch, damage):
    prepare("imagenette", server, monkeypatch)
    server.files = {name: damage(body) for name, body in server.files.items()}
    refuse(cache, "checksum")


def test_an_archive_of_something_else_is_refused(server, cache, monkeypatch):
    from torchvision.datasets import Imagenette

    body = server.files["imagenette2-160.tgz"] = tar({"readme.txt": b"hello"})
    url = server.url + "imagenette2-160.tgz"
    monkeypatch.setattr(Imagenette, "_ARCHIVES", {"160px": (url, md5(body))})
    refuse(cache, "unpacked|kept on disk")


def test_a_stopped_download_leaves_nothing(server, cache, monkeypatch):
    class StoppedError(Exception):
        pass

    def stop(done, total, message):
        if done:
            raise StoppedError

    for name in ("imagenette", "fashion-mnist"):
        prepare(name, server, monkeypatch)
        with pytest.raises(StoppedError):
            datasets.fetch(name, progress=stop)
        assert not datasets.is_ready(name)
        assert left_behind(cache) == []


def test_a_cache_that_cannot_be_written_is_said(server, tmp_path, monkeypatch):
    prepare("imagenette", server, monkeypatch)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LAYERSCOPE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DownloadError, match="LAYERSCOPE_CACHE"):
        datasets.fetch("imagenette")
    with pytest.raises(NotFetched):
        datasets.load("imagenette")


def remove_a_class(folder):
    for path in sorted((folder / "imagenette2-160" / "val").iterdir())[:1]:
        for file in path.iterdir():
            file.unlink()
        path.rmdir()


def cut_an_image(folder):
    file = next(iter(folder.rglob("*val*.JPEG")))
    file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize("damage", [remove_a_class, cut_an_image])
def test_damage_on_disk_asks_for_another_download(server, cache, monkeypatch, damage):
    prepare("imagenette", server, monkeypatch)
    datasets.fetch("imagenette")
    damage(cache / "datasets" / "imagenette")
    with pytest.raises(NotFetched, match=r"damaged.*fetch"):
        datasets.load("imagenette")


def test_fetching_again_repairs(server, cache, monkeypatch):
    prepare("fashion-mnist", server, monkeypatch)
    datasets.fetch("fashion-mnist")
    for file in cache.rglob("t10k-images*"):
        file.write_bytes(b"")
    with pytest.raises(NotFetched, match="damaged"):
        datasets.load("fashion-mnist")
    datasets.fetch("fashion-mnist")
    assert len(datasets.load("fashion-mnist")) == 20


@pytest.mark.parametrize("name", ["mnist", "photos", "folder"])
def test_only_what_is_downloaded_can_be_fetched(name):
    with pytest.raises(ValueError, match="fashion-mnist, cifar10, imagenette, imagewoof"):
        datasets.fetch(name)


@pytest.mark.parametrize("name", NAMES)
def test_real_addresses_are_verified_and_only_fashion_mnist_is_plain_http(name, cache, monkeypatch):
    from xai import downloads

    class SeenError(Exception):
        pass

    def see(url, place, **options):
        assert options["plain"] == url.startswith("http:") == (name == "fashion-mnist")
        assert len(options["md5"]) == 32
        assert options["size"] == DATASETS[name].download_bytes
        assert place.is_relative_to(cache)
        raise SeenError

    monkeypatch.setattr(downloads, "fetch", see)
    with pytest.raises(SeenError):
        datasets.fetch(name)
    assert left_behind(cache) == []
