"""The words that the longer commands of ``python -m xai`` take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xai.store import cache_root

#: Does a command's work; its docstring is the help. Returns the exit status.
Run = Callable[[argparse.Namespace], int]


def add_train(commands: Any, run: Run) -> None:
    """Add ``train``."""
    add = commands.add_parser("train", help=run.__doc__, description=run.__doc__)
    add.add_argument("--model", action="append", help="only this one; may be given twice")
    add.add_argument("--out", default=str(cache_root() / "trained"), help="folder for the weights")
    new = add.add_argument_group("a run of your own", "recorded epoch by epoch, to be looked at")
    new.add_argument("--record", type=Path, metavar="DIR", help="the folder to record into")
    new.add_argument("--architecture", help="lenet5-mnist or vgg16-mnist; else the former")
    new.add_argument("--dataset", help="one that has training images; else mnist")
    new.add_argument("--n", type=int, help="training images; else all")
    new.add_argument("--param", action="append", default=[], help="name=value; may come again")
    new.add_argument("--seed", type=int, help="of weights, order and augmentation; else 0")
    new.add_argument("--resume", action="store_true", help="go on with what is in the folder")

    def checked(arguments: argparse.Namespace) -> int:
        said = (arguments.architecture, arguments.dataset, arguments.n, arguments.seed)
        told = any((arguments.param, arguments.resume)) or any(one is not None for one in said)
        if arguments.record is None and told:
            add.error("what belongs to a run of your own needs --record")
        if arguments.record is not None and arguments.model:
            add.error("expected --model or --record, got both")
        return run(arguments)

    add.set_defaults(run=checked)


def add_flow(commands: Any, run: Run) -> None:
    """Add ``flow``."""
    add = commands.add_parser("flow", help=run.__doc__, description=run.__doc__)
    add.add_argument("--dataset", required=True, help="such as mnist")
    add.add_argument("--model", required=True, help="such as lenet5-mnist")
    add.add_argument("--out", required=True, type=Path, help="the .h5 file to write")
    add.add_argument("--n", type=int, help="number of images; else all, up to 10,000")
    add.add_argument("--layers", help="names with commas between them, pixels for the images")
    add.add_argument("--method", default="optics", help="optics, hdbscan or kmeans")
    add.add_argument("--param", action="append", default=[], help="name=value; may come again")
    add.add_argument("--seed", type=int, default=0, help="of methods that draw random numbers")
    add.add_argument("--reduce", default="pca90", help="pca1 to pca99, or none")
    add.set_defaults(run=run)


def add_attribute(commands: Any, run: Run) -> None:
    """Add ``attribute``."""
    add = commands.add_parser("attribute", help=run.__doc__, description=run.__doc__)
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

    def checked(arguments: argparse.Namespace) -> int:
        direct = (arguments.model, arguments.image, arguments.method)
        others = (arguments.target, arguments.contrast, arguments.seed)
        told = any((*direct, arguments.param)) or any(one is not None for one in others)
        if arguments.manifest and told:
            add.error("--manifest says all but --weights and --out")
        if not arguments.manifest and not all(direct):
            add.error("expected --manifest, or --model, --image and --method")
        return run(arguments)

    add.set_defaults(run=checked)
