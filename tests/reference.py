"""Slow, literal versions of the methods, written from the papers, to compare ours with."""

from __future__ import annotations

import copy
import itertools
import math

import numpy as np
import torch


# -------------------------------------------------------------------- attacks
def projected_gradient_descent(model, image, label, sign, norm, eps, step, steps, start):
    """PGD as Madry et al. write it: one image, float64, plain cross-entropy."""
    net = copy.deepcopy(model.net).double()
    mean = torch.tensor(model.spec.mean, dtype=torch.float64).reshape(1, -1, 1, 1)
    std = torch.tensor(model.spec.std, dtype=torch.float64).reshape(1, -1, 1, 1)
    clean = image.astype(np.float64)
    here = np.clip(clean + start, 0, 1)
    for _ in range(steps):
        x = torch.tensor(here[None], requires_grad=True)
        logits = net((x - mean) / std)[0]
        loss = torch.log(torch.exp(logits).sum()) - logits[label]
        gradient = torch.autograd.grad(loss, x)[0][0].numpy()
        delta = np.empty_like(clean)
        length = math.sqrt(sum(value * value for value in gradient.ravel()))
        for place in np.ndindex(clean.shape):
            unit = gradient[place] / length if norm == "l2" else math.copysign(1, gradient[place])
            delta[place] = here[place] + sign * step * unit - clean[place]
        if norm == "l2":
            size = math.sqrt(sum(value * value for value in delta.ravel()))
            if size > eps:
                delta = delta * (eps / size)
        else:
            for place in np.ndindex(clean.shape):
                delta[place] = max(-eps, min(eps, delta[place]))
        here = np.clip(clean + delta, 0, 1)
    return here


def carlini_wagner(model, image, label, sign, searches, steps, rate, const):
    """Carlini and Wagner's search with PyTorch's own Adam: one image, float64, clipped pixels.

    The step size falls in a straight line, and a lead of a thousandth is asked for.
    """
    net = copy.deepcopy(model.net).double()
    mean = torch.tensor(model.spec.mean, dtype=torch.float64).reshape(1, -1, 1, 1)
    std = torch.tensor(model.spec.std, dtype=torch.float64).reshape(1, -1, 1, 1)
    clean = torch.tensor(image.astype(np.float64))[None]
    best, best_distance, last = None, math.inf, None
    low, high = 0.0, math.inf
    for _ in range(searches):
        x = clean.clone().requires_grad_(True)
        adam = torch.optim.Adam([x], lr=rate)
        falling = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 1e-12, steps)
        succeeded = False
        for _ in range(steps):
            logits = net((x - mean) / std)[0]
            rivals = torch.cat((logits[:label], logits[label + 1 :]))
            score = sign * (rivals.max() - logits[label])
            distance = ((x - clean) ** 2).sum()
            if score >= 1e-3:
                succeeded = True
                if distance < best_distance:
                    best, best_distance = x.detach().clone(), distance.item()
            last = x.detach().clone()
            (x.grad,) = torch.autograd.grad(distance + const * torch.relu(1e-3 - score), x)
            adam.step()
            falling.step()
            with torch.no_grad():
                x.clamp_(0, 1)
        if succeeded:
            high = const
        else:
            low = const
        const = (low + high) / 2 if high < math.inf else 10 * const
    return (last if best is None else best)[0].numpy()


# ---------------------------------------------------------------- attribution
def connections(layer, shape):
    """Weights, biases and wiring of a linear layer as matrices (outputs, inputs), float64.

    The wiring is 1 where an input is joined to an output, whatever the weight.
    """
    layer = copy.deepcopy(layer).double()
    inputs = math.prod(shape)
    units = torch.eye(inputs, dtype=torch.float64).reshape(inputs, *shape)
    with torch.no_grad():
        bias = layer(torch.zeros(1, *shape, dtype=torch.float64)).reshape(-1)
        weights = layer(units).reshape(inputs, -1).T - bias[:, None]
        for name, value in layer.named_parameters():
            value.fill_(0.0 if name == "bias" else 1.0)
        wiring = layer(units).reshape(inputs, -1).T
    return weights.numpy(), bias.numpy(), wiring.numpy()


def stabilized(value, epsilon):
    """Move a denominator away from zero by epsilon, zero upwards."""
    return value + (epsilon if value >= 0 else -epsilon)


