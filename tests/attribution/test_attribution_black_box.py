"""Occlusion and RISE, which only ask for scores, and DeconvNet."""

from __future__ import annotations

import numpy as np
import pytest
import reference
import torch
from captum import attr
from torch import nn

from xai.attribution import blocked, run
from xai.attribution.black_box import occlusion
from xai.attribution.black_box.fills import filling
from xai.attribution.black_box.grid import Grid, starts
from xai.attribution.black_box.occlusion import sizes
from xai.attribution.black_box.params import FILLS, OcclusionParams
from xai.attribution.black_box.rise import draw


class StoppedError(Exception):
    """What a progress callback raises to stop the work."""


class Weighed(nn.Module):
    """Two classes: a weighed sum of the pixels, and its negative."""

    def __init__(self, weights: torch.Tensor) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(weights.numel(), 2, bias=False)
        with torch.no_grad():
            self.fc.weight.copy_(torch.stack([weights.ravel(), -weights.ravel()]))

    def forward(self, x):
        return self.fc(self.flatten(x))


def deep(wrap, generator_seed: int = 5):
    """A rectified convolution with maximum pooling, two channels in, 7 x 5 pixels."""
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 3, 2),
        nn.ReLU6(),
        nn.Flatten(),
        nn.Linear(6, 5),
        nn.ReLU(),
        nn.Linear(5, 3),
    )
    generator = torch.Generator().manual_seed(generator_seed)
    with torch.no_grad():
        for value in net.parameters():
            value.copy_(0.6 * torch.randn(value.shape, generator=generator))
    return wrap(net, (2, 7, 5), mean=(0.4, 0.6), std=(0.3, 0.5))


@pytest.fixture(scope="module")
def model(wrap):
    return deep(wrap)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(3).random((2, 7, 5), dtype=np.float32)


def score_of(model, target):
    """Score of one class for an image, one pass each."""

    def score(one):
        with torch.no_grad():
            return float(model.logits(one[None].astype(np.float32))[0, target])

    return score


def probability_of(model, target):
    def probability(one):
        with torch.no_grad():
            return float(model.logits(one[None].astype(np.float32)).softmax(1)[0, target])

    return probability


# ------------------------------------------------------------------- occlusion
@pytest.mark.parametrize(("window", "stride"), [(1, 1), (2, 1), (3, 2), (3, 3), (6, 4), (7, 7)])
@pytest.mark.parametrize("fill", FILLS)
def test_occlusion_equals_the_windows_walked_pixel_by_pixel(model, image, window, stride, fill):
    params = {"window": window, "stride": stride, "fill": fill}
    found = run(model, image, "occlusion", target=1, params=params)
    blank = filling(torch.from_numpy(image)[None], fill, window)[0].numpy()
    literal = reference.mean_drops(score_of(model, 1), image, blank, window, stride)
    assert found.relevance.shape == (1, 7, 5)
    assert np.abs(literal).max() > 0.01
    assert np.abs(found.relevance[0] - literal).max() < 1e-5


@pytest.mark.parametrize(("window", "stride"), [(2, 1), (3, 2), (4, 3)])
def test_occlusion_equals_captum(model, image, window, stride):
    with torch.no_grad():
        theirs = attr.Occlusion(model.logits).attribute(
            torch.from_numpy(image)[None],
            sliding_window_shapes=(2, window, window),
            strides=(2, stride, stride),
            baselines=0.5,
            target=2,
        )
    params = {"window": window, "stride": stride, "fill": "grey"}
    ours = run(model, image, "occlusion", target=2, params=params)
    for channel in theirs[0].numpy():
        assert np.abs(ours.relevance[0] - channel).max() < 1e-5


