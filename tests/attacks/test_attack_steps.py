"""Each step against the closed form, a literal reference and a second library."""

from __future__ import annotations

import numpy as np
import pytest
import reference
import torch
from torch.nn import functional as F

from xai.attacks import Goal, random_noise, run
from xai.attacks.algorithms import carlini_wagner
from xai.attacks.algorithms.descent import perturb
from xai.attacks.algorithms.margins import soft_margin
from xai.attacks.algorithms.norms import NORMS
from xai.attacks.parameters import CwParams, PgdParams


def random_image(shape, seed):
    """Pixels of an 8-bit image, some of them black and white."""
    levels = np.random.default_rng(seed).integers(-40, 296, shape).clip(0, 255)
    return levels.astype(np.float32) / np.float32(255)


# --------------------------------------------------------------- closed form
@pytest.mark.parametrize(
    ("goal", "towards"),
    [
        (Goal.untargeted(0), 1),
        (Goal.targeted(1), 1),
        (Goal.untargeted(1), -1),
        (Goal.targeted(0), -1),
    ],
)
def test_fgsm_on_two_classes_moves_by_the_sign_of_the_weights(linear, goal, towards):
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((2, 1, 5, 4)).astype(np.float32)
    weight[:, 0, 0, 0] = 1.0  # both classes agree: no gradient in this pixel
    image = random_image((1, 5, 4), 1)
    result = run(linear(weight), image, "fgsm", goal=goal, params={"eps": 0.2, "quantize": False})
    expected = np.clip(image + towards * 0.2 * np.sign(weight[1] - weight[0]), 0, 1)
    np.testing.assert_allclose(result.image, expected, atol=1e-7)
    assert result.image[0, 0, 0] == image[0, 0, 0]


def test_one_l2_step_goes_along_the_weights(linear):
    weight = np.random.default_rng(2).standard_normal((2, 1, 4, 4)).astype(np.float32)
    image = np.full((1, 4, 4), 0.5, dtype=np.float32)
    params = {
        "norm": "l2", "eps": 0.4, "steps": 1, "step_size": 0.3,
        "random_start": False, "quantize": False,
    }  # fmt: skip
    result = run(linear(weight), image, "pgd", goal=Goal.untargeted(0), params=params)
    along = weight[1] - weight[0]
    expected = image + 0.3 * along / np.linalg.norm(along)
    np.testing.assert_allclose(result.image, expected, atol=1e-6)


def test_pgd_on_a_linear_net_ends_in_the_best_corner_of_the_ball(linear):
    weight = np.random.default_rng(3).standard_normal((2, 3, 3, 3)).astype(np.float32)
    image = random_image((3, 3, 3), 4)
    params = {"eps": 0.1, "quantize": False}
    result = run(linear(weight), image, "pgd", goal=Goal.untargeted(1), params=params, seed=7)
    expected = np.clip(image + 0.1 * np.sign(weight[0] - weight[1]), 0, 1)
    np.testing.assert_allclose(result.image, expected, atol=1e-6)


def test_the_loss_of_a_linear_net_rises_with_epsilon(linear):
    model = linear(np.random.default_rng(5).standard_normal((3, 1, 4, 4)).astype(np.float32))
    image = random_image((1, 4, 4), 6)
    losses = [
        run(model, image, "pgd", goal=Goal.untargeted(0), params={"eps": eps}).history[-1].loss
        for eps in (0, 0.02, 0.05, 0.1, 0.3, 0.6)
    ]
    assert losses == sorted(losses)
    assert losses[-1] > losses[0] + 0.1


# ------------------------------------------------------------------ the loss
def test_the_margin_has_the_direction_of_the_cross_entropy():
    generator = torch.Generator().manual_seed(0)
    logits = (4 * torch.randn(20, 6, generator=generator, dtype=torch.float64)).requires_grad_()
    labels = torch.randint(6, (20,), generator=generator)
    margin = soft_margin(logits, labels)
    (direct,) = torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), logits)
    (ours,) = torch.autograd.grad(margin.sum(), logits)
    torch.testing.assert_close(direct, torch.sigmoid(margin.detach())[:, None] * ours)
    torch.testing.assert_close(
        F.cross_entropy(logits, labels, reduction="none"), F.softplus(margin)
    )


def test_a_saturated_softmax_is_attacked_all_the_same(linear):
    weight = np.random.default_rng(8).standard_normal((3, 1, 4, 4)).astype(np.float32) * 1e3
    model = linear(weight, np.array([4000.0, 0, 0], dtype=np.float32))
    image = np.full((1, 4, 4), 0.5, dtype=np.float32)
    label = model.predict(image).label
    x = model.tensor(image).requires_grad_()
    loss = F.cross_entropy(model.logits(x), torch.tensor([label]))
    assert float(torch.autograd.grad(loss, x)[0].abs().max()) == 0, "the case is not saturated"
    result = run(model, image, "bim", goal=Goal.untargeted(label), params={"eps": 0.5})
    assert result.success
    assert any("saturated" in note for note in result.notes)


