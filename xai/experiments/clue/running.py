"""Two networks of one recipe, one of them with a clue, and every method asked about both.

Importing this module loads no torch; its function does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.attribution import METHODS
from xai.attribution.checks.faithfulness import AGAINST
from xai.experiments.clue.evidence import inside
from xai.experiments.clue.params import ClueKey, ClueParams
from xai.experiments.clue.result import Clue, Score, Usage
from xai.experiments.clue.tag import Tag, stamp
from xai.types import Params, Progress, accepted_seed, find, make_params

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

ARCHITECTURE = "lenet5-mnist"
#: Images in one step.
_BATCH = 64
#: Who has looked at no network, in the order of display.
_REFERENCES = {"random": "Random map", "edges": "Edge detector"}
_TRAINED = ("training with the tag", "training the control")


@dataclass
class _Steps:
    """Counts training steps and maps as one way; says nothing if nobody listens."""

    report: Progress | None
    total: int
    before: int = 0

    def training(self, turn: int, steps: int) -> Progress:
        """Return the progress of one of the two trainings."""
        return lambda done, _, message: self.at(turn * steps + done, _TRAINED[turn])

    def at(self, done: int, message: str) -> None:
        if self.report is not None:
            self.report(done, self.total, message)


def experiment(
    data: ImageSet,
    test: ImageSet,
    label: int,
    *,
    tag: Tag | None = None,
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    architecture: str = ARCHITECTURE,
    methods: Sequence[str] | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[Clue], None] | None = None,
) -> Clue:
    """Plant a clue, train with it and without, and ask every method what the class rests on.

    Parameters
    ----------
    data, test : ImageSet
        What is trained on, and what is judged by; of one size, with the same classes.
    label : int
        Index of the class that gets the tag.
    tag : Tag, optional
        None takes its defaults.
    params : ClueParams or mapping, optional
    seed : int
        Of the weights, the order of the images, which of them carry the tag, and of methods
        that draw random numbers. Both networks begin with the same weights and see the
        same images in the same order.
    architecture : str
        A key of :data:`xai.training.ARCHITECTURES`.
    methods : sequence of str, optional
        Keys of :data:`xai.attribution.METHODS`; None takes all.
    progress : callable, optional
        ``progress(done, total, message)``, in training steps and maps. May raise.
    on_partial : callable, optional
        Takes the result as it is so far: after the trainings, and after each method.

    Returns
    -------
    Clue

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, the class has no image, the tag does not fit, or
        the training diverged.

    Notes
    -----
    The images that are explained are the first of the class among the test images, all with
    the tag, and the explained score is that of the class, for both networks: there the
    right answer is known. Methods run with their defaults, none is tuned. The networks are
    trained without random shifts and turns, so that the tag stays where it is.

    A network may use the tag beside the shape of the class; then evidence outside of the
    tag is no mistake. What a method puts into the tag more with the clue than without is
    what it owes to what the network has learned.

    References
    ----------
    Y. Zhou, S. Booth, M. T. Ribeiro, J. Shah: Do feature attribution methods correctly
    attribute features?, 2022, arXiv 2104.14403.

    J. Adebayo, M. Muelly, H. Abelson, B. Kim: Post hoc explanations may be ineffective for
    detecting unknown spurious correlation, 2022, arXiv 2212.04629.
    """
    chosen = make_params(ClueParams, params)
    mark = tag or Tag()
    names = list(METHODS) if methods is None else [_known(name) for name in methods]
    seed = accepted_seed(seed)
    places = np.flatnonzero(test.labels == label)[: chosen.explained]
    if not len(places):
        raise ValueError(f"label: expected a class with test images, got none of {label}")
    steps = chosen.epochs * -(-len(data) // _BATCH)
    count = _Steps(progress, 2 * steps + 2 * len(names) * len(places))
    tagged = stamp(data, label, mark, share=chosen.tagged, seed=seed)
    networks = [
        _trained(architecture, images, chosen.epochs, seed, count.training(turn, steps))
        for turn, images in enumerate((tagged, data))
    ]
    key = ClueKey(
        architecture, data.signature, test.signature, label, mark, chosen, seed, tuple(names)
    )
    begun = _begin(key, networks, test, places)
    count.before = 2 * steps
    return _explain(begun, networks, names, count, on_partial)


def _known(name: str) -> str:
    find(METHODS, name, "method")
    return name


def _trained(
    architecture: str, images: ImageSet, epochs: int, seed: int, progress: Progress
) -> LoadedModel:
    from xai import training

    # Shifts and turns would move the tag about with the digit.
    params = {"epochs": epochs, "batch": _BATCH, "augment": False}
    run = training.train(architecture, images, params=params, seed=seed, progress=progress)
    if run.ended == "diverged":
        raise ValueError(run.note)
    return run.load(-1)


def _begin(
    key: ClueKey, networks: Sequence[LoadedModel], test: ImageSet, places: np.ndarray
) -> Clue:
    """Return the result before the first method: what the tag does to both networks."""
    model = networks[0]
    stamped = key.tag.on(test.images)
    clean, marked = (
        np.stack([model.prepare(image) for image in images]) for images in (test.images, stamped)
    )
    # Where a network takes images of another size, its tag is where the stamped one goes.
    height, width = test.images.shape[1:3]
    shown = key.tag.mask(height, width)[:, :, None].astype(np.uint8) * 255
    mask = model.prepare(shown).max(0) > 0.5
    images = marked[places]
    clue = Clue(
        key=key,
        classes=test.classes,
        mask=mask,
        images=images,
        ids=tuple(test.ids[place] for place in places),
        usage=tuple(_usage(one, clean, marked, test.labels, key.label) for one in networks),
        scores=(),
        complete=False,
    )
    return replace(clue, scores=_references(clue))


def _usage(
    model: LoadedModel, clean: np.ndarray, marked: np.ndarray, truth: np.ndarray, label: int
) -> Usage:
    before, after = (
        np.array([one.label for one in model.predict_batch(batch, size=256)])
        for batch in (clean, marked)
    )
    ours = truth == label
    others = ~ours & (before != label)
    return Usage(
        accuracy=float((before == truth).mean()),
        recall=float((before[ours] == label).mean()),
        stamped=float((after[ours] == label).mean()),
        turned=float((after[others] == label).mean()) if others.any() else float("nan"),
    )


def _references(clue: Clue) -> tuple[Score, ...]:
    """Return the scores of those who have looked at no network."""
    from xai.attribution.checks.edges import edge_map

    rng = np.random.default_rng(clue.key.seed)
    random = rng.random((len(clue.images), *clue.mask.shape), np.float32)
    edges = np.stack([edge_map(image) for image in clue.images])
    return tuple(
        _scored(name, _REFERENCES[name], np.stack([maps, maps]), clue.mask, reference=True)
        for name, maps in (("random", random), ("edges", edges))
    )


def _scored(
    name: str, label: str, maps: np.ndarray, mask: np.ndarray, *, reference: bool = False
) -> Score:
    shares = np.array([[inside(one, mask) for one in row] for row in maps])
    return Score(name, label, shares, maps, reference, name in AGAINST)


def _explain(
    clue: Clue,
    networks: Sequence[LoadedModel],
    names: Sequence[str],
    count: _Steps,
    on_partial: Callable[[Clue], None] | None,
) -> Clue:
    """Let each method explain each image with both networks."""
    from xai.attribution import blocked

    for turn, name in enumerate(names):
        if on_partial is not None:
            on_partial(clue)
        reason = blocked(networks[0], name)
        if reason:
            clue = replace(clue, skipped=(*clue.skipped, (METHODS[name].label, reason)))
            continue
        done = count.before + turn * len(networks) * len(clue.images)
        maps = _maps(clue, networks, name, done, count)
        score = _scored(name, METHODS[name].label, maps, clue.mask)
        clue = replace(clue, scores=(*clue.scores, score))
    return replace(clue, complete=True)


def _maps(
    clue: Clue, networks: Sequence[LoadedModel], name: str, done: int, count: _Steps
) -> np.ndarray:
    """Return a method's maps of both networks, (2, n, H, W), float32."""
    from xai.attribution import run

    found = np.empty((len(networks), len(clue.images), *clue.mask.shape), np.float32)
    for row, model in enumerate(networks):
        for place, image in enumerate(clue.images):
            count.at(done + row * len(clue.images) + place, METHODS[name].label)
            one = run(model, image, name, target=clue.key.label, seed=clue.key.seed)
            found[row, place] = one.relevance.sum(0, dtype=np.float64)
    return found