def relevance_through(rule, a, weights, bias, wiring, upper, low=None, high=None):
    """One linear layer: hand ``upper`` (outputs,) to the inputs ``a``, term by term.

    ``rule`` is (name, epsilon, gamma).
    """
    name, epsilon, gamma = rule
    lower = np.zeros(len(a))
    for j in range(len(upper)):
        z = bias[j] + sum(a[i] * weights[j, i] for i in range(len(a)))
        parts = {"positive": [], "negative": [], "all": [], "flat": [], "box": [], "gamma": []}
        for i in range(len(a)):
            w, product = weights[j, i], a[i] * weights[j, i]
            parts["all"].append(product)
            parts["positive"].append(max(product, 0.0))
            parts["negative"].append(min(product, 0.0))
            parts["flat"].append(wiring[j, i])
            if low is not None:
                parts["box"].append(product - low[i] * max(w, 0.0) - high[i] * min(w, 0.0))
            # What has the sign of z is favoured.
            favoured = product > 0 if z > 0 else product < 0
            parts["gamma"].append(product * (1.0 + gamma) if favoured else product)
        b = bias[j]
        biases = {
            "positive": max(b, 0.0),
            "negative": min(b, 0.0),
            "all": b,
            "flat": 0.0,
            "box": 0.0,
            "gamma": b * (1.0 + gamma) if (b > 0) == (z > 0) else b,
        }
        shares = {"z_plus": {"positive": 1.0}, "alpha2_beta1": {"positive": 2.0, "negative": -1.0}}
        for part, factor in shares.get(name, {"all" if name == "epsilon" else name: 1.0}).items():
            below = stabilized(sum(parts[part]) + biases[part], epsilon)
            for i in range(len(a)):
                lower[i] += factor * parts[part][i] / below * upper[j]
    return lower


def relevance_of_chain(layers, rules, x, target, low=None, high=None):
    """LRP through a chain of layers in float64; a rule for each, by its position.

    Activations pass, flattening reshapes, maximum pooling hands to the
    maximum; averages take a rule too.
    """
    values = [torch.as_tensor(x, dtype=torch.float64)[None]]
    layers = [copy.deepcopy(layer).double() for layer in layers]
    with torch.no_grad():
        for layer in layers:
            values.append(layer(values[-1]))
    upper = np.zeros(values[-1].numel())
    upper[target] = float(values[-1][0, target])
    for place in reversed(range(len(layers))):
        layer, before = layers[place], values[place]
        if isinstance(layer, torch.nn.MaxPool2d):
            upper = _to_the_maximum(layer, before, upper)
        elif place in rules:
            first = place == min(rules)
            upper = relevance_through(
                rules[place],
                before.numpy().ravel(),
                *connections(layer, tuple(before.shape[1:])),
                upper,
                low if first else None,
                high if first else None,
            )
    return upper.reshape(x.shape)


def _to_the_maximum(layer, before, upper):
    _, places = torch.nn.functional.max_pool2d(
        before, layer.kernel_size, layer.stride, return_indices=True
    )
    lower = np.zeros(tuple(before.shape[1:]))
    for value, place, (channel, _, _) in zip(
        upper, places.ravel().tolist(), np.ndindex(tuple(places.shape[1:])), strict=True
    ):
        lower[channel].ravel()[place] += value
    return lower.ravel()


def midpoint_integral(gradient, x, baseline, steps):
    """Integrated gradients, one point of the path after the other."""
    total = np.zeros_like(x)
    for k in range(steps):
        total += gradient(baseline + (k + 0.5) / steps * (x - baseline))
    return (x - baseline) * total / steps


def weighted_maps(maps, slopes):
    """Grad-CAM before its interpolation: maps and slopes (K, h, w) to (h, w)."""
    total = np.zeros(maps.shape[1:])
    for one, slope in zip(maps, slopes, strict=True):
        total += slope.mean() * one
    return np.maximum(total, 0.0)


def negated_weighted_maps(maps, slopes):
    """Grad-CAM of the negated score before its interpolation: (K, h, w) twice to (h, w)."""
    total = np.zeros(maps.shape[1:])
    for one, slope in zip(maps, slopes, strict=True):
        total += (-slope).mean() * one
    return np.maximum(total, 0.0)


