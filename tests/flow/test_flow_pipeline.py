"""From images to a flow graph: what is kept, how it goes on, and what it does with odd layers."""

from __future__ import annotations

import dataclasses
import json
import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xai import data, datasets, models
from xai.__main__ import main
from xai.datasets import ImageSet
from xai.features.extraction import extract
from xai.flow import cluster, command, files, flow_of, path, pipeline, read, shipped
from xai.flow.answers import answers
from xai.flow.clustering.clusters import Clusters
from xai.flow.clustering.methods import METHODS
from xai.flow.columns import default_layers, finished
from xai.flow.files import load
from xai.flow.keys import ClustersKey, clusters_of, features_key
from xai.flow.pipeline import run
from xai.models.loaded import LoadedModel
from xai.models.nets import LeNet5
from xai.models.spec import weights_of
from xai.store import Store, key_text
from xai.types import Layer

LAYERS = ("pixels", "pool2", "fc3")


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return models.load("lenet5-mnist", device="cpu")


@pytest.fixture(scope="module")
def pool() -> ImageSet:
    return datasets.load_all("mnist")


@pytest.fixture(scope="module")
def digits(pool: ImageSet) -> ImageSet:
    return datasets.pool_sample(pool, 120)


class Counted:
    """A store that remembers what was asked of it."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        self.saved: list[object] = []

    def load(self, key: object) -> Any:
        return self.store.load(key)

    def save(self, key: object, value: Any) -> bool:
        self.saved.append(key)
        return self.store.save(key, value)


def equal(one: Any, other: Any) -> bool:
    return (
        one.layers == other.layers
        and one.sequence == other.sequence
        and np.array_equal(one.assigned, other.assigned)
        and np.array_equal(one.lines, other.lines)
    )


# ------------------------------------------------------------------------------ the run
def test_a_run_is_its_parts(model: LoadedModel, digits: ImageSet) -> None:
    found = run(model, digits, LAYERS, method="kmeans", seed=3)
    assert found.graph.layers == LAYERS
    assert found.notes == ()
    assert found.graph.ids == digits.ids
    for column, one in enumerate(found.graph.clusters):
        assert one.features is not None
        made = cluster(one.features, "kmeans", seed=3)
        assert np.array_equal(found.graph.assigned[column], made.labels)
    assert equal(found.graph, flow_of(model, digits, LAYERS, method="kmeans", seed=3))


def test_what_was_stopped_goes_on_where_it_was(
    model: LoadedModel, digits: ImageSet, tmp_path: Path
) -> None:
    seen: list[tuple[str, ...]] = []

    def stop(graph: Any) -> None:
        seen.append(graph.layers)
        if len(graph.layers) == 2:
            raise KeyboardInterrupt

    store = Counted(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(model, digits, LAYERS, store=store, on_layer=stop)
    assert seen == [LAYERS[:1], LAYERS[:2]]
    assert sum(isinstance(key, ClustersKey) for key in store.saved) == 2
    store.saved.clear()
    graph = flow_of(model, digits, LAYERS, store=store)
    (left,) = store.saved
    assert isinstance(left, ClustersKey)
    assert left.features.layer == "fc3"
    assert equal(graph, flow_of(model, digits, LAYERS))
    store.saved.clear()
    assert equal(graph, flow_of(model, digits, LAYERS, store=store))
    assert store.saved == []


def test_the_store_keeps_clusters_without_features(
    model: LoadedModel, digits: ImageSet, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    key = ClustersKey(features_key(model, digits, "fc3"), "kmeans", METHODS["kmeans"].params(), 1)
    made = clusters_of(key, model, digits, store)
    kept = store.load(key)
    assert kept.features is None
    assert np.array_equal(kept.labels, made.labels)
    assert made.features is not None
    assert made.features.layer == "fc3"
    others = datasets.pool_sample(datasets.load_all("mnist"), 10)
    with pytest.raises(ValueError, match="key: expected the images"):
        clusters_of(key, model, others, store)


def test_progress_never_goes_back_and_ends(model: LoadedModel, digits: ImageSet) -> None:
    told: list[tuple[int, int]] = []
    run(model, digits, LAYERS, method="kmeans", progress=lambda *said: told.append(said[:2]))
    done = [one for one, _ in told]
    assert done == sorted(done)
    assert told[-1] == (6, 6)
    assert {total for _, total in told} == {6}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"layers": ()}, "at least one"),
        ({"layers": ("fc3", "fc3")}, "'fc3' twice"),
        ({"layers": ("conv9",)}, "conv9"),
        ({"method": "guess"}, "expected one of optics, hdbscan, kmeans"),
        ({"params": {"min_samples": 10_000}}, "min_samples"),
        ({"seed": -1}, "seed"),
        ({"reduce": "pca100"}, "reduce"),
    ],
)
def test_what_does_not_exist_is_refused(
    model: LoadedModel, digits: ImageSet, changes: dict[str, Any], match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        run(model, digits, **{"layers": LAYERS, **changes})


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"model": "lenet5-mnist"}, "model: expected a loaded model, got str"),
        ({"images": np.zeros((5, 1, 28, 28))}, "images: expected an image set, got ndarray"),
        ({"layers": "fc3"}, "layers: expected a list of names, got 'fc3'"),
        ({"layers": 3}, "layers: expected a list of names, got 3"),
        ({"layers": [None]}, "layers: expected a list of names"),
    ],
)
def test_what_is_of_another_kind_is_refused(
    model: LoadedModel, digits: ImageSet, changes: dict[str, Any], match: str
) -> None:
    with pytest.raises(TypeError, match=match):
        run(**{"model": model, "images": digits, "layers": LAYERS, **changes})


# ----------------------------------------------------------------------------- odd images
def test_identical_images_are_one_cluster_everywhere(model: LoadedModel, digits: ImageSet) -> None:
    same = dataclasses.replace(
        digits.subset(np.arange(8)), images=np.repeat(digits.images[:1], 8, axis=0)
    )
    found = run(model, same, ("pixels", "conv1", "fc3"))
    assert found.graph.sequence == ((0,), (0,), (0,))
    assert found.left_out == {}
    assert all(one.notes for one in found.graph.clusters)
    assert found.graph.predicted is not None
    assert len(set(found.graph.predicted.tolist())) == 1
    # One more of them is none that is far, whatever rounding makes of it.
    steps = path(found.graph, model, model.prepare(same.images[0]))
    assert [(step.cluster, step.far, step.own) for step in steps] == [(0, False, 0)] * 3
    assert all(step.far for step in path(found.graph, model, model.prepare(digits.images[5])))


def test_a_layer_that_answers_all_alike_stays_between_the_others(digits: ImageSet) -> None:
    quiet = LoadedModel(models.MODELS["lenet5-mnist"], LeNet5())
    quiet.net.fc2.weight.zero_()
    found = run(quiet, digits, ("pool2", "fc2", "pixels"))
    assert found.graph.layers == ("pool2", "fc2", "pixels")
    assert found.graph.sequence[1] == (0,)
    assert "fc2" not in found.left_out


@pytest.mark.parametrize("number", [2, 3, 5])
def test_few_images(model: LoadedModel, digits: ImageSet, number: int) -> None:
    few = digits.subset(np.arange(number))
    graph = flow_of(model, few, LAYERS)
    assert graph.assigned.shape == (3, number)


def test_one_image_is_refused(model: LoadedModel, digits: ImageSet) -> None:
    with pytest.raises(ValueError, match="at least"):
        run(model, digits.subset([0]), LAYERS)


# --------------------------------------------------------------------------- its columns
def test_the_columns_of_a_small_network_are_all_its_layers(model: LoadedModel) -> None:
    assert default_layers(model) == ("pixels", *(layer.name for layer in model.layers))


@pytest.mark.parametrize("most", [2, 3, 7, 12, 20, 500])
@pytest.mark.parametrize("name", ["vgg16-mnist", "efficientnet-lite0"])
def test_the_columns_of_a_large_network(name: str, most: int) -> None:
    deep = models.load(name, device="cpu")
    names = [layer.name for layer in deep.layers]
    found = default_layers(deep, most)
    ends = finished(deep.layers)
    assert len(found) == min(most, len(ends) + 1)
    assert found[0] == "pixels"
    assert found[-1] == names[-1]
    places = [names.index(layer) for layer in found[1:]]
    assert places == sorted(set(places))
    # The activation stands for its convolution.
    assert set(found[1:]) <= {layer.name for layer in ends}


def test_what_continues_a_layer_takes_its_place() -> None:
    def layer(name: str, shape: tuple[int, ...], macs: int, field: int) -> Layer:
        return Layer(name, "", shape, 0, macs, field)

    found = finished(
        [
            *(layer("conv", (8, 4, 4), 9, 3), layer("norm", (8, 4, 4), 0, 3)),
            *(layer("relu", (8, 4, 4), 0, 3), layer("pool", (8, 4, 4), 0, 5)),
            layer("fc", (8, 4, 4), 7, 5),
        ]
    )
    assert [one.name for one in found] == ["relu", "pool", "fc"]


@pytest.mark.parametrize("most", [1, 0, -3])
def test_too_few_columns(model: LoadedModel, most: int) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        default_layers(model, most)


# -------------------------------------------------------------------------- its answers
def test_answers_are_those_that_the_features_were_made_of(
    model: LoadedModel, pool: ImageSet
) -> None:
    images = datasets.pool_sample(pool, 300)
    graph = flow_of(model, images, LAYERS, method="kmeans")
    parts = list(answers(model, images, graph))
    assert [start for start, _ in parts] == [0, 256]
    whole = extract(model, images, [None, "pool2", "fc3"])
    for name, place, one in zip(LAYERS, (None, "pool2", "fc3"), graph.clusters, strict=True):
        rows = np.concatenate([rows[name] for _, rows in parts])
        assert np.array_equal(rows, whole.values[place])
        assert one.features is not None
        assert np.array_equal(one.features.project(rows), one.features.values)
    others = dataclasses.replace(graph, ids=graph.ids[::-1])
    with pytest.raises(ValueError, match="these images"):
        next(iter(answers(model, images, others)))


def test_a_file_still_finds_the_path_of_an_image(
    model: LoadedModel, digits: ImageSet, tmp_path: Path
) -> None:
    graph = flow_of(model, digits, LAYERS, method="kmeans")
    files.write(tmp_path / "flow.h5", graph)
    image = model.prepare(datasets.load("mnist", n=1, seed=9).images[0])
    before, after = path(graph, model, image), path(read(tmp_path / "flow.h5"), model, image)
    assert [step.layer for step in after] == list(LAYERS)
    for one, other in zip(before, after, strict=True):
        assert (one.cluster, one.confidence) == (other.cluster, other.confidence)


# ------------------------------------------------------------------------- what ships
@pytest.fixture(scope="module")
def shown(pool: ImageSet) -> ImageSet:
    return datasets.pool_sample(pool, shipped.COUNT)


def test_the_shipped_clusters_are_found_and_are_those_of_now(
    model: LoadedModel, shown: ImageSet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path, shipped=(data.path("maps"), data.path("flows")))
    wanted = shipped.keys(model, shown)
    with caplog.at_level(logging.WARNING):
        kept = {name: store.load(key) for name, key in wanted.items()}
    assert caplog.text == ""
    assert list(kept) == ["pixels", *(layer.name for layer in model.layers)]
    assert all(isinstance(one, Clusters) for one in kept.values())
    made = clusters_of(wanted["relu4"], model, shown)
    # Another processor rounds otherwise, and an image on a border may fall to its other side.
    assert (made.labels == kept["relu4"].labels).mean() > 0.98
    assert made.params == kept["relu4"].params
    card = data.path("flows.md").read_text(encoding="utf-8")
    assert all(shipped.row(name, one) in card for name, one in kept.items())


def test_nothing_else_ships(model: LoadedModel, shown: ImageSet) -> None:
    store = Store(data.path("flows"))
    named = {store._name(key, key_text(key)) for key in shipped.keys(model, shown).values()}
    assert {path.name for path in data.path("flows").iterdir()} == named


# ---------------------------------------------------------------------------- the command
@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("LAYERSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run_command(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["xai", "flow", *words])
        return main()

    return run_command


def test_of_many_steps_every_tenth_of_the_way_is_said() -> None:
    said: list[str] = []
    told = command.Steps(said.append)
    for done in range(1000):
        told.progress(done, 1000, f"Features of image {done} of 1000")
    assert said == [f"  Features of image {done} of 1000" for done in range(0, 1000, 100)]
    told.progress(0, 1000, "Clusters of fc3")
    assert said[-1] == "  Clusters of fc3"


DIRECT = ("--dataset", "mnist", "--model", "lenet5-mnist", "--n", "60", "--out", "run.h5")


def test_the_command_writes_both_files(
    call: Any, capsys: pytest.CaptureFixture[str], model: LoadedModel, pool: ImageSet
) -> None:
    chosen = ("--layers", "pixels,relu4,fc3", "--method", "kmeans", "--param", "clusters=4")
    assert call(*DIRECT, *chosen, "--seed", "5") == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines()[-1].endswith("run.h5 and run.json")
    assert "  relu4: 4 clusters, 0% noise, purity" in said.out
    found = load("run.h5")
    images = datasets.pool_sample(pool, 60)
    expected = flow_of(
        model,
        images,
        ("pixels", "relu4", "fc3"),
        method="kmeans",
        params={"clusters": 4},
        seed=5,
    )
    assert equal(found.graph, expected)
    assert found.objection(model) == ""
    assert found.origin == files.Origin(weights_of(model.spec), images.signature)
    assert found.positions is not None
    assert files.load_activations(Path("run.h5"), "relu4").shape == (60, 84)
    assert json.loads(Path("run.json").read_text(encoding="utf-8"))["order"] == (
        found.graph.lines.tolist()
    )
    first = Path("run.h5").read_bytes()
    assert call(*DIRECT, *chosen, "--seed", "5") == 0
    assert Path("run.h5").read_bytes() == first
    # Nothing was asked of the network but the answers that are written.
    assert "Features of" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        (("--dataset", "minst"), "data set: expected one of"),
        (("--model", "lenet"), "model: expected one of"),
        (("--model", "resnet18"), "resnet18|ResNet"),
        (("--out", "run.json"), "ends in .h5"),
        (("--n", "0"), "at least 1"),
        (("--n", "1"), "at least"),
        (("--layers", "conv9"), "conv9"),
        (("--layers", "fc3,fc3"), "twice"),
        (("--method", "guess"), "expected one of optics"),
        (("--param", "xi"), "expected name=value"),
        (("--param", "xi=much"), "xi: expected a number"),
        (("--param", "epsilon=1"), "param: expected"),
        (("--seed", "-1"), "seed: expected 0"),
        (("--reduce", "pca0"), "reduce: expected"),
        (("--layers", ","), "got '' twice"),
        (("--layers", "fc3", "--out", "no/run.h5"), "no/run.h5: No such file"),
        (("--layers", "fc3", "--out", "cache/a.h5"), "cache/a.h5: Is a directory"),
    ],
)
def test_the_command_refuses_in_one_line(
    call: Any, capsys: pytest.CaptureFixture[str], changes: tuple[str, ...], match: str
) -> None:
    Path("cache/a.h5").mkdir(parents=True)
    assert call(*DIRECT, *changes) == 2
    worked, said = capsys.readouterr()
    # Before the work, not after it.
    assert worked == ""
    assert re.search(match, said)
    assert said.count("\n") == 1
    assert not list(Path().glob("run.*"))


def test_a_stopped_command_says_that_it_goes_on(
    call: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pipeline.clusters_of

    def stop(key: Any, *args: Any, **kwargs: Any) -> Any:
        if key.features.layer == "fc3":
            raise KeyboardInterrupt
        return real(key, *args, **kwargs)

    monkeypatch.setattr(pipeline, "clusters_of", stop)
    assert call(*DIRECT, "--layers", "relu4,fc3") == 130
    assert "goes on" in capsys.readouterr().err
    assert not list(Path().glob("run.*"))
    kept = {path.name.partition("-key")[0] for path in Path("cache/results").iterdir()}
    assert kept == {"features", "clusters"}