def test_hiding_parts_of_a_sum_takes_the_sum_of_the_part(wrap):
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4) / 16
    net = wrap(Weighed(torch.ones(16)), (1, 4, 4))
    params = {"window": 2, "stride": 2, "fill": "black"}
    found = run(net, image, "occlusion", target=0, params=params)
    blocks = image[0].reshape(2, 2, 2, 2).sum(axis=(1, 3))
    assert np.allclose(found.relevance[0], np.kron(blocks, np.ones((2, 2))), atol=1e-6)
    assert found.diagnostics["passes"] == 5
    assert found.diagnostics["largest_drop"] == pytest.approx(blocks.max(), abs=1e-6)
    assert (found.diagnostics["drop_row"], found.diagnostics["drop_column"]) == (2, 2)
    # Against the other class the same windows speak just as loud.
    against = run(net, image, "occlusion", target=1, params=params)
    assert np.allclose(against.relevance, -found.relevance, atol=1e-6)
    assert against.diagnostics["largest_drop"] <= 0
    # One pixel at a time from black is input x gradient.
    alone = run(net, image, "occlusion", target=0, params=params | {"window": 1, "stride": 1})
    assert np.allclose(alone.relevance[0], image[0], atol=1e-5)


def test_a_window_as_large_as_the_image_gives_the_whole_drop_everywhere(model, image):
    found = run(model, image, "occlusion", target=0, params={"window": 7, "fill": "grey"})
    score = score_of(model, 0)
    drop = score(image) - score(np.full_like(image, 0.5))
    assert np.allclose(found.relevance, drop, atol=1e-5)
    assert found.diagnostics["passes"] == 2


def test_an_image_equal_to_its_fill_has_no_relevance(model):
    even = np.full((2, 7, 5), 0.25, np.float32)
    for fill in ("mean", "blur"):
        found = run(model, even, "occlusion", params={"window": 3, "fill": fill})
        assert np.abs(found.relevance).max() < 1e-5


@pytest.mark.parametrize("side", range(1, 13))
def test_windows_cover_every_pixel_and_none_is_outside(side):
    for window in range(1, 15):
        for stride in range(1, window + 1):
            found = list(starts(side, window, stride))
            covered = {place for start in found for place in range(start, start + window)}
            assert set(range(side)) <= covered
            assert found[-1] < side
            # The last one is needed.
            assert len(found) == 1 or found[-2] + window < side


@pytest.mark.parametrize(
    ("side", "window", "stride"), [(28, 4, 2), (224, 32, 16), (32, 5, 2), (3, 1, 1), (1, 1, 1)]
)
def test_automatic_sizes(side, window, stride):
    assert sizes(side, side, OcclusionParams()) == (window, stride)
    assert sizes(1, side, OcclusionParams()) == (window, stride)
    if side > 6:
        assert sizes(side, side, OcclusionParams(window=6)) == (6, 3)
        assert sizes(side, side, OcclusionParams(window=6, stride=1)) == (6, 1)


def maps_of(model, image, method, **arguments):
    """The maps that are shown on the way, and the result."""
    shown = []
    found = run(model, image, method, on_map=shown.append, **arguments)
    return shown, found


# ------------------------------------------------------------- coarse to fine
@pytest.mark.parametrize(
    ("size", "window", "stride"),
    [((28, 28), 4, 1), ((9, 31), 3, 2), ((3, 40), 3, 1), ((1, 1), 1, 1), ((7, 5), 7, 7)],
)
def test_the_levels_visit_each_window_once_and_halve_the_steps(size, window, stride):
    grid = Grid(size, window, stride)
    levels = grid.order()
    places = [tuple(place) for level in levels for place in level]
    assert len(places) == len(set(places)) == grid.shape[0] * grid.shape[1]
    assert set(places) == set(np.ndindex(*grid.shape))
    assert [one / 2 for one in grid.steps[:-1]] == list(grid.steps[1:])
    assert grid.steps[-1] == 1
    seen = set()
    for step, level in zip(grid.steps, levels, strict=True):
        seen |= {tuple(place) for place in level}
        assert seen == {p for p in np.ndindex(*grid.shape) if p[0] % step == p[1] % step == 0}


def test_an_unknown_window_stands_in_with_the_nearest_known_one():
    grid = Grid((1, 11), 1, 1)
    assert grid.steps == (2, 1)
    values = np.arange(11.0)[None]
    known = np.zeros((1, 11), bool)
    known[0, ::2] = True
    assert grid.guessed(np.where(known, values, np.nan), known).tolist() == [
        [0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10]
    ]
    known[0, 3] = True
    assert grid.guessed(values, known).tolist() == [[0, 2, 2, 3, 4, 6, 6, 8, 8, 10, 10]]
    assert grid.guessed(values, np.ones_like(known)).tolist() == values.tolist()


