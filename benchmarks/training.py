"""Training beside a plain loop, recording beside training, and what a run costs to look at.

Run it with ``python benchmarks/training.py``; ``--rounds`` and ``--epochs`` say how long.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.spent import Spent, load, spread, tell, threads, timed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from xai.training import TrainingParams

MODEL = "lenet5-mnist"
#: What the loop may take of a plain one, and recording of the loop.
LOOP, RECORDING = 1.15, 1.2
#: Seconds of the server for another epoch.
SCRUB = 0.3


def plain(net: nn.Module, images: Tensor, labels: Tensor, params: TrainingParams) -> None:
    """Train as any tutorial does, with the same settings and nothing else."""
    import torch
    import torch.nn.functional as F

    from xai.training.augmentation import jitter

    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(net.parameters(), lr=params.rate, weight_decay=params.decay)
    steps = params.epochs * -(-len(images) // params.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, params.rate, total_steps=steps, pct_start=0.2
    )
    black = images.amin()
    net.train()
    for _ in range(params.epochs):
        total, right = 0.0, 0
        for chunk in torch.randperm(len(images), generator=generator).split(params.batch):
            batch = jitter(images[chunk] - black, generator) + black
            logits = net(batch)
            loss = F.cross_entropy(logits, labels[chunk])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chunk)
            right += int((logits.argmax(1) == labels[chunk]).sum())
    net.eval()


def unrecorded(net: nn.Module, images: Tensor, labels: Tensor, params: TrainingParams) -> None:
    """Train as a recorded training does, and count what the plain loop counts."""
    from xai.training.course import Course
    from xai.training.dropout import seeded_dropout

    course = Course(net, images, labels, params, seed=0)
    total, right = 0.0, 0
    with seeded_dropout(net, course.dropout):
        net.train()
        while course.done < course.total:
            step = course.advance()
            total += step.loss * len(step.chunk)
            right += int(step.right.sum())
    net.eval()


def loops(rounds: int, epochs: int, architecture: str) -> None:
    """Time the plain loop, ours and the recorded one in turn, on 8,000 digits.

    Each makes the images what the network takes, as a recorded training does.
    """
    from xai.training import ARCHITECTURES, train
    from xai.training.examples import examples
    from xai.training.inputs import inputs

    row = ARCHITECTURES[architecture]
    data, test = examples("mnist")
    params = row.resolved({"epochs": epochs})

    def bare() -> None:
        ready = inputs(row.form(trained=True), data)
        plain(row.build(), ready.images, ready.labels, params)

    def ours() -> None:
        ready = inputs(row.form(trained=True), data)
        unrecorded(row.build(), ready.images, ready.labels, params)

    def recorded() -> None:
        with tempfile.TemporaryDirectory() as folder:
            train(architecture, data, test=test, params=params, record=Path(folder) / "run")

    def one() -> tuple[Spent, Spent, Spent]:
        return timed(bare), timed(ours), timed(recorded)

    found = [one() for _ in range(rounds)]
    print(f"  {row.label}, {epochs} epochs of {len(data):,} digits")
    tell("plain loop", "our loop", [(one, other) for one, other, _ in found], LOOP)
    tell("our loop", "recorded", [(one, other) for _, one, other in found], RECORDING)


def five_epochs() -> None:
    """Say how long five recorded epochs take, beside importing torch."""
    from xai.training import train
    from xai.training.examples import examples

    data, test = examples("mnist")
    spent = timed(lambda: train(MODEL, data, test=test, params={"epochs": 5}))
    begin = perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    bare = perf_counter() - begin
    print(
        f"  5 recorded epochs of {len(data):,} digits: {spent.seconds:.1f} s; "
        f"a process that imports torch: {bare:.1f} s"
    )


def scrubbing(rounds: int) -> None:
    """Say what the server does for another epoch of the shipped run."""
    from xai import datasets
    from xai.activations import capture
    from xai.training import shipped_run

    seconds = [timed(lambda: shipped_run(MODEL)).seconds for _ in range(rounds)]
    print(f"  opening the shipped run: {spread(seconds, 1000)} ms")
    run = shipped_run(MODEL)
    digit = datasets.load("mnist", n=1).images[0]

    def look(mark: float) -> None:
        model = run.load(mark)
        capture(model, model.prepare(digit)[None], [layer.name for layer in model.layers])
        run.confusion(mark)

    look(run.marks[0])
    found = [timed(partial(look, mark)).seconds for mark in run.marks]
    kept = "kept" if median(found) <= SCRUB else "EXCEEDED"
    print(f"  another epoch: {spread(found, 1000)} ms, limit {1000 * SCRUB:.0f}: {kept}")


_MEASURED = """
import json, resource, sys
from xai.training import train
from xai import datasets
data = datasets.load("mnist", n=64, split="train")
test = datasets.load("mnist", n=64)
run = train("lenet5-mnist", data, test=test, params={"epochs": int(sys.argv[1])})
size = sum(place.stat().st_size for place in run.folder.rglob("*") if place.is_file())
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, size / 2**20]))
"""


def memory() -> None:
    """Say how much a process holds after few and after many epochs, and its folder."""
    for epochs in (20, 100, 200):
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(epochs)],
            check=True,
            capture_output=True,
            text=True,
        )
        held, written = json.loads(done.stdout)
        print(f"  {epochs:3d} epochs: {held:.0f} MB at most, {written:.1f} MB written")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    arguments: Any = parser.parse_args()
    threads(1)
    print(load())
    for architecture, rounds in ((MODEL, arguments.rounds), ("vgg16-mnist", 1)):
        loops(rounds, arguments.epochs, architecture)
    five_epochs()
    scrubbing(20)
    memory()


if __name__ == "__main__":
    main()