@pytest.mark.parametrize("method", ["fgsm", "bim", "pgd"])
def test_a_vanished_gradient_is_said(linear, method):
    model = linear(np.zeros((3, 1, 4, 4), dtype=np.float32), np.array([0.0, 1, 0]))
    result = run(model, random_image((1, 4, 4), 9), method, goal=Goal.untargeted(1))
    assert not result.success
    assert any("gradient vanished" in note for note in result.notes)


def test_an_overflowing_network_is_refused(linear):
    model = linear(np.full((2, 1, 4, 4), 3e38, dtype=np.float32))
    with pytest.raises(ValueError, match="finite gradient"):
        run(model, np.ones((1, 4, 4), dtype=np.float32), "fgsm", goal=Goal.untargeted(0))


# ----------------------------------------------------------------- reference
@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("goal", [Goal.untargeted(1), Goal.targeted(2)])
@pytest.mark.parametrize("random_start", [False, True])
def test_pgd_follows_the_literal_reference(smooth, norm, goal, random_start):
    eps, step = {"linf": (0.08, 0.017), "l2": (0.5, 0.11)}[norm]
    params = PgdParams(
        eps=eps, norm=norm, steps=12, step_size=step, random_start=random_start, quantize=False
    )
    for seed in range(5):
        image = random_image((3, 4, 4), seed)
        result = run(smooth, image, "pgd", goal=goal, params=params, seed=seed)
        start = np.zeros_like(image)
        if random_start:
            generator = torch.Generator().manual_seed(seed)
            start = NORMS[norm].start(image.shape, eps, generator).numpy()
        expected = reference.projected_gradient_descent(
            smooth, image, goal.label, goal.sign, norm, eps, step, 12, start
        )
        np.testing.assert_allclose(result.image, expected, atol=1e-5)


def test_fgsm_and_bim_are_settings_of_pgd(smooth):
    image, goal = random_image((3, 4, 4), 3), Goal.untargeted(0)
    one = {"eps": 0.1, "steps": 1, "step_size": 0.1, "random_start": False}
    ten = {"eps": 0.1, "steps": 10, "random_start": False}
    for method, same in (("fgsm", one), ("bim", ten)):
        ours = run(smooth, image, method, goal=goal, params={"eps": 0.1})
        pgd = run(smooth, image, "pgd", goal=goal, params=same)
        np.testing.assert_array_equal(ours.image, pgd.image)


# --------------------------------------------------------- Carlini and Wagner
@pytest.mark.parametrize("goal", [Goal.untargeted(1), Goal.targeted(2)])
def test_carlini_and_wagner_follow_the_literal_reference(smooth, goal):
    for seed in range(4):
        image = random_image((3, 4, 4), seed)
        params = {
            "searches": 4, "steps": 30, "learning_rate": 0.02, "initial_const": 0.3,
            "quantize": False,
        }  # fmt: skip
        result = run(smooth, image, "cw", goal=goal, params=params)
        expected = reference.carlini_wagner(smooth, image, goal.label, goal.sign, 4, 30, 0.02, 0.3)
        np.testing.assert_allclose(result.image, expected, atol=1e-5)


@pytest.mark.parametrize("confidence", [0.0, 0.5])
def test_on_a_linear_net_carlini_and_wagner_find_the_distance_to_the_plane(linear, confidence):
    weight = np.random.default_rng(3).standard_normal((2, 1, 4, 4)).astype(np.float32)
    model, image = linear(weight), np.full((1, 4, 4), 0.5, dtype=np.float32)
    before = model.predict(image)
    lead = abs(float(before.logits[0] - before.logits[1]))
    exact = (lead + confidence) / np.linalg.norm(weight[1] - weight[0])
    params = {
        "searches": 8, "steps": 200, "learning_rate": 0.005, "confidence": confidence,
        "quantize": False,
    }  # fmt: skip
    result = run(model, image, "cw", goal=Goal.untargeted(before.label), params=params)
    assert result.success
    assert exact <= result.l2 * (1 + 1e-5)
    assert result.l2 <= 1.05 * exact
    reached = result.after.logits[1 - before.label] - result.after.logits[before.label]
    assert reached >= confidence


def test_carlini_and_wagner_say_when_nothing_can_be_found(linear):
    model = linear(np.zeros((2, 1, 4, 4), dtype=np.float32), np.array([0.0, 1]))
    image = random_image((1, 4, 4), 9)
    result = run(model, image, "cw", goal=Goal.untargeted(1), params={"searches": 3, "steps": 4})
    assert not result.success
    assert any("gradient vanished" in note for note in result.notes)
    np.testing.assert_array_equal(result.image, image)