@pytest.mark.parametrize(
    ("size", "window", "stride"), [((7, 5), 3, 2), ((6, 9), 4, 1), ((2, 9), 5, 3)]
)
def test_spreading_is_the_mean_over_the_windows_that_cover_a_pixel(size, window, stride):
    grid = Grid(size, window, stride)
    values = np.random.default_rng(1).normal(size=grid.shape)
    total, covered = np.zeros(size), np.zeros(size)
    for place in np.ndindex(*grid.shape):
        total[grid.span(*place)] += values[place]
        covered[grid.span(*place)] += 1
    assert np.allclose(grid.spread(values), total / covered, atol=1e-6)


def test_occlusion_shows_each_level_and_ends_the_same_bit_for_bit(monkeypatch, lenet, digits):
    monkeypatch.setattr(occlusion, "batch_size", lambda x: 50)
    params = {"window": 4, "stride": 1}
    alone = run(lenet, digits[0], "occlusion", params=params)
    shown, found = maps_of(lenet, digits[0], "occlusion", params=params)
    levels = len(Grid((28, 28), 4, 1).steps)
    assert levels - 1 <= len(shown)
    assert found.relevance.tobytes() == alone.relevance.tobytes()
    # Each level is a whole map, nearer to the last one than the one before.
    missed = [float(np.abs(one - found.relevance).mean()) for one in shown]
    assert all(one.shape == (1, 28, 28) and one.dtype == np.float32 for one in shown)
    assert missed[-1] < missed[0]
    assert np.corrcoef(shown[0].ravel(), found.relevance.ravel())[0, 1] > 0.7


def test_the_order_of_the_windows_changes_no_bit(monkeypatch, model, image):
    # One window a pass: with more, the last and smaller batch may round otherwise.
    monkeypatch.setattr(occlusion, "batch_size", lambda x: 1)
    params = {"window": 2, "stride": 1}
    halving = run(model, image, "occlusion", params=params)
    monkeypatch.setattr(Grid, "order", lambda self: [np.indices(self.shape).reshape(2, -1).T])
    plain = run(model, image, "occlusion", params=params)
    assert halving.relevance.tobytes() == plain.relevance.tobytes()
    halving, plain = (one.diagnostics | {"seconds": 0.0} for one in (halving, plain))
    assert halving == plain


def test_half_a_level_is_shown_where_it_takes_long(monkeypatch, lenet, digits):
    monkeypatch.setattr(occlusion, "batch_size", lambda x: 25)
    params = {"window": 4, "stride": 1}
    few, _ = maps_of(lenet, digits[0], "occlusion", params=params)
    monkeypatch.setattr(occlusion, "_PATIENCE", 0.0)
    many, found = maps_of(lenet, digits[0], "occlusion", params=params)
    assert len(few) < len(many)
    passes = -(-(found.diagnostics["passes"] - 1) // 25)
    assert len(many) < passes  # neither before the first level is whole nor at the end


# ----------------------------------------------------------------------- fills
def test_fills_keep_to_the_image(image):
    x = torch.from_numpy(image)[None]
    mean = filling(x, "mean", 3)
    assert torch.allclose(mean[0, :, 4, 2], torch.from_numpy(image.mean(axis=(1, 2))))
    for fill in FILLS:
        found = filling(x, fill, 3)
        assert found.shape == x.shape
        assert 0 <= float(found.min()) <= float(found.max()) <= 1
    narrow, wide = (filling(x, "blur", scale) for scale in (1, 8))
    assert 0 < float(wide.std()) < float(narrow.std()) < float(x.std())


def test_the_blur_is_a_gaussian_mean(image):
    found = filling(torch.from_numpy(image)[None], "blur", 3)[0].numpy()
    for row, column in ((0, 0), (3, 2), (6, 4)):
        rows, columns = np.mgrid[:7, :5]
        weights = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * 1.5**2))
        expected = (image * weights).sum(axis=(1, 2)) / weights.sum()
        assert np.allclose(found[:, row, column], expected, atol=1e-5)