def plus_plus_maps(maps, copies):
    """(Smooth) Grad-CAM++ before its interpolation, cell by cell in float64.

    Maps (K, h, w) of the image, slopes of the score (N, K, h, w) of its N copies.
    """
    maps, copies = np.asarray(maps, np.float64), np.asarray(copies, np.float64)
    total = np.zeros(maps.shape[1:])
    for k in range(len(maps)):
        weight, everything = 0.0, 0.0
        for i, j in np.ndindex(total.shape):
            everything += maps[k, i, j]
        for i, j in np.ndindex(total.shape):
            g = copies[:, k, i, j]
            first, second, third = (sum(one**power for one in g) / len(g) for power in (1, 2, 3))
            below = 2 * second + everything * third
            alpha = second / below if below != 0 else 0.0
            weight += alpha * max(first, 0.0)
        total += weight * maps[k]
    return np.maximum(total, 0.0)


def layer_cam_map(maps, slopes):
    """LayerCAM before its interpolation: maps and slopes (K, h, w) to (h, w)."""
    total = np.zeros(maps.shape[1:])
    for k, i, j in np.ndindex(maps.shape):
        total[i, j] += max(slopes[k, i, j], 0.0) * maps[k, i, j]
    return np.maximum(total, 0.0)


def mean_drops(score, image, blank, window, stride):
    """Occlusion pixel by pixel: the mean drop of all windows that cover it."""
    _, height, width = image.shape
    corners = []
    for side in (height, width):
        places = [0]
        while places[-1] + window < side:
            places.append(places[-1] + stride)
        corners.append(places)
    whole = score(image)
    found = [[[] for _ in range(width)] for _ in range(height)]
    for top in corners[0]:
        for left in corners[1]:
            hidden = image.copy()
            covered = []
            for row in range(top, min(top + window, height)):
                for column in range(left, min(left + window, width)):
                    hidden[:, row, column] = blank[:, row, column]
                    covered.append((row, column))
            drop = whole - score(hidden)
            for row, column in covered:
                found[row][column].append(drop)
    return np.array([[sum(drops) / len(drops) for drops in row] for row in found])


def enlarged_mask(cells, cell, shift, shape):
    """One mask of RISE: bilinear between the centres of the cells, even beyond the outer ones."""
    grid = len(cells)
    scales = [grid / ((grid + 1) * side) for side in cell]
    mask = np.zeros(shape)
    for row, column in np.ndindex(*shape):
        neighbours = []
        for place, by, scale in zip((row, column), shift, scales, strict=True):
            where = min(max((place + by + 0.5) * scale - 0.5, 0.0), grid - 1.0)
            low = min(int(where), grid - 2)
            neighbours.append(((low, low + 1 - where), (low + 1, where - low)))
        mask[row, column] = sum(
            wide * high * cells[i][j] for i, high in neighbours[0] for j, wide in neighbours[1]
        )
    return mask


def weighted_masks(probability, image, masks, p):
    """RISE's sum over masks, one after the other."""
    total = np.zeros(image.shape[1:])
    for mask in masks:
        total += probability(image * mask) * mask
    return total / (len(masks) * p)


def all_masks(grid, cell, p, shape):
    """Every mask that RISE can draw, with its probability."""
    for bits in itertools.product((0, 1), repeat=grid * grid):
        chance = p ** sum(bits) * (1 - p) ** (len(bits) - sum(bits)) / (cell[0] * cell[1])
        cells = np.reshape(bits, (grid, grid))
        for shift in np.ndindex(*cell):
            yield enlarged_mask(cells, cell, shift, shape), chance


def deconvolved(layers, x, target):
    """DeconvNet through a chain: transposed weights, and at each ReLU what is positive.

    Maximum pooling hands to the maximum.
    """
    values = [torch.as_tensor(x, dtype=torch.float64)[None]]
    layers = [copy.deepcopy(layer).double() for layer in layers]
    with torch.no_grad():
        for layer in layers:
            values.append(layer(values[-1]))
    upper = np.zeros(values[-1].numel())
    upper[target] = 1.0
    for layer, before in zip(reversed(layers), reversed(values[:-1]), strict=True):
        if isinstance(layer, torch.nn.ReLU | torch.nn.ReLU6):
            upper = np.maximum(upper, 0.0)
        elif isinstance(layer, torch.nn.MaxPool2d):
            upper = _to_the_maximum(layer, before, upper)
        else:
            weights, _, _ = connections(layer, tuple(before.shape[1:]))
            upper = weights.T @ upper
    return upper.reshape(x.shape)
