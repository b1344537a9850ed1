"""The network forgets: the laws of the check, its order, and what must not change."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xai.attribution import run
from xai.attribution.checks import randomisation
from xai.attribution.checks.edges import edge_map
from xai.attribution.checks.forgetting import MOST_MAPS
from xai.attribution.checks.likeness import spearman, ssim
from xai.attribution.checks.resetting import reset, stages
from xai.attribution.checks.verdicts import upper_half, verdict
from xai.models import load

#: LRP with the rule that sees both signs: see the test of the one that does not.
EPSILON = {"composite": "epsilon"}


def explained(model, image, *methods, target=None):
    named = [(method, None) if isinstance(method, str) else method for method in methods]
    return [run(model, image, name, target=target, params=params) for name, params in named]


@pytest.fixture(scope="module")
def small(lenet, digits):
    found = explained(lenet, digits[0], "gradient", "guided_backprop", "grad_cam")
    return found, randomisation(lenet, digits[0], found)


# ------------------------------------------------------------------ what is reset, and how
def test_layers_are_reset_from_the_output_down(lenet):
    assert stages(lenet) == (("fc3",), ("fc2",), ("fc1",), ("conv2",), ("conv1",))
    assert stages(lenet, 2) == (("fc2", "fc3"), ("conv1", "conv2", "fc1"))


def test_many_layers_are_gathered_and_none_is_lost(lite0, vgg):
    for model, blocks in ((lite0, 10), (vgg, 12)):
        found = stages(model)
        assert len(found) == blocks
        flat = [name for names in reversed(found) for name in names]
        assert flat == [layer.name for layer in model.layers if layer.parameters]
    # Blocks of one name go together, a norm with its convolution.
    assert stages(lite0)[:2] == (("classifier",), ("head.conv", "head.norm"))
    assert {name.split(".")[1] for name in stages(lite0)[3]} == {"5"}
    # Where no depth of names fits, those next to the output stay alone.
    assert [len(names) for names in stages(vgg)] == [1] * 8 + [2] * 4


def test_a_reset_layer_is_as_before_training(lite0, state_of):
    before = state_of(lite0.net)
    net = lite0.private()
    reset(net, ("stages.3.1.expand.conv", "stages.3.1.expand.norm", "classifier"), 3)
    conv, norm = net.stages[3][1].expand.conv, net.stages[3][1].expand.norm
    fan_in = conv.weight[0].numel()
    assert conv.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.02)
    assert abs(conv.weight.mean().item()) < 0.01
    x = torch.rand(2, norm.num_features, 3, 3)
    torch.testing.assert_close(norm(x), x, rtol=1e-3, atol=1e-3)
    assert not net.classifier.bias.any()
    assert torch.equal(net.stem.conv.weight, lite0.net.stem.conv.weight)
    assert state_of(lite0.net) == before


def test_a_layer_gets_the_same_numbers_whatever_is_reset_with_it(lenet):
    one, other = lenet.private(), lenet.private()
    reset(one, ("conv1",), 5)
    reset(other, ("fc1", "conv1"), 5)
    assert torch.equal(one.conv1.weight, other.conv1.weight)
    reset(other, ("conv1",), 6)
    assert not torch.equal(one.conv1.weight, other.conv1.weight)


# ------------------------------------------------------------------- what comes of it
def test_each_step_is_the_method_on_the_changed_network(lenet, digits, small):
    found, result = small
    net = lenet.private()
    assert result.layers[0] == ()
    for step, names in enumerate(result.layers[1:4], 1):
        reset(net, names, 0)
        changed = lenet.over(net)
        assert result.predictions[step].logits.tolist() == pytest.approx(
            changed.predict(digits[0]).logits.tolist()
        )
        for place, one in enumerate(found):
            again = run(changed, digits[0], one.method, target=one.target).relevance.sum(0)
            clean = one.relevance.sum(0)
            np.testing.assert_allclose(result.maps[place, step], again, rtol=1e-4, atol=1e-6)
            assert result.spearman[place, step] == pytest.approx(spearman(clean, again), abs=1e-3)
            assert result.spearman_abs[place, step] == pytest.approx(
                spearman(abs(clean), abs(again)), abs=1e-3
            )
            assert result.ssim[place, step] == pytest.approx(ssim(clean, again), abs=1e-3)


def test_the_trained_network_is_like_itself_and_edges_are_compared(digits, small):
    found, result = small
    assert result.complete
    assert result.labels == ("Gradient", "Guided backpropagation", "Grad-CAM")
    assert result.signed == (True, True, False)
    for values in (result.spearman, result.spearman_abs, result.ssim):
        np.testing.assert_allclose(values[:, 0], 1)
    edges = edge_map(digits[0])
    for place, one in enumerate(found):
        clean = one.relevance.sum(0)
        assert result.edges.spearman_abs[place] == pytest.approx(spearman(abs(clean), edges))
        assert result.edges.ssim[place] == pytest.approx(ssim(abs(clean), edges))


def test_reset_alone_differs_from_the_cascade_after_the_first_step(lenet, digits, small):
    found, cascade = small
    alone = randomisation(lenet, digits[0], found, order="independent")
    np.testing.assert_array_equal(alone.maps[:, 1], cascade.maps[:, 1])
    net = lenet.private()
    reset(net, ("conv2",), 0)
    expected = lenet.over(net).predict(digits[0]).logits
    np.testing.assert_allclose(alone.predictions[4].logits, expected, rtol=1e-5)
    assert not np.allclose(cascade.predictions[4].logits, expected, rtol=1e-2)


def test_equal_seeds_equal_answers(lenet, digits, small):
    found, first = small
    again = randomisation(lenet, digits[0], found)
    np.testing.assert_array_equal(again.maps, first.maps)
    other = randomisation(lenet, digits[0], found, seed=1)
    assert not np.array_equal(other.maps[:, 1], first.maps[:, 1])


def test_class_contrast_params_and_seed_stay(lenet, digits):
    params = {"n": 3, "sigma": 0.3}
    found = run(lenet, digits[0], "smoothgrad", target=3, contrast=5, params=params, seed=7)
    result = randomisation(lenet, digits[0], [found], steps=1)
    net = lenet.private()
    reset(net, result.layers[1], 0)
    again = run(
        lenet.over(net), digits[0], "smoothgrad", target=3, contrast=5, params=params, seed=7
    )
    np.testing.assert_allclose(result.maps[0, 1], again.relevance.sum(0), rtol=1e-5, atol=1e-7)


# --------------------------------------------------------------------------- the laws
@pytest.mark.parametrize("name", ["lenet5-mnist", "vgg16-mnist", "efficientnet-lite0"])
def test_grad_cam_and_lrp_fall_and_guided_backpropagation_does_not(name, digits, picture):
    model = load(name, device="cpu")
    image = digits[0] if model.spec.channels == 1 else picture((3, 224, 224))
    if name == "vgg16-mnist":
        image = np.pad(image, ((0, 0), (2, 2), (2, 2)))[:, : model.spec.input_size[0]]
    found = explained(model, image, "guided_backprop", "grad_cam", ("lrp", EPSILON))
    steps = 4 if name == "efficientnet-lite0" else 6
    result = randomisation(model, image, found, steps=steps)
    guided, cam, lrp = result.kept
    assert guided > 0.7
    assert cam < 0.5
    assert lrp < guided - 0.1
    # Of LRP's signs less is left than of its places; guided backpropagation keeps both.
    assert result.signs[2] < 0.6 < 0.7 < result.signs[0]
    assert "stays" in result.verdicts[0]
    assert "stays" not in result.verdicts[1] + result.verdicts[2]


def test_lrp_that_sees_only_positive_contributions_does_not_fall():
    """As Sixt et al. found: the page must not say otherwise."""
    model = load("vgg16-mnist", device="cpu")
    image = np.zeros(model.input_shape, np.float32)
    image[:, 6:24, 14:18] = 1
    found = explained(model, image, ("lrp", {"composite": "epsilon_plus"}))
    result = randomisation(model, image, found, steps=6)
    assert result.kept[0] > 0.9
    assert "stays" in result.verdicts[0]


# ------------------------------------------------------------------ trouble on the way
def test_an_empty_map_is_a_gap_and_a_sentence(lenet, digits):
    dark = explained(lenet, np.zeros_like(digits[0]), "input_x_gradient", target=3)
    result = randomisation(lenet, np.zeros_like(digits[0]), dark)
    assert np.isnan(result.spearman).all()
    assert np.isnan(result.ssim).all()
    assert result.remarks == (
        "Input × gradient: the trained network's map is empty; nothing can be compared to it.",
        "Input × gradient: the map is empty at steps 1 to 5.",
    )
    assert "no map to compare" in result.verdicts[0]


def test_a_method_that_fails_leaves_a_gap_and_the_others_go_on(lenet, digits, small, monkeypatch):
    from xai.attribution.checks import forgetting

    found, clean = small
    made = forgetting.again

    def failing(model, image, one, progress, turn):
        if one.method == "gradient" and turn[0] // len(found) in (1, 2):
            raise ValueError("no finite relevance")
        return made(model, image, one, progress, turn)

    monkeypatch.setattr(forgetting, "again", failing)
    result = randomisation(lenet, digits[0], found)
    assert np.isnan(result.ssim[0]).tolist() == [False, False, True, True, False, False]
    np.testing.assert_array_equal(result.ssim[1:], clean.ssim[1:])
    assert result.remarks == (
        "Gradient: the map could not be made (no finite relevance) at steps 2 and 3.",
    )


def test_what_the_caller_raises_stops_it_and_leaves_the_model_clean(lenet, digits, small, state_of):
    before, told = state_of(lenet.net), []

    def stop(done: int, total: int, message: str) -> None:
        told.append((done, total))
        if done > total / 2:
            raise ValueError("stopped by the reader")

    with pytest.raises(ValueError, match="stopped by the reader"):
        randomisation(lenet, digits[0], small[0], progress=stop)
    assert state_of(lenet.net) == before
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len({total for _, total in told}) == 1


def test_results_so_far_are_told_and_never_change(lenet, digits, small):
    seen = []
    randomisation(lenet, digits[0], small[0], on_step=seen.append)
    assert [partial.done for partial in seen] == [1, 2, 3, 4, 5]
    first, last = seen[0], seen[-1]
    assert not first.complete
    assert first.verdicts == ("", "", "")
    assert len(first.predictions) == 2
    assert np.isnan(first.ssim[:, 2:]).all()
    assert np.isfinite(first.ssim[:, :2]).all()
    np.testing.assert_array_equal(first.maps[:, 1], last.maps[:, 1])
    assert not first.maps[:, 2:].any()
    with pytest.raises(ValueError, match="read-only"):
        last.maps[0] = 0


def test_a_callers_inference_mode_changes_nothing(lenet, digits, small):
    with torch.inference_mode():
        result = randomisation(lenet, digits[0], small[0])
    np.testing.assert_array_equal(result.maps, small[1].maps)


def test_nonsense_is_refused(lenet, lite0, digits, small):
    found = small[0]
    with pytest.raises(ValueError, match="cascade, independent"):
        randomisation(lenet, digits[0], found, order="upwards")
    for steps in (0, 25):
        with pytest.raises(ValueError, match="steps: expected 1 to 24"):
            randomisation(lenet, digits[0], found, steps=steps)
    with pytest.raises(ValueError, match="seed"):
        randomisation(lenet, digits[0], found, seed=-1)
    with pytest.raises(ValueError, match="another image"):
        randomisation(lenet, digits[1], found)
    with pytest.raises(ValueError, match="at most 16"):
        randomisation(lenet, digits[0], found[:1] * (MOST_MAPS + 1))
    with pytest.raises(TypeError, match="sequence"):
        randomisation(lenet, digits[0], found[0])


# ------------------------------------------------------------------------ the sentence
def test_only_the_upper_half_counts():
    values = np.array([[1.0, 0.8, 0.6, 0.0, 0.0], [1.0, np.nan, 0.5, 1, 1], [np.nan] * 5])
    np.testing.assert_allclose(upper_half(values), [0.7, 0.5, np.nan])
    np.testing.assert_allclose(upper_half(values[:1, :4]), [0.7])


@pytest.mark.parametrize(
    ("kept", "signs", "edges", "signed", "said"),
    [
        (0.1, 0.0, 0.6, True, "becomes another map"),
        (0.5, 0.1, 0.6, True, "its signs are others (0.10)"),
        (0.5, 0.9, 0.6, True, "Part of it comes from the image"),
        (0.9, 0.1, 0.6, True, "but with other signs"),
        (0.9, 0.9, 0.6, True, "stays nearly the same map"),
        (0.9, 0.1, 0.6, False, "stays nearly the same map"),
        (0.9, 0.9, 0.6, True, "An edge detector, which knows no network, has 0.60"),
        (float("nan"), float("nan"), 0.6, True, "no map to compare"),
    ],
)
def test_the_sentence_says_what_the_numbers_say(kept, signs, edges, signed, said):
    assert said in verdict("LRP", kept, signs, edges, "cascade", signed)
    assert "edge detector" not in verdict("LRP", 0.9, 0.9, 0.1, "independent", True)