# ------------------------------------------------------------------------ rise
@pytest.mark.parametrize(("grid", "p"), [(2, 0.5), (3, 0.3), (5, 0.8), (9, 0.5)])
def test_rise_equals_the_masks_built_pixel_by_pixel(model, image, grid, p):
    params = {"n": 9, "grid": grid, "p": p}
    found = run(model, image, "rise", target=1, params=params, seed=4)
    drawn = draw(9, grid, p, (7, 5), 4)
    masks = [
        reference.enlarged_mask(cells.float().numpy(), drawn.cell, shift, (7, 5))
        for cells, shift in zip(drawn.cells, drawn.shifts, strict=True)
    ]
    assert np.abs(drawn.masks(0, 9, (7, 5)).numpy() - masks).max() < 1e-6
    literal = reference.weighted_masks(probability_of(model, 1), image, masks, p)
    assert literal.max() > 0.01
    assert np.abs(found.relevance[0] - literal).max() < 1e-5


def test_cells_and_shifts_are_drawn_evenly():
    drawn = draw(4000, 3, 0.3, (7, 5), 0)
    assert drawn.cell == (3, 2)
    assert drawn.cells.shape == (4000, 3, 3)
    assert drawn.cells.dtype == torch.bool
    # Five standard errors of each cell's share, and of each shift's.
    assert np.abs(drawn.cells.float().mean(0).numpy() - 0.3).max() < 5 * (0.3 * 0.7 / 4000) ** 0.5
    for place in np.ndindex(3, 2):
        share = drawn.shifts.count(place) / 4000
        assert abs(share - 1 / 6) < 5 * (1 / 6 * 5 / 6 / 4000) ** 0.5
    masks = drawn.masks(0, 4000, (7, 5))
    assert 0 <= float(masks.min()) <= float(masks.max()) <= 1
    assert np.abs(masks.mean(0).numpy() - 0.3).max() < 5 * (0.3 * 0.7 / 4000) ** 0.5


def test_rise_converges_to_the_mean_over_every_mask(wrap):
    weights = torch.linspace(-1.5, 2.0, 16)
    net = wrap(Weighed(weights), (1, 4, 4))
    image = np.random.default_rng(1).random((1, 4, 4), dtype=np.float32)
    probability, p = probability_of(net, 0), 0.4
    exact, chances = np.zeros((4, 4)), 0.0
    for mask, chance in reference.all_masks(2, (2, 2), p, (4, 4)):
        exact += chance * probability(image * mask) * mask / p
        chances += chance
    assert chances == pytest.approx(1.0)

    def misses(n, seeds):
        found = [
            run(net, image, "rise", target=0, params={"n": n, "grid": 2, "p": p}, seed=seed)
            for seed in seeds
        ]
        errors = np.stack([one.relevance[0] - exact for one in found])
        return errors, [one.diagnostics for one in found]

    errors, told = misses(4000, (0,))
    assert np.sqrt((errors**2).mean()) < 3 * told[0]["standard_error"]
    assert told[0]["contrast"] > 5 * told[0]["contrast_error"]
    # The standard errors are what the errors of many runs are.
    errors, told = misses(60, range(150))
    mean_square = np.mean([one["standard_error"] ** 2 for one in told])
    assert np.sqrt((errors**2).mean()) == pytest.approx(np.sqrt(mean_square), rel=0.2)
    centred = errors - errors.mean(axis=(1, 2), keepdims=True)
    mean_square = np.mean([one["contrast_error"] ** 2 for one in told])
    assert np.sqrt((centred**2).mean()) == pytest.approx(np.sqrt(mean_square), rel=0.2)
    # What is seen is the pattern and chance together.
    seen = np.mean([one["contrast"] ** 2 for one in told])
    assert seen == pytest.approx(exact.var() + mean_square, rel=0.05)
    assert seen != pytest.approx(exact.var(), rel=0.05)