def test_carlini_and_wagner_leave_a_misread_image_alone(smooth):
    image = random_image((3, 4, 4), 2)
    goal = Goal.targeted(smooth.predict(image).label)
    result = run(smooth, image, "cw", goal=goal, params={"searches": 2, "steps": 5})
    assert result.success
    np.testing.assert_array_equal(result.image, image)


# --------------------------------------------------------------------- batch
def test_a_batch_with_mixed_goals_equals_its_images_one_by_one(smooth):
    images = np.stack([random_image((3, 4, 4), seed) for seed in range(6)])
    goals = [Goal.untargeted(k % 4) if k % 2 else Goal.targeted(k % 4) for k in range(6)]
    params = PgdParams(
        eps=0.2, steps=8, step_size=0.05, restarts=3, early_stop=True, quantize=False
    )
    together = perturb(smooth, smooth.tensor(images), goals, params, seeds=range(6))
    for k in range(6):
        alone = run(smooth, images[k], "pgd", goal=goals[k], params=params, seed=k)
        np.testing.assert_allclose(together.images[k].numpy(), alone.image, atol=1e-6)
        assert int(together.steps[k]) == alone.steps


def test_the_best_restart_is_kept(smooth):
    image = random_image((3, 4, 4), 11)
    goal = Goal.untargeted(smooth.predict(image).label)
    base = {"eps": 0.15, "steps": 3, "step_size": 0.02, "quantize": False}

    def margin(result):
        logits = result.after.logits
        return np.delete(logits, goal.label).max() - logits[goal.label]

    counts = (1, 2, 4, 8)
    results = [run(smooth, image, "pgd", goal=goal, params={**base, "restarts": n}) for n in counts]
    margins = [margin(result) for result in results]
    assert margins == sorted(margins)
    assert margins[-1] > margins[0]
    assert [result.steps for result in results] == [3 * n for n in counts]
    assert results[-1].history[-1].restart > 0


# ------------------------------------------------------------ second witness
def test_fgsm_is_what_foolbox_computes(lenet, digits, witness):
    foolbox, net = witness
    images, labels = digits
    attack = foolbox.attacks.LinfFastGradientAttack(random_start=False)
    theirs = attack(net, torch.tensor(images), torch.tensor(labels), epsilons=0.1)[1].numpy()
    goals = [Goal.untargeted(int(label)) for label in labels]
    params = PgdParams(eps=0.1, steps=1, step_size=0.1, random_start=False)
    ours = perturb(lenet, lenet.tensor(images), goals, params, seeds=range(50)).images.numpy()
    assert (np.abs(ours - theirs) < 1e-6).mean() > 0.999


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.08), ("l2", 1.2)])
def test_pgd_is_no_weaker_than_foolbox(lenet, digits, witness, norm, eps):
    foolbox, net = witness
    images, labels = digits
    kinds = {"linf": foolbox.attacks.LinfPGD, "l2": foolbox.attacks.L2PGD}
    attack = kinds[norm](steps=15, abs_stepsize=eps / 6, random_start=False)
    theirs = attack(net, torch.tensor(images), torch.tensor(labels), epsilons=eps)[2]
    goals = [Goal.untargeted(int(label)) for label in labels]
    params = PgdParams(eps=eps, norm=norm, steps=15, step_size=eps / 6, random_start=False)
    found = perturb(lenet, lenet.tensor(images), goals, params, seeds=range(50)).images
    ours = lenet.logits(found).argmax(1).numpy() != labels
    assert 5 <= theirs.sum() <= 45, "the strength decides nothing"
    assert ours.sum() >= int(theirs.sum()) - 1


def test_carlini_and_wagner_find_no_longer_perturbations_than_foolbox(lenet, digits, witness):
    foolbox, net = witness
    images, labels = digits[0][:20], digits[1][:20]
    attack = foolbox.attacks.L2CarliniWagnerAttack(
        binary_search_steps=3, steps=40, stepsize=0.1, initial_const=1.0, abort_early=False
    )
    theirs = attack(net, torch.tensor(images), torch.tensor(labels), epsilons=None)[1].numpy()
    goals = [Goal.untargeted(int(label)) for label in labels]
    params = CwParams(searches=3, steps=40, quantize=False).resolved(lenet.spec)
    ours = carlini_wagner.perturb(lenet, lenet.tensor(images), goals, params).images.numpy()
    assert (lenet.logits(ours).argmax(1).numpy() != labels).all()
    lengths = [np.linalg.norm((found - images).reshape(20, -1), axis=1) for found in (ours, theirs)]
    assert np.median(lengths[0]) <= 1.05 * np.median(lengths[1])


def test_an_attack_beats_noise_of_the_same_norm(lenet, digits):
    images, labels = digits
    attacked = noisy = 0
    for image, label in zip(images[:12], labels[:12], strict=True):
        goal = Goal.untargeted(int(label))
        result = run(lenet, image, "bim", goal=goal, params={"eps": 0.15})
        attacked += result.success
        noisy += random_noise(lenet, image, goal=goal, eps=result.linf).success
    assert attacked >= noisy + 6
