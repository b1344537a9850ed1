"""Published networks with random weights: nothing is fetched, and they take as long.

What is timed does not depend on what a network has learnt; only pictures of its maps have
another size as files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.session import ROOT, running
from xai.models import MODELS, LoadedModel

if TYPE_CHECKING:
    from torch import nn

# Home.py is run in the server's process after the networks are put where the app keeps
# those that users bring, which it looks at before it reads a file.
_APP = """
from pathlib import Path
from benchmarks.untrained import shelve
shelve({names!r})
home = Path({home!r})
exec(compile(home.read_text(), str(home), "exec"), {{"__name__": "__main__"}})
"""


def network(name: str) -> nn.Module:
    """Return torchvision's own network, untouched."""
    import torchvision

    net: nn.Module = getattr(torchvision.models, name)(weights=None).eval()
    return net.requires_grad_(False)


def untrained(name: str) -> LoadedModel:
    """Return a network of the registry as it would be loaded, but for its numbers."""
    from xai.models.explicit import explicit
    from xai.models.loaded import LoadedModel

    return LoadedModel(MODELS[name], explicit(network(name)))


def shelve(names: Sequence[str]) -> None:
    """Let the app of this process find networks; the second call does nothing."""
    from pages._ui import cached

    shelf = cached.own_models()
    for name in names:
        if shelf.get(name) is None:
            shelf.put(untrained(name))


@contextmanager
def serving(names: Sequence[str], folder: Path) -> Iterator[int]:
    """Serve the app with some networks of random weights; yield the port.

    Parameters
    ----------
    names : sequence of str
        At most three: so many the app keeps.
    folder : Path
        An empty one, for the app's results and a script that starts it.
    """
    # Streamlit looks beside the script, and may run the page of a link before it.
    for part in ("pages", "xai", "benchmarks", ".streamlit"):
        (folder / part).symlink_to(ROOT / part, target_is_directory=True)
    script = folder / "Home.py"
    script.write_text(_APP.format(home=str(ROOT / "Home.py"), names=tuple(names)))
    weights = folder / "cache" / "weights"
    weights.mkdir(parents=True)
    for name in names:  # else the page would offer to fetch them
        (weights / f"{name}.pth").touch()
    with running(script, folder / "cache") as port:
        yield port


def until(model: LoadedModel, image: Any, layer: str) -> None:
    """Make the part of one image's forward pass that a layer's output needs."""
    import torch

    from xai.hooks import recording

    net = model.private()
    with torch.no_grad(), recording(net, [layer], _stop):
        try:
            net(model.normalize(model.tensor(image)))
        except _EnoughError:
            return


class _EnoughError(Exception):
    """The layer has answered."""


def _stop(name: str, output: Any) -> None:
    raise _EnoughError