def test_equal_seeds_give_equal_maps_and_others_do_not(model, image):
    params = {"n": 20, "grid": 3}
    one, same, other = (
        run(model, image, "rise", params=params, seed=seed).relevance for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.allclose(one, other, atol=1e-4)


def test_more_masks_begin_with_the_same_ones():
    few, many = (draw(n, 3, 0.5, (7, 5), 8) for n in (6, 11))
    assert torch.equal(few.cells, many.cells[:6])
    assert few.shifts == many.shifts[:6]


def test_with_everything_shown_the_map_is_the_probability(model, image):
    found = run(model, image, "rise", target=2, params={"n": 4, "grid": 3, "p": 1.0})
    probability = probability_of(model, 2)(image)
    assert np.allclose(found.relevance, probability, atol=1e-6)
    assert found.diagnostics["mean_probability"] == pytest.approx(probability, abs=1e-6)
    assert found.diagnostics["probability"] == pytest.approx(probability, abs=1e-6)
    assert found.diagnostics["standard_error"] < 1e-7
    assert found.diagnostics["contrast"] < 1e-6


def test_the_hidden_part_of_a_mask_shows_the_fill(model):
    even = np.full((2, 7, 5), 0.25, np.float32)
    found = run(model, even, "rise", target=0, params={"n": 8, "grid": 3, "fill": "mean"})
    probability = probability_of(model, 0)(even)
    masks = draw(8, 3, 0.5, (7, 5), 0).masks(0, 8, (7, 5)).numpy()
    assert np.allclose(found.relevance[0], probability * masks.mean(0) / 0.5, atol=1e-5)


def test_rise_shows_the_mean_of_the_masks_so_far(monkeypatch, model, image):
    monkeypatch.setattr("xai.attribution.black_box.rise.batch_size", lambda x: 3)
    params = {"n": 90, "grid": 3}
    shown, found = maps_of(model, image, "rise", target=1, params=params, seed=4)
    # Thirty batches; shown once in every twentieth of the masks, and not at the end.
    assert len(shown) == 19
    first = run(model, image, "rise", target=1, params=params | {"n": 6}, seed=4)
    assert np.allclose(shown[0], first.relevance, atol=1e-6)
    unseen = run(model, image, "rise", target=1, params=params, seed=4)
    assert found.relevance.tobytes() == unseen.relevance.tobytes()


def test_a_watcher_may_stop_the_work(monkeypatch, lenet, digits, state_of):
    before = state_of(lenet.net)

    def stop(relevance):
        raise StoppedError

    for method, params in {"rise": {"n": 30}, "occlusion": {"window": 4}}.items():
        monkeypatch.setattr(f"xai.attribution.black_box.{method}.batch_size", lambda x: 3)
        with pytest.raises(StoppedError):
            run(lenet, digits[0], method, params=params, on_map=stop)
    assert state_of(lenet.net) == before


# -------------------------------------------------------------------- contrast
def test_a_contrast_of_occlusion_is_the_difference_of_two_maps(model, image):
    params = {"window": 3, "stride": 1}
    one, other = (run(model, image, "occlusion", target=k, params=params) for k in (0, 2))
    both = run(model, image, "occlusion", target=0, contrast=2, params=params)
    assert np.allclose(both.relevance, one.relevance - other.relevance, atol=1e-5)
    assert np.abs(other.relevance).max() > 0.01


def test_a_contrast_of_rise_is_the_difference_of_two_maps_and_signed(model, image):
    params = {"n": 40, "grid": 3}
    one, other = (run(model, image, "rise", target=k, params=params) for k in (0, 2))
    both = run(model, image, "rise", target=0, contrast=2, params=params)
    assert np.allclose(both.relevance, one.relevance - other.relevance, atol=1e-6)
    back = run(model, image, "rise", target=2, contrast=0, params=params)
    assert np.allclose(back.relevance, -both.relevance, atol=1e-6)
    assert min(both.relevance.min(), back.relevance.min()) < 0
    difference = one.diagnostics["probability"] - other.diagnostics["probability"]
    assert both.diagnostics["probability"] == pytest.approx(difference, abs=1e-6)


# ------------------------------------------------------------------- deconvnet
@pytest.mark.parametrize("target", [0, 2])
def test_deconvnet_equals_the_rule_written_out(model, image, target):
    found = run(model, image, "deconvnet", target=target)
    # The slope is that of the image in [0, 1]: the normalization's share is 1 / std.
    x = model.normalize(image[None])[0].numpy()
    spread = np.array([0.3, 0.5]).reshape(2, 1, 1)
    literal = reference.deconvolved(list(model.net), x, target) / spread
    assert np.abs(literal).max() > 0.01
    assert np.abs(found.relevance - literal).max() <= 1e-5 * np.abs(literal).max()


def test_without_maxima_deconvnet_does_not_look_at_the_image(residual, picture):
    one, other = (
        run(residual, picture((3, 8, 8), seed), "deconvnet", target=2).relevance for seed in (1, 2)
    )
    assert np.array_equal(one, other)
    assert one.any()


def test_deconvnet_needs_rectifiers(wrap):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8, 2))
    assert "Tanh" in blocked(wrap(net, (1, 4, 4)), "deconvnet")


