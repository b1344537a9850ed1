"""Totals of every architecture against torchinfo, which counts by hooks on the modules."""

from __future__ import annotations

import math

import pytest
import torch
import torchinfo

from xai import network
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.loading import build


def _without_bias(layer: torchinfo.layer_info.LayerInfo) -> int:
    """Return the products of a layer: torchinfo adds one operation an output for the bias."""
    if layer.class_name not in ("Conv2d", "Linear"):
        return 0
    bias = layer.module.bias
    return layer.macs - (0 if bias is None else bias.numel() * math.prod(layer.output_size[2:]))


@pytest.mark.parametrize("name", MODELS)
def test_totals_agree_with_torchinfo(name: str) -> None:
    spec = MODELS[name]
    net = build(spec)
    image = torch.empty((1, spec.channels, *spec.input_size), device="meta")
    witness = torchinfo.summary(net, input_data=image, device="meta", verbose=0)
    model = LoadedModel(spec, net, "meta")
    total = network.summary(model)
    assert total.parameters == witness.total_params
    assert total.macs == sum(_without_bias(layer) for layer in witness.summary_list)
    graph = network.trace(model)
    assert graph.problem == ""
    assert sum(node.parameters for node in graph.nodes) == witness.total_params
    shapes = {layer.name: layer.shape for layer in model.layers}
    # torchinfo names a layer by its last part, so layers are matched in forward order.
    seen = [
        tuple(layer.output_size[1:])
        for layer in witness.summary_list
        if layer.is_leaf_layer and layer.class_name in ("Conv2d", "Linear")
    ]
    ours = [layer for layer in model.layers if layer.kind in ("Conv2d", "Linear")]
    assert [shapes[layer.name] for layer in ours] == seen