# ------------------------------------------------------------- what they share
FEW = {"occlusion": {"window": 3, "stride": 2}, "rise": {"n": 11, "grid": 3}}


@pytest.mark.parametrize("method", FEW)
def test_batches_do_not_change_the_result(monkeypatch, model, image, method):
    together = run(model, image, method, params=FEW[method], seed=3)
    for size in (1, 4):
        monkeypatch.setattr(
            f"xai.attribution.black_box.{method}.batch_size", lambda x, size=size: size
        )
        apart = run(model, image, method, params=FEW[method], seed=3)
        assert np.allclose(apart.relevance, together.relevance, atol=1e-6)
        for name in set(together.diagnostics) - {"seconds"}:
            expected = pytest.approx(together.diagnostics[name], abs=1e-5)
            assert apart.diagnostics[name] == expected


@pytest.mark.parametrize("method", FEW)
def test_progress_counts_to_the_end_and_may_stop(monkeypatch, model, image, state_of, method):
    monkeypatch.setattr(f"xai.attribution.black_box.{method}.batch_size", lambda x: 2)
    before, seen = state_of(model.net), []
    logits = model.predict(image).logits
    found = run(
        model, image, method, params=FEW[method], progress=lambda *report: seen.append(report)
    )
    inner = seen[1:-1]
    total = int(found.diagnostics["passes"]) - 1
    assert [done for done, _, _ in inner] == [*range(2, total, 2), total]
    assert {of for _, of, _ in inner} == {total}

    def stop(done, of, message):
        if done == 4:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(model, image, method, params=FEW[method], progress=stop)
    assert state_of(model.net) == before
    assert np.array_equal(model.predict(image).logits, logits)


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("occlusion", {"window": 8}, r"window: expected 0 \(automatic\) to 7 pixels, got 8"),
        ("occlusion", {"window": 3, "stride": 4}, "stride: expected .* 3 pixels, got 4"),
        ("occlusion", {"stride": 2}, "stride: expected .* 1 pixels, got 2"),
        ("occlusion", {"window": -1}, "window: expected 0 to 1024, got -1"),
        ("occlusion", {"fill": "pink"}, "fill: expected one of mean, black, grey, blur"),
        ("occlusion", {"size": 3}, "params: expected window, stride, fill; got size"),
        ("rise", {"grid": 1}, "grid: expected 2 to 32, got 1"),
        ("rise", {"n": 1}, "n: expected 2 to 20000, got 1"),
        ("rise", {"p": 0.0}, "p: expected 0.01 to 1.0, got 0.0"),
        ("rise", {"p": float("nan")}, "p: expected"),
        ("rise", {"fill": ""}, "fill: expected one of"),
    ],
)
def test_bad_parameters_are_named(model, image, method, params, message):
    with pytest.raises(ValueError, match=message):
        run(model, image, method, params=params)


@pytest.mark.parametrize(
    ("method", "params"), [("occlusion", {"window": 2.5}), ("rise", {"n": 9.5})]
)
def test_whole_numbers_are_asked_for(model, image, method, params):
    with pytest.raises(TypeError, match="expected a whole number"):
        run(model, image, method, params=params)


@pytest.mark.parametrize("method", FEW)
def test_scores_that_are_not_finite_are_said_to_be_so(wrap, image, method):
    class Odd(nn.Module):
        """Not a number as soon as its darkest pixel is black."""

        def forward(self, x):
            low = x.amin(dim=(1, 2, 3), keepdim=False)[:, None]
            return torch.cat([low, -low], 1) / low

    odd = wrap(Odd(), (2, 7, 5))
    with pytest.raises(ValueError, match="expected finite relevance"):
        run(odd, image + 0.01, method, params=FEW[method] | {"fill": "black"})
    with pytest.raises(ValueError, match="expected finite scores"):
        run(odd, np.zeros_like(image), method, params=FEW[method])
